"""The upstream by way of the local Mosquitto, which relays to ThingsBoard on MQTT 3.1.1.

The relay acknowledges what it only has in memory, so its receipts say nothing. What says something is an answer: the
relay has one message in flight, so whatever ThingsBoard answers was asked after everything before it had been
acknowledged. Hence the rule of this file:

* What the relay held when a session ended it sends first in the next one. If that one ends too, before it answered
  anything, what is held may be the reason: the relay is emptied by making the connection anew. Until something was
  answered nobody knows what it holds of an earlier run of the bridge, so that counts as held.
* Any answer from ThingsBoard (about the mark, its limits, a device) accepts every message sent before
  that question, and the question.

It holds on every ThingsBoard from 3.6 to 4.3 and needs no acknowledgement of a single message. Up to 4.2 a message of
several devices is acknowledged once for each of them, the first time when the first device is taken, so the others may
be some milliseconds behind what is called accepted here; the confirmation's grace covers that.

With ``by_receipt`` (``THINGSBOARD__CONFIRM=puback``) the local receipt accepts: for a server that answers nothing.

A relay that is stuck behind a message which is never acknowledged is made to connect anew by a message on
:data:`RENEW`, upon which ``mosquitto/start.sh`` has Mosquitto reload its bridges: what lay in the relay is gone then,
and is sent again from disk.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from bridge.delivery.relay_queue import TOPICS, RelayQueue

if TYPE_CHECKING:
    from bridge.delivery.broker import Broker
    from bridge.delivery.messages import Message
    from bridge.delivery.token_trial import TokenTrial
    from bridge.delivery.upstream import Listener

STATE = "$SYS/broker/connection/dlms-bridge/state"
RENEW = "relay/renew"
HELD = "relay/held"
"""Nothing is sent here but by the relay's health check on Swarm: who hears it is the bridge, and no drain."""
PREFIX = "upstream/"
"""What comes from ThingsBoard lies under this locally: on its own topics the bridge would hear its own messages."""

_GATEWAY_ANSWER = "v1/gateway/attributes/response"
_AT_MOST = 64
"""Messages in the relay: far below Mosquitto's own bound of 1,000, past which it drops the newest and says nothing."""
_RENEWED_WITHIN_S = 15.0
_EXPIRY_S = 3600
"""What the relay cannot pass on for so long it throws away; the bridge has renewed it long before."""


