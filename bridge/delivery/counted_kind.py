"""Counted kind: all limits of one kind of what ThingsBoard counts, as if they were one.

Telemetry messages, data points and regular messages are counted apart (``rate_limits.py``). Of each kind there may be
several limits at once: those that were told, and those that were learnt. What passes must pass all of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bridge.delivery.bucket import Bucket
from bridge.delivery.learnt_rate import LearntRate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.delivery.told_limits import Rate

_SHARE = 0.9
_RATE_SHARE = 0.95
_FEW = 5  # so few at once are counted exactly


class CountedKind:
    """What ThingsBoard counts of one kind: the buckets told, and the rate learnt where there is one."""

    def __init__(self, learnt: Sequence[LearntRate], told: list[Bucket] | None = None) -> None:
        self.learnt = learnt
        self.told = told or []

    @property
    def amount(self) -> float:
        """What fits at once at most."""
        return min(
            (part.amount for part in self._parts if not (isinstance(part, LearntRate) and part.is_open)),
            default=math.inf,
        )

    @property
    def per_s(self) -> float:
        """What is learnt of the long run."""
        least = math.inf
        for rate in self.learnt:
            least = min(least, rate.per_s)
        return least

    @property
    def _parts(self) -> tuple[Bucket | LearntRate, ...]:
        return *self.told, *self.learnt

    def available(self, now_s: float) -> float:
        """What may be sent now."""
        least = math.inf
        for part in self._parts:
            least = min(least, part.available(now_s))
        return least

    def wait_s(self, amount: float, now_s: float) -> float:
        """Seconds until so much may be sent."""
        longest_s = 0.0
        for part in self._parts:
            longest_s = max(longest_s, part.wait_s(amount, now_s))
        return longest_s

    def sent(
        self, amount: float, now_s: float, arrives_s: float, *, round_trip_s: float = 0.0, with_told: bool
    ) -> None:
        """So much is on the way; it counts for the limits that were told only ``with_told``."""
        for rate in self.learnt:
            rate.sent(amount, now_s, arrives_s=arrives_s, round_trip_s=round_trip_s)
        for bucket in self.told if with_told else ():
            bucket.sent(amount)

    def accepted(self, amount: float, now_s: float, *, with_told: bool) -> None:
        """ThingsBoard has taken so much."""
        for rate in self.learnt:
            rate.accepted(amount, now_s)
        for bucket in self.told if with_told else ():
            bucket.accepted(amount, now_s)


def told_bucket(rate: Rate, now_s: float) -> Bucket:
    """The bucket of a limit that was told, with a part of it left for what is not ours to know."""
    amount = float(rate.amount) if rate.amount <= _FEW else math.floor(rate.amount * _SHARE)
    # Half full: another process, or the session before, may have spent the rest.
    return Bucket(amount, rate.amount * _RATE_SHARE / rate.seconds, level=amount / 2, now_s=now_s)
