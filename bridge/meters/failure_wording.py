"""Puts the failures of a connection in words: the stream knows what happened, the link knows to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.errors import MeterError, ReplyTimeout


class FailureWording(Protocol):
    """Puts the failures of a connection in words."""

    def broke(self, error: OSError) -> MeterError:
        """Return the error for a connection that broke."""

    def silent(self, timeout_s: float, request: bytes, raw: bytes, count: int, frames: Sequence[bytes]) -> ReplyTimeout:
        """Return the error for a missing answer; ``frames`` and ``count`` other bytes came instead."""
