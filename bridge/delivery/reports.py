"""Reports: what ThingsBoard is told besides samples: attributes and state of the meters, the gateway's figures. Pure.

Rules
    Attributes and states are told once and when they change, and again until they are known to be stored; a state also
    when a session begins and it was not stored for :data:`AFRESH_S`.
    ``state`` says how the meter is, whether it can be read or not. ``active`` is ThingsBoard's own: it says that
    something was sent for the device lately, a state as well, and nothing about the meter.
    A device is told something only while it is open (``introductions.py``); it counts as a telemetry message. States
    are in no hurry: a device is opened for one when none is waited for by samples, and many go in one message.
    The gateway's own figures are of now: they are never told twice.
    Text stays text over there (``outbox/json_text.py``): a serial number of digits has a space in front.
    In device mode the session is the meter's own, and its attributes have no name on them.
"""

from __future__ import annotations

import json
import math
from itertools import islice
from typing import TYPE_CHECKING, Any

from bridge.delivery.messages import Message
from bridge.outbox.json_text import kept_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.delivery.names import Names
    from bridge.sample import Presence

ATTRIBUTES = "v1/gateway/attributes"
DEVICE_ATTRIBUTES = "v1/devices/me/attributes"
OWN_TELEMETRY = "v1/devices/me/telemetry"
STATE = "state"
OFF = "off"
AFRESH_S = 300.0
"""Sessions of a few seconds do not tell each state again and again."""
_AT_ONCE = 20
"""Devices in one message: their attributes are some hundred bytes each."""


