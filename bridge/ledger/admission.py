"""Admission: when history may enter the outbox, and how much of it at a time. The meter is the store until then.

Rules
    History enters while little else waits: live samples are never behind more than what is on its way.
    How much is on its way follows from how fast it is stored: :data:`LEAST` to :data:`MOST` rows.
    What the meter is about to overwrite enters whatever waits.
    Nobody waits here for a row to be stored: its receipt tells.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.outbox.receipt import Receipt
    from bridge.sample import Sample

LEAST, MOST = 16, 2000
PATIENCE_S = 60.0
"""Whoever is not let in for so long gives up: by then something else may be more urgent."""
_LITTLE = 1000
_LITTLE_S = 15.0
_LOOK_EVERY_S = 1.0
_SOON_S, _LATE_S = 2.0, 6.0
_RATE_OVER_S = 60.0


class Admission:
    """One for all meters.

    Args:
        put: the outbox's.
        waiting: how many samples wait in the outbox now, history among them.
        clock_s: the loop's time.
    """

    def __init__(
        self, put: Callable[[Sample], Receipt], *, waiting: Callable[[], int], clock_s: Callable[[], float]
    ) -> None:
        self._put = put
        self._waiting = waiting
        self._clock_s = clock_s
        self._best_s = inf
        self._shrunk_s = -inf
        self._queue = asyncio.Lock()
        self._freed = asyncio.Event()
        self._live = 0
        self._live_since_s: float | None = None  # made before the loop runs
        self._live_per_s = 0.0
        self.window = float(LEAST)
        """Rows that may be on their way at a time."""
        self.on_their_way = 0
        """Rows of history in the outbox."""

    def live(self) -> None:
        """Count a live sample: what is little depends on how many there are."""
        self._live += 1
        if self._live_since_s is None:
            self._live_since_s = self._clock_s()
        over_s = self._clock_s() - self._live_since_s
        if over_s >= _RATE_OVER_S:
            self._live_per_s, self._live, self._live_since_s = self._live / over_s, 0, self._clock_s()

    @property
    def is_open(self) -> bool:
        """Whether little else waits."""
        return self._waiting() - self.on_their_way <= _LITTLE + _LITTLE_S * self._live_per_s

    async def send(self, samples: list[Sample], settled: Callable[[int, Receipt], None], *, is_urgent: bool) -> int:
        """Put samples into the outbox, in order, as it has room for them.

        Args:
            samples: at least one.
            settled: is told, for each that was put, its place among ``samples`` and its receipt when that is final.
            is_urgent: they enter whatever else waits.

        Returns:
            how many were put: fewer when there was no room for :data:`PATIENCE_S`.
        """
        sent, until_s = 0, self._clock_s() + PATIENCE_S
        async with nullcontext() if is_urgent else self._queue:
            while sent < len(samples):
                room = await self._room(until_s, is_urgent=is_urgent)
                if not room:
                    break
                until_s = self._clock_s() + PATIENCE_S
                for number in range(sent, min(sent + room, len(samples))):
                    self._send(number, samples[number], settled)
                    sent += 1
        return sent

    async def _room(self, until_s: float, *, is_urgent: bool) -> int:
        while True:
            room = int(self.window) - self.on_their_way
            if room > 0 and (is_urgent or self.is_open):
                return room
            if is_urgent and not self.is_open:
                return LEAST  # nothing may be stored for days: receipts do not come back
            if self._clock_s() >= until_s:
                return 0
            self._freed.clear()
            with suppress(TimeoutError):  # wait_for may swallow a cancellation
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._freed.wait()

    def _send(self, number: int, sample: Sample, settled: Callable[[int, Receipt], None]) -> None:
        put_s = self._clock_s()

        def final(receipt: Receipt) -> None:
            self.on_their_way -= 1
            self._freed.set()
            if receipt.state == "stored":
                self._adapt(self._clock_s() - put_s)
            settled(number, receipt)

        receipt = self._put(sample)
        self.on_their_way += 1
        receipt.then(final)

    def _adapt(self, took_s: float) -> None:
        self._best_s = min(self._best_s, took_s)
        if took_s <= self._best_s + _SOON_S:
            self.window = min(self.window + 1, MOST)  # for each row: twice as many after each round
        elif took_s > self._best_s + _LATE_S and self._clock_s() - self._shrunk_s > took_s:
            self.window, self._shrunk_s = max(self.window / 2, LEAST), self._clock_s()
