"""The sessions that the broker has with ThingsBoard: how long they last, and what short ones in a row mean. Pure.

ThingsBoard keeps one session a device: a second client with the same token throws the first one out, which connects
again and throws out the second. Each sees sessions that begin at once and end after seconds, again and again. A line
that is down looks different: the next session does not begin at once.

Rules
    A session that ends within :data:`SHORT_S` is short.
    :data:`IN_A_ROW` short ones, each begun within :data:`AT_ONCE_S` of the end of the one before: the token is shared.
    A session that lasts longer, or a longer time without one, ends the suspicion.
"""

from __future__ import annotations

SHORT_S = 60.0
AT_ONCE_S = 45.0  # the broker waits up to 30 s before it connects again
IN_A_ROW = 3


class Sessions:
    """Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._ended_s: float | None = None
        self._short = 0

    def began(self, now_s: float) -> None:
        """A session is up."""
        if self._ended_s is not None and now_s - self._ended_s > AT_ONCE_S:
            self._short = 0
        self._began_s = now_s

    def ended(self, now_s: float) -> bool:
        """It is not any more; return whether it was a short one. The broker's own end is no news of a session."""
        if self._began_s is None:
            return False
        short = now_s - self._began_s < SHORT_S
        self._short = self._short + 1 if short else 0
        self._began_s, self._ended_s = None, now_s
        return short

    def token_is_shared(self, now_s: float) -> bool:
        """Return whether something else seems to use the same token."""
        if self._began_s is not None and now_s - self._began_s >= SHORT_S:
            self._short = 0
        if self._began_s is None and self._ended_s is not None and now_s - self._ended_s > AT_ONCE_S:
            self._short = 0
        return self._short >= IN_A_ROW
