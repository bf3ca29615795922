"""Open questions: what was asked for the mark and is not answered, and since when there is silence (rule 8). Pure."""

from __future__ import annotations

import math

from bridge.delivery.confirmation.actions import Ask

ID_SPAN = 1 << 31
"""ThingsBoard reads a question's number as a Java int."""


class OpenQuestions:
    """Times are one monotonic clock's seconds.

    Args:
        first: number of the one before the first.
    """

    def __init__(self, first: int) -> None:
        self._number = first % ID_SPAN
        self._asked: dict[int, float] = {}  # when they were asked
        self._progress_s = -math.inf  # when ThingsBoard last showed that it is there
        self.again_s = math.inf
        """When to ask for the mark again."""
        self.was_any_answered = False
        """In this session."""

    def __bool__(self) -> bool:
        return bool(self._asked)

    @property
    def first_s(self) -> float:
        """When the first one that is open was asked; there must be one."""
        return min(self._asked.values())

    def clear(self) -> None:
        """Another session, or none."""
        self._asked.clear()
        self.was_any_answered = False

    def progress(self, now_s: float) -> None:
        """ThingsBoard showed that it is there."""
        self._progress_s = now_s

    def silent_s(self, patience_s: float) -> float:
        """When the silence will have been too long; there must be an open question."""
        return max(self.first_s, self._progress_s) + patience_s

    def ask(self, now_s: float) -> Ask:
        """The next one."""
        self._number = (self._number + 1) % ID_SPAN
        self._asked[self._number] = now_s
        self.again_s = math.inf
        return Ask(self._number)

    def answered(self, number: int, now_s: float) -> float | None:
        """An answer came: return when it was asked for, None if that was in an earlier session."""
        asked_s = self._asked.pop(number, None)
        if asked_s is None:
            return None
        self._progress_s = now_s
        for older in [other for other in self._asked if other < number]:
            del self._asked[older]
        self.was_any_answered = True
        return asked_s
