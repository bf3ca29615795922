"""Acknowledged: the local broker's PUBACK confirms. For a bridge without an upstream.

Rules:

* at most :data:`WINDOW` messages are in flight;
* a message is confirmed by its own PUBACK and by nothing else;
* when the broker goes, all that is in flight goes back;
* a PUBACK that stays out for :data:`TIMEOUT_S` means a broker that hangs: connect again.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bridge.delivery.actions import Confirm, Hand, PutBack, Reconnect, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.actions import Action
    from bridge.delivery.messages import Message

WINDOW = 16
TIMEOUT_S = 30.0


class Acknowledged:
    """See the module's rules; the methods are those of :class:`~bridge.delivery.confirmation.Confirmation`."""

    def __init__(self) -> None:
        self._up = False
        self._flying: dict[Message, float] = {}  # in the order handed over, each with its deadline
        self._due: deque[Action] = deque()

    def broker(self, *, up: bool, now_s: float) -> None:
        """All in flight goes back when the broker goes."""
        _ = now_s
        self._up = up
        if self._flying:
            ids = tuple(row for message in self._flying for row in message.ids)
            self._due.append(PutBack(ids, "the broker went away", blamed=False))
            self._flying.clear()

    def upstream(self, *, up: bool, now_s: float) -> None:
        """There is none."""

    def handed(self, messages: Sequence[Message], now_s: float) -> None:
        """Each has its own deadline."""
        self._flying.update(dict.fromkeys(messages, now_s + TIMEOUT_S))

    def acknowledged(self, message: Message, now_s: float) -> None:
        """That message has arrived."""
        _ = now_s
        if self._flying.pop(message, None) is not None:
            self._due.append(Confirm(message.ids))

    def answered(self, request_id: int, now_s: float) -> None:
        """Nothing was asked."""

    def relay(self, *, queued: int | None, dropped: int, now_s: float) -> None:
        """There is no way upstream."""

    def next(self, now_s: float) -> Action:
        """Confirm what arrived, then fill the window."""
        if self._due:
            return self._due.popleft()
        if not self._up:
            return Wait()
        first = next(iter(self._flying.values()), None)
        if first is not None and now_s >= first:
            self._up = False  # until the new connection says otherwise
            return Reconnect(f"it acknowledged nothing for {TIMEOUT_S:g} s")
        if len(self._flying) < WINDOW:
            return Hand(WINDOW - len(self._flying))
        return Wait(first)
