"""Replies: answers to calls on their way out. Each goes into the session that it was asked in, or nowhere. Pure.

An answer is a regular message: past its limit ThingsBoard closes the session, with all that is on the way in it. So
answers wait for their limit, in their order, and those that nobody waits for any more are dropped.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from bridge.delivery.messages import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_USE_S = 9.0
"""ThingsBoard waits for 10 s from the call; an answer that waits here for so long comes too late for any."""


class Replies:
    """Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Message, int, float]] = deque()

    def put(self, topic: str, payload: bytes, session: int, now_s: float) -> None:
        """One more, for the session of that number."""
        is_own = topic.startswith("v1/devices/me/")
        self._waiting.append((Message(topic, payload, regular=1, is_own=is_own), session, now_s + _OF_USE_S))

    def due(self, session: int, now_s: float) -> Iterator[Message]:
        """Those that may go into this session now; each is taken out as it is given."""
        while self._waiting:
            message, asked_in, until_s = self._waiting[0]
            if asked_in == session and now_s < until_s:
                yield message
            self._waiting.popleft()
