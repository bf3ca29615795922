"""The first hour with the stack, its images built. Each test says how long it took."""

from __future__ import annotations

import json
import random
import time
import urllib.request
from contextlib import suppress

from tests.stack.stack import docker, eventually
from tests.stack.thingsboard import ENV, TOKEN
from tests.thingsboard.behaviour import Behaviour
from tests.thingsboard.rest_server import KEY, RestServer
from tests.thingsboard.server import ThingsBoard as Model

APPLY = ("bridge", "thingsboard", "apply", "--yes", "--gateway", "GW")


def page(stack):
    """What a browser on the host is shown; empty while it is shown nothing."""
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{stack.bridge_port}/", timeout=5) as answer:
        return answer.read().decode()
    return ""


def test_three_lines_lead_to_values_on_the_page_and_in_prometheus(new_stack, services, capsys):
    """``git clone``, ``cd``, and the one that is timed: ``docker compose up -d``."""
    stack = new_stack()
    began_s = time.monotonic()
    stack.up(*services)
    eventually(lambda: "active_energy</span>" in page(stack), "a value on the page", within_s=120)
    page_s = time.monotonic() - began_s
    query = 'dlms_meter_value{meter="demo",key="active_energy"}'
    eventually(lambda: stack.metric(query), "a value in Prometheus", within_s=120)
    with capsys.disabled():
        graphs_s = time.monotonic() - began_s
        print(f"\nthe stack: a value on the page after {page_s:.1f} s, in Prometheus after {graphs_s:.1f} s")


def test_apply_in_the_running_stack_fetches_the_token_and_the_samples_follow(new_stack, thingsboard, capsys):
    """``./secrets`` is mounted read-only; the token goes to the data volume, for bridge and Mosquitto alone."""
    stack = new_stack()
    stack.up("mosquitto")  # makes the network
    network = f"{stack.project}_broker"
    thingsboard.join(network)
    (subnet,) = json.loads(docker("network", "inspect", network))[0]["IPAM"]["Config"]
    model = Model(Behaviour(token=TOKEN), rng=random.Random(1))
    with RestServer(model, host=subnet["Gateway"]) as rest:
        stack.write_env(ENV.replace(f"THINGSBOARD__TOKEN={TOKEN}\n", f"THINGSBOARD__API_URL={rest.url}\n"))
        stack.write_secret("THINGSBOARD__API_KEY", KEY)
        began_s = time.monotonic()
        stack.up("mosquitto", "bridge")
        eventually(lambda: "waiting for the token" in stack.logs("mosquitto"), "Mosquitto waits")
        eventually(lambda: stack.health("bridge") == "healthy", "the bridge reads its meter without a token, too")
        said = docker("exec", stack.container("bridge"), *APPLY)
        eventually(thingsboard.received, "a sample upstream")
    took_s = time.monotonic() - began_s
    assert said.count(": created") + said.count(": changed") == 9, said
    assert "the gateway's token is in /data/thingsboard.token" in said
    kept = docker("exec", stack.container("bridge"), "stat", "-c", "%a %u %g", "/data/thingsboard.token")
    assert kept.split() == ["640", "10001", "1883"]
    assert TOKEN not in said + stack.logs("mosquitto") + stack.logs("bridge")
    with capsys.disabled():
        print(f"\nthe stack at an empty ThingsBoard: from docker compose up -d by apply to a value: {took_s:.1f} s")
