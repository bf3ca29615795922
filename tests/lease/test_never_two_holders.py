"""The lease in a simulated world: whatever happens, the meter never hears two bridges at a time.

The same simulation finds the overlap as soon as one of the rules is left out: it can fail.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from bridge.lease import tenure
from bridge.lease.grants import Grants
from bridge.lease.tenure import RATES_DIFFER
from tests.lease.world import TIMES, SimulatedTime, World, run

SEEDS = range(20)
LONG_S = 1200.0


def overlaps(world):
    """Every moment in which one is heard again after another was."""
    found, over = [], set()
    for (_, _, one), (at_s, _, other) in pairwise(world.sent):
        if one != other:
            over.add(one)
            if other in over:
                found.append(at_s)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_bridges_are_heard_at_a_time(seed):
    world = run(seed, LONG_S, bridges=2 + seed % 2)
    assert overlaps(world) == []
    assert world.obtained > 4, "the lease changes hands, or nothing was shown"
    assert len(world.sent) > 300


def test_nor_with_the_slowest_bridges_and_the_fastest_witnesses():
    for seed in range(3):
        assert overlaps(run(seed, LONG_S, bridges=3, rates=(1 - RATES_DIFFER, 1 + RATES_DIFFER))) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_meter_that_moves_to_a_new_shard_is_not_heard_by_the_old_one_any_more(seed):
    """Two shards become three: shard 3 of 3 reads what shard 1 of 2 read, and nobody else wants its lease."""
    world = run(seed, LONG_S, shards=((1, 2), (3, 3)))
    assert overlaps(world) == []
    assert {number for _, number, _ in world.sent} == {0, 1}, "each has had its turn"


def test_shards_of_one_count_are_in_nobodys_way():
    world = run(1, 120, shards=((1, 3), (2, 3), (3, 3)), bridges=3, chaos=0)
    assert world.obtained == 3


def test_it_is_found_when_the_count_is_not_looked_at(monkeypatch):
    asked = Grants._ask
    monkeypatch.setattr(Grants, "_ask", lambda self, question, now_s: asked(self, replace(question, shards=1), now_s))
    assert any(overlaps(run(seed, LONG_S, shards=((1, 2), (3, 3)))) for seed in SEEDS)


def test_one_that_is_in_nobodys_way_holds_it_without_a_break():
    world = run(1, LONG_S, bridges=1, chaos=0)
    assert world.obtained == 1
    assert world.sent[0][0] < 15 * 1.06 + 2 * TIMES.round_s, "after the witnesses' first silence"
    assert max(b[0] - a[0] for a, b in pairwise(world.sent)) < 1


def test_of_several_that_begin_at_once_one_gets_it():
    world = run(2, 120, bridges=5, chaos=0)
    assert world.obtained == 1
    assert len({number for _, number, _ in world.sent}) == 1


def found_without(**of_the_world):
    return any(overlaps(run(seed, LONG_S, bridges=3, **of_the_world)) for seed in SEEDS)


def test_it_is_found_when_witnesses_forget_and_grant_at_once():
    assert found_without(quiet=False)


def test_witnesses_that_are_restarted_one_after_the_other_take_the_lease_from_nobody():
    with asyncio.Runner(loop_factory=SimulatedTime) as runner:

        async def update(world):
            await asyncio.sleep(60)
            for witness in world.witnesses:
                witness.restart()
                await asyncio.sleep(3)

        async def live():
            world = World(asyncio.get_running_loop(), 3, bridges=2, chaos=0)
            await world.live(120, update(world))
            return world

        world = runner.run(live())
    assert world.obtained == 1
    assert max(b[0] - a[0] for a, b in pairwise(world.sent)) < 1


def test_it_is_found_when_the_lease_counts_from_the_answer(monkeypatch):
    counted = tenure.Tenure.granted
    monkeypatch.setattr(tenure.Tenure, "granted", lambda self, witness, asked_s: counted(self, witness, asked_s + 8))
    assert found_without()


def test_it_is_found_when_clocks_differ_by_more_than_is_allowed_for():
    assert found_without(rates=(0.7, 1.3))


def test_it_is_found_when_one_vote_is_enough(monkeypatch):
    monkeypatch.setattr(tenure.Tenure, "shut_s", property(lambda self: max(self._ends_s)))
    assert found_without()
