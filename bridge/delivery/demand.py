"""Demand: what was sent, as the smallest limit that would have let it through. Pure.

A limit is a bucket that holds what it refills in a period. Whatever was sent since any moment must fit into a full one
and what it refilled since: so the demand of a message is the largest of these, over the last :data:`_PERIODS` periods.

What was on the way when a session ended may have been counted over there or not. So there are two: the demand with it,
which a limit that closed the session is at most, and the one without it, which a limit that did not is at least.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_PERIODS, _GRAIN = 8, 1 / 16
"""Periods that are looked back, and the part of one that is a moment."""


class Demand(NamedTuple):
    """Units a second, with what may not have been counted, and without."""

    most: float
    least: float


class Demands:
    """One bucket's.

    Args:
        period_s: in which it refills.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._history: deque[list[float]] = deque()  # when it arrived, how much, how much of that was counted surely

    def add(self, amount: float, at_s: float) -> Demand:
        """So much arrives then; what is demanded with it."""
        history = self._history
        if history and at_s - history[-1][0] < self._period_s * _GRAIN:
            history[-1][1] += amount
            history[-1][2] += amount
        else:
            history.append([at_s, amount, amount])
        while history[0][0] < at_s - _PERIODS * self._period_s:
            history.popleft()
        most = least = total = sure = 0.0
        end_s = self._period_s + at_s
        for since_s, count, counted in reversed(history):
            total += count
            sure += counted
            passed_s = end_s - since_s
            if total > most * passed_s:
                most = total / passed_s
            if sure > least * passed_s:
                least = sure / passed_s
        return Demand(most, least)

    def lost(self, amount: float) -> None:
        """The last so much may not have been counted."""
        for moment in reversed(self._history):
            taken = min(amount, moment[2])
            moment[2] -= taken
            amount -= taken
            if amount <= 0:
                break
