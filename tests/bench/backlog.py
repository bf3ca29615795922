"""A backlog on disk, the double that counts what is stored of it, and the live samples that come meanwhile.

Rules: each sample of the backlog has a time stamp of its own, so that what is stored can be counted by it; a live one's
is the wall time, so that its delay can be told.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any

from bridge.outbox.body import body as body_of
from bridge.outbox.store import Store
from bridge.sample import Sample, Value
from tests.fakes.thingsboard import Behaviour, ThingsBoard

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.outbox.outbox import Outbox

METERS = 50
EVERY_S = 5
TOPIC = "v1/gateway/telemetry"
_REGISTERS = (("voltage_l1", "V"), ("current_l1", "A"), ("frequency", "Hz"), ("active_power", "W"))


def reading(meter: str, ts_ms: int) -> Sample:
    """A sample of five registers, as the profile microstar gives them."""
    values = [Value(key, f"1-1:{key}", 127.43, unit) for key, unit in _REGISTERS]
    return Sample(meter, ts_ms, (*values, Value("active_energy", "1-1:1.8.0", 56_348_000, "Wh")))


def fill(path: Path, count: int, first_ts_ms: int) -> None:
    """Put the backlog on disk: each time stamp once, so that what arrives can be counted by it."""
    store = Store(path, max_bytes=10**10)
    body = body_of(reading("m0", 0))
    for begin in range(0, count, 10_000):
        numbers = range(begin, min(begin + 10_000, count))
        store.append([(n + 1, f"m{n % METERS}", first_ts_ms + n, body, f"m{n % METERS}") for n in numbers])
    store.close()


class Counting(ThingsBoard):
    """The double that keeps time stamps alone: a day of values is too much for it. Live samples are timed.

    It takes and stores at the real one's speed: some 9,900 and 6,000 samples a second.
    """

    def __init__(self, live_from_ms: int) -> None:
        super().__init__(Behaviour(keeps_values=False))
        self.stamps: set[int] = set()
        self.live_delays_s: list[float] = []
        self.bytes = 0
        self._live_from_ms = live_from_ms

    @property
    def messages(self) -> int:
        """Of telemetry, that came."""
        return self.counts["messages"]

    def accepted(self, device: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Nothing is noted: what counts is what is stored."""

    def came(self, topic: str, payload: bytes) -> None:
        """Count the bytes."""
        if topic == TOPIC:
            self.bytes += len(payload)

    def stored(self, device: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Note the time stamps, and how late live ones are."""
        now_s = time.time()
        for ts_ms, _ in rows:
            if ts_ms >= self._live_from_ms:
                self.live_delays_s.append(now_s - ts_ms / 1000)
            else:
                self.stamps.add(ts_ms)


async def read_for_ever(outbox: Outbox) -> None:
    """Take what 50 meters give, evenly spread."""
    for number in itertools.count():
        await asyncio.sleep(EVERY_S / METERS)
        outbox.put(reading(f"m{number % METERS}", int(time.time() * 1000)))
