"""Calls from outside: carried out by the poller, answered in time, errors as answers."""

import time

import pytest

import bridge.commands
from bridge.commands import Commands
from tests.meters.plant import plant  # noqa: F401 - a fixture


@pytest.fixture
async def commands(plant):  # noqa: F811
    plant.read("main", await plant.meter(), interval=60)
    await plant.sample()
    return Commands({"Hall 2": plant.pollers["main"]}, clock_s=time.time)


async def test_read_gives_the_values_of_a_cycle_made_for_it(commands, plant):  # noqa: F811
    answer = await commands.carry_out("Hall 2", "read", None)
    assert answer["values"]["voltage_l1"] == 135.19
    assert (await plant.sample()).ts_ms == answer["ts"]  # and it goes the way of every other sample


async def test_get_stats_tells_how_the_meter_is_doing(commands):
    answer = await commands.carry_out("Hall 2", "getStats", {})
    assert (answer["state"], answer["cyclesOk"], answer["cyclesFailed"], answer["success5min"]) == ("reading", 1, 0, 1)
    assert answer["interval"] == 60


async def test_reconnect_makes_a_new_association_at_once(commands, plant):  # noqa: F811
    assert await commands.carry_out("Hall 2", "reconnect", None) == {"success": True}
    await plant.until("dlms_meter_connects_total", 2, meter="main")
    assert plant.figure("dlms_meter_reconnects_total", meter="main", reason="asked") == 1


@pytest.mark.parametrize("params", [0.2, {"interval": 0.2}])
async def test_set_interval_takes_effect_at_once(commands, plant, params):  # noqa: F811
    assert (await commands.carry_out("Hall 2", "setInterval", params))["success"]
    await plant.sample()
    await plant.sample()


@pytest.mark.parametrize("params", [0, -5, True, "10", None, {"interval": 1e9}, {"seconds": 10}, [5], float("nan")])
async def test_an_impossible_interval_is_refused_with_what_is_allowed(commands, params):
    answer = await commands.carry_out("Hall 2", "setInterval", params)
    assert answer == {"error": "interval must be a number of seconds from 0.1 to 86400"}


async def test_unknown_methods_and_devices_are_answered_with_an_error(commands):
    assert (
        "known: getStats, read, reconnect, setInterval" in (await commands.carry_out("Hall 2", "boom", None))["error"]
    )
    assert "no device 'M9'" in (await commands.carry_out("M9", "read", None))["error"]


async def test_a_meter_that_fails_is_answered_with_stage_and_hint(commands, plant):  # noqa: F811
    for server in plant.servers:
        server.close()
    for link in plant.links.values():
        link._stream._transport.abort()
    answer = await commands.carry_out("Hall 2", "read", None)
    assert answer["stage"] == "tcp"
    assert "refused" in answer["error"]


async def test_a_meter_that_takes_too_long_is_answered_in_time(commands, plant, monkeypatch):  # noqa: F811
    monkeypatch.setattr(bridge.commands, "PATIENCE_S", 0.01)
    async with plant.links[next(iter(plant.links))].turn():
        answer = await commands.carry_out("Hall 2", "read", None)
    assert "not done within" in answer["error"]
