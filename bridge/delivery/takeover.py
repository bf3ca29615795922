"""Takeover: does something else use our token? Pure.

ThingsBoard keeps one session a device: a second client with the same token throws the first one out, which connects
again and throws out the second. Each sees sessions that begin at once and end after seconds, again and again. But a
limit that is passed, or a message that cannot be taken, ends sessions in the same way; so the suspicion is tried:

Rules
    A session that ends within :data:`SHORT_S` is short.
    After :data:`IN_A_ROW` short ones, each begun within :data:`AT_ONCE_S` of the end of the one before, nothing is sent
    in the next one for :data:`STILL_S`. If it ends all the same, :data:`STILL_ENDS` times in a row, it is shared.
    If it holds, it was we who ended the others; that is not tried again for :data:`INNOCENT_S`.
    A session that lasts longer, or a longer time without one, ends the suspicion.
    On MQTT 5 ThingsBoard says it: *Session taken over* twice within :data:`TOLD_WITHIN_S` is known, and not tried.
    Once it may be a technician's tool.
"""

from __future__ import annotations

import math

SHORT_S = 60.0
AT_ONCE_S = 20.0
IN_A_ROW = 3
STILL_S = 8.0
STILL_ENDS = 2
INNOCENT_S = 600.0
TOLD_WITHIN_S = 120.0


class Takeover:
    """Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._ended_s = -math.inf
        self._short = 0
        self._still = False
        self._still_ends = 0
        self._innocent_until_s = -math.inf
        self._told_s = (-math.inf, -math.inf)  # when it was said, the last two times

    def told(self, now_s: float) -> None:
        """ThingsBoard said that another client took the session over."""
        self._told_s = (self._told_s[1], now_s)

    def began(self, now_s: float, *, is_explained: bool = False) -> None:
        """A session is up; whether a limit explains why the one before ended: that one does not count."""
        if now_s - self._ended_s > AT_ONCE_S:
            self._short = self._still_ends = 0
        elif is_explained:
            self._short = max(0, self._short - 1)
        self._began_s = now_s
        self._still = self._short >= IN_A_ROW and now_s >= self._innocent_until_s and self._still_ends < STILL_ENDS

    def ended(self, now_s: float, *, by_us: bool = False) -> bool:
        """It is not any more; return whether it was a short one. One that we ended ourselves says nothing."""
        if self._began_s is None:
            return False
        if by_us:
            self._began_s, self._ended_s, self._still = None, now_s, False
            return False
        lasted_s = now_s - self._began_s
        if self._still and lasted_s < STILL_S:
            self._still_ends += 1
        is_short = lasted_s < SHORT_S
        self._short = self._short + 1 if is_short else 0
        if not is_short:
            self._still_ends = 0
        self._began_s, self._ended_s, self._still = None, now_s, False
        return is_short

    def still_until_s(self, now_s: float) -> float | None:
        """Until when nothing should be sent, to see whether the session ends without us; None when it may be."""
        if not self._still or self._began_s is None:
            return None
        if now_s - self._began_s < STILL_S:
            return self._began_s + STILL_S
        self._still = False
        self._still_ends = 0
        self._innocent_until_s = now_s + INNOCENT_S
        return None

    def token_is_shared(self, now_s: float) -> bool:
        """Return whether something else seems to use the same token."""
        if self._began_s is not None and now_s - self._began_s >= SHORT_S:
            self._short = self._still_ends = 0
        if self._began_s is None and now_s - self._ended_s > AT_ONCE_S:
            self._short = self._still_ends = 0
        return self._still_ends >= STILL_ENDS or now_s - self._told_s[0] <= TOLD_WITHIN_S
