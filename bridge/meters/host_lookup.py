"""The addresses of one host name. A look-up that has begun cannot be cancelled, so its answer is kept."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any


class HostLookup:
    """Looks one host up, any number of times.

    Args:
        host: name or address.
        port: TCP port.
    """

    __slots__ = ("_host", "_is_address", "_lookup", "_port")

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._is_address = _is_address(host)
        self._lookup: asyncio.Future[list[tuple[Any, ...]]] | None = None  # asked for and not used yet

    async def addresses(self) -> list[str]:
        """Return the addresses of the host.

        A look-up that outlasts the attempt is what the next attempt waits for. So a name server that is down never has
        more look-ups pending than there are links, and a slow one is still of use.

        Raises:
            OSError: there are none.
        """
        if self._is_address:
            return [self._host]
        if self._lookup is None:
            loop = asyncio.get_running_loop()
            self._lookup = asyncio.ensure_future(loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM))
        lookup = self._lookup
        try:
            return [str(address[0]) for *_, address in await asyncio.shield(lookup)]
        finally:
            if lookup.done():
                self._lookup = None

    def cancel(self) -> None:
        """Wait for no look-up any more."""
        if self._lookup is not None:
            self._lookup.cancel()
            self._lookup = None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
