"""Datagrams: a witness that listens, and how it is asked. The one file of the room that has a socket.

A witness's name is looked up before every question: in a swarm its address is another one after each start.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bridge.lease.wire import MOST_BYTES, Unheard, answer_of, packed, question_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.lease.grants import Grants
    from bridge.lease.wire import WitnessAnswer, WitnessQuestion


class WitnessServer(asyncio.DatagramProtocol):
    """Answers who can sign; says nothing to anybody else.

    Args:
        grants: what was granted.
        secret: that it shares with the bridges.
        clock_s: the clock of the grants.
        told: is told every question and its answer.
        unheard: is told who sent what is not signed with the secret.
    """

    def __init__(
        self,
        grants: Grants,
        secret: bytes,
        *,
        clock_s: Callable[[], float],
        told: Callable[[WitnessQuestion, WitnessAnswer], None] = lambda _question, _answer: None,
        unheard: Callable[[str], None] = lambda _address: None,
    ) -> None:
        self._grants, self._secret, self._clock_s = grants, secret, clock_s
        self._told, self._unheard = told, unheard
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        """Keep the socket; asyncio calls this."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """WitnessAnswer; asyncio calls this."""
        try:
            question = question_of(data, self._secret)
        except Unheard:
            self._unheard(str(addr[0]))
            return
        answer = self._grants.answer(question, self._clock_s())
        self._told(question, answer)
        if self._transport is not None:
            self._transport.sendto(packed(answer, self._secret), addr)


class WitnessAddress:
    """A witness, as it is asked from here.

    Args:
        host: name or address.
        port: UDP.
        secret: that it shares with the bridges.
    """

    def __init__(self, host: str, port: int, secret: bytes) -> None:
        self._host, self._port, self._secret = host, port, secret
        self.name = f"{host}:{port}"
        """As which it is asked."""
        self._lookup: asyncio.Future[list[tuple[Any, ...]]] | None = None  # asked for and not used yet

    async def put(self, question: WitnessQuestion, timeout_s: float) -> WitnessAnswer | None:
        """Ask it, and return what it says; None when it does not answer in time."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[WitnessAnswer] = loop.create_future()
        transport: asyncio.DatagramTransport | None = None
        with suppress(OSError, TimeoutError, UnicodeError):  # no such name, nobody there, no network
            async with asyncio.timeout(timeout_s):
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Asking(question.nonce, self._secret, answer), remote_addr=await self._address()
                )
                try:
                    transport.sendto(packed(question, self._secret))
                    return await answer
                finally:
                    transport.close()
        return None

    async def _address(self) -> tuple[str, int]:
        """Return an address of it. A look-up that outlasts a question is what the next one waits for: none piles up."""
        if self._lookup is None:
            loop = asyncio.get_running_loop()
            self._lookup = asyncio.ensure_future(loop.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM))
        lookup = self._lookup
        try:
            host, port = (await asyncio.shield(lookup))[0][-1][:2]
        finally:
            if lookup.done():
                self._lookup = None
        return str(host), int(port)


class _Asking(asyncio.DatagramProtocol):
    def __init__(self, nonce: str, secret: bytes, answer: asyncio.Future[WitnessAnswer]) -> None:
        self._nonce, self._secret, self._answer = nonce, secret, answer

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002 - asyncio's signature
        with suppress(Unheard):
            said = answer_of(data[:MOST_BYTES], self._secret)
            if said.nonce == self._nonce and not self._answer.done():
                self._answer.set_result(said)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)
