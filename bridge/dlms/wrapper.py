"""The wrapper's data link with one meter (IEC 62056-47 clause 5): one APDU a wrapper frame. Sans-I/O; knows no APDU.

TCP delivers in order and whole, so nothing is repeated here. A late answer is told by its invoke-id, a layer above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.conversation import MOST_STRAY_FRAMES
from bridge.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.conversation import Conversation

_VERSION = b"\x00\x01"
_HEADER = 8
_LONGEST = 0xFFFF


class Wrapper:
    """One meter's data link.

    Args:
        client: client wrapper port, 1 to 65535.
        server: server wrapper port.
    """

    asks_again = False

    def __init__(self, *, client: int, server: int) -> None:
        self._outward = _VERSION + client.to_bytes(2) + server.to_bytes(2)
        self._inward = _VERSION + server.to_bytes(2) + client.to_bytes(2)
        self.late = 0
        """Frames dropped because they were another's, or our own echo."""
        self.notifications = 0  # there are no frames of the link's own

    @property
    def max_request_bytes(self) -> int:
        """Longest APDU that goes in one frame."""
        return _LONGEST

    def connect(self) -> Conversation[None]:
        """Nothing: the TCP connection is the data link."""
        yield from ()

    def disconnect(self) -> Conversation[None]:
        """Nothing: the end of the TCP connection is the end."""
        yield from ()

    def ask(
        self,
        apdu: bytes,
        *,
        again: Callable[[], bytes] | None = None,  # noqa: ARG002 - nothing is repeated here
        secret: bool = False,  # noqa: ARG002
    ) -> Conversation[bytes]:
        """Send ``apdu`` and return the next APDU of this meter.

        Raises:
            ReplyTimeout: silence. Ask anew under another invoke-id.
            DecodeError: frames come, but none of this meter's. Close, wait, connect again.
        """
        frame = yield self._outward + len(apdu).to_bytes(2) + apdu
        if frame[:6] == self._inward and frame[_HEADER:] != apdu:
            return frame[_HEADER:]
        self.late += 1
        return (yield from self._next(apdu))

    def more(self) -> Conversation[bytes]:
        """Wait for one more APDU."""
        return (yield from self._next(b""))

    def _next(self, sent: bytes) -> Conversation[bytes]:
        for _ in range(MOST_STRAY_FRAMES):
            frame = yield b""
            if frame[:6] == self._inward and frame[_HEADER:] != sent:
                return frame[_HEADER:]
            self.late += 1
        raise DecodeError(f"sent {MOST_STRAY_FRAMES} frames, none of which is for this client")
