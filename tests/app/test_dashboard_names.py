"""What dashboard and alarm rules name is what a real bridge sends: telemetry, or attribute, each of the right kind."""

from __future__ import annotations

import asyncio
import json
import re
import time
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from bridge.delivery.reports import OFF
from bridge.demo import Faults, MeterMemory, MeterServer, serve
from bridge.demo.inventory import Identity
from bridge.dlms.event_codes import event_log_name, event_words
from bridge.health.meter_states import Word
from bridge.thingsboard.dashboard.scripts import STATES
from bridge.thingsboard.tenant.alarm_rules import alarm_rules
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.ports import free_port
from tests.fakes.thingsboard import ThingsBoard

DASHBOARD = Path(__file__).parents[2] / "bridge" / "thingsboard" / "dashboard" / "electricity-meters.en.json"
SERIAL = "00012345"
EVENTS = {"event", "event_code", "event_log"}


def shown():
    """Keys of telemetry, and client attributes, that the committed dashboard shows."""
    widgets = json.loads(DASHBOARD.read_text(encoding="utf-8"))["configuration"]["widgets"].values()
    keys = [key for one in widgets for source in one["config"]["datasources"] for key in source["dataKeys"]]
    telemetry, attributes = (
        {key["name"] for key in keys if key["type"] == kind} for kind in ("timeseries", "attribute")
    )
    return telemetry, attributes


def judged():
    """The same of the alarm rules; server attributes are limits, and nobody's who sends."""
    arguments = [
        one["refEntityKey"] for rule in alarm_rules(120) for one in rule["configuration"]["arguments"].values()
    ]
    telemetry = {one["key"] for one in arguments if one["type"] == "TS_LATEST"}
    return telemetry, {one["key"] for one in arguments if one.get("scope") == "CLIENT_SCOPE"}


@pytest.fixture
async def site(tmp_path):
    """A meter with three phases and a past, one that now and then loses an answer, and one that is dead."""
    memory, identity = MeterMemory(), Identity("ACM12345", SERIAL)
    whole = partial(
        MeterServer, framing="wrapper", kind="three_phase", password="", client=16, memory=memory, identity=identity,
        faults=Faults({"power-cuts": "1", "profile-days": "3"}),
    )  # fmt: skip
    flaky = partial(
        MeterServer, framing="wrapper", kind="single_phase", password="", client=16, faults=Faults({"drop": "0.03"})
    )
    meters = {
        "house": await serve(framing="wrapper", meter=whole),
        "flaky": await serve(framing="wrapper", meter=flaky),
    }
    environ = {"METERS__DEAD__HOST": "127.0.0.1", "METERS__DEAD__PORT": str(free_port())}
    for name, server in meters.items():
        section = f"METERS__{name.upper()}__"
        environ |= {
            f"{section}HOST": "127.0.0.1",
            f"{section}PORT": str(server.sockets[0].getsockname()[1]),
            f"{section}PROFILE": "three_phase" if name == "house" else "single_phase",
            f"{section}FRAMING": "wrapper",
            f"{section}TIMEOUT": "0.3",
        }
    async with ThingsBoard() as upstream:
        bridge = BridgeProcess(
            tmp_path, None, THINGSBOARD__HOST="127.0.0.1", THINGSBOARD__PORT=str(upstream.port),
            THINGSBOARD__TOKEN="TOKEN", LOG__LEVEL="WARNING", LEDGER__REQUESTS_PER_HOUR="100000", **environ,
        )  # fmt: skip
        bridge.start()
        yield bridge, upstream.model
        bridge.kill()
    for server in meters.values():
        server.close()


async def until(condition, what):
    until_s = time.monotonic() + 100
    while (left := condition()) is not True:
        assert time.monotonic() < until_s, f"{what}: {left}"
        await asyncio.sleep(0.1)


@pytest.mark.timeout(300)
async def test_all_that_dashboard_and_rules_name_is_sent_as_that(site):
    bridge, model = site

    def lacking():
        telemetry, attributes = (one | other for one, other in zip(shown(), judged(), strict=True))
        sent = {key for values in model.rows("house").values() for key in values}
        return (telemetry - sent) | (attributes - model.attributes("house").keys()) or True

    def states():
        said = {
            name: model.attributes(name).get("state") for name in ("house", "flaky", "dead") if name in model.devices
        }
        return said == {"house": "ok", "flaky": "gaps", "dead": "failing"} or said

    await until(lambda: "house" in model.devices and lacking(), "never sent")
    await until(states, "state of each meter, the dead one too")
    assert model.attributes("house")["manufacturer"] == "ACM"
    assert model.attributes("house")["serial_number"].strip() == SERIAL
    assert isinstance(model.attributes("house")["clock_offset"], int)
    assert {model.type(name) for name in ("house", "flaky", "dead")} == {"meter"}
    rows = [values for values in model.rows("house").values() if "event" in values]
    assert all(values.keys() >= EVENTS for values in rows)
    assert {value for values in model.rows("house").values() if (value := values.get("completeness_day")) is not None}
    assert await asyncio.to_thread(bridge.stop) == 0
    assert {model.attributes(name)["state"] for name in ("house", "flaky", "dead")} == {OFF}


def test_the_words_of_a_state_are_those_that_the_dashboard_has_a_colour_for():
    assert set(STATES) == {*get_args(Word), OFF}
    (failing,) = [rule for rule in alarm_rules(120) if rule["name"] == "Read failing"]
    assert set(re.findall(r"'staticValue': '(\w+)'", str(failing))) <= set(get_args(Word))


def test_the_words_that_mean_tampering_are_those_of_the_meters_events():
    (tamper,) = [rule for rule in alarm_rules(120) if rule["name"] == "Tamper"]
    (condition,) = [one["condition"] for one in tamper["configuration"]["createRules"].values()]
    cover, log = (one["predicates"][0]["value"]["staticValue"] for one in condition["expression"]["filters"])
    assert {code for code in range(256) if cover in event_words(code)} == {40, 44}
    assert log == event_log_name("0.0.99.98.1.255")
