"""Messages that come in pieces, joined: HDLC segments, M-Bus segments, general block transfer. Bounded; no clock.

Rules
    Pieces are joined by who sends them to whom. A piece that is missing ends the message: nothing is guessed, the rest
    of it is let pass in silence until a first piece comes, and the refusal is said once.
    A piece that came twice in a row, the same in number and content, counts once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.push.messages import LONGEST_SHOWN, PushRefusal

if TYPE_CHECKING:
    from bridge.dlms.push.messages import PushLimits

Ends = tuple[int, int]
"""Source and destination."""


class Piece(NamedTuple):
    """One piece.

    Args:
        what: what such a piece is called: ``block``, ``segment``.
        number: which one; None where pieces are not numbered.
        data: what it carries.
        is_first: whether a message begins with it; None where that follows from there being none yet.
        is_last: whether the message ends with it.
        modulo: after how many pieces the numbers begin anew; 0 for never.
    """

    what: str
    number: int | None
    data: bytes
    is_first: bool | None
    is_last: bool
    modulo: int = 0


@dataclass(slots=True)
class _Part:
    number: int | None
    pieces: int = 0
    data: bytearray = field(default_factory=bytearray)
    last_bytes: int = 0
    is_broken: bool = False


class Pieces:
    """The unfinished messages of one connection."""

    def __init__(self, limits: PushLimits) -> None:
        self._limits = limits
        self._parts: dict[Ends, _Part] = {}

    @property
    def is_partial(self) -> bool:
        """Whether a message has begun and is not whole."""
        return bool(self._parts)

    def drop(self) -> list[PushRefusal]:
        """Forget what is not whole."""
        lost = [_incomplete(part, "its rest did not come") for part in self._parts.values() if not part.is_broken]
        self._parts.clear()
        return lost

    def join(self, ends: Ends, piece: Piece) -> list[bytes | PushRefusal]:
        """Take a piece; return the message that it ends, and what had to be given up for it."""
        out: list[bytes | PushRefusal] = []
        part = self._parts.get(ends)
        piece = _numbered_on(part, piece)
        is_first = part is None if piece.is_first is None else piece.is_first
        if part is not None and not part.is_broken and _is_repeated(part, piece):
            return out
        if is_first:
            if part is not None and not part.is_broken:
                out.append(_incomplete(part, f"another message began before its last {piece.what}"))
            part = self._parts[ends] = _Part(piece.number)
        elif part is None:
            part = self._parts[ends] = _Part(piece.number)
            out.append(self._break(part, f"{piece.what} {piece.number} came without those before it"))
        elif not part.is_broken and piece.number != part.number:
            out.append(self._break(part, f"{piece.what} {piece.number} came where {part.number} was due"))
        if not part.is_broken:
            out += self._add(part, piece)
        if piece.is_last:
            del self._parts[ends]
            if not part.is_broken:
                out.append(bytes(part.data))
        elif len(self._parts) > self._limits.senders:
            del self._parts[ends]
            out.append(PushRefusal("too-long", f"sends {self._limits.senders + 1} messages in pieces at once"))
        return out

    def _add(self, part: _Part, piece: Piece) -> list[bytes | PushRefusal]:
        held = sum(len(each.data) for each in self._parts.values()) + len(piece.data)
        if held > self._limits.message_bytes or part.pieces == self._limits.pieces:
            part.is_broken = True
            refusal = PushRefusal(
                "too-long",
                f"sends a message of more than {self._limits.message_bytes} octets or {self._limits.pieces} pieces",
                bytes(part.data[:LONGEST_SHOWN]),
            )
            part.data.clear()
            return [refusal]
        part.data += piece.data
        part.pieces += 1
        part.last_bytes = len(piece.data)
        part.number = None if piece.number is None else piece.number + 1
        return []

    def _break(self, part: _Part, said: str) -> PushRefusal:
        refusal = _incomplete(part, said)
        part.is_broken = True
        part.data.clear()
        return refusal


def _numbered_on(part: _Part | None, piece: Piece) -> Piece:
    """Return a piece whose number began anew as the one that is due, which it is then taken for."""
    if part is None or part.is_broken or not piece.modulo or not part.number:
        return piece
    if part.number % piece.modulo == piece.number:
        return piece._replace(number=part.number, is_first=False)
    return piece


def _is_repeated(part: _Part, piece: Piece) -> bool:
    if piece.number is None or part.number is None or not part.pieces or piece.number != part.number - 1:
        return False
    return part.last_bytes == len(piece.data) and part.data.endswith(piece.data)


def _incomplete(part: _Part, said: str) -> PushRefusal:
    return PushRefusal("incomplete", f"sent a part of a message: {said}", bytes(part.data[:LONGEST_SHOWN]))
