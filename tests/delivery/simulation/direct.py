"""The seam: what ``bridge/delivery/thingsboard_connection.py`` is to the wing, without paho, over the simulated line.

The same interface and the same promises: ``publish`` gives a number while a session stands, ThingsBoard's PUBACK comes
back with it whenever it does, a second one for the same number finds nothing (paho drops it); after ``drop`` the next
attempt is made at once, after a session that ended or an attempt that failed after a backoff.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bridge.delivery.thingsboard_connection import _BACKOFF_CAP_S, _BACKOFF_S, _STABLE_S
from bridge.delivery.upstream import Cause
from tests.thingsboard.packets import REASONS

if TYPE_CHECKING:
    import random

    from bridge.delivery.thingsboard_connection import ConnectionListener
    from tests.delivery.simulation.line import Connection, Packet
    from tests.delivery.simulation.loop import VirtualLoop
    from tests.delivery.simulation.server import Server

KEEPALIVE_S = 30.0
THREAD_S = 0.0004
"""From paho's thread to the loop, and back."""
CONNECT_S = 10.0
_CAUSES = {"Session taken over": Cause.TAKEN_OVER, "Administrative action": Cause.ADMINISTRATIVE}


class SimulatedConnection:
    """See the module.

    Args:
        server: ThingsBoard and the line to it.
        loop: the clock.
        topics: what is subscribed to.
        rng: jitter of the backoff.
    """

    version = "MQTT 5"
    token_refused = False

    def __init__(self, server: Server, loop: VirtualLoop, topics: tuple[str, ...], rng: random.Random) -> None:
        self._server = server
        self._loop = loop
        self._topics = topics
        self._rng = rng
        self._session: _Session | None = None
        self._leave = asyncio.Event()
        self.sessions = 0

    def publish(self, topic: str, payload: bytes) -> int | None:
        """As the real one's."""
        return None if self._session is None else self._session.publish(topic, payload)

    def drop(self) -> None:
        """As the real one's."""
        self._leave.set()

    async def run(self, listener: ConnectionListener) -> None:
        """As the real one's."""
        failures = 0
        while True:
            began_s = self._loop.time()
            session = _Session(self._server, self._loop, listener)
            try:
                await self._one(session, listener)
            finally:
                self._session = None
                session.leave()
            if self._leave.is_set():
                self._leave.clear()
                failures = 0
                continue
            failures = 1 if self._loop.time() - began_s > _STABLE_S else failures + 1
            wait_s = min(_BACKOFF_S * 2 ** min(failures - 1, 10), _BACKOFF_CAP_S)
            await asyncio.sleep(wait_s * self._rng.uniform(0.5, 1.0))

    async def _one(self, session: _Session, listener: ConnectionListener) -> None:
        self._leave.clear()
        self._server.dial(session)
        await asyncio.wait((session.connack, session.over), timeout=2 * CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
        if not session.connack.done():
            listener.session_down("no connection", Cause.UNKNOWN)
            return
        self.sessions += 1
        self._session = session
        session.subscribe(self._topics)
        listener.session_up()
        leaving = asyncio.create_task(self._leave.wait())
        try:
            await asyncio.wait((session.over, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            self._session = None
            session.is_deaf = True
            if not self._leave.is_set():
                said = session.over.result() if session.over.done() else "the bridge stops"
                listener.session_down(said, _CAUSES.get(said, Cause.UNKNOWN))


class _Session:
    """One end of the line: a TCP connection, from the attempt on."""

    def __init__(self, server: Server, loop: VirtualLoop, listener: ConnectionListener) -> None:
        self._loop = loop
        self._listener = listener
        self.connack: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[str] = loop.create_future()
        self.is_deaf = False
        self._connection: Connection | None = None
        self._is_over = False
        self._mid = 0
        self._waiting: set[int] = set()
        self._last_in_s = self._last_out_s = loop.time()
        self._pinged_s: float | None = None

    def opened(self, connection: Connection) -> None:
        """TCP stands."""
        if self._is_over:
            connection.close_from_client()
            return
        self._connection = connection
        self._last_in_s = self._last_out_s = self._loop.time()
        connection.up(60, ("connect", "mqttv5"))
        self._loop.call_later(KEEPALIVE_S, self._look)

    def packet(self, packet: Packet) -> None:
        """Something came."""
        self._last_in_s = self._loop.time()
        self._loop.call_later(THREAD_S, self._tell, packet)

    def closed(self) -> None:
        """The connection is gone, or was not to be had."""
        self._end("closed without a word")

    def publish(self, topic: str, payload: bytes) -> int:
        """Send one."""
        self._mid = self._mid % 65_535 + 1
        self._waiting.add(self._mid)
        self._up(len(payload) + len(topic) + 9, ("publish", topic, payload, self._mid))
        return self._mid

    def subscribe(self, topics: tuple[str, ...]) -> None:
        """Ask for topics."""
        for topic in topics:
            self._up(9 + len(topic), ("subscribe", topic))

    def leave(self) -> None:
        """Nobody wants any more of it."""
        self.is_deaf = self._is_over = True
        if self._connection is not None:
            self._connection.close_from_client()

    def _tell(self, packet: Packet) -> None:
        if self.is_deaf:
            return
        match packet:
            case ("connack", 0):
                self.connack.set_result(None)
            case ("connack", code):
                self._end(f"refused: {code}")
            case ("puback", mid, reason) if mid in self._waiting:
                self._waiting.discard(mid)
                self._listener.puback(mid, REASONS[reason], reason)
            case ("publish", topic, payload, _):
                self._listener.message(topic, payload)
            case ("disconnect", reason):
                self._end(reason)
            case ("pingresp",):
                self._pinged_s = None

    def _up(self, size: int, packet: Packet) -> None:
        self._last_out_s = self._loop.time()
        if self._connection is not None:
            self._connection.up(size, packet)

    def _end(self, said: str) -> None:
        self._is_over = True
        if not self.over.done():
            self.over.set_result(said)

    def _look(self) -> None:
        """paho's keepalive: a ping when nothing came or went for as long, the end when it stays unanswered."""
        if self._is_over:
            return
        now_s = self._loop.time()
        if self._pinged_s is not None and now_s - self._pinged_s >= KEEPALIVE_S - 1e-6:
            self._end("Keep alive timeout")
            return
        due_s = min(self._last_in_s, self._last_out_s) + KEEPALIVE_S
        if self._pinged_s is None and now_s >= due_s - 1e-6:
            self._pinged_s = self._last_in_s = now_s
            self._up(2, ("pingreq",))
        self._loop.call_later(1.0, self._look)
