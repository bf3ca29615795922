"""The send fence: no byte goes to a meter, and no connection to one is opened, unless it is permitted at that moment.

Two bridges must never speak to one meter, and a process may be stopped at any point and go on minutes later. So the
question is asked right before the system call, and the bytes are given to the kernel at once: in a transport's buffer
they could wait until it is too late. What the kernel cannot get rid of it gives up before the permission of another can
begin (TCP_USER_TIMEOUT).
"""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, cast

from bridge.errors import LinkError
from bridge.meters.stream import Stream

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from bridge.dlms.framing import Framer
    from bridge.meters.failure_wording import FailureWording

SHUT = "this bridge may not speak to meters now: it does not hold the lease of its shard"
_CLOSE_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: what was not sent is dropped
_USER_TIMEOUT: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)


class SendFence:
    """Asks before anything goes out.

    Args:
        permits: whether anything may go out now; cheap, for it is asked before every request.
        linger_s: how long what was sent may wait for its acknowledgement before it is given up.
    """

    def __init__(self, permits: Callable[[], bool], *, linger_s: float) -> None:
        self.permits = permits
        self._linger_ms = max(1, round(linger_s * 1000))

    def check(self, whom: object) -> None:
        """Do nothing where it is permitted.

        Raises:
            LinkError: it is not.
        """
        if (shut := self.shut(whom)) is not None:
            raise shut

    def shut(self, whom: object) -> LinkError | None:
        """Return the error for what is not permitted; None where it is."""
        if self.permits():
            return None
        return LinkError(f"{whom}: {SHUT}", hint="nothing to do: it is read by the bridge that holds the lease")

    def around(self, transport: asyncio.Transport) -> FencedTransport:
        """Return the transport of a connection that just began, with the fence before it."""
        connected = transport.get_extra_info("socket")
        if _USER_TIMEOUT is not None:
            connected.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, self._linger_ms)
        return FencedTransport(transport, connected, self.permits)


class FencedTransport:
    """A transport whose writes are asked for, and go to the kernel at once.

    Args:
        transport: asyncio's.
        connected: its socket.
        permits: whether anything may go out now.
    """

    __slots__ = ("_connected", "_permits", "_transport")

    def __init__(self, transport: asyncio.Transport, connected: socket.socket, permits: Callable[[], bool]) -> None:
        self._transport, self._connected, self._permits = transport, connected, permits

    def write(self, request: bytes) -> None:
        """Send all of it now.

        Raises:
            RuntimeError: it is not permitted, or the connection does not take it; the connection is of no more use.
        """
        if self._transport.is_closing():  # its descriptor may be another connection's by now
            raise RuntimeError("the other side closed the connection")
        descriptor = self._connected.fileno()
        if not self._permits():
            raise RuntimeError(SHUT)
        try:
            sent = os.write(descriptor, request)
        except OSError as error:
            raise RuntimeError(str(error)) from error
        if sent != len(request):
            raise RuntimeError("the other side takes no whole request")

    def abort(self) -> None:
        """Close the connection; where nothing may be sent any more, without what the kernel still has to send."""
        if not self._permits() and not self._transport.is_closing():
            self._connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_AT_ONCE)
        self._transport.abort()


class FencedStream(Stream):
    """A stream with the fence before its connection.

    Args:
        framing: as the stream's, and so on.
        gap_s: the same.
        wording: the same.
        fence: asked before anything goes out.
    """

    __slots__ = ("_fence",)

    def __init__(self, framing: Framer, gap_s: float, wording: FailureWording, fence: SendFence) -> None:
        super().__init__(framing, gap_s, wording)
        self._fence = fence

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Put the fence before it; asyncio calls this."""
        super().connection_made(transport)
        fenced = self._fence.around(cast("asyncio.Transport", transport))
        self._transport = cast("asyncio.Transport", fenced)  # of which only write and abort are used
