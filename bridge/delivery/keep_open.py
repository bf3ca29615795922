"""Keep open: which devices nothing was sent to for so long that ThingsBoard would end their sessions. Pure.

ThingsBoard ends the session of a device that is silent for ten minutes; calls and shared attributes do not reach it
then. A device that nothing else is sent to is told its state again: one telemetry message of one value, which is the
price (ThingsBoard counts an empty row the same, and that would heal nothing). It also opens, soon after a session
began, the devices of meters that are dead and have nothing else to send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

KEEP_S = 400.0
"""From the last message to the next one; the rest of the ten minutes is for limits, and for what is lost."""
OPEN_WITHIN_S = 10.0
"""After a session began, those that have something to be sent go first."""


class KeepOpen:
    """Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self._last_s: dict[str, float] = {}  # in the order of time

    def began(self, devices: Iterable[str], now_s: float) -> None:
        """A session began, in which none is open; these are all that there are."""
        self._last_s = dict.fromkeys(devices, now_s - KEEP_S + OPEN_WITHIN_S)

    def ended(self) -> None:
        """It ended: nothing is to be kept."""
        self._last_s = {}

    def sent(self, devices: Iterable[str], now_s: float) -> None:
        """A message for these went out."""
        for device in devices:
            if self._last_s.pop(device, None) is not None:
                self._last_s[device] = now_s

    def due(self, now_s: float) -> str | None:
        """The one that waited longest, if it should be told something now; given once, until its time comes again."""
        device = next(iter(self._last_s), None)
        if device is None or now_s - self._last_s[device] < KEEP_S:
            return None
        self.sent((device,), now_s)
        return device
