"""How many questions a meter may be asked in an hour, and how many rows fit before its next live cycle. Pure."""

from __future__ import annotations

MOST_ROWS = 200
_FIRST_ROWS = 8
_SHARE = 0.7
"""So much of the free time is planned for: what a meter takes is never quite the same."""
_WEIGHT = 0.3
_FEW_ROWS = 2


_DOUBLINGS = 16


def backoff_s(first_s: float, times: int, most_s: float) -> float:
    """Return how long to wait after so many attempts that gave nothing: twice as long each time.

    Args:
        first_s: after the first.
        times: how many there were.
        most_s: never longer.
    """
    return min(first_s * 2.0 ** min(max(times - 1, 0), _DOUBLINGS), most_s)


class RequestBudget:
    """Requests an hour: a third of them may go at once, the rest as time passes.

    Args:
        per_hour: how many.
        now_s: the loop's time.
    """

    def __init__(self, per_hour: float, now_s: float) -> None:
        self._per_s = per_hour / 3600
        self._most = max(per_hour / 3, 2.0)
        self._left = self._most
        self._at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Return the seconds until the next request may go; 0 when it may now."""
        self._left = min(self._left + (now_s - self._at_s) * self._per_s, self._most)
        self._at_s = now_s
        return max(0.0, (1 - self._left) / self._per_s)

    def spend(self, requests: int) -> None:
        """Count what went out; what one slice took may be more than was left, and is waited for afterwards."""
        self._left -= requests


class SliceSize:
    """How many rows a slice may have: learnt from how long the last ones took.

    A slice that took several questions tells nothing: between them live cycles had the line, and how much is asked at
    once is decided where the questions are made. It may be twice as long the next time.
    """

    def __init__(self) -> None:
        self._unmeasured = _FIRST_ROWS
        self._base_s: float | None = None  # what a request takes, however few its rows
        self._row_s: float | None = None
        self._limit = MOST_ROWS

    def rows(self, free_s: float) -> int:
        """Return how many rows fit into the time that is free; at least 1."""
        if self._row_s is None:
            return min(self._unmeasured, self._limit)
        room_s = max(free_s * _SHARE - (self._base_s or 0.0), 0.0)
        return max(1, min(int(room_s / self._row_s), self._limit))

    def needs_s(self, rows: int, most_s: float) -> float | None:
        """Return how long so many rows take; None while nobody knows.

        Args:
            rows: how many.
            most_s: never say more than this: what needs longer than there ever is must be tried all the same.
        """
        return None if self._row_s is None else min((self._base_s or 0.0) + rows * self._row_s, most_s)

    def took(self, rows: int, took_s: float, questions: int = 1) -> None:
        """Learn from a slice that went well."""
        self._limit = min(2 * self._limit, MOST_ROWS)
        if questions > 1:
            self._row_s, self._unmeasured = None, min(2 * max(rows, self._unmeasured), MOST_ROWS)
            return
        if rows <= _FEW_ROWS:
            self._base_s = took_s if self._base_s is None else min(self._base_s, took_s)
            return
        per_row_s = max(took_s - (self._base_s or 0.0), 1e-4) / rows
        self._row_s = per_row_s if self._row_s is None else self._row_s + _WEIGHT * (per_row_s - self._row_s)

    def failed(self) -> bool:
        """Ask for half of it the next time; return whether it was a single row already."""
        was_least, self._limit = self._limit <= 1, max(1, self._limit // 2)
        return was_least
