"""Whole frames out of a byte stream: HDLC by its length field, the wrapper by its header. Bytes in, frames out.

Rules
    A frame ends where its length says, never at the next 0x7E: HDLC in DLMS (ISO/IEC 13239 frame format type 3,
    IEC 62056-46 clause 6.4.1) stuffs no bytes, so 0x7E is legal anywhere between the flags.
    A header counts only when its check sequence (HCS) holds; a frame only when its FCS holds. After either fails the
    hunt goes on one byte further, so that a frame behind garbage is found.
    A frame whose FCS holds is whole, even when its closing flag is late, lost or the next frame's opening flag.
    What is dropped is counted, never silent.
"""

from __future__ import annotations

import binascii
from abc import ABC, abstractmethod
from typing import Literal

Framing = Literal["hdlc", "wrapper", "hdlc-mode-e"]
"""How frames stand in the stream; with mode E, HDLC behind the sign-on of IEC 62056-21."""

FLAG = 0x7E
_MIN_HDLC_LENGTH = 7  # format 2, two addresses of one byte, control 1, check sequence 2
_MAX_ADDRESS_BYTES = 4
_WRAPPER_HEADER = 8
_WRAPPER_VERSION = b"\x00\x01"
RESIDUE = 0x1D0F  # what remains over data with its right check sequence
MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def fcs16(data: bytes) -> int:
    """Return the 16-bit frame check sequence of ``data`` (ISO/IEC 13239 annex A; CRC-16/X-25).

    On the wire the low byte comes first. X-25 is the bit-mirrored form of the CRC that ``binascii`` computes in C.
    """
    crc = binascii.crc_hqx(data.translate(MIRROR), 0xFFFF)
    return (MIRROR[crc & 0xFF] << 8 | MIRROR[crc >> 8]) ^ 0xFFFF


def check_sequence_holds(data: bytes) -> bool:
    """Return whether the last two bytes of ``data`` are the check sequence of those before."""
    return fcs16(data[:-2]) == int.from_bytes(data[-2:], "little")


