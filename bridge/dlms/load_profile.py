"""A meter's load profile (Profile generic, class 7; IEC 62056-6-2, 4.3.6): its columns, and its rows by range or entry.

Conversations over an association that stands, like those of ``association.py``; does not decide what happens to
the rows. A cell is interpreted as the attribute that it was captured from, with that register's scaler and unit.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.access_results import refusal_text
from bridge.dlms.cosem_classes import PROFILE_GENERIC, scaler_attribute
from bridge.dlms.selective_access import CLOCK_TIME, by_clock, by_number, other_way
from bridge.dlms.units import unit_text
from bridge.dlms.values import interpret
from bridge.errors import AccessError, ValueUnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from bridge.dlms.association import MeterSession
    from bridge.dlms.axdr import Raw
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.xdlms import Result
    from bridge.sample import Scalar

BUFFER, _CAPTURE_OBJECTS, _CAPTURE_PERIOD, SORT_METHOD, ENTRIES_IN_USE = 2, 3, 4, 5, 7
_LAST_IN_FIRST_OUT = 2
_DATE_TIME_OCTETS, _DAY_MIN = 12, 24 * 60
RECOVERED = "not sent: as before"
"""The quality of what follows from the row before."""


class ProfileColumn(NamedTuple):
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
        return (self.class_id, self.attribute) == (CLOCK_TIME[0], CLOCK_TIME[2])


class ProfileCell(NamedTuple):
    """One value of a row: scaled, and any doubt about it; None when there is none."""

    value: Scalar | None
    quality: str = ""


class ProfileLayout(NamedTuple):
    """How a load profile is made.

    Args:
        logical_name: of the profile.
        columns: what is captured, in order.
        period_s: seconds from one row to the next; 0 when rows are captured otherwise.
    """

    logical_name: str
    columns: tuple[ProfileColumn, ...]
    period_s: int


ProfileRow = tuple[ProfileCell, ...]


def layout(session: MeterSession, logical_name: str) -> Conversation[ProfileLayout]:
    """Read what a load profile captures, with the scaler and unit of each register in it.

    Raises:
        AccessError: the meter refuses it, or has no such profile. Name another, or be another client.
        DecodeError: it is described in a way that makes no sense.
        MeterError: as everywhere; the association is gone.
    """
    columns = yield from columns_of(session, logical_name)
    return ProfileLayout(logical_name, columns, (yield from period_of(session, logical_name)))


def columns_of(
    session: MeterSession, logical_name: str, *, known: Sequence[ProfileColumn] = ()
) -> Conversation[tuple[ProfileColumn, ...]]:
    """Read what a profile captures.

    Args:
        session: the association.
        logical_name: of the profile.
        known: what it captured before: those scalers are not asked for again.

    Raises: as :func:`layout`.
    """
    objects = yield from _read(session, logical_name, _CAPTURE_OBJECTS)
    columns = []
    scalers = {
        (one.class_id, one.logical_name): (one.scaler, one.unit)
        for one in known
        if scaler_attribute(one.class_id, one.attribute)
    }
    for entry in objects if isinstance(objects, list) else []:
        column = _column(entry)
        if column is None:
            raise ValueUnreadableError(f"describes a column of {logical_name} in a way that makes no sense")
        if where := scaler_attribute(column.class_id, column.attribute):
            register = (column.class_id, column.logical_name)
            if register not in scalers:
                scalers[register] = yield from _scaler(session, *register, where)
            scaler, unit = scalers[register]
            column = column._replace(scaler=scaler, unit=unit)
        columns.append(column)
    if not columns:
        raise ValueUnreadableError(f"says that {logical_name} captures nothing")
    return tuple(columns)


def period_of(session: MeterSession, logical_name: str) -> Conversation[int]:
    """Read the seconds from one row of a profile to the next; 0 when rows are captured otherwise."""
    period = yield from session.get(PROFILE_GENERIC, logical_name, _CAPTURE_PERIOD)
    period_s = period.value if isinstance(period.value, int) and not period.refusal else 0
    return max(int(period_s), 0)


def by_range(
    session: MeterSession, of: ProfileLayout, start: datetime, end: datetime, *, here: tzinfo
) -> Conversation[list[ProfileRow]]:
    """Read the rows captured from ``start`` to ``end``, both included.

    Some meters refuse a range whose ends have a deviation from UTC, others one whose ends have none. A refused range is
    asked for the other way, by the meter's own clock.

    Args:
        session: the association.
        of: the profile's layout.
        start: with a time zone the instant that it names; without one, the meter's own local time.
        end: the same.
        here: the time zone to take where the meter's clock states none.

    Raises: as :func:`layout`.
    """
    selection = by_clock(start, end)
    result = yield from session.get(PROFILE_GENERIC, of.logical_name, BUFFER, selection)
    if result.refusal:
        zone = (yield from _meter_zone(session)) or here
        turned = by_clock(other_way(start, zone), other_way(end, zone))
        again = yield from session.get(PROFILE_GENERIC, of.logical_name, BUFFER, turned)
        result = result if again.refusal else again
    return _rows(_value(result, of.logical_name, BUFFER), of)


def by_entry(session: MeterSession, of: ProfileLayout, first: int, last: int) -> Conversation[list[ProfileRow]]:
    """Read rows by their number; which row is number 1 depends on the profile's sort method.

    Args:
        session: the association.
        of: the profile's layout.
        first: the first one, counted from 1.
        last: the last one, inclusive. Always given: 0, for all that follow, is legal, but more than some meters can
            handle.

    Raises: as :func:`layout`.
    """
    result = yield from session.get(PROFILE_GENERIC, of.logical_name, BUFFER, by_number(first, last, last_column=0))
    if result.refusal:  # perhaps the last column must be given, too
        whole = by_number(first, last, last_column=len(of.columns))
        again = yield from session.get(PROFILE_GENERIC, of.logical_name, BUFFER, whole)
        result = result if again.refusal else again
    return _rows(_value(result, of.logical_name, BUFFER), of)


def newest(session: MeterSession, of: ProfileLayout, count: int) -> Conversation[list[ProfileRow]]:
    """Read the last ``count`` rows, oldest first, whichever way the profile is sorted.

    A profile that is sorted last in, first out (attribute 5) has its newest rows first.

    Raises: as :func:`layout`.
    """
    in_use = yield from _read(session, of.logical_name, ENTRIES_IN_USE)
    entries = in_use if isinstance(in_use, int) else 0
    if entries <= 0 or count <= 0:
        return []
    method = yield from session.get(PROFILE_GENERIC, of.logical_name, SORT_METHOD)
    count = min(count, entries)
    if method.value == _LAST_IN_FIRST_OUT:
        rows = yield from by_entry(session, of, 1, count)
        return rows[:count][::-1]
    rows = yield from by_entry(session, of, entries - count + 1, entries)
    return rows[-count:]


def _meter_zone(session: MeterSession) -> Conversation[tzinfo | None]:
    """Return the meter's time zone as its clock states it now; None where it states none."""
    clock = yield from session.get(*CLOCK_TIME)
    if isinstance(clock.value, bytes) and len(clock.value) == _DATE_TIME_OCTETS:
        deviation_min = int.from_bytes(clock.value[9:11], signed=True)
        if abs(deviation_min) < _DAY_MIN:
            return timezone(timedelta(minutes=-deviation_min))
    return None


