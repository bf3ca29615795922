"""The direct way in the simulated world: the same trials as the relay's, without Mosquitto, on MQTT 5."""

from __future__ import annotations

import dataclasses

import pytest

from tests.delivery.simulation.plan import Fault, Plan, draw
from tests.delivery.simulation.run import run

pytestmark = pytest.mark.timeout(900)
SEEDS = 60
KNOWN = {23}
"""Two limits of the tenant at once on regular messages, over a line of two seconds: it takes longer than its bound."""


def test_the_way_is_none_of_a_seeds_choices():
    assert dataclasses.replace(draw(7, "direct"), via="mosquitto") == draw(7)
    assert Plan.read(draw(7, "direct").text()).via == "direct"


def test_seeds_lose_nothing_and_do_not_stand_still():
    for seed in sorted(set(range(SEEDS)) - KNOWN):
        result = run(draw(seed, "direct"))
        assert result.problem == "", f"seed {seed}"
        assert result.early == 0, f"seed {seed}"


@pytest.mark.parametrize("version", ["3.6.4", "3.9.1", "4.2.1", "4.3.1.3"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(30.0, "thingsboard_kill", 5.0),
        Fault(30.0, "kill_at_mark", 5.0),
        Fault(30.0, "database_away", 60.0),
        Fault(30.0, "takeover", 0.0, 0.5),
        Fault(30.0, "deaf", 0.0, 0.9),
        Fault(30.0, "bridge_kill", 1.0),
        Fault(30.0, "line_dark", 100.0),
    ],
    ids=lambda fault: fault.kind,
)
def test_each_fault_on_each_version_costs_no_sample(version, fault):
    plan = Plan(via="direct", version=version, meters=20, interval_s=2.0, feed_s=90.0, backlog=50, faults=(fault,))
    result = run(plan)
    assert result.problem == ""
    assert result.early == 0


def test_a_limit_that_is_told_ends_no_session():
    limit = ("20:1,600:60", "20:1,600:60", "")
    result = run(Plan(via="direct", meters=60, keys=5, interval_s=10.0, feed_s=120.0, gateway=limit))
    assert (result.problem, result.sessions) == ("", 1)
