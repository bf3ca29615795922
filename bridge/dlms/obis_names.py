"""What a register is called by its OBIS code (IEC 62056-6-1): a telemetry key, and words for a table. Pure."""

from __future__ import annotations

import re
from typing import Final

_QUANTITIES: Final = {
    1: "active_power", 2: "active_power_export", 3: "reactive_power", 4: "reactive_power_export",
    9: "apparent_power", 10: "apparent_power_export", 11: "current", 12: "voltage", 13: "power_factor",
    14: "frequency", 15: "active_power_absolute", 16: "active_power_net",
    31: "current", 32: "voltage", 33: "power_factor", 91: "current_neutral", 92: "voltage_neutral",
}  # fmt: skip
_OF_A_PHASE: Final = {
    21: "active_power", 22: "active_power_export", 23: "reactive_power", 24: "reactive_power_export",
    29: "apparent_power", 30: "apparent_power_export", 31: "current", 32: "voltage", 33: "power_factor",
}  # fmt: skip
_ENERGIES: Final = {
    1: "active_energy", 2: "active_energy_export", 3: "reactive_energy", 4: "reactive_energy_export",
    5: "reactive_energy_q1", 6: "reactive_energy_q2", 7: "reactive_energy_q3", 8: "reactive_energy_q4",
    9: "apparent_energy", 10: "apparent_energy_export", 15: "active_energy_absolute", 16: "active_energy_net",
}  # fmt: skip
_INSTANTANEOUS, _TIME_INTEGRAL = 7, 8
_DEMANDS: Final = {4: "_average", 5: "_last_average", 6: "_max"}
_PHASE_STEP = 20
_OBIS = re.compile(r"(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*.](\d{1,3}))?")


def logical_name(obis: str) -> str:
    """Return ``1.0.1.8.0.255`` for ``1-0:1.8.0`` or ``1-0:1.8.0*255`` (IEC 62056-6-1).

    Raises:
        ValueError: it is written in no such way.
    """
    match = _OBIS.fullmatch(obis)
    if match is None or any(int(group) > 255 for group in match.groups() if group):
        raise ValueError("must look like 1-0:1.8.0 or 1-0:1.8.0*255, each group 0 to 255")
    return ".".join(group or "255" for group in match.groups())


def short_obis(logical_name: str) -> str:
    """Return ``1.0.1.8.0.255`` as people write it, ``1-0:1.8.0``; other values of F stand behind a star."""
    a, b, c, d, e, f = logical_name.split(".")
    return f"{a}-{b}:{c}.{d}.{e}" + ("" if f == "255" else f"*{f}")


def key_of(logical_name: str) -> str:
    """Return a telemetry key for the register; built of its code where the code has no usual name.

    Args:
        logical_name: six groups with dots.
    """
    a, b, c, d, e, f = (int(group) for group in logical_name.split("."))
    name = _quantity(c, d) if a == 1 and f == 255 else ""
    if not name:
        return "obis_" + re.sub(r"[^0-9]", "_", logical_name.removesuffix(".255"))
    name += _DEMANDS.get(d, "")
    if e:
        name += f"_{e}" if d == _INSTANTANEOUS else f"_t{e}"
    return name if b in (0, 1) else f"{name}_ch{b}"


def is_usual(logical_name: str) -> bool:
    """Return whether the register is an energy or an instantaneous value that one wants every few seconds."""
    a, _, c, d, e, f = (int(group) for group in logical_name.split("."))
    if a != 1 or f != 255 or not _quantity(c, d):
        return False
    return e == 0 if d == _INSTANTANEOUS else d == _TIME_INTEGRAL and e <= 8


def _quantity(c: int, d: int) -> str:
    if d == _INSTANTANEOUS or d in _DEMANDS:
        if 21 <= c <= 80 and (base := _OF_A_PHASE.get((c - 21) % _PHASE_STEP + 21)):
            return f"{base}_l{(c - 21) // _PHASE_STEP + 1}"
        return _QUANTITIES.get(c, "")
    if d == _TIME_INTEGRAL:
        if 21 <= c <= 80 and (base := _ENERGIES.get((c - 21) % _PHASE_STEP + 1)):
            return f"{base}_l{(c - 21) // _PHASE_STEP + 1}"
        return _ENERGIES.get(c, "")
    return ""
