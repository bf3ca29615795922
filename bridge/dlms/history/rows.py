"""The rows of a buffer as a meter sent it: each at its time in UTC, what was not sent taken from before, none lost.

Rules
    Null-data stands for what follows from the row before (IEC 62056-6-2, 4.3.6.2.2): the time one period later, else
    the same value. Some meters compress what they keep, not what they send: an answer may then begin in the middle.
    The rows are sorted by their time. Two of the same time, as after a clock was set back, are both kept, the one that
    was captured first before the other: who they are sent to must not let one replace the other in silence.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.cosem_types import Bits
from bridge.dlms.history.stamps import LocalStamp, LocalTime, local_of
from bridge.dlms.load_profile import RECOVERED, ProfileCell
from bridge.dlms.values import interpret
from bridge.errors import ValueUnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from bridge.dlms.axdr import Raw
    from bridge.dlms.history.layout import HistoryLayout
    from bridge.sample import Scalar

SUMMER_STATUS = 0x08
"""Bit 3 of the profile's status as it usually is: daylight saving."""
_EARLIEST_UNIX_S, _LATEST_UNIX_S = 0, 0xFFFFFFFF


class HistoryRow(NamedTuple):
    """One row.

    Args:
        end_ms: when it was captured, the end of its period: milliseconds since 1970-01-01 UTC.
        cells: one for each column, in their order.
        status: the profile's status, bit 0 the lowest; None where it has none.
        is_recovered: whether its time was not sent but follows from the row before.
        doubt: what the meter says against that time; empty when nothing.
    """

    end_ms: int
    cells: tuple[ProfileCell, ...]
    status: int | None = None
    is_recovered: bool = False
    doubt: str = ""


class BufferRows(NamedTuple):
    """What a buffer gave.

    Args:
        rows: by time.
        undated: rows without a time that could be found out.
        is_headless: whether the first rows lack values that stand in rows before them, which were not sent.
    """

    rows: list[HistoryRow]
    undated: int
    is_headless: bool


class _Filled(NamedTuple):
    """A row with its null-data filled in, its time still the meter's."""

    stamp: LocalStamp | int | None  # a date-time, Unix seconds, or not sent
    cells: tuple[ProfileCell, ...]
    status: int | None


def rows_of(buffer: Raw, layout: HistoryLayout, here: tzinfo) -> BufferRows:
    """Return the rows of ``buffer``.

    Args:
        buffer: attribute 2 of the profile, whole or a part, as it was encoded.
        layout: how the profile is made.
        here: the time zone to take where the meter states none.

    Raises:
        ValueUnreadableError: it is no buffer of this profile.
    """
    filled: list[_Filled] = []
    before: Sequence[Raw] = (None,) * len(layout.columns)
    is_headless = False
    for entry in buffer_of(buffer, layout):
        if not isinstance(entry, list) or len(entry) != len(layout.columns):
            raise ValueUnreadableError(
                f"sent a row of {layout.logical_name} with another number of columns than it says"
            )
        whole = [
            last if raw is None and n != layout.clock else raw
            for n, (raw, last) in enumerate(zip(entry, before, strict=True))
        ]
        is_headless |= not filled and any(raw is None for raw in entry)
        filled.append(_Filled(_stamp(layout, entry), _cells(layout, entry, whole), _status(layout, whole)))
        before = whole
    if layout.is_newest_first:
        filled.reverse()
    zone = LocalTime(layout.zone, here)
    times = _times(filled, layout, zone)
    rows = []
    stated: LocalStamp | None = None
    for row, at_ms in zip(filled, times, strict=True):
        stated = row.stamp if isinstance(row.stamp, LocalStamp) else stated
        if at_ms is not None:
            cells = (
                row.cells
                if row.stamp is not None
                else _dated(row.cells, layout, _as_stated(at_ms, layout, stated, zone))
            )
            rows.append(HistoryRow(at_ms, cells, row.status, row.stamp is None, _doubt(row.stamp)))
    rows.sort(key=lambda row: row.end_ms)
    return BufferRows(rows, len(filled) - len(rows), is_headless)


