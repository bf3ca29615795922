"""The client's side of the model: sessions, and what comes in them.

Rules: one session a device, the newcomer ends the older one. A session begins with what costs the tenant's limit a
regular message; so does a subscription to calls and to attributes. More than 100 messages before the CONNACK close it,
and so does a packet over 65,536 bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.thingsboard import own_topics, provisioning
from tests.thingsboard.calls import SUBSCRIPTION, Calls
from tests.thingsboard.devices import Device
from tests.thingsboard.events import MQTT_3, MQTT_5, Event, Refusal, Session
from tests.thingsboard.gateway_topics import PREFIX as GATEWAY
from tests.thingsboard.gateway_topics import GatewayTopics
from tests.thingsboard.payloads import MAX_PACKET_BYTES
from tests.thingsboard.transport import BAD_TOPIC, QUOTA, Transport

if TYPE_CHECKING:
    import random
    from collections import Counter
    from collections.abc import Iterable

    from tests.thingsboard.behaviour import Behaviour

MAX_EARLY_MESSAGES = 100
TAKEN_OVER = "Session taken over"
_UNSUPPORTED, _NOT_AUTHORIZED, _NOT_AUTHORIZED_5 = 0x84, 5, 0x87
_UNAVAILABLE, _UNAVAILABLE_5 = 3, 0x88
_GRANTED, _FAILURE, _BAD_FILTER = 1, 0x80, 0x8F
_FILTERS = {
    "v1/devices/me/attributes", "v1/devices/me/attributes/response/+", SUBSCRIPTION, "v1/devices/me/rpc/response/+",
    "v1/gateway/attributes", "v1/gateway/attributes/response", "v1/gateway/rpc", provisioning.RESPONSE,
}  # fmt: skip
_COSTLY_FILTERS = {"v1/devices/me/attributes", SUBSCRIPTION}


class Sessions:
    """Takes what clients send; what comes of it is the subclass's to tell."""

    def __init__(self, behaviour: Behaviour, *, rng: random.Random) -> None:
        self.behaviour = behaviour
        self._transport = Transport(behaviour, rng)
        self._calls = Calls(self._transport)
        self._gateway_topics = GatewayTopics(self._transport, self._calls)
        self._own_topics = own_topics.OwnTopics(self._transport, self._calls)
        self._devices = self._transport.devices
        self._devices.on_open = self._calls.reached
        self._gateway: Device | None = self._devices.add(behaviour.gateway_name)
        self._provisioned: dict[str, Device] = {}
        self._sessions: list[Session] = []
        self._kept: list[Event] = []
        self._up = True
        self._available_s = 0.0
        self.counts: Counter[str] = self._transport.counts
        """``sessions``, ``refused`` (by CONNACK), ``thrown out``; ``messages`` (of telemetry), ``fences``; and what
        went otherwise: ``past limit`` (``drop_every`` among them), ``too large``, ``unreadable``, ``unknown topic``,
        ``no gateway``, ``early`` (sessions closed for what came before the CONNACK)."""

    def add_gateway(self, name: str, token: str) -> None:
        """Make one gateway more, with a token of its own."""
        device = self._devices.add(name)
        device.marked = True
        self._provisioned[token] = device

    def connect(self, now_s: float, *, token: str, mqtt: int = MQTT_3, client_id: str = "") -> Session | Refusal:
        """Begin a session; an older one of the token ends.

        Args:
            token: the user name; ``provision`` for a session that can ask for a token and nothing else.
            mqtt: the level in CONNECT: 4 is 3.1.1, 5 is 5.
        """
        if not self._up:
            return Refusal(None)
        if mqtt not in (MQTT_3, MQTT_5) or (mqtt == MQTT_5 and not self.behaviour.mqtt5_accepted):
            return Refusal(_UNSUPPORTED if mqtt == MQTT_5 else 1)
        if now_s < self._available_s:
            return Refusal(_UNAVAILABLE_5 if mqtt == MQTT_5 else _UNAVAILABLE)
        self._kept += self._transport.due(now_s)
        device = Device("", "") if token == provisioning.USER else self._device_of(token)
        if device is None:
            self.counts["refused"] += 1
            return Refusal(_NOT_AUTHORIZED_5 if mqtt == MQTT_5 else _NOT_AUTHORIZED)
        self.counts["sessions"] += 1
        if device.where is not None:
            self.counts["thrown out"] += 1
            self._transport.close(device.where[0], now_s, TAKEN_OVER)
            self._kept += self._transport.due(now_s)
        is_gateway = self.behaviour.is_gateway if device.marked is None else device.marked
        session = Session(device, token, mqtt, client_id, is_gateway, now_s + self.behaviour.connack_s)
        session.provisioning = token == provisioning.USER
        device.where = (session, device.name)
        self._sessions = [one for one in self._sessions if one.alive]
        self._sessions.append(session)
        self._transport.book.regular(now_s)
        return session

    def publish(
        self, session: Session, now_s: float, *, mid: int | None, topic: str, payload: bytes | str, qos: int = 1
    ) -> None:
        """A message of the client's came, whole. Of a session that is over nothing does."""
        if not session.alive or not self._up:
            return
        self._transport.store_until(now_s)
        payload = payload.encode() if isinstance(payload, str) else payload
        mid = mid if qos else None
        if now_s < session.ready_s:
            session.early += 1
            if session.early > MAX_EARLY_MESSAGES:
                self.counts["early"] += 1
                self._transport.close(session, now_s)
                return
        size = len(topic.encode()) + 2 + (2 if qos else 0) + (session.mqtt == MQTT_5) + len(payload)
        if size > MAX_PACKET_BYTES:
            self.counts["too large"] += 1
            self._transport.close(session, now_s, "Malformed packet")
        elif session.provisioning:
            self._provision(session, now_s, mid, topic, payload)
        elif topic in (GATEWAY + "telemetry", own_topics.TELEMETRY) and self._dropped(session, mid, now_s):
            pass
        elif topic.startswith(GATEWAY):
            self._transport.reader.poison = self.behaviour.poison
            self._gateway_topics.publish(session, mid, topic, payload, now_s)
        elif topic.startswith(own_topics.PREFIX):
            self._transport.reader.poison = self.behaviour.poison
            self._own_topics.publish(session, mid, topic, payload, now_s)
        else:
            self.counts["unknown topic"] += 1
            self._transport.puback(session, mid, self._transport.soon_after(now_s), BAD_TOPIC)

    def subscribe(self, session: Session, topics: Iterable[str], now_s: float) -> list[int]:
        """Return the SUBACK's codes. Two of the filters are a regular message each, and pass over the limit."""
        codes = []
        for topic in topics:
            known = topic in _FILTERS
            codes.append(_GRANTED if known else _BAD_FILTER if session.mqtt == MQTT_5 else _FAILURE)
            if not known or not session.alive:
                continue
            session.subscriptions.add(topic)
            if topic in _COSTLY_FILTERS:
                self._transport.book.regular(now_s)
            if topic == SUBSCRIPTION:
                self._calls.reached(session.device, now_s)
        return codes

    def unsubscribe(self, session: Session, topics: Iterable[str], now_s: float) -> None:
        """What was subscribed to is so no longer."""
        session.subscriptions.difference_update(topics)

    def disconnect(self, session: Session, now_s: float) -> None:
        """The client went, cleanly or not: what was on its way to it is gone, what it sent is not."""
        if session.alive:
            self._kept += self._transport.due(now_s)
            self._transport.end(session)

    def _device_of(self, token: str) -> Device | None:
        return self._gateway if token == self.behaviour.token else self._provisioned.get(token)

    def _dropped(self, session: Session, mid: int | None, now_s: float) -> bool:
        self.counts["messages"] += 1
        every = self.behaviour.drop_every
        if not every or self.counts["messages"] % every:
            return False
        self.counts["past limit"] += 1
        when_s = self._transport.soon_after(now_s)
        if self.behaviour.drop_acknowledges:
            self._transport.puback(session, mid, when_s, QUOTA)
        self._transport.close(session, when_s + 1e-6)
        return True

    def _provision(self, session: Session, now_s: float, mid: int | None, topic: str, payload: bytes) -> None:
        when_s = self._transport.soon_after(now_s)
        if topic != provisioning.REQUEST:
            self._transport.close(session, when_s)
            return
        self._transport.puback(session, mid, when_s)
        answer, token = provisioning.answer(self.behaviour, payload, self._devices, self._transport.rng)
        if token is not None:
            self._provisioned[token] = self._devices.by_name[answer.pop("deviceName")]
        self._transport.deliver(session, when_s, provisioning.RESPONSE, answer)
