"""Associations do not begin in one instant, whatever brings them about; and requests are timed."""

import asyncio
import gc
from functools import partial
from itertools import pairwise

import pytest

from bridge.demo import MeterServer
from bridge.meters.association_spacing import AssociationSpacing
from bridge.meters.stopwatch import Stopwatch
from tests.meters.plant import HEALTHY, fixed_load, values_of

LOOPS = ("warp",)


async def test_turns_come_one_gap_after_the_other_and_the_first_at_once():
    spacing, loop = AssociationSpacing(0.5), asyncio.get_running_loop()
    at_s = []

    async def begin():
        await spacing.turn()
        at_s.append(loop.time())

    start_s = loop.time()
    await asyncio.gather(*(begin() for _ in range(10)))
    assert at_s[0] - start_s < 0.1
    assert all(0.49 <= later - earlier <= 0.6 for earlier, later in pairwise(at_s))
    await asyncio.sleep(60)
    waited_from_s = loop.time()
    await begin()
    assert at_s[-1] - waited_from_s < 0.1  # nobody has begun of late


async def test_no_gap_is_no_wait():
    spacing, loop = AssociationSpacing(0.0), asyncio.get_running_loop()
    start_s = loop.time()
    for _ in range(1000):
        await spacing.turn()
    assert loop.time() - start_s < 1


async def test_who_is_cancelled_while_waiting_holds_nobody_up():
    spacing = AssociationSpacing(0.5)
    await spacing.turn()
    waiting = [asyncio.create_task(spacing.turn()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    async with asyncio.timeout(2):
        await asyncio.gather(*waiting[1:])
    await asyncio.gather(*waiting, return_exceptions=True)


@pytest.fixture
def no_collection():
    """No stop of Python's own within a test that looks at tenths of a second."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
async def test_a_fleet_that_comes_back_in_one_instant_associates_one_after_the_other(plant):
    spacing, begun_s = AssociationSpacing(1.0), []

    class Noted(MeterServer):
        def frames(self, frame):
            if frame[5] == 0x93:  # SNRM
                begun_s.append(asyncio.get_running_loop().time())
            return super().frames(frame)

    port = await plant.meter(make=partial(Noted, load=fixed_load))
    for number in range(20):
        plant.read(f"m{number}", port, interval=60, poller={"spacing": spacing})
        plant.links.pop(port)  # a connection for each
    for _ in range(20):
        assert values_of(await plant.sample()) == HEALTHY
    assert len(begun_s) == 20
    assert min(later - earlier for earlier, later in pairwise(begun_s)) >= 0.7


async def test_a_meter_that_waits_for_its_turn_to_associate_keeps_no_neighbour_waiting(plant):
    makes = [partial(MeterServer, server=number, load=fixed_load) for number in (1, 2)]
    port, spacing, loop = await plant.meter(make=makes), AssociationSpacing(0.0), asyncio.get_running_loop()
    plant.read("reads", port, server=1, interval=1, poller={"spacing": spacing})
    await plant.sample()
    spacing._gap_s, spacing._next_s = 3.0, loop.time() + 20  # many others begin before it
    plant.read("begins", port, server=2, interval=1, poller={"spacing": spacing})
    began_s = loop.time()
    for _ in range(10):
        await plant.sample("reads")
    assert loop.time() - began_s <= 10.1
    await plant.sample("begins", patience_s=30)


def test_a_request_takes_from_its_bytes_to_the_first_frame_that_comes_back():
    took_s, seen = [], []

    class Watch:
        def sent(self, data):
            seen.append(data)

        def came(self, frame):
            seen.append(frame)

    watch = Stopwatch(took_s.append, Watch())
    watch.came(b"unasked")
    watch.sent(b"request")
    watch.came(b"answer")
    watch.came(b"another frame of it")
    assert len(took_s) == 1
    assert 0 <= took_s[0] < 1
    assert seen == [b"unasked", b"request", b"answer", b"another frame of it"]
    Stopwatch(took_s.append).sent(b"nobody else looks on")
