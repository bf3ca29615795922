"""One short MQTT session, to find out what a broker says to it: asked and answered in turn. Keeps no connection."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from bridge.delivery import mqtt_client
from bridge.delivery.mqtt_client import MQTT_3, Peer
from bridge.delivery.mqtt_events import Refused

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from bridge.delivery.mqtt_client import Level
    from bridge.delivery.mqtt_events import Ending

__all__ = ["BrokerSession", "Refused", "broker_session"]


class BrokerSession:
    """A session that stands. Made by :func:`session`."""

    def __init__(self, one: mqtt_client.MqttSession, messages: asyncio.Queue[tuple[str, bytes]]) -> None:
        self._one = one
        self._messages = messages

    @property
    def ended(self) -> asyncio.Future[Ending]:
        """Done when the other side ended it; its result says how."""
        return self._one.over

    def subscribe(self, *topics: str) -> None:
        """Ask for ``topics``, QoS 0."""
        self._one.subscribe(topics)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message, QoS 1."""
        self._one.publish(topic, payload)

    async def message(self, prefix: str, within_s: float) -> bytes | None:
        """Return the next message on a topic that begins with ``prefix``; None when none came or the session ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    topic, payload = await self._messages.get()
                    if topic.startswith(prefix):
                        return payload
        return None

    async def ends(self, within_s: float) -> bool:
        """Return whether the other side ends the session within this time."""
        done, _ = await asyncio.wait((self.ended,), timeout=within_s)
        return bool(done)


class _Ear:
    def __init__(self, messages: asyncio.Queue[tuple[str, bytes]]) -> None:
        self._messages = messages

    def puback(self, number: int, code: int, said: str) -> None:
        """Nobody waits for it."""

    def message(self, topic: str, payload: bytes) -> None:
        """Keep it until somebody asks."""
        self._messages.put_nowait((topic, payload))


@asynccontextmanager
async def broker_session(
    host: str, port: int, *, name: str, user: str = "", password: str = "", tls: ssl.SSLContext | None = None,
    level: Level = MQTT_3, within_s: float = 10.0,
) -> AsyncIterator[BrokerSession]:  # fmt: skip
    """Open a session for as long as the context lasts, and end it in order.

    Args:
        host: name or address of the broker.
        port: its TCP port.
        name: client id.
        user: user name; empty for none.
        password: empty for none.
        tls: how to encrypt; None for plain TCP.
        level: of the protocol, 4 for 3.1.1 or 5.
        within_s: for the connection and the broker's word.

    Raises:
        Refused: the broker refuses the session.
        TimeoutError: it takes the connection and says nothing.
        OSError: there is no connection, or it ended without a word.
    """
    peer = Peer(
        host, port, client_id=name, user=user or None, password=password or None, tls=tls, level=level,
        patience_s=within_s,
    )  # fmt: skip
    messages: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    async with mqtt_client.session(peer, _Ear(messages)) as one:
        yield BrokerSession(one, messages)
