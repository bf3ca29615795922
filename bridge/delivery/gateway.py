"""The devices behind the gateway, as ThingsBoard should know them: connected or not, and their attributes. Pure.

Rules
    A device is announced with its type before anything else is said of it: otherwise ThingsBoard makes one of type
    ``default`` at the first telemetry.
    Attributes are told once and when they change.
    A new session upstream knows nothing: everything is told again.
    A meter that is gone is disconnected, so that its activity in ThingsBoard is true.
    In device mode the session is the meter's own: there is nobody to connect, and its attributes have no name on them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.sample import Presence

CONNECT = "v1/gateway/connect"
DISCONNECT = "v1/gateway/disconnect"
ATTRIBUTES = "v1/gateway/attributes"
DEVICE_ATTRIBUTES = "v1/devices/me/attributes"
OWN_TELEMETRY = "v1/devices/me/telemetry"

Control = tuple[str, bytes]
"""Topic and payload of a message that carries no sample."""


class Gateway:
    """What was said of the devices and what is still to be said.

    Args:
        device_names: a meter's device name in ThingsBoard, where it is not the meter's own.
        device_type: the type, which is the name of a device profile in ThingsBoard, that new devices get.
        version: version of the bridge, an attribute of every device.
        as_device: device mode.
    """

    def __init__(
        self, device_names: Mapping[str, str], *, device_type: str, version: str, as_device: bool = False
    ) -> None:
        self._as_device = as_device
        self._device_names = device_names
        self._device_type = device_type
        self._version = version
        self._present: dict[str, bool] = {}
        self._attributes: dict[str, dict[str, Any]] = {}
        self._due: dict[tuple[str, str], Control] = {}  # by topic and device: a later word replaces an earlier one

    def notice(self, presence: Presence) -> None:
        """Take in what a meter's poller found; what is new will be told."""
        device = self._device_names.get(presence.meter, presence.meter)
        if self._present.get(device) != presence.present:
            self._present[device] = presence.present
            self._say_presence(device)
        if presence.attributes:
            attributes = {**presence.attributes, "bridge_version": self._version}
            known = self._attributes.setdefault(device, {})
            news = {key: value for key, value in attributes.items() if known.get(key) != value}
            known.update(news)
            if news:
                self._say_attributes(device, known)

    def new_session(self) -> None:
        """Forget what was said: the session that heard it is gone."""
        own = self._due.get((OWN_TELEMETRY, ""))
        self._due = {(OWN_TELEMETRY, ""): own} if own else {}
        for device, present in self._present.items():
            if present:  # a device that ThingsBoard was never told of in this session needs no goodbye
                self._say_presence(device)
        for device, attributes in self._attributes.items():
            if self._as_device or self._present.get(device):
                self._say_attributes(device, attributes)

    @property
    def has_news(self) -> bool:
        """Whether something is to be told."""
        return bool(self._due)

    def take(self, count: int) -> Iterator[Control]:
        """Yield at most ``count`` messages in the order in which they must be sent; they count as said."""
        for key in list(self._due)[:count]:
            yield self._due.pop(key)

    def report(self, figures: Mapping[str, float]) -> None:
        """Have the gateway device's own telemetry told; a meter's own session has no room for it."""
        if not self._as_device:
            self._due[OWN_TELEMETRY, ""] = OWN_TELEMETRY, _json(figures)

    def _say_presence(self, device: str) -> None:
        if self._as_device:
            return
        present = self._present[device]
        self._due.pop((DISCONNECT if present else CONNECT, device), None)
        if present:
            self._due[CONNECT, device] = CONNECT, _json({"device": device, "type": self._device_type})
        else:
            self._due[DISCONNECT, device] = DISCONNECT, _json({"device": device})

    def _say_attributes(self, device: str, attributes: Mapping[str, Any]) -> None:
        if self._as_device:
            self._due[DEVICE_ATTRIBUTES, device] = DEVICE_ATTRIBUTES, _json(attributes)
        else:
            self._due[ATTRIBUTES, device] = ATTRIBUTES, _json({device: attributes})


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
