"""One meter, ready to be polled: its settings laid over its profile. No secret shows in its representation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.configuration.calling import ONLY_READ, Calling
from bridge.configuration.field_types import parts_of
from bridge.configuration.profile import RegisterEntry, load_profile
from bridge.configuration.settings import MeterSettings
from bridge.dlms.association_parameters import AssociationParameters
from bridge.dlms.obis_names import key_of, logical_name
from bridge.dlms.security_keys import AUTHENTICATION, ENCRYPTION, SecurityKeys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from bridge.configuration.load_profile_entry import LoadProfileEntry
    from bridge.configuration.profile import Profile
    from bridge.configuration.push_entry import PushEntry
    from bridge.configuration.settings import PollSettings, Settings
    from bridge.dlms.register import Register

_SECURITY = {
    "none": 0,
    "authentication": AUTHENTICATION,
    "encryption": ENCRYPTION,
    "authenticated-encryption": AUTHENTICATION | ENCRYPTION,
}
DEMO_NAME = "demo"
DEFAULT_SYSTEM_TITLE = b"DLB\x00\x00\x00\x00\x01"
"""The client's system title where neither settings nor installation give one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter(AssociationParameters):
    """What the service must know of one meter, beside what an association needs.

    Args:
        name: its name in settings, logs, metrics and topics.
        host: name or address of the meter or its converter; a name of the call where the meter is the one who calls.
        port: TCP port; 0 of a call.
        frame_gap_s: least silence before a request.
        reconnect_gap_s: least time between closing a connection and opening the next.
        timeout_s: how long a whole answer may take.
        profile: name of the profile.
        load_profiles: its own history.
        pushes: what it pushes, where that is not told by itself.
        calling: how it is known when it calls, and what is taken from it.
    """

    name: str
    host: str
    port: int
    frame_gap_s: float
    reconnect_gap_s: float
    timeout_s: float
    profile: str
    load_profiles: tuple[LoadProfileEntry, ...] = ()
    pushes: tuple[PushEntry, ...] = ()
    calling: Calling = ONLY_READ

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

    def titled(self, system_title: bytes) -> Meter:
        """Return the meter with the installation's system title, unless it has its own or needs none."""
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
        # A call is a place of its own: what is kept by place must not be another caller's from the same address.
        host=f"call of {settings.via_caller or name}" if settings.calls else settings.host,
        port=0 if settings.calls else settings.port,
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
        load_profiles=profile.load_profiles,
        pushes=profile.pushes,
        calling=_calling(settings),
        referencing=settings.referencing or profile.referencing,
        keys=keys,
        signing_keys=_signing_keys(settings),
        counter_obis="" if counter == "none" or keys is None else logical_name(counter),
        max_info_bytes=profile.max_info_bytes,
        window=profile.window,
        list_items=profile.list_items if settings.list_items is None else settings.list_items,
    )


def demo_meter(port: int, password: str, poll: PollSettings) -> Meter:
    """Return the built-in demo meter, which is read where no meter is configured.

    Args:
        port: where it listens on this machine.
        password: that it takes.
        poll: how meters are read.
    """
    settings = MeterSettings.model_validate(
        {"host": "127.0.0.1", "port": port, "profile": "microstar", "password": password}
    )
    return resolve(DEMO_NAME, settings, load_profile(settings.profile), poll)


def resolve_all(settings: Settings) -> list[Meter]:
    """Return the meters of ``settings`` with their profiles applied.

    Raises:
        ConfigError: a profile changed for the worse since the settings were read.
    """
    # One profile for all meters of a kind: ten thousand of them hold one, not ten thousand.
    profiles = {
        name: load_profile(name, settings.profiles_dir)
        for name in {meter.profile for meter in settings.meters.values()}
    }
    return [resolve(name, meter, profiles[meter.profile], settings.poll) for name, meter in settings.meters.items()]


def registers_of(text: str | None) -> tuple[Register, ...]:
    """Return the registers that a list of OBIS codes names, each under a key made of its code, in their order."""
    registers: dict[str, Register] = {}
    for part in parts_of(text):
        class_id, _, obis = part.rpartition("/")
        register = RegisterEntry.model_validate({"key": "none", "obis": obis, "class": class_id or 3}).plain()
        key = key_of(register.logical_name)
        if key in registers:  # registers that differ in group B alone would share it
            key = f"{key}_{register.logical_name.replace('.', '_').removesuffix('_255')}"
        registers[key] = replace(register, key=key)
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


def _calling(settings: MeterSettings) -> Calling:
    return Calling(
        dial_in=settings.dial_in,
        via=settings.via_caller or "",
        push_only=settings.push_only,
        address=settings.host,
        system_title=bytes.fromhex(settings.meter_system_title or ""),
        device_name=settings.logical_device_name or "",
        caller_id=settings.caller_id or "",
        takes_plain=settings.push_plain,
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
