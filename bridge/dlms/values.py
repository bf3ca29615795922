"""What a COSEM attribute holds, as what is published: scaler applied, dates as text, doubts named. Pure; no gurux.

Rules
    A value that makes no sense is published as read, with a quality that says why; it is never dropped in silence.
    What has no text of its own in JSON (null-data, NaN, infinities) is published as its quality alone.
    A quality is one of few short texts, the same as long as the cause is: it is logged when it changes.
"""

from __future__ import annotations

import json
import math
import struct
from decimal import Decimal
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Any

from bridge.dlms import dates
from bridge.dlms.cosem_classes import ADDRESSES, DATES, SCALED
from bridge.dlms.cosem_types import Bits, Enum, Stamp
from bridge.dlms.obis_names import short_obis

if TYPE_CHECKING:
    from bridge.sample import Scalar

_MEDIA = (*range(10), 15)
"""Group A: abstract, electricity, heat cost allocators, cooling, heat, gas, water, other."""

_SCALERS = range(-128, 128)  # scaler is an integer of eight bits
_POWERS: tuple[int, ...] = tuple(10**n for n in range(129))
_NO_NUMBER, _NO_DATE = "not a number", "not a date-time"
_LEAST = 1e-16  # less has no decimals left in ThingsBoard
_LONGEST = 4096
"""Characters of a text: a value that is longer could keep its whole sample from fitting into a message."""

_FLOAT32 = struct.Struct(">f")
_DIGITS = (6, 7, 8, 9)  # any decimal of 6 digits survives a float32, any float32 survives 9


def interpret(raw: Any, *, class_id: int, attribute: int, scaler: int = 0) -> tuple[Scalar | None, str]:
    """Return what is published for an attribute, and any doubt about it.

    Args:
        raw: what was decoded: a number, a boolean, text, octets (bytes), None for null-data, a list for an array or a
            structure. Dates are octets.
        class_id: interface class of the object.
        attribute: which attribute of it.
        scaler: exponent of the object's scaler_unit; applied to attributes that stand under it and to no others.

    Returns:
        value and quality. The quality is empty when all is well. The value is None when there is none to publish.
    """
    where = (class_id, attribute)
    if where in ADDRESSES:
        raw = _address(raw)
    if type(raw) is int:  # the most frequent by far
        if scaler and where in SCALED:
            return _scaled(raw, scaler)
        return raw, _NO_DATE if where in DATES else ""
    if isinstance(raw, bytes | bytearray):
        return _stamp(raw) if isinstance(raw, Stamp) else _octets(bytes(raw), where, scaler)
    if (nothing := _nothing(raw)) is not None:
        return None, nothing
    if where in SCALED:
        return _under_scaler(raw, scaler)
    return _cut(scalar(raw), _NO_DATE if where in DATES and not isinstance(raw, str) else "")


def scaled(raw: Scalar, scaler: int) -> Scalar:
    """Return ``raw`` times ten to the power of ``scaler`` (-128 to 127), without binary noise: 13519 with -2 is 135.19.

    Text and booleans have no scale and come back as they are.

    Raises:
        OverflowError: no number of 64 bits is so large. Publish the raw one, and say so.
    """
    if scaler == 0 or isinstance(raw, bool | str) or not math.isfinite(raw):
        return raw
    if isinstance(raw, int):
        # Division of integers rounds once, to the float nearest the decimal; a product with 0.01 rounds twice.
        return raw * _POWERS[scaler] if scaler > 0 else raw / _POWERS[-scaler]
    value = float(Decimal(repr(raw)).scaleb(scaler))
    if math.isinf(value):
        raise OverflowError
    return value


def float32(data: bytes) -> float:
    """Return a float of four octets, most significant first, as the shortest decimal that it can stand for.

    A meter that states 1.1 in four octets means 1.1; read plainly they are 1.100000023841858.
    """
    value: float = _FLOAT32.unpack(data)[0]
    if not math.isfinite(value):
        return value
    for digits in _DIGITS:
        shortest = float(f"{value:.{digits}g}")
        if _is_float32(shortest, data):
            return shortest
    return value


def scalar(raw: Any) -> Scalar:
    """Return a raw value as a plain one: numbers, booleans and text as they are, everything else as text.

    Octet strings become text when they are printable ASCII, else hex: serial numbers come both ways.
    """
    if isinstance(raw, Bits):
        return _bits(raw)
    if isinstance(raw, Enum):
        return int(raw)
    if isinstance(raw, bool | int | float | str):
        return raw
    return _text(bytes(raw)) if isinstance(raw, bytes | bytearray) else _json(raw)


