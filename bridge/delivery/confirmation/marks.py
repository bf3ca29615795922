"""Marks: a sample is stored when a mark that was written a grace after it was accepted has come back.

A mark is a client attribute of the gateway with a number in it. ThingsBoard writes it to its database and, when asked,
says what is there; its acknowledgement says only that a message lies in a queue, in memory. Measured on 3.6 to 4.3:
a mark comes back after 40 to 200 ms; with the database away the old value is answered.

Rules

1. Marks go one after another; each must be there when it is asked for :data:`MARK_PATIENCE_S` after ThingsBoard had it
   (a line may take its time with question and answer). A later mark says nothing about a gap, so they form a *chain*:
   two neighbours were written at most :data:`GAP_S` apart. (20 s without a database lost nothing, 55 s did.)
2. A sample is sent only behind a mark of the chain, and is stored when a mark of the same chain comes back that was
   written a *grace* after the sample was accepted: marks overtake samples. The grace is :data:`GRACE_S`, and more when
   marks come back slowly.
3. Little may be sent and not marked: :data:`MOST_ROWS`, less when marks come back slowly. That keeps ThingsBoard's lag
   under a fifth of a second.
4. A mark that does not come back, or a session that breaks: what is not stored is sent again. It overwrites itself.
5. While marks *stand still* a few rows go behind the 1st, 2nd, 4th, 8th ... of them, so that ThingsBoard shows
   something should only the marks be broken; each time that is sent again.
6. Marks that have never come back, from this ThingsBoard, for :data:`MARKLESS_S` although it answers: a rule chain of
   the user's own takes them. Then accepted and a grace is all there is (``unmarked``); a mark is tried now and then.
7. Sessions so short that nothing would ever be marked: from the third such one on, what was accepted in a session
   counts in the next one, if that came within :data:`AT_ONCE_S`. At risk is then what a ThingsBoard that died in
   between had in memory; one that died takes half a minute to return, another node of a cluster does not.
8. Nothing at all is answered for as long as the line may take: the session is renewed.

The table: what happens (rows), in which state, and the state after it::

              AWAY            OPENING           FLOWING           STANDING          UNMARKED
    UP        begin:OPENING   again:OPENING     again:OPENING     again:OPENING     again:OPENING
    DOWN      expire:AWAY     end:AWAY          end:AWAY          end:AWAY          end:AWAY
    SILENT    nothing         renew:AWAY        renew:AWAY        renew:AWAY        renew:AWAY
    ANSWERED  nothing         open (*)          nothing           nothing           nothing
    BACK      nothing         resume:FLOWING    confirm:FLOWING   resume:FLOWING    resume:FLOWING
    LATE      nothing         doubt (**)        doubt (**)        doubt (**)        drop:UNMARKED

(*) UNMARKED where no marks are used or rule 6 was found to hold, else OPENING. (**) STANDING, or UNMARKED by rule 6.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, ClassVar

from bridge.delivery.confirmation.actions import Ask, PutBack, Renew, Stored, Wait, WriteMark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.delivery.confirmation.actions import Action
    from bridge.delivery.confirmation.protocol import Marks as MarksSay
    from bridge.delivery.messages import Message

MARK_PATIENCE_S = 10.0
GAP_S = 25.0
GRACE_S, _GRACE_CAP_S = 2.0, 60.0
MOST_ROWS, _LEAST_ROWS = 2_000, 100
MARKLESS_S, _MARKLESS_MARKS = 300.0, 6
AT_ONCE_S = 10.0
ID_SPAN = 1 << 31
"""ThingsBoard reads a question's number as a Java int."""

_FRESH_S = 8.0  # a mark older than that is followed by another before anything is sent
_TRICKLE_ROWS = 4
_STANDING_PAUSE_S, _STANDING_PAUSE_CAP_S = 1.0, 15.0
_RETRY_MARKS_S = 60.0
_SHORT_SESSIONS = 2
_ASK_AGAIN_S, _ASK_AGAIN_CAP_S = 0.05, 2.0
_SLOW_S, _QUICK_S = 1.0, 0.3
_SMOOTH = 0.3


class State(Enum):
    """See the module's table."""

    AWAY = auto()
    OPENING = auto()
    FLOWING = auto()
    STANDING = auto()
    UNMARKED = auto()


class Event(Enum):
    """See the module's table."""

    UP = auto()
    DOWN = auto()
    SILENT = auto()
    ANSWERED = auto()
    BACK = auto()
    LATE = auto()


@dataclass(slots=True)
class _Sent:
    message: Message
    handed_s: float
    accepted_s: float = math.inf


