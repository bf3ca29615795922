"""Retained: for a ThingsBoard that does not answer the fence. The local PUBACK confirms, late.

Weaker than the fence, and the bridge says so when it uses it. Rules:

* A message that the broker acknowledged stays on disk for :data:`RETENTION_S` and is confirmed after that.
* Any break of the broker or of its session with ThingsBoard, any message that the broker says it dropped: all that is
  not confirmed goes back and is sent again. What comes twice does no harm.
* Nothing is handed over while the session is down, and at most :data:`RATE`: the broker drops what its queue has no
  room for.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bridge.delivery.actions import Confirm, Hand, PutBack, Reconnect, Wait
from bridge.delivery.pace import Limits, Rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.actions import Action
    from bridge.delivery.messages import Message
    from bridge.delivery.pace import Pace

RETENTION_S = 120.0
RATE = Rate(5, 1.0)
QUEUE = 100
"""Messages in the broker's queue upstream above which nothing is added."""
_WINDOW = 16
_TIMEOUT_S = 30.0


class Retained:
    """See the module's rules; the methods are those of :class:`~bridge.delivery.confirmation.Confirmation`.

    Args:
        pace: set to :data:`RATE`; this server does not tell its limits.
    """

    def __init__(self, pace: Pace) -> None:
        pace.obey(Limits(messages=(RATE,)))
        self._due: deque[Action] = deque()
        self._broker = False
        self._session = False
        self._flying: dict[Message, float] = {}
        self._kept: deque[tuple[float, tuple[int, ...]]] = deque()  # acknowledged: until when, and the rows
        self._queued = 0

    def broker(self, *, up: bool, now_s: float) -> None:
        """What the broker had may be gone with it."""
        _ = now_s
        self._broker = up
        self._session = False
        self._break("the broker went away")

    def upstream(self, *, up: bool, now_s: float) -> None:
        """A break even if the session is up again: a second 'up' means that a 'down' was missed."""
        _ = now_s
        broke = self._session
        self._session = up
        if broke:
            self._break("ThingsBoard's session ended")

    def relay(self, *, queued: int | None, dropped: int, now_s: float) -> None:
        """A long queue is left to drain; a message thrown away sends all of them again."""
        _ = now_s
        self._queued = queued or 0
        if dropped:
            self._break("the broker dropped messages")

    def handed(self, messages: Sequence[Message], now_s: float) -> None:
        """Each has its own deadline."""
        self._flying.update(dict.fromkeys(messages, now_s + _TIMEOUT_S))

    def acknowledged(self, message: Message, now_s: float) -> None:
        """From now on it is kept."""
        if self._flying.pop(message, None) is not None:
            self._kept.append((now_s + RETENTION_S, message.ids))

    def answered(self, request_id: int, now_s: float) -> None:
        """A late answer; it changes nothing."""

    def next(self, now_s: float) -> Action:
        """Confirm what was kept long enough, then hand over more."""
        if self._due:
            return self._due.popleft()
        if self._kept and now_s >= self._kept[0][0]:
            return Confirm(self._kept.popleft()[1])
        if not (self._broker and self._session):
            return Wait(self._kept[0][0] if self._kept else None)
        first = next(iter(self._flying.values()), None)
        if first is not None and now_s >= first:
            self._broker = False  # until the new connection says otherwise
            return Reconnect(f"it acknowledged nothing for {_TIMEOUT_S:g} s")
        if len(self._flying) < _WINDOW and self._queued < QUEUE:
            return Hand(1)
        ends = [end for end in (first, self._kept[0][0] if self._kept else None) if end is not None]
        return Wait(min(ends, default=None))

    def _break(self, reason: str) -> None:
        ids = tuple(row for _, rows in self._kept for row in rows)
        ids += tuple(row for message in self._flying for row in message.ids)
        self._kept.clear()
        self._flying.clear()
        if ids:
            self._due.append(PutBack(ids, reason, blamed=False))
