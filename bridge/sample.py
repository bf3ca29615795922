"""Sample, Value, Presence: what travels from the meter wing to the delivery wing, and all that both hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Scalar = int | float | str | bool


@dataclass(frozen=True, slots=True)
class Value:
    """One register as the meter stated it.

    Args:
        key: telemetry key in ThingsBoard, from the profile, such as ``voltage_l1``.
        obis: logical name, such as ``1-1:32.7.0``.
        value: the scaled value in ``unit``.
        unit: unit that the meter states, as text (``V``, ``A``, ``Wh``); empty where it has none.
    """

    key: str
    obis: str
    value: Scalar
    unit: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What one meter gave in one cycle. The unit of everything downstream: one outbox row, one telemetry entry.

    Args:
        meter: the meter's name in the settings.
        ts_ms: when the values were read, milliseconds since 1970-01-01 UTC.
        values: the registers that answered, in the profile's order; never empty.
    """

    meter: str
    ts_ms: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a meter is there, told when that changes and at every association.

    Args:
        meter: the meter's name in the settings.
        present: False once several attempts in a row have failed.
        attributes: what is known of it and seldom changes: serial number, firmware, host, profile, units.
    """

    meter: str
    present: bool
    attributes: Mapping[str, Scalar | Mapping[str, str]] = field(default_factory=dict)
