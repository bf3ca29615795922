"""Finds settings that are right by themselves and wrong together: with a profile, with a file, with one another.

A setting already known to be wrong is left out of the comparison, or it would be named twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from bridge.configuration import listen_contradictions, shard_contradictions, thingsboard_contradictions
from bridge.configuration.field_types import parts_of
from bridge.configuration.meter import Meter, registers_of, resolve
from bridge.configuration.profile import Profile, load_profile, profile_names
from bridge.configuration.source_values import SourceValue, SourceValues, shown
from bridge.configuration.thingsboard_contradictions import exists
from bridge.configuration.variables import METERS
from bridge.dlms.security_keys import AUTHENTICATION
from bridge.errors import ConfigError
from bridge.log_lines import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bridge.configuration.meter import Meter
    from bridge.configuration.settings import MeterSettings, Settings

_HIGHEST_HDLC_CLIENT: Final = 0x7F
_HIGHEST_HDLC_SERVER: Final = {1: 0x7F, 2: 0x3FFF, 4: 0x0FFFFFFF}
"""Seven bits per octet (IEC 62056-46, 6.4.2)."""
_HIGHEST_WRAPPER_PORT: Final = 0xFFFF
_WITH_PASSWORD: Final = ("low", "high", "md5", "sha1", "sha256")
_WITH_KEYS: Final = ("gmac", "ecdsa")


def find(settings: Settings, found: SourceValues) -> dict[str, Meter]:
    """Add every contradiction to ``found``; return the meters with their profiles applied, by name."""
    thingsboard_contradictions.find(settings, found)
    shard_contradictions.find(settings, found)
    found.problems += _no_meters(settings, found)
    found.problems += _no_broker(settings, found)
    profiles = _Profiles(settings.profiles_dir, found)
    written: dict[str, _Written] = {}
    meters: dict[str, Meter] = {}
    for name, meter_settings in settings.meters.items():
        view = _Written(name.lower(), meter_settings, found)
        profile = profiles.get(view)
        if profile is not None:
            written[name] = view
            meters[name] = resolve(name, meter_settings, profile, settings.poll)
            found.problems += view.unknown_keys(profile)
            found.problems += view.problems(meters[name])
    found.problems += _between(meters, written)
    found.problems += shard_contradictions.of_meters(settings, meters, found)
    found.problems += listen_contradictions.find(settings, found)
    return meters


def _no_meters(settings: Settings, found: SourceValues) -> Iterator[str]:
    """Yield why nothing would be read: the demo meter's invented values must never reach a real ThingsBoard."""
    if found.meter_names or (METERS,) in found.tried or settings.shard.several or settings.shard.drain_only:
        return  # a shard may be left without a meter, and a drain reads none
    host, file = found.values.get(("thingsboard", "host")), found.values.get(("meters_file",))
    if host and not settings.poll.demo_meter:
        nothing = (
            f"{file.place}={shown(('',), file.value)}: names no meter" if file else "METERS__<NAME>__HOST: missing"
        )
        yield (
            f"{nothing}; {host.place} is given, and without a meter there is nothing to send it. "
            "Name a meter, or set POLL__DEMO_METER=true to send the demo meter's invented values there"
        )


def _no_broker(settings: Settings, found: SourceValues) -> Iterator[str]:
    """Yield that Home Assistant cannot be told anything."""
    given = found.values.get(("home_assistant", "discovery"))
    if (
        given
        and settings.home_assistant.discovery
        and not settings.broker.host
        and ("broker", "host") not in found.tried
    ):
        yield (
            f"{given.place}=true: BROKER__HOST names no broker to tell the meters on; with docker compose it is set, "
            "elsewhere set it to the broker that Home Assistant uses"
        )