class Reports:
    """What was said and what is still to be said. Times are one monotonic clock's seconds.

    Args:
        names: a meter's device name in ThingsBoard.
        version: version of the bridge, an attribute of every device.
        as_device: device mode.
    """

    def __init__(self, names: Names, *, version: str, as_device: bool = False) -> None:
        self._as_device = as_device
        self._names = names
        self._version = version
        self._attributes: dict[str, dict[str, Any]] = {}  # by meter, as all that follows
        self._states: dict[str, str] = {}
        self._stored_s: dict[str, float] = {}  # when the state was last known to be stored
        self._due: dict[str, bool] = {}  # the value: whether all attributes are, or the state alone
        self._news: dict[str, None] = {}
        self._on_the_way: dict[int, tuple[Message, dict[str, bool]]] = {}
        self._figures: Mapping[str, float] | None = None

    @property
    def devices(self) -> list[str]:
        """Devices of which anything is known that is told."""
        return [self._name(meter) for meter in self._states.keys() | self._attributes.keys()]

    def new_devices(self) -> list[str]:
        """Devices of which attributes are to be told, that were not given since the session began."""
        news, self._news = self._news, {}
        return [self._name(meter) for meter in news]

    @property
    def has_any(self) -> bool:
        """Whether anything is to be told."""
        return self._figures is not None or bool(self._due)

    def next_closed(self, is_open: Callable[[str], bool]) -> str | None:
        """A device of which anything is to be told and which is not open; None when there is none."""
        for meter in self._due:
            device = self._name(meter)
            if not is_open(device):
                return device
        return None

    def notice(self, presence: Presence) -> None:
        """Take in what a meter's poller found; what is new will be told."""
        if not presence.attributes:
            return
        attributes = {key: _kept(value) for key, value in presence.attributes.items()}
        attributes["bridge_version"] = _kept(self._version)
        known = self._attributes.setdefault(presence.meter, {})
        if any(known.get(key) != value for key, value in attributes.items()):
            known.update(attributes)
            self._want(presence.meter, everything=True)

    def tell_state(self, meter: str, state: str) -> None:
        """How a meter is now; told when that is news."""
        if self._states.get(meter) != state:
            self._states[meter] = state
            self._want(meter)

    def repeat(self, device: str) -> None:
        """Have the device told its state again."""
        if (meter := self._names.meter_of(device)) in self._states:
            self._want(str(meter))

    def report(self, figures: Mapping[str, float]) -> None:
        """Have the gateway's own figures told; a meter's own session has no room for them."""
        if not self._as_device:
            self._figures = figures

    def began(self, now_s: float) -> None:
        """A session began."""
        for meter in self._states:
            if now_s - self._stored_s.get(meter, -math.inf) >= AFRESH_S:
                self._want(meter)
        self._news = {meter: None for meter, everything in self._due.items() if everything}

    def take(self, may: Callable[[str], bool], *, most: float, states: bool = True) -> Message | None:
        """The next message; None when nothing is due that may go.

        Args:
            may: whether a device is open.
            most: devices that may be in it.
            states: whether it may be for states alone: they are in no hurry.
        """
        if self._figures is not None:
            figures, self._figures = self._figures, None
            return Message(OWN_TELEMETRY, _json(figures), devices={"": len(figures)}, is_own=True)
        wanted = (meter for meter, everything in self._due.items() if states or everything)
        open_ones = (meter for meter in wanted if self._as_device or may(self._name(meter)))
        found = list(islice(open_ones, int(min(most, _AT_ONCE))))
        if not found:
            return None
        due = {meter: self._due.pop(meter) for meter in found}
        message = self._message({meter: self._told(meter, everything=due[meter]) for meter in found})
        self._on_the_way[id(message)] = message, due
        return message

    def off(self, may: Callable[[str], bool], *, most: float) -> Message | None:
        """The next message that says of devices that they are off, each once; None when all were told.

        The bridge is stopping: nothing else is told any more, and this is not told again.
        """
        left = (
            meter
            for meter, state in self._states.items()
            if state != OFF and (self._as_device or may(self._name(meter)))
        )
        found = list(islice(left, int(min(most, _AT_ONCE))))
        if not found:
            return None
        self._states.update(dict.fromkeys(found, OFF))
        return self._message({meter: {STATE: OFF} for meter in found})

    def stored(self, message: Message, now_s: float) -> None:
        """These are known to be there."""
        if (entry := self._on_the_way.pop(id(message), None)) is not None:
            for meter in entry[1]:
                self._stored_s[meter] = now_s

    def refused(self, message: Message, *, is_final: bool) -> None:
        """ThingsBoard does not take it; ``is_final``: nor would it the next time, until something in it changes."""
        if is_final:
            self._on_the_way.pop(id(message), None)

    def put_back(self) -> None:
        """What was on the way may be lost: it is told again."""
        for _, due in self._on_the_way.values():
            for meter, everything in due.items():
                self._want(meter, everything=everything)
        self._on_the_way.clear()

    def forget(self, device: str) -> None:
        """ThingsBoard has the device no more: a new one has to be told everything."""
        meter = self._names.meter_of(device)
        if meter is not None and (meter in self._attributes or meter in self._states):
            self._want(meter, everything=True)

    def _want(self, meter: str, *, everything: bool = False) -> None:
        self._due[meter] = everything or self._due.get(meter, False)
        if everything:
            self._news[meter] = None

    def _name(self, meter: str) -> str:
        return self._names.get(meter, meter)

    def _told(self, meter: str, *, everything: bool) -> dict[str, Any]:
        told = dict(self._attributes.get(meter, {})) if everything else {}
        if meter in self._states:
            told[STATE] = self._states[meter]
        return told

    def _message(self, told: Mapping[str, Mapping[str, Any]]) -> Message:
        named = {self._name(meter): attributes for meter, attributes in told.items()}
        counts = {device: len(attributes) for device, attributes in named.items()}
        if self._as_device:
            return Message(DEVICE_ATTRIBUTES, _json(next(iter(named.values()))), devices=counts)
        return Message(ATTRIBUTES, _json(named), devices=counts)


def _kept(value: Any) -> Any:
    return kept_text(value) if isinstance(value, str) else value


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
