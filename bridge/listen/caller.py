"""One connection that somebody opened: what it pushes is taken, message by message; a meter that dials in is handed on.

=============  ============================================================================================
after          of silence
=============  ============================================================================================
2 s            text without an end is taken as it is; a meter that dials in is handed to who reads it
10 s           what is not whole is dropped; 60 s after its beginning in any case
30 s           a caller that has said nothing at all is hung up on
``IDLE``       everybody is
=============  ============================================================================================

Reading pauses while something waits for the disk or for its pace: TCP holds the caller back. Nothing here is confirmed.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, cast

from loguru import logger

from bridge.dlms.push import PushRefusal, PushStream
from bridge.listen.identities import plain_address
from bridge.listen.unknown_callers import UnknownCaller

if TYPE_CHECKING:
    from bridge.configuration.meter import Meter
    from bridge.dlms.push import PushApdu
    from bridge.listen.peers import CallingPeer
    from bridge.listen.reception import TakenMessage
    from bridge.listen.switchboard import Switchboard

QUIET_S, PARTIAL_S, LONGEST_S, HELLO_S = 2.0, 10.0, 60.0, 30.0
_MOST_UNASKED = 1 << 16
_LEAST_TEXT = 3
_MOST_SOURCES = 64
_SLICE = 4096
_MOST_PENDING = 20  # with a commit for all of them


class Caller(asyncio.Protocol):
    """See the module.

    Args:
        board: what it has in common with others.
    """

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._stream = PushStream()
        self._transport: asyncio.Transport | None = None
        self._peer: CallingPeer | None = None
        self._came = bytearray()
        self._news = asyncio.Event()
        self._is_over = self._is_handed_on = False
        self._meter: Meter | None = None  # whom its modem says it is
        self._said_anything = False
        self._partial = 0  # bytes of what is not whole
        self._opened_s = self._heard_s = self._whole_s = board.clock_s()
        self._partial_s: float | None = None  # since when
        self._was_quiet = False
        self._pending: list[TakenMessage] = []  # not known to be on disk
        self._by_source: dict[int, Meter] = {}  # whose messages came from an address behind the caller

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the caller, or not; asyncio calls this."""
        self._transport = cast("asyncio.Transport", transport)
        peername = transport.get_extra_info("peername") or ("", 0)
        address, board = plain_address(str(peername[0])) or str(peername[0]), self._board
        board.metrics.listen_calls.inc()
        self._peer = board.peers.admit(address)
        if self._peer is None:
            board.reception.refusals.refuse(
                address,
                "connections",
                "opened one connection too many",
                "LISTEN__CONNECTIONS and LISTEN__PER_ADDRESS say how many may be",
            )
            self._transport.abort()
            return
        board.metrics.listen_connections.set(board.peers.connections)
        task = asyncio.get_running_loop().create_task(self._run(address), name=f"caller {address}")
        board.connections.add(task)
        task.add_done_callback(board.connections.discard)

    def data_received(self, data: bytes) -> None:
        """Hold what came until it is taken; asyncio calls this."""
        if self._peer is None or self._transport is None:
            return
        self._transport.pause_reading()
        self._hold(data)

    def _unasked(self, data: bytes) -> None:
        """Hold what a meter that was handed on sent by itself, as far as that is borne."""
        if len(self._came) + len(data) <= _MOST_UNASKED:
            self._hold(data)
        else:
            self._board.reception.refusals.count("too-fast")

    def _hold(self, data: bytes) -> None:
        self._came += data
        self._heard_s = self._board.clock_s()
        self._board.metrics.listen_received.inc(len(data))
        if not self._board.memory.change(len(data)):
            self._board.reception.refusals.refuse(
                "listen", "memory", "callers together sent more than fits", "LISTEN__MEMORY_MB says how much does"
            )
            self._hang_up()
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why is the caller's business
        """Come to an end, once what came is taken; asyncio calls this."""
        self._end()

    def _end(self) -> None:
        self._is_over = True
        self._news.set()

    def _hang_up(self) -> None:
        self._end()
        if self._transport is not None and not self._is_handed_on:
            self._transport.abort()

    async def _run(self, address: str) -> None:
        try:
            while await self._next():
                if self._came:
                    await self._take()
                elif not self._is_over:
                    await self._silent()
            await self._refused(self._stream.drop())
        except Exception as error:  # noqa: BLE001 - one caller's bytes must not cost the others anything
            logger.opt(exception=error).error("{} | push | unexpected error; please report it", address)
        finally:
            self._hang_up()
            self._board.memory.change(-len(self._came) - self._partial)
            if self._peer is not None:
                self._board.peers.leave(self._peer)
            self._board.metrics.listen_connections.set(self._board.peers.connections)

    async def _next(self) -> bool:
        """Wait for bytes, for the end, or for a silence that means something; return whether it goes on."""
        if not self._came and not self._is_over:
            wait_s = self._due_s() - self._board.clock_s()
            self._news.clear()
            try:
                async with asyncio.timeout(max(wait_s, 0) if wait_s < inf else None):
                    await self._news.wait()
            except TimeoutError:
                pass
        return bool(self._came) or not self._is_over

    def _due_s(self) -> float:
        """Return when silence means something."""
        due = [inf]
        if not self._was_quiet and not self._is_handed_on:
            due.append(self._heard_s + QUIET_S)
        if self._partial_s is not None:
            due.append(min(self._heard_s + PARTIAL_S, self._partial_s + LONGEST_S))
        if not self._is_handed_on:
            due.append(self._whole_s + self._board.settings.idle_s)
            if not self._said_anything:
                due.append(self._opened_s + HELLO_S)
        return min(due)

    async def _take(self) -> None:
        data = bytes(self._came)
        self._came.clear()
        self._said_anything, self._was_quiet = True, False
        self._partial += len(data)
        peer = cast("CallingPeer", self._peer)
        if wait_s := peer.octets.spend(len(data), self._board.clock_s()):
            await asyncio.sleep(wait_s)
        for at in range(0, len(data), _SLICE):
            async with self._board.turn():
                messages = self._stream.feed(data[at : at + _SLICE])
            for message in messages:
                if isinstance(message, PushRefusal):
                    await self._refused([message])
                else:
                    await self._message(message)
            if messages and isinstance(messages[-1], PushRefusal) and messages[-1].is_fatal:
                self._board.memory.change(-len(self._came))
                self._came.clear()
                self._hang_up()
                break
        await self._kept()
        if not self._stream.is_partial:
            self._board.memory.change(-self._partial)
            self._partial, self._partial_s = 0, None
        elif self._partial_s is None:
            self._partial_s = self._board.clock_s()
        transport = self._transport
        if transport is not None and not self._is_handed_on and not transport.is_closing():
            transport.resume_reading()

    async def _kept(self) -> None:
        """Wait until all that was taken is on disk."""
        for taken in self._pending:
            await self._board.reception.kept(taken)
        self._pending.clear()

    async def _message(self, message: PushApdu) -> None:
        peer, now_s = cast("CallingPeer", self._peer), self._board.clock_s()
        self._whole_s = now_s
        if wait_s := peer.taken.spend(1, now_s):
            await asyncio.sleep(wait_s)
        known = self._board.identities.behind(self._meter, message.source) or self._by_source.get(message.source)
        async with self._board.turn():
            taken = self._board.reception.take(message, peer.address, known)
        if taken is None:
            return
        self._pending.append(taken)
        if message.source in self._by_source or len(self._by_source) < _MOST_SOURCES:
            self._by_source[message.source] = taken.meter
        if len(self._pending) == _MOST_PENDING:
            await self._kept()

    def _known(self) -> Meter | None:
        """Return who it is, as far as it showed; of several meters behind one caller one, if they are read together."""
        if self._meter is not None:
            return self._meter
        names = {meter.name: meter for meter in self._by_source.values()}
        if names:
            ways = {id(self._board.calls.get(name, name)) for name in names}
            return next(iter(names.values())) if len(ways) == 1 else None
        return self._board.identities.by_address(cast("CallingPeer", self._peer).address)

    async def _refused(self, refusals: list[PushRefusal]) -> None:
        for one in refusals:
            if one.reason == "stray":
                self._stray(one)
            else:
                address = cast("CallingPeer", self._peer).address
                meter = self._known()
                self._board.reception.refusals.refuse(meter.name if meter else address, one.reason, one.said)

    def _stray(self, refusal: PushRefusal) -> None:
        """Look whether bytes that begin no message are a modem that says its name."""
        board, address = self._board, cast("CallingPeer", self._peer).address
        text = refusal.octets.decode("latin-1").strip(" \r\n\t\0")
        if not text:
            return
        meter = board.identities.by_text(text)
        if meter is not None:
            self._meter = meter
            self._hand_on(meter)
            return
        if self._is_handed_on or self._known() is not None:
            board.reception.refusals.count("stray")  # a greeting, a keep-alive
            return
        is_text = len(text) >= _LEAST_TEXT and text.isprintable()
        said = f"sent the text {text!r}" if is_text else refusal.said
        board.reception.refusals.stranger(
            UnknownCaller(address, text=text if is_text else "", reason="stray", said=said)
        )

    async def _silent(self) -> None:
        """Do what a silence asks for."""
        now_s = self._board.clock_s()
        if self._partial_s is not None and now_s >= min(self._heard_s + PARTIAL_S, self._partial_s + LONGEST_S):
            await self._dropped()
        elif not self._was_quiet and not self._is_handed_on and now_s >= self._heard_s + QUIET_S:
            self._was_quiet = True
            if self._stream.holds_stray:
                await self._dropped()
            if self._partial_s is None:
                meter = self._known()
                if meter is not None:
                    self._hand_on(meter)
        elif not self._is_handed_on and now_s >= self._due_s():
            if not self._said_anything:
                self._board.reception.refusals.count("silent")
            self._hang_up()

    async def _dropped(self) -> None:
        refusals = self._stream.drop()
        self._board.memory.change(-self._partial)
        self._partial, self._partial_s = 0, None
        await self._refused(refusals)

    def _hand_on(self, meter: Meter) -> None:
        """Hand the connection to who reads the meter over it, where that is what it called for."""
        calls, transport = self._board.calls.get(meter.name), self._transport
        if calls is None or transport is None or self._is_handed_on or transport.is_closing():
            return
        logger.info("{} | called, from {}", meter.name, cast("CallingPeer", self._peer).address)
        self._is_handed_on, self._meter = True, meter
        calls.take(transport, self._unasked, self._end)
