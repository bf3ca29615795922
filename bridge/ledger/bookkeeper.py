"""The bookkeeper: looks into the ledger now and then, and has the figures shown and told. One for all meters.

Rules
    It looks every ten seconds; with many meters more seldom, so that looking takes a fiftieth of the time at most.
    Intervals count as *stuck* when a meter's number of missing ones has not gone down for half an hour: back-fill that
    moves is no fault.
    ThingsBoard is told ``completeness_day`` under the start of the day (UTC), once the day is over and again when that
    changes, of the last fourteen days; not while a day is still being filled. What is stored there is in the ledger.
    A day that was told and does not add up (``sum_check.py``) is a line of the log.
    Nothing is told of a meter before a live sample of it was stored: an old value must not be the first of a device.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from loguru import logger

from bridge.ledger.books import meter_books
from bridge.ledger.completeness import DAY_MS, DUE_MS
from bridge.ledger.sum_check import disagreements
from bridge.sample import Layout

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from bridge.ledger.books import MeterBook
    from bridge.ledger.live_totals import LiveTotals
    from bridge.ledger.metrics import LedgerMetrics
    from bridge.ledger.state import BackfillState
    from bridge.ledger.store import LedgerStore
    from bridge.ledger.store_changes import StoreChanges
    from bridge.outbox.receipt import Receipt
    from bridge.outbox.state import Failing
    from bridge.sample import Sample

T = TypeVar("T")

KEY = "completeness_day"
_LOOK_EVERY_S = 10.0
_SHARE_OF_TIME = 0.02
_AT_ONCE = 50
"""Meters read from the file in one go: between two of them the back-fill may write."""
_STUCK_MS = 1_800_000
_FAILING_S = 10.0


class ReadsLedger(Protocol):
    """Reads the ledger's file on its thread."""

    def __call__(self, work: Callable[[LedgerStore], T], /) -> Awaitable[T | None]:
        """Return what ``work`` does; None when the file cannot be read."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """Intervals that stay missing although they can be had.

    Args:
        intervals: how many, of all meters.
        meters: of which meters.
        newest_ms: the end of the newest of them, UTC milliseconds.
        overwritten_ms: when a meter overwrites the first of them; None when nobody knows.
    """

    intervals: int
    meters: tuple[str, ...]
    newest_ms: int
    overwritten_ms: int | None


@dataclass(slots=True)
class _Low:
    """A meter's least number of missing intervals, and when it was last reached or gone below."""

    missing: int
    since_ms: int


