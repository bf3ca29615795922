"""Waiting devices: those that are not proven in this session, the one that waited longest first. Pure.

Who has samples goes before those with nothing but reports. Of either who waited longest goes first, over sessions too:
with sessions of a few seconds everybody's turn comes. Who has nothing to be sent in this session has no turn in it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class WaitingDevices:
    """See the module's rules."""

    def __init__(self) -> None:
        self._queue: deque[str] = deque()
        self._queued: set[str] = set()
        self._wanted: set[str] = set()  # who has something to be sent in this session
        self._pressing: set[str] = set()  # who has samples
        self._is_in_order = True

    def __bool__(self) -> bool:
        return bool(self._queue)

    def want(self, device: str, *, joins: bool, has_samples: bool = False) -> None:
        """It has something to be sent; it ``joins`` where it is neither proven nor being proven."""
        self._wanted.add(device)
        if has_samples:
            self._pressing.add(device)
            self._is_in_order = False
        if joins:
            self._join(device)

    def next(self, may: Callable[[str], bool]) -> str | None:
        """The first one that has something to be sent and may be tried; it stays until it leaves."""
        if not self._is_in_order:
            self._queue = deque(sorted(self._queue, key=lambda device: device not in self._pressing))
            self._is_in_order = True
        for _ in range(len(self._queue)):
            device = self._queue[0]
            if device in self._wanted and may(device):
                return device
            self._queue.rotate(-1)
        return None

    def leave(self, device: str) -> None:
        """It is its turn."""
        self._queue.remove(device)
        self._queued.discard(device)

    def drop(self, device: str) -> None:
        """Nobody goes by that name any more."""
        self._wanted.discard(device)
        self._pressing.discard(device)
        if device in self._queued:
            self.leave(device)

    def session_ended(self, devices: Iterable[str], *, first: str | None) -> None:
        """These wait again, and nobody has anything to be sent yet, but the ``first`` one of them has its turn."""
        for device in devices:
            self._join(device)
        self._wanted.clear()
        self._pressing.clear()
        if first is not None:
            self._wanted.add(first)
            self._queue.remove(first)
            self._queue.appendleft(first)

    def _join(self, device: str) -> None:
        if device not in self._queued:
            self._queued.add(device)
            self._queue.append(device)
