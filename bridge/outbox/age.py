"""How long samples have waited, by a clock that steps of the wall clock do not move.

The outbox's clock counts the seconds that the machine has run with this outbox: the kernel's BOOTTIME, which nobody
sets, added up over boots. A row remembers the reading at which it was accepted.

Rules
    Within a boot (the kernel's boot id is the same) it advances with BOOTTIME, over any number of restarts.
    After a boot it continues from the highest reading in the file: time without power is not counted.
    So it never runs ahead of true time: a sample is never taken for older than it is, though it may be kept longer.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Anchor(NamedTuple):
    """A reading of both clocks at one moment, as the file keeps it.

    Args:
        boot_id: which boot of the machine.
        boottime_s: BOOTTIME's reading.
        age_s: this clock's.
    """

    boot_id: str
    boottime_s: float
    age_s: float


class AgeClock:
    """The outbox's clock.

    Args:
        boottime_s: seconds since the machine started, sleep included.
        boot_id: the kernel's name for this boot; empty where there is none, and then every start counts as a boot.
    """

    def __init__(self, boottime_s: Callable[[], float] | None = None, boot_id: str | None = None) -> None:
        self._boottime_s = boottime_s or _boottime_s
        self._boot_id = _this_boot() if boot_id is None else boot_id
        self._offset_s = 0.0

    def go_on_from(self, anchor: Anchor | None, newest_s: float) -> Anchor:
        """Set the clock by what the file holds; return the anchor that it should hold from now on.

        Args:
            anchor: what was kept; None in a new file.
            newest_s: the highest reading that any row has.
        """
        now_s = self._boottime_s()
        if anchor is not None and self._boot_id and anchor.boot_id == self._boot_id and anchor.boottime_s <= now_s:
            self._offset_s = anchor.age_s - anchor.boottime_s
            return anchor
        reading_s = max(newest_s, anchor.age_s if anchor else 0.0)
        self._offset_s = reading_s - now_s
        return Anchor(self._boot_id, now_s, reading_s)

    def now_s(self) -> float:
        """Return the reading now."""
        return self._boottime_s() + self._offset_s


def _boottime_s() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def _this_boot() -> str:
    with suppress(OSError):
        return _BOOT_ID.read_text().strip()
    return ""
