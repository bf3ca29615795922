"""ThingsBoard at the far end of the line: the model of ``tests/thingsboard`` driven by the virtual clock.

Owns the connections and the one timer that lets the model go on. Adds what the model does not know of: a server that is
down or cannot be reached, messages whose acknowledgement never comes, answers that come late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.delivery.simulation.line import Connection
from tests.delivery.simulation.loop import STARTS_AT_S
from tests.thingsboard.events import MQTT_3, MQTT_5, Closed, Deliver, Puback, Session

if TYPE_CHECKING:
    import asyncio
    import random
    from collections.abc import Callable

    from tests.delivery.simulation.line import Line, Packet
    from tests.delivery.simulation.loop import VirtualLoop
    from tests.delivery.simulation.uplink import Upstream
    from tests.thingsboard.server import ThingsBoard

SYN_GIVES_UP_S = 60.0
"""What Mosquitto waits for a connection that nobody answers: two of its keepalives."""


class Server:
    """See the module.

    Args:
        loop: the clock.
        model: ThingsBoard.
        line: the way to it.
        rng: jitter of the line, and which messages are not acknowledged.
    """

    def __init__(self, loop: VirtualLoop, model: ThingsBoard, line: Line, rng: random.Random) -> None:
        self._loop = loop
        self.model = model
        self.line = line
        self._rng = rng
        self._ends: dict[int, _ServerEnd] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = 0.0
        self.runs = True
        self.deaf_to = 0
        """So many of the next messages are never acknowledged."""
        self.deaf_drops = False
        """Whether they are not even taken."""
        self.at_deaf: Callable[[], None] = lambda: None
        """Called for each: it was asked for earlier, and happens now."""
        self.late_until_s = 0.0
        self.late_s = 0.0
        self.rows_sent = 0
        self.messages = 0
        self.payload_bytes = 0
        self.current: Connection | None = None
        self.at_mark: Callable[[], None] | None = None
        """Called once, when an answer about a mark has been sent."""
        self.trace: Callable[[str], None] | None = None
        """Hears every packet, for a person."""

    # The line's side.

    def dial(self, upstream: Upstream) -> None:
        """Mosquitto tries to connect."""
        now_s, line = self._loop.time(), self.line
        if now_s < line.dark_until_s:
            if line.dark_until_s - now_s > SYN_GIVES_UP_S:
                self._loop.call_later(SYN_GIVES_UP_S, upstream.closed)
            else:
                self._loop.call_at(line.dark_until_s + self._rng.uniform(0.0, 3.0), self.dial, upstream)
            return
        self._loop.call_later(2 * line.delay_s + 0.0005, self._answer, upstream)

    def _answer(self, upstream: Upstream) -> None:
        if not self.runs:
            upstream.closed()
            return
        connection = Connection(self._loop, self.line, self._rng)
        end = _ServerEnd(self, connection)
        connection.attach(upstream, end)
        self.current = connection
        upstream.opened(connection)

    def packet(self, end: _ServerEnd, packet: Packet) -> None:
        """One came from the client."""
        if not self.runs:
            return
        now_s = self._loop.time()
        self.pump()
        if self.trace is not None:
            self._say(">", packet)
        match packet:
            case ("connect", version):
                self._connect(end, now_s, MQTT_5 if version == "mqttv5" else MQTT_3)
            case ("publish", topic, payload, mid) if end.session is not None:
                self.messages += 1
                self.payload_bytes += len(payload)
                self.rows_sent += payload.count(b'"ts":')
                if self.deaf_to > 0 and mid is not None and topic.endswith("telemetry"):
                    self.deaf_to -= 1
                    self.at_deaf()
                    end.deaf_mids.add(mid)
                    if self.deaf_drops:
                        return
                self.model.publish(end.session, now_s, mid=mid, topic=topic, payload=payload)
            case ("subscribe", topic) if end.session is not None:
                self.model.subscribe(end.session, (topic,), now_s)
                end.connection.down(5, ("suback",))
            case ("pingreq",):
                end.connection.down(2, ("pingresp",))
        self.pump()

    def _connect(self, end: _ServerEnd, now_s: float, mqtt: int) -> None:
        answer = self.model.connect(now_s, token=self.model.behaviour.token, mqtt=mqtt, client_id="dlms-bridge")
        if isinstance(answer, Session):
            end.session = answer
            self._ends[id(answer)] = end
            end.connection.down(4, ("connack", 0))
        elif answer.code is None:
            end.connection.close_from_server()
        else:
            end.connection.down(4, ("connack", answer.code))
            end.connection.close_from_server()

    def client_left(self, end: _ServerEnd) -> None:
        """The client's side is gone."""
        if end.session is not None and self._ends.pop(id(end.session), None) is not None:
            self.model.disconnect(end.session, self._loop.time())
            self.pump()

    # The model's side.

    def pump(self) -> None:
        """Let the model go on until now, pass on what it gives, and set the timer for the next.

        What reaches the database meanwhile does so when somebody looks.
        """
        next_s = self.model.next_event_s()
        marked = next_s is not None and next_s <= self._loop.time() and self._pass_on()
        self._arm()
        if marked and self.at_mark is not None:
            happens, self.at_mark = self.at_mark, None
            happens()

    def _pass_on(self) -> bool:
        """Pass on what the model gives; return whether an answer about a mark is among it."""
        marked = False
        for event in self.model.advance(self._loop.time()):
            match event:
                case Puback(session, mid, reason):
                    self._acknowledge(self._ends.get(id(session)), mid, reason)
                case Deliver(session, topic, payload):
                    marked = marked or topic.startswith("v1/devices/me/attributes/response/")
                    end = self._ends.get(id(session))
                    if end is not None:
                        self._send(end.connection, len(payload) + len(topic) + 6, ("publish", topic, payload, None))
                case Closed(session, reason):
                    end = self._ends.pop(id(session), None)
                    if end is not None:
                        if reason is not None:
                            self._send(end.connection, 3, ("disconnect", reason))
                        if self.trace is not None:
                            self._say("<", ("closed",))
                        end.connection.close_from_server()
        return marked

    def _acknowledge(self, end: _ServerEnd | None, mid: int, reason: str | None) -> None:
        """On MQTT 5 with its reason."""
        if end is not None and mid not in end.deaf_mids:
            self._send(end.connection, 4, ("puback", mid) if reason is None else ("puback", mid, reason))

    def _say(self, way: str, packet: Packet) -> None:
        parts = [part.decode()[:160] if isinstance(part, bytes) else str(part) for part in packet]
        size = f" ({len(packet[2])} B)" if packet[0] == "publish" else ""
        self.trace(f"{self._loop.time() - STARTS_AT_S:10.3f} {way} {' '.join(parts)}{size}")

    def _send(self, connection: Connection, size: int, packet: Packet) -> None:
        if self.trace is not None:
            self._say("<", packet)
        if self._loop.time() < self.late_until_s:
            self._loop.call_later(self.late_s, connection.down, size, packet)
        else:
            connection.down(size, packet)

    def _arm(self) -> None:
        next_s = self.model.next_event_s()
        if next_s is None:
            return
        next_s = max(next_s, self._loop.time())
        if self._timer is not None and self._timer_s <= next_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_s = next_s
        self._timer = self._loop.call_at(next_s, self._due)

    def _due(self) -> None:
        self._timer = None
        self.pump()

    # What may happen to it.

    def go(self) -> None:
        """It ends, by SIGKILL or by SIGTERM; every connection with it."""
        self.pump()
        self.runs = False
        ends, self._ends = list(self._ends.values()), {}
        self.model.kill(self._loop.time())
        for end in ends:
            end.connection.close_from_server()

    def come(self) -> None:
        """It starts again."""
        self.runs = True
        self.model.start(self._loop.time())
        self.pump()

    def close_sessions(self) -> None:
        """Every session ends by a bare close."""
        for end in list(self._ends.values()):
            self.client_left(end)
            end.connection.close_from_server()

    def rival(self, stays_s: float) -> None:
        """Something else connects with the same token, and leaves after a while unless it is thrown out."""
        now_s = self._loop.time()
        session = self.model.second_client(now_s)
        self.pump()
        if isinstance(session, Session):
            self._loop.call_later(stays_s, self._rival_leaves, session)

    def _rival_leaves(self, session: Session) -> None:
        if session.alive:
            self.model.disconnect(session, self._loop.time())
        self.pump()


class _ServerEnd:
    def __init__(self, server: Server, connection: Connection) -> None:
        self._server = server
        self.connection = connection
        self.session: Session | None = None
        self.deaf_mids: set[int] = set()

    def packet(self, packet: Packet) -> None:
        self._server.packet(self, packet)

    def closed(self) -> None:
        self._server.client_left(self)
