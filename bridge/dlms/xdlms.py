"""The read path as bytes: requests made once, answers checked and decoded directly. No gurux here, no second DLMS.

What it knows: GET and GET-WITH-LIST (IEC 62056-5-3, 9.3 and annex on xDLMS APDUs), the SN read, their answers in one
piece or in blocks, and the A-XDR encoding of COSEM data (IEC 61334-6; IEC 62056-6-2, 4.1.5). A type that it does not
know is :class:`Unexpected`, and gurux decides; where both know an answer they agree, which a property test holds. An
answer that is cut short, or has another shape than was asked for, is an error: gurux makes None of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.axdr import ENUM, INTEGERS, Raw, Unexpected, decode, length_at, value_at
from bridge.dlms.cosem_types import Enum
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.dlms.answer_shapes import AnswerShape

GET_REQUEST, GET_RESPONSE = 0xC0, 0xC4
READ_REQUEST, READ_RESPONSE = 0x05, 0x0C
NORMAL, BLOCK, LIST = 1, 2, 3
ITEM_BYTES = 10
"""One attribute in a GET-WITH-LIST request: class 2, logical name 6, attribute 1, no selection 1."""
_PRIORITY = 0xC0  # high priority, confirmed (IEC 62056-5-3, invoke-id-and-priority)


class Result(NamedTuple):
    """The result for one attribute: its value, or the data-access-result (IEC 62056-5-3) that refuses it, else 0."""

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


class ServiceRequest:
    """A request that is made once and sent many times under changing invoke-ids.

    Args:
        head: bytes before the invoke-id.
        tail: bytes after it; None when there is no invoke-id at all (SN referencing).
        count: how many results answer it.
    """

    __slots__ = ("count", "head", "invoke_id", "plain", "shape", "tail")

    def __init__(self, head: bytes, tail: bytes | None, count: int) -> None:
        self.head, self.tail, self.count = head, tail, count
        self.shape: AnswerShape | None = None
        """What the last answer looked like, where the next one is expected to look like it."""
        self.fix(0)

    def fix(self, invoke_id: int) -> None:
        """Set the invoke-id for where it may stay the same; requests that take turns had better differ in it."""
        self.invoke_id = invoke_id
        self.plain = self.apdu(invoke_id)

    def apdu(self, invoke_id: int) -> bytes:
        """Return the APDU under ``invoke_id`` (0 to 15)."""
        return self.head if self.tail is None else self.head + INVOKE[invoke_id] + self.tail


INVOKE = tuple(bytes((_PRIORITY | number,)) for number in range(16))
"""The octet with the invoke-id, by number."""


def get(attribute: Attribute, selection: bytes = b"") -> ServiceRequest:
    """GET of one attribute; ``selection``: access selector and parameters, encoded, for a part of it."""
    tail = attribute.descriptor + (b"\x01" + selection if selection else b"\x00")
    return ServiceRequest(bytes((GET_REQUEST, NORMAL)), tail, 1)


def get_list(attributes: Sequence[Attribute]) -> ServiceRequest:
    """GET-WITH-LIST of up to 127 attributes."""
    tail = bytes((len(attributes),)) + b"".join(one.descriptor + b"\x00" for one in attributes)
    return ServiceRequest(bytes((GET_REQUEST, LIST)), tail, len(attributes))


def get_next(block: int) -> ServiceRequest:
    """GET-NEXT: the block after number ``block``."""
    return ServiceRequest(bytes((GET_REQUEST, BLOCK)), block.to_bytes(4), 1)


def read(short_names: Sequence[int]) -> ServiceRequest:
    """Read of up to 127 variables by short name (IEC 62056-5-3, SN referencing)."""
    names = b"".join(b"\x02" + name.to_bytes(2) for name in short_names)
    return ServiceRequest(bytes((READ_REQUEST, len(short_names))) + names, None, len(short_names))


def read_selected(short_name: int, selection: bytes) -> ServiceRequest:
    """Read of one variable with parameters, which is how short names call a method that gives something back.

    Args:
        short_name: of the method, or of the attribute of which a part is wanted.
        selection: selector and parameters, encoded.
    """
    return ServiceRequest(bytes((READ_REQUEST, 1, 4)) + short_name.to_bytes(2) + selection, None, 1)


def read_next(block: int) -> ServiceRequest:
    """Read of the block after number ``block``."""
    return ServiceRequest(bytes((READ_REQUEST, 1, 5)) + block.to_bytes(2), None, 1)


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
        size, at = length_at(apdu, at)
    except IndexError:
        raise DecodeError("sent a block that is cut short") from None
    if size != len(apdu) - at:
        raise DecodeError("sent a block of another length than it says")
    return Block(number, bool(last), apdu[at:])


def answer(apdu: bytes, request: ServiceRequest) -> list[Result]:
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


def from_blocks(joined: bytes, request: ServiceRequest, *, is_list: bool) -> list[Result]:
    """Return the results that the joined blocks give to ``request``.

    Raises:
        DecodeError, Unexpected: as :func:`answer`.
    """
    if is_list:
        return _counted(joined, 0, request.count)
    return [Result(decode(joined))]


def _counted(apdu: bytes, at: int, expected: int) -> list[Result]:
    try:
        count, at = length_at(apdu, at)
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
                value, at = value_at(apdu, at + 1, 0)
                results.append(Result(Enum(value) if tag == ENUM and isinstance(value, int) else value))
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
_INTEGER_ANSWERS = {
    bytes((GET_RESPONSE, NORMAL, _PRIORITY | invoke_id, 0, tag)): (5 + octets, signed)
    for invoke_id in range(16)
    for tag, (octets, signed) in INTEGERS.items()
    if tag != ENUM
}
