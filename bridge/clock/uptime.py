"""The machine's uptime: the only clock that nobody sets."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Uptime(NamedTuple):
    """Which boot this is, and how many seconds ago it was, sleep included."""

    boot: str
    seconds: float


def since_boot() -> Uptime:
    """Return how long this machine has been running; setting a clock does not change it."""
    try:
        return Uptime(_BOOT_ID.read_text(encoding="ascii").strip(), up_s())
    except OSError:
        return Uptime("", up_s())


def up_s() -> float:
    """Return the seconds alone: they go on while this process is stopped, and while the machine sleeps."""
    return time.clock_gettime(_CLOCK)
