"""Parked: a device that ThingsBoard does not take at present, why, and when it is tried again: later and later."""

from __future__ import annotations

from dataclasses import dataclass

_AGAIN_S, _AGAIN_CAP_S = 30.0, 300.0
"""A refusal is remembered over there for 4 min 40 s."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A device that ThingsBoard does not take at present.

    Args:
        reason: the likely one, for people.
        since_s: monotonic seconds.
        next_try_s: monotonic seconds.
        tries: how often it was tried.
    """

    reason: str
    since_s: float
    next_try_s: float
    tries: int


def parked_again(before: Parked | None, reason: str, now_s: float) -> Parked:
    """The device was not taken; ``before`` is how it was parked until now, if it was."""
    tries = 1 if before is None else before.tries + 1
    wait_s = min(_AGAIN_S * 2 ** min(tries - 1, 8), _AGAIN_CAP_S)
    since_s = now_s if before is None else before.since_s
    return Parked(reason, since_s, now_s + wait_s, tries)
