"""The connection to the local broker: made, kept, made again for ever.

Owns the attempts, their backoff and the credentials, which are read anew before every attempt because the broker's
container may write them after this process started. Keeps no message: what was in flight when a connection ends is the
caller's to send again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from loguru import logger

from bridge.delivery.mqtt_client import MqttSession, Peer, session
from bridge.delivery.mqtt_events import FAILURE, Refused
from bridge.errors import BrokerError
from bridge.log_lines import Outage

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from bridge.configuration.settings import BrokerSettings
    from bridge.delivery.metrics import DeliveryMetrics
    from bridge.delivery.mqtt_client import Will

CLIENT_ID = "dlms-bridge-publisher"
_CONNECT_S = 5.0  # to the same machine: longer means that nobody is there
_KEEPALIVE_S = 15
_BACKOFF_S, _BACKOFF_CAP_S = 0.25, 10.0
_TOGETHER_S = 0.02
_STABLE_S = 10.0  # a connection that held so long begins the backoff anew


class BrokerListener(Protocol):
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
        metrics: connections are counted there; None counts none.
        rng: jitter of the backoff.
        part: whose connection it is, for the log.
        client_id: the broker ends an older session of the same.
        will: what the broker says when the connection is gone; None for nothing.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        topics: Sequence[str],
        metrics: DeliveryMetrics | None = None,
        rng: random.Random,
        part: str = "broker",
        client_id: str = CLIENT_ID,
        will: Will | None = None,
    ) -> None:
        self._settings = settings
        self._part, self._client_id, self._will = part, client_id, will
        self._topics = topics
        self._metrics = metrics
        self._rng = rng
        self._session: MqttSession | None = None  # the one that stands
        self._shown: list[tuple[str, bytes]] = []  # what is to go out with it, together
        self._outage = Outage(part)
        self._leave = asyncio.Event()
        self._leave_reason = ""

    @property
    def connected(self) -> bool:
        """Whether messages can be published now."""
        return self._session is not None

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
            the number that :meth:`BrokerListener.puback` will have, None when there is no connection.
        """
        if self._session is None:
            return None
        return self._session.publish(topic, payload, qos=qos, retain=retain, expiry_s=expiry_s)

    def show(self, topic: str, payload: bytes) -> None:
        """Have the broker keep a message for whoever subscribes, QoS 0; dropped where there is no connection.

        Those of 20 ms go out together: by itself each would cost a switch of threads and a system call.
        """
        if self._session is None:
            return
        if not self._shown:
            asyncio.get_running_loop().call_later(_TOGETHER_S, self._show_all)
        self._shown.append((topic, payload))

    def _show_all(self) -> None:
        shown, self._shown = self._shown, []
        if self._session is not None and shown:
            self._session.show(shown)

    def drop(self, reason: str) -> None:
        """End this connection; :meth:`run` makes the next one."""
        self._leave_reason = reason
        self._leave.set()

    async def run(self, listener: BrokerListener) -> None:
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

    async def _connection(self, listener: BrokerListener) -> None:
        """One connection, from its first packet to its last.

        Raises:
            BrokerError: how it ended, or why it did not begin.
        """
        peer = self._peer()
        where = f"{peer.host}:{peer.port}"
        ear = _Ear(listener)
        try:
            async with session(peer, ear) as one:
                await self._stay(one, ear, where)
        except Refused as refusal:
            raise BrokerError(
                f"{where} refuses the connection: {refusal}",
                hint="the credentials file does not match the broker's; it is read again before the next attempt",
            ) from refusal
        except TimeoutError as error:
            raise BrokerError(f"{where} took the connection and does not answer") from error
        except OSError as error:
            raise BrokerError(f"cannot connect to {where}: {error}") from error

    async def _stay(self, one: MqttSession, ear: _Ear, where: str) -> None:
        self._leave.clear()
        self._session = one
        if self._metrics is not None:
            self._metrics.broker_connects.inc()
            self._metrics.broker_connected.set(1)
        self._outage.over()
        logger.info("{} | connected to {}", self._part, where)
        ear.listener.broker_up()
        if self._topics:
            one.subscribe(self._topics).add_done_callback(_look_at_suback)
        leaving = asyncio.create_task(self._leave.wait())
        try:
            await asyncio.wait((one.over, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            self._session = None
            self._shown.clear()
            if self._metrics is not None:
                self._metrics.broker_connected.set(0)
            ear.is_over = True
            ear.listener.broker_down()
        reason = self._leave_reason if self._leave.is_set() else one.over.result().said
        raise BrokerError(f"connection to {where} ended: {reason}")

    def _peer(self) -> Peer:
        path = self._settings.credentials_file
        user = password = None
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
        return Peer(
            self._settings.where, self._settings.port, client_id=self._client_id,
            user=user and user.strip(), password=password and password.strip(),
            keepalive_s=_KEEPALIVE_S, patience_s=_CONNECT_S, will=self._will,
        )  # fmt: skip


def _look_at_suback(granted: asyncio.Future[bool]) -> None:
    if not granted.cancelled() and not granted.result():
        logger.bind(stage="broker").error(
            "broker | a subscription is refused, so the upstream's state is not known: the broker's ACL must let "
            "this user read it"
        )


class _Ear:
    """What comes in one session; deaf once it is given up."""

    def __init__(self, listener: BrokerListener) -> None:
        self.listener = listener
        self.is_over = False
        self._said_refused = False

    def puback(self, number: int, code: int, said: str) -> None:
        """MQTT 5 tells a refusal from a receipt: what the broker's ACL forbids must not count as delivered."""
        _ = said
        if self.is_over:
            return
        if code < FAILURE:
            self.listener.puback(number)
        elif not self._said_refused:
            self._said_refused = True
            logger.bind(stage="broker").error(
                "broker | refuses a message of this bridge: its ACL must let the bridge's user write it"
            )

    def message(self, topic: str, payload: bytes) -> None:
        """Pass it on."""
        if not self.is_over:
            self.listener.message(topic, payload)
