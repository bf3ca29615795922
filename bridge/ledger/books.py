"""The books: what the ledger's file says of each meter at one moment, as figures. Reads; changes nothing.

The metrics, the verdict, ThingsBoard's ``completeness_day`` and ``bridge gaps`` all quote this. A meter of which no
load profile was read yet has no book.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, zip_longest
from types import MappingProxyType
from typing import TYPE_CHECKING

from bridge.ledger.completeness import DAY_MS, DUE_MS, WINDOWS, Counts, Timeline, day_starts, timeline, total

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bridge.ledger.history import History
    from bridge.ledger.states import Range
    from bridge.ledger.store import LedgerStore

DAYS = 14
"""Days of UTC that are shown and told one by one."""
_AT_ONCE = 500
"""Histories in one question to the file."""


@dataclass(frozen=True)
class MeterBook:
    """One meter. What is asked for again and again is worked out once.

    Args:
        meter: its name in the settings.
        now_ms: the moment of which all this is.
        timelines: of its load profiles, every epoch; none of event logs.
        basis: what all of it was worked out from; alike for a moment at which it would be the same.
    """

    meter: str
    now_ms: int
    timelines: tuple[Timeline, ...]
    basis: object = None

    def window(self, name: str) -> Counts:
        """Return the counts of the day, week or month that ends now."""
        return total(self.timelines, self.now_ms - WINDOWS[name], self.now_ms)

    def day(self, day_ms: int) -> Counts:
        """Return the counts of a day of UTC.

        Args:
            day_ms: its start.
        """
        return total(self.timelines, day_ms, day_ms + DAY_MS)

    @cached_property
    def gaps(self) -> tuple[tuple[Timeline, Range], ...]:
        """What is missing and can still be had."""
        return tuple((line, gap) for line in self.timelines for gap in line.missing())

    @cached_property
    def windows(self) -> dict[str, float]:
        """The share that is had of the day, week and month that end now; without those in which nothing is due."""
        return {name: ratio for name in WINDOWS if (ratio := self.window(name).ratio) is not None}

    @cached_property
    def days(self) -> dict[int, float]:
        """The same of the last fourteen days of UTC, today included, by their start."""
        starts = day_starts(self.now_ms, DAYS)
        return {day_ms: ratio for day_ms in starts if (ratio := self.day(day_ms).ratio) is not None}

    @cached_property
    def missing(self) -> int:
        """Intervals that are missing and can still be had."""
        return sum(line.history.intervals_in(gap.start_ms, gap.end_ms) for line, gap in self.gaps)

    @cached_property
    def oldest_missing_ms(self) -> int | None:
        """Start of the oldest of them; None when none is."""
        return min((gap.start_ms for _, gap in self.gaps), default=None)

    @cached_property
    def first_overwritten_ms(self) -> int | None:
        """When the meter overwrites the first of them; None when none is missing, or nobody knows how much it keeps."""
        ends = [line.had_until(gap) for line, gap in self.gaps]
        return min((end for end in ends if end is not None), default=None)

    def work_out(self) -> None:
        """Have everything worked out now, on this thread."""
        for name in ("windows", "days", "missing", "oldest_missing_ms", "first_overwritten_ms"):
            getattr(self, name)


def meter_books(
    store: LedgerStore,
    now_ms: int,
    meters: Sequence[str] | None = None,
    before: Mapping[str, MeterBook] = MappingProxyType({}),
) -> dict[str, MeterBook]:
    """Return the book of each meter that has one, by its name.

    Args:
        store: the ledger.
        now_ms: the moment.
        meters: of these alone; None for all.
        before: books of an earlier moment; those that would be the same now are returned again.

    Raises:
        DiskError: the ledger cannot be read.
    """
    epochs = [one for one in store.all_epochs(meters) if one.kind == "intervals" and one.period_s]
    ranges: dict[int, list[Range]] = {}
    for first in range(0, len(epochs), _AT_ONCE):
        ranges |= store.ranges_of([one.id for one in epochs[first : first + _AT_ONCE]])
    books = {}
    for name, histories in groupby(epochs, lambda one: one.meter):
        own = tuple(histories)
        told = tuple(ranges.get(one.id, []) for one in own)
        marks = tuple((one.end_at_or_before(now_ms), one.end_at_or_before(now_ms - DUE_MS)) for one in own)
        basis = own, told, marks, now_ms // DAY_MS
        known = before.get(name)
        if known is None or known.basis != basis:
            known = MeterBook(name, now_ms, tuple(_timelines(own, told, now_ms)), basis)
        books[name] = known
    return books


def _timelines(epochs: Sequence[History], told: Sequence[Sequence[Range]], now_ms: int) -> Iterator[Timeline]:
    for history, ranges, after in zip_longest(epochs, told, epochs[1:]):
        goes_on = after is None or after.logical_name != history.logical_name
        yield timeline(history, ranges, now_ms=now_ms, ends_ms=None if goes_on else after.begin_ms)
