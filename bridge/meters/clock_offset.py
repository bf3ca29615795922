"""How far a meter's clock is off: the time it states, compared with ours. Pure; ``dates.py`` read the octets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.dlms import dates
from bridge.dlms.cosem_classes import CLOCK

if TYPE_CHECKING:
    from bridge.dlms.register import Register
    from bridge.sample import Scalar

_TIME = 2
"""Attribute of the clock (IEC 62056-6-2, 4.5.1)."""
TOLERANCE_S = 60.0
"""A clock that is off by more needs attention: intervals and tariffs end at the wrong time."""


def is_clock(register: Register) -> bool:
    """Return whether ``register`` is a meter's clock."""
    return (register.class_id, register.attribute) == (CLOCK, _TIME)


def stated_s(stated: Scalar | None, quality: str = "") -> float | None:
    """Return the time that a meter's clock states, Unix seconds.

    Args:
        stated: what the clock's register gave: a date-time in ISO 8601.
        quality: any doubt about it, from ``dates.py``.

    Returns:
        None when the meter does not say its deviation from UTC, leaves a part open, or distrusts its clock:
        a guess would be worse than no figure.
    """
    time = _stated(stated, quality)
    return None if time is None else time.timestamp()


def _stated(stated: Scalar | None, quality: str) -> datetime | None:
    if not isinstance(stated, str) or dates.INVALID in quality or dates.PARTLY in quality:
        return None
    try:
        time = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return None if time.tzinfo is None else time


def drift_s(stated: Scalar | None, at_s: float, quality: str = "") -> float | None:
    """Return the meter's clock less ours, seconds; None where :func:`stated_s` has none.

    Some meters state their deviation with the wrong sign. A clock that is right by that is right: its history is dated
    so, too (``dlms/history/stamps.py``), and nobody is to set it.

    Args:
        stated: what the clock's register gave.
        at_s: Unix time at which it was asked for.
        quality: what is to be said against it.
    """
    time = _stated(stated, quality)
    if time is None:
        return None
    off_s = time.timestamp() - at_s
    mirrored_s = off_s + 2 * (time.utcoffset() or timedelta()).total_seconds()
    return mirrored_s if abs(mirrored_s) <= TOLERANCE_S < abs(off_s) else off_s