class MosquittoUpstream:
    """See the module's rules; the contract is :class:`~bridge.delivery.upstream.Upstream`.

    Args:
        broker: the connection to the local Mosquitto.
        by_receipt: whether the local receipt accepts a message.
        trial: finds out why there is no session, for Mosquitto does not tell; None where that is not asked.
    """

    acknowledges = False
    needs_broker = True

    def __init__(
        self,
        broker: Broker,
        *,
        by_receipt: bool = False,
        trial: TokenTrial | None = None,
        may_renew: bool = True,
    ) -> None:
        self._broker = broker
        self._may_renew = may_renew
        self._trial = trial
        self._by_receipt = by_receipt
        self._listener: Listener | None = None
        self._sent: deque[Message] = deque()
        self._by_number: dict[int, Message] = {}
        self._queue = RelayQueue()
        self._is_up = False
        self._has_leftovers = True  # of an earlier session, or run, which Mosquitto sends first in the next one
        self._has_answered = False
        self._renewals = 0  # counts what was heard of the session: a renewal that nothing was heard after failed

    @property
    def way(self) -> str:
        """For people."""
        return "through the local broker, MQTT 3.1.1"

    @property
    def broker_connected(self) -> bool | None:
        """Whether the local broker is connected."""
        return self._broker.connected

    @property
    def token_refused(self) -> bool:
        """Whether ThingsBoard does not know the token: Mosquitto does not say, so it is tried now and then."""
        return self._trial is not None and self._trial.is_refused

    @property
    def is_up(self) -> bool:
        """Whether Mosquitto said that it has a session with ThingsBoard."""
        return self._is_up

    @property
    def room(self) -> int:
        """How many messages more the relay should hold."""
        held = len(self._sent)
        if self._by_receipt:
            held = max(held, self._queue.queued or 0)
        return max(0, _AT_MOST - held)

    @staticmethod
    def topics(*, beside: bool = False) -> tuple[str, ...]:
        """What the connection to the local broker subscribes to; ``beside`` another it does not hold the relay."""
        return (STATE, f"{PREFIX}#", *TOPICS, *(() if beside else (HELD,)))

    async def run(self, listener: Listener) -> None:
        """Keep the connection to the local broker up, and tell the listener what comes over it."""
        self._listener = listener
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._broker.run(self), name="local broker")
            if self._trial is not None:
                tasks.create_task(
                    self._trial.run(is_up=lambda: self._is_up, is_down=self._is_down, say=listener.down),
                    name="trial of the token",
                )

    def send(self, message: Message) -> None:
        """Publish to the local broker, which passes it on in order."""
        number = self._broker.publish(message.topic, message.payload, expiry_s=_EXPIRY_S)
        if number is not None:
            self._sent.append(message)
            if self._by_receipt:
                self._by_number[number] = message

    def show(self, topic: str, payload: bytes) -> None:
        """Publish the live copy, retained, QoS 0."""
        self._broker.show(topic, payload)

    def renew(self, why: str) -> None:
        """Have Mosquitto drop its session with ThingsBoard and what it holds, and connect anew."""
        self._ended(why)
        if self._may_renew:
            self._broker.publish(RENEW, why.encode())
            self._has_leftovers = False
        # Mosquitto says that the session is gone, and when the next one stands. One that says neither (it was not
        # started by our start.sh) is asked by connecting to it anew: a subscriber is told the state as it is.
        asyncio.get_running_loop().call_later(_RENEWED_WITHIN_S, self._ask_state, self._renewals)

    def _ask_state(self, renewal: int) -> None:
        if renewal == self._renewals and not self._is_up:
            self._broker.drop("Mosquitto does not say whether it has a session with ThingsBoard")

    def _is_down(self) -> bool:
        """Whether Mosquitto is there and has no session with ThingsBoard."""
        return self._broker.connected and not self._is_up

    # What the local broker tells.

    def broker_up(self) -> None:
        """Connected. Whether there is a session upstream comes on its own topic."""
        self._queue = RelayQueue()

    def broker_down(self) -> None:
        """Whatever the broker had may be gone with it."""
        self._ended("no connection to the local broker")

    def puback(self, message_id: int) -> None:
        """The local broker has a message."""
        message = self._by_number.pop(message_id, None)
        if message is not None and message in self._sent:
            self._accept_upto(message)

    def message(self, topic: str, payload: bytes) -> None:
        """The relay's state, an answer, a call for a meter, what Mosquitto says of its queue."""
        listener = self._listener
        if listener is None:
            return
        if topic == STATE:
            self._state(listener, is_up=payload == b"1")
        elif topic.startswith(PREFIX):
            self._answered(topic.removeprefix(PREFIX), payload)
            listener.received(topic.removeprefix(PREFIX), payload)
        elif topic in TOPICS and self._queue.hear(topic, payload) and self._is_up:
            self._ended("Mosquitto dropped messages")
            self._state(listener, is_up=True)

    def _state(self, listener: Listener, *, is_up: bool) -> None:
        # What the relay held when its session ended it sends first in the next one; the first answer there accepts it.
        self._renewals += 1
        if not is_up:
            ended_on_leftovers = self._is_up and self._has_leftovers and not self._has_answered
            self._ended("Mosquitto has no connection to ThingsBoard")
            if ended_on_leftovers:
                self.renew("sessions end on what Mosquitto still holds of earlier ones")
            return
        self._forget()
        self._is_up, self._has_answered = True, False
        listener.up()

    def _ended(self, why: str) -> None:
        self._is_up = False
        self._has_leftovers = self._has_leftovers or bool(self._sent)
        self._forget()
        if self._listener is not None:
            self._listener.down(why)

    def _forget(self) -> None:
        self._sent.clear()
        self._by_number.clear()

    def _answered(self, topic: str, payload: bytes) -> None:
        """Accept what was sent up to the question that this answers; a leftover of an earlier session answers none."""
        name: object = topic
        if topic == _GATEWAY_ANSWER:
            with suppress(ValueError, TypeError, KeyError, RecursionError):
                name = f"{topic}/{json.loads(payload)['id']}"
        for message in self._sent:
            if message.answer == name:
                self._has_answered, self._has_leftovers = True, False
                self._accept_upto(message)
                return

    def _accept_upto(self, last: Message) -> None:
        accepted = []
        while self._sent:
            message = self._sent.popleft()
            accepted.append(message)
            if message is last:
                break
        if self._listener is not None:
            self._listener.accepted(accepted)
