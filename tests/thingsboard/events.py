"""What the model gives out, and the two things a client gets when it connects. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.thingsboard.devices import Device

MQTT_3 = 4
MQTT_5 = 5


@dataclass(slots=True)
class DeviceSession:
    """A device that is open in a session, under the name that the session knows it by."""

    device: Device
    ready_s: float
    active_s: float


@dataclass(slots=True, eq=False, repr=False)
class Session:
    """One MQTT session; compared by identity.

    ``mqtt`` is the level of CONNECT: 4 for 3.1.1, 5 for 5. ``ready_s``: when the CONNACK goes out.
    """

    device: Device
    token: str
    mqtt: int
    client_id: str
    is_gateway: bool
    ready_s: float
    provisioning: bool = False
    alive: bool = True
    early: int = 0
    """Messages that came before the CONNACK."""
    subscriptions: set[str] = field(default_factory=set)
    open: dict[str, DeviceSession] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    """Names whose opening never ends in this session."""
    refused: dict[str, float] = field(default_factory=dict)
    """Names that found no room, and since when that is known here."""
    acknowledged_s: float = 0.0
    """When the last of what the transport takes at once is acknowledged: these keep their order."""

    def __repr__(self) -> str:
        return f"<session of {self.device.name!r} at {self.ready_s:g} s, {'alive' if self.alive else 'over'}>"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The CONNACK's code (of 3.1.1 or 5); None: nobody listens, or no CONNACK."""

    code: int | None


@dataclass(frozen=True, slots=True)
class Puback:
    """``reason`` is a word of MQTT 5; None on 3.1.1."""

    session: Session
    mid: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Closed:
    """The server ended the session: ``reason`` is its DISCONNECT's, None for a bare close."""

    session: Session
    reason: str | None


@dataclass(frozen=True, slots=True)
class Deliver:
    """A message to the client, QoS 0."""

    session: Session
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call by REST ended with: 200 and the answer, or 504 and None."""

    number: int
    status: int
    body: object


Event = Puback | Closed | Deliver | CallResult
