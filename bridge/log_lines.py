"""Log lines that neither flood nor cost: an outage is not said every second, a line that nobody reads is not built.

Where the lines go is set up in ``health/logs.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from loguru import logger

if TYPE_CHECKING:
    from bridge.errors import BridgeError

Level = Literal["DEBUG", "INFO"]
_LEVELS: dict[Level, int] = {"DEBUG": 10, "INFO": 20}
_EVERY = 60


def is_said(level: Level) -> bool:
    """Return whether anyone reads lines of ``level``; for lines that cost more than this question.

    loguru has no public word for it; a test holds the private one.
    """
    least: float = logger._core.min_level  # type: ignore[attr-defined]  # noqa: SLF001
    return least <= _LEVELS[level]


def counted(count: int, one: str, many: str = "") -> str:
    """Return ``count`` with its noun: ``1 sample``, ``2 samples``; ``many`` where an s does not do it."""
    return f"{count} {one if count == 1 else many or one + 's'}"


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
            logger.info("{} | works again, after {}", self._what, counted(self._failures, "failed attempt"))
        self._failures = 0
