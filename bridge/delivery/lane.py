"""Lane: one device's rows that wait to be sent, by their ids alone: eight bytes a row of the backlog."""

from __future__ import annotations

from array import array
from collections import deque


class Lane:
    """One device's rows that wait: the newest of before, those that came since, and the backlog."""

    __slots__ = ("_head", "is_heaped", "live", "newest", "old", "went_first")

    def __init__(self) -> None:
        self.live: deque[int] = deque()
        self.old = array("q")
        self._head = 0  # what is before it has been taken
        self.newest: int | None = None
        self.went_first: int | None = None
        self.is_heaped = False

    def __bool__(self) -> bool:
        return bool(self.live or self.old_count or self.newest is not None)

    @property
    def old_count(self) -> int:
        """Rows of the backlog."""
        return len(self.old) - self._head

    @property
    def oldest(self) -> int:
        """The first one of the backlog, where there is any."""
        return self.old[self._head]

    def take_live(self, count: int) -> list[int]:
        """The newest of before alone, else those that came since, the oldest first."""
        if self.newest is not None and count:
            self.went_first, self.newest = self.newest, None
            return [self.went_first]
        return [self.live.popleft() for _ in range(min(count, len(self.live)))]

    def take_old(self, count: int) -> list[int]:
        """So many of the backlog at most, the oldest first."""
        taken = list(self.old[self._head : self._head + count])
        self._head += len(taken)
        if self._head > 4096 and self._head * 2 > len(self.old):
            del self.old[: self._head]
            self._head = 0
        return taken

    def give_back(self, ids: list[int]) -> None:
        """These of the backlog were taken and did not fit: they go first."""
        if ids:
            self.old = array("q", ids) + self.old[self._head :]
            self._head = 0
