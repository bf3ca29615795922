"""The whole bridge as a process: real meters by gurux, a real mosquitto; what is read and what is said."""

from __future__ import annotations

import json
import queue
import time

import pytest

from bridge.demo import DEMO_PASSWORD, MeterServer
from tests.app.seen import one_meter, telemetry_of, until, wait_for
from tests.fakes.broker import listener

pytestmark = pytest.mark.broker


def test_with_no_settings_at_all_the_demo_meter_is_read_and_said_to_be_one(bridge, messages):
    running = bridge()
    _, payload, _ = wait_for(messages, telemetry_of("demo"))
    live = [entry["values"] for entry in json.loads(payload)["demo"] if "voltage_l1" in entry["values"]]
    assert live[0].keys() == {"voltage_l1", "current_l1", "frequency", "active_power", "active_energy"}
    assert "no meters configured" in running.lines()
    assert "values are invented" in running.lines()


def test_an_hdlc_and_a_wrapper_meter_are_read_side_by_side(bridge, messages, meters):
    bridge(
        METERS__MAIN__HOST="127.0.0.1",
        METERS__MAIN__PORT=str(meters("hdlc")),
        METERS__MAIN__PROFILE="microstar",
        METERS__MAIN__PASSWORD=DEMO_PASSWORD,
        METERS__HALL__HOST="127.0.0.1",
        METERS__HALL__PORT=str(meters("wrapper")),
        METERS__HALL__PROFILE="microstar",
        METERS__HALL__FRAMING="wrapper",
        METERS__HALL__PASSWORD=DEMO_PASSWORD,
        METERS__HALL__DEVICE="Hall 2, west",
    )
    wait_for(messages, telemetry_of("main"))
    wait_for(messages, telemetry_of("Hall 2, west"))


def test_local_subscribers_find_the_latest_values_retained(bridge, messages, broker):
    bridge()
    wait_for(messages, lambda topic, *_: topic == "meters/demo")
    late = queue.Queue()
    with listener(broker.port, "meters/+", on_message=lambda *message: late.put(message)):
        topic, payload, retained = late.get(timeout=10)
    assert (topic, retained) == ("meters/demo", True)
    assert "voltage_l1" in payload.decode()


def test_the_health_pages_tell_of_it(bridge, messages):
    running = bridge()
    wait_for(messages, telemetry_of("demo"))
    assert running.get("/healthz") == "ok\n"
    assert running.get("/readyz") == "ok\n"
    page = running.get("/metrics")
    assert 'dlms_meter_cycles_total{meter="demo",result="ok"}' in page
    assert 'dlms_meter_value{key="voltage_l1",meter="demo",unit="V"}' in page


def test_a_wrong_configuration_names_every_mistake_and_exits_two(bridge):
    wrong = bridge(METERS__MAIN__PROT="3333", METERS__MAIN__PORT="99999", POLL__INTERVAL="soon")
    assert wrong.process.wait(20) == 2
    for name in ("METERS__MAIN__PROT", "METERS__MAIN__PORT", "METERS__MAIN__HOST", "POLL__INTERVAL"):
        assert name in wrong.lines()
    assert "Traceback" not in wrong.lines()


def test_a_taken_health_port_is_named_with_its_setting(bridge, broker):
    wrong = bridge(HEALTH__PORT=str(broker.port))
    assert wrong.process.wait(20) == 2
    assert f"HEALTH__PORT={broker.port}: cannot listen there" in wrong.lines()


def test_no_secret_is_in_the_log(bridge, messages, meters):
    running = bridge(
        METERS__MAIN__HOST="127.0.0.1",
        METERS__MAIN__PORT=str(meters("hdlc")),
        METERS__MAIN__PROFILE="microstar",
        METERS__MAIN__PASSWORD="87654321",
    )
    until(lambda: "main | auth |" in running.lines())
    running.stop()
    assert "87654321" not in running.lines()
    assert "for-this-test-alone" not in running.lines()


def test_the_first_connections_of_a_fleet_are_spread_over_the_interval(bridge, broker, meters):
    began_s = []

    class Noted(MeterServer):
        def __init__(self, **arguments):
            began_s.append(time.monotonic())
            super().__init__(**arguments)

    ports = [meters("hdlc", kind=Noted) for _ in range(20)]
    environ = {"POLL__INTERVAL": "3", "LEDGER__ENABLED": "false"}
    for number, port in enumerate(ports):
        environ |= {name.replace("MAIN", f"M{number}"): value for name, value in one_meter(port).items()}
    bridge(**environ)
    until(lambda: len(began_s) == 20)
    assert began_s[-1] - began_s[0] > 2
    for at_s in began_s:
        assert sum(at_s <= other_s < at_s + 0.5 for other_s in began_s) <= 8