@dataclass(frozen=True, slots=True)
class _Written:
    """One meter as it was written, to report on it in the words of whoever wrote it."""

    key: str
    settings: MeterSettings
    found: SourceValues

    def given(self, field: str) -> SourceValue | None:
        return self.found.values.get((METERS, self.key, field))

    def usable(self, *fields: str) -> bool:
        return not any((METERS, self.key, field) in self.found.tried for field in fields)

    def place(self, field: str) -> str:
        given = self.given(field)
        return given.place if given else self.found.meter_places[self.key].beside(field)

    def says(self, field: str, value: object) -> str:
        """Return ``METERS__MAIN__CLIENT=200:``, or the same with the profile that it comes from, to begin a line."""
        given = self.given(field)
        if given and self.usable(field):
            return f"{given.place}={shown((METERS, field), given.value)}:"
        return f"{self.place(field)}: {value}, from profile {self.settings.profile},"

    def problems(self, meter: Meter) -> Iterator[str]:
        """Yield what is wrong within one meter."""
        yield from self._secrets(meter)
        if not meter.registers and self.usable("leave_out", "registers"):
            yield f"{self.place('leave_out')}: leaves nothing to read"
        if not self.usable("framing"):
            return
        if meter.framing != "wrapper":
            highest_client, highest_server = _HIGHEST_HDLC_CLIENT, _HIGHEST_HDLC_SERVER
            octets = meter.server_address_bytes if self.usable("server_address_bytes") else 0
            limit = highest_server.get(octets, highest_server[4])
            room = f"an HDLC server address of {counted(octets, 'byte')}" if octets else "an HDLC server address"
        else:
            highest_client = limit = _HIGHEST_WRAPPER_PORT
            room = "a wrapper port"
        if meter.client > highest_client and self.usable("client"):
            yield (
                f"{self.says('client', meter.client)} must be a whole number from 1 to {highest_client} "
                f"with framing {meter.framing}"
            )
        if meter.server > limit and self.usable("server"):
            yield f"{self.says('server', meter.server)} does not fit; {room} goes from 1 to {limit}"

    def unknown_keys(self, profile: Profile) -> Iterator[str]:
        """Yield each key to be left out that the meter's registers and attributes do not have."""
        registers = registers_of(self.settings.registers) or profile.registers
        known = [one.key for one in (*registers, *profile.attributes)]
        for key in parts_of(self.settings.leave_out) if self.usable("leave_out", "registers") else ():
            if key not in known:
                close = get_close_matches(key, known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
                yield f"{self.place('leave_out')}: {key} is no key of what is read; {hint}"

    def _secrets(self, meter: Meter) -> Iterator[str]:
        """Yield what is missing or of the wrong size among password and keys."""
        why = self.says("authentication", meter.authentication).rstrip(":,")
        usable = self.usable("authentication") and not meter.calling.push_only  # nobody associates with that one
        if meter.authentication in _WITH_PASSWORD and not meter.password and usable and self.usable("password"):
            yield f"{self.place('password')}: missing; authentication {meter.authentication} needs one ({why})"
        if meter.authentication in _WITH_KEYS and meter.keys is None and usable and self.usable("encryption_key"):
            yield f"{self.place('encryption_key')}: missing; authentication {meter.authentication} needs one ({why})"
        if meter.authentication == "ecdsa" and meter.signing_keys is None and usable:
            yield f"{self.place('signing_key')}: missing; authentication ecdsa needs it, and METER_PUBLIC_KEY ({why})"
        security = self.settings.security
        if security not in (None, "none") and meter.keys is None and self.usable("security", "encryption_key"):
            yield f"{self.place('encryption_key')}: missing; {self.says('security', security).rstrip(':,')} needs one"
        if meter.keys is None:
            return
        keys = meter.keys
        needed = 32 if keys.suite == 2 else 16
        for field, key in (("encryption_key", keys.encryption_key), ("authentication_key", keys.authentication_key)):
            if key and len(key) != needed and self.usable(field, "suite"):
                yield f"{self.place(field)}: has {2 * len(key)} digits; suite {keys.suite} wants {2 * needed}"
        authenticates = keys.security & AUTHENTICATION or meter.authentication == "gmac"
        if authenticates and not keys.authentication_key and self.usable("authentication_key"):
            yield (
                f"{self.place('authentication_key')}: missing; what is authenticated needs one beside "
                f"{self.place('encryption_key')}"
            )


class _Profiles:
    """Loads each profile once, and names each problem of one once.

    A missing folder is not a mistake: the compose file names one whether or not the user has made it.
    """

    def __init__(self, folder: Path | None, found: SourceValues) -> None:
        self._missing = folder is not None and not exists(folder, folder=True)
        self._folder = None if self._missing else folder
        self._found = found
        self._loaded: dict[str, Profile | None] = {}
        self._names = self._list()

    def get(self, meter: _Written) -> Profile | None:
        """Return the meter's profile, or None after naming what is wrong with it."""
        name = meter.settings.profile
        if name not in self._names:
            close = get_close_matches(name, self._names, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(self._names)}"
            if self._missing:
                given = self._found.values[("profiles_dir",)]
                hint += f" ({given.place}={shown(('',), given.value)}: there is no such folder)"
            if ("profiles_dir",) not in self._found.tried:  # else its profiles could not be listed
                said = f"{meter.place('profile')}={shown(('',), name)}"
                self._found.reject((METERS, meter.key, "profile"), f"{said}: there is no such profile; {hint}")
            return None
        if name not in self._loaded:
            try:
                self._loaded[name] = load_profile(name, self._folder)
            except ConfigError as error:
                self._found.problems += error.problems
                self._loaded[name] = None
        return self._loaded[name]

    def _list(self) -> list[str]:
        try:
            return profile_names(self._folder)
        except OSError as error:
            given = self._found.values[("profiles_dir",)]
            self._found.reject(("profiles_dir",), f"{given.place}: the folder cannot be read: {error.strerror}")
            self._folder = None
            return profile_names(None)


def _between(meters: dict[str, Meter], written: dict[str, _Written]) -> Iterator[str]:
    """Yield what is wrong between two meters."""
    same: dict[tuple[str, int, int, int], str] = {}
    behind: dict[tuple[str, int], str] = {}
    devices: dict[str, str] = {}
    for name, meter in meters.items():
        here = written[name]
        if here.usable("device"):
            device = here.settings.device or name
            first = devices.setdefault(device, name)
            if first != name:
                # Named is the meter whose DEVICE somebody wrote: the other's is its name, and there is no such line.
                one, other = (name, first) if here.given("device") else (first, name)
                yield (
                    f"{written[one].place('device')}: meter {one} would be device "
                    f"{shown((METERS, 'device'), device)!r} in ThingsBoard, which meter {other} is "
                    f"({written[other].place('device')}); their readings would "
                    "mix. Each meter needs a device of its own"
                )
        if not here.usable("host", "port") or meter.calling.push_only:
            continue
        where = (meter.host.lower(), meter.port)
        place = meter.host if meter.calling.calls else f"{meter.host}:{meter.port}"
        if here.usable("framing"):
            first = behind.setdefault(where, name)
            if meters[first].framing != meter.framing:
                yield (
                    f"{here.place('framing')}: meter {name} speaks {meter.framing}, but meter {first} behind the same "
                    f"{place} speaks {meters[first].framing} ({written[first].place('framing')}); "
                    "one connection has one framing"
                )
        if here.usable("server", "client"):
            first = same.setdefault((*where, meter.server, meter.client), name)
            if first != name:
                field = "server" if meter.calling.calls else "host"
                yield (
                    f"{here.place(field)}: meter {name} is the same as meter {first} "
                    f"({written[first].place(field)}): "
                    f"{place if meter.calling.calls else f'host {meter.host}, port {meter.port}'}, "
                    f"server {meter.server}, client {meter.client}"
                )
