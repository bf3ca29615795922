"""A part of a load profile asked for: access selectors by range and by entry (IEC 62056-6-2, 4.3.6.2). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.dlms.cosem_classes import CLOCK
from bridge.dlms.dates import date_time

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

CLOCK_TIME: Final = (CLOCK, "0.0.1.0.0.255", 2)
"""Class, logical name and attribute of the time by which rows are asked for."""
_BY_RANGE, _BY_ENTRY = 1, 2


def by_clock(start: datetime, end: datetime) -> bytes:
    """Return the selector of the rows from ``start`` to ``end``: the clock restricts, and all columns are wanted."""
    return by_values(CLOCK_TIME, *(b"\x09\x0c" + date_time(when) for when in (start, end)))


def by_values(column: tuple[int, str, int], first: bytes, last: bytes) -> bytes:
    """Return the selector of the rows whose value in a column lies between two, both included; all columns are wanted.

    Args:
        column: class, logical name and attribute of what is captured in it.
        first: the one value, encoded.
        last: the other.
    """
    class_id, logical_name, attribute = column
    octets = bytes(int(group) for group in logical_name.split("."))
    restricting = b"\x02\x04" + _long(class_id) + b"\x09\x06" + octets + bytes((0x0F, attribute)) + _long(0)
    return bytes((_BY_RANGE,)) + b"\x02\x04" + restricting + first + last + b"\x01\x00"


def by_number(first: int, last: int, *, last_column: int) -> bytes:
    """Return the selector of the rows ``first`` to ``last``, counted from 1; column 0 stands for the last one."""
    rows = _unsigned(first) + _unsigned(last)
    return bytes((_BY_ENTRY, 0x02, 4)) + rows + _long(1) + _long(last_column)


def other_way(when: datetime, zone: tzinfo) -> datetime:
    """Return ``when`` without its time zone as the meter's local time, or with the meter's where it has none."""
    if when.tzinfo is None:
        return when.replace(tzinfo=zone)
    return when.astimezone(zone).replace(tzinfo=None)


def _long(value: int) -> bytes:
    return b"\x12" + value.to_bytes(2)


def _unsigned(value: int) -> bytes:
    return b"\x06" + value.to_bytes(4)
