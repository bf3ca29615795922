"""The read path as bytes: requests made once, answers checked and decoded directly. No gurux here, no second DLMS.

What it knows: GET and GET-WITH-LIST (IEC 62056-5-3, 9.3 and annex on xDLMS APDUs), the SN read, their answers in one
piece or in blocks, and the A-XDR encoding of COSEM data (IEC 61334-6; IEC 62056-6-2, 4.1.5). A type that it does not
know is :class:`Unexpected`, and gurux decides; where both know an answer they agree, which a property test holds. An
answer that is cut short or of another shape than was asked for is nobody's to guess: gurux makes None of it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from bridge.errors import DecodeError
from bridge.meters.typed import Bits, Enum, Stamp
from bridge.meters.values import float32

if TYPE_CHECKING:
    from collections.abc import Sequence

Raw: TypeAlias = "int | float | bool | str | bytes | list[Raw] | None"
"""A COSEM value as it was encoded: octet strings are bytes, arrays and structures lists, null-data is None."""

GET_REQUEST, GET_RESPONSE = 0xC0, 0xC4
READ_REQUEST, READ_RESPONSE = 0x05, 0x0C
NORMAL, BLOCK, LIST = 1, 2, 3
ITEM_BYTES = 10
"""One attribute in a GET-WITH-LIST request: class 2, logical name 6, attribute 1, no selection 1."""
_PRIORITY = 0xC0  # high priority, confirmed (IEC 62056-5-3, invoke-id-and-priority)
_DEEPEST = 16


class Unexpected(DecodeError):  # noqa: N818 - no failure yet
    """The answer has the shape that was asked for, and something in it that is not known here: gurux may know it."""


class Result(NamedTuple):
    """What came of one attribute: its value, or the data-access-result (IEC 62056-5-3) that refuses it; 0 for none."""

    value: Raw
    refusal: int = 0


class Attribute(NamedTuple):
    """Which attribute: class, logical name as six bytes, number."""

    class_id: int
    logical_name: bytes
    number: int

    @property
    def descriptor(self) -> bytes:
        """As it stands in a request."""
        return self.class_id.to_bytes(2) + self.logical_name + bytes((self.number,))


class Request:
    """A request that is made once and sent many times under changing invoke-ids.

    Args:
        head: bytes before the invoke-id.
        tail: bytes after it; None when there is no invoke-id at all (SN referencing).
        count: how many results answer it.
    """

    __slots__ = ("count", "head", "invoke_id", "plain", "tail")

    def __init__(self, head: bytes, tail: bytes | None, count: int) -> None:
        self.head, self.tail, self.count = head, tail, count
        self.fix(0)

    def fix(self, invoke_id: int) -> None:
        """Set the invoke-id for where it may stay the same; requests that take turns had better differ in it."""
        self.invoke_id = invoke_id
        self.plain = self.apdu(invoke_id)

    def apdu(self, invoke_id: int) -> bytes:
        """Return the APDU under ``invoke_id`` (0 to 15)."""
        return self.head if self.tail is None else self.head + _INVOKE[invoke_id] + self.tail


_INVOKE = tuple(bytes((_PRIORITY | number,)) for number in range(16))


def get(attribute: Attribute, selection: bytes = b"") -> Request:
    """GET of one attribute; ``selection``: access selector and parameters, encoded, for a part of it."""
    tail = attribute.descriptor + (b"\x01" + selection if selection else b"\x00")
    return Request(bytes((GET_REQUEST, NORMAL)), tail, 1)


def get_list(attributes: Sequence[Attribute]) -> Request:
    """GET-WITH-LIST of up to 127 attributes."""
    tail = bytes((len(attributes),)) + b"".join(one.descriptor + b"\x00" for one in attributes)
    return Request(bytes((GET_REQUEST, LIST)), tail, len(attributes))


def get_next(block: int) -> Request:
    """GET-NEXT: the block after number ``block``."""
    return Request(bytes((GET_REQUEST, BLOCK)), block.to_bytes(4), 1)


def read(short_names: Sequence[int]) -> Request:
    """Read of up to 127 variables by short name (IEC 62056-5-3, SN referencing)."""
    names = b"".join(b"\x02" + name.to_bytes(2) for name in short_names)
    return Request(bytes((READ_REQUEST, len(short_names))) + names, None, len(short_names))


def read_selected(short_name: int, selection: bytes) -> Request:
    """Read of one variable with parameters, which is how short names call a method that gives something back.

    Args:
        short_name: of the method, or of the attribute of which a part is wanted.
        selection: selector and parameters, encoded.
    """
    return Request(bytes((READ_REQUEST, 1, 4)) + short_name.to_bytes(2) + selection, None, 1)


def read_next(block: int) -> Request:
    """Read of the block after number ``block``."""
    return Request(bytes((READ_REQUEST, 1, 5)) + block.to_bytes(2), None, 1)


class Block(NamedTuple):
    """One block of a long answer."""

    number: int
    is_last: bool
    data: bytes


def is_block(apdu: bytes) -> bool:
    """Return whether the answer comes in blocks."""
    return apdu[:2] == b"\xc4\x02" or apdu[:3] == b"\x0c\x01\x02"


def block(apdu: bytes) -> Block | Result:
    """Return the block that ``apdu`` carries, or the refusal in its place.

    Raises:
        DecodeError: it carries neither.
    """
    try:
        if apdu[0] == READ_RESPONSE:
            last, number, at = apdu[3], int.from_bytes(apdu[4:6]), 6
        elif apdu[8]:
            return Result(None, apdu[9] or _OTHER_REASON)
        else:
            last, number, at = apdu[3], int.from_bytes(apdu[4:8]), 9
        size, at = _count(apdu, at)
    except IndexError:
        raise DecodeError("sent a block that is cut short") from None
    if size != len(apdu) - at:
        raise DecodeError("sent a block of another length than it says")
    return Block(number, bool(last), apdu[at:])


def answer(apdu: bytes, request: Request) -> list[Result]:
    """Return the results that ``apdu`` gives to ``request``; its invoke-id is checked already.

    Raises:
        DecodeError: it has another shape, is cut short, or holds another number of results.
        Unexpected: it holds a type or text that is not known here, or bytes left over.
    """
    if apdu[:2] == b"\xc4\x01" and request.count == 1:
        return _results(apdu, 3, 1)
    if apdu[:2] == b"\xc4\x03":
        return _counted(apdu, 3, request.count)
    if apdu[:1] == b"\x0c" and request.tail is None:
        return _counted(apdu, 1, request.count)
    raise DecodeError(f"sent an answer that begins with {apdu[:2].hex(' ')}, which was not asked for")


def integer(apdu: bytes) -> int | None:
    """Return the value where ``apdu`` is what nearly every register answers to a GET: one integer, nothing else.

    None for every other answer: :func:`answer` looks at that. The invoke-id is the caller's to check.
    """
    kind = _INTEGER_ANSWERS.get(apdu[:5])
    if kind is None or len(apdu) != kind[0]:
        return None
    return int.from_bytes(apdu[5:], signed=kind[1])


def from_blocks(joined: bytes, request: Request, *, is_list: bool) -> list[Result]:
    """Return the results that the joined blocks give to ``request``.

    Raises:
        DecodeError, Unexpected: as :func:`answer`.
    """
    if is_list:
        return _counted(joined, 0, request.count)
    return [Result(decode(joined))]


def decode(data: bytes) -> Raw:
    """Return the one COSEM value that ``data`` is.

    Raises:
        DecodeError: it is cut short.
        Unexpected: it has bytes left over, or a type or text that is not known here.
    """
    try:
        value, at = _data(data, 0, 0)
    except IndexError:
        raise DecodeError("sent data that is cut short") from None
    if at != len(data):
        raise Unexpected("sent data with bytes left over")
    return Enum(value) if data[0] == _ENUM and isinstance(value, int) else value


def octet_string(value: Raw) -> bytes:
    """Return ``value`` as the octet string that it is, encoded again; an empty one for any other."""
    octets = value if isinstance(value, bytes) else b""
    return bytes((0x09, len(octets))) + octets if len(octets) < 0x80 else b"\x09\x00"


def _counted(apdu: bytes, at: int, expected: int) -> list[Result]:
    try:
        count, at = _count(apdu, at)
    except IndexError:
        raise DecodeError("sent an answer that is cut short") from None
    if count != expected:
        raise DecodeError(f"sent {count} results instead of {expected}")
    return _results(apdu, at, count)


def _results(apdu: bytes, at: int, count: int) -> list[Result]:
    results = []
    try:
        for _ in range(count):
            choice = apdu[at]
            if choice == 0:
                tag = apdu[at + 1]
                value, at = _data(apdu, at + 1, 0)
                results.append(Result(Enum(value) if tag == _ENUM and isinstance(value, int) else value))
            elif choice == 1:
                results.append(Result(None, apdu[at + 1] or _OTHER_REASON))
                at += 2
            else:
                raise DecodeError(f"sent a result of kind {choice}")
    except IndexError:
        raise DecodeError("sent an answer that is cut short") from None
    if at != len(apdu):
        raise Unexpected("sent an answer with bytes left over")
    return results


_OTHER_REASON = 250

_ENUM = 0x16
_INTEGERS = {  # tag: octets, signed (IEC 62056-6-2, 4.1.5)
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
_INTEGER_ANSWERS = {
    bytes((GET_RESPONSE, NORMAL, _PRIORITY | invoke_id, 0, tag)): (5 + octets, signed)
    for invoke_id in range(16)
    for tag, (octets, signed) in _INTEGERS.items()
    if tag != _ENUM
}
_OCTETS = {0x19: 12, 0x1A: 5, 0x1B: 4}  # date-time, date, time


def _data(data: bytes, at: int, depth: int) -> tuple[Raw, int]:
    """Decode one value at ``at``; return it with the place behind it."""
    tag = data[at]
    at += 1
    if (integer := _INTEGERS.get(tag)) is not None:
        end = at + integer[0]
        if end > len(data):
            raise IndexError
        return int.from_bytes(data[at:end], signed=integer[1]), end
    if tag in (0x09, 0x0A, 0x0C):
        size, at = _count(data, at)
        end = at + size
        if end > len(data):
            raise IndexError
        text = data[at:end]
        return (text if tag == 0x09 else _text(text, "utf-8" if tag == 0x0C else "ascii")), end
    if tag in (0x01, 0x02):
        if depth == _DEEPEST:
            raise DecodeError("sent data nested too deep")
        count, at = _count(data, at)
        if count > len(data) - at:  # each element has one octet at least: nothing is made for a count that lies
            raise IndexError
        values = []
        for _ in range(count):
            value, at = _data(data, at, depth + 1)
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
    bits, at = _count(data, at)
    octets = (bits + 7) // 8
    text = "".join(f"{octet:08b}" for octet in _slice(data, at, octets))
    return Bits(text[:bits]), at + octets


def _two_digits(octet: int) -> Raw:
    """Return the number that a BCD octet holds; its digits as text where they are none."""
    high, low = divmod(octet, 16)
    return 10 * high + low if high < 10 and low < 10 else f"{octet:02X}"


def _text(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding).rstrip("\0")  # what pads a text is none of it
    except UnicodeDecodeError:
        raise Unexpected("sent text that is none") from None


def _slice(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise IndexError
    return data[at : at + size]


def _count(data: bytes, at: int) -> tuple[int, int]:
    """A-XDR length: one octet below 128, else the number of octets that follow."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    octets = first & 0x7F
    if octets > 4:
        raise DecodeError("sent a length of more than four octets")
    return int.from_bytes(_slice(data, at + 1, octets)), at + 1 + octets
