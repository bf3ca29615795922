"""One TCP connection to one host:port, shared by the meters behind it, which take turns on it.

Opens, sends bytes, hands out whole frames. Knows neither meters nor DLMS, and decides nothing about trying again.
Socket errors become :class:`~bridge.errors.MeterError` here and nowhere else.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bridge.errors import DnsError, LinkError, ReplyTimeout
from bridge.meters.framing import framer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bridge.errors import MeterError
    from bridge.meters.framing import Framer
    from bridge.settings import Framing

_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))  # a dead peer is known in a minute


class Link:
    """A connection that is opened, used and closed any number of times.

    Args:
        host: name or address.
        port: TCP port.
        framing: how frames stand in the stream.
        connect_timeout_s: how long opening may take, name resolution included.
        frame_gap_s: least silence between what came last and the next request; slow meters lose a faster one.
        connecting: bounds how many links open at one time; shared by all links.
    """

    def __init__(
        self,
        host: str,
        port: int,
        framing: Framing,
        *,
        connect_timeout_s: float,
        frame_gap_s: float = 0.0,
        connecting: asyncio.Semaphore,
    ) -> None:
        self.host = host
        self.port = port
        self.framing = framing
        self.generation = 0
        """How many times the connection was opened: associations of an earlier one are gone."""
        self._connect_timeout_s = connect_timeout_s
        self._frame_gap_s = frame_gap_s
        self._connecting = connecting
        self._turn = asyncio.Lock()
        self._stream: _Stream | None = None
        self._stale_bytes = 0
        self._members = 0
        self._failures = 0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether the connection stands, as far as this side knows."""
        return self._stream is not None and self._stream.broken is None

    def join(self) -> None:
        """Count one more meter behind this link."""
        self._members += 1

    def leave(self) -> None:
        """Count one meter less; the last one closes the connection."""
        self._members -= 1
        if self._members <= 0:
            self.close()

    def answered(self) -> None:
        """Note that a meter behind this link answered: the way is good."""
        self._failures = 0

    def failed(self, error: MeterError) -> None:
        """Note that a conversation failed, and close the connection where that may help.

        A silent meter on a bus says nothing about the way to the others, so a shared connection stays open until the
        way itself broke, or as many conversations failed in a row as there are meters behind it.
        """
        self._failures += 1
        if error.stage in ("tcp", "dns") or self._failures >= self._members:
            self.close()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold the link alone: the meters behind one converter would talk into each other's answers."""
        async with self._turn:
            yield

    async def open(self) -> None:
        """Open the connection if it is not open.

        Raises:
            DnsError: the name has no address. Wait, then try again.
            LinkError: refused, unreachable or silent. Wait, then try again.
        """
        if self.is_open:
            return
        self.close()
        loop = asyncio.get_running_loop()
        stream = _Stream(framer(self.framing))
        try:
            async with self._connecting, asyncio.timeout(self._connect_timeout_s):
                await loop.create_connection(lambda: stream, self.host, self.port)
        except TimeoutError:
            raise LinkError(
                f"{self}: no answer to the connection within {self._connect_timeout_s:g} s",
                hint="is the converter powered and on this network? is the address right?",
            ) from None
        except socket.gaierror as error:
            raise DnsError(f"{self}: the name has no address ({error.strerror})", hint="check the host name") from error
        except OSError as error:
            raise LinkError(f"{self}: {_plainly(error)}", hint=_hint(error)) from error
        self._stream = stream
        self.generation += 1

    async def send(self, data: bytes) -> None:
        """Send ``data`` after dropping what came unasked: no stale byte can be taken for its answer.

        Raises:
            LinkError: the connection is not open any more. Close, then reconnect after the backoff.
        """
        stream = self._open_stream()
        if self._frame_gap_s:
            gap_s = stream.last_received_s + self._frame_gap_s - asyncio.get_running_loop().time()
            if gap_s > 0:
                await asyncio.sleep(gap_s)
        self._stale_bytes += stream.drain()
        stream.write(data)

    async def receive(self, timeout_s: float) -> bytes:
        """Return the next whole frame.

        Raises:
            ReplyTimeout: no whole frame within ``timeout_s``. Ask again, or close.
            LinkError: the connection broke while waiting. Close, then reconnect after the backoff.
        """
        stream = self._stream
        if stream is None:
            raise LinkError(f"{self}: the connection is closed")
        try:
            async with asyncio.timeout(timeout_s):
                return await stream.frame()
        except TimeoutError:
            raise ReplyTimeout(
                f"{self}: no answer within {timeout_s:g} s",
                hint="check addresses, framing and baud rate of the converter; a slow meter wants a longer TIMEOUT",
            ) from None
        except OSError as error:
            raise LinkError(f"{self}: {_plainly(error)}", hint=_hint(error)) from error

    def take_stale_bytes(self) -> int:
        """Return how many bytes made no frame or came unasked since this was last asked."""
        count = self._stale_bytes + (self._stream.take_dropped() if self._stream else 0)
        self._stale_bytes = 0
        return count

    def close(self) -> None:
        """Close the connection; does nothing when it is closed."""
        if self._stream is not None:
            self._stale_bytes += self._stream.take_dropped()
            self._stream.close()
            self._stream = None

    def _open_stream(self) -> _Stream:
        if self._stream is None:
            raise LinkError(f"{self}: the connection is closed")
        if self._stream.broken is not None:
            raise LinkError(f"{self}: {_plainly(self._stream.broken)}", hint=_hint(self._stream.broken))
        return self._stream


