"""The clock that the bridge goes by: BOOTTIME, and when this boot began. Steps of the wall clock do not reach it.

Once the wall clock is trusted (``trust.py``), this boot has an anchor, and every time given is the anchor and BOOTTIME.

===========  ===================================================  ============================================
condition    when                                                 a sample
===========  ===================================================  ============================================
waiting      the wall clock is not trusted                        has no time; it waits
trusted      it is                                                has its time at once
kept         it was stepped away from this boot's anchor: to      has its time at once, by the anchor: it is
             what is wrong, or the meters' clocks say so          the wall clock that is wrong
estimated    it is not trusted for CLOCK__PATIENCE, and meters'   has a time at once, by the meters' clocks,
             clocks were heard                                    and is said to be estimated
===========  ===================================================  ============================================

A look goes from each condition to any other, by what is so then. When an anchor turns out to have been wrong, the times
that it gave are: :class:`Change` names the boots whose samples want new ones. An anchor that was confirmed is right for
what it gave, whatever the clock is set to later by hand.

Pure: clocks are passed in, and who calls writes the ledger to the disk. Used on one thread.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.clock.boots import GRADES
from bridge.clock.earlier_boots import AHEAD_MS, settle
from bridge.clock.moment import boot_number
from bridge.clock.state import Change, ClockState
from bridge.clock.trust import RELEASED_S, SAME_NS, STEP_NS, WITNESS_S, Evidence, judge
from bridge.clock.witnesses import Witnesses

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.clock.boots import Boot, Grade, Ledger, Time
    from bridge.clock.machine import ClockReading
    from bridge.clock.moment import Moment
    from bridge.clock.state import Condition

_KEEP_EVERY_NS = 300_000_000_000
_METERS_NEWS_NS = 5_000_000_000
_HEARING_S = 60.0
"""So long the meters are listened to before their median is taken, however long the machine has run."""


class BridgeClock:
    """Tells the time.

    Args:
        read: reads the machine's clocks.
        moment: the same, of BOOTTIME alone.
        ledger: what is known of all boots; changed here.
        patience_s: ``CLOCK__PATIENCE``.
    """

    def __init__(
        self, read: Callable[[], ClockReading], moment: Callable[[], Moment], ledger: Ledger, *, patience_s: float
    ) -> None:
        self._read = read
        self._patience_s = patience_s
        self.moment = moment
        """Returns this moment."""
        self.ledger = ledger
        self.is_news = False
        """Whether the ledger holds what should be on the disk before long; reset by who writes it."""
        self._witnesses = Witnesses(ledger.offsets_s)
        self._condition: Condition = "waiting"
        self._is_settled = False
        self._steps = 0
        first = read()
        boot = ledger.meet(first.moment, first.wall_ns)
        self.boot = boot.boot
        """The number of this boot."""
        self._offset_ns = first.offset_ns
        self._steady_ns = max(0, first.offset_ns if boot.anchor_ns is None else boot.anchor_ns)
        self._since_ns = self._kept_ns = first.moment.up_ns
        # A machine that was not asleep when the clock was stepped was quiet since it was started.
        differs = boot.anchor_ns is not None and abs(first.offset_ns - boot.anchor_ns) > STEP_NS
        self._stepped_ns = first.moment.up_ns if differs else 0
        self._served = first.served
        self._served_before_step = first.served if differs else None
        self.state = self._state("not looked at yet", first, is_wrong=False)
        self.is_news = True

    @property
    def has_time(self) -> bool:
        """Whether samples read now have a time."""
        return self._condition != "waiting"

    def steady_s(self) -> float:
        """Return seconds that pass as they do, and are never set: for ages. Near Unix time where that was right."""
        return (self._steady_ns + self.moment().up_ns) / 1e9

    def now_ms(self) -> int | None:
        """Return the time, milliseconds since 1970-01-01 UTC; None while it is not known."""
        return self._ms_of(self.ledger.boots[self.boot]) if self.has_time else None

    def _ms_of(self, boot: Boot) -> int | None:
        return None if boot.anchor_ns is None else (boot.anchor_ns + self.moment().up_ns) // 1_000_000

    def time_of(self, moment: Moment) -> Time | None:
        """Return when a sample was read; None while that is not known. Ask again after a look.

        None too for what seems to be more than a minute ahead, whichever clock was wrong: it must not be sent so.
        """
        now_ms = self.now_ms()
        if now_ms is None:
            return None
        time = self.ledger.time_of(moment)
        return None if time is None or time.ts_ms > now_ms + AHEAD_MS else time

    def best_ms(self, moment: Moment) -> int:
        """Return when that was, milliseconds; what the wall clock showed then where nobody knows it."""
        time = self.time_of(moment)
        return (self._offset_ns + moment.up_ns) // 1_000_000 if time is None else time.ts_ms

    def shown_s(self) -> float:
        """Return what the wall clock shows, right or wrong, Unix seconds: for who compares with it, and for people."""
        return (self._offset_ns + self.moment().up_ns) / 1e9

    def at_least_s(self) -> float:
        """Return Unix seconds that are no less than any time that is known to have been."""
        known_ms = max(self.ledger.confirmed_ms, self.ledger.presumed_ms)
        return max(self.shown_s(), (self.now_ms() or 0) / 1000, known_ms / 1000, RELEASED_S)

    def ago_s(self, boot_id: str, up_s: float) -> float | None:
        """Return how long ago a moment was of an earlier boot; None where that is not known for certain.

        Args:
            boot_id: the kernel's name for the boot.
            up_s: BOOTTIME then.
        """
        then = self.ledger.boots.get(boot_number(boot_id)) if boot_id else None
        now = self.ledger.boots[self.boot]
        if not self.has_time or then is None or "estimated" in (then.grade, now.grade):
            return None
        if then.anchor_ns is None or now.anchor_ns is None:
            return None
        ago_ns = now.anchor_ns + self.moment().up_ns - then.anchor_ns - round(up_s * 1e9)
        return ago_ns / 1e9 if ago_ns >= 0 else None

    def met(self, moment: Moment, shown_ms: int) -> bool:
        """There is a sample of a boot that the ledger may have lost; return whether it had.

        Args:
            moment: when it was read.
            shown_ms: what the wall clock showed when it was read, right or wrong.
        """
        is_lost = moment.boot not in self.ledger.boots
        if is_lost:
            self.ledger.meet_lost(moment, shown_ms * 1_000_000, self.boot)
            self._is_settled = False
        return is_lost

    def heard(self, meter: str, stated_s: float, moment: Moment) -> None:
        """A meter stated its clock, Unix seconds, at ``moment``."""
        self._witnesses.heard(meter, stated_s, moment)

    def look(self) -> Change:
        """Look at the clocks; call it once a second."""
        reading = self._read()
        up_ns, offset_ns = reading.moment.up_ns, reading.offset_ns
        stepped_ns = offset_ns - self._offset_ns
        self._offset_ns = offset_ns
        if abs(stepped_ns) > STEP_NS:
            self._stepped_ns, self._served_before_step = up_ns, self._served
            self._steps += 1
        else:
            stepped_ns = 0
        self._served = reading.served
        if reading.served not in (None, self._served_before_step):  # whatever was set since, the time service set last
            reading = reading._replace(synchronised=True)
        boot = replace(self.ledger.boots[self.boot], seen_ns=up_ns)
        self.ledger.put(boot)
        meters, meters_s = self._witnesses.ahead_s(offset_ns)
        verdict = judge(
            Evidence(
                wall_ms=reading.wall_ns // 1_000_000,
                synchronised=reading.synchronised,
                grade=None if boot.anchor_ns is None or boot.grade == "estimated" else boot.grade,
                stepped_ns=offset_ns - (boot.anchor_ns or 0),
                since_confirmed_s=(up_ns - boot.confirmed_ns) / 1e9,
                confirmed_ms=self.ledger.confirmed_ms,
                presumed_ms=self.ledger.presumed_ms,
                meters=meters,
                meters_s=meters_s,
                quiet_s=(up_ns - self._stepped_ns) / 1e9,
                patience_s=self._patience_s,
            )
        )
        before = self._condition
        if verdict.grade is not None:
            change = self._trust(boot, reading, verdict.grade)
        else:
            change = self._doubt(boot, up_ns, is_wrong=verdict.is_wrong)
        if self._condition != before:
            self._since_ns, self._is_settled = up_ns, False
        if self.has_time and not self._is_settled:
            self._is_settled = True
            if (wrong := settle(self.ledger, self.boot)) is not None:
                self.is_news = True
                change = replace(change, recall=change.recall + wrong)
        self._keep_now_and_then(up_ns)
        self.state = self._state(verdict.why, reading, is_wrong=verdict.is_wrong)
        return replace(change, stepped_s=stepped_ns / 1e9)

    def _trust(self, boot: Boot, reading: ClockReading, grade: Grade) -> Change:
        """Go by the wall clock."""
        self._condition = "trusted"
        change, offset_ns, was_ns = Change(), reading.offset_ns, boot.anchor_ns
        if was_ns is None or boot.grade == "estimated" or abs(offset_ns - was_ns) > SAME_NS:
            change = self._adopt(boot, offset_ns, grade)
        elif GRADES.index(grade) < GRADES.index(boot.grade):
            self.ledger.put(replace(boot, grade=grade))
            self.is_news = True
        if reading.synchronised or (grade == "witnessed" and self.ledger.boots[self.boot].confirmed_ns == 0):
            self.ledger.put(replace(self.ledger.boots[self.boot], confirmed_ns=reading.moment.up_ns))
        wall_ms = reading.wall_ns // 1_000_000
        self.ledger.presumed_ms = wall_ms
        if grade != "presumed":
            self.ledger.confirmed_ms = wall_ms
        within_s = WITNESS_S if grade == "presumed" else None
        self.is_news |= self._witnesses.learn(offset_ns, agreeing_within_s=within_s)
        return change

    def _doubt(self, boot: Boot, up_ns: int, *, is_wrong: bool) -> Change:
        """Go by something else, or wait."""
        boot = self._note_meters(boot)
        told_ns = self._witnesses.began_ns()
        if boot.anchor_ns is None or boot.grade == "estimated":
            goes_on = boot.anchor_ns is not None
        else:
            meters, ahead_s = self._witnesses.ahead_s(boot.anchor_ns)
            if abs(ahead_s) <= WITNESS_S and (meters or is_wrong):
                self._condition = "kept"
                return Change()
            goes_on = self._condition == "estimated"
        if self._condition not in ("waiting", "estimated"):
            self._condition, self._since_ns = "waiting", up_ns
        patient_s, listened_s = (up_ns - self._stepped_ns) / 1e9, (up_ns - self._since_ns) / 1e9
        is_due = patient_s >= self._patience_s and listened_s >= min(_HEARING_S, self._patience_s)
        if not goes_on and (told_ns is None or not is_due):
            return Change()
        self._condition = "estimated"
        if told_ns is None or (boot.grade == "estimated" and abs(told_ns - (boot.anchor_ns or 0)) <= WITNESS_S * 1e9):
            return Change()  # the meters state whole seconds: to follow them would make times jump to and fro
        return self._adopt(boot, told_ns, "estimated")

    def _adopt(self, boot: Boot, anchor_ns: int, grade: Grade) -> Change:
        was_ns, was = boot.anchor_ns, boot.grade
        self.ledger.anchor(boot.boot, anchor_ns, grade)
        self.is_news, self._is_settled = True, False
        if was_ns is None:
            return Change()
        moved_ns = anchor_ns - was_ns
        was_right = was in ("synchronised", "witnessed") and grade in ("presumed", "estimated")
        is_other = was == "estimated" or abs(moved_ns) > STEP_NS
        return Change((boot.boot,) if is_other and not was_right else (), moved_ns / 1e9)

    def _note_meters(self, boot: Boot) -> Boot:
        """Keep what the meters' clocks say, for the case that the power goes before there is anything better."""
        told_ns = self._witnesses.began_ns()
        if told_ns is not None and (boot.meters_ns is None or abs(told_ns - boot.meters_ns) > _METERS_NEWS_NS):
            boot = replace(boot, meters_ns=told_ns)
            self.ledger.put(boot)
            self.is_news = True
        return boot

    def _keep_now_and_then(self, up_ns: int) -> None:
        if up_ns - self._kept_ns >= _KEEP_EVERY_NS:
            self._kept_ns, self.is_news = up_ns, True

    def _state(self, why: str, reading: ClockReading, *, is_wrong: bool) -> ClockState:
        boot = self.ledger.boots[self.boot]
        has_anchor = self.has_time and boot.anchor_ns is not None
        return ClockState(
            condition=self._condition,
            grade=boot.grade if has_anchor else None,
            why=why,
            is_wrong=is_wrong,
            for_s=(reading.moment.up_ns - self._since_ns) / 1e9,
            wall_off_s=(reading.offset_ns - (boot.anchor_ns or 0)) / 1e9 if has_anchor else 0.0,
            steps=self._steps,
            synchronised=reading.synchronised,
        )
