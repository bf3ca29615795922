"""The listener's port for UDP: whole messages in each datagram. What nobody can hold back is dropped beyond its pace.

UDP shows no sender: an address is whatever the datagram says, and plain messages may be anybody's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge.dlms.push import PushRefusal, PushStream
from bridge.listen.identities import plain_address

if TYPE_CHECKING:
    from bridge.listen.switchboard import Switchboard

_MOST_WAITING = 1000


class Datagrams(asyncio.DatagramProtocol):
    """See the module.

    Args:
        board: what it has in common with callers.
    """

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._is_taking = False
        self._waiting: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue(_MOST_WAITING)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Hold it until it is taken, as far as that is borne; asyncio calls this."""
        if not self._is_taking:
            return
        board, now_s = self._board, self._board.clock_s()
        address = plain_address(str(addr[0])) or str(addr[0])
        peer = board.peers.of(address)
        board.metrics.listen_received.inc(len(data))
        waits_s = max(peer.octets.spend(len(data), now_s), peer.taken.spend(1, now_s))
        if waits_s or self._waiting.full() or board.memory.held + len(data) > board.memory.most:
            board.reception.refusals.refuse(address, "too-fast", "sends datagrams faster than they are taken")
            return
        board.memory.change(len(data))
        self._waiting.put_nowait((data, address))

    async def run(self) -> None:
        """Take what comes from now on, until cancelled."""
        self._is_taking = True
        while True:
            data, address = await self._waiting.get()
            try:
                await self._take(data, address)
            except Exception as error:  # noqa: BLE001 - one datagram must not cost the others anything
                logger.opt(exception=error).error("{} | push | unexpected error; please report it", address)
            finally:
                self._board.memory.change(-len(data))

    async def _take(self, data: bytes, address: str) -> None:
        stream, reception = PushStream(), self._board.reception
        for message in [*stream.feed(data), *stream.drop()]:
            if isinstance(message, PushRefusal):
                meter = self._board.identities.by_address(address)
                reception.refusals.refuse(meter.name if meter else address, message.reason, message.said)
            elif (taken := reception.take(message, address, None)) is not None:
                await reception.kept(taken)
