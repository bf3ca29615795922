"""What a slice that was read says of each interval that was wanted: had, not yet, the meter was off, overwritten. Pure.

An interval that ends at E is had by a row whose stamp is nearer to E than to any other end. One without a row:

=====================================  =====================================================
the slice, and what is known           it is
=====================================  =====================================================
the meter's oldest row is later        ``overwritten``
the meter has no later row either      not there yet: asked for again
a power cut in its log lies around it  ``meter was off``
rows beside it say "power down"        ``meter was off``
they say "clock adjusted"              ``meter was off``: its clock was set forward over it
it is older than the meter keeps rows  ``overwritten``
none of these, twice                   ``meter was off``, and the meter does not say why
none of these, once                    in doubt: asked for again, in another slice
=====================================  =====================================================
"""

from __future__ import annotations

from bisect import bisect_left
from functools import reduce
from itertools import groupby
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

from bridge.ledger.power_cuts import cut_around

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from bridge.dlms.history import HistoryRow
    from bridge.ledger.history import History
    from bridge.ledger.power_cuts import PowerCut
    from bridge.ledger.states import Range

POWER_DOWN, CLOCK_ADJUSTED = "power down", "clock adjusted"
"""The words of the status bits that tell of it."""
SET_FORWARD = "the meter's clock was set forward over it"
UNEXPLAINED = "the meter has no row of it and does not say why"
TOO_OLD = "the meter had overwritten it"


class Gap(NamedTuple):
    """Intervals in a row that the slice has no row of: ends after ``start_ms`` and up to ``end_ms``."""

    start_ms: int
    end_ms: int
    reason: str = ""


class Findings(NamedTuple):
    """What the slice says.

    Args:
        rows: by the end of the interval that they have; in the meter's order, doubled ones together.
        off: the meter captured none.
        overwritten: it had none any more.
        pending: not there yet.
        doubted: no row, and nothing that says why.
    """

    rows: dict[int, list[HistoryRow]]
    off: list[Gap]
    overwritten: list[Gap]
    pending: list[Gap]
    doubted: list[Gap]


def slot(history: History, stamp_ms: int) -> int:
    """Return the end of the interval that a row with this stamp is of."""
    return history.end_at_or_before(stamp_ms + history.period_ms // 2)


def by_interval(history: History, rows: Iterable[HistoryRow]) -> dict[int, list[HistoryRow]]:
    """Return rows by the end of their interval; one that came twice, all alike, once."""
    found: dict[int, list[HistoryRow]] = {}
    for row in rows:
        there = found.setdefault(slot(history, row.end_ms), [])
        if not any(one.end_ms == row.end_ms and one.cells == row.cells for one in there):
            there.append(row)
    return dict(sorted(found.items()))


def classify(
    history: History,
    wanted: Range,
    rows: Sequence[HistoryRow],
    *,
    newest_ms: int,
    oldest_ms: int | None,
    kept_since_ms: int = 0,
    cuts: Sequence[PowerCut] = (),
    power_down_bits: int = 0,
    adjusted_bits: int = 0,
    doubted_before: Collection[int] = (),
) -> Findings:
    """Return what ``rows`` say of the intervals in ``wanted``.

    Args:
        history: with a period.
        wanted: the time that the slice was read for.
        rows: what was read, perhaps more than was wanted.
        newest_ms: the newest stamp that the meter is known to have, these rows included; 0 when none is.
        oldest_ms: the oldest; None while unknown.
        kept_since_ms: by its capacity the meter keeps rows since then; 0 while that is unknown.
        cuts: power cuts of the meter, by its log.
        power_down_bits: the bits of the status that say "power down".
        adjusted_bits: those that say "clock adjusted".
        doubted_before: ends of intervals that were in doubt once already.
    """
    found = by_interval(history, rows)
    findings = Findings(
        {end: there for end, there in found.items() if wanted.start_ms < end <= wanted.end_ms}, [], [], [], []
    )
    period = history.period_ms
    first = history.end_at_or_before(wanted.start_ms) + period
    had = list(found)
    absent = [end for end in range(first, wanted.end_ms + 1, period) if end not in found]
    for _, group in groupby(enumerate(absent), lambda numbered: numbered[1] - numbered[0] * period):
        ends = [end for _, end in group]
        at = bisect_left(had, ends[0])
        beside = [row for end in had[max(at - 1, 0) : at + 1] for row in found[end]]
        status = reduce(or_, (row.status or 0 for row in beside), 0)
        cut = cut_around(ends[0] - period, ends[-1], cuts, slack_ms=period)
        for end in ends:
            gap = Gap(end - period, end)
            if oldest_ms is not None and end + period // 2 < oldest_ms:
                findings.overwritten.append(gap._replace(reason=TOO_OLD))
            elif end + period // 2 > newest_ms:
                findings.pending.append(gap)
            elif cut is not None or status & power_down_bits:
                findings.off.append(gap._replace(reason=POWER_DOWN))
            elif status & adjusted_bits:
                findings.off.append(gap._replace(reason=SET_FORWARD))
            elif end <= kept_since_ms:
                findings.overwritten.append(gap._replace(reason=TOO_OLD))
            elif end in doubted_before:
                findings.off.append(gap._replace(reason=UNEXPLAINED))
            else:
                findings.doubted.append(gap)
    return findings._replace(
        off=_joined(findings.off),
        overwritten=_joined(findings.overwritten),
        pending=_joined(findings.pending),
        doubted=_joined(findings.doubted),
    )


def _joined(gaps: list[Gap]) -> list[Gap]:
    found: list[Gap] = []
    for gap in gaps:
        if found and found[-1].end_ms == gap.start_ms and found[-1].reason == gap.reason:
            found[-1] = found[-1]._replace(end_ms=gap.end_ms)
        else:
            found.append(gap)
    return found
