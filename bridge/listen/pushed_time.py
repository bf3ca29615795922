"""When a pushed message was: the time that it states, judged; else when it came. Pure.

A meter's clock is not ours. What it states is taken where it names a moment that may be: not ahead of now by more than
:data:`AHEAD_S`, not older than :data:`OLDEST_S`, and not called invalid by the meter itself. A meter that keeps what it
could not send, and sends it a week later, is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.history.stamps import LocalTime, MeterZone, local_of

if TYPE_CHECKING:
    from datetime import tzinfo

AHEAD_S = 300
OLDEST_S = 400 * 86_400
_NO_SOONER_MS, _NO_LATER_MS = (
    1_420_070_400_000,
    4_102_444_800_000,
)  # 2015 and 2100: all that can be said without a clock


class StatedTime(NamedTuple):
    """What a message says of its time.

    Args:
        ts_ms: it, milliseconds since 1970-01-01 UTC; None where the arrival counts.
        doubt: why it is not taken although something is stated; empty otherwise.
    """

    ts_ms: int | None
    doubt: str = ""


class PushedTime:
    """Judges.

    Args:
        here: the zone to go by where a meter states none.
    """

    def __init__(self, here: tzinfo) -> None:
        self._local = LocalTime(MeterZone(), here)

    def of(self, octets: bytes, now_ms: int | None) -> StatedTime:
        """Return the time.

        Args:
            octets: a COSEM date-time; empty for none.
            now_ms: our time; None while it is not known.
        """
        stamp = local_of(octets)
        if stamp is None:
            return StatedTime(None, "names no moment" if octets.strip(b"\xff\x80\x00") else "")
        if stamp.doubt:
            return StatedTime(None, f"its own clock says: {stamp.doubt}")
        ts_ms = self._local.ms(stamp, is_summer=stamp.is_summer, marks_summer=False, after_ms=None)
        if now_ms is None:
            return StatedTime(ts_ms) if _NO_SOONER_MS <= ts_ms < _NO_LATER_MS else StatedTime(None, "cannot be")
        if ts_ms > now_ms + AHEAD_S * 1000:
            return StatedTime(None, f"is {(ts_ms - now_ms) / 1000:.0f} s ahead of now")
        if ts_ms < now_ms - OLDEST_S * 1000:
            return StatedTime(None, "is more than a year ago")
        return StatedTime(ts_ms)
