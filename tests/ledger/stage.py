"""One bridge's back-fill in virtual time, with a model meter, outbox and ThingsBoard, hour by hour."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING
from unittest import mock

from bridge.configuration.settings import LedgerSettings
from bridge.ledger import backfill
from bridge.ledger.backfill import Backfill
from bridge.ledger.store import LedgerStore
from bridge.sample import Sample, Value
from tests.delivery.simulation.loop import VirtualLoop
from tests.ledger.model_meter import PROFILE, QUARTER_MS, SOURCES, ModelMeter, ModelReader
from tests.ledger.model_upstream import ModelDisk, ModelOutbox, ModelUpstream

if TYPE_CHECKING:
    from pathlib import Path

START_MS = 1_790_000_000_000 - 1_790_000_000_000 % 86_400_000
HOUR_S = 3600.0


class Stage:
    """See the module.

    Args:
        path: a folder for the ledger's file.
        meter: which is read.
        settings: the ledger's.
    """

    def __init__(self, path: Path, meter: ModelMeter, **settings: float) -> None:
        self.path, self.meter = path, meter
        self.loop = VirtualLoop(most_steps=5_000_000)
        self._began_s = self.loop.time()
        self.upstream, self._disk = ModelUpstream(), ModelDisk(100_000)
        self.is_away = self.is_cut = False
        self.has_time = self.is_live = True
        rng = random.Random(1)
        self._lost = mock.patch("tests.ledger.model_upstream._LOST", 0.0)
        self._polled = mock.patch.object(backfill, "_ORDERS_EVERY_S", 30.0)
        self._lost.start(), self._polled.start()
        self.outbox = ModelOutbox(self._disk, self.upstream, lambda: self.is_away, rng)
        self.reader = ModelReader(meter, self.now_ms, lambda: self.is_cut, rng)
        self.reader.breaks = 0.0
        self.backfill = Backfill(
            path / "ledger.db",
            LedgerSettings(**settings),
            put=self.outbox.put,
            waiting=self.outbox.waiting,
            now_ms=lambda: self.now_ms() if self.has_time else None,
            shown_s=lambda: self.now_ms() / 1000,
            rng=rng,
        )
        self._tasks = [
            self.loop.create_task(self.backfill.run({meter.name: (SOURCES, self.reader)})),
            self.loop.create_task(self.outbox.run()),
            self.loop.create_task(self._live()),
        ]

    def now_ms(self) -> int:
        return START_MS + int((self.loop.time() - self._began_s) * 1000)

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(60.0)
            if self.is_live:
                sample = Sample(self.meter.name, self.now_ms(), [Value("power", "", 5, "W")])
                self.backfill.live(self.meter.name, self.outbox.put(sample))

    def run_for(self, hours: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(hours * HOUR_S))
        for task in self._tasks:
            if task.done():
                task.result()

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self.loop.close()
        self._lost.stop(), self._polled.stop()

    def store(self) -> LedgerStore:
        self.loop.run_until_complete(self.backfill.disk.flush())
        return LedgerStore(self.path / "ledger.db")

    def states(self, epoch: int = 1) -> dict[str, int]:
        """How many intervals are in which state."""
        store, found = self.store(), {}
        for history in store.epochs(self.meter.name, PROFILE):
            if history.epoch == epoch:
                for one in store.ranges(history.id):
                    count = history.intervals_in(one.start_ms, one.end_ms)
                    found[one.state] = found.get(one.state, 0) + count
        store.close()
        return found

    def reasons(self, state: str) -> set[str]:
        store = self.store()
        (history,) = store.epochs(self.meter.name, PROFILE)
        found = {one.reason for one in store.ranges(history.id) if one.state == state}
        store.close()
        return found

    def had(self, key: str = "lp_energy") -> dict[int, object]:
        return {ts: value for (_, k, ts), value in self.upstream.values.items() if k == key}


def meter(capacity: int = 96, offs=(), **more) -> ModelMeter:
    return ModelMeter(0, capacity, START_MS, list(offs), **{"tells_power": True, **more})


def at(quarter: float) -> int:
    return START_MS + int(quarter * QUARTER_MS)
