"""Registers as they are planned, the requests for them, and what the results become. Pure; asks nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms import xdlms
from bridge.dlms.access_results import refusal_text
from bridge.dlms.units import unit_doubt, unit_text
from bridge.dlms.values import interpret
from bridge.dlms.xdlms import Attribute, Result, ServiceRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.dlms.register import Register
    from bridge.sample import Scalar

_SMALLEST_SCALER = -9  # below it a small value may have no decimals left, which is for values.py to say
SCALER_UNKNOWN = "scaler unknown"
OBJECT_UNDEFINED, OTHER_REASON = 4, 250
"""Data-access-results for what is known without asking, and for what is refused by an exception."""


class Reading(NamedTuple):
    """What the meter answered for one register: a value with its unit, any doubt about it, or a refusal."""

    register: Register
    value: Scalar | None
    unit: str = ""
    refusal: str = ""
    quality: str = ""


class PlannedRegister(NamedTuple):
    """One register with what was learnt of it."""

    register: Register
    attribute: Attribute
    scaler: int = 0
    unit: str = ""
    doubt: str = ""
    divisor: int = 0
    """Ten to the power of ``-scaler`` where an integer needs no more than that, 1 where it is the value; else 0."""


class PlannedRequest(NamedTuple):
    """One request and the registers that it reads."""

    request: ServiceRequest
    registers: tuple[PlannedRegister, ...]


def request_for(attributes: Sequence[Attribute], names: Mapping[bytes, int] | None) -> ServiceRequest | None:
    """Return the request for ``attributes``; None when one of them has no short name."""
    if names is None:
        return xdlms.get(attributes[0]) if len(attributes) == 1 else xdlms.get_list(attributes)
    bases = [names.get(one.logical_name) for one in attributes]
    if None in bases:
        return None
    # Attributes lie eight apart from the base name on (IEC 62056-6-2, short name mapping).
    pairs = zip(bases, attributes, strict=True)
    return xdlms.read([(base or 0) + 8 * (one.number - 1) & 0xFFFF for base, one in pairs])


def attribute_of(register: Register, number: int) -> Attribute:
    """Return attribute ``number`` of the register's object."""
    return Attribute(register.class_id, register.octets, number)


def with_scaler(one: PlannedRegister, result: Result) -> PlannedRegister:
    """Return the register with what ``result`` says of its scaler and unit."""
    value = result.value
    if isinstance(value, list) and len(value) == 2 and type(value[0]) is int and type(value[1]) is int:
        scaler, doubt = value[0], unit_doubt(value[1])
        plain = not doubt and _SMALLEST_SCALER <= scaler <= 0
        return one._replace(scaler=scaler, unit=unit_text(value[1]), doubt=doubt, divisor=10**-scaler if plain else 0)
    return one._replace(doubt=SCALER_UNKNOWN)  # a figure without its power of ten is published as doubtful


def described_by(attributes: Sequence[Register], results: Sequence[Result]) -> dict[str, Scalar]:
    """Return what the meter says about itself by the results; nothing for what it refused."""
    told: dict[str, Scalar] = {}
    for register, result in zip(attributes, results, strict=True):
        if not result.refusal:
            value, _ = interpret(result.value, class_id=register.class_id, attribute=register.attribute)
            if value is not None:
                told[register.key] = value
    return told


def reading(one: PlannedRegister, result: Result) -> Reading:
    """Return what the meter said to a register."""
    register, raw = one.register, result.value
    if type(raw) is int and one.divisor:  # nearly all values
        return number_reading(one, raw)
    if result.refusal:
        return Reading(register, None, refusal=refusal_text(result.refusal))
    value, quality = interpret(raw, class_id=register.class_id, attribute=register.attribute, scaler=one.scaler)
    if one.unit and isinstance(value, str) and not quality:
        quality = "not a number"  # what has a unit is an amount
    if one.doubt:
        quality = f"{quality}, {one.doubt}" if quality else one.doubt
    return Reading(register, value, one.unit, "", quality)


def number_reading(one: PlannedRegister, raw: int) -> Reading:
    """Return what the meter said to a register by an integer: what :func:`reading` would, with fewer calls."""
    divisor = one.divisor
    if divisor > 1:
        return _reading(Reading, (one.register, raw / divisor, one.unit, "", ""))
    if divisor:
        return _reading(Reading, (one.register, raw, one.unit, "", ""))
    return reading(one, Result(raw))


_reading = tuple.__new__  # past the keywords of Reading()
