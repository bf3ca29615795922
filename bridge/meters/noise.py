"""What came since a request went out and was no answer to it: evidence for whoever explains the silence."""

from __future__ import annotations

from bridge.dlms.overheard import MOST_BYTES

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
