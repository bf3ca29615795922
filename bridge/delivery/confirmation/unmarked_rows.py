"""Unmarked rows: how many may be sent and not marked (rules 3 and 5 of ``marks.py``). Pure."""

from __future__ import annotations

MOST_ROWS, FIRST_ROWS, _LEAST_ROWS = 3_000, 500, 100  # about 2,000 before each mark, the others while it is on its way
MARKLESS_ROWS = 2_000
_TRICKLE_ROWS = 4
_SLOW_S, _QUICK_S = 1.0, 0.3
_USED = 4  # a mark behind less than this part of what might have been sent says nothing about more


class UnmarkedRows:
    """Rows handed since the last mark that came back was written."""

    def __init__(self) -> None:
        self._unmarked = 0
        self._before_mark = 0  # those of them that were handed before the pending one
        self.most = float(FIRST_ROWS)
        """Up to so many."""
        self._is_mark_awaited = False  # rows wait for a mark to go behind
        self.trickle = 0
        """So many may go while marks stand still."""

    @property
    def room(self) -> int:
        """How many more may go while marks come back."""
        return max(0, int(self.most) - self._unmarked)

    @property
    def are_any(self) -> bool:
        """Whether anything was sent behind the last mark."""
        return self._unmarked > self._before_mark

    @property
    def want_mark(self) -> bool:
        """Whether a mark should be written as soon as one may be."""
        return self._is_mark_awaited or self._unmarked >= self.most / 2

    @property
    def is_much_before_mark(self) -> bool:
        """Whether much was handed before the pending mark: more waits for it."""
        return self._before_mark >= FIRST_ROWS

    def session_began(self) -> None:
        """Nothing was sent in it."""
        self._unmarked = self._before_mark = 0
        self.trickle = 0

    def await_mark(self) -> None:
        """Rows wait for a mark to go behind."""
        self._is_mark_awaited = True

    def handed(self, count: int) -> None:
        """So many were sent."""
        self._unmarked += count
        self.trickle = max(0, self.trickle - count)
        self._is_mark_awaited = False

    def put_back(self, left: int) -> None:
        """Some were put back, so many still count as sent."""
        self._unmarked = left
        self._before_mark = min(self._before_mark, self._unmarked)

    def mark_written(self) -> None:
        """A mark goes behind all of them."""
        self._before_mark = self._unmarked
        self._is_mark_awaited = False

    def let_trickle(self, *, is_any: bool) -> None:
        """Marks stand still: a few rows go behind the one just written, or none."""
        self.trickle = _TRICKLE_ROWS if is_any else 0

    def mark_back(self, lag_s: float) -> None:
        """It came back, so much later than ThingsBoard had it."""
        self._unmarked -= self._before_mark
        was_used = self._before_mark >= self.most / _USED
        self._before_mark = 0
        if lag_s > _SLOW_S:
            self.most = max(_LEAST_ROWS, self.most / 2)
        elif lag_s < _QUICK_S and was_used:
            self.most = min(MOST_ROWS, self.most * 1.5)
