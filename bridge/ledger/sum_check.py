"""The sum check: do a day's intervals add up to what the meter's total rose by?

For one register (an energy) and one day of UTC there are three witnesses:

* the **differences** of the day's intervals, as ThingsBoard has them;
* the **totals** that the meter captured at the start of the first of these intervals and at the end of the last;
* the **live readings** just before and just after those two moments: a captured total must lie between them.

Differences and totals agree where no interval is missing. Where some are, the totals say how much energy fell into
them: it is not lost, only not placed. Where none is missing and they disagree, or a captured total is not between the
live readings around it, something is wrong with what was read or stored, and the check says by how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from bridge.ledger.day_bits import DAY_MS
from bridge.ledger.telemetry import DELTA, PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.ledger.history import History
    from bridge.ledger.store import LedgerStore

_COARSEST, _FINEST = 6, -6

SumWord = Literal["equal", "unplaced", "differs", "live differs", "unknown"]


class Between(NamedTuple):
    """Two live readings of a total: the last before a moment, and the first after it."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class RegisterDay:
    """What is known of one register on one day.

    Args:
        key: the register's telemetry key.
        unit: of all figures here.
        day_ms: the day's start, UTC milliseconds.
        differences: sum of the differences of the intervals that are had.
        missing: intervals between the first and the last of these that are not had, be it for now or for good.
        first: the total at the start of the first; None where it is not known.
        last: the total at the end of the last; None where it is not known.
        live_first: live readings around the first moment; None where there were none on both sides.
        live_last: the same around the last.
        resolution: the least step of the captured totals: live readings may be finer.
    """

    key: str
    unit: str
    day_ms: int
    differences: float
    missing: int
    first: float | None
    last: float | None
    live_first: Between | None = None
    live_last: Between | None = None
    resolution: float = 0.0


class SumVerdict(NamedTuple):
    """What the check found.

    Args:
        word: ``equal``; ``unplaced``: some intervals have no difference, and ``by`` fell into them; ``differs``: all
            have one, and the totals rose by ``by`` more than they hold; ``live differs``: a captured total lies ``by``
            outside the live readings around it; ``unknown``: a total is missing.
        by: in the register's unit, with its sign; 0 for ``equal`` and ``unknown``.
    """

    word: SumWord
    by: float = 0.0


def register_days(store: LedgerStore, history: History, start_ms: int, end_ms: int) -> Iterator[RegisterDay]:
    """Yield each register that adds up, day by day, as the ledger has it; by key, then by day.

    Live readings are kept around midnights: they are witnesses where a day of intervals begins or ends with one.

    Args:
        store: the ledger.
        history: of intervals, with a period.
        start_ms: start of the first day, UTC.
        end_ms: end of the last.

    Raises:
        DiskError: the ledger cannot be read.
    """
    days = store.days(history.id, start_ms)
    units = dict(zip(history.keys, history.units, strict=False))
    totals: dict[tuple[str, int], float] = {}
    for day in days:
        totals[day.key, day.first_ms], totals[day.key, day.last_ms] = day.first, day.last
    live = {
        (PREFIX + one.key, one.at_ms): Between(one.before, one.after)
        for one in store.live(history.meter, start_ms)
        if one.unit == units.get(PREFIX + one.key)
    }
    steps = {key: _step([total for (of, _), total in totals.items() if of == key]) for key in units}
    for day in days:
        key = day.key.removesuffix(DELTA)
        if day.key != key and day.day_ms < end_ms:
            end = day.last_ms + history.period_ms
            yield RegisterDay(
                key,
                units.get(key, ""),
                day.day_ms,
                day.total,
                history.intervals_in(day.first_ms, end) - day.values,
                totals.get((key, day.first_ms)),
                totals.get((key, end)),
                live.get((key, day.first_ms)),
                live.get((key, end)),
                steps.get(key, 0.0),
            )


def _step(totals: list[float]) -> float:
    """Return the largest power of ten that all totals are whole multiples of: they are captured no finer than that."""
    for exponent in range(_COARSEST, _FINEST - 1, -1):
        step = 10.0**exponent
        if totals and all(abs(total / step - round(total / step)) < 1e-6 for total in totals):
            return step
    return 0.0


def disagreements(store: LedgerStore, history: History, day_ms: int) -> list[str]:
    """Return, for the log, what does not add up of a day that is over; nothing where all does, or nobody can tell.

    Raises:
        DiskError: the ledger cannot be read.
    """
    found = []
    for day in register_days(store, history, day_ms, day_ms + DAY_MS):
        verdict = judge(day)
        by = f"{verdict.by:+g} {day.unit}".rstrip()
        if verdict.word == "differs":
            found.append(f"{day.key}: the meter's total rose by {by} more than the intervals hold")
        elif verdict.word == "live differs":
            found.append(f"{day.key}: the total in the load profile lies {by} outside the live readings around it")
    return found


def judge(day: RegisterDay) -> SumVerdict:
    """Return whether the day adds up, and if not, by how much."""
    if day.first is None or day.last is None:
        return SumVerdict("unknown")
    for total, live in ((day.first, day.live_first), (day.last, day.live_last)):
        outside = 0.0 if live is None else _outside(total, live)
        if abs(outside) > day.resolution + _noise(total):
            return SumVerdict("live differs", _rounded(outside))
    by = day.last - day.first - day.differences
    if abs(by) <= _noise(day.last):
        return SumVerdict("equal")
    return SumVerdict("unplaced" if day.missing and by > 0 else "differs", _rounded(by))


def _outside(total: float, live: Between) -> float:
    if total < live.before:
        return total - live.before
    return max(0.0, total - live.after)


def _noise(figure: float) -> float:
    """Return what adding up binary fractions may be off by."""
    return abs(figure) * 1e-9 + 1e-9


def _rounded(by: float) -> float:
    return round(by, 6)
