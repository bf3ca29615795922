"""Frames of a simulated meter: HDLC and wrapper, both ways, and the prepared answer to each frame that comes.

A request's frame that was answered once is looked up from then on: whole frame in, ready frames out. It stands there
only after addresses, checksums and sequence were looked at, so equal bytes need no second look. Nothing here knows
sockets.
"""

from __future__ import annotations

import binascii
import struct
from typing import NamedTuple

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_LLC = 3  # bytes of logical link control before an APDU (IEC 62056-46, 5.3.2)

SNRM, UA, DISC, DM = 0x93, 0x73, 0x53, 0x1F  # control fields with the poll/final bit set (IEC 62056-46, 6.4.3)


class Prepared(NamedTuple):
    """A frame that came before, and what is sent for it.

    ``control`` is the HDLC control field that it is right for and ``after`` the one expected then; both 0 on the
    wrapper, which has no sequence.
    """

    server: int
    control: int
    after: int
    kind: int
    registers: int
    answers: tuple[bytes, ...]


class Frame(NamedTuple):
    """What a frame says: HDLC's control field is 0 on the wrapper."""

    server: int
    client: int
    control: int
    content: bytes


def fcs16(content: bytes) -> bytes:
    """The frame check sequence of HDLC (ISO/IEC 13239), by the C code for its mirror image."""
    mirrored = binascii.crc_hqx(content.translate(_MIRRORED), 0xFFFF) ^ 0xFFFF
    return struct.pack(">H", mirrored).translate(_MIRRORED)


class Hdlc:
    """HDLC frames with addresses of one, two or four bytes.

    Args:
        max_info: largest information field that the meter takes and sends, bytes. With 248 a ciphered list of ten
            goes in one frame for every reader: gurux-dlms cuts one of 126 in two where 128 are allowed.
    """

    has_sequence = True

    def __init__(self, max_info: int = 248) -> None:
        size = struct.pack(">BBB", 0x05, 1, max_info) if max_info < 256 else struct.pack(">BBH", 0x05, 2, max_info)
        size += size.replace(b"\x05", b"\x06", 1)
        windows = bytes.fromhex("070400000001080400000001")
        self.ua = b"\x81\x80" + bytes((len(size) + len(windows),)) + size + windows

    def split(self, buffer: bytes) -> tuple[bytes, bytes]:
        """Return the first whole frame and the rest; no frame while none is whole. What is no frame is left out."""
        while (start := buffer.find(b"\x7e")) >= 0:
            buffer = buffer[start:]
            if len(buffer) < 3:
                return b"", buffer
            size = ((buffer[1] & 7) << 8 | buffer[2]) + 2
            if buffer[1] & 0xF0 == 0xA0 and size >= 9:
                if len(buffer) < size:
                    return b"", buffer
                if buffer[size - 1] == 0x7E and fcs16(buffer[1 : size - 3]) == buffer[size - 3 : size - 1]:
                    return buffer[:size], buffer[size:]
            buffer = buffer[1:]
        return b"", b""

    def parse(self, frame: bytes) -> Frame:
        """Return what a whole frame says."""
        server, at = _address(frame, 3)
        client, at = _address(frame, at)
        return Frame(server, client, frame[at], frame[at + 3 : -3])

    def answer(self, request: Frame, source: bytes, apdu: bytes) -> bytes:
        """Return the I-frame that answers an I-frame: N(S) is its N(R), N(R) is its N(S) + 1."""
        return self.frame(request, source, self.control_for(request.control), b"\xe6\xe7\x00" + apdu)

    def frame(self, request: Frame, source: bytes, control: int, content: bytes = b"") -> bytes:
        """Return a frame from ``source``, the address as it came, to the client of ``request``."""
        head = bytes((request.client << 1 | 1,)) + source + bytes((control,))
        size = 2 + len(head) + 2 + (len(content) + 2 if content else 0)
        head = struct.pack(">H", 0xA000 | size) + head
        body = head + fcs16(head)
        if content:
            body += content
            body += fcs16(body)
        return b"\x7e" + body + b"\x7e"

    def source(self, frame: bytes) -> bytes:
        """Return the meter's address as it stands in ``frame``, to be sent back as it came."""
        _, end = _address(frame, 3)
        return frame[3:end]

    def apdu(self, frame: Frame) -> bytes:
        """Return what an I-frame carries."""
        return frame.content[_LLC:]

    @staticmethod
    def control_for(control: int) -> int:
        """The control field of the answer to an I-frame."""
        return ((control >> 1 & 7) + 1 & 7) << 5 | 0x10 | control >> 5 << 1

    @staticmethod
    def after(control: int) -> int:
        """The control field of the client's next I-frame, after its answer came."""
        return ((control >> 5) + 1 & 7) << 5 | 0x10 | ((control >> 1 & 7) + 1 & 7) << 1


class Wrapper:
    """The wrapper of the TCP profile (IEC 62056-47)."""

    has_sequence = False

    def split(self, buffer: bytes) -> tuple[bytes, bytes]:
        """Return the first whole frame and the rest; no frame while none is whole."""
        if len(buffer) < 8 or len(buffer) < (size := 8 + (buffer[6] << 8 | buffer[7])):
            return b"", buffer
        return buffer[:size], buffer[size:]

    def parse(self, frame: bytes) -> Frame:
        """Return what a whole frame says."""
        _, client, server, _ = struct.unpack_from(">HHHH", frame)
        return Frame(server, client, 0, frame[8:])

    def answer(self, request: Frame, source: bytes, apdu: bytes) -> bytes:
        """Return the frame that answers ``request``."""
        return struct.pack(">HHHH", 1, request.server, request.client, len(apdu)) + apdu

    def source(self, frame: bytes) -> bytes:
        """Nothing: the meter's port goes back as the number that it is."""
        return b""

    def apdu(self, frame: Frame) -> bytes:
        """Return what a frame carries."""
        return frame.content

    @staticmethod
    def after(control: int) -> int:
        """There is no sequence to go on."""
        return control


def _address(frame: bytes, at: int) -> tuple[int, int]:
    """Return the address that begins at ``at``, upper and lower part taken as one number, and where it ends."""
    value = 0
    while True:
        value = value << 7 | frame[at] >> 1
        at += 1
        if frame[at - 1] & 1:
            return value, at
