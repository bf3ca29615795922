"""The ledger of boots: when each boot of the machine began, in wall time, and how surely that is known. Pure.

A boot has an *anchor*: the wall time at which its BOOTTIME was 0. With it every stamp of the boot is a time, over any
number of restarts of the bridge. Each anchor ever adopted is an *era* with a number of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from bridge.clock.moment import time_ms

if TYPE_CHECKING:
    from bridge.clock.moment import Moment

Grade = Literal["synchronised", "witnessed", "presumed", "estimated"]
"""How surely an anchor is known, surest first."""
GRADES: tuple[Grade, ...] = get_args(Grade)
KEPT = 256
"""Boots that are remembered; a sample waits in the outbox for fewer."""
_NO_TIME_MS = 100_000_000_000_000
"""The year 5138: a number from there on is damage, and no calendar takes it."""


@dataclass(frozen=True, slots=True)
class Boot:
    """One boot.

    Args:
        boot: its number.
        shown_ns: what the wall clock, right or wrong, said that its beginning was.
        floor_ms: it began no earlier than this, as was known when it began.
        seen_ns: the latest BOOTTIME of it that the bridge saw.
        anchor_ns: the wall time of its beginning; None while that is not known.
        era: the number of that anchor.
        grade: how surely it is known.
        confirmed_ns: BOOTTIME when it was last confirmed; 0 while it never was.
        meters_ns: what the meters' clocks say that its beginning was; None where they said nothing.
    """

    boot: int
    shown_ns: int
    floor_ms: int = 0
    seen_ns: int = 0
    anchor_ns: int | None = None
    era: int = 0
    grade: Grade = "estimated"
    confirmed_ns: int = 0
    meters_ns: int | None = None

    @property
    def end_ns(self) -> int | None:
        """Wall time at which the bridge last saw it; None while its anchor is not known."""
        return None if self.anchor_ns is None else self.anchor_ns + self.seen_ns


class Time(NamedTuple):
    """A wall time.

    Args:
        ts_ms: milliseconds since 1970-01-01 UTC.
        is_estimated: whether it comes from the meters' clocks, or from less.
    """

    ts_ms: int
    is_estimated: bool


@dataclass(slots=True)
class Ledger:
    """What is kept of all boots.

    Args:
        boots: by number, oldest first.
        eras: the last era's number.
        confirmed_ms: the latest time known to have been, by a clock that was synchronised or that meters confirmed.
        presumed_ms: the same, with times that nothing spoke against.
        offsets_s: how far each meter's clock was ahead of ours in good times.
    """

    boots: dict[int, Boot] = field(default_factory=dict)
    eras: int = 0
    confirmed_ms: int = 0
    presumed_ms: int = 0
    offsets_s: dict[str, float] = field(default_factory=dict)

    def time_of(self, stamp: Moment) -> Time | None:
        """Return when that was; None while nobody knows."""
        boot = self.boots.get(stamp.boot)
        if boot is None or boot.anchor_ns is None:
            return None
        return Time(time_ms(boot.anchor_ns, boot.era, stamp.up_ns), is_estimated=boot.grade == "estimated")

    def meet(self, stamp: Moment, wall_ns: int) -> Boot:
        """Return the stamp's boot; one that is new is entered with what its wall clock showed."""
        boot = self.boots.get(stamp.boot)
        if boot is None:
            floor_ms = max(self.confirmed_ms, self.presumed_ms)
            boot = Boot(stamp.boot, wall_ns - stamp.up_ns, floor_ms=floor_ms, seen_ns=stamp.up_ns)
            self.put(boot)
            while len(self.boots) > KEPT:
                del self.boots[next(iter(self.boots))]
        return boot

    def meet_lost(self, stamp: Moment, wall_ns: int, present: int) -> None:
        """Enter a boot that came before the present one, of which a sample is all that is left."""
        now = self.boots.pop(present)
        self.put(Boot(stamp.boot, wall_ns - stamp.up_ns, seen_ns=stamp.up_ns))
        self.put(now)

    def put(self, boot: Boot) -> None:
        """Keep ``boot`` as it is now."""
        self.boots[boot.boot] = boot

    def anchor(self, number: int, anchor_ns: int, grade: Grade) -> Boot:
        """Adopt an anchor for a boot: a new era."""
        self.eras += 1
        boot = replace(self.boots[number], anchor_ns=anchor_ns, era=self.eras, grade=grade)
        self.put(boot)
        return boot

    def plain(self) -> dict[str, Any]:
        """Return what a file holds."""
        return {
            "eras": self.eras,
            "confirmed_ms": self.confirmed_ms,
            "presumed_ms": self.presumed_ms,
            "offsets_s": dict(self.offsets_s),
            "boots": [{name: getattr(boot, name) for name in boot.__slots__} for boot in self.boots.values()],
        }


def from_plain(plain: Any) -> Ledger:
    """Return the ledger that :meth:`Ledger.plain` gave.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    ledger = Ledger(
        eras=int(plain["eras"]),
        confirmed_ms=int(plain["confirmed_ms"]),
        presumed_ms=int(plain["presumed_ms"]),
        offsets_s={str(meter): float(offset_s) for meter, offset_s in plain["offsets_s"].items()},
    )
    if not all(0 <= time_ms < _NO_TIME_MS for time_ms in (ledger.confirmed_ms, ledger.presumed_ms)):
        raise ValueError(plain)
    for one in plain["boots"]:
        boot = Boot(**one)
        numbers = (boot.boot, boot.shown_ns, boot.floor_ms, boot.seen_ns, boot.era, boot.confirmed_ns)
        if not all(isinstance(number, int) for number in numbers) or boot.grade not in GRADES:
            raise ValueError(one)
        if not all(isinstance(number, int | None) for number in (boot.anchor_ns, boot.meters_ns)):
            raise ValueError(one)
        times_ns = (boot.shown_ns, boot.seen_ns, boot.anchor_ns or 0, boot.meters_ns or 0, boot.floor_ms * 1_000_000)
        if not all(abs(time_ns) < _NO_TIME_MS * 1_000_000 for time_ns in times_ns):
            raise ValueError(one)
        ledger.put(boot)
    return ledger
