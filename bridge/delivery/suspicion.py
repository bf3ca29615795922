"""Suspicion: which device it may be that sessions end on while it is introduced. Pure.

Rules:

* The session ended on one device alone: a *strike*. Silence alone is as much as all of them.
* It ended on several: each is in *doubt*. Who is in doubt often enough, or was when a session went silent, is
  *suspect*: it is introduced with no other beside it.
* A device that cost a session makes all others wait for their proof again, for :data:`_SPARE_S`: the next one that may
  is not tried at once.
* An end that has another reason takes a strike back, but for one device only so often.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bridge.delivery.parked import Parked

STRIKES = 3
_SPARE_S = 30.0
"""After a device has cost a session, for the others' sake."""


class Suspicion:
    """See the module's rules. Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self._strikes: dict[str, int] = {}
        self._doubts: dict[str, int] = {}  # sessions that ended on it and others
        self._suspects: set[str] = set()  # each is tried with no other beside it
        self._blamed: tuple[str, Parked | None] | None = None  # who was pending alone when the last session ended
        self._excused: dict[str, int] = {}
        self.spare_until_s = -math.inf
        """Until then no device is tried that may cost the session."""

    def is_suspect(self, device: str) -> bool:
        """Whether it is introduced with no other beside it."""
        return device in self._suspects

    def is_any_suspect(self, devices: Iterable[str]) -> bool:
        """Whether one of these is."""
        return not self._suspects.isdisjoint(devices)

    def did_end_last(self, device: str) -> bool:
        """Whether the session ended on it the last time, or the time before the last two, and so on in turns."""
        return bool(self._strikes.get(device, 0) % 2)

    def session_ended(self) -> None:
        """Nobody is to be excused for the session before."""
        self._blamed = None

    def ended_on(self, device: str, now_s: float, *, silent: bool, parked: Parked | None) -> bool:
        """The session ended on this one alone; return whether that was so often that it is to be parked.

        Args:
            device: the one.
            now_s: the time.
            silent: whether we ended it because nothing was answered any more.
            parked: how it is parked already, if it is.
        """
        self._strikes[device] = self._strikes.get(device, 0) + (STRIKES if silent else 1)
        self.spare_until_s = now_s + _SPARE_S
        self._blamed = None if silent else (device, parked)
        return self._strikes[device] >= STRIKES

    def doubt(self, devices: Iterable[str], *, silent: bool) -> None:
        """These were being introduced when the session ended."""
        for device in devices:
            self._doubts[device] = self._doubts.get(device, 0) + (STRIKES if silent else 1)
            if self._doubts[device] >= STRIKES:
                self._suspects.add(device)

    def excuse(self, parked: Mapping[str, Parked]) -> None:
        """There was another reason for the last session's end; who was parked by it stays so."""
        if self._blamed is None:
            return
        device, before = self._blamed
        if self._excused.get(device, 0) >= STRIKES or (device in parked and parked[device] is not before):
            return
        self._excused[device] = self._excused.get(device, 0) + 1
        self._strikes[device] = max(0, self._strikes.get(device, 0) - 1)
        self.spare_until_s = -math.inf

    def forget_strikes(self, device: str) -> None:
        """It was proven, or it is parked: the count begins anew."""
        self._strikes.pop(device, None)

    def clear(self, device: str) -> None:
        """Nothing is held against it any more, but for its strikes."""
        self._suspects.discard(device)
        self._doubts.pop(device, None)
