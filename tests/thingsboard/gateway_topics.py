"""What ThingsBoard makes of ``v1/gateway/…``, but for messages of several devices (``entries.py``).

Rules, all from the recordings: a session whose device is not marked *Is gateway* is never acknowledged; past the
regular limit an opening closes the session without an acknowledgement, an attribute request with one (4.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.thingsboard.devices import How
from tests.thingsboard.entries import Entries
from tests.thingsboard.payloads import Malformed, parse
from tests.thingsboard.transport import BAD_TOPIC, QUOTA, SHUTTING_DOWN, SPECIFIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.thingsboard.calls import Calls
    from tests.thingsboard.events import DeviceSession, Event, Session
    from tests.thingsboard.transport import Transport

PREFIX = "v1/gateway/"


class GatewayTopics:
    """One server's."""

    def __init__(self, transport: Transport, calls: Calls) -> None:
        self._transport, self._calls = transport, calls
        self._entries = Entries(transport)
        self._topics = {
            PREFIX + "telemetry": self._entries.telemetry,
            PREFIX + "attributes": self._entries.attributes,
            PREFIX + "attributes/request": self._request,
            PREFIX + "connect": self._connect,
            PREFIX + "disconnect": self._disconnect,
            PREFIX + "rpc": self._answer,
        }

    def publish(self, session: Session, mid: int | None, topic: str, payload: bytes, now_s: float) -> None:
        """Take a message."""
        transport = self._transport
        if not session.is_gateway:
            transport.counts["no gateway"] += 1
            return
        handle = self._topics.get(topic)
        if handle is None:
            transport.counts["unknown topic"] += 1
            transport.puback(session, mid, self._transport.soon_after(now_s), BAD_TOPIC)
            return
        try:
            content = parse(payload)
        except Malformed:
            transport.fail(session, mid, now_s)
            return
        if type(content) is dict:
            handle(session, mid, content, now_s)
        else:
            self._entries.reject(session, mid, now_s)

    def _connect(self, session: Session, mid: int | None, content: dict[str, Any], now_s: float) -> None:
        opened = self._open(session, mid, content, now_s, kind=content.get("type", "default"), refusal=QUOTA)
        if opened is not None:
            self._transport.puback(session, mid, self._transport.soon_after(max(opened.ready_s, now_s)))

    def _open(
        self,
        session: Session,
        mid: int | None,
        content: dict[str, Any],
        now_s: float,
        *,
        kind: str = "default",
        refusal: str,
    ) -> DeviceSession | None:
        """Open the device of a message, or say what its message gets."""
        transport = self._transport
        name = content.get("device")
        if type(name) is not str or not name:
            self._entries.reject(session, mid, now_s)
            return None
        how, opened, known_s = transport.devices.open(session, name, now_s, kind=str(kind))
        if how in (How.CLOSES, How.OVER_LIMIT):
            transport.devices.close(session, name)
            transport.counts["past limit"] += how is How.OVER_LIMIT
            transport.close(session, self._transport.soon_after(known_s), SHUTTING_DOWN)
            return None
        if how is How.REFUSED and (refusal == SPECIFIC or transport.behaviour.traits.refusal_acknowledged):
            transport.puback(session, mid, self._transport.soon_after(known_s), refusal)
        return opened

    def _request(self, session: Session, mid: int | None, content: dict[str, Any], now_s: float) -> None:
        transport, traits = self._transport, self._transport.behaviour.traits
        opened = self._open(session, mid, content, now_s, refusal=SPECIFIC)
        if opened is None:
            return
        name = content["device"]
        when_s = self._transport.soon_after(max(opened.ready_s, now_s))
        if not all(transport.book.regular(now_s, name) for _ in range(traits.request_cost)):
            if traits.over_limit_acknowledged:
                transport.puback(session, mid, when_s, QUOTA)
            self._entries.close_over_limit(session, when_s, [name], one_at_least=not traits.over_limit_acknowledged)
            return
        transport.puback(session, mid, when_s)

        def answer(now_s: float) -> Iterable[Event]:
            transport.store_until(now_s)
            keys = content.get("keys") or [content.get("key")]
            # Of shared ones the answer was not recorded: this is how the server's source writes it.
            held = opened.device.attributes if content.get("client", False) else opened.device.shared
            found = {key: held[key] for key in keys if key in held}
            told: dict[str, Any] = {"id": content.get("id"), "device": name}
            if "keys" in content:
                told["values"] = found
            elif found:
                told["value"] = found[keys[0]]
            transport.deliver(session, now_s, PREFIX + "attributes/response", told)
            return ()

        answer_s = transport.soon(transport.behaviour.answer_s)
        transport.at(when_s + answer_s + traits.recreated_answer_s * opened.device.remade, answer)

    def _disconnect(self, session: Session, mid: int | None, content: dict[str, Any], now_s: float) -> None:
        self._transport.devices.close(session, str(content.get("device")))
        self._transport.puback(session, mid, self._transport.soon_after(now_s))

    def _answer(self, session: Session, mid: int | None, content: dict[str, Any], now_s: float) -> None:
        opened = session.open.get(str(content.get("device")))
        if opened is not None:
            if not self._transport.book.regular(now_s, opened.device.name):
                self._transport.counts["past limit"] += 1
                self._transport.close(session, self._transport.soon_after(now_s))
                return
            opened.active_s = now_s
            self._calls.answered(
                opened.device, content.get("id"), content.get("data"), self._transport.soon_after(now_s)
            )
        self._transport.puback(session, mid, self._transport.soon_after(now_s))
