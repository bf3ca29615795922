"""What the demo meter measures: registers with scaler, unit and type, and a plausible house behind them.

Functions of time alone; no protocol. There is a kind of meter for each built-in profile, under the profile's name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from gurux_dlms.enums import DataType, Unit


class Load(Protocol):
    """What the meter measures."""

    def __call__(self, now_s: float) -> dict[str, int]:
        """Return the raw register values, by OBIS, at the time ``now_s`` (Unix seconds)."""


@dataclass(frozen=True, slots=True)
class RegisterSpec:
    """One register of the demo meter: logical name, power of ten of its raw value, COSEM unit, COSEM data type."""

    obis: str
    scaler: int
    unit: Unit
    type: DataType


REGISTERS = (
    RegisterSpec("1.1.32.7.0.255", -2, Unit.VOLTAGE, DataType.UINT16),
    RegisterSpec("1.1.31.7.0.255", -3, Unit.CURRENT, DataType.UINT32),
    RegisterSpec("1.1.14.7.0.255", -2, Unit.FREQUENCY, DataType.UINT16),
    RegisterSpec("1.1.1.7.0.255", 0, Unit.ACTIVE_POWER, DataType.INT32),
    RegisterSpec("1.1.1.8.0.255", 0, Unit.ACTIVE_ENERGY, DataType.UINT32),
)
"""The registers of the single-phase meter that this project began with, scalers included."""

_ENERGY = "1.1.1.8.0.255"
_POWER = "1.1.1.7.0.255"


def household(now_s: float) -> dict[str, int]:
    """Return raw values of a plausible house at ``now_s``: a function of time alone, so a restart causes no jump.

    Power follows the day with a faster ripple, the voltage sags with it, energy is the integral of the mean power.
    """
    day = 2 * math.pi * (now_s % 86400) / 86400
    power_w = 900 - 500 * math.cos(day) + 250 * math.sin(now_s / 37) + 120 * math.sin(now_s / 5.3)
    voltage_v = 128.4 - power_w / 1500 + 0.4 * math.sin(now_s / 11)
    frequency_hz = 60 + 0.03 * math.sin(now_s / 7)
    # The closed integral of the power above, from a fixed origin: monotonic, as a register of energy must be.
    since_s = now_s - 1_700_000_000
    ripple = -250 * 37 * math.cos(now_s / 37) - 120 * 5.3 * math.cos(now_s / 5.3)
    day_part = -500 * 86400 / (2 * math.pi) * math.sin(day)
    energy_wh = (900 * since_s + day_part + ripple) / 3600
    return {
        "1.1.32.7.0.255": round(voltage_v * 100),
        "1.1.31.7.0.255": round(power_w / voltage_v * 1000),
        "1.1.14.7.0.255": round(frequency_hz * 100),
        _POWER: round(power_w),
        _ENERGY: max(0, round(energy_wh)),
    }


def _usual(obis: str) -> str:
    """Return the OBIS code with value group B 0, which most meters have where this project's first one has 1."""
    return f"1.0{obis[3:]}"


def single_phase(now_s: float) -> dict[str, int]:
    """Return the same house under the usual OBIS codes."""
    return {_usual(obis): raw for obis, raw in household(now_s).items()}


def three_phase(now_s: float) -> dict[str, int]:
    """Return three houses, one per phase, two hours apart; the second has a constant source behind the meter."""
    phases = [household(now_s + 7200 * n) for n in range(3)]
    raw = {}
    for n, phase in enumerate(phases):
        for first in (32, 31):  # the codes of voltage and current of L2 and L3 are 20 and 40 further (IEC 62056-6-1)
            raw[f"1.0.{first + 20 * n}.7.0.255"] = phase[f"1.1.{first}.7.0.255"]
    raw["1.0.14.7.0.255"] = phases[0]["1.1.14.7.0.255"]
    raw["1.0.1.7.0.255"] = sum(phase[_POWER] for phase in phases)
    raw["1.0.1.8.0.255"] = sum(phase[_ENERGY] for phase in phases)
    raw["1.0.2.8.0.255"] = max(0, int((now_s - 1_700_000_000) / 36))
    return raw


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of meter: its registers and what they measure."""

    registers: tuple[RegisterSpec, ...]
    load: Load

    def first(self, unit: Unit) -> str:
        """Return the OBIS of the first register with this unit."""
        return next(spec.obis for spec in self.registers if spec.unit == unit)


_SINGLE_PHASE = tuple(RegisterSpec(_usual(spec.obis), spec.scaler, spec.unit, spec.type) for spec in REGISTERS)
_OTHER_PHASES = tuple(
    RegisterSpec(spec.obis.replace(old, new), spec.scaler, spec.unit, spec.type)
    for spec in _SINGLE_PHASE[:2]
    for old, new in ((".32.", ".52."), (".32.", ".72."), (".31.", ".51."), (".31.", ".71."))
    if old in spec.obis
)
_EXPORT = RegisterSpec("1.0.2.8.0.255", 0, Unit.ACTIVE_ENERGY, DataType.UINT32)

KINDS: dict[str, Kind] = {
    "microstar": Kind(REGISTERS, household),
    "single_phase": Kind(_SINGLE_PHASE, single_phase),
    "three_phase": Kind((*_SINGLE_PHASE, *_OTHER_PHASES, _EXPORT), three_phase),
}
"""By the name of the profile that reads it."""
