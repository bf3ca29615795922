"""One MQTT session by paho, for an event loop: what begins it, what is sent in it; what comes is ``mqtt_events.py``'s.

These two files are all that knows paho. Rules

* A session is one connection: it begins and ends with :func:`session`, is never made again by itself, and nothing of an
  older one is in it. Who wants another opens another.
* Packet ids go round through all 65,535: an acknowledgement that comes again (ThingsBoard up to 4.2 acknowledges a
  message once for each device in it) finds no message under its id and is dropped.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from bridge.delivery.mqtt_events import Events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bridge.delivery.mqtt_events import Ending, MqttListener

MQTT_3: Final = 4
MQTT_5: Final = 5
"""Protocol levels of CONNECT: 3.1.1 and 5."""
Level = Literal[4, 5]
_GOODBYE_S = 1.0
_WITH_WILL = ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message")
_WINDOW = 1000  # how many may be unacknowledged is the caller's business


class Will(NamedTuple):
    """What the peer publishes, retained, when the session is gone, however it ends.

    Args:
        topic: where.
        payload: what.
    """

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom to speak to, and how.

    Args:
        host: name or address.
        port: TCP.
        client_id: ours.
        user: user name; None for none.
        password: None for none.
        tls: how to encrypt; None for plain TCP.
        level: protocol level.
        keepalive_s: a peer that is silent for this long is asked, and given up after as long again.
        patience_s: for the TCP connection, and again for the peer's word.
        will: the session's last will; MQTT 5 alone, which says it after an end in order as well.
    """

    host: str
    port: int
    client_id: str
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    level: Level = MQTT_5
    keepalive_s: int = 30
    patience_s: float = 10.0
    will: Will | None = None


class MqttSession:
    """A session that stands. Made by :func:`session`."""

    def __init__(self, client: mqtt.Client, events: Events, level: Level) -> None:
        self._client = client
        self._events = events
        self._level = level

    @property
    def over(self) -> asyncio.Future[Ending]:
        """Done when the session is gone; its result says how."""
        return self._events.over

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, expiry_s: int | None = None
    ) -> int:
        """Hand a message to the connection; returns at once.

        Args:
            topic: where to.
            payload: the message.
            qos: 0 or 1.
            retain: whether the peer keeps it for later subscribers.
            expiry_s: how long it may keep trying to pass it on, MQTT 5 alone; None for ever.

        Returns:
            the number that :meth:`MqttListener.puback` will have.
        """
        properties = None
        if expiry_s is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho types not all of it
            properties.MessageExpiryInterval = expiry_s
        return self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties).mid

    def show(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Hand over messages that the peer keeps, by topic, retained and QoS 0; the peer acknowledges none of them.

        All of them go out as one, past paho's way of a message at a time, which costs four times as much.
        """
        packets = b"".join(_retained(topic.encode(), payload, self._level) for topic, payload in messages)
        whole = mqtt.MQTTMessageInfo(0)  # as paho's own: it notes there that all went out
        self._client._packet_queue(mqtt.PUBLISH, packets, 0, 0, whole)  # noqa: SLF001 - there is no open way to it

    def subscribe(self, topics: Sequence[str], *, qos: int = 0) -> asyncio.Future[bool]:
        """Ask for topics; the future's result says whether all of them were granted."""
        _, number = self._client.subscribe([(topic, qos) for topic in topics])
        return self._events.awaits_suback(number)


def _retained(topic: bytes, payload: bytes, level: Level) -> bytes:
    """Return a PUBLISH of QoS 0 that is retained (MQTT 5, 3.3; 3.1.1 knows no properties)."""
    properties = b"\0" if level == MQTT_5 else b""
    left = 2 + len(topic) + len(properties) + len(payload)
    size = bytearray()
    while left > 0x7F:  # a variable byte integer (1.5.5)
        size.append(left & 0x7F | 0x80)
        left >>= 7
    size.append(left)
    return b"\x31" + size + len(topic).to_bytes(2) + topic + properties + payload


@asynccontextmanager
async def session(peer: Peer, listener: MqttListener) -> AsyncIterator[MqttSession]:
    """A session for as long as the context lasts; it is ended in order.

    Args:
        peer: whom with.
        listener: who is told what comes.

    Raises:
        Refused: the peer refuses it.
        TimeoutError: it takes the connection and says nothing.
        OSError: there is no connection, or it ended without a word.
    """
    client = _client(peer)
    events = Events(asyncio.get_running_loop(), listener)
    events.attach(client)
    try:
        await _connect(client, peer)
        client.loop_start()
        async with asyncio.timeout(peer.patience_s):
            await events.connected()
        yield MqttSession(client, events, peer.level)
    finally:
        events.deaf = True
        await _ended(client, peer)


def _client(peer: Peer) -> mqtt.Client:
    protocol = mqtt.MQTTv5 if peer.level == MQTT_5 else mqtt.MQTTv311
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=peer.client_id, protocol=protocol, reconnect_on_failure=False
    )
    client.connect_timeout = peer.patience_s
    client.max_inflight_messages_set(_WINDOW)
    if peer.user is not None:
        client.username_pw_set(peer.user, peer.password)
    if peer.tls is not None:
        peer.tls.sslsocket_class = _Closing
        client.tls_set_context(peer.tls)
    if peer.will is not None:
        client.will_set(peer.will.topic, peer.will.payload, qos=1, retain=True)
    return client


class _Closing(ssl.SSLSocket):
    """Closes itself when there is no greeting: paho leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


async def _connect(client: mqtt.Client, peer: Peer) -> None:
    """Open the connection on a thread. Cancelled, it waits for the thread: a socket must not outlive its owner."""
    opening = asyncio.ensure_future(asyncio.to_thread(client.connect, peer.host, peer.port, peer.keepalive_s))
    try:
        await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait((opening,))
        raise
    except TimeoutError as error:
        raise ConnectionError("nobody answers there") from error
    except ssl.SSLError:  # a certificate that is not trusted is a ValueError as well
        raise
    except ValueError as error:
        raise OSError(str(error)) from error


async def _ended(client: mqtt.Client, peer: Peer) -> None:
    """Disconnect and wait for paho's thread, which ends once the socket is gone."""
    client.disconnect(_WITH_WILL if peer.will is not None else None)
    stopping = asyncio.ensure_future(asyncio.to_thread(client.loop_stop))
    await asyncio.wait((stopping,), timeout=_GOODBYE_S)
    connection = client.socket()
    if not stopping.done() and isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # a peer that hangs takes no goodbye
    await stopping
