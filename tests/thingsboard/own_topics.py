"""What ThingsBoard makes of ``v1/devices/me/…``: the session's own telemetry, attributes, fence and calls.

Rules, all from the recordings: ``getSessionLimits`` costs nothing from 3.9 on; all else is counted by the tenant's
limits alone, and past them the session closes without an acknowledgement. Attributes are answered from what is stored,
which is the old value while the database is away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.thingsboard.payloads import MAX_PACKET_BYTES, Malformed, parse
from tests.thingsboard.transport import BAD_TOPIC, SPECIFIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.thingsboard.behaviour import Limits
    from tests.thingsboard.calls import Calls
    from tests.thingsboard.events import Event, Session
    from tests.thingsboard.transport import Transport

PREFIX = "v1/devices/me/"
TELEMETRY = PREFIX + "telemetry"
ATTRIBUTES = PREFIX + "attributes"
ATTRIBUTES_REQUEST = PREFIX + "attributes/request/"
CALL = PREFIX + "rpc/request/"
ANSWER = PREFIX + "rpc/response/"


class OwnTopics:
    """One server's."""

    def __init__(self, transport: Transport, calls: Calls) -> None:
        self._transport, self._calls = transport, calls

    def publish(self, session: Session, mid: int | None, topic: str, payload: bytes, now_s: float) -> None:
        """Take a message."""
        transport = self._transport
        try:
            if topic == TELEMETRY:
                self._telemetry(session, mid, parse(payload), now_s)
            elif topic == ATTRIBUTES:
                self._attributes(session, mid, parse(payload), now_s)
            elif topic.startswith(ATTRIBUTES_REQUEST):
                self._request(session, mid, topic.removeprefix(ATTRIBUTES_REQUEST), parse(payload), now_s)
            elif topic.startswith(CALL):
                self._question(session, mid, topic.removeprefix(CALL), parse(payload), now_s)
            elif topic.startswith(ANSWER):
                self._answer(session, mid, topic.removeprefix(ANSWER), parse(payload), now_s)
            else:
                transport.counts["unknown topic"] += 1
                transport.puback(session, mid, self._transport.soon_after(now_s), BAD_TOPIC)
        except Malformed:
            transport.fail(session, mid, now_s, in_rows=True)

    def _over(self, session: Session, now_s: float) -> None:
        self._transport.counts["past limit"] += 1
        self._transport.close(session, self._transport.soon_after(now_s), SPECIFIC)

    def _telemetry(self, session: Session, mid: int | None, content: Any, now_s: float) -> None:
        transport = self._transport
        now_ms = transport.behaviour.epoch_ms + int(now_s * 1000)
        rows, points = transport.reader.rows(content if type(content) is list else [content], now_ms)
        if not transport.book.telemetry(points, now_s):
            self._over(session, now_s)
            return
        transport.puback(session, mid, transport.accept(session.device, rows, now_s, now_s))

    def _attributes(self, session: Session, mid: int | None, content: Any, now_s: float) -> None:
        transport = self._transport
        values = transport.reader.values(content)
        if not transport.book.telemetry(len(values), now_s):
            self._over(session, now_s)
            return
        when_s = transport.acknowledge(session, mid, now_s)
        if transport.behaviour.answers_mark and transport.reader.storable(values):
            transport.accept_attributes(session.device, values, when_s)

    def _request(self, session: Session, mid: int | None, number: str, content: Any, now_s: float) -> None:
        transport = self._transport
        if type(content) is not dict:
            raise Malformed
        if not transport.book.regular(now_s):
            self._over(session, now_s)
            return
        when_s = transport.acknowledge(session, mid, now_s)
        keys = str(content.get("clientKeys", "")).split(",")

        def answer(now_s: float) -> Iterable[Event]:
            transport.store_until(now_s)
            attributes = session.device.attributes
            found = {key: attributes[key] for key in keys if key in attributes}
            told = {"client": found} if found else {}
            asked = [key for key in str(content.get("sharedKeys", "")).split(",") if key in session.device.shared]
            if asked:
                told["shared"] = {key: session.device.shared[key] for key in asked}
            transport.deliver(session, now_s, f"{PREFIX}attributes/response/{number}", told)
            return ()

        transport.at(when_s + transport.soon(transport.behaviour.answer_s), answer)

    def _question(self, session: Session, mid: int | None, number: str, content: Any, now_s: float) -> None:
        transport, behaviour = self._transport, self._transport.behaviour
        if type(content) is not dict:
            raise Malformed
        # Older ones put the question into the queue, as any other.
        transport.counts["fences"] += content.get("method") == "getSessionLimits"
        known = content.get("method") == "getSessionLimits" and behaviour.traits.answers_limits
        if not known and not transport.book.regular(now_s):
            self._over(session, now_s)
            return
        if not known:
            transport.puback(session, mid, now_s + transport.soon(behaviour.open_s) * transport.rng.random())
            return
        when_s = transport.acknowledge(session, mid, now_s)
        if behaviour.answers_fence:
            transport.deliver(session, when_s, ANSWER + number, self._limits(session))

    def _limits(self, session: Session) -> dict[str, Any]:
        behaviour = self._transport.behaviour
        told: dict[str, Any] = {"maxPayloadSize": MAX_PACKET_BYTES, "maxInflightMessages": 100}
        gateway, device = behaviour.tells_gateway, behaviour.tells_device
        told["rateLimits"] = _told(device if device is not None else behaviour.device)
        if session.is_gateway:
            told["gatewayRateLimits"] = _told(gateway if gateway is not None else behaviour.gateway)
        return told

    def _answer(self, session: Session, mid: int | None, number: str, content: Any, now_s: float) -> None:
        if not self._transport.book.regular(now_s):
            self._over(session, now_s)
            return
        when_s = self._transport.acknowledge(session, mid, now_s)
        if number.isdigit():
            self._calls.answered(session.device, int(number), content, when_s)


def _told(limits: Limits) -> dict[str, str | None]:
    return {
        "messages": limits.messages or None,
        "telemetryMessages": limits.telemetry or None,
        "telemetryDataPoints": limits.points or None,
    }
