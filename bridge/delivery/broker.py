"""The connection to the local broker: made, kept, made again for ever.

The one place that knows paho, but for provisioning's single request. Owns the attempts, their backoff and the
credentials, which are read anew before every attempt because the broker's container may write them after this process
started. Keeps no message: what was in flight when a connection ends is the caller's to send again, so every
connection is a new paho client with nothing of the old one in it.

paho has a thread of its own; everything that it tells is handed to the event loop in the order in which it came.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from loguru import logger
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bridge.errors import BrokerError
from bridge.outage import Outage

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from paho.mqtt.reasoncodes import ReasonCode

    from bridge.health.metrics import Metrics
    from bridge.settings import BrokerSettings

CLIENT_ID = "dlms-bridge-publisher"
_CONNECT_S = 5.0  # to the same machine: longer means that nobody is there
_KEEPALIVE_S = 15
_BACKOFF_S, _BACKOFF_CAP_S = 0.25, 10.0
_GOODBYE_S = 1.0
_STABLE_S = 10.0  # a connection that held so long begins the backoff anew


class Listener(Protocol):
    """Who is told what the broker does; always on the event loop."""

    def broker_up(self) -> None:
        """Connected. What comes on the topics subscribed to comes after this."""

    def broker_down(self) -> None:
        """Not any more; nothing that was in flight will be acknowledged."""

    def puback(self, message_id: int) -> None:
        """The broker acknowledged the message that :meth:`Broker.publish` gave this number."""

    def message(self, topic: str, payload: bytes) -> None:
        """One came on a topic subscribed to."""


class Broker:
    """The local Mosquitto.

    Args:
        settings: where it is, and the file with user name and password.
        topics: what to subscribe to, QoS 0, at every connection.
        metrics: connections are counted there.
        rng: jitter of the backoff.
    """

    def __init__(
        self, settings: BrokerSettings, *, topics: Sequence[str], metrics: Metrics, rng: random.Random
    ) -> None:
        self._settings = settings
        self._topics = topics
        self._metrics = metrics
        self._rng = rng
        self._client: mqtt.Client | None = None  # the one that is connected
        self._outage = Outage("broker")
        self._leave = asyncio.Event()
        self._leave_reason = ""

    @property
    def connected(self) -> bool:
        """Whether messages can be published now."""
        return self._client is not None

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, expiry_s: int | None = None
    ) -> int | None:
        """Hand a message to the connection; returns at once.

        Args:
            topic: where to.
            payload: the message.
            qos: 0 or 1.
            retain: whether the broker keeps it for later subscribers.
            expiry_s: how long the broker may keep trying to pass it on; None for ever.

        Returns:
            the number that :meth:`Listener.puback` will have, None when there is no connection.
        """
        if self._client is None:
            return None
        properties = None
        if expiry_s is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho types not all of it
            properties.MessageExpiryInterval = expiry_s
        return self._client.publish(topic, payload, qos=qos, retain=retain, properties=properties).mid

    def drop(self, reason: str) -> None:
        """End this connection; :meth:`run` makes the next one."""
        self._leave_reason = reason
        self._leave.set()

    async def run(self, listener: Listener) -> None:
        """Connect, stay connected, connect again. Runs until cancelled; then it disconnects in order."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            connected_at = loop.time()
            try:
                await self._connection(listener)
            except BrokerError as error:
                self._outage.failed(error)
            failures = 1 if loop.time() - connected_at > _STABLE_S else failures + 1
            await asyncio.sleep(
                min(_BACKOFF_S * 2 ** min(failures - 1, 10), _BACKOFF_CAP_S) * self._rng.uniform(0.5, 1.0)
            )

    async def _connection(self, listener: Listener) -> None:
        """One connection, from its first packet to its last.

        Raises:
            BrokerError: how it ended, or why it did not begin.
        """
        client = self._new_client()
        events = _Events(asyncio.get_running_loop(), listener)
        events.attach(client)
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            try:
                await _connect(client, self._settings.host, self._settings.port)
            except (OSError, ValueError) as error:
                raise BrokerError(f"cannot connect to {where}: {error}") from error
            client.loop_start()
            try:
                async with asyncio.timeout(_CONNECT_S):
                    await events.connected(where)
            except TimeoutError as error:
                raise BrokerError(f"{where} took the connection and does not answer") from error
            await self._stay(client, events, listener, where)
        finally:
            await _ended(client)

    async def _stay(self, client: mqtt.Client, events: _Events, listener: Listener, where: str) -> None:
        self._leave.clear()
        self._client = client
        self._metrics.broker_connects.inc()
        self._metrics.broker_connected.set(1)
        self._outage.over()
        logger.info("broker | connected to {}", where)
        listener.broker_up()
        if self._topics:
            client.subscribe([(topic, 0) for topic in self._topics])
        leaving = asyncio.create_task(self._leave.wait())
        try:
            await asyncio.wait((events.over, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            self._client = None
            self._metrics.broker_connected.set(0)
            events.deaf = True
            listener.broker_down()
        reason = self._leave_reason if self._leave.is_set() else events.over.result()
        raise BrokerError(f"connection to {where} ended: {reason}")

    def _new_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=CLIENT_ID,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_S
        client.max_inflight_messages_set(1000)  # the window is the confirmation's business
        path = self._settings.credentials_file
        if path is not None:
            try:
                user, password = path.read_text(encoding="utf-8").splitlines()[:2]
            except OSError as error:
                raise BrokerError(
                    f"no credentials: {path}: {error.strerror}",
                    hint="the broker's container writes them when it starts",
                ) from error
            except ValueError as error:
                raise BrokerError(
                    f"no credentials: {path} needs two lines, user name and password",
                    hint="remove it and restart the broker's container, which writes it anew",
                ) from error
            client.username_pw_set(user.strip(), password.strip())
        return client


class _Events:
    """paho's callbacks, from its thread to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: Listener) -> None:
        self._loop = loop
        self._listener = listener
        self._connack: asyncio.Future[ReasonCode] = loop.create_future()
        self.over: asyncio.Future[str] = loop.create_future()
        """Done when the connection is gone; its result says how."""
        self._told: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._is_woken = False
        self._said_refused = False
        self.deaf = False
        """Set once the connection was given up: what its thread still says belongs to nobody."""

    def attach(self, client: mqtt.Client) -> None:
        """Have the client's callbacks arrive here."""
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    async def connected(self, where: str) -> None:
        """Wait until the broker has taken the connection.

        Raises:
            BrokerError: it has not.
        """
        await asyncio.wait((self._connack, self.over), return_when=asyncio.FIRST_COMPLETED)
        if not self._connack.done():
            raise BrokerError(f"{where} ended the connection at once: {self.over.result()}")
        code = self._connack.result()
        if code.is_failure:
            raise BrokerError(
                f"{where} refuses the connection: {code}",
                hint="the credentials file does not match the broker's; it is read again before the next attempt",
            )

    def _tell(self, what: Callable[..., object], *args: object) -> None:
        """Hand something to the loop; it is woken once for all that comes until it listens."""
        self._told.append((what, args))
        if not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # the loop is closed: the process ends, and what was in flight is on disk
                self._loop.call_soon_threadsafe(self._hear)

    def _hear(self) -> None:
        self._is_woken = False  # first: what is told while this runs is either heard here or wakes the loop again
        try:
            while self._told:
                what, args = self._told.popleft()
                if not self.deaf:
                    what(*args)
        finally:
            if self._told:  # one of them failed, which is the loop's to report; the others are heard all the same
                self._loop.call_soon(self._hear)

    def _settle(self, future: asyncio.Future[Any], result: object) -> None:
        if not future.done():
            future.set_result(result)

    def _on_connect(self, _client: object, _data: object, _flags: object, code: ReasonCode, _more: object) -> None:
        self._tell(self._settle, self._connack, code)

    def _on_subscribe(self, _client: object, _data: object, _mid: int, codes: list[ReasonCode], _more: object) -> None:
        if any(code.is_failure for code in codes):
            logger.bind(stage="broker").error(
                "broker | a subscription is refused, so the upstream's state is not known: the broker's ACL must let "
                "this user read it"
            )

    def _on_disconnect(self, _client: object, _data: object, _flags: object, code: ReasonCode, _more: object) -> None:
        self._tell(self._settle, self.over, str(code))

    def _on_publish(self, _client: object, _data: object, mid: int, code: ReasonCode, _more: object) -> None:
        # MQTT 5 tells a refusal from a receipt: what the broker's ACL forbids must not count as delivered.
        self._tell(self._refused if code.is_failure else self._listener.puback, mid)

    def _refused(self, _mid: int) -> None:
        if not self._said_refused:
            self._said_refused = True
            logger.bind(stage="broker").error(
                "broker | refuses a message of this bridge: its ACL must let the bridge's user write it"
            )

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self._tell(self._listener.message, message.topic, bytes(message.payload))


async def _connect(client: mqtt.Client, host: str, port: int) -> None:
    """Open the connection on a thread. Cancelled, it waits for the thread: a socket must not outlive its owner."""
    opening = asyncio.ensure_future(asyncio.to_thread(client.connect, host, port, _KEEPALIVE_S))
    try:
        await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait((opening,))
        raise


async def _ended(client: mqtt.Client) -> None:
    """Disconnect and wait for paho's thread, which ends once the socket is gone."""
    client.disconnect()
    stopping = asyncio.ensure_future(asyncio.to_thread(client.loop_stop))
    await asyncio.wait((stopping,), timeout=_GOODBYE_S)
    connection = client.socket()
    if not stopping.done() and isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # a broker that hangs takes no goodbye
    await stopping
