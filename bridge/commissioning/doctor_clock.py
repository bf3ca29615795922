"""The doctor on the clock: can it be right, and does something keep it right. After an outage often neither."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bridge.commissioning.finding import Finding, bad, good, left_out, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

_EARLIEST_S = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""No bridge of this version ran before: a clock that shows less has lost its battery."""
_SLACK_S = 120.0
_UNSYNCHRONISED = 0x0040  # STA_UNSYNC of adjtimex(2)
_STATUS_AT = 40 if ctypes.sizeof(ctypes.c_long) == 8 else 20  # offset of the field in struct timex
_TIMEX_BYTES = 512  # more than the structure has anywhere


def judge(now_s: float, newest_s: float | None, *, synchronised: bool | None) -> Iterator[Finding]:
    """Yield whether the clock can be right and is kept right.

    Args:
        now_s: what it shows, Unix seconds.
        newest_s: the newest time known to have been: of a sample, of a file; None when nothing is known.
        synchronised: what the kernel says; None when it does not say.
    """
    shown = datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if now_s < _EARLIEST_S:
        yield bad("doctor.clock.old", "doctor.clock.fix", shown=shown)
    elif newest_s is not None and newest_s > now_s + _SLACK_S:
        newest = datetime.fromtimestamp(newest_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
        yield bad("doctor.clock.went_back", "doctor.clock.fix", shown=shown, newest=newest)
    elif synchronised is None:
        yield left_out("doctor.clock.unknown", "doctor.clock.look", shown=shown)
    elif synchronised:
        yield good("doctor.clock.synchronised", shown=shown)
    else:
        yield warn("doctor.clock.unsynchronised", "doctor.clock.fix", shown=shown)


def is_synchronised() -> bool | None:
    """Return whether the kernel's clock is disciplined by a time service (NTP); None when it cannot be asked.

    It is the host's clock: a container has none of its own.
    """
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)  # modes = 0: only asks
    if adjtimex(timex) < 0:
        return None
    status = ctypes.c_int.from_buffer(timex, _STATUS_AT).value
    return not status & _UNSYNCHRONISED


def now_s() -> float:
    """Return the wall clock, Unix seconds."""
    return time.time()
