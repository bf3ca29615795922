"""Moment: a moment as the machine counts it, which no step of the wall clock moves. Pure."""

from __future__ import annotations

from typing import NamedTuple

SLOT_NS = 8_000_000
"""Times are given in slots of 8 ms. Who takes stamps of one meter keeps them that far apart."""
_SLOT_MS = SLOT_NS // 1_000_000


class Moment(NamedTuple):
    """A moment.

    Args:
        boot: which boot of the machine, see :func:`boot_number`; 0 for a sample of a version that kept none.
        up_ns: CLOCK_BOOTTIME then, nanoseconds since that boot, sleep included.
    """

    boot: int
    up_ns: int

    def no_sooner_than(self, earlier: Moment | None) -> Moment:
        """Return this stamp, or the first one that is a slot behind ``earlier``: two samples never share a time."""
        if earlier is None or earlier.boot != self.boot or self.up_ns - earlier.up_ns >= SLOT_NS:
            return self
        return Moment(self.boot, earlier.up_ns + SLOT_NS)


def boot_number(boot_id: str) -> int:
    """Return the kernel's boot id as a number that fits a row: its first 48 bits; never 0.

    Args:
        boot_id: as ``/proc/sys/kernel/random/boot_id`` has it, a random UUID.
    """
    return int(boot_id.replace("-", "")[:12], 16) or 1


def time_ms(anchor_ns: int, era: int, up_ns: int) -> int:
    """Return the wall time of a moment of a boot, milliseconds since 1970-01-01 UTC, exact to 8 ms.

    The clock can be set back over times that are already in use. So each era, that is each anchor ever adopted, has a
    millisecond of its own in every slot: the times of eight eras in a row never meet, whatever happened to the clock.

    Args:
        anchor_ns: wall time at which the boot's BOOTTIME was 0, nanoseconds.
        era: number of that anchor.
        up_ns: BOOTTIME then.
    """
    return (anchor_ns + up_ns) // SLOT_NS * _SLOT_MS + era % _SLOT_MS
