"""Meters that call the whole bridge: they push, they dial in, they are strangers; the bridge is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import pytest

from bridge.demo.access import Keys
from bridge.demo.inventory import Identity
from bridge.demo.pushing import PushingMeter
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.ports import free_port

TITLE = b"DEM\x00\x00\x00\x00\x09"
PUSHED_POWER = 0x0BADBAD0
BATCH = 20
"""So many messages of a caller may be on their way to the disk together, each under its own time."""
NOWHERE = {"THINGSBOARD__HOST": "127.0.0.1", "THINGSBOARD__PORT": "1", "THINGSBOARD__TOKEN": "nobody"}
"""A ThingsBoard that never answers: everything stays on disk."""


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def bridge(tmp_path, port):
    made = BridgeProcess(tmp_path, None, LISTEN__PORT=str(port), LISTEN__HOST="127.0.0.1")
    yield made
    made.kill()


@pytest.fixture
def calling(bridge):
    """Starts ``bridge demo-meter`` and returns the lines for ``.env`` that it prints."""
    started = []

    def start(*words):
        command = [sys.executable, "-m", "bridge", "demo-meter", *words]
        process = subprocess.Popen(command, env=bridge.environ, stdout=subprocess.PIPE, text=True)
        started.append(process)
        printed = os.read(process.stdout.fileno(), 1 << 16).decode()  # all of it is flushed at once
        lines = [line.partition("=") for line in printed.splitlines() if line.startswith("METERS__")]
        return {name: value.strip("'") for name, _, value in lines}

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until(holds, patience_s=40):
    deadline_s = time.monotonic() + patience_s
    while not (found := holds()):
        assert time.monotonic() < deadline_s
        time.sleep(0.1)
    return found


def figure(bridge, text):
    lines = [line for line in bridge.get("/metrics").splitlines() if line.startswith(text)]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


def stored(bridge):
    return figure(bridge, 'dlms_listen_messages_total{result="stored"}')


@pytest.mark.parametrize(
    "how",
    [
        ("--push-as", "wrapper"),
        ("--push-as", "hdlc", "--push-body", "pairs"),
        ("--push-as", "m-bus", "--ciphered", "--security", "authenticated-encryption"),
        ("--push-as", "bare", "--ciphered", "--push-blocks", "64"),
    ],
    ids=" ".join,
)
def test_the_demo_meter_pushes_and_its_own_lines_let_it_in(bridge, calling, port, how):
    known = calling("--push", f"127.0.0.1:{port}", "--every", "0.2", *how)
    bridge.start(METERS__DEMO__INTERVAL="1", **known)
    bridge.says("demo | pushes")
    until(lambda: stored(bridge) >= 3)
    status = json.loads(bridge.get("/status"))
    assert (status["meters"][0]["state"], status["verdict"]) == ("reading", "all is well")
    assert figure(bridge, 'dlms_meter_up{meter="demo"}') == 1
    assert figure(bridge, "dlms_listen_refused_total") == 0
    assert bridge.stop() == 0


@pytest.mark.parametrize("how", [("--says", "IMEI 351999\\r\\n"), ("--says", "", "--framing", "wrapper")], ids=str)
def test_the_demo_meter_dials_in_and_is_read_on_its_own_connection(bridge, calling, port, how):
    known = calling("--dial-in", f"127.0.0.1:{port}", "--every", "0.5", *how)
    if "METERS__DEMO__CALLER_ID" not in known:
        known["METERS__DEMO__HOST"] = "127.0.0.1"
    bridge.start(**known)
    bridge.says("demo | called, from 127.0.0.1")
    until(lambda: figure(bridge, 'dlms_meter_cycles_total{meter="demo",result="ok"}') >= 3)
    assert figure(bridge, 'dlms_meter_connects_total{meter="demo"}') == 1, "one association, one call"
    assert bridge.stop() == 0


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_what_a_meter_pushes_while_it_is_read_on_its_own_connection_is_stored(bridge, calling, port, framing):
    """Its pushed power is no power that it ever measures: who took one for an answer would show it."""
    words = ("--framing", framing, "--fault", "notify=0.5", "--says", "IMEI 351999\\r\\n")
    known = calling("--dial-in", f"127.0.0.1:{port}", "--every", "0.5", *words)
    bridge.start(**known, **NOWHERE)
    bridge.says("demo | called, from 127.0.0.1")
    until(lambda: stored(bridge) >= 3)
    until(lambda: figure(bridge, 'dlms_meter_cycles_total{meter="demo",result="ok"}') >= 3)
    assert figure(bridge, 'dlms_meter_cycles_total{meter="demo",result="failed"}') == 0
    assert figure(bridge, 'dlms_meter_connects_total{meter="demo"}') == 1
    assert figure(bridge, "dlms_listen_refused_total") == 0
    assert bridge.stop() == 0
    with sqlite3.connect(bridge.data / "outbox.db") as database:
        bodies = [json.loads(body) for (body,) in database.execute("SELECT body FROM samples")]
    database.close()
    pushed = [body for body in bodies if body.get("active_power") == PUSHED_POWER]
    assert len(pushed) >= 3
    assert all(len(body) == 1 for body in pushed), "a message's value alone, and no reading with it among its own"


def test_a_meter_that_has_not_called_is_said_to_be_waited_for(bridge):
    bridge.start(METERS__DEMO__DIAL_IN="true", METERS__DEMO__CALLER_ID="imei 1", LINK__CONNECT_TIMEOUT="1")
    bridge.says("dlms-bridge | how it is")
    bridge.says("call of demo: waits for the meter's call; it has not called since the start")


def test_strangers_are_listed_with_the_lines_that_let_them_in(bridge, port):
    keys = {"METERS__MAIN__HOST": "127.255.255.1"}
    bridge.start(**keys)
    bridge.says("listen |")
    made = PushingMeter(
        identity=Identity("DEMO9", "9", system_title=TITLE), security="authenticated-encryption", keys=Keys()
    )
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(b"".join(made.message(time.time())))
        until(lambda: figure(bridge, 'dlms_listen_refused_total{reason="unknown-title"}'))
        until(lambda: json.loads(bridge.command("callers", "--json").stdout or "[]"))
    [told] = json.loads(bridge.command("callers", "--json").stdout)
    assert told["env"][1] == f"METERS__NEW__METER_SYSTEM_TITLE={TITLE.hex().upper()}"
    shown = bridge.command("callers", LANG="es").stdout
    assert "METERS__NEW__ENCRYPTION_KEY=…" in shown
    assert "system title" in shown
    assert (
        Keys().encryption_key.hex() not in (bridge.data / "callers.json").read_text().lower() + bridge.lines().lower()
    )


def test_the_port_of_another_program_is_named(bridge, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        bridge.start(METERS__MAIN__HOST="127.255.255.1")
        assert bridge.process.wait(30) == 2
    assert f"LISTEN__PORT={port}: cannot be opened on 127.0.0.1: " in bridge.lines()
    assert "ddress already in use" in bridge.lines()
    assert "Traceback" not in bridge.lines()


def rows_of(bridge):
    with sqlite3.connect(bridge.data / "outbox.db") as database:
        found = [ts_ms for (ts_ms,) in database.execute("SELECT ts_ms FROM samples WHERE meter = 'main'")]
    database.close()
    return found


def test_what_was_taken_outlives_a_kill_and_what_comes_again_is_stored_once(bridge, port):
    known = {
        "METERS__MAIN__PUSH_ONLY": "true", "METERS__MAIN__METER_SYSTEM_TITLE": TITLE.hex(),
        "METERS__MAIN__ENCRYPTION_KEY": Keys().encryption_key.hex(),
        "METERS__MAIN__AUTHENTICATION_KEY": Keys().authentication_key.hex(),
        "METERS__MAIN__INTERVAL": "60", "LISTEN__MESSAGES_PER_SECOND": "10000", "LISTEN__KB_PER_SECOND": "10000",
    }  # fmt: skip
    made = PushingMeter(
        identity=Identity("DEMO9", "9", system_title=TITLE), security="authenticated-encryption", keys=Keys()
    )
    began_s = int(time.time()) - 1000
    sent = [b"".join(made.message(began_s + second)) for second in range(400)]
    bridge.start(**known, **NOWHERE)
    bridge.says("listen |")
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(b"".join(sent))
        taken = until(lambda: stored(bridge))
        bridge.process.send_signal(signal.SIGKILL)
        bridge.process.wait()
    on_disk = rows_of(bridge)
    assert len(on_disk) >= taken, "what was counted as taken is there"
    bridge.start(**known, **NOWHERE)
    until(lambda: bridge.lines().count("listen |") == 2)
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(b"".join(sent))
        until(lambda: stored(bridge) + figure(bridge, 'dlms_listen_refused_total{reason="replayed"}') == len(sent))
        again = stored(bridge)
    assert bridge.stop() == 0
    rows = rows_of(bridge)
    assert set(rows) == {(began_s + second) * 1000 for second in range(400)}, "nothing is missing"
    assert len(rows) - 400 <= BATCH, "on disk at the kill, and their counters not yet"
    assert again <= 400 - len(on_disk) + BATCH
