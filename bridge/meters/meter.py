"""One meter, ready to be talked to: its settings laid over its profile. No secret shows in its representation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.meters.profile import Profile, Register
    from bridge.settings import Authentication, Framing, MeterSettings, PollSettings


@dataclass(frozen=True, slots=True)
class Meter:
    """What the meter wing must know of one meter.

    Args:
        name: its name in settings, logs, metrics and topics.
        host: name or address of the meter or its converter.
        port: TCP port.
        framing: ``hdlc`` or ``wrapper``.
        client: client address (SAP).
        server: HDLC server address, or wrapper port of the meter.
        server_address_bytes: HDLC address length on the wire; 0 lets the address decide.
        authentication: ``none`` or ``low``.
        password: low-level security secret.
        conformance: proposed conformance block in hex; empty proposes all that is read.
        max_pdu_bytes: largest PDU that the bridge says it takes.
        frame_gap_s: least silence before a request.
        reconnect_gap_s: least time between closing a connection and opening the next.
        timeout_s: how long a whole answer may take.
        retries: how often a request is asked again when no whole answer came.
        interval_s: one cycle starts every so often.
        registers: what to read every cycle.
        attributes: what to read once an association.
        profile: name of the profile.
    """

    name: str
    host: str
    port: int
    framing: Framing
    client: int
    server: int
    server_address_bytes: int
    authentication: Authentication
    password: bytes = field(repr=False)
    conformance: str
    max_pdu_bytes: int
    frame_gap_s: float
    reconnect_gap_s: float
    timeout_s: float
    retries: int
    interval_s: float
    registers: tuple[Register, ...]
    attributes: tuple[Register, ...]
    profile: str


def resolve(name: str, settings: MeterSettings, profile: Profile, poll: PollSettings) -> Meter:
    """Return the meter ``name``: what its settings leave unset comes from its profile, then from ``POLL__…``."""
    password = settings.password.get_secret_value().encode() if settings.password else b""
    return Meter(
        name=name,
        host=settings.host,
        port=settings.port,
        framing=settings.framing or profile.framing,
        client=settings.client or profile.client,
        server=settings.server or profile.server,
        server_address_bytes=settings.server_address_bytes or profile.server_address_bytes,
        authentication=settings.authentication or ("low" if password else profile.authentication),
        password=password,
        conformance=profile.conformance,
        max_pdu_bytes=profile.max_pdu_bytes,
        frame_gap_s=profile.frame_gap_s,
        reconnect_gap_s=profile.reconnect_gap_s,
        timeout_s=settings.timeout_s or profile.timeout_s or poll.timeout_s,
        retries=poll.retries,
        interval_s=settings.interval_s or poll.interval_s,
        registers=profile.registers,
        attributes=profile.attributes,
        profile=settings.profile,
    )
