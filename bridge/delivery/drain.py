"""Drain: how long until the outbox is empty? Counted over the last minute; no clock of its own."""

from __future__ import annotations

from collections import deque

_SPAN_S = 60.0
_LEAST_S = 10.0  # less than that says nothing


class Drain:
    """Watches the outbox's depth and says when it will have emptied, if it goes on as in the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, now_s: float, depth: int) -> None:
        """Remember a depth; at most one a second is kept."""
        if self._seen and now_s - self._seen[-1][0] < 1:
            return
        self._seen.append((now_s, depth))
        while now_s - self._seen[0][0] > _SPAN_S:
            self._seen.popleft()

    def left_s(self) -> float | None:
        """Seconds until nothing waits; 0 when nothing does, None when the backlog does not shrink."""
        if not self._seen:
            return None
        (first_s, first), (last_s, last) = self._seen[0], self._seen[-1]
        if not last:
            return 0.0
        if last_s - first_s < _LEAST_S or not self._shrinks():
            return None
        return last * (last_s - first_s) / (first - last)

    def _shrinks(self) -> bool:
        """Whether all of the later half is below all of the earlier: a few samples more or less are no draining."""
        depths = [depth for _, depth in self._seen]
        half = len(depths) // 2
        return max(depths[half:]) < min(depths[:half])
