"""A TOML profile made of what a meter has: its usual registers with keys by OBIS code, and what it says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.cli.load_profile_text import load_profile_lines
from bridge.dlms.obis_names import is_usual, key_of, short_obis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.cli.load_profile_text import FoundHistory

_ATTRIBUTES = (
    ("serial_number", "0.0.96.1.0.255"),
    ("firmware", "1.0.0.2.0.255"),
    ("logical_device_name", "0.0.42.0.0.255"),
)
_DATA_CLASS = 1


@dataclass(frozen=True, slots=True)
class ProfileRegister:
    """A register for the profile: class, logical name, and the unit that the meter stated."""

    class_id: int
    logical_name: str
    unit: str = ""


def profile_text(
    description: str,
    defaults: Mapping[str, str | int] | Mapping[str, str | float],
    registers: Sequence[ProfileRegister],
    data_objects: Sequence[str],
    *,
    everything: bool = False,
    histories: Sequence[FoundHistory] = (),
) -> str:
    """Return a profile as TOML.

    Args:
        description: one line about the meter.
        defaults: framing, client, server and so on, by the profile's names.
        registers: what the meter has and answered; the usual ones are taken, or all of them when none is usual.
        data_objects: logical names of its data objects, for what it says of itself.
        everything: whether all the registers are meant, usual or not.
        histories: its load profiles and event logs.
    """
    lines = [f"description = {_quoted(description)}"]
    lines += [f"{name} = {_quoted(value) if isinstance(value, str) else value}" for name, value in defaults.items()]
    taken: set[str] = set()
    usual = registers if everything else [one for one in registers if is_usual(one.logical_name)]
    chosen = usual or registers
    for register in chosen:
        key = _free(key_of(register.logical_name), register.logical_name, taken)
        taken.add(key)
        lines += ["", "[[registers]]", f"key = {_quoted(key)}", f"obis = {_quoted(short_obis(register.logical_name))}"]
        if register.class_id != 3:
            lines.append(f"class = {register.class_id}")
        if register.unit:
            lines[-1] += f"   # {register.unit}"
    for key, logical_name in _ATTRIBUTES:
        if logical_name in data_objects:
            lines += ["", "[[attributes]]", f"key = {_quoted(key)}", f"obis = {_quoted(short_obis(logical_name))}"]
            lines.append(f"class = {_DATA_CLASS}")
    for history in histories:
        lines += ["", *load_profile_lines(history, {one.logical_name for one in chosen})]
    return "\n".join(lines) + "\n"


def is_profile_file(text: str) -> bool:
    """Return whether a profile in the file ``text`` could be found by its name, or is only printed."""
    return text in ("", "-") or re.fullmatch(r"[A-Za-z0-9_-]{1,64}\.toml", Path(text).name) is not None


def _free(key: str, logical_name: str, taken: set[str]) -> str:
    """Return ``key``, or one that nobody has: registers that differ in group B alone would share it."""
    return key if key not in taken else f"{key}_{logical_name.replace('.', '_').removesuffix('_255')}"


def _quoted(text: str) -> str:
    """Return a TOML basic string (TOML 1.0); what is not printable is left out, for a meter may say anything."""
    plain = "".join(ch for ch in text if ch.isprintable())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
