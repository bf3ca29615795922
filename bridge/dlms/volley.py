"""A volley: all requests of a turn handed over at once, because the answers are known but for their values.

What is made of it
    ``Turn``          requests and the shapes of their answers; the plan's, the same for all meters read alike
    ``NumberedTurn``  the same under certain invoke-ids
    ``Exchange``      one of them as frames: what goes out, and what must come back, octet for octet, around the values
    ``Volley``        the exchanges of one cycle, and the values so far

Rules
    A frame is taken when every octet of it but the values is the one that must come, and its check sequence holds.
    Whatever else comes ends the volley, and what is asked at that moment is not asked again: the conversation goes on
    from there with what came, by the same rules as without a volley.
"""

from __future__ import annotations

import binascii
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.framing import FLAG, MIRROR, RESIDUE
from bridge.dlms.xdlms import INVOKE
from bridge.errors import ReplyTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any

    from bridge.dlms.answer_shapes import AnswerShape
    from bridge.dlms.xdlms import ServiceRequest


class Question(NamedTuple):
    """A request, and what comes before the first value in the answer to it."""

    apdu: bytes
    head: bytes
    shape: AnswerShape


class NumberedTurn(tuple[Question, ...]):
    """A turn with its invoke-ids; the same object for all meters that are asked the same."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class Turn:
    """Requests in a row and the shapes of their answers, under invoke-ids yet to come.

    Args:
        parts: head and tail of each request, the shape of its answer, and by how much its invoke-id is above that of
            the first.
    """

    __slots__ = ("_numbered", "_parts")

    def __init__(self, parts: tuple[tuple[bytes, bytes, AnswerShape, int], ...]) -> None:
        self._parts = parts
        self._numbered: dict[int, NumberedTurn] = {}

    def beginning_with(self, invoke_id: int) -> NumberedTurn:
        """Return the questions, the first of them under ``invoke_id``."""
        made = self._numbered.get(invoke_id)
        if made is None:
            made = self._numbered[invoke_id] = NumberedTurn(
                Question(head + INVOKE[number] + tail, shape.head(number), shape)
                for head, tail, shape, above in self._parts
                for number in (invoke_id + above & 0x0F,)
            )
        return made


_turn = lru_cache(1 << 12)(Turn)


def turn_of(requests: Sequence[ServiceRequest], *, keeps_ids: bool) -> Turn:
    """Return the requests as a turn; the shape of each answer is known.

    Args:
        requests: GET or GET-WITH-LIST.
        keeps_ids: whether each goes out under its own invoke-id; else one after the other.
    """
    first = requests[0].invoke_id
    return _turn(
        tuple(
            (one.head, one.tail or b"", one.shape, (one.invoke_id - first if keeps_ids else number) & 0x0F)
            for number, one in enumerate(requests)
            if one.shape is not None
        )
    )


class Exchange(NamedTuple):
    """A frame that goes out, and the one that must come back."""

    request: bytes
    size: int
    head: bytes
    """Of the answer, from its first octet to its first value."""
    state: int
    """Of the check sequence behind the head; -1 where frames have none."""
    values: Callable[[bytes], tuple[Any, ...]]
    """Takes the values out of the answer, and what stands between them."""
    marks: tuple[bytes, ...]
    """What must stand between them."""


def exchange(request: bytes, head: bytes, shape: AnswerShape, *, is_checked: bool) -> Exchange:
    """Return one exchange.

    Args:
        request: the frame that goes out.
        head: of the frame that comes back.
        shape: of the answer.
        is_checked: whether a check sequence and a flag end the frame, as in HDLC.
    """
    form = Struct(f">{len(head)}x{shape.codes}{'3x' if is_checked else ''}")
    state = binascii.crc_hqx(head[1:].translate(MIRROR), 0xFFFF) if is_checked else -1
    return Exchange(request, form.size, head, state, form.unpack, shape.marks)


class Come(NamedTuple):
    """What ended a volley: the frame of a request, and what came in place of its answer."""

    request: bytes
    what: bytes | ReplyTimeout

    def frame(self) -> bytes:
        """Return the frame that came, or raise the silence."""
        if isinstance(self.what, ReplyTimeout):
            raise self.what
        return self.what


def outcome(volley: Volley) -> Generator[bytes | Volley, bytes, Come | None]:
    """Carry a volley; return what ended it; None when all is answered."""
    try:
        frame = yield volley
    except ReplyTimeout as silence:
        return Come(volley.request, silence)
    return Come(volley.request, frame) if volley.request else None


class Volley:
    """Exchanges one after the other, with one meter.

    Args:
        exchanges: in their order.
    """

    __slots__ = ("_exchanges", "answered", "request", "values")

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._exchanges = exchanges
        self.request = exchanges[0].request if exchanges else b""
        """What is to go out now; empty when all is answered."""
        self.answered = 0
        """How many requests are answered."""
        self.values: list[int] = []
        """What they were answered, one value for each register."""

    def take(self, frame: bytes) -> bool:
        """Take ``frame`` if it is what must come, and go on to the next request; else the volley is over."""
        _, size, head, state, values, marks = self._exchanges[self.answered]
        if len(frame) != size or not frame.startswith(head):
            return False
        if state >= 0 and (
            frame[-1] != FLAG or binascii.crc_hqx(frame[len(head) : -1].translate(MIRROR), state) != RESIDUE
        ):
            return False
        found = values(frame)
        if found[1::2] != marks:
            return False
        self.values += found[::2]
        self.answered = answered = self.answered + 1
        exchanges = self._exchanges
        self.request = exchanges[answered].request if answered < len(exchanges) else b""
        return True
