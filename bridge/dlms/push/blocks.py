"""General block transfer as a meter pushes it: unconfirmed, each block by itself (IEC 62056-5-3, 9.4.7). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.axdr import length_at
from bridge.dlms.push.pieces import Piece
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from typing import Final

GENERAL_BLOCK_TRANSFER: Final = 0xE0
_LAST: Final = 0x80
_HEAD: Final = 6
"""Tag, block control, block number, number of the block acknowledged. What of the control is no ``last``, streaming and
window, is for who confirms."""


def block(apdu: bytes) -> Piece:
    """Return the block that ``apdu`` is.

    Raises:
        DecodeError: it is none.
    """
    number = int.from_bytes(apdu[2:4])
    try:
        size, at = length_at(apdu, _HEAD)
    except IndexError:
        raise DecodeError("sent a block that is cut short") from None
    if size != len(apdu) - at or not number:
        raise DecodeError("sent a block of another length than it says" if number else "sent a block without a number")
    return Piece("block", number, apdu[at:], number == 1, bool(apdu[1] & _LAST))
