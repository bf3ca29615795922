"""COSEM dates and times as ISO 8601 text and back (IEC 62056-6-2, 4.1.6.1); nobody else knows their octets. Pure.

Rules
    date-time has 12 octets: year (2), month, day, day of week, hour, minute, second, hundredths, deviation (2), status;
    date has the first 5 of them, time the four of the time.
    A field may be left open: FF, in the year FFFF, in the deviation 8000. The text then ends where it has to; a field
    that is open before one that is given is a hyphen, as in ``--11-25`` for every 25th of November.
    The deviation leads from local time to UTC: an hour east of Greenwich it is -60 and the text ends in ``+01:00``.
    It holds daylight saving already; the bit of the status that says so adds nothing.
    Day of week and hundredths that are open are no loss and no flag. Many meters state 0 for an open day of week.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime

INVALID = "clock invalid"
PARTLY = "partly unset"
NO_DEVIATION = "local time, deviation unset"
NO_SENSE = "deviation makes no sense"
WRONG_WEEKDAY = "wrong day of week"

_STATUS = ((0x01, INVALID), (0x02, "clock doubtful"), (0x04, "different clock base"), (0x08, "invalid clock status"))
_RESERVED_STATUS = 0x70
_NOT_SPECIFIED = 0xFF
_NO_WEEKDAY = (_NOT_SPECIFIED, 0)
_ANY_YEAR = 0xFFFF
_UNSET_DEVIATION = -0x8000
_DEVIATION_MIN = 15 * 60  # the standard has 720; New Zealand in summer is 780, Kiribati 840
_MONTHS = {0xFD: "month in which daylight saving ends", 0xFE: "month in which daylight saving begins"}
_DAYS = {0xFD: "second last day of the month", 0xFE: "last day of the month"}
_LEAP_YEAR = 2000  # the days that a month may have in a year that is left open


def iso(octets: bytes) -> tuple[str, str] | None:
    """Return a date-time, a date or a time as ISO 8601 text, and any doubt about it.

    Args:
        octets: 12, 5 or 4 of them.

    Returns:
        text and quality, which is empty when all is well; None when the octets are none of the three or when they
        specify nothing at all: the caller publishes them as they came.
    """
    match len(octets):
        case 12:
            stated = _date_time(octets)
        case 5:
            stated = _date(octets)
        case 4:
            stated = _time(octets)
        case _:
            return None
    return (stated[0], ", ".join(dict.fromkeys(stated[1]))) if stated and stated[0] else None


def is_unmistakable(octets: bytes) -> bool:
    """Return whether octets of unknown meaning can only be a date-time: complete, of our time, consistent in itself.

    A serial number or a logical name does not pass by chance: the year's first octet is no printable character, a day
    of the week must be the right one, reserved bits must be zero.
    """
    if (
        len(octets) != 12
        or not 1970 <= int.from_bytes(octets[:2]) < 2100
        or _NOT_SPECIFIED in octets[2:4] + octets[5:7]
    ):
        return False
    if octets[11] != _NOT_SPECIFIED and octets[11] & _RESERVED_STATUS:
        return False
    stated = _date_time(octets)
    return stated is not None and not {WRONG_WEEKDAY, NO_SENSE, *_DAYS.values(), *_MONTHS.values()}.intersection(
        stated[1]
    )


def is_likely(octets: bytes) -> bool:
    """Return whether octets of unknown meaning are a date-time with fields left open, as in schedules and limits.

    Every field must be one that it may be, one at least open, and what says nothing at all is all open.
    """
    if len(octets) != 12 or _NOT_SPECIFIED not in octets[:8]:
        return False
    if octets[:9] == b"\xff" * 9:
        return octets[9:11] in (b"\x80\x00", b"\xff\xff") and octets[11] in (0, _NOT_SPECIFIED)
    year, weekday = int.from_bytes(octets[:2]), octets[4]
    if not (year == _ANY_YEAR or 1970 <= year < 2100) or not (weekday <= 7 or weekday == _NOT_SPECIFIED):
        return False
    if octets[11] != _NOT_SPECIFIED and octets[11] & _RESERVED_STATUS:
        return False
    stated = _date_time(octets)
    return stated is not None and bool(stated[0]) and NO_SENSE not in stated[1]


def _date_time(octets: bytes) -> tuple[str, list[str]] | None:
    """Return text and flags of the twelve octets; None when they are not a date-time."""
    day, time = _date(octets[:5]), _time(octets[5:9])
    if day is None or time is None:
        return None
    flags = [*day[1], *time[1]]
    text = f"{day[0]}T{time[0]}" if day[0] and time[0] else day[0] or time[0]
    if time[0]:
        deviation_min = int.from_bytes(octets[9:11], signed=True)
        if deviation_min == _UNSET_DEVIATION:
            flags.append(NO_DEVIATION)
        elif abs(deviation_min) > _DEVIATION_MIN:
            flags.append(NO_SENSE)
        else:
            hours, minutes = divmod(abs(deviation_min), 60)
            text += f"{'-' if deviation_min > 0 else '+'}{hours:02}:{minutes:02}"
    if octets[11] != _NOT_SPECIFIED:
        flags += [said for bit, said in _STATUS if octets[11] & bit]
    return text, flags


def _date(octets: bytes) -> tuple[str, list[str]] | None:
    """Return text and flags of the five octets of a date; None when they are not one."""
    year, month, day, weekday = int.from_bytes(octets[:2]), octets[2], octets[3], octets[4]
    if not _is_date(year, month, day):
        return None
    flags = [said for said in (_MONTHS.get(month), _DAYS.get(day)) if said]
    given = (year != _ANY_YEAR, 1 <= month <= 12, 1 <= day <= 31)
    if not all(given):
        flags.append(PARTLY)
        if weekday not in _NO_WEEKDAY:
            flags.append(f"weekday {weekday}")
    elif weekday not in (*_NO_WEEKDAY, date(year, month, day).isoweekday()):
        flags.append(WRONG_WEEKDAY)
    text = f"{year:04}" if given[0] else "-"
    text += f"-{month:02}" if given[1] else "-"
    text += f"-{day:02}" if given[2] else ""
    return text if any(given[1:]) else text.rstrip("-"), flags


def _is_date(year: int, month: int, day: int) -> bool:
    is_month = 1 <= month <= 12
    if not (1 <= year <= 9999 or year == _ANY_YEAR) or not (is_month or month in _MONTHS or month == _NOT_SPECIFIED):
        return False
    longest = monthrange(_LEAP_YEAR if year == _ANY_YEAR else year, month)[1] if is_month else 31
    return 1 <= day <= longest or day in _DAYS or day == _NOT_SPECIFIED


def _time(octets: bytes) -> tuple[str, list[str]] | None:
    """Return text and flags of the four octets of a time; None when they are not one."""
    bounds = ((octets[0], 23), (octets[1], 59), (octets[2], 59), (octets[3], 99))
    if any(field > most and field != _NOT_SPECIFIED for field, most in bounds):
        return None
    fields = ["-" if field == _NOT_SPECIFIED else f"{field:02}" for field in octets[:3]]
    flags = [PARTLY] if "-" in fields else []
    while fields and fields[-1] == "-":
        fields.pop()
    text = ":".join(fields)
    if len(fields) == 3 and octets[3] not in (0, _NOT_SPECIFIED):
        text += f".{octets[3]:02}"
    return text, flags


def date_time(when: datetime) -> bytes:
    """Return a COSEM date-time, 12 octets (IEC 62056-6-2, 4.1.6.1).

    The deviation leads from local time to UTC, so it is negative east of Greenwich. Without a time zone it stays
    unspecified, and the meter takes its own.
    """
    offset = when.utcoffset()
    deviation_min = None if offset is None else -round(offset.total_seconds() / 60)
    return date_time_of(when, deviation_min, is_summer=bool(when.dst()))


def date_time_of(local: datetime, deviation_min: int | None, *, is_summer: bool = False) -> bytes:
    """Return a COSEM date-time of a local time and the deviation to state beside it; None leaves that open."""
    status = 0xFF if deviation_min is None else 0x80 if is_summer else 0x00
    return (
        local.year.to_bytes(2)
        + bytes((local.month, local.day, local.isoweekday(), local.hour, local.minute, local.second))
        + bytes((local.microsecond // 10_000,))
        + (_UNSET_DEVIATION if deviation_min is None else deviation_min).to_bytes(2, signed=True)
        + bytes((status,))
    )
