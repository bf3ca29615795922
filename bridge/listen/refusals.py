"""What was not taken from a caller: counted by its reason, listed for ``bridge callers``, said once an hour."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from loguru import logger

from bridge.listen.unknown_callers import UnknownCaller, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.listen.metrics import ListenMetrics
    from bridge.listen.unknown_callers import UnknownCallers

_AGAIN_S = 3600.0
_MOST = 1000
_STAGES = {"wrong-key": "auth", "replayed": "auth", "plain": "auth", "unauthenticated": "auth", "unknown-title": "auth"}


class Refusals:
    """All of them.

    Args:
        unknown: where callers that nobody knows are listed.
        metrics: where it is counted.
        clock_s: seconds that pass as they do.
    """

    def __init__(self, unknown: UnknownCallers, metrics: ListenMetrics, clock_s: Callable[[], float]) -> None:
        self._unknown = unknown
        self._metrics = metrics
        self._clock_s = clock_s
        self._said: dict[tuple[str, str], float] = {}  # the oldest first

    def count(self, reason: str) -> None:
        """Count what needs no more words."""
        self._metrics.listen_refused.labels(reason).inc()

    def refuse(self, who: str, reason: str, said: str, hint: str = "") -> None:
        """Count what was not taken from ``who``, a meter or an address, and say it where it is news."""
        self.count(reason)
        now_s = self._clock_s()
        if now_s - self._said.get((who, reason), -inf) < _AGAIN_S:
            return
        self._said.pop((who, reason), None)
        self._said[who, reason] = now_s
        if len(self._said) > _MOST:
            del self._said[next(iter(self._said))]
        line = " | ".join(part for part in (who, "push", printable(said), hint) if part)
        logger.bind(stage=_STAGES.get(reason, "decode")).warning("{} | not taken; said once an hour", line)

    def stranger(self, caller: UnknownCaller) -> None:
        """Count and list a caller that nobody knows, or whose message this meter's settings do not let pass."""
        self.count(caller.reason)
        if self._unknown.note(caller):
            logger.bind(stage=_STAGES.get(caller.reason, "decode")).warning(
                "{} | push | {} | not taken; `bridge callers` shows who it is, and the lines for .env", caller.address,
                printable(caller.said),
            )  # fmt: skip
        self._metrics.listen_unknown.set(len(self._unknown))
