"""One register, read once for a person to look at: value with scaler and unit, or why there is none, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.meters.access import refusal_text
from bridge.meters.units import unit_doubt, unit_text
from bridge.meters.values import interpret

if TYPE_CHECKING:
    from bridge.commissioning.probing.meeting import Talk
    from bridge.sample import Scalar

SCALERS = {3: 3, 4: 3, 5: 4}
"""Classes with a value under a scaler, and where the scaler lies (IEC 62056-6-2, 4.3.2 to 4.3.4)."""


@dataclass(frozen=True, slots=True)
class Read:
    """One register as it was read.

    Args:
        class_id: interface class.
        logical_name: six groups with dots.
        value: scaled; None when it was refused or holds nothing.
        unit: as the meter stated it.
        note: why there is no value, or what is to be said against it; empty when all is well.
        took_s: how long the answer with the value took.
        refusal: the data-access-result; 0 when it was not refused.
    """

    class_id: int
    logical_name: str
    value: Scalar | None
    unit: str = ""
    note: str = ""
    took_s: float = 0.0
    refusal: int = 0


async def read_register(talk: Talk, class_id: int, logical_name: str, attribute: int = 2) -> Read:
    """Read one attribute, and its scaler where it stands under one.

    Raises:
        MeterError: the association is gone. Release, close.
    """
    result = await talk.carry(talk.session.get(class_id, logical_name, attribute), quick=True)
    took_s = talk.took_s
    if result.refusal:
        note = refusal_text(result.refusal)
        return Read(class_id, logical_name, None, "", note, took_s, result.refusal)
    scaler, unit, doubt = 0, "", ""
    if 1 < attribute < SCALERS.get(class_id, 0):
        stated = await talk.carry(talk.session.get(class_id, logical_name, SCALERS[class_id]), quick=True)
        if not stated.refusal and isinstance(stated.value, list) and len(stated.value) == 2:
            power, code = stated.value
            if type(power) is int and type(code) is int:
                scaler, unit, doubt = power, unit_text(code), unit_doubt(code)
    value, quality = interpret(result.value, class_id=class_id, attribute=attribute, scaler=scaler)
    note = ", ".join(part for part in (quality, doubt) if part)
    return Read(class_id, logical_name, value, unit, note, took_s)
