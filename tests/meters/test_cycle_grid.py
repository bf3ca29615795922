"""Cycles that are due at nearly the same time begin together, none of them before it is due; lateness is the grid's."""

import asyncio
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.meters.cycle_grid import CycleGrid
from bridge.meters.cycle_schedule import CycleSchedule
from bridge.meters.fleet import _start_shares

LOOPS = ("warp",)
STEP_S = 0.02


class Diary:
    """Schedules on one grid, and what became of their cycles."""

    def __init__(self):
        self.grid = CycleGrid()
        self.begun = []
        self.tasks = []

    def run(self, *, after_s, interval_s, cycles):
        schedule = CycleSchedule(interval_s, self.grid)
        self.tasks.append(asyncio.create_task(self._live(schedule, after_s, interval_s, cycles)))
        return schedule

    async def _live(self, schedule, after_s, interval_s, cycles):
        loop = asyncio.get_running_loop()
        await asyncio.sleep(after_s)
        before_s = loop.time()
        schedule.begin()
        first_s = loop.time()
        for number in range(1, cycles + 1):
            await schedule.sleep(0.0, lambda _: None)
            woken_s = loop.time()
            late_s = schedule.late_s
            due_s = before_s + number * interval_s, first_s + number * interval_s  # between these two
            self.begun.append((due_s, (woken_s, loop.time()), late_s))

    async def end(self):
        await asyncio.gather(*self.tasks)


@pytest.fixture
def steps(monkeypatch):
    """The steps of the grid whose timer ran out, and how many cycles each began."""
    begun = {}

    def begin(self, step):
        begun[step] = len(self._waiting[step])
        original(self, step)

    original = CycleGrid._begin
    monkeypatch.setattr(CycleGrid, "_begin", begin)
    return begun


async def test_cycles_that_are_due_within_twenty_milliseconds_begin_together_from_one_timer(steps):
    diary = Diary()
    for number in range(500):
        diary.run(after_s=number / 100, interval_s=10.0, cycles=3)
    await diary.end()
    assert len(diary.begun) == 1500
    assert sum(steps.values()) == 1500
    assert sorted(steps.values())[len(steps) // 2] >= 2  # a hundred a second, two a step


async def test_no_cycle_begins_before_it_is_due():
    diary, rng = Diary(), Random(2)
    for _ in range(20):
        diary.run(after_s=rng.random(), interval_s=1.0 + rng.random(), cycles=50)
    await diary.end()
    assert min(began_s[1] - due_s[0] for due_s, began_s, _ in diary.begun) > -0.001  # of the loop's own clock


@given(st.floats(min_value=0, max_value=1e7))
def test_a_cycle_begins_within_one_step_of_when_it_is_due(due_s):
    assert due_s - STEP_S / 500 <= CycleGrid().begins_s(due_s) < due_s + STEP_S


async def test_lateness_is_measured_against_the_grid_not_against_when_the_cycle_was_due():
    diary, rng = Diary(), Random(3)
    for _ in range(20):
        diary.run(after_s=rng.random(), interval_s=1.0, cycles=5)
    await diary.end()
    for (due_s, latest_due_s), (woken_s, afterwards_s), late_s in diary.begun:
        moment_s, latest_moment_s = diary.grid.begins_s(due_s), diary.grid.begins_s(latest_due_s)
        assert woken_s - latest_moment_s <= late_s <= afterwards_s - moment_s


async def test_an_interval_of_less_than_a_second_is_not_held_up_by_the_grid(steps):
    diary = Diary()
    diary.run(after_s=0.0033, interval_s=0.105, cycles=20)
    await diary.end()
    assert len(diary.begun) == 20
    assert not steps


async def test_who_is_woken_does_not_wait_for_the_grid_and_leaves_nothing_behind_on_it(steps):
    diary = Diary()
    schedule = diary.run(after_s=0.0, interval_s=3600.0, cycles=100)
    for number in range(100):
        await asyncio.sleep(0.001)
        schedule.wake()
        async with asyncio.timeout(60):
            while len(diary.begun) <= number:
                await asyncio.sleep(0)
    await diary.end()
    assert not steps
    assert not any(diary.grid._waiting.values())


async def test_who_is_cancelled_leaves_the_grid_and_the_others_begin(steps):
    diary = Diary()
    for _ in range(3):
        diary.run(after_s=0.0, interval_s=5.0, cycles=1)
    await asyncio.sleep(0.5)
    diary.tasks.pop().cancel()
    await diary.end()
    assert len(diary.begun) == sum(steps.values()) == 2


def test_meters_behind_one_converter_begin_as_far_apart_as_they_can():
    links = [("converter", number // 20) for number in range(200)]
    shares = _start_shares(links)
    assert all(0 <= share < 1 for share in shares)
    for converter in range(10):
        own = sorted(share for share, link in zip(shares, links, strict=True) if link[1] == converter)
        assert min(later - earlier for earlier, later in pairwise(own)) == pytest.approx(1 / 20)
    assert max(later - earlier for earlier, later in pairwise(sorted(shares))) == pytest.approx(1 / 200)


def test_meters_with_a_connection_each_begin_evenly_spread():
    assert _start_shares([("meter", number) for number in range(4)]) == [0.0, 0.25, 0.5, 0.75]


def test_a_converter_with_few_meters_and_one_with_many_keep_all_of_theirs_apart():
    links = [("many", 1)] * 10 + [("few", 1)] * 2
    shares = _start_shares(links)
    assert min(b - a for a, b in pairwise(shares[:10])) == pytest.approx(0.1)
    assert shares[11] - shares[10] == pytest.approx(0.5)
