"""Mark session: the table's actions, and what they act on: messages in doubt, chain of marks, open questions. Pure.

What happens when is ``mark_table.py``, and why, the rules of ``marks.py``. Rule 7, of sessions too short for any mark,
is here.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from bridge.delivery.confirmation.actions import Renew, Stored
from bridge.delivery.confirmation.in_doubt import InDoubt
from bridge.delivery.confirmation.mark_chain import MarkChain
from bridge.delivery.confirmation.mark_speed import GRACE_S
from bridge.delivery.confirmation.mark_table import TABLE, Do, Event, State
from bridge.delivery.confirmation.open_questions import OpenQuestions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.delivery.confirmation.actions import Action
    from bridge.delivery.messages import Message

AT_ONCE_S = 10.0
_SHORT_SESSIONS = 2


class MarkSession:
    """Times are one monotonic clock's seconds. The arguments are those of ``Marks``."""

    def __init__(self, *, first: int, seen: bool, used: bool, outlived_s: float) -> None:
        self._used = used
        self._outlived_s = outlived_s
        self.state = State.AWAY
        """Where the table stands."""
        self.due: deque[Action] = deque()
        """What the publisher is to do, before anything else."""
        self.sent = InDoubt()
        self.chain = MarkChain(first, seen=seen)
        self.questions = OpenQuestions(first)
        self._accepted_s = math.inf  # when ThingsBoard first accepted anything in this session
        self._was_long = False  # it was long enough for a mark a grace after that
        self._short = 0
        self.carry_until_s = math.inf
        """What was accepted in the last session counts in one that begins before."""
        self._do: dict[Do, Callable[[float, str], None]] = {
            Do.NOTHING: self._nothing,
            Do.BEGIN: self._begin,
            Do.AGAIN: self._again,
            Do.END: self._end,
            Do.EXPIRE: self._expire,
            Do.RENEW: self._renew,
            Do.OPEN: self._open,
            Do.CONFIRM: self._confirm,
            Do.RESUME: self._resume,
            Do.DOUBT: self._doubt,
            Do.DROP: self._drop,
        }

    def on(self, event: Event, now_s: float, why: str = "") -> None:
        """It happened."""
        do, state = TABLE[self.state, event]
        if state is not None:
            self.state = state
        self._do[do](now_s, why)

    def accepted(self, messages: Sequence[Message], now_s: float) -> None:
        """ThingsBoard has taken these over."""
        if self.sent.accepted(messages, now_s):
            self._accepted_s = min(self._accepted_s, now_s)

    def let_go(self, stored: list[Message]) -> None:
        """These are stored."""
        if stored:
            self._was_long = True
            self._short = 0
            self.sent.let_go(stored)
            self.due.append(Stored(tuple(stored)))

    def put_back(
        self,
        why: str,
        only: Sequence[Message] | None = None,
        *,
        kept: Sequence[Message] = (),
        blame: bool = False,
        is_unreadable: bool = False,
    ) -> None:
        """See :meth:`~bridge.delivery.confirmation.in_doubt.InDoubt.put_back`."""
        back = self.sent.put_back(why, only, kept=kept, blame=blame, is_unreadable=is_unreadable)
        if back is not None:
            self.chain.rows.put_back(self.sent.rows)
            self.due.append(back)

    # The actions.

    def _nothing(self, now_s: float, why: str) -> None:
        """It means nothing here."""

    def _begin(self, now_s: float, why: str) -> None:
        _ = why
        if now_s >= self.carry_until_s:
            self.put_back("the session that followed came too late")
        self.carry_until_s = math.inf
        self.chain.session_began()
        self.questions.clear()
        self._accepted_s = math.inf
        self._was_long = False

    def _again(self, now_s: float, why: str) -> None:
        self._end(now_s, why or "the session was another one")
        self._begin(now_s, why)

    def _end(self, now_s: float, why: str) -> None:
        self._short = self._short + 1 if self._accepted_s < math.inf and not self._was_long else 0
        kept: list[Message] = []
        if self._short > _SHORT_SESSIONS:  # rule 7
            kept = self.sent.accepted_by(now_s - self._outlived_s)
            self.carry_until_s = now_s + AT_ONCE_S
        else:
            self.chain.end()
        self.chain.pending = None
        self.questions.clear()
        self.put_back(why, kept=kept, blame=True)

    def _expire(self, now_s: float, why: str) -> None:
        if now_s >= self.carry_until_s:
            self.put_back(why or "no session followed")
            self.carry_until_s = math.inf

    def _renew(self, now_s: float, why: str) -> None:
        self._end(now_s, why)
        self.due.append(Renew(why))

    def _open(self, now_s: float, why: str) -> None:
        _ = now_s, why
        if not self._used or self.chain.is_markless:
            self.state = State.UNMARKED

    def _confirm(self, now_s: float, why: str) -> None:
        _ = why
        mark, is_gap = self.chain.take(now_s)
        self._was_long |= mark.written_s >= self._accepted_s + GRACE_S
        if is_gap and (early := self.sent.handed_before(mark.written_s)):
            self.put_back("too long between two marks", early)
        self.let_go(self.sent.ripe(self.chain.proof.proves, since_s=self.chain.since_s))

    def _resume(self, now_s: float, why: str) -> None:
        self.chain.resume()
        self._confirm(now_s, why)

    def _doubt(self, now_s: float, why: str) -> None:
        self.chain.lose(now_s)
        self.state = State.UNMARKED if self.chain.is_markless else State.STANDING
        self.put_back(why or "a mark did not come back")

    def _drop(self, now_s: float, why: str) -> None:
        _ = now_s, why
        self.chain.pending = None
