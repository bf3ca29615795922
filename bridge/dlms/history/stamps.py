"""When a row was captured: its clock in UTC, whatever the meter says or leaves out about its zone. Pure.

Daylight saving makes no extra rows (the meter's day has 23 or 25 hours): only the deviation, the bit of the clock's
status, the bit of the profile's status, or the order of the rows tells the two passes of the doubled hour apart.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.dates import INVALID

if TYPE_CHECKING:
    from datetime import tzinfo

_OCTETS, _OPEN, _UNSET_DEVIATION = 12, 0xFF, -0x8000
_DEVIATION_MIN = 15 * 60
_SUMMER, _INVALID_CLOCK = 0x80, 0x01
_HOUR_MIN = 60


class MeterZone(NamedTuple):
    """What a meter's clock said about its zone when the layout was read.

    Args:
        deviation_min: as it stands in its clock; None where it states none.
        is_summer: whether daylight saving was in force there.
        is_inverted: whether it leads from UTC to local time, against the standard.
        found_min: minutes that a clock which states none was ahead of UTC when it was compared; None where it was not,
            or where that is no zone's.
    """

    deviation_min: int | None = None
    is_summer: bool = False
    is_inverted: bool = False
    found_min: int | None = None

    @property
    def offset_min(self) -> int | None:
        """Minutes that its local time is ahead of UTC, as its clock said or showed; None where that is not known."""
        if self.deviation_min is None:
            return self.found_min
        return self.deviation_min if self.is_inverted else -self.deviation_min


class LocalStamp(NamedTuple):
    """A clock as a meter states it.

    Args:
        local: its local time.
        deviation_min: as it stands there; None where it is open or makes no sense.
        is_summer: whether its status says that daylight saving is in force.
        doubt: what it says against itself.
    """

    local: datetime
    deviation_min: int | None
    is_summer: bool
    doubt: str


def local_of(octets: bytes) -> LocalStamp | None:
    """Return what the twelve octets of a date-time say; None where they name no moment."""
    if len(octets) != _OCTETS or _OPEN in octets[2:4] + octets[5:7]:
        return None
    year, month, day, hour, minute = int.from_bytes(octets[:2]), octets[2], octets[3], octets[5], octets[6]
    second = 0 if octets[7] == _OPEN else octets[7]
    try:
        local = datetime(year, month, day, 0 if hour == 24 else hour, minute, second)  # noqa: DTZ001 - local it is
        local += timedelta(days=hour == 24)  # the end of a day, as some write it
    except (ValueError, OverflowError):
        return None
    deviation_min = int.from_bytes(octets[9:11], signed=True)
    status = 0 if octets[11] == _OPEN else octets[11]
    return LocalStamp(
        local,
        None if deviation_min == _UNSET_DEVIATION or abs(deviation_min) > _DEVIATION_MIN else deviation_min,
        bool(status & _SUMMER),
        INVALID if status & _INVALID_CLOCK else "",
    )


class LocalTime:
    """The rules by which a meter's local time becomes UTC.

    Args:
        zone: what its clock says.
        here: the zone to go by where the meter states none.
    """

    __slots__ = ("_follows_here", "_here", "_standard_min", "_zone")

    def __init__(self, zone: MeterZone, here: tzinfo) -> None:
        self._zone = zone
        self._here = here
        # Its two offsets, in winter and in summer.
        year = [datetime(2026, month, 1, tzinfo=here) for month in (1, 7)]
        here_min = {(when.utcoffset() or timedelta()).total_seconds() / 60 for when in year}
        offset_min = zone.offset_min
        if zone.deviation_min is None and any(here_min):  # what a clock seems to leave out is a guess; this is a zone
            offset_min = None
        self._standard_min = None if offset_min is None else offset_min - _HOUR_MIN * zone.is_summer
        # A meter set to one of them is taken to change them with it.
        self._follows_here = offset_min is None or offset_min in here_min

    @property
    def doubt(self) -> str:
        """What is to be said against the zone by which clocks are read that state none; empty when nothing."""
        if self._zone.deviation_min is not None or self._zone.found_min is None or self._follows_here:
            return ""
        return f"its clock states no time zone and is {self._zone.found_min:+d} min off UTC, as this machine's never is"

    def ms(self, stamp: LocalStamp, *, is_summer: bool, marks_summer: bool, after_ms: int | None) -> int:
        """Return the time of ``stamp``, milliseconds since 1970-01-01 UTC.

        Args:
            stamp: a row's clock.
            is_summer: whether the row says in any way that daylight saving was in force.
            marks_summer: whether rows around it say so: then one that does not was captured in standard time.
            after_ms: the time of the row before it, where the order of rows tells something.
        """
        if stamp.deviation_min is not None:
            minutes = -stamp.deviation_min if self._zone.is_inverted else stamp.deviation_min
            return _utc_ms(stamp.local) + 60_000 * minutes
        first_min, second_min = self.offsets_min(stamp.local)
        if is_summer:
            if self._standard_min is not None:
                return _utc_ms(stamp.local) - 60_000 * (self._standard_min + _HOUR_MIN)
            return _utc_ms(stamp.local) - 60_000 * first_min
        first_ms, second_ms = (_utc_ms(stamp.local) - 60_000 * minutes for minutes in (first_min, second_min))
        if first_ms == second_ms or marks_summer:
            return second_ms
        return second_ms if after_ms is not None and first_ms <= after_ms < second_ms else first_ms

    def offsets_min(self, local: datetime) -> tuple[int, int]:
        """Return how many minutes a local time is ahead of UTC: in its first pass and in its second one.

        The two are the same but for the hour that is told twice.
        """
        if self._standard_min is not None and not self._follows_here:
            return self._standard_min, self._standard_min
        first, second = (local.replace(tzinfo=self._here, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
        return round(first.total_seconds() / 60), round(second.total_seconds() / 60)

    def local(self, at_ms: int) -> datetime:
        """Return the meter's local time at ``at_ms``."""
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        if self._standard_min is not None and not self._follows_here:
            return at.replace(tzinfo=None) + timedelta(minutes=self._standard_min)
        return at.astimezone(self._here).replace(tzinfo=None)

    def may_be_ambiguous(self, start_ms: int, end_ms: int) -> bool:
        """Return whether the offset changes between two times, or may do so by rules that are not known here."""
        offsets_s = {round(_utc_ms(self.local(at_ms)) / 1000) - round(at_ms / 1000) for at_ms in (start_ms, end_ms)}
        return not self._follows_here or len(offsets_s) > 1


def _utc_ms(local: datetime) -> int:
    return round(local.replace(tzinfo=UTC).timestamp() * 1000)


def ms_of(when: datetime, zone: MeterZone, here: tzinfo) -> int:
    """Return an instant in milliseconds since 1970-01-01 UTC; without a time zone it is the meter's own local time."""
    if when.tzinfo is not None:
        return round(when.timestamp() * 1000)
    stamp = LocalStamp(when, None, is_summer=False, doubt="")
    return LocalTime(zone, here).ms(stamp, is_summer=False, marks_summer=False, after_ms=None)
