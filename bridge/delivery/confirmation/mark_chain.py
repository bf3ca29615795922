"""Mark chain: the marks themselves; which one is pending, which make a chain, and when the next one is due. Pure.

Rules 1, 5 and 6 of ``marks.py``. It knows nothing of messages: those are the confirmation's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from bridge.delivery.confirmation.actions import WriteMark
from bridge.delivery.confirmation.mark_proof import MarkProof
from bridge.delivery.confirmation.mark_speed import GRACE_S, MarkSpeed
from bridge.delivery.confirmation.mark_table import State
from bridge.delivery.confirmation.unmarked_rows import UnmarkedRows

MARK_PATIENCE_S = 10.0
GAP_S = 25.0
MARKLESS_S, _MARKLESS_MARKS = 300.0, 6

_FRESH_S = 8.0  # a mark older than that is followed by another before anything is sent
_STANDING_PAUSE_S, _STANDING_PAUSE_CAP_S = 1.0, 15.0
_RETRY_MARKS_S = 60.0
_ASK_AGAIN_S, _ASK_AGAIN_CAP_S = 0.05, 2.0
_PROMPT_ASKS = 2  # however few marks there are room for: how late one comes back shows how late samples are
_QUICK_ASKS = 4  # of a mark that a backlog waits for: its round trip is what the backlog's speed hangs on


@dataclass(slots=True)
class Mark:
    """A mark that was written."""

    value: int
    written_s: float
    passed_s: float = math.inf  # when ThingsBoard was known to have it
    asks: int = 0


class MarkChain:
    """Times are one monotonic clock's seconds.

    Args:
        first: the number before the first mark's.
        seen: whether a mark of this ThingsBoard ever came back.
    """

    def __init__(self, first: int, *, seen: bool) -> None:
        self.mark_every_s = GRACE_S
        self.speed = MarkSpeed()
        self.rows = UnmarkedRows()
        self.proof = MarkProof()
        self.seen = seen
        """Whether a mark of this ThingsBoard ever came back."""
        self.is_markless = False
        """Whether rule 6 was found to hold."""
        self.pending: Mark | None = None
        """The one that was written and neither came back nor was given up."""
        self.lost = 0
        """Marks in a row that did not come back."""
        self._value = first
        self._last_written_s = -math.inf
        self._is_first_due = False  # no mark went behind anything in this session yet
        self._good_s = -math.inf  # when the last mark that came back was written
        self.since_s = math.inf
        """When the first one of the chain was written; infinite without a chain."""
        self._standing_s = math.inf

    # What happens.

    def session_began(self) -> None:
        """No mark was written in it."""
        self.pending = None
        self.rows.session_began()
        self._last_written_s = -math.inf
        self._is_first_due = True

    def end(self) -> None:
        """What the chain said counts no more."""
        self.since_s = math.inf

    def handed(self, rows: int) -> None:
        """So many rows were sent."""
        self.rows.handed(rows)
        self.proof.handed(rows)

    def write(self, now_s: float, *, is_standing: bool) -> WriteMark:
        """The next mark."""
        self._value += 1
        self.pending = Mark(self._value, now_s)
        self._last_written_s = now_s
        self._is_first_due = self._is_first_due and not self.rows.are_any
        self.rows.mark_written()
        self.proof.written()
        if is_standing:
            self.rows.let_trickle(is_any=self.lost.bit_count() == 1)
        return WriteMark(self._value)

    def passed(self, mark: Mark, now_s: float) -> None:
        """ThingsBoard has it: something that was asked after it was answered."""
        mark.passed_s = min(mark.passed_s, now_s)

    def is_late(self, mark: Mark, asked_s: float) -> bool:
        """Whether an answer without it means that it does not come back."""
        return asked_s >= mark.passed_s + MARK_PATIENCE_S

    def ask_again_s(self, mark: Mark, now_s: float) -> float:
        """It was not there yet: when to ask for it again."""
        mark.asks += 1
        quick = _QUICK_ASKS if self.rows.is_much_before_mark else 0
        wait_s = min(_ASK_AGAIN_S * 2.0 ** max(0, mark.asks - quick), _ASK_AGAIN_CAP_S)
        return now_s + (max(wait_s, self._pace_s / 4) if mark.asks > _PROMPT_ASKS else wait_s)

    def resume(self) -> None:
        """The pending one is about to come back after a break in the chain, or as its first one."""
        mark = self.pending
        if mark is not None and (math.isinf(self.since_s) or self._is_gap(mark)):
            self.since_s = mark.written_s
        self._standing_s = math.inf

    def take(self, now_s: float) -> tuple[Mark, bool]:
        """The pending one came back: return it, and whether it is too long after the one before it for one chain."""
        mark, self.pending = self.pending, None
        assert mark is not None  # noqa: S101 - BACK is told of the pending one alone
        self.seen = True
        self.is_markless = False
        self.lost = 0
        self._standing_s = math.inf
        lag_s = now_s - min(mark.passed_s, now_s)
        self.speed.mark_back(now_s - mark.written_s, lag_s)
        self.rows.mark_back(lag_s)
        is_gap = self._is_gap(mark)
        if is_gap:
            self.since_s = mark.written_s
        self._good_s = mark.written_s
        self.proof.back(mark.written_s, self.speed.grace_s, since_s=self.since_s)
        return mark, is_gap

    def lose(self, now_s: float) -> None:
        """The pending one did not come back."""
        self.pending = None
        self.since_s = math.inf
        self.rows.let_trickle(is_any=False)  # what went now would be before the chain that the next mark begins
        self.lost += 1
        self._standing_s = min(self._standing_s, now_s)
        is_long = now_s - self._standing_s >= MARKLESS_S and self.lost >= _MARKLESS_MARKS
        self.is_markless = is_long and not self.seen

    # When the next one is due.

    def is_stale(self, now_s: float) -> bool:
        """Whether a mark must be written before anything is sent."""
        return self.pending is None and now_s - self._good_s > _FRESH_S

    def is_due(self, state: State, now_s: float, first_accepted_s: float | None) -> bool:
        """Whether a mark is to be written now.

        Args:
            state: where the table stands.
            now_s: the time.
            first_accepted_s: when the first message in doubt was accepted; None without one.
        """
        if self.pending is not None:
            return False
        since_s = now_s - self._last_written_s
        if state is State.FLOWING:
            if self._is_wanted:
                return since_s >= self._pace_s
            return first_accepted_s is not None and now_s >= self._due_s(first_accepted_s)
        every_s = {State.STANDING: MARK_PATIENCE_S + self._standing_pause_s, State.UNMARKED: _RETRY_MARKS_S}
        return since_s >= every_s.get(state, 0.0)

    def due_s(self, state: State, first_accepted_s: float | None) -> list[float]:
        """When :meth:`is_due` may become true by time alone, while none is pending."""
        if state is State.STANDING:
            return [self._last_written_s + MARK_PATIENCE_S + self._standing_pause_s]
        if state is State.UNMARKED:
            return [self._last_written_s + _RETRY_MARKS_S]
        if state is not State.FLOWING:
            return []
        times = [] if first_accepted_s is None else [self._due_s(first_accepted_s)]
        if self._is_wanted:
            times.append(self._last_written_s + self._pace_s)
        return times

    def _due_s(self, first_accepted_s: float) -> float:
        """For what is sent: a grace after something was accepted, or to keep the chain."""
        due_s = min(first_accepted_s + self.speed.grace_s, self._good_s + _FRESH_S)
        return max(due_s, self._last_written_s + self.mark_every_s)

    @property
    def _is_wanted(self) -> bool:
        """At once: rows wait for it, or much is to be proven, and the sooner in a session that may be short."""
        return self.rows.want_mark or (self._is_first_due and self.rows.are_any and self.proof.is_much)

    def _is_gap(self, mark: Mark) -> bool:
        gap_s = max(GAP_S, 3 * (self.speed.round_trip_s or 0.0) + 2 * self.mark_every_s)
        return mark.written_s - self._good_s > gap_s

    @property
    def _standing_pause_s(self) -> float:
        return min(_STANDING_PAUSE_S * 2.0 ** min(self.lost - 1, 8), _STANDING_PAUSE_CAP_S)

    @property
    def _pace_s(self) -> float:
        """Between marks that are wanted at once: nothing, but where limits leave little room for marks."""
        return self.mark_every_s if self.mark_every_s > GRACE_S else 0.0
