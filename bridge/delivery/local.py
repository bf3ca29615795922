"""No ThingsBoard: the local broker is where samples go, and its acknowledgement accepts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.delivery.broker import Broker
    from bridge.delivery.messages import Message
    from bridge.delivery.upstream import Listener

_AT_MOST = 16


class LocalUpstream:
    """The contract is :class:`~bridge.delivery.upstream.Upstream`; a session is the connection to the local broker.

    Args:
        broker: that connection.
    """

    acknowledges = True
    needs_broker = True

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._listener: Listener | None = None
        self._sent: dict[int, Message] = {}

    @property
    def way(self) -> str:
        """There is no ThingsBoard."""
        return ""

    @property
    def broker_connected(self) -> bool | None:
        """Whether the local broker is connected."""
        return self._broker.connected

    @property
    def token_refused(self) -> bool:
        """There is no token."""
        return False

    @property
    def room(self) -> int:
        """How many messages more may be on the way."""
        return max(0, _AT_MOST - len(self._sent))

    async def run(self, listener: Listener) -> None:
        """Keep the connection up."""
        self._listener = listener
        await self._broker.run(self)

    def send(self, message: Message) -> None:
        """Publish to the local broker."""
        number = self._broker.publish(message.topic, message.payload)
        if number is not None:
            self._sent[number] = message

    def show(self, topic: str, payload: bytes) -> None:
        """Publish the live copy, retained, QoS 0."""
        self._broker.show(topic, payload)

    def renew(self, why: str) -> None:
        """Connect to the broker anew."""
        self._broker.drop(why)

    def broker_up(self) -> None:
        """Connected."""
        self._sent.clear()
        if self._listener is not None:
            self._listener.up()

    def broker_down(self) -> None:
        """Not any more."""
        self._sent.clear()
        if self._listener is not None:
            self._listener.down("no connection to the local broker")

    def puback(self, message_id: int) -> None:
        """The broker has a message."""
        message = self._sent.pop(message_id, None)
        if message is not None and self._listener is not None:
            self._listener.accepted([message])

    def message(self, topic: str, payload: bytes) -> None:
        """Nothing that comes here is for us."""
