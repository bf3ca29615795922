"""How soon a meter is read again, and how long a refused password is left alone: hours of it, on a clock that jumps."""

import asyncio
from itertools import pairwise
from random import Random

import pytest

from bridge.demo import Faults, MeterServer
from tests.meters.plant import HEALTHY, values_of
from tests.meters.waiting_meters import now_s, silence

LOOPS = ("warp",)


@pytest.mark.parametrize("gone_s", [1, 5, 20, 100, 1000, 10_000])
async def test_a_meter_that_returns_is_read_within_a_backoff_step_and_a_cycle(plant, place, gone_s):
    worst_s = 0.0
    for seed in range(5):
        await place.start()
        plant.read("main", place.port, interval=5, poller={"rng": Random(seed)})
        await plant.sample()
        place.stop()
        await silence(plant, place.port)
        await asyncio.sleep(gone_s)
        await place.start()
        back_s = now_s()
        assert values_of(await plant.sample(patience_s=100)) == HEALTHY
        worst_s = max(worst_s, now_s() - back_s)
        await plant.stop()
        plant.links.clear()
        place.stop()
    # Gone for t: the step that is being waited for is no longer than what the steps before it add up to, or the cap.
    step_s = 1.1 * min(max(2.0, gone_s + 2.0), 60.0)
    print(f"\ngone for {gone_s} s, 5 times: read again after at most {worst_s:.1f} s (bound {step_s:.1f} + 5 s)")
    assert worst_s <= step_s + 5


async def test_a_meter_that_never_answers_is_tried_for_ever_at_most_every_sixty_six_seconds(plant, place):
    await place.start(answering=False)
    plant.read("main", place.port, interval=5, poller={"rng": Random(1)})
    await asyncio.sleep(24 * 3600)
    gaps_s = [later - earlier for earlier, later in pairwise(place.at_s)]
    print(f"\n24 h of silence: {len(place.at_s)} attempts, {min(gaps_s):.1f} to {max(gaps_s):.1f} s apart")
    assert len(place.at_s) > 24 * 3600 / 67
    assert max(gaps_s) <= 66 + 0.5 + 0.1  # the longest step and the timeout of the attempt
    place.stop()
    await place.start()
    assert values_of(await plant.sample(patience_s=100)) == HEALTHY


async def test_attempts_after_a_failure_are_two_four_six_and_doubling_seconds_apart(plant, place):
    await place.start(answering=False)
    plant.read("main", place.port, interval=5, poller={"rng": Random(3)}, timeout=1)
    await asyncio.sleep(400)
    gaps_s = [later - earlier - 1 for earlier, later in pairwise(place.at_s)]  # an attempt takes the timeout
    for gap_s, step_s in zip(gaps_s, (2, 4, 6, 12, 24, 48, 60, 60), strict=False):
        assert 0.9 * step_s <= gap_s <= 1.1 * step_s + 0.1


async def test_the_grid_of_a_meter_is_kept_for_hours(plant, place):
    await place.start()
    plant.read("main", place.port, interval=900)
    stamps_s = []
    for _ in range(20):
        await plant.sample(patience_s=1000)
        stamps_s.append(now_s())
    assert max(abs(at_s - stamps_s[0] - 900 * n) for n, at_s in enumerate(stamps_s)) < 0.5


async def test_a_connection_closed_between_two_cycles_costs_no_sample(plant, place):
    await place.start()
    plant.read("main", place.port, interval=60, reconnect_gap_s=10)
    await plant.sample()
    due_s = now_s() + 60
    await asyncio.sleep(30)
    await silence(plant, place.port)
    await plant.sample(patience_s=100)
    assert now_s() - due_s < 1  # the gap was over long ago
    assert plant.figure("dlms_meter_cycles_total", meter="main", result="failed") == 0


async def test_the_gap_that_a_meter_needs_between_connections_is_kept_when_it_breaks_at_once(plant, place):
    await place.start()
    plant.read("main", place.port, interval=5, reconnect_gap_s=15)
    for _ in range(4):
        await plant.sample(patience_s=100)
        await silence(plant, place.port)
    gaps_s = [later - earlier for earlier, later in pairwise(place.at_s)]
    print(f"\nreconnect gap 15 s: connections {', '.join(f'{gap_s:.1f}' for gap_s in gaps_s)} s apart")
    assert min(gaps_s) >= 15


async def test_not_even_a_fault_in_dealing_with_errors_ends_a_meters_life(plant, place):
    await place.start()
    notices = []

    def notice(presence):
        if not presence.present:
            raise ZeroDivisionError
        notices.append(presence)

    plant.read("main", place.port, interval=5, poller={"notice": notice, "rng": Random(1)})
    await plant.sample()
    place.stop()
    await silence(plant, place.port)
    await asyncio.sleep(300)
    assert any("please report it" in line for line in plant.lines)
    await place.start()
    assert values_of(await plant.sample(patience_s=100)) == HEALTHY
    assert len(notices) == 2


@pytest.mark.parametrize("fault", [{"refuse": ["1.1.32.7.0.255"]}, {"exception": 1}])
async def test_scalers_that_could_not_be_read_at_the_association_are_asked_for_again(plant, place, fault):
    faults = Faults(fault)
    await place.start(faults=faults)
    plant.read("main", place.port, interval=5, poller={"rng": Random(1)})
    await asyncio.sleep(3)
    faults._arguments.clear()
    loop = asyncio.get_running_loop()
    healed_s = loop.time()
    while (sample := await plant.sample()).qualities or values_of(sample) != HEALTHY:
        assert all(value.quality or value.value == HEALTHY[value.key] for value in sample.values)
    print(f"\n{fault} at the association: all values right {loop.time() - healed_s:.0f} s after it ended")
    assert loop.time() - healed_s <= 66 + 30 + 5
    assert plant.notices[-1].attributes["units"]["voltage_l1"] == "V"


async def test_a_meter_that_never_gives_a_scaler_is_asked_less_and_less(plant, place):
    asked = []

    class Counted(MeterServer):
        def frames(self, frame):
            asked.append(frame)
            return super().frames(frame)

    place.kind = Counted
    await place.start(faults=Faults({"refuse": ["1.1.32.7.0.255"]}))
    plant.read("main", place.port, interval=5)
    await asyncio.sleep(100)
    for hours in (1, 1):
        before = len(asked)
        await asyncio.sleep(hours * 3600)
        cycles = hours * 720
        extra = len(asked) - before - cycles
        print(f"\n{extra} requests beside {cycles} cycles in {hours} h for a scaler that is refused for good")
    assert extra <= 10
    assert len(place.at_s) == 1
