"""An outbox and a ThingsBoard behind it: models for the simulation of the ledger.

What was committed survives a power cut, what was not does not; receipts die with the process. A row that was stored and
not let go of is stored again. A full outbox lets its oldest rows go.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from bridge.outbox.receipt import Receipt, ReceiptBook

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from bridge.sample import Sample

_COMMIT_S = 1.0
_A_TURN = 100
_LOST = 0.002
"""Share of history that is lost by chance."""


class ModelUpstream:
    """What ThingsBoard has: values by device, key and time, and in which order each device's came."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str, int], Any] = {}
        self.times: dict[tuple[str, str, int], int] = {}
        self.qualities: dict[tuple[str, str, int], str] = {}
        self.first: dict[str, str] = {}
        """The first key that a device ever had."""

    def take(self, sample: Sample) -> None:
        """Store a sample."""
        for value in sample.values:
            where = sample.meter, value.key, sample.ts_ms
            self.first.setdefault(sample.meter, value.key)
            self.times[where] = self.times.get(where, 0) + 1
            self.values[where] = value.value
            self.qualities[where] = value.quality


class ModelDisk:
    """The outbox's file: it outlives processes.

    Args:
        most: rows that it holds.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.rows: deque[tuple[int, Sample]] = deque()
        self.last_id = 0


class ModelOutbox:
    """The outbox of one process.

    Args:
        disk: the file.
        upstream: where rows go.
        is_away: whether ThingsBoard is, now.
        rng: how long things take.
    """

    def __init__(
        self, disk: ModelDisk, upstream: ModelUpstream, is_away: Callable[[], bool], rng: random.Random
    ) -> None:
        self._disk = disk
        self._upstream = upstream
        self._is_away = is_away
        self._rng = rng
        self._book = ReceiptBook()
        self._pending: list[tuple[int, Sample]] = []
        self._wake, self._some = asyncio.Event(), asyncio.Event()
        self.history_put: Callable[[], None] = lambda: None
        """Is told of each sample of history."""

    def waiting(self) -> int:
        """Rows that wait."""
        return len(self._disk.rows) + len(self._pending)

    def put(self, sample: Sample) -> Receipt:
        """Take a sample."""
        if self._is_history(sample):
            self.history_put()
        self._disk.last_id += 1
        self._pending.append((self._disk.last_id, sample))
        self._wake.set()
        return self._book.issue(self._disk.last_id)

    async def run(self) -> None:
        """Commit and deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._commit())
            tasks.create_task(self._deliver())

    async def _commit(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_COMMIT_S * self._rng.random())
            self._disk.rows.extend(self._pending)
            self._some.set()
            self._book.on_disk([number for number, _ in self._pending])
            taken = [number for number, sample in self._pending if self._is_history(sample)]
            self._pending.clear()
            lost_now = {number for number in taken if self._rng.random() < _LOST}
            self._disk.rows = deque(row for row in self._disk.rows if row[0] not in lost_now)
            self._book.settle(lost_now, "lost", "as it may happen")
            lost = [self._disk.rows.popleft()[0] for _ in range(len(self._disk.rows) - self._disk.most)]
            self._book.settle(lost, "lost", "the outbox is full")

    @staticmethod
    def _is_history(sample: Sample) -> bool:
        return "power" not in sample.layout.keys

    async def _deliver(self) -> None:
        while True:
            if not self._disk.rows:
                self._some.clear()
                await self._some.wait()
            if self._is_away():
                await asyncio.sleep(30.0)
                continue
            turn = list(self._disk.rows)[:_A_TURN]
            await asyncio.sleep(self._rng.uniform(0.1, 0.4))
            for _, sample in turn:
                self._upstream.take(sample)
            await asyncio.sleep(self._rng.uniform(0.1, 2.0))  # the mark comes back; a cut here stores them again
            gone = {number for number, _ in turn}
            self._disk.rows = deque(row for row in self._disk.rows if row[0] not in gone)
            self._book.settle(gone, "stored")