def buffer_of(buffer: Raw, layout: HistoryLayout) -> list[Raw]:
    """Return the rows of a buffer as they were encoded.

    Raises:
        ValueUnreadableError: it is no buffer.
    """
    if buffer is None:  # how some say that there is nothing
        return []
    if not isinstance(buffer, list):
        raise ValueUnreadableError(f"sent a buffer of {layout.logical_name} that is no array")
    return buffer


def _times(filled: list[_Filled], layout: HistoryLayout, zone: LocalTime) -> list[int | None]:
    """Return the time of each row, in the order in which they were captured; None where it cannot be found out."""
    times: list[int | None] = []
    in_order = layout.sort_method <= 2
    marks_summer = any(_is_summer(row) for row in filled)
    period_ms = layout.period_s * 1000
    after_ms: int | None = None
    for row in filled:
        if isinstance(row.stamp, int):
            at_ms: int | None = row.stamp * 1000
        elif row.stamp is not None:
            at_ms = zone.ms(
                row.stamp,
                is_summer=_is_summer(row),
                marks_summer=marks_summer,
                after_ms=after_ms if in_order else None,
            )
        else:
            at_ms = after_ms + period_ms if after_ms is not None and period_ms else None
        times.append(at_ms)
        after_ms = at_ms
    # What was sent before the first time: so many periods earlier.
    first = next((n for n, at_ms in enumerate(times) if at_ms is not None), None)
    if first and period_ms:
        for n in range(first):
            times[n] = (times[first] or 0) - (first - n) * period_ms
    return times


def _dated(cells: tuple[ProfileCell, ...], layout: HistoryLayout, told: Scalar) -> tuple[ProfileCell, ...]:
    """Return a row's cells with the clock's, which was not sent."""
    clock = layout.clock or 0
    return (*cells[:clock], ProfileCell(told, RECOVERED), *cells[clock + 1 :])


def _as_stated(at_ms: int, layout: HistoryLayout, before: LocalStamp | None, zone: LocalTime) -> Scalar:
    """Return a time as the meter would have stated it, by the row before."""
    if layout.is_unix:
        return at_ms // 1000
    if before is not None and before.deviation_min is None:
        return zone.local(at_ms).isoformat()
    offset = timedelta(minutes=-(before.deviation_min or 0)) if before is not None else timedelta()
    return datetime.fromtimestamp(at_ms // 1000, timezone(offset)).isoformat()


def _is_summer(row: _Filled) -> bool:
    if isinstance(row.stamp, LocalStamp) and row.stamp.is_summer:
        return True
    return row.status is not None and bool(row.status & SUMMER_STATUS)


def _doubt(stamp: LocalStamp | int | None) -> str:
    return stamp.doubt if isinstance(stamp, LocalStamp) else ""


def _stamp(layout: HistoryLayout, entry: Sequence[Raw]) -> LocalStamp | int | None:
    if layout.clock is None:
        return None
    raw = entry[layout.clock]
    if isinstance(raw, bytes):
        return local_of(raw)
    if isinstance(raw, int) and not isinstance(raw, bool) and _EARLIEST_UNIX_S < raw <= _LATEST_UNIX_S:
        return int(raw)
    return None


def _cells(layout: HistoryLayout, entry: Sequence[Raw], whole: Sequence[Raw]) -> tuple[ProfileCell, ...]:
    cells = []
    for raw, value, column in zip(entry, whole, layout.columns, strict=True):
        told, quality = interpret(value, class_id=column.class_id, attribute=column.attribute, scaler=column.scaler)
        cells.append(ProfileCell(told, RECOVERED if raw is None and value is not None else quality))
    return tuple(cells)


def _status(layout: HistoryLayout, whole: Sequence[Raw]) -> int | None:
    """Return the status as a number; of a bit string, whose first bit is bit 0, and of octets the same."""
    if layout.status is None:
        return None
    raw = whole[layout.status]
    if isinstance(raw, list):
        raw = next((part for part in raw if isinstance(part, int | Bits | bytes)), None)
    if isinstance(raw, Bits):
        return sum(1 << n for n, bit in enumerate(raw) if bit == "1")
    if isinstance(raw, bytes):
        return int.from_bytes(raw) if 0 < len(raw) <= 8 else None
    return int(raw) if isinstance(raw, int) and not isinstance(raw, bool) else None
