"""A double of ThingsBoard's MQTT transport: the model that repeats the recordings, behind a socket.

It owns the socket, the wall clock and what tests like to look at; what ThingsBoard does is the model's
(``tests/thingsboard/``). Since it does what the real one does, an acknowledgement is not yet a stored row: wait for
:meth:`ThingsBoard.until`, or look at :attr:`ThingsBoard.order` for what was accepted. MQTT 3.1.1 and 5.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from typing import TYPE_CHECKING, Any, Self

import orjson

from tests.thingsboard import packets
from tests.thingsboard.behaviour import Behaviour, Limits
from tests.thingsboard.events import CallResult, Closed, Deliver, Puback, Refusal, Session
from tests.thingsboard.payloads import MAX_PACKET_BYTES
from tests.thingsboard.server import ThingsBoard as Model

if TYPE_CHECKING:
    import ssl
    from collections import Counter

__all__ = ["MAX_PACKET_BYTES", "Behaviour", "Limits", "ThingsBoard"]

_TELEMETRY = "v1/gateway/telemetry"
_OWN_TELEMETRY = "v1/devices/me/telemetry"
_OWN_ATTRIBUTES = "v1/devices/me/attributes"
_QUESTIONS = ("v1/devices/me/rpc/request/", "v1/devices/me/attributes/request/", "v1/gateway/attributes/request")
_KNOWN = ("v1/devices/me/", "v1/gateway/", "/provision/")


class ThingsBoard:
    """One server. ``async with`` starts and stops it; :meth:`stop` and :meth:`start` let it go away and come back."""

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._tls = tls  # one that asks for a client's certificate takes that for its credentials
        self.behaviour = behaviour if behaviour is not None else Behaviour()
        self.model = Model(self.behaviour, rng=random.Random(1))
        self.model.watch(accepted=self.accepted, stored=self.stored)
        self.port = port
        self.telemetry: dict[tuple[str, int], dict[str, Any]] = {}
        """What was stored: values by device and time stamp, as they are upserted."""
        self.order: list[tuple[str, int]] = []
        """Every entry in the order in which it was accepted, those that came twice included."""
        self.told: list[tuple[str, Any]] = []
        """What was acknowledged besides telemetry, questions and marks, in order: topic and content."""
        self.marks: list[Any] = []
        """What a gateway wrote to its own attributes, and what the bridge in device mode wrote as a mark."""
        self.unexpected: list[tuple[str, bytes]] = []
        self.subscriptions: set[str] = set()
        self.results: dict[int, tuple[int, Any]] = {}
        """What calls by REST ended with: status and answer, by the call's number."""
        self.arrived = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._unacknowledged: dict[tuple[Session, int | None], tuple[str, Any]] = {}
        self._writers: dict[Session, asyncio.StreamWriter] = {}
        self._open: set[asyncio.StreamWriter] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def counts(self) -> Counter[str]:
        """What the model counted."""
        return self.model.counts

    # For what looks on: to be overridden

    def came(self, topic: str, payload: bytes) -> None:
        """A message came, whatever becomes of it."""

    def accepted(self, device: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Rows of a device came and will be acknowledged."""
        self.order += [(device, ts_ms) for ts_ms, _ in rows]
        self.arrived.set()

    def stored(self, device: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Rows of a device reached the database."""
        for ts_ms, values in rows:
            self.telemetry.setdefault((device, ts_ms), {}).update(values)
        self.arrived.set()

    # What happens to it

    async def start(self) -> None:
        """Listen; on the same port as before."""
        self.model.start(self._now_s())
        self._server = await asyncio.start_server(self._serve, self._host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Leave the network: close every session and listen no more. What was accepted is stored all the same."""
        if self._server is not None:
            self._server.close()
            self.close_sessions()
            await self._server.wait_closed()
            self._server = None
        while self._open:
            await asyncio.sleep(0.001)

    async def kill(self) -> None:
        """``kill -9``: what is not stored is gone, the sessions too; :meth:`start` starts it anew."""
        self.model.kill(self._now_s())
        self._pump()
        await self.stop()

    def database(self, up: bool) -> None:
        """The database goes away, or comes back."""
        self.model.database(up, self._now_s())
        self._pump()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        if self._timer is not None:
            self._timer.cancel()

    def close_sessions(self) -> None:
        """End every session by a bare close; who wants to may connect again."""
        for writer in list(self._open):
            writer.transport.abort()

    async def until(self, count: int, timeout_s: float = 60) -> None:
        """Wait until so many entries are stored."""
        async with asyncio.timeout(timeout_s):
            while len(self.telemetry) < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def settled(self, timeout_s: float = 60) -> None:
        """Wait until all that was accepted is stored."""
        async with asyncio.timeout(timeout_s):
            while self.model.next_stored_s() is not None:
                self.arrived.clear()
                await self.arrived.wait()

    def send(self, topic: str, payload: object) -> None:
        """Publish to the device, QoS 0, whatever it is."""
        for session, writer in self._writers.items():
            writer.write(packets.publish(session.mqtt, topic, json.dumps(payload).encode()))

    # What users do over there

    def rpc(self, device: str, method: str, params: object = None, timeout_s: float = 10) -> int:
        """Call a device by REST; return the call's number."""
        number = self.model.rpc(device, method, params, self._now_s(), timeout_s=timeout_s)
        self._pump()
        return number

    def rename(self, old: str, new: str) -> None:
        """Rename a device."""
        self.model.rename_device(old, new, self._now_s())
        self._pump()

    def delete(self, device: str) -> None:
        """Delete a device."""
        self.model.delete_device(device, self._now_s())
        self._pump()

    def share(self, device: str, **attributes: object) -> None:
        """Set shared attributes; None deletes one."""
        self.model.share(device, self._now_s(), **attributes)
        self._pump()

    # The socket

    @staticmethod
    def _now_s() -> float:
        return asyncio.get_running_loop().time()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream, session = packets.Stream(), None
        self._open.add(writer)
        try:
            while data := await reader.read(1 << 16):
                for kind, flags, body in stream.feed(data):
                    if session is None:
                        session = self._connect(kind, body, writer)
                    else:
                        self._packet(session, kind, flags, body, writer)
                self._pump()
                if writer.is_closing():
                    break
        except (OSError, packets.NotMqtt):
            pass
        finally:
            if session is not None:
                self.model.disconnect(session, self._now_s())
                self._writers.pop(session, None)
                for key in [key for key in self._unacknowledged if key[0] is session]:
                    del self._unacknowledged[key]
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._open.discard(writer)

    def _connect(self, kind: int, body: bytes, writer: asyncio.StreamWriter) -> Session:
        if kind != packets.CONNECT:
            raise packets.NotMqtt
        connect = packets.read_connect(body)
        # As the real one: X.509 credentials are looked at first, and then no user name is.
        token = self.behaviour.token if writer.get_extra_info("peercert") else connect.user_name or ""
        answer = self.model.connect(self._now_s(), token=token, mqtt=connect.level, client_id=connect.client_id)
        if isinstance(answer, Refusal):
            if answer.code is not None:
                writer.write(packets.connack(connect.level, answer.code))
            raise packets.NotMqtt
        self._writers[answer] = writer
        writer.write(packets.connack(connect.level, 0))
        return answer

    def _packet(self, session: Session, kind: int, flags: int, body: bytes, writer: asyncio.StreamWriter) -> None:
        now_s, level = self._now_s(), session.mqtt
        if kind == packets.PUBLISH:
            message = packets.read_publish(level, flags, body)
            self.came(message.topic, message.payload)
            self._note(session, message)
            self.model.publish(
                session, now_s, mid=message.mid, topic=message.topic, payload=message.payload, qos=message.qos
            )
            self.arrived.set()
        elif kind == packets.SUBSCRIBE:
            asked = packets.read_topics(level, body, options=True)
            self.subscriptions.update(asked.topics)
            codes = self.model.subscribe(session, asked.topics, now_s)
            writer.write(packets.suback(level, asked.mid, codes))
        elif kind == packets.UNSUBSCRIBE:
            asked = packets.read_topics(level, body, options=False)
            self.model.unsubscribe(session, asked.topics, now_s)
            writer.write(packets.unsuback(level, asked.mid, len(asked.topics)))
        elif kind == packets.PINGREQ:
            writer.write(packets.pingresp())
        elif kind == packets.DISCONNECT:
            writer.close()

    def _note(self, session: Session, message: packets.Publish) -> None:
        topic, payload = message.topic, message.payload
        if not topic.startswith(_KNOWN):
            self.unexpected.append((topic, payload))
        elif topic == _TELEMETRY or topic.startswith(_QUESTIONS) or (topic == _OWN_TELEMETRY and payload[:1] == b"["):
            pass
        else:
            with contextlib.suppress(orjson.JSONDecodeError):
                self._unacknowledged[session, message.mid] = (topic, orjson.loads(payload))

    def _tell(self, session: Session, mid: int) -> None:
        topic, content = self._unacknowledged.pop((session, mid), (None, None))
        if topic == _OWN_ATTRIBUTES and (session.is_gateway or "bridge_mark" in content):
            self.marks.append(content)
        elif topic is not None:
            self.told.append((topic, content))

    def _pump(self) -> None:
        """Write what the model has to say by now, and come again when it has more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for event in self.model.advance(self._now_s()):
            match event:
                case Puback(session=session, mid=mid, reason=reason) if session in self._writers:
                    self._writers[session].write(packets.puback(mid, reason))
                    self._tell(session, mid)
                case CallResult(number=number, status=status, body=body):
                    self.results[number] = status, body
                case Deliver(session=session, topic=topic, payload=payload) if session in self._writers:
                    self._writers[session].write(packets.publish(session.mqtt, topic, payload))
                case Closed(session=session, reason=reason) if session in self._writers:
                    writer = self._writers.pop(session)
                    if reason is not None:
                        writer.write(packets.disconnect(reason))
                    writer.close()
        self.arrived.set()
        times = (self.model.next_event_s(), self.model.next_stored_s())
        next_s = min((time_s for time_s in times if time_s is not None), default=None)
        if next_s is not None:
            self._timer = asyncio.get_running_loop().call_at(next_s, self._pump)
