"""However much history is read, no reading begins later for it, on a converter that many share; hours pass at once."""

import asyncio
from datetime import UTC
from functools import partial
from random import Random

from bridge.demo import Faults, MeterServer
from bridge.dlms.history import HistoryWays, examine, read_slice
from bridge.errors import NotNow
from tests.meters.plant import fixed_load

LOOPS = ("warp",)
PROFILE = "1.0.99.1.0.255"
METERS, INTERVAL_S, ANSWER_S, SLICES = 4, 30.0, 0.2, 12
NOW_S = 1_795_000_020
SIX_HOURS_MS = 6 * 3_600_000


class Impatient:
    """Reads one meter's history slice by slice, and asks again long before it may."""

    def __init__(self, errands, seed):
        self._errands, self._rng = errands, Random(seed)
        self.rows = self.refused = 0

    async def carry(self, make):
        while True:
            try:
                return await self._errands.carry(make)
            except NotNow:
                self.refused += 1
                await asyncio.sleep(self._rng.uniform(0.05, 0.5))

    async def read(self):
        layout = await self.carry(lambda session: examine(session, PROFILE))
        ways, end_ms = HistoryWays(), NOW_S * 1000
        for _ in range(SLICES):
            of = partial(read_slice, layout=layout, end_ms=end_ms, start_ms=end_ms - SIX_HOURS_MS, ways=ways, here=UTC)
            read = await self.carry(of)
            self.rows += len(read.rows)
            ways, end_ms = read.ways, end_ms - SIX_HOURS_MS


async def test_live_readings_are_not_late_for_the_history_that_all_meters_of_a_converter_read(plant):
    late_s = []
    plant.metrics.cycle_late = late_s.append
    slow = Faults({"delay": str(ANSWER_S)})
    arguments = {"load": fixed_load, "clock": lambda: NOW_S, "faults": slow}
    port = await plant.meter(make=[partial(MeterServer, server=n, **arguments) for n in range(1, METERS + 1)])
    for n in range(METERS):
        spread = {"start_delay_s": n * INTERVAL_S / METERS}
        plant.read(f"m{n}", port, server=n + 1, interval=INTERVAL_S, timeout=5, poller=spread)
    await asyncio.sleep(2 * INTERVAL_S)  # all are associated
    late_s.clear()
    readers = [Impatient(poller.errands, n) for n, poller in enumerate(plant.pollers.values())]
    await asyncio.gather(*(reader.read() for reader in readers))
    assert [reader.rows for reader in readers] == [24 * SLICES] * METERS
    assert all(reader.refused for reader in readers), "there was not always room"
    longest_s = max(errands._took_s[True] for errands in (poller.errands for poller in plant.pollers.values()))
    assert longest_s > 5 * ANSWER_S, "a question for rows takes several answers"
    assert len(late_s) > METERS
    # A question that takes longer than any before it makes one reading late, and by no more than itself.
    assert sorted(late_s)[-2] < longest_s / 2
    assert max(late_s) < longest_s


async def test_history_is_read_where_every_cycle_takes_longer_than_the_interval(plant):
    slow = Faults({"delay": "0.3"})
    port = await plant.meter(make=[partial(MeterServer, load=fixed_load, clock=lambda: NOW_S, faults=slow)])
    plant.read("m", port, interval=0.2, timeout=5)
    await asyncio.sleep(30)
    loop, reader = asyncio.get_running_loop(), Impatient(plant.pollers["m"].errands, 1)
    began_s, samples = loop.time(), plant.samples.qsize()
    await reader.read()
    minutes = (loop.time() - began_s) / 60
    assert reader.rows == 24 * SLICES
    assert minutes < 3 * SLICES
    assert plant.samples.qsize() - samples > 60 * minutes, "cycles went on"
