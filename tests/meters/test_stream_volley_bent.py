"""Volleys on a real stream over a bad line, in pieces of any size: what is asked and read is the same as without."""

import asyncio
import random

import pytest

from bridge.dlms.framing import framer
from bridge.dlms.planned_volleys import PlannedVolleys
from bridge.errors import MeterError
from bridge.meters.stream import Stream
from tests.meters.fuzz_line import Line
from tests.meters.fuzz_scenarios import Scenario
from tests.meters.test_stream_volley import Wire, Wording

LOOPS = ("asyncio",)
SCENARIOS = (
    "hdlc_singles", "hdlc_list", "hdlc_segments", "wrapper_singles", "wrapper_list", "hdlc_ciphered_singles",
    "wrapper_ciphered_singles",
)  # fmt: skip
SEEDS, CYCLES = 100, 4


class Counted(PlannedVolleys):
    """Volleys, and how many of them were whole or broke."""

    def __init__(self):
        super().__init__()
        self.whole = self.broken = 0

    def ended(self, *, is_whole):
        self.whole += is_whole
        self.broken += not is_whole
        super().ended(is_whole=is_whole)


class Never(PlannedVolleys):
    """No volleys at all."""

    def prepare(self, steps, services):
        return {}


def pieces(rng, data):
    """Cut what came as a network may."""
    while data:
        size = rng.choice((1, 2, 7, 20, len(data), len(data)))
        yield data[:size]
        data = data[size:]


class Reader:
    """Reads a scenario's meter through a stream, and keeps all that can be seen of it."""

    def __init__(self, scenario, seed):
        self.scenario, self.seen = scenario, []
        self.line = Line(random.Random(seed), scenario, scenario.side)
        self.line.rate = random.Random(seed).choice((0.02, 0.15, 0.5))
        self.cuts = random.Random(seed)
        self.wire = Wire()
        self.stream = Stream(framer(scenario.framing), 0.0, Wording())
        self.stream.connection_made(self.wire)

    async def cycle(self):
        """Read once; return whether the association stands."""
        session, stream, out = self.scenario.session, self.stream, self.wire.out
        reading = asyncio.create_task(stream.converse(session.read(), 1000.0, None, patient=True))
        await asyncio.sleep(0)
        while stream._conversation is not None:
            if out:
                request = out.pop(0)
                assert not out, "two requests at once"
                # Under a key each goes out under a counter of its own, and its tag is another.
                self.seen.append(len(request) if self.scenario.is_ciphered else request)
                for piece in pieces(self.cuts, self.line.answer(request)):
                    stream.data_received(piece)
            else:
                stream._deadline_s = 0.0  # the time is over
                stream._check_deadline()
        try:
            self.seen.append(await reading)
        except MeterError as error:
            self.seen.append((type(error), str(error)))
            return False
        return True

    async def cycles(self):
        for number in range(1, CYCLES + 1):
            self.scenario.load.cycle = number
            if not await self.cycle():
                break
        session = self.scenario.session
        self.stream.close()
        dropped = self.stream.take_dropped()
        if self.scenario.is_ciphered:  # other counters, other octets: now and then one is a flag, which does not count
            dropped = 0
        return self.seen, session.late, session.notifications, self.stream.take_repeats(), dropped


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_same_is_asked_and_read_as_without_volleys(name, monkeypatch):
    monkeypatch.setattr("bridge.meters.stream.set_up", lambda socket: None)
    with_volleys, without = Scenario(name), Scenario(name)
    counted = Counted()
    for seed in range(SEEDS):
        with_volleys.restore()
        without.restore()
        counted._credit = 16
        with_volleys.session._plan._volleys, without.session._plan._volleys = counted, Never()
        assert await Reader(with_volleys, seed).cycles() == await Reader(without, seed).cycles(), f"seed {seed}"
    assert counted.whole > 10
    assert counted.broken > 10
