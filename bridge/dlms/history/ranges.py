"""A slice by its times: the ends of a range in the ways in which meters take them, and whether the answer fits.

Some meters refuse ends with a deviation from UTC, others ends without one, some take the deviation with the wrong sign
or pass over it; some want whole hours, some leave out the first or the last row. So more is asked for than is wanted,
the rows are looked at, and an answer that lies beside the question is no answer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bridge.dlms.dates import date_time_of
from bridge.dlms.history.stamps import LocalTime
from bridge.dlms.selective_access import by_values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from bridge.dlms.history.layout import HistoryLayout
    from bridge.dlms.history.rows import HistoryRow
    from bridge.dlms.history.ways import Ends, HistoryWays

_HOUR_MS = 3_600_000
_EVENT_OVERLAP_MS = 60_000
_NEAR_MS = 1_000


def trials(layout: HistoryLayout, ways: HistoryWays) -> Iterator[tuple[Ends, bool]]:
    """Yield the ways to say a range's ends, the likeliest first: which, and whether in whole hours.

    The proven one alone, where there is one; never one that is dead.
    """
    if ways.by == "range" and ways.ends:
        yield ways.ends, ways.whole_hours
        return
    ends: tuple[Ends, ...]
    if layout.is_unix:
        ends = ("unix",)
    elif layout.zone.deviation_min is None:
        ends = ("local", "utc")
    else:
        ends = ("stated", "utc", "local") if layout.zone.deviation_min else ("utc", "local")
    for whole_hours in (False, True):
        for one in ends:
            if way_name(one, whole_hours=whole_hours) not in ways.dead:
                yield one, whole_hours


def way_name(ends: Ends, *, whole_hours: bool) -> str:
    """Return what :attr:`HistoryWays.dead` calls it."""
    return f"range {ends}{', whole hours' if whole_hours else ''}"


class AskedRange:
    """What is asked for so that all rows of a slice come.

    Args:
        layout: how the profile is made.
        start_ms, end_ms: the slice: rows later than the one and no later than the other.
        ends: how the ends are said.
        whole_hours: whether they are whole hours.
        lead_s: begin so much earlier.
        here: the time zone to take where the meter states none.
    """

    def __init__(
        self,
        layout: HistoryLayout,
        start_ms: int,
        end_ms: int,
        *,
        ends: Ends,
        whole_hours: bool,
        lead_s: int,
        here: tzinfo,
    ) -> None:
        self._layout, self._ends = layout, ends
        self._local = LocalTime(layout.zone, here)
        overlap_ms = layout.period_s * 1000 or _EVENT_OVERLAP_MS
        if ends == "local" and self._local.may_be_ambiguous(start_ms - _HOUR_MS, end_ms + _HOUR_MS):
            overlap_ms = max(overlap_ms, _HOUR_MS)  # the hour that is told twice, or that nobody told us of
        first_ms, last_ms = start_ms - overlap_ms - 1000 * lead_s, end_ms + overlap_ms
        if whole_hours:
            first_ms, last_ms = first_ms // _HOUR_MS * _HOUR_MS, -(-last_ms // _HOUR_MS) * _HOUR_MS
        self.first_ms = first_ms
        self.last_ms = last_ms
        self._start_ms, self._end_ms = start_ms, end_ms

    def selection(self) -> bytes:
        """Return the selector of the range."""
        clock = self._layout.clock
        if clock is None:
            raise ValueError("a profile without a clock has no ranges")
        column = self._layout.columns[clock]
        where = (column.class_id, column.logical_name, column.attribute)
        return by_values(where, self._end(self.first_ms), self._end(self.last_ms))

    def fits(self, rows: list[HistoryRow]) -> bool:
        """Return whether rows answer this question, and not one that the meter made of it."""
        if all(self.first_ms - _NEAR_MS <= row.end_ms <= self.last_ms + _NEAR_MS for row in rows):
            return True
        # More than was asked for is no fault, as long as what was asked for is among it.
        slack_ms = self._layout.period_s * 1000
        return rows[0].end_ms <= self._start_ms + slack_ms and rows[-1].end_ms >= self._end_ms - slack_ms

    def _end(self, at_ms: int) -> bytes:
        if self._ends == "unix":
            return b"\x06" + (max(at_ms, 0) // 1000).to_bytes(4)
        if self._ends == "local":
            return b"\x09\x0c" + date_time_of(self._local.local(at_ms), None)
        at = datetime.fromtimestamp(at_ms // 1000, UTC).replace(tzinfo=None)
        zone = self._layout.zone
        if self._ends == "utc" or zone.deviation_min is None or zone.offset_min is None:
            return b"\x09\x0c" + date_time_of(at, 0)
        summer = zone.is_summer
        return b"\x09\x0c" + date_time_of(at + timedelta(minutes=zone.offset_min), zone.deviation_min, is_summer=summer)
