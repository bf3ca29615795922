"""The fence: a sample has arrived when ThingsBoard answered a question asked after it on an unbroken session.

A PUBACK proves little. Mosquitto acknowledges what it only has in memory, and ThingsBoard acknowledges what its rate
limit throws away, then closes the session. But the broker's connection upstream has one message in flight, so a
question handed over behind a window goes up only when the whole window was acknowledged; and if the session did not
break between, nothing was thrown away.

Rules:

* Every session begins with a fence alone. Once it is answered, what the broker still had from before has gone.
* A window of W messages, then the fence. Answered: the window is confirmed, and W doubles up to :data:`WINDOW_CAP`.
* The session breaks (the broker or its upstream went): the window goes back, W is 1, begin with a fence alone.
* The question follows its window at once, or the window goes back: see :data:`EXPIRY_S`.
* The fence stays unanswered while the session stands: the same. The third time in a row that nothing comes back
  although the broker got rid of everything, the server is one that does not answer fences: fall back.

The states and what moves between them::

             session up             answered           handed                answered
    DOWN ──────────────▶ PROVING ───────────▶ READY ─────────▶ WAITING ─────────────────▶ READY, window confirmed
      ▲                   │  ▲ └── timeout: ask again ──┘          │
      └──── break ────────┴──┼──────────── from any state ─────────┤ window put back
                             └───────────────── timeout ───────────┘ window put back
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bridge.delivery.actions import Ask, Confirm, FallBack, Hand, PutBack, Unanswered, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.actions import Action
    from bridge.delivery.messages import Message
    from bridge.delivery.pace import Pace

WINDOW_CAP = 16
TIMEOUT_S = 20.0
"""A full window is 1 MB: longer than that takes at half a megabit a second."""
TIMEOUT_CAP_S = 60.0
PAUSE_S, PAUSE_CAP_S = 0.5, 30.0
"""Between a window that failed and the next one, doubling: a rate limit needs time to forget."""
EXPIRY_S, ASK_EXPIRY_S = 60, 30
"""How long the broker may keep trying to pass on a message, and a question. What ThingsBoard refuses without a receipt
would else be the first thing in every session for ever. The question's is the shorter one: whenever a message expired,
the question behind it has too, whatever the clocks do, so it is not answered for a message that never went."""
UNANSWERED = 3
ID_SPAN = 1 << 31
"""ThingsBoard reads the number as a Java int."""


class Fence:
    """See the module's rules; the methods are those of :class:`~bridge.delivery.confirmation.Confirmation`.

    Args:
        pace: the limits that windows and questions keep to.
        first_id: number of the first question; random, so that an answer to an earlier process's is not taken for ours.
    """

    def __init__(self, pace: Pace, *, first_id: int) -> None:
        self._pace = pace
        self._id = first_id
        self._due: deque[Action] = deque()
        self._broker = False
        self._session = False  # the broker's, with ThingsBoard
        self._proven = False  # a question was answered since this session began
        self._window: tuple[int, ...] = ()
        self._standing = False  # a window, perhaps one without samples, was handed over and has no answer yet
        self._width = 1
        self._handed_s = 0.0
        self._asked: int | None = None
        self._deadline_s = 0.0
        self._silent = 0  # questions in a row that stayed unanswered on a session that stands
        self._failures = 0
        self._pause_until_s = 0.0
        self._queued: int | None = None

    def broker(self, *, up: bool, now_s: float) -> None:
        """Whatever the broker had is gone with it, and its session upstream is unknown until it says."""
        self._broker = up
        self._session = False
        self._break("the broker went away", now_s, blamed=False)

    def upstream(self, *, up: bool, now_s: float) -> None:
        """A break even if the session is up again: a second 'up' means that a 'down' was missed."""
        broke = self._session
        self._session = up
        if broke:
            self._break("ThingsBoard's session ended", now_s, blamed=True)

    def relay(self, *, queued: int | None, dropped: int, now_s: float) -> None:
        """Remembered for the question whether the server, or the way to it, is what stays silent."""
        _ = dropped, now_s
        self._queued = queued

    def handed(self, messages: Sequence[Message], now_s: float) -> None:
        """The window stands; the fence comes next."""
        self._window = tuple(row for message in messages for row in message.ids)
        self._standing = bool(messages)
        self._handed_s = now_s

    def acknowledged(self, message: Message, now_s: float) -> None:
        """The local broker's receipt proves nothing here."""

    def answered(self, request_id: int, now_s: float) -> None:
        """The last question's answer confirms the window; any other is a leftover."""
        _ = now_s
        if request_id != self._asked:
            return
        self._asked = None
        self._silent = 0
        self._proven = True
        if self._window:
            self._due.append(Confirm(self._window))
        if self._standing:
            self._window, self._standing = (), False
            self._width = min(2 * self._width, WINDOW_CAP)
            self._failures = 0

    def next(self, now_s: float) -> Action:
        """What the state asks for."""
        if not self._due and self._asked is not None and now_s >= self._deadline_s and self._broker and self._session:
            self._unanswered(now_s)
        if self._due:
            return self._due.popleft()
        if not (self._broker and self._session):
            return Wait()
        if self._asked is not None:
            return Wait(self._deadline_s)
        if self._standing or not self._proven:
            return self._ask(now_s)
        if now_s < self._pause_until_s:
            return Wait(self._pause_until_s)
        return Hand(self._width)

    def _ask(self, now_s: float) -> Action:
        if self._standing and now_s - self._handed_s > (EXPIRY_S - ASK_EXPIRY_S) / 2:
            self._break("the limits left no room for the question behind it", now_s, blamed=False)
            return self._due.popleft()
        wait_s = self._pace.wait_s(now_s)
        if wait_s > 0:
            return Wait(now_s + wait_s)
        self._pace.spend(now_s)
        self._id = (self._id + 1) % ID_SPAN
        self._asked = self._id
        self._deadline_s = now_s + min(TIMEOUT_S * 2**self._silent, TIMEOUT_CAP_S)
        return Ask(self._id)

    def _unanswered(self, now_s: float) -> None:
        silent = self._silent + 1
        self._break("ThingsBoard did not answer", now_s, blamed=True)
        self._silent = silent
        self._due.append(Unanswered(silent))
        if silent >= UNANSWERED and self._queued == 0:
            self._due.append(FallBack())

    def _break(self, reason: str, now_s: float, *, blamed: bool) -> None:
        if self._window:
            self._due.append(PutBack(self._window, reason, blamed=blamed))
        if self._standing:
            self._window, self._standing = (), False
            self._pause_until_s = now_s + min(PAUSE_S * 2 ** min(self._failures, 10), PAUSE_CAP_S)
            self._failures += 1
        self._width = 1
        self._asked = None
        self._silent = 0
        self._proven = False