@dataclass(slots=True)
class _Mark:
    value: int
    written_s: float
    passed_s: float = math.inf  # when ThingsBoard was known to have it
    asks: int = 0


class Marks:
    """See the module's rules; the methods are those of :class:`~bridge.delivery.confirmation.protocol.Confirmation`.

    Args:
        first: number of the first question and mark; random, so that an earlier process's are not taken for ours.
        seen: whether a mark of this ThingsBoard ever came back.
        used: False where accepted is to be enough (``CONFIRM=fence``).
    """

    def __init__(self, *, first: int, seen: bool = False, used: bool = True) -> None:
        self.patience_s = 20.0
        self.mark_every_s = GRACE_S
        self.round_trip_s: float | None = None
        """From a mark's being written to its being seen, smoothed; None before the first."""
        self._lag_s = 0.0  # how much later than ThingsBoard had it, smoothed
        self._seen = seen
        self._used = used
        self._state = State.AWAY
        self._number = first % ID_SPAN
        self._due: deque[Action] = deque()
        self._sent: dict[int, _Sent] = {}  # by the message's identity, in the order of sending
        self._mark: _Mark | None = None
        self._value = first
        self._last_written_s = -math.inf
        self._good_s = -math.inf  # when the last mark that came back was written
        self._chain_s = math.inf  # when the first one of the chain was written
        self._unmarked = 0  # rows handed since the last mark that came back was written
        self._before_mark = 0  # those of them that were handed before the pending one
        self._most = float(MOST_ROWS)
        self._wanted = False  # rows wait for a mark to go behind
        self._trickle = 0
        self._lost = 0  # marks in a row that did not come back
        self._standing_s = math.inf
        self._is_markless = False
        self._asked: dict[int, float] = {}  # open questions: when they were asked
        self._progress_s = -math.inf  # when ThingsBoard last showed that it is there
        self._ask_s = math.inf  # when to ask again
        self._answers = False
        self._stored_any = self._accepted_any = False
        self._short = 0
        self._carry_until_s = math.inf

    # What is known.

    @property
    def state(self) -> State:
        """Where the table stands."""
        return self._state

    @property
    def marks(self) -> MarksSay:
        """What the marks do."""
        if not self._used:
            return "not used"
        said: dict[State, MarksSay] = {
            State.FLOWING: "moving",
            State.STANDING: "standing still",
            State.UNMARKED: "never come back",
        }
        return said.get(self._state, "standing still" if self._lost else "none")

    @property
    def how(self) -> str:
        """By marks, or by acceptance alone."""
        return "accepted" if self._state is State.UNMARKED or not self._used else "mark"

    @property
    def seen(self) -> bool:
        """Whether a mark of this ThingsBoard ever came back; worth remembering."""
        return self._seen

    @property
    def is_settled(self) -> bool:
        """Whether nothing that was sent is in doubt."""
        return not self._sent

    def sent_ids(self) -> list[int]:
        """Rows that count as sent."""
        return [row_id for sent in self._sent.values() for row_id in sent.message.ids]

    @property
    def unstored(self) -> int:
        """Samples that were accepted and are not known to be stored."""
        return sum(len(sent.message.ids) for sent in self._sent.values() if sent.accepted_s < math.inf)

    @property
    def answers(self) -> bool:
        """Whether this session has answered anything yet."""
        return self._answers

    @property
    def grace_s(self) -> float:
        """See rule 2."""
        return min(max(GRACE_S, 3 * self._lag_s), _GRACE_CAP_S)

    # What happens.

    def up(self, now_s: float) -> None:
        """A session began."""
        self._on(Event.UP, now_s)

    def down(self, now_s: float, why: str) -> None:
        """It ended."""
        self._on(Event.DOWN, now_s, why)

    def handed(self, message: Message, now_s: float) -> None:
        """A message that matters was sent."""
        self._sent[id(message)] = _Sent(message, now_s)
        self._unmarked += len(message.ids)
        self._trickle = max(0, self._trickle - len(message.ids))
        self._wanted = False

    def accepted(self, messages: Sequence[Message], now_s: float) -> None:
        """ThingsBoard has taken these over."""
        self._progress_s = now_s
        for message in messages:
            sent = self._sent.get(id(message))
            if sent is not None and sent.accepted_s == math.inf:
                sent.accepted_s = now_s
                self._accepted_any = True

    def answered(self, number: int, value: object, now_s: float) -> None:
        """The mark as it is over there; also the end of the silence."""
        asked_s = self._asked.pop(number, None)
        if asked_s is None:
            return  # of an earlier session
        self._progress_s = now_s
        for older in [other for other in self._asked if other < number]:
            del self._asked[older]
        self._answers = True
        self._on(Event.ANSWERED, now_s)
        mark = self._mark
        if mark is None or asked_s < mark.written_s:
            return
        mark.passed_s = min(mark.passed_s, now_s)
        if value == mark.value and not isinstance(value, bool):
            self._on(Event.BACK, now_s)
        elif asked_s >= mark.passed_s + MARK_PATIENCE_S:
            self._on(Event.LATE, now_s)
        else:
            mark.asks += 1
            wait_s = min(_ASK_AGAIN_S * 2**mark.asks, _ASK_AGAIN_CAP_S)
            self._ask_s = now_s + max(wait_s, self._pace_s / 4)

    def room(self, now_s: float) -> int:
        """Samples that may be handed over now; 0 has a mark written first where that is what is missing."""
        match self._state:
            case State.FLOWING:
                if self._mark is None and now_s - self._good_s > _FRESH_S:
                    self._wanted = True
                    return 0
                return max(0, int(self._most) - self._unmarked)
            case State.STANDING:
                return self._trickle
            case State.UNMARKED:
                return max(0, MOST_ROWS - sum(len(sent.message.ids) for sent in self._sent.values()))
            case _:
                return 0

    def next(self, now_s: float, *, owing: bool, may_speak: bool = True) -> Action:
        """What to do now; ``owing`` has a question asked behind what was sent."""
        if not self._due:
            self._look_at_the_clock(now_s)
        if self._due:
            return self._due.popleft()
        if self._state is State.AWAY:
            return Wait(self._carry_until_s if self._sent else None)
        if may_speak and self._is_mark_due(now_s):
            return self._write(now_s)
        is_asked_again = self._mark is not None and now_s >= self._ask_s
        if may_speak and not self._asked and (is_asked_again or owing or not self._answers):
            return self._ask(now_s)
        return Wait(self._wake_s(now_s, may_speak=may_speak))

    # The table.

    def _on(self, event: Event, now_s: float, why: str = "") -> None:
        do, state = self.TABLE[self._state, event]
        if state is not None:
            self._state = state
        do(self, now_s, why)

    def _nothing(self, now_s: float, why: str) -> None:
        """It means nothing here."""

    def _begin(self, now_s: float, why: str) -> None:
        _ = why
        if now_s >= self._carry_until_s:
            self._put_back("the session that followed came too late")
        self._carry_until_s = math.inf
        self._mark = None
        self._asked.clear()
        self._answers = self._stored_any = self._accepted_any = False
        self._unmarked = self._before_mark = 0
        self._trickle = 0
        self._last_written_s = -math.inf

    def _again(self, now_s: float, why: str) -> None:
        self._end(now_s, why or "the session was another one")
        self._begin(now_s, why)

    def _end(self, now_s: float, why: str) -> None:
        self._short = self._short + 1 if self._accepted_any and not self._stored_any else 0
        kept: list[Message] = []
        if self._short > _SHORT_SESSIONS:  # rule 7
            kept = [sent.message for sent in self._sent.values() if sent.accepted_s < math.inf]
            self._carry_until_s = now_s + AT_ONCE_S
        else:
            self._chain_s = math.inf
        self._mark = None
        self._asked.clear()
        self._answers = False
        self._put_back(why, kept=kept, blame=True)

    def _expire(self, now_s: float, why: str) -> None:
        if now_s >= self._carry_until_s:
            self._put_back(why or "no session followed")
            self._carry_until_s = math.inf

    def _renew(self, now_s: float, why: str) -> None:
        self._end(now_s, why)
        self._due.append(Renew(why))

    def _open(self, now_s: float, why: str) -> None:
        _ = now_s, why
        if not self._used or self._is_markless:
            self._state = State.UNMARKED

    def _confirm(self, now_s: float, why: str) -> None:
        _ = why
        mark = self._taken_mark(now_s)
        if mark.written_s - self._good_s > self._gap_s:
            early = [sent for sent in self._sent.values() if sent.handed_s < mark.written_s]
            if early:
                self._put_back("too long between two marks", [sent.message for sent in early])
            self._chain_s = mark.written_s
        self._good_s = mark.written_s
        stored = [
            sent.message
            for sent in self._sent.values()
            if sent.handed_s >= self._chain_s and sent.accepted_s + self.grace_s <= mark.written_s
        ]
        self._let_go(stored)

    def _resume(self, now_s: float, why: str) -> None:
        mark = self._mark
        if mark is not None and (math.isinf(self._chain_s) or mark.written_s - self._good_s > self._gap_s):
            self._chain_s = mark.written_s
        self._standing_s = math.inf
        self._confirm(now_s, why)

    def _doubt(self, now_s: float, why: str) -> None:
        self._mark = None
        self._chain_s = math.inf
        self._trickle = 0  # what went now would be before the chain that the next mark begins
        self._lost += 1
        self._standing_s = min(self._standing_s, now_s)
        is_long = now_s - self._standing_s >= MARKLESS_S and self._lost >= _MARKLESS_MARKS
        self._is_markless = is_long and not self._seen
        self._state = State.UNMARKED if self._is_markless else State.STANDING
        self._put_back(why or "a mark did not come back")

    def _drop(self, now_s: float, why: str) -> None:
        _ = now_s, why
        self._mark = None

    # How it is done.

    @property
    def _gap_s(self) -> float:
        return max(GAP_S, 3 * (self.round_trip_s or 0.0) + 2 * self.mark_every_s)

    @property
    def _silent_s(self) -> float:
        return max(min(self._asked.values()), self._progress_s) + self.patience_s

    def _look_at_the_clock(self, now_s: float) -> None:
        if self._asked and now_s >= self._silent_s:
            self._on(Event.SILENT, now_s, f"nothing was answered for {now_s - min(self._asked.values()):.0f} s")
        if self._state is State.AWAY and self._sent and now_s >= self._carry_until_s:
            self._on(Event.DOWN, now_s)
        if self._state is State.UNMARKED:
            self._let_go([s.message for s in self._sent.values() if s.accepted_s + self.grace_s <= now_s])

    def _is_mark_due(self, now_s: float) -> bool:
        if self._mark is not None or not self._used:
            return False
        since_s = now_s - self._last_written_s
        if self._state is State.FLOWING:
            if self._wanted or self._unmarked >= self._most / 2:
                return since_s >= self._pace_s
            return bool(self._sent) and now_s >= self._mark_due_s()
        every_s = {State.STANDING: MARK_PATIENCE_S + self._standing_pause_s, State.UNMARKED: _RETRY_MARKS_S}
        return since_s >= every_s.get(self._state, 0.0)

    def _mark_due_s(self) -> float:
        """When the next mark is due for what is sent: a grace after something was accepted, or to keep the chain."""
        first = next(iter(self._sent.values()))
        due_s = min(first.accepted_s + self.grace_s, self._good_s + _FRESH_S)
        return max(due_s, self._last_written_s + self.mark_every_s)

    @property
    def _standing_pause_s(self) -> float:
        return min(_STANDING_PAUSE_S * 2.0 ** min(self._lost - 1, 8), _STANDING_PAUSE_CAP_S)

    @property
    def _pace_s(self) -> float:
        """Between marks that are wanted at once: nothing, but where limits leave little room for marks."""
        return self.mark_every_s if self.mark_every_s > GRACE_S else 0.0

    def _write(self, now_s: float) -> Action:
        self._value += 1
        self._mark = _Mark(self._value, now_s)
        self._last_written_s = now_s
        self._before_mark = self._unmarked
        self._wanted = False
        self._ask_s = now_s
        if self._state is State.STANDING:
            self._trickle = _TRICKLE_ROWS if self._lost.bit_count() == 1 else 0
        return WriteMark(self._value)

    def _ask(self, now_s: float) -> Action:
        self._number = (self._number + 1) % ID_SPAN
        self._asked[self._number] = now_s
        self._ask_s = math.inf
        return Ask(self._number)

    def _taken_mark(self, now_s: float) -> _Mark:
        mark, self._mark = self._mark, None
        assert mark is not None  # noqa: S101 - BACK is told of the pending one alone
        self._seen = True
        self._is_markless = False
        self._lost = 0
        self._standing_s = math.inf
        self._unmarked -= self._before_mark
        self._before_mark = 0
        took_s = now_s - mark.written_s
        before = self.round_trip_s if self.round_trip_s is not None else took_s
        self.round_trip_s = (1 - _SMOOTH) * before + _SMOOTH * took_s
        lag_s = now_s - min(mark.passed_s, now_s)
        self._lag_s = max(lag_s, (1 - _SMOOTH) * self._lag_s)  # a slow one counts at once
        if lag_s > _SLOW_S:
            self._most = max(_LEAST_ROWS, self._most / 2)
        elif lag_s < _QUICK_S:
            self._most = min(MOST_ROWS, self._most * 1.25)
        return mark

    def _let_go(self, stored: list[Message]) -> None:
        if stored:
            self._stored_any = True
            self._short = 0
            for message in stored:
                del self._sent[id(message)]
            self._due.append(Stored(tuple(stored)))

    def _put_back(
        self, why: str, only: Sequence[Message] | None = None, *, kept: Sequence[Message] = (), blame: bool = False
    ) -> None:
        staying = {id(message) for message in kept}
        if only is not None:
            chosen = {id(message) for message in only}
            staying |= {key for key in self._sent if key not in chosen}
        gone = [sent for key, sent in self._sent.items() if key not in staying]
        if not gone:
            return
        for sent in gone:
            del self._sent[id(sent.message)]
        self._unmarked = sum(len(sent.message.ids) for sent in self._sent.values())
        self._before_mark = min(self._before_mark, self._unmarked)
        self._due.append(
            PutBack(
                tuple(sent.message for sent in gone),
                why,
                blamed=tuple(sent.message for sent in gone if blame and sent.accepted_s == math.inf),
                kept=tuple(sent.message for sent in self._sent.values()),
            )
        )

    def _wake_s(self, now_s: float, *, may_speak: bool) -> float | None:
        """When time alone will bring something; what must not be said before the publisher says so is not in it."""
        times = [self._silent_s] if self._asked else []
        if self._state is State.UNMARKED:
            times += [sent.accepted_s + self.grace_s for sent in self._sent.values()]
        if may_speak:
            times += self._speak_s()
        soonest = min(times, default=math.inf)
        return None if math.isinf(soonest) else max(soonest, now_s)

    def _speak_s(self) -> list[float]:
        """When a mark or a question will be due."""
        if self._mark is not None:
            return [] if self._asked else [self._ask_s]
        if self._state is State.STANDING:
            return [self._last_written_s + MARK_PATIENCE_S + self._standing_pause_s]
        if self._state is State.UNMARKED:
            return [self._last_written_s + _RETRY_MARKS_S] if self._used else []
        if self._state is not State.FLOWING:
            return []
        times = [self._mark_due_s()] if self._sent else []
        if self._wanted or self._unmarked >= self._most / 2:
            times.append(self._last_written_s + self._pace_s)
        return times

    TABLE: ClassVar[dict[tuple[State, Event], tuple[Callable[[Marks, float, str], None], State | None]]] = {
        (State.AWAY, Event.UP): (_begin, State.OPENING),
        (State.OPENING, Event.UP): (_again, State.OPENING),
        (State.FLOWING, Event.UP): (_again, State.OPENING),
        (State.STANDING, Event.UP): (_again, State.OPENING),
        (State.UNMARKED, Event.UP): (_again, State.OPENING),
        (State.AWAY, Event.DOWN): (_expire, State.AWAY),
        (State.OPENING, Event.DOWN): (_end, State.AWAY),
        (State.FLOWING, Event.DOWN): (_end, State.AWAY),
        (State.STANDING, Event.DOWN): (_end, State.AWAY),
        (State.UNMARKED, Event.DOWN): (_end, State.AWAY),
        (State.AWAY, Event.SILENT): (_nothing, State.AWAY),
        (State.OPENING, Event.SILENT): (_renew, State.AWAY),
        (State.FLOWING, Event.SILENT): (_renew, State.AWAY),
        (State.STANDING, Event.SILENT): (_renew, State.AWAY),
        (State.UNMARKED, Event.SILENT): (_renew, State.AWAY),
        (State.AWAY, Event.ANSWERED): (_nothing, State.AWAY),
        (State.OPENING, Event.ANSWERED): (_open, None),
        (State.FLOWING, Event.ANSWERED): (_nothing, State.FLOWING),
        (State.STANDING, Event.ANSWERED): (_nothing, State.STANDING),
        (State.UNMARKED, Event.ANSWERED): (_nothing, State.UNMARKED),
        (State.AWAY, Event.BACK): (_nothing, State.AWAY),
        (State.OPENING, Event.BACK): (_resume, State.FLOWING),
        (State.FLOWING, Event.BACK): (_confirm, State.FLOWING),
        (State.STANDING, Event.BACK): (_resume, State.FLOWING),
        (State.UNMARKED, Event.BACK): (_resume, State.FLOWING),
        (State.AWAY, Event.LATE): (_nothing, State.AWAY),
        (State.OPENING, Event.LATE): (_doubt, None),
        (State.FLOWING, Event.LATE): (_doubt, None),
        (State.STANDING, Event.LATE): (_doubt, None),
        (State.UNMARKED, Event.LATE): (_drop, State.UNMARKED),
    }
    """The module's table; None where the action decides on the state."""
