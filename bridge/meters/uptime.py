"""The machine's time since it was started: the only one that nobody sets."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Uptime(NamedTuple):
    """Which start of the machine this is, and how many seconds ago that was, sleep included."""

    boot: str
    seconds: float


def since_boot() -> Uptime:
    """Return for how long this machine has been running, which no clock that is set changes."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    try:
        return Uptime(_BOOT_ID.read_text(encoding="ascii").strip(), time.clock_gettime(clock))
    except OSError:
        return Uptime("", time.clock_gettime(clock))
