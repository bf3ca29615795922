"""A meter that gives no rows for a while: nothing is concluded from it, and nothing of it stays."""

from __future__ import annotations

import pytest

from bridge.errors import AccessError, NotAtTheMomentError
from tests.ledger.model_meter import PROFILE, SOURCES
from tests.ledger.stage import Stage, meter


@pytest.fixture
def plant(tmp_path):
    made = Stage(tmp_path, meter())
    yield made
    made.close()


def test_what_could_not_be_read_for_a_while_leaves_nothing_behind_once_it_is(plant):
    plant.run_for(1)
    plant.reader.breaks = 1.0
    plant.run_for(6)
    (profile,) = (one for one in plant.backfill.meters[plant.meter.name].profiles if one.source.logical_name == PROFILE)
    assert profile.tries
    plant.reader.breaks = 0.0
    plant.run_for(6)
    assert plant.states().keys() == {"confirmed"}
    assert not profile.tries


@pytest.mark.parametrize("error", [NotAtTheMomentError("temporary failure"), AccessError("read-write denied")])
def test_a_meter_that_gives_nothing_for_hours_has_refused_no_single_interval(plant, error):
    plant.run_for(1)
    plant.reader.refuses = error
    plant.run_for(5)
    assert "refused" not in plant.states()
    plant.reader.refuses = None
    plant.run_for(3)
    assert plant.states().keys() == {"confirmed"}


def test_a_meter_with_hardly_any_room_for_rows_is_not_asked_how_its_profile_is_made_again_and_again(plant):
    plant.reader.no_room_for_rows = 60
    plant.run_for(1)
    assert plant.reader.examined == len(SOURCES)
    plant.run_for(6)
    assert plant.states().keys() == {"confirmed"}
