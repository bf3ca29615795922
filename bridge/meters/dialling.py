"""Where a link gets its connection from, and the usual kind: one that this side opens.

A way makes the stream and connects it; it never decides to try again. Socket errors become
:class:`~bridge.errors.MeterError` here and in ``link.py``. The other kind waits for the meter's call:
``incoming_calls.py``.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

from bridge.errors import DnsError, LinkError
from bridge.meters.host_lookup import HostLookup
from bridge.meters.send_fence import FencedStream
from bridge.meters.socket_errors import advice_on, in_words
from bridge.meters.stream import Stream

if TYPE_CHECKING:
    from bridge.dlms.framing import Framer
    from bridge.meters.failure_wording import FailureWording
    from bridge.meters.send_fence import SendFence


class ConnectionWay(Protocol):
    """What a link needs of it. ``str`` of it names it in errors, the log and metrics."""

    @property
    def opens(self) -> bool:
        """Whether connections are opened from here."""

    def stream(self, framing: Framer, gap_s: float, wording: FailureWording) -> Stream:
        """Return a stream to be connected; see :class:`~bridge.meters.stream.Stream`."""

    async def connect(self, stream: Stream, *, is_doubtful: bool) -> None:
        """Connect the stream.

        Args:
            stream: that :meth:`stream` made.
            is_doubtful: whether it failed again and again lately.

        Raises:
            DnsError, LinkError: there is no connection. Wait, then try again.
        """

    def leave(self) -> None:
        """Connect nothing any more."""


class Dialler:
    """Opens connections to one host:port.

    Args:
        host: name or address.
        port: TCP port.
        connect_timeout_s: how long opening may take, name resolution included.
        connecting: bounds how many links open at one time; shared by all links.
        doubtful: bounds, by less, those among them that failed again and again; dead hosts never keep one that
            comes back from connecting.
        fence: is asked before a connection is opened, and before anything goes out; None where nobody need be asked.
    """

    __slots__ = ("_connect_timeout_s", "_connecting", "_doubtful", "_fence", "_host", "_port", "lookup")
    opens = True

    def __init__(
        self,
        host: str,
        port: int,
        *,
        connect_timeout_s: float,
        connecting: asyncio.Semaphore,
        doubtful: asyncio.Semaphore | None,
        fence: SendFence | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._connect_timeout_s = connect_timeout_s
        self._connecting, self._doubtful, self._fence = connecting, doubtful, fence
        self.lookup = HostLookup(host, port)

    def __str__(self) -> str:
        return f"{self._host}:{self._port}"

    def stream(self, framing: Framer, gap_s: float, wording: FailureWording) -> Stream:
        """Return a stream to be connected."""
        if self._fence is None:
            return Stream(framing, gap_s, wording)
        return FencedStream(framing, gap_s, wording, self._fence)

    async def connect(self, stream: Stream, *, is_doubtful: bool) -> None:
        """Open a connection; see :meth:`ConnectionWay.connect`."""
        place = self._doubtful if is_doubtful and self._doubtful is not None else nullcontext()
        try:
            async with place, self._connecting, asyncio.timeout(self._connect_timeout_s):
                await self._connect_to_any(stream)
        except TimeoutError:
            raise LinkError(
                f"{self}: no answer to the connection within {self._connect_timeout_s:g} s",
                hint="is the converter powered and on this network? is the address right?",
            ) from None
        except socket.gaierror as error:
            raise DnsError(f"{self}: the name has no address ({error.strerror})", hint="check the host name") from error
        except OSError as error:
            raise LinkError(f"{self}: {in_words(error)}", hint=advice_on(error)) from error

    async def _connect_to_any(self, stream: Stream) -> None:
        problem = OSError(errno.EHOSTUNREACH, "no address")
        for address in await self.lookup.addresses():
            if self._fence is not None:
                self._fence.check(self)
            try:
                await asyncio.get_running_loop().create_connection(lambda: stream, address, self._port)
            except OSError as error:
                problem = error
            else:
                return
        raise problem

    def leave(self) -> None:
        """Look nothing up any more."""
        self.lookup.cancel()
