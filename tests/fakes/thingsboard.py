"""A double of ThingsBoard's MQTT transport: what the real one is known to do, and nothing else.

Known from its sources: one session a token, the newcomer throws the first out by a bare close; a message past the rate
limit is acknowledged, thrown away and the session closed (before 4.2.1: closed without the acknowledgement); bad JSON,
a bad shape and more than 65,536 bytes close without an acknowledgement; unknown topics are acknowledged and discarded;
what comes on ``v1/gateway/*`` from a device that is no gateway is never acknowledged; ``getSessionLimits`` is answered
by the transport itself. The packets are amqtt's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from amqtt.adapters import StreamReaderAdapter
from amqtt.errors import AMQTTError, CodecError, MQTTError, NoDataError
from amqtt.mqtt import packet_class
from amqtt.mqtt.connack import ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.disconnect import DisconnectPacket
from amqtt.mqtt.packet import MQTTFixedHeader
from amqtt.mqtt.pingreq import PingReqPacket
from amqtt.mqtt.pingresp import PingRespPacket
from amqtt.mqtt.puback import PubackPacket
from amqtt.mqtt.publish import PublishPacket
from amqtt.mqtt.suback import SubackPacket
from amqtt.mqtt.subscribe import SubscribePacket
from amqtt.mqtt.unsuback import UnsubackPacket
from amqtt.mqtt.unsubscribe import UnsubscribePacket

if TYPE_CHECKING:
    import ssl

MAX_PAYLOAD_BYTES = 65_536
_GATEWAY = "v1/gateway/"
_TELEMETRY = "v1/gateway/telemetry"
_OWN_TELEMETRY = "v1/devices/me/telemetry"
_RPC_REQUEST = "v1/devices/me/rpc/request/"
_RPC_RESPONSE = "v1/devices/me/rpc/response/"
_KNOWN = (
    "v1/devices/me/telemetry",
    "v1/devices/me/attributes",
    f"{_GATEWAY}connect",
    f"{_GATEWAY}disconnect",
    f"{_GATEWAY}attributes",
    f"{_GATEWAY}rpc",
)


class _Close(Exception):  # noqa: N818 - what happens, not what went wrong
    """The session ends without a word."""


@dataclass
class Behaviour:
    """What this ThingsBoard is like; may be changed while it runs.

    Args:
        token: the device's.
        is_gateway: whether the device is marked so.
        answers_fence: whether ``getSessionLimits`` is known.
        tells: limits in that answer, ``count:seconds`` texts by name.
        limits: telemetry messages really taken, as (count, seconds).
        puback_before_close: what a message past the limit gets before the session is closed.
        drop_every: every so manieth telemetry message is treated as past the limit; 0 for none.
        poison: a value with this key makes the message one that it cannot read.
    """

    token: str = "TOKEN"
    is_gateway: bool = True
    answers_fence: bool = True
    tells: dict[str, str] = field(default_factory=dict)
    limits: tuple[tuple[int, float], ...] = ()
    puback_before_close: bool = True
    drop_every: int = 0
    poison: str | None = None


class ThingsBoard:
    """One server. ``async with`` starts and stops it; :meth:`stop` and :meth:`start` let it go away and come back."""

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls  # one that asks for a client's certificate takes that for its credentials
        self.behaviour = behaviour if behaviour is not None else Behaviour()
        self.port = port
        self.telemetry: dict[tuple[str, int], dict[str, Any]] = {}
        """What was stored: values by device and time stamp, as the real one upserts them."""
        self.order: list[tuple[str, int]] = []
        """Every entry in the order in which it came, those that came twice included."""
        self.told: list[tuple[str, Any]] = []
        """What came besides telemetry, in order: topic and content."""
        self.counts: Counter[str] = Counter()
        self.unexpected: list[tuple[str, bytes]] = []
        self.subscriptions: set[str] = set()
        self.arrived = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._sessions: dict[str, asyncio.StreamWriter] = {}
        self._taken: deque[float] = deque()

    async def start(self) -> None:
        """Listen; on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Go away: close every session and listen no more."""
        if self._server is not None:
            self._server.close()
            self.close_sessions()
            await self._server.wait_closed()
            self._server = None
        while self._sessions:
            await asyncio.sleep(0.001)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def close_sessions(self) -> None:
        """End every session by a bare close; who wants to may connect again."""
        for writer in self._sessions.values():
            writer.transport.abort()

    async def until(self, count: int, timeout_s: float = 60) -> None:
        """Wait until so many entries are stored."""
        async with asyncio.timeout(timeout_s):
            while len(self.telemetry) < count:
                self.arrived.clear()
                await self.arrived.wait()

    def send(self, topic: str, payload: object) -> None:
        """Publish to the device, QoS 0."""
        packet = PublishPacket.build(topic, json.dumps(payload).encode(), None, dup_flag=False, qos=0, retain=False)
        for writer in self._sessions.values():
            writer.write(packet.to_bytes())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = StreamReaderAdapter(reader)
        with contextlib.suppress(_Close, OSError, NoDataError, MQTTError, AMQTTError, CodecError):
            await self._session(stream, writer)
        for token in [token for token, other in self._sessions.items() if other is writer]:
            del self._sessions[token]
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _session(self, stream: StreamReaderAdapter, writer: asyncio.StreamWriter) -> None:
        connect = await ConnectPacket.from_stream(stream)
        if connect.proto_level != 4:
            writer.write(ConnackPacket.build(0, 1).to_bytes())
            raise _Close
        # As the real one: X.509 credentials are looked at first, and then no user name is.
        name = "X.509" if writer.get_extra_info("peercert") else connect.username
        if name not in ("X.509", self.behaviour.token):
            self.counts["refused"] += 1
            writer.write(ConnackPacket.build(0, 5).to_bytes())
            raise _Close
        self.counts["sessions"] += 1
        first = self._sessions.get(name)
        if first is not None:
            self.counts["thrown out"] += 1
            first.transport.abort()
        self._sessions[name] = writer
        writer.write(ConnackPacket.build(0, 0).to_bytes())
        while True:
            header = await MQTTFixedHeader.from_stream(stream)
            if header is None:
                return
            packet = await packet_class(header).from_stream(stream, fixed_header=header)
            self._packet(packet, writer)

    def _packet(self, packet: object, writer: asyncio.StreamWriter) -> None:
        match packet:
            case PublishPacket():
                self._publish(packet, writer)
            case SubscribePacket():
                self.subscriptions.update(topic for topic, _ in packet.payload.topics)
                codes = [min(qos, 1) for _, qos in packet.payload.topics]
                writer.write(SubackPacket.build(packet.variable_header.packet_id, codes).to_bytes())
            case UnsubscribePacket():
                writer.write(UnsubackPacket.build(packet.variable_header.packet_id).to_bytes())
            case PingReqPacket():
                writer.write(PingRespPacket().to_bytes())
            case DisconnectPacket():
                raise _Close

    def _publish(self, packet: PublishPacket, writer: asyncio.StreamWriter) -> None:
        topic, payload = packet.topic_name, bytes(packet.data or b"")
        if len(payload) > MAX_PAYLOAD_BYTES:
            self.counts["too large"] += 1
            raise _Close
        if topic.startswith(_GATEWAY) and not self.behaviour.is_gateway:
            self.counts["no gateway"] += 1
            return
        if topic == _TELEMETRY or (topic == _OWN_TELEMETRY and payload.startswith(b"[")):
            if self._past_limit():
                self.counts["past limit"] += 1
                if self.behaviour.puback_before_close:
                    self._acknowledge(packet, writer)
                raise _Close
            self._store(payload)
        elif topic.startswith(_RPC_REQUEST):
            self.counts["fences"] += 1
            if self.behaviour.answers_fence:
                self._answer_fence(topic, writer)
        elif topic in _KNOWN or topic.startswith(_RPC_RESPONSE):
            self.told.append((topic, json.loads(payload)))
        else:
            self.unexpected.append((topic, payload))
        self._acknowledge(packet, writer)
        self.arrived.set()

    def _acknowledge(self, packet: PublishPacket, writer: asyncio.StreamWriter) -> None:
        if packet.qos:
            writer.write(PubackPacket.build(packet.packet_id).to_bytes())

    def _past_limit(self) -> bool:
        self.counts["messages"] += 1
        every = self.behaviour.drop_every
        if every and self.counts["messages"] % every == 0:
            return True
        now = time.monotonic()
        longest = max((seconds for _, seconds in self.behaviour.limits), default=0)
        while self._taken and now - self._taken[0] > longest:
            self._taken.popleft()
        for count, seconds in self.behaviour.limits:
            if sum(now - taken <= seconds for taken in self._taken) >= count:
                return True
        self._taken.append(now)
        return False

    def _store(self, payload: bytes) -> None:
        try:
            devices = json.loads(payload, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))
            if isinstance(devices, list):  # a device's own session says no name
                devices = {"me": devices}
            entries = [
                (device, entry["ts"], entry["values"]) for device, entries in devices.items() for entry in entries
            ]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self.counts["unreadable"] += 1
            raise _Close from error
        for _, ts_ms, values in entries:
            if not isinstance(ts_ms, int) or not isinstance(values, dict) or self.behaviour.poison in values:
                self.counts["unreadable"] += 1
                raise _Close
        for device, ts_ms, values in entries:
            self.telemetry.setdefault((device, ts_ms), {}).update(values)
            self.order.append((device, ts_ms))

    def _answer_fence(self, topic: str, writer: asyncio.StreamWriter) -> None:
        answer = {
            "maxPayloadSize": MAX_PAYLOAD_BYTES,
            "maxInflightMessages": 100,
            "rateLimits": {},
            "gatewayRateLimits": self.behaviour.tells,
        }
        response = f"{_RPC_RESPONSE}{topic.removeprefix(_RPC_REQUEST)}"
        packet = PublishPacket.build(response, json.dumps(answer).encode(), None, dup_flag=False, qos=0, retain=False)
        writer.write(packet.to_bytes())
