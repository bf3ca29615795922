"""Mark proof: what is stored when a mark comes back (rule 2 of ``marks.py``). Pure.

Marks overtake samples, and feel only a part of what those are behind: how far behind ThingsBoard is with its samples
shows a mark that was written just then, and no later one. So

* what was accepted before a mark that came back is stored once ThingsBoard has had the time that this mark shows it to
  need, and a mark that was written after that comes back too: one that died meanwhile answers none of the same chain;
* where so little waits to be stored that it takes no time, :data:`FEW_ROWS`, one mark is enough that was written a
  grace later. Rows count until marks prove them stored, and again when they are sent again: both wait over there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

FEW_ROWS = 100
"""A ThingsBoard that stores fifty rows a second is done with them within the least grace."""


class _Back(NamedTuple):
    """A mark that came back."""

    written_s: float
    grace_s: float  # after that is stored what was accepted before it
    rows: int  # that were sent before it


class MarkProof:
    """Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self._rows = 0
        self._rows_at_mark = 0
        self._proven = 0  # rows that were stored a grace before the last mark was written
        self._proven_s = -math.inf
        self._back: list[_Back] = []

    @property
    def is_much(self) -> bool:
        """Whether it takes two marks."""
        return self._rows - self._proven > FEW_ROWS

    def handed(self, rows: int) -> None:
        """So many were sent."""
        self._rows += rows

    def written(self) -> None:
        """A mark is written."""
        self._rows_at_mark = self._rows

    def back(self, written_s: float, grace_s: float, *, since_s: float) -> None:
        """The mark that was written then came back.

        Args:
            written_s: when.
            grace_s: how long ThingsBoard needs, by this mark and those shortly before it.
            since_s: when the first mark of the chain was written: those before it prove nothing together with this one.
        """
        self._proven_s = -math.inf
        chain, self._back = self._back, []
        for mark in chain:
            stored_s = mark.written_s + mark.grace_s
            if mark.written_s < since_s:
                continue
            if stored_s <= written_s:
                self._proven_s = mark.written_s
            if stored_s + grace_s <= written_s:
                self._proven = mark.rows
            else:
                self._back.append(mark)
        self._back.append(_Back(written_s, grace_s, self._rows_at_mark))

    def proves(self, accepted_s: float) -> bool:
        """Whether the last mark that came back proves stored what was accepted then, and sent behind its chain."""
        last = self._back[-1]
        is_little = last.rows - self._proven <= FEW_ROWS
        return accepted_s <= self._proven_s or (is_little and accepted_s + last.grace_s <= last.written_s)
