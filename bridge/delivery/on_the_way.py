"""On the way: what was sent and is not accepted yet, in the order of sending, and what the line shows by it."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from bridge.delivery.line import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.messages import Message


class OnTheWay:
    """Times are one monotonic clock's seconds.

    Args:
        is_pipelined: whether messages do not wait for one another: a round trip then brings all that was on the way
            when it began, and is measured so.
    """

    def __init__(self, *, is_pipelined: bool = False) -> None:
        self.line = Line()
        self._is_pipelined = is_pipelined
        self._round_s: float | None = None  # when the message was sent whose acceptance ends the round
        self._round_bytes = self._round_count = 0  # accepted since
        self.messages: deque[Message] = deque()
        self.bytes = 0
        self._sent_s: deque[float] = deque()
        self._last_accepted_s = 0.0
        self._last_taken_sent_s = -math.inf  # when the newest of those that were accepted was sent

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
        if self._round_s is None:
            self._round_s = now_s
            self._round_bytes = self._round_count = 0

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
        if first_s is None:
            return
        self._last_taken_sent_s = max(self._last_taken_sent_s, last_s)
        if self._is_pipelined:
            self._round_bytes += taken
            self._round_count += count
            if self._round_s is not None and last_s >= self._round_s:
                self.line.accepted(now_s - self._round_s, self._round_bytes, self._round_count, round_trips=1)
                self._round_s = None
        else:
            # What was sent long before the question that accepted it has not been held up by the line: the question's
            # own round trip says how much of it was still on the way.
            began_s = max(first_s, self._last_accepted_s)
            self.line.accepted(now_s - (last_s if last_s - began_s > now_s - last_s else began_s), taken, count)
            self._last_accepted_s = now_s

    def passed_over(self, before_s: float) -> list[Message]:
        """What was sent before this time, while something that was sent later has been accepted."""
        late_s = min(before_s, self._last_taken_sent_s)
        return [message for message, sent_s in zip(self.messages, self._sent_s, strict=True) if sent_s < late_s]

    def gave_up(self, message: Message) -> None:
        """Nobody waits for this one any more."""
        place = self.messages.index(message)
        del self.messages[place], self._sent_s[place]
        self.bytes -= message.size_bytes

    def lost(self) -> list[Message]:
        """The session ended: nothing is on the way any more."""
        messages = list(self.messages)
        self._last_taken_sent_s = -math.inf
        self._round_s = None
        self.messages.clear()
        self._sent_s.clear()
        self.bytes = 0
        return messages
