"""Accepted: the upstream's acknowledgement confirms, at once or after a time without a break.

At once where there is no ThingsBoard. Late with ``CONFIRM=puback``, for a server that answers no question: weaker than
anything else, and the bridge says so. Whose acknowledgement it is says the upstream: the local broker's, or
ThingsBoard's own.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bridge.delivery.confirmation.actions import PutBack, Renew, Stored, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.confirmation.actions import Action
    from bridge.delivery.confirmation.protocol import Marks
    from bridge.delivery.messages import Message

RETENTION_S = 120.0
_ROWS = 2_000
_PATIENCE_S = 30.0


class Accepted:
    """See the module's rules; the methods are those of :class:`~bridge.delivery.confirmation.protocol.Confirmation`.

    Args:
        retention_s: how long after the acknowledgement.
    """

    def __init__(self, *, retention_s: float = 0.0) -> None:
        self.patience_s = _PATIENCE_S
        self.mark_every_s = 0.0
        self._retention_s = retention_s
        self._is_up = False
        self._flying: dict[Message, float] = {}
        self._kept: deque[tuple[float, Message]] = deque()
        self._due: deque[Action] = deque()

    @property
    def marks(self) -> Marks:
        """None are used."""
        return "not used"

    @property
    def how(self) -> str:
        """The local broker's receipt."""
        return "puback"

    @property
    def seen(self) -> bool:
        """No mark was written."""
        return False

    @property
    def in_doubt(self) -> int:
        """Messages that were sent and are not known to be stored."""
        return len(self._flying) + len(self._kept)

    @property
    def is_settled(self) -> bool:
        """Whether nothing that was sent is in doubt."""
        return not (self._flying or self._kept)

    def sent_ids(self) -> list[int]:
        """Rows that count as sent."""
        sent = [*self._flying, *(message for _, message in self._kept)]
        return [row_id for message in sent for row_id in message.ids]

    @property
    def unstored(self) -> int:
        """Samples that are kept for their time."""
        return sum(len(message.ids) for _, message in self._kept)

    @property
    def answers(self) -> bool:
        """A session that stands is enough."""
        return self._is_up

    def up(self, now_s: float) -> None:
        """A second ``up`` is a break too."""
        if self._is_up:
            self.down(now_s, "the session was another one")
        self._is_up = True

    def down(self, now_s: float, why: str) -> None:
        """What is not confirmed is sent again."""
        _ = now_s
        self._is_up = False
        flying = tuple(self._flying)
        doubtful = (*flying, *(message for _, message in self._kept))
        self._flying.clear()
        self._kept.clear()
        if doubtful:
            self._due.append(PutBack(doubtful, why, blamed=flying))

    def room(self, now_s: float) -> int:
        """As much as the upstream has room for."""
        _ = now_s
        return _ROWS if self._is_up else 0

    def handed(self, message: Message, now_s: float) -> None:
        """It has a deadline of its own."""
        self._flying[message] = now_s + _PATIENCE_S

    def accepted(self, messages: Sequence[Message], now_s: float) -> None:
        """From now on they are kept for their time."""
        for message in messages:
            if self._flying.pop(message, None) is not None:
                self._kept.append((now_s + self._retention_s, message))

    def refused(self, message: Message, now_s: float, *, is_unreadable: bool) -> None:
        """It is sent again, or tried alone."""
        _ = now_s
        if self._flying.pop(message, None) is not None:
            unreadable = (message,) if is_unreadable else ()
            self._due.append(PutBack((message,), "ThingsBoard refused it", unreadable=unreadable))

    def answered(self, number: int, value: object, now_s: float) -> None:
        """Nothing was asked."""

    def next(self, now_s: float, *, owing: bool, may_speak: bool = True) -> Action:
        """Confirm what was kept long enough."""
        _ = owing, may_speak
        if self._due:
            return self._due.popleft()
        ready = []
        while self._kept and now_s >= self._kept[0][0]:
            ready.append(self._kept.popleft()[1])
        if ready:
            return Stored(tuple(ready))
        first = next(iter(self._flying.values()), None)
        if first is not None and now_s >= first and self._is_up:
            self.down(now_s, why := f"nothing was acknowledged for {_PATIENCE_S:g} s")
            return Renew(why)
        ends = [end for end in (first, self._kept[0][0] if self._kept else None) if end is not None]
        return Wait(min(ends, default=None))
