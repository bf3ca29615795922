"""The back-fill of all meters: one task each, what they share, and what the command line orders.

Wires the ledger's wing together at run time: who may be asked, what came of live samples, what is to be read again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from loguru import logger

from bridge.ledger.admission import Admission
from bridge.ledger.day_bits import DAY_MS
from bridge.ledger.disk import LedgerDisk
from bridge.ledger.meter_backfill import MeterBackfill
from bridge.ledger.slice_spacing import SliceSpacing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path
    from random import Random

    from bridge.configuration.settings import LedgerSettings
    from bridge.ledger.reader import HistoryReader, HistorySource
    from bridge.outbox.receipt import Receipt
    from bridge.sample import Sample

_READING = 32
"""Slices in memory at a time, over all meters: read, and not in the outbox yet."""
_ORDERS_EVERY_S = 1.0
_AGAIN_S = 60.0
_KEPT_DAYS = 400
_FORGET_EVERY_S = 86_400.0


class Backfill:
    """See the module.

    Args:
        path: the ledger's file.
        settings: how much, how far back.
        put: the outbox's.
        waiting: how many samples wait in the outbox.
        now_ms: the time; None while nobody knows it.
        shown_s: Unix seconds, for names and nothing else.
        rng: jitter.
    """

    def __init__(
        self,
        path: Path,
        settings: LedgerSettings,
        *,
        put: Callable[[Sample], Receipt],
        waiting: Callable[[], int],
        now_ms: Callable[[], int | None],
        shown_s: Callable[[], float],
        rng: Random,
    ) -> None:
        self._settings = settings
        self._now_ms = now_ms
        self._rng = rng
        self.disk = LedgerDisk(path, clock_s=shown_s, lost=self._begin_anew)
        self.admission = Admission(put, waiting=waiting, clock_s=_loop_s)
        self.meters: dict[str, MeterBackfill] = {}
        self._unproven: set[str] = set()
        """Meters of which no live sample was stored in this run."""
        self._awaited: set[str] = set()

    def live(self, meter: str, receipt: Receipt) -> None:
        """Hear of a live sample that was put into the outbox."""
        self.admission.live()
        if meter in self._unproven and meter not in self._awaited:
            self._awaited.add(meter)  # one at a time: receipts that somebody waits for are kept
            receipt.then(self._proven_by(meter))

    def is_proven(self, meter: str) -> bool:
        """Whether a live sample of the meter, which has histories, was stored in this run."""
        return meter in self.meters and meter not in self._unproven

    async def run(self, meters: Mapping[str, tuple[Sequence[HistorySource], HistoryReader]]) -> None:
        """Fill back until cancelled.

        Args:
            meters: of each meter that has histories, what its profile says of them, and what asks it.
        """
        reading, spacing = asyncio.Semaphore(_READING), SliceSpacing()
        self.meters = {
            name: MeterBackfill(
                name,
                sources,
                reader,
                disk=self.disk,
                admission=self.admission,
                reading=reading,
                spacing=spacing,
                now_ms=self._now_ms,
                per_hour=self._settings.requests_per_hour,
                depth_days=self._settings.depth_days,
                rng=self._rng,
            )
            for name, (sources, reader) in meters.items()
            if sources
        }
        self._unproven = set(self.meters)
        if not self.meters:
            return
        self.disk.change(lambda changes: changes.want_again())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_lasting(self.disk.run), name="ledger")
                tasks.create_task(_lasting(self._take_orders), name="ledger orders")
                tasks.create_task(_lasting(self._forget), name="ledger forgets")
                for name, meter in self.meters.items():
                    tasks.create_task(meter.run(), name=f"history of {name}")
        finally:
            await self.disk.close()

    def _proven_by(self, meter: str) -> Callable[[Receipt], None]:
        def settled(receipt: Receipt) -> None:
            self._awaited.discard(meter)
            if receipt.state == "stored" and meter in self._unproven:
                self._unproven.discard(meter)
                self.meters[meter].live()

        return settled

    def _begin_anew(self) -> None:
        for meter in self.meters.values():
            meter.begin_anew()

    async def _take_orders(self) -> None:
        """Take up what the command line wants read again."""
        while True:
            await asyncio.sleep(_ORDERS_EVERY_S)
            orders = await self.disk.read(lambda store: store.orders()) or []
            taken = []
            for order in orders:
                meter = self.meters.get(order.meter)
                if meter is not None and not meter.is_known:
                    continue
                taken.append(order.id)
                if meter is None:
                    logger.warning("ledger | {} | {} wants history of a meter without any", order.meter, order.why)
                    continue
                meter.want(order.logical_name, order.start_ms, order.end_ms)
                logger.bind(meter=order.meter).info("ledger | {} | read again for {}", order.meter, order.why)
            if taken:
                self.disk.change(lambda changes, taken=taken: changes.taken_up(taken))  # type: ignore[misc]

    async def _forget(self) -> None:
        while True:
            if (now_ms := self._now_ms()) is not None:
                before_ms = now_ms - _KEPT_DAYS * DAY_MS
                self.disk.change(lambda changes, before_ms=before_ms: changes.forget(before_ms))  # type: ignore[misc]
            await asyncio.sleep(_FORGET_EVERY_S)


async def _lasting(work: Callable[[], Awaitable[None]]) -> None:
    """Do ``work`` until cancelled: a bug in the ledger must not stop live readings."""
    while True:
        try:
            return await work()
        except Exception as error:  # noqa: BLE001 - as above
            logger.opt(exception=error).error("ledger | unexpected error; please report it")
        await asyncio.sleep(_AGAIN_S)


def _loop_s() -> float:
    return asyncio.get_running_loop().time()
