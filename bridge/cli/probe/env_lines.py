"""The lines of ``.env`` that make the bridge read the meter that was found. Never holds a secret. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.cli.probe.likely_addresses import ServerAddress

_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.:/@%+,*-]+")


@dataclass(frozen=True, slots=True)
class ProposedMeter:
    """How the meter is read.

    Args:
        name: its name in the settings.
        host: as it was given.
        port: TCP port.
        framing: ``hdlc``, ``wrapper`` or ``hdlc-mode-e``.
        referencing: ``ln`` or ``sn``.
        address: server address.
        client: client address.
        authentication: as the settings call it.
        profile: name of the profile to read it by; empty when none fits.
        registers: what to read instead of the profile's registers, as REGISTERS takes it; empty for the profile's.
        leave_out: keys of the profile that the meter does not answer.
        list_items: most registers in a request; None leaves it to the profile.
        options: further settings that are no secret, such as SECURITY, in order.
        secrets: names of the settings whose secret values are left to fill in.
    """

    name: str
    host: str
    port: int
    framing: str
    referencing: str
    address: ServerAddress
    client: int
    authentication: str
    profile: str
    options: Sequence[tuple[str, str]] = ()
    secrets: Sequence[str] = ()
    registers: str = ""
    leave_out: Sequence[str] = ()
    list_items: int | None = None

    @property
    def settings(self) -> list[tuple[str, str]]:
        """The meter's settings that are no secret, by name, in the order in which they are written."""
        found = [("HOST", self.host), ("PORT", str(self.port))]
        if self.profile:
            found.append(("PROFILE", self.profile))
        found.append(("FRAMING", self.framing))
        if self.referencing != "ln":
            found.append(("REFERENCING", self.referencing))
        found += [("CLIENT", str(self.client)), ("SERVER", str(self.address.server))]
        if self.address.octets:
            found.append(("SERVER_ADDRESS_BYTES", str(self.address.octets)))
        found.append(("AUTHENTICATION", self.authentication))
        found += self.options
        if self.registers:
            found.append(("REGISTERS", self.registers))
        if self.leave_out:
            found.append(("LEAVE_OUT", ",".join(self.leave_out)))
        if self.list_items is not None:
            found.append(("LIST_ITEMS", str(self.list_items)))
        return found


def meter_name(*candidates: str) -> str:
    """Return the first of ``candidates`` that makes a name in the settings, cut to what makes one; else ``METER1``."""
    for candidate in candidates:
        name = re.sub(r"[^A-Za-z0-9]+", "_", candidate).strip("_").upper()[:32].strip("_")
        if name:
            return name if name[0].isalpha() else f"M{name}"
    return "METER1"


def env_lines(found: ProposedMeter, to_fill_in: str) -> list[str]:
    """Return the lines, ready to paste.

    Args:
        found: the meter.
        to_fill_in: comment for a secret that is to be filled in.
    """
    prefix = f"METERS__{found.name.upper()}__"
    lines = [f"{prefix}{name}={_value(value)}" for name, value in found.settings]
    for name in found.secrets:
        # Compose takes what follows a blank and # for a comment only behind a value, so it stands on a line of its own.
        lines += [f"# {to_fill_in}", f"{prefix}{name}="]
    return lines


def _value(text: str) -> str:
    """Return ``text`` so that Compose reads it as it is."""
    return text if _PLAIN_VALUE.fullmatch(text) else "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
