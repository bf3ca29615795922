"""Whether a meter is there and what is known of it, reported at each association and once when it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sample import Presence

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.configuration.meter import Meter
    from bridge.dlms.association import MeterSession
    from bridge.meters.link import Link

_GONE_AFTER = 3
"""After this many failed attempts in a row the meter counts as gone."""


class MeterPresence:
    """Reports one meter's presence.

    Args:
        meter: which.
        link: where it is.
        notice: takes what is told.
    """

    __slots__ = ("_is_gone", "_link", "_meter", "_notice")

    def __init__(self, meter: Meter, link: Link, notice: Callable[[Presence], None]) -> None:
        self._meter = meter
        self._link = link
        self._notice = notice
        self._is_gone = True

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
        self._is_gone = False
        self._notice(Presence(self._meter.name, present=True, attributes=attributes))

    def failed(self, failures: int) -> None:
        """Note that so many attempts in a row failed; the meter counts as gone after a few."""
        if failures >= _GONE_AFTER and not self._is_gone:
            self._is_gone = True
            self._notice(Presence(self._meter.name, present=False))
