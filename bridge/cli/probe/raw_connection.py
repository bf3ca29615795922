"""A raw TCP connection: connects, sends bytes, returns what arrived within a time. Knows no protocol.

The bridge's own ``meters/link.py`` hands out whole frames and drops the rest. Here the rest is what tells a web server
from a meter.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from typing import Self

Reach = Literal["open", "refused", "silent", "unreachable", "unknown-name"]
_MOST_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Reached:
    """How a connection attempt ended, and the line when it stands."""

    reach: Reach
    said: str = ""
    line: RawConnection | None = None


class RawConnection:
    """An open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.is_closed = False
        """Whether the other side has closed it."""

    @classmethod
    async def reach(cls, host: str, port: int, timeout_s: float) -> Reached:
        """Connect within ``timeout_s`` and say how that went; never raises for what the network does."""
        try:
            async with asyncio.timeout(timeout_s):
                reader, writer = await asyncio.open_connection(host, port)
        except TimeoutError:
            return Reached("silent")
        except socket.gaierror as error:
            return Reached("unknown-name", error.strerror or "")
        except OSError as error:
            reach: Reach = "unreachable"
            if error.errno in (errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED):
                reach = "refused"
            elif error.errno == errno.ETIMEDOUT:
                reach = "silent"
            return Reached(reach, error.strerror or str(error))
        return Reached("open", line=cls(reader, writer))

    async def listen(self, wait_s: float, settle_s: float = 0.05) -> bytes:
        """Return what comes within ``wait_s``; after the first bytes, what follows within ``settle_s`` each."""
        heard = b""
        while len(heard) < _MOST_BYTES and not self.is_closed and (settle_s or not heard):
            try:
                async with asyncio.timeout(settle_s if heard else wait_s):
                    data = await self._reader.read(4096)
            except TimeoutError:
                break
            except OSError:
                data = b""
            if not data:
                self.is_closed = True
            heard += data
        return heard

    async def say(self, data: bytes) -> None:
        """Send ``data``; a line that broke meanwhile is closed from then on."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            self.is_closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()  # nothing unsent is worth a lingering socket
        self.is_closed = True
