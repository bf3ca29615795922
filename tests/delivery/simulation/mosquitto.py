"""A model of Mosquitto as the stateless relay that ``mosquitto/start.sh`` makes of it. It has a clock and no socket.

Rules (each read in the sources or tried on 2.1.2)
    Upstream MQTT 3.1.1, one message in flight, no clean session: what is queued stays over a break of the upstream and
    goes out first in the next session, the one in flight again, before it.
    A message's expiry is honoured when its turn comes, also of the one in flight when it would be sent again: then what
    is queued behind it waits until another message comes, or the next session. One that is in flight on a standing
    session waits for its PUBACK for ever.
    Past ``max_queued_messages`` the newest is dropped, counted, and acknowledged to the local client all the same.
    The state of the upstream is a retained message; a local subscriber gets the present one.
    ``PINGREQ`` after 30 s in which nothing came or went; nothing back within 30 s: the connection is given up.
    A connection that failed is tried again after 1 to 5 s, decorrelated; one that stood for 20 s begins at 1 again.
    A message on ``relay/renew``: the bridge is made anew 2.4 s later and everything in it is gone; local clients stay.
    Killed: everything is gone, local clients are disconnected.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.delivery.simulation.uplink import Upstream

if TYPE_CHECKING:
    import asyncio
    import random
    from collections.abc import Callable

    from tests.delivery.simulation.loop import VirtualLoop

STATE = "$SYS/broker/connection/dlms-bridge/state"
STORED = "$SYS/broker/store/messages/count"
RETAINED = "$SYS/broker/retained messages/count"
DROPPED = "$SYS/broker/publish/messages/dropped"
RENEW = "relay/renew"
QUEUE, QUEUE_BYTES = 1000, 16 << 20
BASE_S, CAP_S, STABLE_S = 1.0, 5.0, 20.0
RENEWED_AFTER_S = 2.4
LARGEST = 65_536
SYS_EVERY_S = 5.0
OUT = ("v1/gateway/", "v1/devices/me/")
IN = ("v1/devices/me/rpc/response/+", "v1/devices/me/rpc/request/+", "v1/devices/me/attributes/response/+")
"""What the relay subscribes to at ThingsBoard in both modes, and then in each."""
IN_GATEWAY = (*IN, "v1/gateway/rpc", "v1/gateway/attributes", "v1/gateway/attributes/response")
IN_DEVICE = (*IN, "v1/devices/me/attributes")


class Client(Protocol):
    """A local client."""

    def deliver(self, topic: str, payload: bytes) -> None:
        """A message on a topic that it subscribed to."""

    def thrown_out(self, reason: str) -> None:
        """Its connection is gone."""


@dataclass(slots=True)
class Queued:
    """A message on its way up."""

    topic: str
    payload: bytes
    expires_s: float | None

    def is_over(self, now_s: float) -> bool:
        """Whether it has expired."""
        return self.expires_s is not None and now_s > self.expires_s


class Mosquitto:
    """See the module's rules.

    Args:
        loop: the clock.
        rng: the jitter of its attempts.
        dial: begins a connection upstream: is given this model's end, and tells by it how it went.
        topics: what it subscribes to there.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        rng: random.Random,
        dial: Callable[[Upstream], object],
        topics: tuple[str, ...] = IN_GATEWAY,
    ) -> None:
        self.topics = topics
        self._loop = loop
        self._rng = rng
        self._dial = dial
        self._clients: list[Client] = []
        self.runs = False
        self.queue: deque[Queued] = deque()
        self.queued_bytes = 0
        self.in_flight: Queued | None = None
        self.dropped = 0
        self.most_queued = 0
        self.upstream: Upstream | None = None
        self._packet_id = 0
        self._backoff_s = BASE_S
        self._attempt: asyncio.TimerHandle | None = None
        self._told: dict[str, bytes] = {}
        self._is_up = False
        self._sys: asyncio.TimerHandle | None = None
        self.sessions = 0

    # Its own life.

    def start(self) -> None:
        """It runs, and connects upstream."""
        self.runs = True
        self.dropped = 0
        self._backoff_s = BASE_S
        self._is_up = False
        self._told = {}
        self._try_in(0.05)

    def kill(self) -> None:
        """It is gone, with all that it had."""
        self.runs = False
        self._forget()
        clients, self._clients = self._clients, []
        for client in clients:
            client.thrown_out("the broker went away")

    def renew(self) -> None:
        """SIGHUP: the bridge to the upstream is made anew."""
        self._forget()
        self._state(up=False)
        self._backoff_s = BASE_S
        self._loop.call_later(RENEWED_AFTER_S, self._began_anew)
        self._try_in(RENEWED_AFTER_S)

    def _began_anew(self) -> None:
        if self.runs and not self._is_up:
            self.tell(STATE, b"0")  # once more, as it begins

    def _forget(self) -> None:
        self.queue.clear()
        self.queued_bytes = 0
        self.in_flight = None
        if self._attempt is not None:
            self._attempt.cancel()
        if self.upstream is not None:
            upstream, self.upstream = self.upstream, None
            upstream.leave()

    # Local clients.

    def attach(self, client: Client) -> None:
        """A client has connected and subscribed: it gets what is retained."""
        self._clients.append(client)
        client.deliver(STATE, b"1" if self._is_up else b"0")
        for topic, payload in self._told.items():
            client.deliver(topic, payload)

    def detach(self, client: Client) -> None:
        """It went."""
        if client in self._clients:
            self._clients.remove(client)

    def take(self, topic: str, payload: bytes, expiry_s: float | None) -> None:
        """A local client published."""
        if topic == RENEW:
            self.renew()
        if not topic.startswith(OUT):
            return
        if len(payload) + len(topic) + 8 > LARGEST:
            self._drop()
            return
        expires_s = None if expiry_s is None else self._loop.time() + expiry_s
        if len(self.queue) >= QUEUE or self.queued_bytes + len(payload) > QUEUE_BYTES:
            self._drop()
            return
        self.queue.append(Queued(topic, payload, expires_s))
        self.queued_bytes += len(payload)
        self.most_queued = max(self.most_queued, len(self.queue))
        self._count_soon()
        self.flow()

    def _drop(self) -> None:
        self.dropped += 1
        self._count_soon()

    def tell(self, topic: str, payload: bytes) -> None:
        """To every local client; all of them listen to everything that this model has."""
        for client in list(self._clients):
            client.deliver(topic, payload)

    def _count_soon(self) -> None:
        if self._sys is None:
            until_s = SYS_EVERY_S - self._loop.time() % SYS_EVERY_S
            self._sys = self._loop.call_later(until_s, self._count)

    def _count(self) -> None:
        self._sys = None
        if not self.runs:
            return
        held = len(self.queue) + (self.in_flight is not None)
        for topic, figure in ((STORED, held + 1), (RETAINED, 1), (DROPPED, self.dropped)):
            payload = str(figure).encode()
            if self._told.get(topic) != payload:
                self._told[topic] = payload
                self.tell(topic, payload)
        if held:
            self._count_soon()

    # Upstream.

    def _try_in(self, seconds: float) -> None:
        if self._attempt is not None:
            self._attempt.cancel()
        self._attempt = self._loop.call_later(seconds, self._try)

    def _try(self) -> None:
        if self.runs and self.upstream is None:
            self.upstream = Upstream(self, self._loop)
            self._dial(self.upstream)

    def lost(self, upstream: Upstream) -> None:
        """The connection, or the attempt at one, is over."""
        if upstream is not self.upstream:
            return
        self.upstream = None
        if upstream.stood_s > STABLE_S:
            self._backoff_s = BASE_S
        self._state(up=False)
        wait_s, self._backoff_s = self._backoff_s, min(CAP_S, self._rng.uniform(BASE_S, self._backoff_s * 3))
        self._try_in(wait_s)

    def connected(self) -> None:
        """CONNACK: what was in flight goes again, before everything else."""
        self.sessions += 1
        self._state(up=True)
        if self.in_flight is not None:
            again, self.in_flight = self.in_flight, None
            if again.is_over(self._loop.time()):
                return  # and the queue behind it is forgotten until the next one comes
            self.queue.appendleft(again)
            self.queued_bytes += len(again.payload)
        self.flow()

    def _state(self, *, up: bool) -> None:
        if up != self._is_up:
            self._is_up = up
            self.tell(STATE, b"1" if up else b"0")

    def flow(self) -> None:
        """Send the next, when none is in flight."""
        if self.in_flight is not None or self.upstream is None or not self.upstream.is_up:
            return
        while self.queue:
            first = self.queue.popleft()
            self.queued_bytes -= len(first.payload)
            if first.is_over(self._loop.time()):
                continue
            self._packet_id = self._packet_id % 65_535 + 1
            self.in_flight = first
            self.upstream.publish(self._packet_id, first)
            return

    def puback(self, packet_id: int) -> None:
        """The upstream has it."""
        if self.in_flight is not None and packet_id == self._packet_id:
            self.in_flight = None
            self._count_soon()
            self.flow()