def _nothing(raw: Any) -> str | None:
    """Return the quality that is all there is to publish of what JSON has no word for; None for everything else."""
    if raw is None:
        return "no value"
    if not isinstance(raw, float) or math.isfinite(raw):
        return None
    return "NaN" if math.isnan(raw) else "Infinity" if raw > 0 else "-Infinity"


def _scaled(raw: float, scaler: int) -> tuple[Scalar, str]:
    if scaler not in _SCALERS:
        return raw, "scaler out of range"
    try:
        value = scaled(raw, scaler)
    except OverflowError:
        return raw, "scaler makes no sense"
    if isinstance(value, float) and raw and abs(value) < _LEAST:
        return raw, "scaler makes no sense"
    return value, ""


def _under_scaler(raw: Any, scaler: int) -> tuple[Scalar, str]:
    if isinstance(raw, bool | str):
        return _cut(raw, _NO_NUMBER if scaler else "")
    if isinstance(raw, int | float):
        return _scaled(raw, scaler)
    return _cut(_json(raw), _NO_NUMBER)


def _octets(octets: bytes, where: tuple[int, int], scaler: int) -> tuple[Scalar, str]:
    if where in DATES:
        return dates.iso(octets) or (octets.hex().upper(), "unset" if _is_open(octets) else _NO_DATE)
    if dates.is_unmistakable(octets) and (stated := dates.iso(octets)):
        return stated
    text = _text(octets)
    return _cut(text, _NO_NUMBER if scaler and where in SCALED else "")


def _stamp(stamp: Stamp) -> tuple[Scalar, str]:
    return dates.iso(stamp) or (stamp.hex().upper(), "unset" if _is_open(stamp) else _NO_DATE)


def _bits(bits: Bits) -> str:
    """Return a bit string so that nobody takes it for a number: ThingsBoard makes one of text that looks like one."""
    return f"0b{bits}"


def _address(raw: Any) -> Any:
    """Return IP addresses as text: four octets that came as an integer, or an array of those, or 16 octets."""
    if isinstance(raw, list):
        return [_address(part) for part in raw]
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= 0xFFFFFFFF:
        return str(IPv4Address(int(raw)))
    return str(ip_address(bytes(raw))) if isinstance(raw, bytes) and len(raw) in (4, 16) else raw


def _is_open(octets: bytes) -> bool:
    """Return whether every field of a date-time, date or time that has a date or time in it is left open."""
    return len(octets) in (4, 5, 12) and not octets[:9].strip(b"\xff")


def _text(octets: bytes) -> str:
    return octets.decode() if octets and octets.isascii() and octets.decode().isprintable() else octets.hex().upper()


def _json(raw: Any) -> str:
    return json.dumps(_plain(raw), ensure_ascii=False, separators=(",", ":"))


def _plain(raw: Any) -> Any:
    """Return what JSON knows: octets within a structure as they would be outside of it."""
    if isinstance(raw, list | tuple):
        return [_plain(part) for part in raw]
    if isinstance(raw, bytes | bytearray):
        return _plain_octets(raw)
    if isinstance(raw, Bits):
        return _bits(raw)
    return raw if raw is None or isinstance(raw, bool | int | float | str) else str(raw)


def _plain_octets(octets: bytes | bytearray) -> str:
    if isinstance(octets, Stamp):
        return str(_stamp(octets)[0])
    octets = bytes(octets)
    if dates.is_unmistakable(octets) or dates.is_likely(octets):
        stated = dates.iso(octets)
        return stated[0] if stated else "unset"
    return short_obis(".".join(map(str, octets))) if _is_logical_name(octets) else _text(octets)


def _is_logical_name(octets: bytes) -> bool:
    """Return whether six octets can be an OBIS code: of a medium that there is, and no text (IEC 62056-6-1, 5.2)."""
    return len(octets) == 6 and octets[0] in _MEDIA and any(octets) and not _is_printable(octets)


def _is_printable(octets: bytes) -> bool:
    return octets.isascii() and octets.decode().isprintable()


def _cut(value: Scalar, quality: str = "") -> tuple[Scalar, str]:
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[:_LONGEST], "cut, too long"
    return value, quality


def _is_float32(value: float, data: bytes) -> bool:
    try:
        return _FLOAT32.pack(value) == data
    except OverflowError:
        return False
