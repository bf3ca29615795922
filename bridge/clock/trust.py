"""Can the wall clock be trusted? The rules, and nothing else. Pure.

The first rule that fits decides::

    what is so                                                                          the clock is
    1  CLOCK__PATIENCE is 0: somebody says that the host's clock is right               presumed
    2  it is before this release was made                                               wrong
    3  it is before a time that is confirmed to have been                               wrong
    4  synchronised (kernel's STA_UNSYNC, or systemd's file)                            synchronised
    5  not stepped since it was synchronised or witnessed in this boot                  as it was
    6  the meters' clocks, of which it is known how far they are off, say the same      witnessed
       (within a minute; after a step, and are nearer to it than to the time before)
    7  they say something else: one of them; two where it was not stepped               wrong
    8  stepped since it was confirmed in this boot, further than a clock drifts         wrong
    9  not stepped since it was presumed in this boot                                   presumed
    10 it is before a time that was presumed, and was never trusted in this boot        wrong
    11 no step for CLOCK__PATIENCE, and the machine runs that long                      presumed
    12 else                                                                             unsure

``synchronised``, ``witnessed`` and ``presumed`` are trusted, ``unsure`` and ``wrong`` are not.

Why in this order: without a time service the kernel says "unsynchronised" for ever, in most containers and virtual
machines, and it means nothing; so it takes nothing from the clock (11), and a machine that has run for a while is
trusted at once. The other way round "synchronised" means a lot, but for a service that hands on the time of a host that
lost its own (2, 3). A confirmed time is contradicted only by one that is synchronised, and only after the patience: two
time services that differ are no reason to hold samples back for ever. Nothing sets the clock of a running machine back
but somebody who means it: a presumed time holds back a clock that came up wrong, not one that was set (10). But what
was confirmed is better than what somebody sets: BOOTTIME goes on from it (8).

ThingsBoard is no witness: none of its answers over MQTT carries a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.clock.boots import Grade

RELEASED_S = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
"""No bridge of this release ran before."""
WITNESS_S = 60.0
"""Meters' clocks confirm ours within this, and contradict it beyond."""
SAME_NS = 50_000_000
"""Two looks at the clocks differ by less when nothing happened: by microseconds, on a busy machine by milliseconds."""
DRIFT = 1e-4
"""A machine's clock without a time service gains or loses at most 8.6 s a day."""
STEP_NS = 2_000_000_000
"""A change up to this is followed without a word: a time service that begins to work, a leap second."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the wall clock now.

    Args:
        wall_ms: what it shows, milliseconds since 1970-01-01 UTC.
        synchronised: what the system says; None when it says nothing.
        grade: how surely this boot's anchor is known; None when there is none, or a meter's estimate alone.
        stepped_ns: how far the clock is from that anchor.
        since_confirmed_s: for how long that anchor was not confirmed.
        confirmed_ms: the latest time that is confirmed to have been.
        presumed_ms: the latest that nothing spoke against.
        meters: how many meters' clocks were heard of which the offset is known.
        meters_s: how far they are ahead of the wall clock, their offsets allowed for, the median.
        quiet_s: for how long the clock has not been stepped, or the machine run, whichever is less.
        patience_s: ``CLOCK__PATIENCE``.
    """

    wall_ms: int
    synchronised: bool | None
    grade: Grade | None
    stepped_ns: int
    since_confirmed_s: float
    confirmed_ms: int
    presumed_ms: int
    meters: int
    meters_s: float
    quiet_s: float
    patience_s: float

    @property
    def is_quiet(self) -> bool:
        """Whether the patience has passed."""
        return self.quiet_s >= self.patience_s

    @property
    def is_as_it_was(self) -> bool:
        """Whether it was trusted in this boot and not stepped since."""
        return self.grade is not None and abs(self.stepped_ns) <= STEP_NS

    @property
    def was_confirmed(self) -> bool:
        """Whether the anchor of this boot is more than presumed."""
        return self.grade in ("synchronised", "witnessed")

    @property
    def is_far_off(self) -> bool:
        """Whether it is further from the anchor than it can have drifted since that was confirmed."""
        return abs(self.stepped_ns) > STEP_NS + DRIFT * self.since_confirmed_s * 1e9

    @property
    def meters_agree(self) -> bool:
        """Whether the meters' clocks, if any was heard, say what the wall clock shows."""
        before_s = self.meters_s + self.stepped_ns / 1e9  # how far they are ahead of the time before the step
        is_nearer = self.grade is None or self.is_as_it_was or abs(self.meters_s) < abs(before_s)
        return abs(self.meters_s) <= WITNESS_S and is_nearer


@dataclass(frozen=True, slots=True)
class TrustVerdict:
    """What the rules say.

    Args:
        grade: how surely the clock is right; None when it is not to be trusted.
        why: the reason, for a person.
        is_wrong: whether something speaks against it.
    """

    grade: Grade | None
    why: str
    is_wrong: bool = False


def judge(e: Evidence) -> TrustVerdict:  # noqa: C901, PLR0911 - the table, line by line
    """Return whether the clock can be trusted; see the module's table."""
    if e.patience_s <= 0:
        return TrustVerdict("synchronised" if e.synchronised else "presumed", "CLOCK__PATIENCE=0 says so")
    if e.wall_ms < RELEASED_S * 1000:
        return _wrong(f"it shows {_text(e.wall_ms)}, before this release was made")
    if e.wall_ms < e.confirmed_ms and not (e.synchronised and e.is_quiet):
        return _wrong(f"it shows {_text(e.wall_ms)}, and it was {_text(e.confirmed_ms)} before")
    if e.synchronised:
        return TrustVerdict("synchronised", "a time service keeps it")
    if e.is_as_it_was and e.was_confirmed:
        return TrustVerdict(e.grade, "it was not stepped since it was confirmed")
    if e.meters and e.meters_agree:
        return TrustVerdict("witnessed", "the meters' clocks say the same")
    if e.meters and not (e.is_as_it_was and e.meters == 1):
        return _wrong(f"it shows {_text(e.wall_ms)}, and the meters' clocks differ by {e.meters_s:+.0f} s")
    if e.was_confirmed and e.is_far_off:
        return _wrong(f"it was stepped by {e.stepped_ns / 1e9:+.0f} s since it was confirmed")
    if e.is_as_it_was:
        return TrustVerdict("presumed", "nothing speaks against it")
    if e.grade is None and e.wall_ms < e.presumed_ms:
        return _wrong(f"it shows {_text(e.wall_ms)}, and it was {_text(e.presumed_ms)} before")
    if e.is_quiet:
        return TrustVerdict("presumed", "nothing speaks against it")
    since = "the machine was started" if e.grade is None else "it was stepped"
    return TrustVerdict(None, f"no time service keeps it, and no meter's clock has confirmed it since {since}")


def _wrong(why: str) -> TrustVerdict:
    return TrustVerdict(None, why, is_wrong=True)


def _text(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
