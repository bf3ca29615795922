"""A Profile generic, class 7 (IEC 62056-6-2, 4.3.6), with selective access by range and by entry, and its pitfalls.

gurux-dlms 1.0.203 leaves the selection unfinished on the server's side, so the rows are chosen here; the values in them
are gurux's.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, NamedTuple

from gurux_dlms.enums import DataType, ErrorCode
from gurux_dlms.objects import GXDLMSProfileGeneric

from bridge.demo.cosem import AccessRefused, array, logical_name, structure, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.demo.faults import Faults
    from bridge.demo.meter_time import MeterTime

CLOCK, UNIX_TIME = "0.0.1.0.0.255", "0.0.1.1.0.255"
_FIRST_IN_FIRST_OUT, _LAST_IN_FIRST_OUT, _LARGEST = 1, 2, 3
_SECONDS_A_DAY = 86400
_SHORT_S, _FEW = 4 * 3600, 30


class Captured(NamedTuple):
    """A row: when it was captured, what the clock said then in UTC, and a word of its own: a status, or a code."""

    at_s: float
    stamp_s: int
    word: int


class Column(NamedTuple):
    """What is captured: class, logical name, attribute; and its bytes of a row."""

    class_id: int
    obis: str
    attribute: int
    cell: Callable[[Captured], bytes]


class RecordedProfile(GXDLMSProfileGeneric):  # type: ignore[misc]
    """Rows that were captured, and what a client may ask of them.

    Args:
        obis: its logical name.
        faults: what goes wrong.
        time: how the clock is written.
    """

    def __init__(self, obis: str, faults: Faults, time: MeterTime) -> None:
        super().__init__(obis)
        self._faults, self._time = faults, time
        self.coded: dict[int, Callable[[], bytes]] = {
            2: lambda: self._encoded(self._stored(), self._columns()),
            3: lambda: array([_capture_object(column) for column in self._columns()]),
            4: lambda: typed(DataType.UINT32, self._period_s()),
            5: lambda: typed(DataType.ENUM, self._sort_method()),
            6: lambda: _capture_object(self._columns()[self._clock_at()]),
            7: lambda: typed(DataType.UINT32, len(self._rows())),
            8: lambda: typed(DataType.UINT32, self._capacity()),
        }

    # What a kind of profile says for itself.

    def _rows(self) -> list[Captured]:
        """Return what it holds now, oldest first."""
        raise NotImplementedError

    def _own_columns(self) -> list[Column]:
        """Return its columns but for the clock."""
        raise NotImplementedError

    def _period_s(self) -> int:
        raise NotImplementedError

    def _capacity(self) -> int:
        raise NotImplementedError

    # What the client asks for.

    def select(self, selector: int, parameters: Any) -> bytes:
        """Return the buffer by range (1) or by entry (2), in A-XDR.

        Raises:
            AccessRefused: the selection makes no sense, or the meter does not take it.
        """
        try:
            if selector == 1:
                return self._by_range(*parameters)
            if selector == 2:
                return self._by_entry(*(int(one) for one in parameters))
        except (TypeError, ValueError):
            raise AccessRefused(ErrorCode.INCONSISTENT_CLASS) from None
        raise AccessRefused(ErrorCode.READ_WRITE_DENIED)

    def _by_range(self, _restricting: Any, start: Any, end: Any, chosen: Any) -> bytes:
        how = self._faults.text("profile-range") if self._faults.has("profile-range") else ""
        if how == "refused" or isinstance(start, int) != self._is_unix:
            raise AccessRefused(ErrorCode.OTHER_REASON)
        if how == "empty":
            return array([])
        ends = [self._end(given, how, last=n == 1) for n, given in enumerate((start, end))]
        if how == "short" and ends[1] - ends[0] > _SHORT_S:
            raise AccessRefused(ErrorCode.OTHER_REASON)
        if how == "whole-days":
            ends = [ends[0] // _SECONDS_A_DAY * _SECONDS_A_DAY, -(-ends[1] // _SECONDS_A_DAY) * _SECONDS_A_DAY]
        rows = [row for row in self._stored() if ends[0] <= row.stamp_s <= ends[1]]
        if how == "excludes-start":
            rows = [row for row in rows if row.stamp_s > ends[0]]
        if how == "excludes-end":
            rows = [row for row in rows if row.stamp_s < ends[1]]
        if self._faults.has("profile-rows"):
            rows = rows[: int(float(self._faults.text("profile-rows")))]
        return self._encoded(rows, self._chosen(chosen))

    def _end(self, given: Any, how: str, *, last: bool) -> float:
        if isinstance(given, int):
            return float(given)
        octets = bytes(given)
        has_deviation = octets[9:11] != b"\x80\x00"
        if (how == "with-deviation" and not has_deviation) or (how == "without-deviation" and has_deviation):
            raise AccessRefused(ErrorCode.OTHER_REASON)
        if how == "whole-hours" and any(octets[6:8]):
            raise AccessRefused(ErrorCode.OTHER_REASON)
        return self._time.of(octets, last=last, ignores_deviation=how == "ignores-deviation")

    def _by_entry(self, first: int, last: int, first_column: int, last_column: int) -> bytes:
        how = self._faults.text("profile-entries") if self._faults.has("profile-entries") else ""
        if how == "refused" or (how == "last-column" and not last_column):
            raise AccessRefused(ErrorCode.READ_WRITE_DENIED)
        if how == "few" and last - first >= _FEW:
            raise AccessRefused(ErrorCode.OTHER_REASON)
        rows = self._stored()[max(first, 1) - 1 : last or None]
        return self._encoded(rows, self._columns()[max(first_column, 1) - 1 : last_column or None])

    def _chosen(self, wanted: Any) -> list[Column]:
        """Return the columns that the selection names; all when it names none."""
        names = [(int(entry[0]), bytes(entry[1]), int(entry[2])) for entry in wanted or ()]
        if not names:
            return self._columns()
        return [one for one in self._columns() if (one.class_id, logical_name(one.obis), one.attribute) in names]

    # How it stands there.

    @property
    def _is_unix(self) -> bool:
        return self._faults.has("profile-clock") and self._faults.text("profile-clock") == "unix"

    def _columns(self) -> list[Column]:
        columns = self._own_columns()
        columns.insert(self._clock_at(), self._clock_column())
        return columns

    def _clock_at(self) -> int:
        return len(self._own_columns()) if self._faults.has("profile-clock") else 0

    def _clock_column(self) -> Column:
        if self._is_unix:
            return Column(1, UNIX_TIME, 2, lambda row: typed(DataType.UINT32, row.stamp_s))
        return Column(8, CLOCK, 2, lambda row: typed(DataType.OCTET_STRING, self._time.octets(row.stamp_s)))

    @property
    def _order(self) -> str:
        return self._faults.text("profile-order") if self._faults.has("profile-order") else ""

    def _sort_method(self) -> int:
        return {"newest-first": _LAST_IN_FIRST_OUT, "unsorted": _LARGEST}.get(self._order, _FIRST_IN_FIRST_OUT)

    def _stored(self) -> list[Captured]:
        """Return the rows in the order in which they stand in the buffer: number 1 first."""
        rows = self._rows()
        if self._order == "newest-first":
            rows = rows[::-1]
        elif self._order == "wrapped":  # a ring, from its first place on: the oldest stands in the middle
            turned = len(rows) // 3
            rows = rows[turned:] + rows[:turned]
        elif self._order == "unsorted":
            rows = list(rows)
            random.Random(7).shuffle(rows)  # noqa: S311 - no secret
        return rows

    def _encoded(self, rows: Sequence[Captured], columns: Sequence[Column]) -> bytes:
        how = self._faults.text("profile-null-data") if self._faults.has("profile-null-data") else ""
        if not how:
            return array([structure(*(column.cell(row) for column in columns)) for row in rows])
        # Compressed when it is sent; or when it was captured, with midnight whole: then an answer may begin anywhere.
        sent = self._stored() if how == "stored" and self._order != "newest-first" else rows
        before = dict(zip(sent[1:], sent, strict=False))
        return array([structure(*self._compressed(row, before.get(row), columns)) for row in rows])

    def _compressed(self, row: Captured, before: Captured | None, columns: Sequence[Column]) -> list[bytes]:
        is_midnight = row.stamp_s % _SECONDS_A_DAY == 0 and self._faults.text("profile-null-data") == "stored"
        if before is None or is_midnight:
            return [column.cell(row) for column in columns]
        follows = self._period_s() > 0 and row.stamp_s - before.stamp_s == self._period_s()
        cells = []
        for column in columns:
            cell = column.cell(row)
            is_clock = column.obis in (CLOCK, UNIX_TIME)
            cells.append(b"\x00" if (follows if is_clock else cell == column.cell(before)) else cell)
        return cells


def _capture_object(column: Column) -> bytes:
    return structure(
        typed(DataType.UINT16, column.class_id),
        typed(DataType.OCTET_STRING, logical_name(column.obis)),
        typed(DataType.INT8, column.attribute),
        typed(DataType.UINT16, 0),
    )
