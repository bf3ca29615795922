"""What a meter pushes in HDLC: unnumbered information frames, whole messages or segments of them. Pure.

Frames are found by :class:`~bridge.dlms.framing.HdlcFramer`. Unnumbered frames have no number: a segment that is lost
shows only in the message's own length.

Seen in the field: information frames (control 10) in place of unnumbered ones; and blocks of which only the first has
the LLC header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.framing import HdlcFramer
from bridge.dlms.hdlc_frames import LLC_ANSWER, LLC_REQUEST, POLL, SEGMENTED, UI
from bridge.dlms.push.blocks import GENERAL_BLOCK_TRANSFER
from bridge.dlms.push.messages import LONGEST_SHOWN, PushApdu, PushRefusal
from bridge.dlms.push.pieces import Piece, Pieces

if TYPE_CHECKING:
    from bridge.dlms.push.messages import PushLimits

_BLOCK = bytes((GENERAL_BLOCK_TRANSFER,))


class HdlcMessages:
    """The messages of a stream of HDLC frames.

    Args:
        limits: of what is held.
    """

    def __init__(self, limits: PushLimits) -> None:
        self._limits = limits
        self._framer = HdlcFramer()
        self._pieces = Pieces(limits)
        self._dropped = 0

    @property
    def is_partial(self) -> bool:
        """Whether a frame or a message has begun and is not whole."""
        return self._pieces.is_partial or bool(self._framer.buffer.strip(b"\x7e"))

    def drop(self) -> list[PushRefusal]:
        """Forget what is not whole."""
        self._framer.reset()
        return [*self._damaged(), *self._pieces.drop()]

    def feed(self, data: bytes) -> list[PushApdu | PushRefusal]:
        """Return what ``data`` completes."""
        out: list[PushApdu | PushRefusal] = []
        for frame in self._framer.feed(data):
            out += self._taken(frame)
        return [*out, *self._damaged()]

    def _damaged(self) -> list[PushRefusal]:
        lost, self._dropped = self._framer.dropped - self._dropped, self._framer.dropped
        return [PushRefusal("damaged", f"sent {lost} octets that make no HDLC frame")] if lost else []

    def _taken(self, frame: bytes) -> list[PushApdu | PushRefusal]:
        destination, at = _address(frame, 3)
        source, at = _address(frame, at)
        if frame[at] & ~POLL != UI and frame[at] & 1:
            said = f"sent an HDLC frame (control {frame[at]:02X}) that carries no information"
            return [PushRefusal("unsupported", said, frame[:LONGEST_SHOWN])]
        information = frame[at + 3 : -3]
        piece = Piece("segment", None, information, None, not frame[1] & SEGMENTED)
        return [
            whole if isinstance(whole, PushRefusal) else _message(whole, source, destination)
            for whole in self._pieces.join((source, destination), piece)
        ]


def _message(information: bytes, source: int, destination: int) -> PushApdu | PushRefusal:
    if information[:3] in (LLC_ANSWER, LLC_REQUEST):
        return PushApdu(information[3:], "hdlc", source, destination)
    if information[:1] == _BLOCK:
        return PushApdu(information, "hdlc", source, destination)
    return PushRefusal("malformed", "sent an HDLC frame without the LLC header E6 E7 00", information[:LONGEST_SHOWN])


def _address(frame: bytes, at: int) -> tuple[int, int]:
    """Return the address at ``at``, and where it ends; the framer has seen to it that it does."""
    value = 0
    while True:
        value = value << 7 | frame[at] >> 1
        at += 1
        if frame[at - 1] & 1:
            return value, at
