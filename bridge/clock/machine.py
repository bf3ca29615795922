"""The machine's clocks, read. The one place in the bridge that asks for the time of day.

Linux has all of it. Elsewhere there is no boot id, so each process counts as a boot, and nobody says whether the clock
is synchronised: then the other rules of ``trust.py`` decide.
"""

from __future__ import annotations

import ctypes
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bridge.clock.moment import Moment, boot_number

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMESYNC = Path("/run/systemd/timesync/synchronized")
_BOOTTIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_TRIES = 3
_UNSYNCHRONISED = 0x0040  # STA_UNSYNC of adjtimex(2)
_STATUS_AT = 40 if ctypes.sizeof(ctypes.c_long) == 8 else 20  # offset of the field in struct timex
_TIMEX_BYTES = 512  # more than the structure has anywhere


class ClockReading(NamedTuple):
    """All clocks at one moment.

    Args:
        moment: when.
        wall_ns: CLOCK_REALTIME, nanoseconds since 1970-01-01 UTC.
        synchronised: whether the kernel knows that a time service keeps the wall clock; None where it cannot be asked.
        served: changes whenever systemd's time service sets the clock; None before it has, or where it is not seen. It
            says nothing of who set the clock after that.
    """

    moment: Moment
    wall_ns: int
    synchronised: bool | None
    served: int | None = None

    @property
    def offset_ns(self) -> int:
        """What the wall clock says that BOOTTIME 0 was."""
        return self.wall_ns - self.moment.up_ns


class Machine:
    """Reads them.

    Args:
        boot_id: file with the kernel's name for this boot.
        timesync: file that systemd-timesyncd touches whenever it has set the clock; seen where it is mounted.
    """

    def __init__(self, *, boot_id: Path = _BOOT_ID, timesync: Path = _TIMESYNC) -> None:
        self._boot = 0
        with suppress(OSError, ValueError):
            self._boot = boot_number(boot_id.read_text(encoding="ascii").strip())
        if not self._boot:
            self._boot = int.from_bytes(os.urandom(6), "big") or 1
        self._timesync = timesync

    def moment(self) -> Moment:
        """Return this moment."""
        return Moment(self._boot, time.clock_gettime_ns(_BOOTTIME))

    def read(self) -> ClockReading:
        """Read all clocks. The two that are compared are read as close together as the machine can."""
        pairs = []
        for _ in range(_TRIES):
            before_ns = time.clock_gettime_ns(_BOOTTIME)
            wall_ns = time.time_ns()
            after_ns = time.clock_gettime_ns(_BOOTTIME)
            pairs.append((after_ns - before_ns, (before_ns + after_ns) // 2, wall_ns))
        _, up_ns, wall_ns = min(pairs)
        return ClockReading(Moment(self._boot, up_ns), wall_ns, is_synchronised(), self._served())

    def _served(self) -> int | None:
        try:
            return self._timesync.stat().st_mtime_ns
        except OSError:
            return None


def wall_s() -> float:
    """Return what the wall clock shows, right or wrong, Unix seconds: for commands, which live for a moment."""
    return time.time()


def is_synchronised() -> bool | None:
    """Return whether the kernel's clock is disciplined by a time service (NTP); None when it cannot be asked.

    It is the host's clock: a container has none of its own. Asking takes no privilege. Where a sandbox forbids the
    call (EPERM, ENOSYS) the answer is None.
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
