"""Whether a meter is there and what is known of it, reported at each association and once when it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sample import Presence

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.configuration.meter import Meter
    from bridge.dlms.association import MeterSession
    from bridge.meters.link import Link
    from bridge.meters.state import MeterState

_OFFSET_NEWS_S = 5.0
_GONE_AFTER = 3
"""After this many failed attempts in a row the meter counts as gone."""


class MeterPresence:
    """Reports one meter's presence.

    Args:
        meter: which.
        link: where it is.
        notice: takes what is told.
        state: knows how far its clock is off.
    """

    __slots__ = ("_is_gone", "_link", "_meter", "_notice", "_state", "_told_offset_s")

    def __init__(self, meter: Meter, link: Link, notice: Callable[[Presence], None], state: MeterState) -> None:
        self._meter = meter
        self._link = link
        self._notice = notice
        self._state = state
        self._told_offset_s: float | None = None
        self._is_gone = True

    @property
    def has_news(self) -> bool:
        """Whether its clock is off by something else than was told."""
        offset_s = self._state.clock_drift_s
        return offset_s is not None and (
            self._told_offset_s is None or abs(offset_s - self._told_offset_s) >= _OFFSET_NEWS_S
        )

    def introduce(self, session: MeterSession) -> None:
        """Report what is known of the meter, at each association."""
        attributes = {
            **session.attributes,
            "host": str(self._link),
            "profile": self._meter.profile,
            "units": session.units,
        }
        if isinstance(device := attributes.get("logical_device_name"), str):
            attributes["manufacturer"] = device[:3]  # its first three letters are the FLAG id (IEC 62056-6-2, 4.1.8.2)
        if (offset_s := self._state.clock_drift_s) is not None:
            attributes["clock_offset"] = round(offset_s)
            self._told_offset_s = offset_s
        self._is_gone = False
        self._notice(Presence(self._meter.name, present=True, attributes=attributes))

    def failed(self, failures: int) -> None:
        """Note that so many attempts in a row failed; the meter counts as gone after a few."""
        if failures >= _GONE_AFTER and not self._is_gone:
            self._is_gone = True
            self._notice(Presence(self._meter.name, present=False))
