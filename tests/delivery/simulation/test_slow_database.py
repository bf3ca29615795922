"""A ThingsBoard that stores slowly: marks are back long before the samples that were accepted before them are stored.

Judged by what was confirmed before it was stored: no harm in itself, but with a kill just then it would be lost.
"""

from __future__ import annotations

import dataclasses

import pytest

from tests.delivery.simulation.plan import Fault, Plan
from tests.delivery.simulation.run import run

CLOSES = tuple(Fault(at_s, "thingsboard_closes") for at_s in (6.0, 14.0, 22.0))
PLAN = Plan(meters=10, interval_s=1.0, feed_s=30.0, backlog=600, faults=CLOSES)


@pytest.mark.parametrize("via", ["mosquitto", "direct"])
@pytest.mark.parametrize("delay_s", [0.01, 0.05])
@pytest.mark.parametrize("store_rate_per_s", [200.0, 350.0, 500.0])
def test_nothing_is_confirmed_that_still_waits_to_be_stored(via, delay_s, store_rate_per_s):
    plan = dataclasses.replace(PLAN, via=via, delay_s=delay_s, store_rate_per_s=store_rate_per_s)
    result = run(plan)
    assert (result.problem, result.early) == ("", 0)


def test_a_kill_at_each_mark_of_a_slow_one_loses_nothing():
    kills = tuple(Fault(at_s, "kill_at_mark", 1.0) for at_s in (8.0, 20.0, 32.0, 44.0))
    plan = Plan(meters=5, interval_s=1.0, feed_s=60.0, backlog=1000, store_rate_per_s=200.0, faults=kills)
    result = run(plan)
    assert (result.problem, result.early) == ("", 0)