class Framer(ABC):
    """Cuts a byte stream into frames. Attribute ``dropped`` counts the bytes that made none."""

    _shared = b""
    """What two frames may share."""

    def __init__(self) -> None:
        self.dropped = 0
        self.buffer = bytearray()
        """What came of a frame that is not whole."""
        self._closed = False  # whether the last frame's end, which is not in the buffer, may open the next one

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames that ``data``, behind what came before, completes; oldest first."""
        if len(self.buffer) <= 1 and self._is_one(data):
            self.buffer.clear()
            self._closed = True
            return [data]
        if self._closed and not self.buffer:
            self.buffer += self._shared
        self._closed = False
        self.buffer += data
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def reset(self) -> None:
        """Forget a frame that has begun; its bytes count as dropped, flags apart."""
        self._closed = False
        if not self.buffer:
            return
        self.dropped += len(self.buffer.strip(b"\x7e"))
        self.buffer.clear()

    def _is_one(self, data: bytes) -> bool:  # noqa: ARG002 - what a frame is, the framings say
        """Return whether ``data`` is one whole frame and nothing else: the usual case, without a copy."""
        return False

    @abstractmethod
    def _next(self) -> bytes | None:
        """Cut the next whole frame off the buffer; None while there is none."""


class HdlcFramer(Framer):
    """HDLC frames, each returned with both flags."""

    _shared = b"\x7e"

    def _is_one(self, data: bytes) -> bool:
        size = len(data)
        if (
            size < _MIN_HDLC_LENGTH + 2
            or data[0] != FLAG
            or data[-1] != FLAG
            or data[1] & 0xF0 != 0xA0
            or (data[1] & 0x07) << 8 | data[2] != size - 2
            or (self.buffer and self.buffer[0] != FLAG)
        ):
            return False
        mirrored = data.translate(MIRROR)
        if binascii.crc_hqx(mirrored[1:-1], 0xFFFF) != RESIDUE:
            return False
        at = 3
        for _ in range(2):
            end = at + _MAX_ADDRESS_BYTES
            while not data[at] & 1:
                at += 1
                if at == end or at >= size - 3:
                    return False
            at += 1
        if at >= size - 3:
            return False
        # at: the control field; without an information field the frame's check sequence is the header's too.
        return at + 3 == size - 1 or binascii.crc_hqx(mirrored[1 : at + 3], 0xFFFF) == RESIDUE

    def _next(self) -> bytes | None:
        buffer = self.buffer
        while True:
            self._skip_to_frame()
            if len(buffer) < 3:
                return None
            length = (buffer[1] & 0x07) << 8 | buffer[2]
            if buffer[1] & 0xF0 != 0xA0 or length < _MIN_HDLC_LENGTH:
                self._hunt()
                continue
            header = self._header_length()
            if header is None:  # the addresses are not all here
                return None
            if (
                header == 0
                or header + 2 > length
                or (len(buffer) >= header + 3 and not check_sequence_holds(bytes(buffer[1 : header + 3])))
            ):
                self._hunt()
                continue
            if len(buffer) < length + 1:
                return None
            body = bytes(buffer[1 : length + 1])
            if not check_sequence_holds(body):
                self._hunt()
                continue
            # The closing flag stays: it may be the opening flag of the next frame, and is skipped if it is not.
            del buffer[: length + 1]
            return b"\x7e" + body + b"\x7e"

    def _skip_to_frame(self) -> None:
        """Drop what stands before the next flag, and all but the last of several flags (idle fill)."""
        buffer = self.buffer
        start = buffer.find(FLAG)
        if start < 0:
            start = len(buffer)
        self.dropped += start
        while start + 1 < len(buffer) and buffer[start + 1] == FLAG:
            start += 1
        del buffer[:start]

    def _hunt(self) -> None:
        """Let go of a flag that opens nothing; flags are fill and no loss."""
        del self.buffer[0]

    def _header_length(self) -> int | None:
        """Return the bytes from format to control field; None while they are not all here, 0 if no address ends."""
        at = 3
        for _ in range(2):
            for _ in range(_MAX_ADDRESS_BYTES):
                if at >= len(self.buffer):
                    return None
                at += 1
                if self.buffer[at - 1] & 1:  # the last byte of an address has its lowest bit set
                    break
            else:
                return 0
        return at


class WrapperFramer(Framer):
    """Wrapper frames (IEC 62056-47 clause 5), each returned with its header.

    Args:
        max_apdu_bytes: a header that announces more is no header of ours; nothing is buffered for it.
    """

    def __init__(self, max_apdu_bytes: int = 0xFFFF) -> None:
        super().__init__()
        self._max_apdu_bytes = max_apdu_bytes

    def _is_one(self, data: bytes) -> bool:
        return (
            not self.buffer
            and len(data) > _WRAPPER_HEADER
            and data[:2] == _WRAPPER_VERSION
            and int.from_bytes(data[6:8]) == len(data) - _WRAPPER_HEADER <= self._max_apdu_bytes
        )

    def _next(self) -> bytes | None:
        buffer = self.buffer
        while True:
            start = buffer.find(_WRAPPER_VERSION)
            if start < 0:  # a single trailing zero may be the first half of a version
                start = len(buffer) - 1 if buffer.endswith(b"\x00") else len(buffer)
            self.dropped += start
            del buffer[:start]
            if len(buffer) < _WRAPPER_HEADER:
                return None
            length = int.from_bytes(buffer[6:8])
            if not 0 < length <= self._max_apdu_bytes:
                self.dropped += _WRAPPER_HEADER
                del buffer[:_WRAPPER_HEADER]
                continue
            if len(buffer) < _WRAPPER_HEADER + length:
                return None
            frame = bytes(buffer[: _WRAPPER_HEADER + length])
            del buffer[: _WRAPPER_HEADER + length]
            return frame


def framer(framing: Framing, *, max_apdu_bytes: int = 0xFFFF) -> Framer:
    """Return a fresh framer for ``framing``."""
    return HdlcFramer() if framing == "hdlc" else WrapperFramer(max_apdu_bytes)
