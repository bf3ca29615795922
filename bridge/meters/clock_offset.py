"""How far a meter's clock is off: the time it states, compared with ours. Pure; ``dates.py`` read the octets."""

from __future__ import annotations

from datetime import datetime
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
    if not isinstance(stated, str) or dates.INVALID in quality or dates.PARTLY in quality:
        return None
    try:
        time = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return None if time.tzinfo is None else time.timestamp()


def drift_s(stated: Scalar | None, at_s: float, quality: str = "") -> float | None:
    """Return the meter's clock less ours, seconds; None where :func:`stated_s` has none.

    Args:
        stated: what the clock's register gave.
        at_s: Unix time at which it was asked for.
        quality: what is to be said against it.
    """
    said_s = stated_s(stated, quality)
    return None if said_s is None else said_s - at_s
