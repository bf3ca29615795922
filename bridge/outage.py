"""Outage: the log of one thing that can be away for long. The first failure, every sixtieth, and the recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from bridge.errors import BridgeError

_EVERY = 60


class Outage:
    """Counts failures in a row and says them without flooding the log.

    Args:
        what: what is away, in a person's words, such as ``outbox``; opens the log line.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._failures = 0

    @property
    def failures(self) -> int:
        """Failures since it last worked."""
        return self._failures

    def failed(self, error: BridgeError) -> None:
        """Count a failure; say the first one and every sixtieth."""
        self._failures += 1
        if self._failures % _EVERY == 1:
            times = f" ({self._failures} times)" if self._failures > 1 else ""
            hint = f"; {error.hint}" if error.hint else ""
            logger.bind(stage=error.stage).warning("{} | {}{}{}", self._what, error, hint, times)

    def over(self) -> None:
        """It works: say so if it did not before."""
        if self._failures:
            logger.info("{} | works again after {} failed attempts", self._what, self._failures)
        self._failures = 0
