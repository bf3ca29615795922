"""One connection of the relay to ThingsBoard: its end of the line, from the attempt to the end, with its keepalive."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.delivery.simulation.line import Connection, Packet
    from tests.delivery.simulation.loop import VirtualLoop
    from tests.delivery.simulation.mosquitto import Mosquitto, Queued

KEEPALIVE_S = 30.0


class Upstream:
    """Knows of the relay that one message is in flight, and tells it what came."""

    def __init__(self, owner: Mosquitto, loop: VirtualLoop) -> None:
        self._owner = owner
        self._loop = loop
        self.connection: Connection | None = None
        self.is_up = False
        self._is_over = False
        self._up_at_s: float | None = None
        self._last_in_s = self._last_out_s = loop.time()
        self._pinged = False

    @property
    def stood_s(self) -> float:
        """Seconds that the session lasted."""
        return 0.0 if self._up_at_s is None else self._loop.time() - self._up_at_s

    def opened(self, connection: Connection) -> None:
        """TCP stands."""
        if self._is_over:
            connection.close_from_client()
            return
        self.connection = connection
        self._last_in_s = self._last_out_s = self._loop.time()
        connection.up(60, ("connect", "mqttv311"))
        self._loop.call_later(KEEPALIVE_S, self._look)

    def packet(self, packet: Packet) -> None:
        """Something came."""
        self._last_in_s = self._loop.time()
        self._pinged = False
        match packet:
            case ("connack", 0):
                self.is_up = True
                self._up_at_s = self._loop.time()
                for topic in self._owner.topics:
                    self.connection.up(8 + len(topic), ("subscribe", topic))
                self._owner.connected()
            case ("connack", _):
                self._give_up()
            case ("puback", packet_id):
                self._owner.puback(packet_id)
            case ("publish", topic, payload, packet_id):
                if packet_id is not None:
                    self.connection.up(4, ("puback", packet_id))
                self._owner.tell("upstream/" + topic, payload)

    def closed(self) -> None:
        """The connection is gone, or was not to be had."""
        if not self._is_over:
            self._is_over = True
            self.is_up = False
            self._owner.lost(self)

    def publish(self, packet_id: int, message: Queued) -> None:
        """Send one."""
        self._last_out_s = self._loop.time()
        size = len(message.payload) + len(message.topic) + 8
        self.connection.up(size, ("publish", message.topic, message.payload, packet_id))

    def leave(self) -> None:
        """The owner wants no more of it."""
        self._is_over = True
        self.is_up = False
        if self.connection is not None:
            self.connection.close_from_client()

    def _give_up(self) -> None:
        if self.connection is not None:
            self.connection.close_from_client()
        self.closed()

    def _look(self) -> None:
        """Keepalive."""
        if self._is_over:
            return
        now_s = self._loop.time()
        due_s = min(self._last_in_s, self._last_out_s) + KEEPALIVE_S
        if now_s < due_s - 1e-6:
            self._loop.call_at(due_s, self._look)
        elif self._pinged:
            self._give_up()
        else:
            self._pinged = True
            self._last_in_s = self._last_out_s = now_s
            if self.is_up:
                self.connection.up(2, ("pingreq",))
            self._loop.call_later(KEEPALIVE_S, self._look)
