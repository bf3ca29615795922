"""MQTT's packets as a server needs them, 3.1.1 and 5: bytes to what a client says, and back.

Sans-I/O. Rules: what comes is read leniently, since ThingsBoard is not what is tested; of MQTT 5's properties none is
kept and none is sent. Clauses are those of MQTT 5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.thingsboard.events import MQTT_5

if TYPE_CHECKING:
    from collections.abc import Iterable

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 10, 11, 12, 13, 14
REASONS = {
    "Success": 0x00, "Malformed packet": 0x81, "Implementation specific error": 0x83, "Server shutting down": 0x8B,
    "Session taken over": 0x8E, "Topic name invalid": 0x90, "Quota exceeded": 0x97, "Administrative action": 0x98,
    "Payload format invalid": 0x99,
}  # fmt: skip


class NotMqtt(Exception):  # noqa: N818 - what the bytes are
    """The bytes are no packet: the caller closes."""


@dataclass(frozen=True, slots=True)
class Connect:
    """CONNECT; the level is the byte as it came."""

    level: int
    client_id: str
    user_name: str | None


@dataclass(frozen=True, slots=True)
class Publish:
    """PUBLISH; no id with QoS 0."""

    topic: str
    payload: bytes
    qos: int
    mid: int | None


@dataclass(frozen=True, slots=True)
class Topics:
    """SUBSCRIBE or UNSUBSCRIBE."""

    mid: int
    topics: list[str]


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, count: int) -> bytes:
        taken = self._body[self._at : self._at + count]
        if len(taken) < count:
            raise NotMqtt
        self._at += count
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def text(self) -> str:
        return self.take(self.number()).decode(errors="replace")

    def skip_properties(self) -> None:
        size, shift = 0, 0
        while True:
            byte = self.byte()
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        self.take(size)

    def rest(self) -> bytes:
        return self._body[self._at :]


class Stream:
    """Bytes as they come, cut into packets (2.1)."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """Take ``data``; return every packet that is whole by now: kind, flags, body.

        Raises:
            NotMqtt: the length makes no sense.
        """
        self._buffer += data
        packets = []
        while (packet := self._next()) is not None:
            packets.append(packet)
        return packets

    def _next(self) -> tuple[int, int, bytes] | None:
        buffer, size, at = self._buffer, 0, 1
        while True:
            if at >= len(buffer):
                return None
            size |= (buffer[at] & 0x7F) << 7 * (at - 1)
            at += 1
            if not buffer[at - 1] & 0x80:
                break
            if at > 4:
                raise NotMqtt
        if len(buffer) < at + size:
            return None
        packet = buffer[0] >> 4, buffer[0] & 0x0F, bytes(buffer[at : at + size])
        del buffer[: at + size]
        return packet


def read_connect(body: bytes) -> Connect:
    """3.1."""
    reader = _Reader(body)
    reader.text()
    level, flags = reader.byte(), reader.byte()
    reader.number()
    if level == MQTT_5:
        reader.skip_properties()
    client_id = reader.text()
    if flags & 0x04:
        if level == MQTT_5:
            reader.skip_properties()
        reader.text()
        reader.take(reader.number())
    return Connect(level, client_id, reader.text() if flags & 0x80 else None)


def read_publish(level: int, flags: int, body: bytes) -> Publish:
    """3.3."""
    reader, qos = _Reader(body), flags >> 1 & 3
    topic = reader.text()
    mid = reader.number() if qos else None
    if level == MQTT_5:
        reader.skip_properties()
    return Publish(topic, reader.rest(), qos, mid)


def read_topics(level: int, body: bytes, *, options: bool) -> Topics:
    """3.8 with ``options``, 3.10 without."""
    reader = _Reader(body)
    mid = reader.number()
    if level == MQTT_5:
        reader.skip_properties()
    topics = []
    while reader.rest():
        topics.append(reader.text())
        if options:
            reader.byte()
    return Topics(mid, topics)


def connack(level: int, code: int) -> bytes:
    """3.2; no session is ever kept."""
    return _packet(CONNACK, bytes((0, code)) + (b"\0" if level == MQTT_5 else b""))


def puback(mid: int, reason: str | None) -> bytes:
    """3.4; a reason other than success is told on MQTT 5."""
    code = REASONS[reason or "Success"]
    return _packet(PUBACK, mid.to_bytes(2, "big") + (bytes((code,)) if code else b""))


def publish(level: int, topic: str, payload: bytes) -> bytes:
    """3.3, QoS 0."""
    name = topic.encode()
    return _packet(PUBLISH, len(name).to_bytes(2, "big") + name + (b"\0" if level == MQTT_5 else b"") + payload)


def suback(level: int, mid: int, codes: Iterable[int]) -> bytes:
    """3.9."""
    return _packet(SUBACK, mid.to_bytes(2, "big") + (b"\0" if level == MQTT_5 else b"") + bytes(codes))


def unsuback(level: int, mid: int, count: int) -> bytes:
    """3.11."""
    return _packet(UNSUBACK, mid.to_bytes(2, "big") + (b"\0" + bytes(count) if level == MQTT_5 else b""))


def pingresp() -> bytes:
    """3.13."""
    return _packet(PINGRESP, b"")


def disconnect(reason: str) -> bytes:
    """3.14: MQTT 5 alone lets a server say it."""
    return _packet(DISCONNECT, bytes((REASONS[reason],)))


def _packet(kind: int, body: bytes) -> bytes:
    size, length = len(body), b""
    while True:
        size, byte = size >> 7, size & 0x7F
        length += bytes((byte | (0x80 if size else 0),))
        if not size:
            return bytes((kind << 4,)) + length + body
