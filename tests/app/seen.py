"""What arrived at the broker, what the log says was accepted, and waiting for either."""

from __future__ import annotations

import json
import time

from bridge.demo import DEMO_PASSWORD


def wait_for(arrived, matches, timeout_s=20):
    """Return the first message that matches; fails when none came in time."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        message = arrived.get(timeout=max(0.01, deadline_s - time.monotonic()))
        if matches(*message):
            return message


def until(holds, timeout_s=20):
    """Wait until ``holds()``; fails when it does not in time."""
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.05)


def telemetry_of(meter):
    return lambda topic, payload, _: topic == "v1/gateway/telemetry" and meter in json.loads(payload)


def stamps(arrived):
    """Every (meter, ts) among the telemetry messages that arrived so far."""
    seen = set()
    while not arrived.empty():
        topic, payload, _ = arrived.get()
        if topic == "v1/gateway/telemetry":
            seen |= {(meter, entry["ts"]) for meter, entries in json.loads(payload).items() for entry in entries}
    return seen


def accepted(log):
    """Every (meter, ts) that the outbox says it has committed."""
    words = (line.split(" committed ")[1].split() for line in log.splitlines() if "outbox | committed " in line)
    return {(meter, int(ts_ms)) for meter, ts_ms in words}


def one_meter(port, **settings):
    given = {"HOST": "127.0.0.1", "PORT": str(port), "PROFILE": "microstar", "PASSWORD": DEMO_PASSWORD} | settings
    return {f"METERS__MAIN__{name}": value for name, value in given.items()}
