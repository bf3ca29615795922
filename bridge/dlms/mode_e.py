"""The IEC 62056-21 mode E opening: a few lines of text, then HDLC on the same connection. Sans-I/O.

Over TCP the baud rate is the converter's and does not change: the rate that the meter offers is acknowledged as it is
(IEC 62056-21, 6.4.5; mode E and its HDLC in IEC 62056-46, annex A).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.conversation import MOST_STRAY_FRAMES
from bridge.dlms.framing import Framer
from bridge.errors import AssociationError, ReplyTimeout

if TYPE_CHECKING:
    from bridge.dlms.conversation import Conversation

_REQUEST = b"/?!\r\n"
_ACK = 0x06
_HDLC = b"2"  # protocol control and mode control: both 2 mean HDLC, binary
_LONGEST_LINE = 256
_ETX = b"\x03"
_PROGRAMMING = b"\x01P"


class LineFramer(Framer):
    """Lines, each returned with its end: a line feed, or ETX with the check character behind it.

    One that does not end is dropped.
    """

    def _next(self) -> bytes | None:
        buffer = self.buffer
        end = buffer.find(b"\n") + 1
        if not end and (etx := buffer.find(_ETX)) >= 0 and len(buffer) > etx + 1:
            end = etx + 2
        if not end:
            if len(buffer) > _LONGEST_LINE:
                self.dropped += len(buffer)
                buffer.clear()
            return None
        line = bytes(buffer[:end])
        del buffer[:end]
        return line


def opening() -> Conversation[str]:
    """Sign on and switch to HDLC; return what the meter calls itself.

    Raises:
        AssociationError: it answers, but offers no mode E. Set another framing.
        ReplyTimeout: silence. Close, wait, connect again.
    """
    line = yield _REQUEST
    for _ in range(MOST_STRAY_FRAMES):
        if line.lstrip(b"\x00\x7f")[:1] == b"/" and line != _REQUEST:
            break
        line = yield b""  # that was a wake-up character, or an echo
    else:
        raise AssociationError("answers, but not with an identification of IEC 62056-21", hint="set FRAMING=hdlc")
    identity = line.strip(b"\x00\x7f\r\n")
    if len(identity) < 5:
        raise AssociationError(f"signs on with {identity!r}, which is no identification of IEC 62056-21")
    rate = identity[4:5]
    if b"\\2" not in identity and not rate.isdigit():
        raise AssociationError("offers no mode E", hint="set FRAMING=hdlc, or wrapper")
    acknowledgement = bytes((_ACK,)) + _HDLC + rate + _HDLC + b"\r\n"
    try:
        line = yield acknowledgement  # some meters confirm, others are in HDLC at once
    except ReplyTimeout:
        return identity[1:].decode("ascii", "replace")
    if line.startswith(_PROGRAMMING):
        raise AssociationError(
            "answers the acknowledgement of mode E with P0: it is in the programming mode of IEC 62056-21 (mode C)",
            hint="it sends text here and no DLMS: must HDLC be switched on in the meter, or is it on another port?",
        )
    if b"(" in line or line.startswith(b"\x02"):
        raise AssociationError(
            "answers with its readings as text (IEC 62056-21 mode C): it does not switch to HDLC",
            hint="it sends text here and no DLMS: must HDLC be switched on in the meter, or is it on another port?",
        )
    return identity[1:].decode("ascii", "replace")
