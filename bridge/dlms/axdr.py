"""A-XDR: COSEM data decoded as it is encoded (IEC 61334-6; IEC 62056-6-2, 4.1.5). Pure; no gurux.

A type that is not known here is :class:`Unexpected`, and gurux decides; where both know a value they agree, which a
property test holds. Data that is cut short is an error; gurux makes None of it, or leaves out the row in question.
What is decoded may come from anybody: nothing is made that is much larger than the octets it came in.
"""

from __future__ import annotations

import struct
from itertools import repeat
from typing import TypeAlias

from bridge.dlms.cosem_types import Bits, Enum, Stamp
from bridge.dlms.values import float32
from bridge.errors import DecodeError

Raw: TypeAlias = "int | float | bool | str | bytes | list[Raw] | None"
"""A COSEM value as it was encoded: octet strings are bytes, arrays and structures lists, null-data is None."""

DEEPEST = 16
_COMPACT_ARRAY = 0x13
_LONGEST_DESCRIPTION = 128
_MOST_PER_OCTET, _MOST_OF_NONE = 8, 64
"""Elements of a compact array, which may take no octet: so many for each octet of the contents, and some more."""
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
_SIZES = {tag: octets for tag, (octets, _) in INTEGERS.items()} | _OCTETS | {
    0x00: 0, 0xFF: 0, 0x03: 1, 0x0D: 1, 0x17: 4, 0x18: 8,
}  # fmt: skip
_STRINGS, _BITS = (0x09, 0x0A, 0x0C), 0x04


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
    if tag in _STRINGS:
        size, at = length_at(data, at)
        end = at + size
        if end > len(data):
            raise IndexError
        text = data[at:end]
        return (text if tag == 0x09 else _text(text, "utf-8" if tag == 0x0C else "ascii")), end
    if tag in (0x01, 0x02):
        if depth == DEEPEST:
            raise DecodeError("sent data nested too deep")
        count, at = length_at(data, at)
        if count > len(data) - at:  # each element takes an octet at least: nothing is allocated for a count that lies
            raise IndexError
        values = []
        for _ in range(count):
            value, at = value_at(data, at, depth + 1)
            values.append(value)
        return values, at
    return _compact_array(data, at) if tag == _COMPACT_ARRAY else _rarer(tag, data, at)


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
    if tag in (_BITS, 0x0D):
        return _bits(data, at) if tag == _BITS else (_two_digits(data[at]), at + 1)
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
    """Return text; what is none is told in hex, as gurux tells it."""
    try:
        return data.decode(encoding).rstrip("\0")  # padding is not part of the text
    except UnicodeDecodeError:
        return data.hex(" ").upper()


def _slice(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise IndexError
    return data[at : at + size]


_Kind: TypeAlias = "int | tuple[int, _Kind] | list[_Kind]"
"""The type of an element: simple, so many of one in an array, or a structure."""


def _compact_array(data: bytes, at: int) -> tuple[Raw, int]:
    """Decode a compact array (4.1.5): the type of all elements once, then their contents without tags."""
    kind, at = _described(data, at, 0)
    size, at = length_at(data, at)
    contents = _slice(data, at, size)
    elements: list[Raw] = []
    left, within = [_MOST_PER_OCTET * size + _MOST_OF_NONE], 0
    while within < size:
        before = within
        value, within = _untagged(kind, contents, within, left)
        if within == before:
            raise DecodeError("sent a compact array of elements without octets")
        elements.append(value)
    return elements, at + size


def _described(data: bytes, at: int, depth: int) -> tuple[_Kind, int]:
    if depth > DEEPEST:
        raise DecodeError("sent a compact array of a type nested too deep")
    tag = data[at]
    if tag == 0x01:
        within, end = _described(data, at + 3, depth + 1)
        return (int.from_bytes(data[at + 1 : at + 3]), within), end
    if tag != 0x02:
        return tag, at + 1
    kinds, count, at = [], data[at + 1], at + 2
    for _ in range(count):
        kind, at = _described(data, at, depth + 1)
        kinds.append(kind)
    return kinds, at


def _untagged(kind: _Kind, data: bytes, at: int, left: list[int]) -> tuple[Raw, int]:
    """Decode one element of a compact array; ``left`` counts how many there may still be."""
    left[0] -= 1
    if left[0] < 0:
        raise DecodeError("sent a compact array of too many elements")
    if isinstance(kind, int):
        end = simple_end(kind, data, at)
        return value_at(bytes((kind,)) + _slice(data, at, end - at), 0, 0)[0], end
    values = []
    for part in kind if isinstance(kind, list) else repeat(kind[1], kind[0]):
        value, at = _untagged(part, data, at, left)
        values.append(value)
    return values, at


def simple_end(tag: int, data: bytes | bytearray, at: int) -> int:
    """Return where a value ends that is neither array nor structure, and whose tag stands before ``at``.

    Raises:
        IndexError: its length is cut short.
        Unexpected: no such type is known here.
    """
    if (octets := _SIZES.get(tag)) is not None:
        return at + octets
    if tag in _STRINGS or tag == _BITS:
        size, at = length_at(data, at)
        return at + (size if tag != _BITS else (size + 7) // 8)
    if tag == _COMPACT_ARRAY:
        size, at = length_at(data, _description_end(data, at))
        return at + size
    raise Unexpected(f"sent data of type {tag}")


def _description_end(data: bytes | bytearray, at: int) -> int:
    """Return where the type description of a compact array ends, which may still be growing."""
    left, start = 1, at
    while left:
        if at - start > _LONGEST_DESCRIPTION:
            raise DecodeError("sent a compact array whose description has no end")
        tag = data[at]
        if tag == 0x02:
            left += data[at + 1] - 1
            at += 2
        elif tag == 0x01:
            at += 3
        else:
            left, at = left - 1, at + 1
    return at


def length_at(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """A-XDR length: one octet below 128, else the number of octets that follow."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    octets = first & 0x7F
    if octets > 4:
        raise DecodeError("sent a length of more than four octets")
    end = at + 1 + octets
    if end > len(data):
        raise IndexError
    return int.from_bytes(data[at + 1 : end]), end
