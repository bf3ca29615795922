"""How far a meter's clock is off: the COSEM date-time that it states, against ours. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.meters.profile import Register
    from bridge.sample import Scalar

_CLOCK_CLASS, _TIME = 8, 2
"""Clock, attribute time (IEC 62056-6-2, 4.5.1)."""
TOLERANCE_S = 60.0
"""A clock that is off by more wants a look: intervals and tariffs end at the wrong time."""
_OCTETS = 12
_NOT_SPECIFIED = 0xFF
_NO_DEVIATION = -0x8000
_INVALID = 0x01  # bit 0 of the clock status: the meter itself does not trust its clock


def is_clock(register: Register) -> bool:
    """Return whether ``register`` is a meter's clock."""
    return (register.class_id, register.attribute) == (_CLOCK_CLASS, _TIME)


def drift_s(stated: Scalar | None, at_s: float) -> float | None:
    """Return the meter's clock less ours, seconds.

    Args:
        stated: what the clock's register gave: a COSEM date-time in hex (IEC 62056-6-2, 4.1.6.1) or ISO 8601.
        at_s: Unix time at which it was asked for.

    Returns:
        None when the meter does not say its deviation from UTC, leaves a part open, or distrusts its clock:
        a guess would be worse than no figure.
    """
    if not isinstance(stated, str):
        return None
    try:
        time = _from_octets(bytes.fromhex(stated)) if len(stated) == 2 * _OCTETS else datetime.fromisoformat(stated)
    except ValueError:
        return None
    return None if time is None or time.tzinfo is None else time.timestamp() - at_s


def _from_octets(octets: bytes) -> datetime | None:
    year, month, day = int.from_bytes(octets[:2]), octets[2], octets[3]
    hour, minute, second, hundredths = octets[5:9]
    deviation_min = int.from_bytes(octets[9:11], signed=True)
    if deviation_min == _NO_DEVIATION or (octets[11] != _NOT_SPECIFIED and octets[11] & _INVALID):
        return None
    part = 0 if hundredths == _NOT_SPECIFIED else hundredths * 10_000
    # The deviation leads from local time to UTC: an hour east of Greenwich it is -60.
    return datetime(year, month, day, hour, minute, second, part, UTC) + timedelta(minutes=deviation_min)
