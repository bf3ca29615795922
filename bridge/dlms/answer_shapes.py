"""What an answer looks like but for its values: learnt from one, expected of the next. Pure.

Nearly every register answers a GET with one integer of a type that never changes, and a list with such integers in a
row. An answer of that kind is compared as a whole, and its values are taken by one prepared ``struct``. Every other
answer has no shape here, and is taken apart as it comes.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

from bridge.dlms.axdr import ENUM, INTEGERS

_GET_RESPONSE, _NORMAL, _LIST = 0xC4, 1, 3
_CODES = {(1, True): "b", (1, False): "B", (2, True): "h", (2, False): "H", (4, True): "i", (4, False): "I",
          (8, True): "q", (8, False): "Q"}  # fmt: skip


class AnswerShape:
    """The answers of one kind: to one GET, or to a list of them.

    Args:
        kind: octet behind the tag of the APDU: one result, or a list.
        priority: upper half of the octet with the invoke-id.
        tags: type of each value.
    """

    __slots__ = ("_before", "_behind", "_priority", "codes", "marks", "rest_bytes")

    def __init__(self, kind: int, priority: int, tags: bytes) -> None:
        self._before = bytes((_GET_RESPONSE, kind))
        self._priority = priority
        self._behind = (b"" if kind == _NORMAL else bytes((len(tags),))) + bytes((0, tags[0]))
        self.codes = "2s".join(_CODES[INTEGERS[tag]] for tag in tags)
        """For ``struct``: the values, and between them two octets each."""
        self.marks = tuple(bytes((0, tag)) for tag in tags[1:])
        """These: success, and the type of the next value."""

        self.rest_bytes = Struct(f">{self.codes}").size
        """How long the answer is from the first value on."""

    def head(self, invoke_id: int) -> bytes:
        """Return what comes before the first value."""
        return self._before + bytes((self._priority | invoke_id,)) + self._behind


_shape = lru_cache(1 << 12)(AnswerShape)  # those of one profile are the same for all meters


def shape_of(apdu: bytes) -> AnswerShape | None:
    """Return the shape of an answer that was found good; None where not all of it is integers."""
    if apdu[:1] != bytes((_GET_RESPONSE,)) or len(apdu) < 5 or apdu[1] not in (_NORMAL, _LIST):
        return None
    at, count = (3, 1) if apdu[1] == _NORMAL else (4, apdu[3])
    tags = bytearray()
    while at + 2 < len(apdu) and len(tags) < count:
        tag = apdu[at + 1]
        if apdu[at] or tag not in INTEGERS or tag == ENUM:
            return None
        tags.append(tag)
        at += 2 + INTEGERS[tag][0]
    return _shape(apdu[1], apdu[2] & 0xF0, bytes(tags)) if at == len(apdu) and len(tags) == count else None
