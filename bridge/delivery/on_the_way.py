"""On the way: what was sent and is not accepted yet, in the order of sending, and what the line shows by it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bridge.delivery.line import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.messages import Message


class OnTheWay:
    """Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self.line = Line()
        self.messages: deque[Message] = deque()
        self.bytes = 0
        self._sent_s: deque[float] = deque()
        self._last_accepted_s = 0.0

    @property
    def is_full(self) -> bool:
        """Whether the line should carry no more now."""
        return self.bytes >= self.line.max_bytes or len(self.messages) >= self.line.max_messages

    @property
    def first_sent_s(self) -> float | None:
        """When the oldest of them was sent; None when there is none."""
        return self._sent_s[0] if self._sent_s else None

    @property
    def last_question_s(self) -> float | None:
        """When the newest question among them was sent; None when there is none."""
        for message, sent_s in zip(reversed(self.messages), reversed(self._sent_s), strict=True):
            if message.answer:
                return sent_s
        return None

    def sent(self, message: Message, now_s: float) -> None:
        """One more."""
        self.messages.append(message)
        self._sent_s.append(now_s)
        self.bytes += message.size_bytes

    def accepted(self, messages: Sequence[Message], now_s: float) -> None:
        """These have arrived."""
        gone = {id(message) for message in messages}
        first_s, last_s, taken, count = None, now_s, 0, 0
        left: deque[Message] = deque()
        left_s: deque[float] = deque()
        for message, sent_s in zip(self.messages, self._sent_s, strict=True):
            if id(message) in gone:
                first_s = sent_s if first_s is None else first_s
                last_s = sent_s
                taken += message.size_bytes
                count += 1
            else:
                left.append(message)
                left_s.append(sent_s)
        self.messages, self._sent_s = left, left_s
        self.bytes -= taken
        if first_s is not None:
            # What was sent long before the question that accepted it has not been held up by the line: the question's
            # own round trip says how much of it was still on the way.
            began_s = max(first_s, self._last_accepted_s)
            self.line.accepted(now_s - (last_s if last_s - began_s > now_s - last_s else began_s), taken, count)
            self._last_accepted_s = now_s

    def lost(self) -> list[Message]:
        """The session ended: nothing is on the way any more."""
        messages = list(self.messages)
        self.messages.clear()
        self._sent_s.clear()
        self.bytes = 0
        return messages
