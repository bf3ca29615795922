"""How much of a meter's history is had: shares, counts and gaps, out of the ledger's ranges. Pure arithmetic.

* Only what is **due** counts: an interval is due a quarter of an hour after its end. By then it was read, sent and
  confirmed, unless something is wrong.
* *Confirmed* is had. *Meter was off* is had by truth: there never was such an interval. *On its way* and *wanted* are
  missing for now; *overwritten* and *refused* are missing for good.
* A time of which no range tells is wanted: nobody has looked yet. Before the ledger's beginning nothing is missing.
* Days are days of UTC. Daylight saving makes no interval more or less there.
* A history without a period (captured by event) has no intervals to count, and takes no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridge.ledger.states import Range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bridge.ledger.history import History
    from bridge.ledger.states import IntervalState

DAY_MS: Final = 86_400_000
DUE_MS: Final = 900_000
WINDOWS: Final = {"day": DAY_MS, "week": 7 * DAY_MS, "month": 30 * DAY_MS}
"""The spans that end now, by name: the label of ``dlms_intervals_completeness_ratio``."""

_PLACES: Final[Mapping[IntervalState, str]] = {
    "confirmed": "had",
    "meter was off": "off",
    "on its way": "missing",
    "wanted": "missing",
    "overwritten": "gone",
    "refused": "gone",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """Intervals of a span of time that are due.

    Args:
        had: confirmed.
        off: that never were, for the meter had no power.
        missing: that can still be had.
        gone: that cannot: overwritten in the meter, or refused.
    """

    had: int = 0
    off: int = 0
    missing: int = 0
    gone: int = 0

    @property
    def due(self) -> int:
        """All of them."""
        return self.had + self.off + self.missing + self.gone

    @property
    def ratio(self) -> float | None:
        """The share that is had or never was; None where nothing is due."""
        return (self.had + self.off) / self.due if self.due else None

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.had + other.had, self.off + other.off, self.missing + other.missing, self.gone + other.gone)


@dataclass(frozen=True, slots=True)
class Timeline:
    """One history over time: no holes between its ranges, none of them in the future.

    Args:
        history: whose; it has a period.
        ranges: in order, each beginning where the one before ends.
    """

    history: History
    ranges: tuple[Range, ...]

    def counts(self, start_ms: int, end_ms: int) -> Counts:
        """Return how many of the intervals that ended after ``start_ms`` and not after ``end_ms`` are what."""
        counted = {"had": 0, "off": 0, "missing": 0, "gone": 0}
        for part in self.ranges:
            if part.start_ms < end_ms and part.end_ms > start_ms:
                begin_ms, finish_ms = max(part.start_ms, start_ms), min(part.end_ms, end_ms)
                counted[_PLACES[part.state]] += self.history.intervals_in(begin_ms, finish_ms)
        return Counts(**counted)

    def missing(self) -> list[Range]:
        """Return what can still be had and is not yet, oldest first; *wanted* beside *on its way* is one gap."""
        wanted = (part._replace(state="wanted") for part in self.ranges if _PLACES[part.state] == "missing")
        return joined(part for part in wanted if self.history.intervals_in(part.start_ms, part.end_ms))

    def had_until(self, gap: Range) -> int | None:
        """Return when the meter overwrites the first interval of ``gap``; None where it does not say how much it keeps.

        While the meter was off it captured nothing, so that its buffer reaches as much further back. Where it must
        have lost the interval by now and has not said so, it had more power cuts than are known: it may be soon.
        """
        history = self.history
        if not history.capacity:
            return None
        first_ms = history.end_at_or_before(gap.start_ms) + history.period_ms
        off = sum(
            history.intervals_in(max(part.start_ms, first_ms), part.end_ms)
            for part in self.ranges
            if _PLACES[part.state] == "off" and part.end_ms > first_ms
        )
        next_ms = self.ranges[-1].end_ms + history.period_ms
        return max(first_ms + (history.capacity + off) * history.period_ms, next_ms)


def timeline(history: History, ranges: Iterable[Range], *, now_ms: int, ends_ms: int | None = None) -> Timeline:
    """Return a history's ranges with what nobody has told about filled in, up to the last interval that is due.

    Args:
        history: whose; it has a period.
        ranges: of the ledger, in order, not overlapping.
        now_ms: the time.
        ends_ms: where the history ends, for one whose layout changed; None for one that goes on.
    """
    due_ms = history.end_at_or_before(min(now_ms - DUE_MS, now_ms if ends_ms is None else ends_ms))
    return Timeline(history, tuple(joined(_filled(list(ranges), history.begin_ms, due_ms))))


def total(timelines: Iterable[Timeline], start_ms: int, end_ms: int) -> Counts:
    """Return the counts of several histories together."""
    return sum((one.counts(start_ms, end_ms) for one in timelines), Counts())


def day_starts(now_ms: int, days: int) -> list[int]:
    """Return the starts of the last ``days`` days of UTC, today included, oldest first."""
    today_ms = now_ms - now_ms % DAY_MS
    return [today_ms - back * DAY_MS for back in range(days - 1, -1, -1)]


def _filled(told: Sequence[Range], begin_ms: int, due_ms: int) -> Iterator[Range]:
    upto_ms = min(begin_ms, told[0].start_ms) if told else begin_ms
    for part in told:
        if part.start_ms >= due_ms:
            break
        if part.start_ms > upto_ms:
            yield Range(upto_ms, part.start_ms, "wanted")
        upto_ms = min(part.end_ms, due_ms)
        yield part._replace(end_ms=upto_ms)
    if upto_ms < due_ms:
        yield Range(upto_ms, due_ms, "wanted")


def joined(parts: Iterable[Range]) -> list[Range]:
    """Return ``parts``, which lie in order, with alike neighbours as one."""
    found: list[Range] = []
    for part in parts:
        if found and found[-1].end_ms == part.start_ms and found[-1][2:] == part[2:]:
            found[-1] = found[-1]._replace(end_ms=part.end_ms)
        else:
            found.append(part)
    return found
