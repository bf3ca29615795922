"""What came since a request went out and was no answer to it: evidence for whoever explains the silence."""

from __future__ import annotations

from bridge.dlms.overheard import MOST_BYTES
from bridge.dlms.stray_bytes import negotiates_telnet

_MOST_FRAMES = 8


class Noise:
    """Bytes that made no frame, and frames that answered nothing; the first of them."""

    __slots__ = ("count", "frames", "raw")

    def __init__(self) -> None:
        self.raw = b""
        self.count = 0
        """How many bytes made no frame."""
        self.frames: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Take note of bytes that made no frame."""
        self.count += len(data)
        if len(self.raw) < MOST_BYTES:
            self.raw += data[:MOST_BYTES]

    def add_frame(self, frame: bytes) -> None:
        """Take note of a frame that was no answer, or not all of it."""
        if len(self.frames) < _MOST_FRAMES:
            self.frames.append(frame)


def lasting(noise: Noise | None) -> Noise | None:
    """Return what explains a later silence too: a converter says once, at the beginning, that it speaks Telnet."""
    return noise if noise is not None and negotiates_telnet(noise.raw) else None
