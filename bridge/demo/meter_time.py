"""The demo meter's local time and how it writes it: with a deviation, a bit for daylight saving, or neither.

Without the fault ``local-time`` its local time is UTC. With it, it is that of Central Europe.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bridge.demo.cosem import date_time, from_date_time

if TYPE_CHECKING:
    from bridge.demo.faults import Faults

_STANDARD_S, _SUMMER_S = 3600, 7200
_UNSET = -0x8000
_SUMMER_STATUS = 0x80


class MeterTime:
    """Local time as one meter has it. Seconds are Unix seconds by its own clock.

    Args:
        faults: how it writes it.
    """

    def __init__(self, faults: Faults) -> None:
        self._how = faults.text("local-time") if faults.has("local-time") else ""
        self._sign = -1 if faults.has("inverted-deviation") else 1

    def is_summer(self, at_s: float) -> bool:
        """Return whether daylight saving is in force."""
        if not self._how:
            return False
        year = datetime.fromtimestamp(at_s, UTC).year
        return _last_sunday_s(year, 3) <= at_s < _last_sunday_s(year, 10)

    @property
    def tells_in_profile(self) -> bool:
        """Whether the load profile's status says that daylight saving is in force."""
        return self._how == "profile-status"

    def octets(self, at_s: float) -> bytes:
        """Return a COSEM date-time."""
        if not self._how:
            return date_time(at_s)
        summer = self.is_summer(at_s)
        offset_s = _SUMMER_S if summer else _STANDARD_S
        local = bytearray(date_time(at_s + offset_s))
        deviation = -offset_s // 60 * self._sign if self._how == "deviation" else _UNSET
        local[9:11] = deviation.to_bytes(2, signed=True)
        local[11] = _SUMMER_STATUS if summer and self._how in ("deviation", "clock-status") else 0
        return bytes(local)

    def of(self, octets: bytes, *, last: bool = False, ignores_deviation: bool = False) -> float:
        """Return the Unix seconds of an end of a range.

        Args:
            octets: a COSEM date-time.
            last: whether the hour that comes twice means the second one.
            ignores_deviation: take it for local time whatever it says.

        Raises:
            ValueError: no such date.
        """
        deviation = int.from_bytes(octets[9:11], signed=True)
        if deviation != _UNSET and not ignores_deviation:
            plain_s = from_date_time(octets[:9] + _UNSET.to_bytes(2, signed=True) + octets[11:])
            return plain_s + deviation * 60 * self._sign
        local_s = from_date_time(octets[:9] + b"\x00\x00\x00")
        if not self._how:
            return local_s
        told = [local_s - offset_s for offset_s in (_SUMMER_S, _STANDARD_S)]
        right = [at_s for at_s, summer in zip(told, (True, False), strict=True) if self.is_summer(at_s) == summer]
        return right[-1 if last else 0] if right else told[0]


def _last_sunday_s(year: int, month: int) -> float:
    """Return 01:00 UTC of the last Sunday of March or October."""
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return (last - timedelta(days=last.isoweekday() % 7)).timestamp()