class _Stream(asyncio.Protocol):
    """asyncio's side of an open connection: bytes to frames, frames to whoever waits."""

    def __init__(self, framing: Framer) -> None:
        self.broken: OSError | None = None
        self.last_received_s = 0.0
        self._framer = framing
        self._frames: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP connection has no other
        self._transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def data_received(self, data: bytes) -> None:
        self.last_received_s = asyncio.get_running_loop().time()
        self._frames.extend(self._framer.feed(data))
        if self._frames:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.broken is None:
            closed = ConnectionResetError(errno.ECONNRESET, "the other side closed the connection")
            self.broken = exc if isinstance(exc, OSError) else closed
        self._wake()

    def write(self, data: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - made before anyone has the stream
        self._transport.write(data)

    async def frame(self) -> bytes:
        while not self._frames:
            if self.broken is not None:
                raise self.broken
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._frames.popleft()

    def drain(self) -> int:
        count = sum(map(len, self._frames))
        self._frames.clear()
        self._framer.reset()
        return count

    def take_dropped(self) -> int:
        count, self._framer.dropped = self._framer.dropped, 0
        return count

    def close(self) -> None:
        if self.broken is None:
            self.broken = ConnectionAbortedError(errno.ECONNABORTED, "this side closed the connection")
        if self._transport is not None:
            self._transport.abort()  # nothing unsent is worth a lingering socket

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _plainly(error: OSError) -> str:
    """Return what happened in words; asyncio puts addresses and errno numbers into its own."""
    known = {
        errno.ECONNREFUSED: "connection refused",
        errno.EHOSTUNREACH: "no route to the host",
        errno.ENETUNREACH: "no route to the network",
        errno.ECONNRESET: "the other side closed the connection",
        errno.EPIPE: "the other side closed the connection",
        errno.ETIMEDOUT: "the other side went silent",
    }
    return known.get(error.errno or 0, error.strerror or str(error) or type(error).__name__)


def _hint(error: OSError) -> str:
    if error.errno == errno.ECONNREFUSED:
        return "the host answers, but nothing listens on that port: check the port, or who else holds the converter"
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return "check the address, the cable and the route"
    if error.errno in (errno.ECONNRESET, errno.EPIPE):
        return "many meters and converters allow one client at a time: does another program read this one?"
    return ""