def _read(session: MeterSession, logical_name: str, attribute: int) -> Conversation[Raw]:
    result = yield from session.get(PROFILE_GENERIC, logical_name, attribute)
    return _value(result, logical_name, attribute)


def _value(result: Result, logical_name: str, attribute: int) -> Raw:
    if result.refusal:
        raise AccessError(
            f"refuses attribute {attribute} of the load profile {logical_name}: {refusal_text(result.refusal)}",
            hint="is it the right OBIS code, and may this client read it?",
        )
    return result.value


def _scaler(session: MeterSession, class_id: int, logical_name: str, where: int) -> Conversation[tuple[int, str]]:
    result = yield from session.get(class_id, logical_name, where)
    value = result.value
    if not result.refusal and isinstance(value, list) and len(value) == 2:
        scaler, unit = value
        if type(scaler) is int and type(unit) is int:
            return scaler, unit_text(unit)
    return 0, ""


def _column(entry: Raw) -> ProfileColumn | None:
    """Return the column that a capture_object_definition describes; None when it is none."""
    if not isinstance(entry, list) or len(entry) != 4:
        return None
    class_id, name, attribute, data_index = entry
    if type(class_id) is not int or type(attribute) is not int or type(data_index) is not int:
        return None
    if not isinstance(name, bytes) or len(name) != 6:
        return None
    return ProfileColumn(class_id, ".".join(map(str, name)), attribute, data_index)


def _rows(buffer: Raw, of: ProfileLayout) -> list[ProfileRow]:
    """Return the buffer's rows, each cell interpreted.

    Null-data stands for what follows from the row before (4.3.6.2.2): the time one period later, else the same value.
    """
    if not isinstance(buffer, list):
        raise ValueUnreadableError(f"sent a buffer of {of.logical_name} that is no array")
    rows: list[ProfileRow] = []
    for entry in buffer:
        if not isinstance(entry, list) or len(entry) != len(of.columns):
            raise ValueUnreadableError(f"sent a row of {of.logical_name} with another number of columns than it says")
        before: Sequence[ProfileCell | None] = rows[-1] if rows else (None,) * len(entry)
        cells = zip(entry, of.columns, before, strict=True)
        rows.append(tuple(_cell(raw, column, last, of.period_s) for raw, column, last in cells))
    return rows


def _cell(raw: Raw, column: ProfileColumn, before: ProfileCell | None, period_s: int) -> ProfileCell:
    if raw is None and before is not None and before.value is not None:
        if not column.is_clock:
            return ProfileCell(before.value, RECOVERED)
        later = _later(before.value, period_s)
        if later is not None:
            return ProfileCell(later, RECOVERED)
    value, quality = interpret(raw, class_id=column.class_id, attribute=column.attribute, scaler=column.scaler)
    return ProfileCell(value, quality)


def _later(stated: Scalar, period_s: int) -> str | None:
    """Return the time one period after ``stated``; None when that cannot be told."""
    if not period_s or not isinstance(stated, str):
        return None
    try:
        return (datetime.fromisoformat(stated) + timedelta(seconds=period_s)).isoformat()
    except ValueError:
        return None
