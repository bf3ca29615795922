"""What one figure alone cannot tell: since when, and how much lately. Fed once a second; judges nothing."""

from __future__ import annotations

from collections import deque

_HOUR_S = 3600.0
_STEP_S = 60.0
_STEPS = 61  # an hour of them, and the one that is leaving it


class Standstill:
    """Since when samples have waited while none was stored. Times are monotonic seconds, as everywhere here."""

    def __init__(self) -> None:
        self.since_s: float | None = None
        """Since when; None while nothing waits."""
        self._stored = 0

    def look(self, now_s: float, *, waiting: int, stored: int) -> None:
        """Take the figures of now: samples that wait, and the total of those that were stored."""
        if not waiting:
            self.since_s = None
        elif self.since_s is None or stored != self._stored:
            self.since_s = now_s
        self._stored = stored


class Lately:
    """How much a total has grown in the last hour, to the minute."""

    def __init__(self) -> None:
        self._total = 0
        self._grown: deque[tuple[float, int]] = deque(maxlen=_STEPS)

    def look(self, now_s: float, total: int) -> None:
        """Take the total of now."""
        if total > self._total:
            grown, self._total = total - self._total, total
            if self._grown and now_s - self._grown[-1][0] < _STEP_S:
                self._grown[-1] = self._grown[-1][0], self._grown[-1][1] + grown
            else:
                self._grown.append((now_s, grown))

    def of_last_hour(self, now_s: float) -> int:
        """Return by how much. May be called on any thread."""
        return sum(grown for then_s, grown in tuple(self._grown) if now_s - then_s < _HOUR_S)
