"""Marks: a sample is stored when marks that were written after it was accepted have come back.

A mark is a client attribute of the gateway with a number in it. ThingsBoard writes it to its database and, when asked,
says what is there; its acknowledgement says only that a message lies in a queue, in memory. Measured on 3.6 to 4.3:
a mark comes back after 40 to 200 ms; with the database away the old value is answered.

Rules

1. Marks go one after another; each must be there when it is asked for 10 s after ThingsBoard had it
   (a line may take its time with question and answer). A later mark says nothing about a gap, so they form a *chain*:
   two neighbours were written at most 25 s apart. (20 s without a database lost nothing, 55 s did.)
2. A sample is sent only behind a mark of the chain, and is stored when two marks of the same chain came back: one that
   was written after the sample was accepted, and one that was written a *grace* after that one: marks overtake
   samples. The grace is 2 s, and more when marks come back slowly. Of few rows, one mark a grace after them is enough
   (``mark_proof.py``).
3. Little may be sent and not marked: 500 rows, then up to 3 000 while marks come back at once,
   and less when they come back slowly. That keeps ThingsBoard's lag small.
4. A mark that does not come back, or a session that breaks: what is not stored is sent again. It overwrites itself.
5. While marks *stand still* a few rows go behind the 1st, 2nd, 4th, 8th ... of them, so that ThingsBoard shows
   something should only the marks be broken; each time that is sent again.
6. Marks that have never come back, from this ThingsBoard, for 5 min although it answers: a rule chain of
   the user's own takes them. Then accepted and a grace is all there is (``unmarked``); a mark is tried now and then.
7. Sessions so short that nothing would ever be marked, not even a grace after the first of it was accepted: from the
   third such one on, what was accepted in a session counts in the next one, if that came within 10 s. At risk is then
   what a ThingsBoard that died in between had in memory; one that died takes half a minute to return, another node of a
   cluster does not.
8. Nothing at all is answered for as long as the line may take: the session is renewed.

What happens in which state, and the state after it, is a table: ``mark_table.py``. Its actions are in
``mark_session.py``; the figures of rules 1, 5 and 6 in ``mark_chain.py``, of 2 in ``mark_speed.py``, of 3 in
``unmarked_rows.py``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bridge.delivery.confirmation.actions import Wait
from bridge.delivery.confirmation.mark_session import MarkSession
from bridge.delivery.confirmation.mark_table import Event, State
from bridge.delivery.confirmation.unmarked_rows import MARKLESS_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.confirmation.actions import Action
    from bridge.delivery.confirmation.protocol import Marks as MarksSay
    from bridge.delivery.messages import Message


class Marks:
    """See the module's rules; the methods are those of :class:`~bridge.delivery.confirmation.protocol.Confirmation`.

    Args:
        first: number of the first question and mark; random, so that an earlier process's are not taken for ours.
        seen: whether a mark of this ThingsBoard ever came back.
        used: False where accepted is to be enough (``CONFIRM=fence``).
        outlived_s: for so long a session must have gone on after a message was accepted, for rule 7 to count it.
    """

    def __init__(self, *, first: int, seen: bool = False, used: bool = True, outlived_s: float = 0.0) -> None:
        self.patience_s = 20.0
        self._used = used
        self._session = MarkSession(first=first, seen=seen, used=used, outlived_s=outlived_s)
        self._sent = self._session.sent
        self._chain = self._session.chain
        self._questions = self._session.questions

    # What is known.

    @property
    def state(self) -> State:
        """Where the table stands."""
        return self._session.state

    @property
    def mark_every_s(self) -> float:
        """The least time between two marks that limits leave room for; the publisher keeps it up to date."""
        return self._chain.mark_every_s

    @mark_every_s.setter
    def mark_every_s(self, every_s: float) -> None:
        self._chain.mark_every_s = every_s

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
        return said.get(self._session.state, "standing still" if self._chain.lost else "none")

    @property
    def how(self) -> str:
        """By marks, or by acceptance alone."""
        return "accepted" if self._session.state is State.UNMARKED or not self._used else "mark"

    @property
    def seen(self) -> bool:
        """Whether a mark of this ThingsBoard ever came back; worth remembering."""
        return self._chain.seen

    @property
    def in_doubt(self) -> int:
        """Messages that were sent and are not known to be stored."""
        return len(self._sent)

    @property
    def is_settled(self) -> bool:
        """Whether nothing that was sent is in doubt."""
        return not self._sent

    def sent_ids(self) -> list[int]:
        """Rows that count as sent."""
        return [row_id for message in self._sent.messages for row_id in message.ids]

    @property
    def unstored(self) -> int:
        """Samples that were accepted and are not known to be stored."""
        return self._sent.accepted_rows

    @property
    def answers(self) -> bool:
        """Whether this session has answered anything yet."""
        return self._questions.was_any_answered

    @property
    def grace_s(self) -> float:
        """See rule 2."""
        return self._chain.speed.grace_s

    # What happens.

    def up(self, now_s: float) -> None:
        """A session began."""
        self._session.on(Event.UP, now_s)

    def down(self, now_s: float, why: str) -> None:
        """It ended."""
        self._session.on(Event.DOWN, now_s, why)

    def handed(self, message: Message, now_s: float) -> None:
        """A message that matters was sent."""
        self._sent.handed(message, now_s)
        self._chain.handed(len(message.ids))

    def accepted(self, messages: Sequence[Message], now_s: float) -> None:
        """ThingsBoard has taken these over."""
        self._questions.progress(now_s)
        self._session.accepted(messages, now_s)

    def refused(self, message: Message, now_s: float, *, is_unreadable: bool) -> None:
        """Nothing of it counts as stored."""
        self._questions.progress(now_s)
        if message in self._sent:
            self._session.put_back("ThingsBoard refused it", [message], is_unreadable=is_unreadable)

    def answered(self, number: int, value: object, now_s: float) -> None:
        """The mark as it is over there; also the end of the silence."""
        asked_s = self._questions.answered(number, now_s)
        if asked_s is None:
            return  # of an earlier session
        self._session.on(Event.ANSWERED, now_s)
        mark = self._chain.pending
        if mark is None or asked_s < mark.written_s:
            return
        self._chain.passed(mark, now_s)
        if value == mark.value and not isinstance(value, bool):
            self._session.on(Event.BACK, now_s)
        elif self._chain.is_late(mark, asked_s):
            self._session.on(Event.LATE, now_s)
        else:
            self._questions.again_s = self._chain.ask_again_s(mark, now_s)

    def room(self, now_s: float) -> int:
        """Samples that may be handed over now; 0 has a mark written first where that is what is missing."""
        match self._session.state:
            case State.FLOWING:
                if self._chain.is_stale(now_s):
                    self._chain.rows.await_mark()
                    return 0
                return self._chain.rows.room
            case State.STANDING:
                return self._chain.rows.trickle
            case State.UNMARKED:
                return max(0, MARKLESS_ROWS - self._sent.rows)
            case _:
                return 0

    def next(self, now_s: float, *, owing: bool, may_speak: bool = True) -> Action:
        """What to do now; ``owing`` has a question asked behind what was sent."""
        if not self._session.due:
            self._look_at_the_clock(now_s)
        if self._session.due:
            return self._session.due.popleft()
        if self._session.state is State.AWAY:
            return Wait(self._session.carry_until_s if self._sent else None)
        if may_speak and self._is_mark_due(now_s):
            return self._write(now_s)
        is_asked_again = self._chain.pending is not None and now_s >= self._questions.again_s
        if may_speak and not self._questions and (is_asked_again or owing or not self.answers):
            return self._questions.ask(now_s)
        return Wait(self._wake_s(now_s, may_speak=may_speak))

    # How it is done.

    def _look_at_the_clock(self, now_s: float) -> None:
        if self._questions and now_s >= self._questions.silent_s(self.patience_s):
            self._session.on(Event.SILENT, now_s, f"nothing was answered for {now_s - self._questions.first_s:.0f} s")
        if self._session.state is State.AWAY and self._sent and now_s >= self._session.carry_until_s:
            self._session.on(Event.DOWN, now_s)
        if self._session.state is State.UNMARKED:
            grace_s = self.grace_s
            self._session.let_go(self._sent.ripe(lambda accepted_s: accepted_s + grace_s <= now_s))

    def _is_mark_due(self, now_s: float) -> bool:
        return self._used and self._chain.is_due(self._session.state, now_s, self._sent.first_accepted_s)

    def _write(self, now_s: float) -> Action:
        self._questions.again_s = now_s
        return self._chain.write(now_s, is_standing=self._session.state is State.STANDING)

    def _wake_s(self, now_s: float, *, may_speak: bool) -> float | None:
        """When time alone will bring something; what must not be said before the publisher says so is not in it."""
        times = [self._questions.silent_s(self.patience_s)] if self._questions else []
        if self._session.state is State.UNMARKED:
            times += self._sent.ripen_s(self.grace_s)
        if may_speak:
            times += self._speak_s()
        soonest = min(times, default=math.inf)
        return None if math.isinf(soonest) else max(soonest, now_s)

    def _speak_s(self) -> list[float]:
        """When a mark or a question will be due."""
        if self._chain.pending is not None:
            return [] if self._questions else [self._questions.again_s]
        return self._chain.due_s(self._session.state, self._sent.first_accepted_s) if self._used else []
