"""The listener: opens the port, takes whoever calls, looks after what all callers have in common."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from loguru import logger

from bridge.errors import ConfigError
from bridge.listen.caller import Caller
from bridge.listen.datagrams import Datagrams

if TYPE_CHECKING:
    from bridge.listen.known_scalers import KnownScalers
    from bridge.listen.push_file import PushCounters
    from bridge.listen.switchboard import Switchboard
    from bridge.listen.unknown_callers import UnknownCaller, UnknownCallers

_LOOK_EVERY_S = 5.0
_LOOK_UP_EVERY = 120
"""Host names are looked up every ten minutes."""
_FAREWELL_S = 2.0


class CallListener:
    """See the module.

    Args:
        board: what callers have in common.
        counters: opened and closed by :meth:`run`.
        unknown, scalers: the same, and saved now and then.
    """

    def __init__(
        self, board: Switchboard, counters: PushCounters, unknown: UnknownCallers, scalers: KnownScalers
    ) -> None:
        self._board = board
        self._counters = counters
        self._unknown = unknown
        self._scalers = scalers
        self._server: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self.port = 0
        """Where it listens."""

    async def bind(self) -> None:
        """Take the port; nobody is answered before :meth:`run`. Without a port do nothing.

        Raises:
            ConfigError: it cannot be had.
        """
        if self._board.settings.port is None:
            return
        settings, loop = self._board.settings, asyncio.get_running_loop()
        host, port = settings.host, settings.port
        try:
            self._server = await loop.create_server(
                lambda: Caller(self._board), host, port, backlog=1024, start_serving=False
            )
            self.port = self._server.sockets[0].getsockname()[1]
            self._takes = Datagrams(self._board)
            if settings.udp:
                made = await loop.create_datagram_endpoint(lambda: self._takes, (host, self.port))
                self._datagrams = made[0]
        except OSError as error:
            self._let_go()
            why = error.strerror or error
            raise ConfigError([f"LISTEN__PORT={port}: cannot be opened on {host}: {why}; is it taken?"]) from error

    async def run(self) -> None:
        """Answer, and look after the port, until cancelled; then hang up. Without a port return at once."""
        if self._server is None:
            return
        await self._counters.open()
        await self._unknown.open()
        await self._scalers.open()
        self._unknown.forget(self._is_known)
        await self._server.start_serving()
        settings = self._board.settings
        also = ", UDP too" if settings.udp else ""
        logger.info("listen | {}:{}{} | meters and modems may call", settings.host, self.port, also)
        taking = asyncio.create_task(self._takes.run(), name="datagrams")
        looks = 0
        try:
            while True:
                if looks % _LOOK_UP_EVERY == 0:
                    await self._board.identities.look_up()
                looks += 1
                self._board.peers.forget(self._board.clock_s())
                self._board.metrics.listen_held.set(self._board.memory.held)
                self._board.metrics.listen_unknown.set(len(self._unknown))
                await self._unknown.save()
                await self._scalers.save()
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            taking.cancel()
            await self.close()

    async def close(self) -> None:
        """Take no more, and let go; what was taken reaches the disk with the outbox's end."""
        self._let_go()
        callers = list(self._board.connections)
        if callers:
            for caller in callers:
                caller.cancel()
            await asyncio.wait(callers, timeout=_FAREWELL_S)
        await self._unknown.save()
        await self._scalers.save()
        await self._counters.close()

    def _let_go(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._datagrams is not None:
            self._datagrams.close()

    def _is_known(self, caller: UnknownCaller) -> bool:
        """Return whether the settings know by now who that was."""
        identities = self._board.identities
        if caller.reason not in ("unknown-title", "unknown-meter", "stray"):
            return False
        return bool(
            (caller.title and identities.by_title(bytes.fromhex(caller.title)))
            or identities.by_names([caller.name] if caller.name else ())
            or (caller.text and identities.by_text(caller.text))
            or (not caller.title and identities.by_address(caller.address))
        )