class Bookkeeper:
    """See the module.

    Args:
        read: reads the ledger.
        change: has it changed.
        metrics: where the figures are shown.
        now_ms: the time; None while nobody knows it.
        tell: takes a sample of a meter for ThingsBoard.
        may_tell: whether a live sample of the meter was stored in this run.
        states: what back-fill says of itself, by meter.
        totals: hears live samples; None for nobody.
        failing: why the ledger cannot be used, while it cannot.
    """

    def __init__(
        self,
        read: ReadsLedger,
        change: Callable[[Callable[[StoreChanges], object]], object],
        metrics: LedgerMetrics,
        *,
        now_ms: Callable[[], int | None],
        tell: Callable[[Sample], Receipt],
        may_tell: Callable[[str], bool],
        states: Callable[[], Mapping[str, BackfillState]] = dict,
        totals: LiveTotals | None = None,
        failing: Callable[[], Failing | None] = lambda: None,
    ) -> None:
        self._failing = failing
        self._totals = totals
        self._states = states
        self._read = read
        self._change = change
        self._metrics = metrics
        self._now_ms = now_ms
        self._tell = tell
        self._may_tell = may_tell
        self._lows: dict[str, _Low] = {}
        self._told: dict[str, dict[int, float]] = {}
        self._seen: dict[str, dict[int, float]] = {}
        self._layouts: dict[str, Layout] = {}
        self._looked_ms = 0
        self.books: Mapping[str, MeterBook] = {}
        """As they were at the last look."""

    async def run(self, meters: Iterable[str]) -> None:
        """Look until cancelled.

        Args:
            meters: names of those that may have histories.
        """
        names, clock_s = list(meters), asyncio.get_running_loop().time
        if self._totals is not None:
            self._totals.watch(names)
        if not names:
            return
        while True:
            began_s = clock_s()
            try:
                await self.look(names)
            except Exception as error:  # noqa: BLE001 - a bug in the books must not stop the meters
                logger.opt(exception=error).error("ledger | unexpected error in the books; please report it")
            await asyncio.sleep(max(_LOOK_EVERY_S, (clock_s() - began_s) / _SHARE_OF_TIME))

    def live(self, sample: Sample) -> None:
        """Hear of a live sample that was just read."""
        if self._totals is not None:
            self._totals.live(sample)

    async def look(self, meters: list[str]) -> None:
        """Look once, show the figures, and tell what is new; leave all as it was while the ledger cannot be read."""
        now_ms = self._now_ms()
        if now_ms is None:
            return
        books: dict[str, MeterBook] = {}
        for first in range(0, len(meters), _AT_ONCE):
            names = meters[first : first + _AT_ONCE]
            found = await self._read(lambda store, names=names: self._books_of(store, now_ms, names))  # type: ignore[misc]
            if found is None:
                return
            books |= found
            for name, book in found.items():
                self._note_missing(name, book.missing, now_ms)
                for day_ms in self._tell_days(name, book, now_ms):
                    await self._check_sums(name, book, day_ms)
        self.books, self._looked_ms = books, now_ms
        await asyncio.to_thread(self._metrics.show, books)
        for name, state in self._states().items():
            self._metrics.count(name, state.rows)

    def stuck(self) -> Stuck | Failing | None:
        """Return what stays missing, or why that is not known; None while all is well. May be called on any thread."""
        failing = self._failing()
        if failing is not None and failing.for_s > _FAILING_S:
            return failing
        lows, found = dict(self._lows), []
        for name, book in self.books.items():
            low = lows.get(name)
            if low is not None and low.missing and self._looked_ms - low.since_ms >= _STUCK_MS:
                found.append(book)
        if not found:
            return None
        ends = [gap.end_ms for book in found for _, gap in book.gaps]
        overwritten = [book.first_overwritten_ms for book in found]
        return Stuck(
            sum(book.missing for book in found),
            tuple(book.meter for book in found),
            max(ends, default=0),
            min((one for one in overwritten if one is not None), default=None),
        )

    def _books_of(self, store: LedgerStore, now_ms: int, names: list[str]) -> dict[str, MeterBook]:
        """Return books with all figures worked out: on the ledger's thread."""
        books = meter_books(store, now_ms, names, self.books)
        for name, book in books.items():
            book.work_out()
            if name not in self._told:
                self._told[name] = store.told(name)
        return books

    def _note_missing(self, name: str, missing: int, now_ms: int) -> None:
        low = self._lows.get(name)
        if low is None or missing < low.missing or not missing or not low.missing:
            self._lows[name] = _Low(missing, now_ms)

    def _tell_days(self, name: str, book: MeterBook, now_ms: int) -> list[int]:
        """Tell what is new of the days that are over; return which."""
        if not self._may_tell(name):
            return []
        over_ms = now_ms - DUE_MS - DAY_MS
        ratios = {day: round(ratio, 4) for day, ratio in book.days.items() if day <= over_ms}
        seen, self._seen[name] = self._seen.get(name, {}), ratios
        told = self._told[name]
        new = [day for day, ratio in ratios.items() if told.get(day) != ratio and seen.get(day) == ratio]
        for day in new:
            told[day] = ratios[day]
            self._tell(self._layout(name).sample(day, (ratios[day],))).then(self._stored(name, day, ratios[day]))
        for day in told.keys() - ratios.keys():
            del told[day]
        return new

    def _stored(self, name: str, day_ms: int, ratio: float) -> Callable[[Receipt], None]:
        def settled(receipt: Receipt) -> None:
            if receipt.state == "stored":
                self._change(lambda changes: changes.put_told(name, day_ms, ratio))
            elif receipt.state == "lost":
                self._told[name].pop(day_ms, None)

        return settled

    async def _check_sums(self, name: str, book: MeterBook, day_ms: int) -> None:
        """Log what does not add up of a day."""
        for line in book.timelines:
            found = await self._read(lambda store, of=line.history: disagreements(store, of, day_ms))  # type: ignore[misc]
            for said in found or ():
                day = datetime.fromtimestamp(day_ms / 1000, UTC).date()
                logger.bind(meter=name).warning("ledger | {} | {}: {}; `bridge gaps {}`", name, day, said, name)

    def _layout(self, name: str) -> Layout:
        if name not in self._layouts:
            self._layouts[name] = Layout(name, (KEY,), ("",), ("",))
        return self._layouts[name]
