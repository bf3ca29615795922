"""A-XDR: COSEM data decoded as it is encoded (IEC 61334-6; IEC 62056-6-2, 4.1.5). Pure; no gurux.

A type or a text that is not known here is :class:`Unexpected`, and gurux decides; where both know a value they agree,
which a property test holds. Data that is cut short is an error; gurux makes None of it.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

from bridge.dlms.cosem_types import Bits, Enum, Stamp
from bridge.dlms.values import float32
from bridge.errors import DecodeError

Raw: TypeAlias = "int | float | bool | str | bytes | list[Raw] | None"
"""A COSEM value as it was encoded: octet strings are bytes, arrays and structures lists, null-data is None."""

_DEEPEST = 16
ENUM = 0x16
INTEGERS = {  # tag: octets, signed (IEC 62056-6-2, 4.1.5)
    0x05: (4, True),
    0x06: (4, False),
    0x0F: (1, True),
    0x10: (2, True),
    0x11: (1, False),
    0x12: (2, False),
    0x14: (8, True),
    0x15: (8, False),
    0x16: (1, False),
}
_OCTETS = {0x19: 12, 0x1A: 5, 0x1B: 4}  # date-time, date, time


class Unexpected(DecodeError):  # noqa: N818 - no failure yet
    """The answer has the shape that was asked for, and something in it that is not known here: gurux may know it."""


def decode(data: bytes) -> Raw:
    """Return the one COSEM value that ``data`` is.

    Raises:
        DecodeError: it is cut short.
        Unexpected: it has bytes left over, or a type or text that is not known here.
    """
    try:
        value, at = value_at(data, 0, 0)
    except IndexError:
        raise DecodeError("sent data that is cut short") from None
    if at != len(data):
        raise Unexpected("sent data with bytes left over")
    return Enum(value) if data[0] == ENUM and isinstance(value, int) else value


def octet_string(value: Raw) -> bytes:
    """Return ``value`` encoded as an octet string; an empty one when it is none."""
    octets = value if isinstance(value, bytes) else b""
    return bytes((0x09, len(octets))) + octets if len(octets) < 0x80 else b"\x09\x00"


def value_at(data: bytes, at: int, depth: int) -> tuple[Raw, int]:
    """Decode one value at ``at``; return it and where it ends."""
    tag = data[at]
    at += 1
    if (integer := INTEGERS.get(tag)) is not None:
        end = at + integer[0]
        if end > len(data):
            raise IndexError
        return int.from_bytes(data[at:end], signed=integer[1]), end
    if tag in (0x09, 0x0A, 0x0C):
        size, at = length_at(data, at)
        end = at + size
        if end > len(data):
            raise IndexError
        text = data[at:end]
        return (text if tag == 0x09 else _text(text, "utf-8" if tag == 0x0C else "ascii")), end
    if tag in (0x01, 0x02):
        if depth == _DEEPEST:
            raise DecodeError("sent data nested too deep")
        count, at = length_at(data, at)
        if count > len(data) - at:  # each element takes an octet at least: nothing is allocated for a count that lies
            raise IndexError
        values = []
        for _ in range(count):
            value, at = value_at(data, at, depth + 1)
            values.append(value)
        return values, at
    return _rarer(tag, data, at)


def _rarer(tag: int, data: bytes, at: int) -> tuple[Raw, int]:
    if tag in (0x00, 0xFF):  # null-data, don't-care
        return None, at
    if tag == 0x03:
        return data[at] != 0, at + 1
    if tag == 0x17:
        return float32(_slice(data, at, 4)), at + 4
    if tag == 0x18:
        return struct.unpack(">d", _slice(data, at, 8))[0], at + 8
    if tag in _OCTETS:
        return Stamp(_slice(data, at, _OCTETS[tag])), at + _OCTETS[tag]
    if tag in (0x04, 0x0D):
        return _bits(data, at) if tag == 0x04 else (_two_digits(data[at]), at + 1)
    raise Unexpected(f"sent data of type {tag}")


def _bits(data: bytes, at: int) -> tuple[Raw, int]:
    bits, at = length_at(data, at)
    octets = (bits + 7) // 8
    text = "".join(f"{octet:08b}" for octet in _slice(data, at, octets))
    return Bits(text[:bits]), at + octets


def _two_digits(octet: int) -> Raw:
    """Return the number in a BCD octet; its hex digits as text when it holds none."""
    high, low = divmod(octet, 16)
    return 10 * high + low if high < 10 and low < 10 else f"{octet:02X}"


def _text(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding).rstrip("\0")  # padding is not part of the text
    except UnicodeDecodeError:
        raise Unexpected("sent text that cannot be decoded") from None


def _slice(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise IndexError
    return data[at : at + size]


def length_at(data: bytes, at: int) -> tuple[int, int]:
    """A-XDR length: one octet below 128, else the number of octets that follow."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    octets = first & 0x7F
    if octets > 4:
        raise DecodeError("sent a length of more than four octets")
    return int.from_bytes(_slice(data, at + 1, octets)), at + 1 + octets
