"""The one word that ThingsBoard is told of each meter."""

from __future__ import annotations

import pytest

from bridge.errors import AuthError, LinkError
from bridge.health.meter_states import MeterStates
from bridge.health.watched_meter import WatchedMeter
from tests.health.plant import NOW_S, Plant, Poller


@pytest.fixture
def plant():
    return Plant()


def words(plant, **pollers):
    pollers = pollers or {"main": plant.main, "cellar": plant.cellar}
    told = {}
    MeterStates(plant.wellness, told.__setitem__, clock_s=plant.clock).look(
        [WatchedMeter(name, poller) for name, poller in pollers.items()]
    )
    return told


def test_a_meter_that_is_read_is_ok_and_one_that_failed_lately_has_gaps(plant):
    plant.cellar.fails(LinkError("refused"), NOW_S - 60)
    plant.cellar.reads(NOW_S - 1)
    assert words(plant) == {"main": "ok", "cellar": "gaps"}
    plant.passes(16 * 60)
    assert words(plant) == {"main": "ok", "cellar": "ok"}


def test_a_meter_that_cannot_be_read_is_failing_however_long_and_why(plant):
    plant.main.fails(LinkError("refused"), NOW_S)
    plant.cellar.fails(AuthError("wrong password"), NOW_S, left_alone=True)
    assert words(plant) == {"main": "failing", "cellar": "failing"}
    plant.clock.now_s += 86400
    assert words(plant) == {"main": "failing", "cellar": "failing"}


def test_nothing_is_told_of_a_meter_that_was_only_just_started_and_silent_of_one_that_never_comes(plant):
    fresh = Poller()
    assert words(plant, fresh=fresh) == {}
    plant.clock.now_s += 100
    assert words(plant, fresh=fresh, main=plant.main) == {"fresh": "silent", "main": "silent"}
