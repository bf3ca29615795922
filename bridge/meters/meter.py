"""One meter, ready to be talked to: its settings laid over its profile. No secret shows in its representation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bridge.meters.keys import AUTHENTICATION, ENCRYPTION, SecurityKeys
from bridge.meters.naming import key_of
from bridge.meters.profile import Register, logical_name
from bridge.settings import parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from bridge.meters.profile import Profile
    from bridge.settings import Authentication, Framing, MeterSettings, PollSettings, Referencing

_SECURITY = {
    "none": 0,
    "authentication": AUTHENTICATION,
    "encryption": ENCRYPTION,
    "authenticated-encryption": AUTHENTICATION | ENCRYPTION,
}
DEFAULT_SYSTEM_TITLE = b"DLB\x00\x00\x00\x00\x01"
"""The client's system title where neither settings nor installation give one."""


@dataclass(frozen=True, slots=True)
class Meter:
    """What the meter wing must know of one meter.

    Args:
        name: its name in settings, logs, metrics and topics.
        host: name or address of the meter or its converter.
        port: TCP port.
        framing: ``hdlc``, ``wrapper``, or ``hdlc-mode-e``.
        client: client address (SAP).
        server: HDLC server address, or wrapper port of the meter.
        server_address_bytes: HDLC address length on the wire; 0 lets the address decide.
        authentication: ``none``, ``low``, or the mechanism of high-level security.
        password: low-level password or high-level secret.
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
        referencing: ``ln`` or ``sn``.
        keys: how APDUs are protected; None for plain ones.
        signing_keys: for ECDSA: the meter's public key and ours that is private, in hex.
        counter_obis: logical name of the invocation counter for the public client; empty never asks.
        max_info_bytes: HDLC information field that is proposed; 0 proposes none.
        window: HDLC frames that the meter may send in a row.
        list_items: most registers in one GET-WITH-LIST.
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
    referencing: Referencing = "ln"
    keys: SecurityKeys | None = None
    signing_keys: tuple[str, str] | None = field(default=None, repr=False)
    counter_obis: str = ""
    max_info_bytes: int = 0
    window: int = 1
    list_items: int = 64

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """Byte strings that no log, trace or record may show."""
        keys = (self.keys.encryption_key, self.keys.authentication_key) if self.keys else ()
        return tuple(secret for secret in (self.password, *keys) if secret)

    @property
    def secret(self) -> bytes:
        """What the meter may refuse and lock itself for, as one; empty when an association sends nothing secret."""
        if self.authentication == "none" and self.keys is None:
            return b""
        return b"\0".join((*self.secrets, *(key.encode() for key in self.signing_keys or ())))

    def as_public_client(self, client: int) -> Meter:
        """Return the same meter as the public client sees it: no authentication, no keys, nothing to read, once."""
        return replace(
            self, client=client, authentication="none", password=b"", keys=None, signing_keys=None, counter_obis="",
            conformance="", registers=(), attributes=(), retries=0,
        )  # fmt: skip

    def titled(self, system_title: bytes) -> Meter:
        """Return the meter with the installation's system title, unless it has one of its own or needs none."""
        if self.keys is None or self.keys.system_title != DEFAULT_SYSTEM_TITLE:
            return self
        return replace(self, keys=replace(self.keys, system_title=system_title))


def resolve(name: str, settings: MeterSettings, profile: Profile, poll: PollSettings) -> Meter:
    """Return the meter ``name``: what its settings leave unset comes from its profile, then from ``POLL__…``."""
    password = _bytes(settings.password)
    keys = _keys(settings, profile)
    counter = settings.counter_obis or profile.counter_obis
    left_out = parts_of(settings.leave_out)
    return Meter(
        name=name,
        host=settings.host,
        port=settings.port,
        framing=settings.framing or profile.framing,
        client=settings.client or profile.client,
        server=settings.server or profile.server,
        server_address_bytes=settings.server_address_bytes or profile.server_address_bytes,
        authentication=settings.authentication
        or (profile.authentication if profile.authentication != "none" else "low" if password else "none"),
        password=password,
        conformance=profile.conformance,
        max_pdu_bytes=profile.max_pdu_bytes,
        frame_gap_s=profile.frame_gap_s,
        reconnect_gap_s=profile.reconnect_gap_s,
        timeout_s=settings.timeout_s or profile.timeout_s or poll.timeout_s,
        retries=poll.retries,
        interval_s=settings.interval_s or poll.interval_s,
        registers=_without(registers_of(settings.registers) or profile.registers, left_out),
        attributes=_without(profile.attributes, left_out),
        profile=settings.profile,
        referencing=settings.referencing or profile.referencing,
        keys=keys,
        signing_keys=_signing_keys(settings),
        counter_obis="" if counter == "none" or keys is None else logical_name(counter),
        max_info_bytes=profile.max_info_bytes,
        window=profile.window,
        list_items=profile.list_items if settings.list_items is None else settings.list_items,
    )


def registers_of(text: str | None) -> tuple[Register, ...]:
    """Return the registers that a list of OBIS codes names, each under a key made of its code, in their order."""
    registers: dict[str, Register] = {}
    for part in parts_of(text):
        class_id, _, obis = part.rpartition("/")
        register = Register.model_validate({"key": "none", "obis": obis, "class": class_id or 3})
        key = key_of(register.logical_name)
        if key in registers:  # registers that differ in group B alone would share it
            key = f"{key}_{register.logical_name.replace('.', '_').removesuffix('_255')}"
        registers[key] = register.model_copy(update={"key": key})
    return tuple(registers.values())


def _without(registers: tuple[Register, ...], keys: Sequence[str]) -> tuple[Register, ...]:
    return tuple(register for register in registers if register.key not in keys)


def _keys(settings: MeterSettings, profile: Profile) -> SecurityKeys | None:
    """Return the keys; None when there are none. Without SECURITY, keys mean that both halves are used."""
    encryption_key = _hex(settings.encryption_key)
    if not encryption_key:
        return None
    default = profile.security if profile.security != "none" else "authenticated-encryption"
    suite = settings.suite if settings.suite is not None else profile.suite
    return SecurityKeys(
        security=_SECURITY[settings.security or default],
        suite=suite,
        encryption_key=encryption_key,
        authentication_key=_hex(settings.authentication_key),
        system_title=bytes.fromhex(settings.system_title) if settings.system_title else DEFAULT_SYSTEM_TITLE,
        dedicated=bool(settings.dedicated_key),
        general=bool(settings.general_ciphering),
    )


def _signing_keys(settings: MeterSettings) -> tuple[str, str] | None:
    if settings.signing_key is None or settings.meter_public_key is None:
        return None
    return settings.meter_public_key.get_secret_value(), settings.signing_key.get_secret_value()


def _bytes(secret: SecretStr | None) -> bytes:
    text = secret.get_secret_value() if secret else ""
    return bytes.fromhex(text[4:]) if text.lower().startswith("hex:") else text.encode()


def _hex(secret: SecretStr | None) -> bytes:
    return bytes.fromhex(secret.get_secret_value()) if secret else b""
