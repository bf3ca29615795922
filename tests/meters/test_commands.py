"""Calls from outside: carried out by the poller, answered in time, errors as answers."""

import re
import time

import pytest

import bridge.meters.commands
from bridge.meters.commands import Commands
from tests.meters.plant import plant  # noqa: F401 - a fixture


@pytest.fixture
async def commands(plant):  # noqa: F811
    plant.port = await plant.meter()
    plant.read("main", plant.port, interval=60)
    await plant.sample()
    return Commands({"main": plant.pollers["main"]}, clock_s=time.time)


async def test_read_gives_the_values_of_a_cycle_made_for_it(commands, plant):  # noqa: F811
    answer = await commands.carry_out("main", "read", None)
    assert answer["values"]["voltage_l1"] == 135.19
    assert (await plant.sample()).ts_ms == answer["ts"]  # and it goes the way of every other sample


async def test_get_stats_tells_how_the_meter_is_doing(commands):
    answer = await commands.carry_out("main", "getStats", {})
    assert (answer["state"], answer["cyclesOk"], answer["cyclesFailed"], answer["success5min"]) == ("reading", 1, 0, 1)
    assert answer["interval"] == 60


async def test_reconnect_makes_a_new_association_at_once(commands, plant):  # noqa: F811
    answer = await commands.carry_out("main", "reconnect", None)
    assert answer["success"]
    assert plant.figure("dlms_meter_connects_total", meter="main") == 2  # it stands when the answer comes
    assert plant.figure("dlms_meter_reconnects_total", meter="main", reason="asked") == 1


@pytest.mark.parametrize("params", [0.2, {"interval": 0.2}])
async def test_set_interval_takes_effect_at_once(commands, plant, params):  # noqa: F811
    assert (await commands.carry_out("main", "setInterval", params))["success"]
    await plant.sample()
    await plant.sample()


@pytest.mark.parametrize("params", [0, -5, True, "10", None, {"interval": 1e9}, {"seconds": 10}, [5], float("nan")])
async def test_an_impossible_interval_is_refused_with_what_is_allowed(commands, params):
    answer = await commands.carry_out("main", "setInterval", params)
    assert answer == {"error": "interval must be a number of seconds from 0.1 to 86400"}


async def test_unknown_methods_and_devices_are_answered_with_an_error(commands):
    assert "knows getStats, read, reconnect, setInterval" in (await commands.carry_out("main", "boom", None))["error"]
    assert "no meter 'M9'; there are main" in (await commands.carry_out("M9", "read", None))["error"]


async def test_a_meter_that_fails_is_answered_with_stage_and_hint(commands, plant):  # noqa: F811
    for server in plant.servers:
        server.close()
    for link in plant.links.values():
        link._stream._transport.abort()
    answer = await commands.carry_out("main", "read", None)
    assert answer["stage"] == "tcp"
    assert "refused" in answer["error"]
    again = await commands.carry_out("main", "reconnect", None)  # tried, and told how it went
    assert again["stage"] == "tcp"
    assert "success" not in again
    stats = await commands.carry_out("main", "getStats", None)
    assert re.match(r"failing: no answer for \d+ s, tcp: .*refused.*; tried again in \d+ s", stats["status"])


async def test_a_reconnect_of_a_dead_meter_that_comes_back_answers_when_the_association_stands(commands, plant):  # noqa: F811
    for server in plant.servers:
        server.close()
    for link in plant.links.values():
        link._stream._transport.abort()
    assert "error" in await commands.carry_out("main", "read", None)
    await plant.meter(port=plant.port)
    before = plant.figure("dlms_meter_connects_total", meter="main")
    assert (await commands.carry_out("main", "reconnect", None))["success"]
    assert plant.figure("dlms_meter_connects_total", meter="main") == before + 1


async def test_what_thingsboard_sets_holds_and_is_undone_and_nonsense_changes_nothing(commands, plant):  # noqa: F811
    poller = plant.pollers["main"]
    assert commands.configure("main", {"interval": 0.5}) == ""
    assert poller.interval_s == 0.5
    assert commands.configure("main", {"interval": "30"}) == ""
    assert poller.interval_s == 30
    for nonsense in (0, True, "soon", None, [5], float("nan")):
        assert "it stays at 30 s" in commands.configure("main", {"interval": nonsense})
    assert commands.configure("main", {}) == ""
    assert poller.interval_s == 60
    assert commands.configure("nobody", {"interval": 5}) == ""


async def test_a_meter_that_takes_too_long_is_answered_in_time(commands, plant, monkeypatch):  # noqa: F811
    monkeypatch.setattr(bridge.meters.commands, "PATIENCE_S", 0.01)
    async with plant.links[next(iter(plant.links))].turn():
        answer = await commands.carry_out("main", "read", None)
    assert "not done within" in answer["error"]


async def test_a_meter_that_wants_time_between_connections_is_not_called_slow(plant, monkeypatch):  # noqa: F811
    monkeypatch.setattr(bridge.meters.commands, "PATIENCE_S", 0.2)
    plant.read("main", await plant.meter(), interval=60, reconnect_gap_s=0.4)
    await plant.sample()
    commands = Commands({"main": plant.pollers["main"]}, clock_s=time.time)
    answer = await commands.carry_out("main", "reconnect", None)
    assert answer["error"] == (
        "not done within 0.2 s, and under way: its profile leaves 0.4 s between two connections to it"
    )
    await plant.sample()  # and so it was
    assert plant.figure("dlms_meter_reconnects_total", meter="main", reason="asked") == 1
