"""Reports: what ThingsBoard is told besides samples. The attributes of the meters, and the gateway's own figures. Pure.

Rules
    Attributes are told once and when they change, and again until they are known to be stored.
    A device's attributes are told only while it is open (``introductions.py``), and count as a telemetry message.
    The gateway's own figures are of now: they are never told twice.
    Text stays text over there (``outbox/json_text.py``): a serial number of digits has a space in front.
    In device mode the session is the meter's own, and its attributes have no name on them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bridge.delivery.messages import Message
from bridge.outbox.json_text import kept_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.sample import Presence

ATTRIBUTES = "v1/gateway/attributes"
DEVICE_ATTRIBUTES = "v1/devices/me/attributes"
_AT_ONCE = 20
"""Devices in one message: their attributes are some hundred bytes each."""
OWN_TELEMETRY = "v1/devices/me/telemetry"


class Reports:
    """What was said and what is still to be said.

    Args:
        device_names: a meter's device name in ThingsBoard, where it is not the meter's own.
        version: version of the bridge, an attribute of every device.
        as_device: device mode.
    """

    def __init__(self, device_names: Mapping[str, str], *, version: str, as_device: bool = False) -> None:
        self._as_device = as_device
        self._device_names = device_names
        self._version = version
        self._attributes: dict[str, dict[str, Any]] = {}
        self._due: dict[str, None] = {}
        self._on_the_way: dict[int, tuple[Message, list[str]]] = {}
        self._figures: Mapping[str, float] | None = None

    @property
    def devices(self) -> list[str]:
        """Devices of which something is to be told."""
        return list(self._due)

    def notice(self, presence: Presence) -> None:
        """Take in what a meter's poller found; what is new will be told."""
        if not presence.attributes:
            return
        device = self._device_names.get(presence.meter, presence.meter)
        attributes = {key: _kept(value) for key, value in presence.attributes.items()}
        attributes["bridge_version"] = _kept(self._version)
        known = self._attributes.setdefault(device, {})
        if any(known.get(key) != value for key, value in attributes.items()):
            known.update(attributes)
            self._due[device] = None

    def report(self, figures: Mapping[str, float]) -> None:
        """Have the gateway's own figures told; a meter's own session has no room for them."""
        if not self._as_device:
            self._figures = figures

    def take(self, may: Callable[[str], bool], *, most: float) -> Message | None:
        """The next message; None when nothing is due that may go.

        Args:
            may: whether a device is open.
            most: devices that may be in it.
        """
        if self._figures is not None:
            figures, self._figures = self._figures, None
            return Message(OWN_TELEMETRY, _json(figures), devices={"": len(figures)}, is_own=True)
        found = [device for device in self._due if self._as_device or may(device)][: int(min(most, _AT_ONCE))]
        if not found:
            return None
        for device in found:
            del self._due[device]
        message = self._message(found)
        self._on_the_way[id(message)] = message, found
        return message

    def stored(self, message: Message) -> None:
        """These are known to be there."""
        self._on_the_way.pop(id(message), None)

    def put_back(self) -> None:
        """What was on the way may be lost: it is told again."""
        for _, devices in self._on_the_way.values():
            self._due.update(dict.fromkeys(devices))
        self._on_the_way.clear()

    def forget(self, device: str) -> None:
        """ThingsBoard has the device no more: a new one has to be told everything."""
        if device in self._attributes:
            self._due[device] = None

    def _message(self, devices: list[str]) -> Message:
        told = {device: self._attributes[device] for device in devices}
        counts = {device: len(attributes) for device, attributes in told.items()}
        if self._as_device:
            return Message(DEVICE_ATTRIBUTES, _json(told[devices[0]]), devices=counts)
        return Message(ATTRIBUTES, _json(told), devices=counts)


def _kept(value: Any) -> Any:
    return kept_text(value) if isinstance(value, str) else value


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
