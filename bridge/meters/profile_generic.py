"""A meter's load profile (Profile generic, class 7; IEC 62056-6-2, 4.3.6): its columns, and its rows by range or entry.

Conversations over an association that stands, like those of ``session.py``; decides nothing about what is done with
the rows. A cell is interpreted as the attribute that it was captured from, with that register's scaler and unit.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from bridge.errors import AccessError, DecodeError
from bridge.meters.access import refusal_text
from bridge.meters.units import unit_text
from bridge.meters.values import interpret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from bridge.meters.conversation import Conversation
    from bridge.meters.prepared import Raw, Result
    from bridge.meters.session import Session
    from bridge.sample import Scalar

_CLASS = 7
_BUFFER, _CAPTURE_OBJECTS, _CAPTURE_PERIOD, _SORT_METHOD, _ENTRIES_IN_USE = 2, 3, 4, 5, 7
_LAST_IN_FIRST_OUT = 2
_DATE_TIME_OCTETS, _DAY_MIN = 12, 24 * 60
_BY_RANGE, _BY_ENTRY = 1, 2
_CLOCK = (8, "0.0.1.0.0.255", 2)
_SCALERS = {3: 3, 4: 3, 5: 4}
"""Where scaler_unit lies in Register, Extended register, Demand register (IEC 62056-6-2, 4.3.2 to 4.3.4)."""
_SCALED_ATTRIBUTES = {3: (2,), 4: (2,), 5: (2, 3)}
_RECOVERED = "not sent: as before"


class Column(NamedTuple):
    """One captured attribute.

    Args:
        class_id: interface class of the object that it was captured from.
        logical_name: six groups with dots.
        attribute: which attribute of it; 0 for all of them.
        data_index: which element of the attribute, counted from 1; 0 for the whole.
        scaler: power of ten of its raw values.
        unit: as text; empty for none.
    """

    class_id: int
    logical_name: str
    attribute: int
    data_index: int = 0
    scaler: int = 0
    unit: str = ""

    @property
    def is_clock(self) -> bool:
        """Whether the column says when the row was captured."""
        return (self.class_id, self.attribute) == (_CLOCK[0], _CLOCK[2])


class Cell(NamedTuple):
    """One value of a row: scaled, and what is to be said against it; None when there is none."""

    value: Scalar | None
    quality: str = ""


class Layout(NamedTuple):
    """How a load profile is made.

    Args:
        logical_name: of the profile.
        columns: what is captured, in order.
        period_s: seconds from one row to the next; 0 when rows are captured otherwise.
    """

    logical_name: str
    columns: tuple[Column, ...]
    period_s: int


Row = tuple[Cell, ...]


def layout(session: Session, logical_name: str) -> Conversation[Layout]:
    """Read what a load profile captures, with the scaler and unit of each register in it.

    Raises:
        AccessError: the meter refuses it, or has no such profile. Name another, or be another client.
        DecodeError: it is described in a way that makes no sense.
        MeterError: as everywhere; the association is gone.
    """
    objects = yield from _read(session, logical_name, _CAPTURE_OBJECTS)
    columns = []
    scalers: dict[tuple[int, str], tuple[int, str]] = {}
    for entry in objects if isinstance(objects, list) else []:
        column = _column(entry)
        if column is None:
            raise DecodeError(f"describes a column of {logical_name} in a way that makes no sense")
        if column.attribute in _SCALED_ATTRIBUTES.get(column.class_id, ()):
            register = (column.class_id, column.logical_name)
            if register not in scalers:
                scalers[register] = yield from _scaler(session, *register)
            scaler, unit = scalers[register]
            column = column._replace(scaler=scaler, unit=unit)
        columns.append(column)
    if not columns:
        raise DecodeError(f"says that {logical_name} captures nothing")
    period = yield from session.get(_CLASS, logical_name, _CAPTURE_PERIOD)
    period_s = period.value if isinstance(period.value, int) and not period.refusal else 0
    return Layout(logical_name, tuple(columns), max(int(period_s), 0))


def by_range(session: Session, of: Layout, start: datetime, end: datetime) -> Conversation[list[Row]]:
    """Read the rows captured from ``start`` to ``end``, both included.

    Some meters refuse a range whose ends have a deviation from UTC, others one whose ends have none. What is refused is
    asked the other way, by the meter's own clock.

    Args:
        session: the association.
        of: the profile's layout.
        start: with a time zone the instant that it names; without one, the meter's own local time.
        end: the same.

    Raises: as :func:`layout`.
    """
    selection = bytes((_BY_RANGE,)) + _range(start, end)
    result = yield from session.get(_CLASS, of.logical_name, _BUFFER, selection)
    if result.refusal:
        zone = yield from _meter_zone(session)
        turned = _range(*(_other_way(when, zone) for when in (start, end)))
        again = yield from session.get(_CLASS, of.logical_name, _BUFFER, bytes((_BY_RANGE,)) + turned)
        result = result if again.refusal else again
    return _rows(_value(result, of.logical_name, _BUFFER), of)


def by_entry(session: Session, of: Layout, first: int, last: int) -> Conversation[list[Row]]:
    """Read rows by their number; which row is number 1 depends on the profile's sort method.

    Args:
        session: the association.
        of: the profile's layout.
        first: the first one, counted from 1.
        last: the last one, included. It is always said: 0, for all that follow, is legal, and more than some meters can
            bear.

    Raises: as :func:`layout`.
    """
    entries = bytes((_BY_ENTRY, 0x02, 4)) + _unsigned(first) + _unsigned(last) + _long(1)
    result = yield from session.get(_CLASS, of.logical_name, _BUFFER, entries + _long(0))
    if result.refusal:  # perhaps the last column wants to be said, too
        again = yield from session.get(_CLASS, of.logical_name, _BUFFER, entries + _long(len(of.columns)))
        result = result if again.refusal else again
    return _rows(_value(result, of.logical_name, _BUFFER), of)


def newest(session: Session, of: Layout, count: int) -> Conversation[list[Row]]:
    """Read the last ``count`` rows, oldest first, whichever way the profile is sorted.

    A profile that is sorted last in, first out (attribute 5) has its newest rows first.

    Raises: as :func:`layout`.
    """
    in_use = yield from _read(session, of.logical_name, _ENTRIES_IN_USE)
    entries = in_use if isinstance(in_use, int) else 0
    if entries <= 0 or count <= 0:
        return []
    method = yield from session.get(_CLASS, of.logical_name, _SORT_METHOD)
    count = min(count, entries)
    if method.value == _LAST_IN_FIRST_OUT:
        rows = yield from by_entry(session, of, 1, count)
        return rows[:count][::-1]
    rows = yield from by_entry(session, of, entries - count + 1, entries)
    return rows[-count:]


def _meter_zone(session: Session) -> Conversation[tzinfo]:
    """Return the meter's time zone as its clock states it now; this machine's where it states none."""
    class_id, logical_name, attribute = _CLOCK
    clock = yield from session.get(class_id, logical_name, attribute)
    if isinstance(clock.value, bytes) and len(clock.value) == _DATE_TIME_OCTETS:
        deviation_min = int.from_bytes(clock.value[9:11], signed=True)
        if abs(deviation_min) < _DAY_MIN:
            return timezone(timedelta(minutes=-deviation_min))
    here = datetime.now().astimezone().tzinfo
    return here if here is not None else UTC


def _other_way(when: datetime, zone: tzinfo) -> datetime:
    """Return ``when`` without its time zone as the meter's local time, or with the meter's where it has none."""
    if when.tzinfo is None:
        return when.replace(tzinfo=zone)
    return when.astimezone(zone).replace(tzinfo=None)


def date_time(when: datetime) -> bytes:
    """Return a COSEM date-time, 12 octets (IEC 62056-6-2, 4.1.6.1).

    The deviation leads from local time to UTC, so it is negative east of Greenwich. Without a time zone it stays
    unspecified, and the meter takes its own.
    """
    offset = when.utcoffset()
    deviation = -0x8000 if offset is None else -round(offset.total_seconds() / 60)
    status = 0xFF if offset is None else 0x80 if when.dst() else 0x00
    return (
        when.year.to_bytes(2)
        + bytes((when.month, when.day, when.isoweekday(), when.hour, when.minute, when.second))
        + bytes((when.microsecond // 10_000,))
        + deviation.to_bytes(2, signed=True)
        + bytes((status,))
    )


def _read(session: Session, logical_name: str, attribute: int) -> Conversation[Raw]:
    result = yield from session.get(_CLASS, logical_name, attribute)
    return _value(result, logical_name, attribute)


def _value(result: Result, logical_name: str, attribute: int) -> Raw:
    if result.refusal:
        raise AccessError(
            f"refuses attribute {attribute} of the load profile {logical_name}: {refusal_text(result.refusal)}",
            hint="is it the right OBIS code, and may this client read it?",
        )
    return result.value


def _scaler(session: Session, class_id: int, logical_name: str) -> Conversation[tuple[int, str]]:
    result = yield from session.get(class_id, logical_name, _SCALERS[class_id])
    value = result.value
    if not result.refusal and isinstance(value, list) and len(value) == 2:
        scaler, unit = value
        if type(scaler) is int and type(unit) is int:
            return scaler, unit_text(unit)
    return 0, ""


def _column(entry: Raw) -> Column | None:
    """Return the column that a capture_object_definition describes; None when it is none."""
    if not isinstance(entry, list) or len(entry) != 4:
        return None
    class_id, name, attribute, data_index = entry
    if type(class_id) is not int or type(attribute) is not int or type(data_index) is not int:
        return None
    if not isinstance(name, bytes) or len(name) != 6:
        return None
    return Column(class_id, ".".join(map(str, name)), attribute, data_index)


def _range(start: datetime, end: datetime) -> bytes:
    """Return a range descriptor: the clock restricts, and all columns are wanted."""
    class_id, logical_name, attribute = _CLOCK
    octets = bytes(int(group) for group in logical_name.split("."))
    clock = b"\x02\x04" + _long(class_id) + b"\x09\x06" + octets + bytes((0x0F, attribute)) + _long(0)
    ends = b"".join(b"\x09\x0c" + date_time(when) for when in (start, end))
    return b"\x02\x04" + clock + ends + b"\x01\x00"


def _long(value: int) -> bytes:
    return b"\x12" + value.to_bytes(2)


def _unsigned(value: int) -> bytes:
    return b"\x06" + value.to_bytes(4)


def _rows(buffer: Raw, of: Layout) -> list[Row]:
    """Return the buffer's rows, each cell interpreted.

    Null-data stands for what follows from the row before (4.3.6.2.2): the time one period later, else the same value.
    """
    if not isinstance(buffer, list):
        raise DecodeError(f"sent a buffer of {of.logical_name} that is no array")
    rows: list[Row] = []
    for entry in buffer:
        if not isinstance(entry, list) or len(entry) != len(of.columns):
            raise DecodeError(f"sent a row of {of.logical_name} with another number of columns than it says")
        before: Sequence[Cell | None] = rows[-1] if rows else (None,) * len(entry)
        cells = zip(entry, of.columns, before, strict=True)
        rows.append(tuple(_cell(raw, column, last, of.period_s) for raw, column, last in cells))
    return rows


def _cell(raw: Raw, column: Column, before: Cell | None, period_s: int) -> Cell:
    if raw is None and before is not None and before.value is not None:
        if not column.is_clock:
            return Cell(before.value, _RECOVERED)
        later = _later(before.value, period_s)
        if later is not None:
            return Cell(later, _RECOVERED)
    value, quality = interpret(raw, class_id=column.class_id, attribute=column.attribute, scaler=column.scaler)
    return Cell(value, quality)


def _later(stated: Scalar, period_s: int) -> str | None:
    """Return the time one period after ``stated``; None when that cannot be told."""
    if not period_s or not isinstance(stated, str):
        return None
    try:
        return (datetime.fromisoformat(stated) + timedelta(seconds=period_s)).isoformat()
    except ValueError:
        return None
