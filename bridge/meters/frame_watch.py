"""Observers of a conversation's frames: a trace, a recording, a stopwatch."""

from __future__ import annotations

from typing import Protocol


class FrameWatch(Protocol):
    """Sees every request and every whole frame of a conversation; what it does with them must not block."""

    def sent(self, data: bytes) -> None:
        """A request goes out now."""

    def came(self, frame: bytes) -> None:
        """A whole frame came back."""
