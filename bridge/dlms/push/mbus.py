"""M-Bus long frames that carry DLMS (EN 13757-1; frame of EN 13757-2), as customer ports push them. Pure.

``68 L L 68`` control, address, control information, two transport access points, data, checksum, ``16``. The control
information is DLMS' transport layer: in its low four bits the segment's number, above them whether it is the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.push.pieces import Piece

if TYPE_CHECKING:
    from typing import Final

    from bridge.dlms.push.pieces import Ends

START: Final = 0x68
_STOP: Final = 0x16
HEAD_BYTES: Final = 4
_AROUND: Final = 6
_BEFORE_DATA: Final = 5
_LAST: Final = 0x10
_NUMBERS: Final = 16
_OTHER_PROTOCOLS: Final = 0xE0
"""Control information of DLMS is 00 to 1F; above are M-Bus' own applications."""


class MbusFrame(NamedTuple):
    """One frame.

    Args:
        ends: source and destination transport access points.
        piece: what it carries; None for another protocol.
        information: its control information.
    """

    ends: Ends
    piece: Piece | None
    information: int


def begins_frame(data: bytes | bytearray, at: int) -> bool | None:
    """Return whether the ``68`` at ``at`` begins a long frame; None while that cannot be told."""
    if data[at + 1 : at + 2] != data[at + 2 : at + 3] and len(data) > at + 2:
        return False
    return None if len(data) < at + HEAD_BYTES else data[at + 3] == START and data[at + 1] > _BEFORE_DATA


def frame_bytes(data: bytes | bytearray) -> int:
    """Return how long the frame is that begins with ``data``."""
    return data[1] + _AROUND


def frame(data: bytes) -> MbusFrame | None:
    """Return what the whole frame ``data`` says; None when its checksum or end does not hold."""
    content = data[HEAD_BYTES:-2]
    if sum(content) & 0xFF != data[-2] or data[-1] != _STOP:
        return None
    information, source, destination = content[2:_BEFORE_DATA]
    if information & _OTHER_PROTOCOLS:
        return MbusFrame((source, destination), None, information)
    number = information & 0x0F
    last = bool(information & _LAST)
    piece = Piece("segment", number, content[_BEFORE_DATA:], number == 0, last, modulo=_NUMBERS)
    return MbusFrame((source, destination), piece, information)
