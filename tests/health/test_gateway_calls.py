"""What the gateway itself answers: how all is, what is wrong, and a meter's answer by its name."""

from __future__ import annotations

import json

import pytest

from bridge.errors import LinkError
from bridge.health.gateway_calls import GatewayCalls
from bridge.meters.commands import Commands
from bridge.sample import Sample, Value
from tests.health.plant import NOW_S, Plant, Poller
from tests.ledger.shelf import book


class Meter(Poller):
    async def read_now(self):
        return Sample("main", 5, [Value("energy", "1-1:1.8.0", 7, "Wh")])

    async def reconnect(self):
        raise LinkError("10.0.0.1:4059: connection refused", hint="look at the converter")


@pytest.fixture
def plant():
    return Plant()


@pytest.fixture
def calls(plant):
    commands = Commands({"main": Meter(), "cellar": Meter()}, clock_s=plant.clock)
    return GatewayCalls(
        lambda: commands, report=plant.status.report, meter_of=lambda device: "main" if device == "Hall 1" else None
    )


async def test_status_says_what_is_wrong_and_that_all_is_well(calls, plant):
    answer = await calls.carry_out("", "status", None)
    assert "all is well" in answer["status"]
    assert answer["wrong"] == []
    plant.main.fails(LinkError("refused"), NOW_S)
    answer = await calls.carry_out("", "status", None)
    assert answer["wrong"] == ["main: failing, tcp: refused"]


async def test_stats_and_meters_are_figures_and_a_list(calls):
    answer = await calls.carry_out("", "getStats", {})
    assert (answer["meters"], answer["meters_reading"]) == (2, 2)
    assert (await calls.carry_out("", "meters", None)) == {"meters": ["main: reading", "cellar: reading"], "count": 2}


@pytest.mark.parametrize("named", ["main", "Hall 1"])
async def test_a_meter_is_read_by_its_own_name_or_its_devices(calls, named):
    for params in (named, {"meter": named}):
        assert await calls.carry_out("", "read", params) == {"meter": "main", "ts": 5, "values": {"energy": 7}}


async def test_a_restart_of_a_dead_meter_says_how_it_went(calls):
    for method in ("restart", "reconnect"):
        answer = await calls.carry_out("", method, {"meter": "cellar"})
        assert answer["error"] == "10.0.0.1:4059: connection refused"
        assert answer["hint"] == "look at the converter"


async def test_meters_that_lack_intervals_are_said_to(calls, plant):
    plant.books = {"main": book("main", (48, 2, "confirmed")), "cellar": book("cellar", (48, 0, "confirmed"))}
    answer = await calls.carry_out("", "meters", None)
    assert answer["meters"] == ["main: reading, 7 intervals missing", "cellar: reading"]


@pytest.mark.parametrize("params", [None, {}, 5, {"meter": 5}, {"meter": ""}, []])
async def test_a_meter_that_is_not_named_is_asked_for(calls, params):
    assert "there are main, cellar" in (await calls.carry_out("", "read", params))["error"]


async def test_unknown_methods_and_meters_are_answered_with_what_is_known(calls):
    assert "the gateway knows getStats, status, meters, read" in (await calls.carry_out("", "boom", None))["error"]
    assert "no meter 'attic'; there are main, cellar" in (await calls.carry_out("", "read", "attic"))["error"]
    assert (await calls.carry_out("main", "read", None))["values"] == {"energy": 7}


async def test_the_answer_of_a_fleet_fits_into_one_message(plant):
    commands = Commands({f"m{number:05}": Meter() for number in range(20_000)}, clock_s=plant.clock)
    calls = GatewayCalls(lambda: commands, report=plant.status.report, meter_of=lambda _: None)
    for method in ("read", "boom", "meters", "status"):
        assert len(json.dumps(await calls.carry_out("", method, None))) < 10_000
