"""The upstream without a relay: the bridge itself speaks MQTT to ThingsBoard.

Rules

* A message is accepted by its own PUBACK, and by nothing else: several are on the way, and ThingsBoard answers them in
  an order of its own (an answer may overtake the PUBACK of what was sent before its question).
* On MQTT 5 a PUBACK may be a refusal: it is about that message, and the session stands. On 3.1.1 a refused message
  looks like an accepted one, or ends the session.
* Up to 4.2 a message of several devices is acknowledged once for each of them, the first time when the first device is
  taken: the first PUBACK counts, the confirmation's grace covers the rest, later ones find no message.
* What a session ended on is not sent again from here: the outbox has it.
* Where there is a local broker, the live copies go there; what becomes of that connection changes nothing here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from loguru import logger

from bridge.delivery.mqtt_events import FAILURE
from bridge.delivery.upstream import Cause, RefusalReason

if TYPE_CHECKING:
    from bridge.delivery.broker import Broker
    from bridge.delivery.messages import Message
    from bridge.delivery.thingsboard_connection import ThingsBoardConnection
    from bridge.delivery.upstream import Listener

_AT_MOST = 64
"""ThingsBoard takes 1,000 at once. How many are on the way the line's bounds say, which are tighter."""
_TO_ALL = ("v1/devices/me/rpc/response/+", "v1/devices/me/attributes/response/+", "v1/devices/me/rpc/request/+")
_TO_GATEWAY = ("v1/gateway/rpc", "v1/gateway/attributes", "v1/gateway/attributes/response")
_TO_DEVICE = ("v1/devices/me/attributes",)
_TOLD_OF_LIMITS = "v1/gateway/disconnect"
"""On MQTT 5 some of the devices that a limit hit are named here, unasked, before the session is closed."""
_REFUSALS = {
    0x97: RefusalReason.QUOTA,
    0x99: RefusalReason.UNREADABLE,
    0x90: RefusalReason.TOPIC,
    0x83: RefusalReason.SPECIFIC,
}


class DirectUpstream:
    """See the module's rules; the contract is :class:`~bridge.delivery.upstream.Upstream`.

    Args:
        connection: to ThingsBoard.
        broker: for live copies; None for none.
    """

    acknowledges = True
    needs_broker = False

    def __init__(self, connection: ThingsBoardConnection, broker: Broker | None = None) -> None:
        self._connection = connection
        self._broker = broker
        self._listener: Listener | None = None
        self._sent: dict[int, Message] = {}

    @staticmethod
    def topics(*, as_device: bool) -> tuple[str, ...]:
        """What the connection has to subscribe to."""
        return (*_TO_ALL, *(_TO_DEVICE if as_device else _TO_GATEWAY))

    @property
    def way(self) -> str:
        """For people."""
        return f"direct, {self._connection.version}"

    @property
    def broker_connected(self) -> bool | None:
        """Whether the local broker is connected; None where there is none."""
        return None if self._broker is None else self._broker.connected

    @property
    def token_refused(self) -> bool:
        """Whether ThingsBoard does not know the token."""
        return self._connection.token_refused

    @property
    def room(self) -> int:
        """Nothing piles up here: what is never acknowledged takes no room."""
        return _AT_MOST

    async def run(self, listener: Listener) -> None:
        """Keep the session up, and the connection to the local broker where there is one."""
        self._listener = listener
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._connection.run(self), name="ThingsBoard")
            if self._broker is not None:
                tasks.create_task(self._broker.run(_NoEar()), name="local broker")

    def send(self, message: Message) -> None:
        """Publish it."""
        number = self._connection.publish(message.topic, message.payload)
        if number is not None:
            self._sent[number] = message

    def show(self, topic: str, payload: bytes) -> None:
        """Publish the live copy on the local broker, retained, QoS 0."""
        if self._broker is not None:
            self._broker.show(topic, payload)

    def renew(self, why: str) -> None:
        """End the session; the next one begins at once."""
        self._connection.drop()
        self.session_down(why, Cause.UNKNOWN)

    # What the connection tells.

    def session_up(self) -> None:
        """A session began."""
        self._sent.clear()
        if self._listener is not None:
            self._listener.up()

    def session_down(self, why: str, cause: Cause) -> None:
        """It ended."""
        self._sent.clear()
        if self._listener is not None:
            self._listener.down(why, cause)

    def puback(self, number: int, code: int, said: str) -> None:
        """A message is taken, or refused."""
        message = self._sent.pop(number, None)
        if message is None or self._listener is None:
            return
        if code < FAILURE:
            self._listener.accepted([message])
        else:
            self._listener.refused(message, _REFUSALS.get(code, RefusalReason.OTHER), said)

    def message(self, topic: str, payload: bytes) -> None:
        """An answer, or a call."""
        if topic == _TOLD_OF_LIMITS:
            logger.debug("upstream | ThingsBoard says that a limit is passed: {}", payload.decode(errors="replace"))
        elif self._listener is not None:
            self._listener.received(topic, payload)


class _NoEar:
    """Nothing that the local broker tells is for us."""

    def broker_up(self) -> None:
        """The next live copies get there."""

    def broker_down(self) -> None:
        """They are dropped."""

    def puback(self, message_id: int) -> None:
        """Nobody waits for it."""

    def message(self, topic: str, payload: bytes) -> None:
        """Nothing was subscribed to."""
