"""Answers: what ThingsBoard answers to the bridge's own questions, read and given to the part that they are for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bridge.delivery.opening import PROOF_ANSWER
from bridge.delivery.questions import ASK_ANSWER, LIMITS_ANSWER

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.delivery.incoming import Hear
    from bridge.delivery.parts import Parts


class Answers:
    """Raises nothing, whatever came.

    Args:
        parts: who is told.
        clock: monotonic seconds.
    """

    def __init__(self, parts: Parts, *, clock: Callable[[], float]) -> None:
        self._parts = parts
        self._clock = clock

    @property
    def exact(self) -> dict[str, Hear]:
        """Who hears a topic."""
        return {PROOF_ANSWER: self._hear_proof}

    @property
    def prefixes(self) -> dict[str, Hear]:
        """Who hears the topics that begin so."""
        return {ASK_ANSWER: self._hear_mark, LIMITS_ANSWER: self._hear_limits}

    def _hear_mark(self, number: str, payload: bytes) -> None:
        now_s = self._clock()
        if self._parts.questions.is_shared(number):
            self._parts.shared.answered("", self._parts.questions.read_shared(payload))
            return
        if (answer := self._parts.questions.read_mark(number, payload, now_s)) is None:
            return
        asked, value, took_s = answer
        if took_s is not None:
            self._parts.metrics.fence_seconds.observe(took_s)
        self._parts.confirmation.answered(asked, value, now_s)

    def _hear_proof(self, _topic: str, payload: bytes) -> None:
        known = self._parts.introductions.parked.copy()
        device = self._parts.introductions.answered(payload)
        if device is not None and device not in self._parts.renames.held:
            self._parts.shared.answered(device, json.loads(payload).get("value"))
            self._parts.watch.proven(device, was_parked=device in known)
            self._parts.queue.open(device)

    def _hear_limits(self, _number: str, payload: bytes) -> None:
        if (told := self._parts.questions.read_limits(payload)) is not None:
            self._parts.limits.tell(told, self._clock())
            self._parts.metrics.delivery_rate_limit.set(self._parts.limits.told.entries_per_s)
