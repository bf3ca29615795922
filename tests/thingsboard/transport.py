"""ThingsBoard's MQTT transport without its topics: what goes out when, and how a session ends.

Rules: what happens later lies on one heap and comes out in the order of time; of a session that is over nothing comes.
A close has a reason on MQTT 5 alone, and from 3.9 on; an acknowledgement has one on MQTT 5.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson

from tests.thingsboard.buckets import Book
from tests.thingsboard.devices import Device, Devices
from tests.thingsboard.events import MQTT_5, Closed, Deliver, Event, Puback, Session
from tests.thingsboard.payloads import Reader
from tests.thingsboard.storage import Lane

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

    from tests.thingsboard.behaviour import Behaviour

SUCCESS = "Success"
QUOTA = "Quota exceeded"
FORMAT = "Payload format invalid"
SPECIFIC = "Implementation specific error"
BAD_TOPIC = "Topic name invalid"
SHUTTING_DOWN = "Server shutting down"

_NOT_KEPT: dict[str, Any] = {}
Rows = list[tuple[int, dict[str, Any]]]
"""Times in ms, and values."""


class Transport:
    """What the topics share: time, randomness, limits, devices, storage, and the way back to the client."""

    def __init__(self, behaviour: Behaviour, rng: random.Random) -> None:
        self.behaviour, self.rng = behaviour, rng
        self.book = Book(behaviour)
        self.devices = Devices(behaviour, rng, self.book)
        self.reader = Reader()
        self.telemetry = Lane(self._store_row, lambda: behaviour.database_patience_s)
        self.attributes = Lane(self._store_attributes, lambda: behaviour.database_patience_s)
        self.rows_stored = 0
        """Of different devices or times."""
        self.accept_until_s = 0.0
        self.counts: Counter[str] = Counter()
        self.on_accepted: Callable[[Device, Rows], None] = lambda _device, _rows: None
        self.on_stored: Callable[[Device, Rows], None] = lambda _device, _rows: None
        self._heap: list[tuple[float, int, Event | Callable[[float], Iterable[Event]]]] = []
        self._numbers = itertools.count()

    # What comes out

    def at(self, when_s: float, what: Event | Callable[[float], Iterable[Event]]) -> None:
        """Let an event happen, or what a function of the time then says."""
        heapq.heappush(self._heap, (when_s, next(self._numbers), what))

    def due(self, now_s: float) -> list[Event]:
        """All that has happened, in order."""
        out: list[Event] = []
        heap = self._heap
        while heap and heap[0][0] <= now_s:
            when_s, _, what = heapq.heappop(heap)
            for event in what(when_s) if callable(what) else (what,):
                session = getattr(event, "session", None)
                if session is None or session.alive:
                    if type(event) is Closed:
                        self.end(event.session)
                    out.append(event)
        self.store_until(now_s)
        return out

    def next_s(self) -> float | None:
        """When :meth:`due` has something next."""
        return self._heap[0][0] if self._heap else None

    def next_stored_s(self) -> float | None:
        """When something reaches the database next."""
        times = [lane.next_s() for lane in (self.telemetry, self.attributes)]
        return min((time_s for time_s in times if time_s is not None), default=None)

    def drop_all(self) -> None:
        """Nothing of what was to come comes."""
        self._heap.clear()

    def puback(self, session: Session, mid: int | None, when_s: float, reason: str = SUCCESS) -> None:
        """Acknowledge a message; nothing of QoS 0."""
        if mid is not None:
            self.at(when_s, Puback(session, mid, reason if session.mqtt == MQTT_5 else None))

    def close(self, session: Session, when_s: float, reason: str | None = None) -> None:
        """End the session."""
        told = session.mqtt == MQTT_5 and self.behaviour.traits.disconnects_with_reason
        self.at(when_s, Closed(session, reason if told else None))

    def deliver(self, session: Session, when_s: float, topic: str, content: Any) -> None:
        """Send a message. Whether the client has subscribed to it is not looked at: ThingsBoard does not either."""
        self.at(when_s, Deliver(session, topic, orjson.dumps(content)))

    def end(self, session: Session) -> None:
        """The session is over, whoever ended it."""
        session.alive = False
        for name in list(session.open):
            self.devices.close(session, name)
        if session.device.where is not None and session.device.where[0] is session:
            session.device.where = None

    def soon_after(self, then_s: float) -> float:
        """The moment that the transport needs for what it does by itself."""
        return then_s + self.soon(self.behaviour.ack_s)

    def acknowledge(self, session: Session, mid: int | None, now_s: float) -> float:
        """Acknowledge what is taken at once, in order; return when."""
        session.acknowledged_s = max(session.acknowledged_s, self.soon_after(now_s))
        self.puback(session, mid, session.acknowledged_s)
        return session.acknowledged_s

    def soon(self, pair: tuple[float, float]) -> float:
        """A time between the shortest and the longest, in seconds."""
        return self.rng.uniform(*pair)

    def fail(self, session: Session, mid: int | None, now_s: float, *, in_rows: bool = False) -> None:
        """The payload cannot be read."""
        self.counts["unreadable"] += 1
        when_s = self.soon_after(now_s)
        answered = self.behaviour.traits.bad_rows_answered
        if session.mqtt == MQTT_5 and (answered or not in_rows):
            self.puback(session, mid, when_s, FORMAT)
        else:
            # The older ones are seen to take their time, and to acknowledge what was good before.
            self.close(session, when_s if answered or not in_rows else now_s + self.rng.uniform(0.005, 0.3))

    # What is stored

    def accept(self, device: Device, rows: Rows, known_s: float, now_s: float) -> float:
        """Put rows into the queue; they are acknowledged when that is done, which is returned."""
        behaviour = self.behaviour
        cost_s = len(rows) / behaviour.accept_rate_per_s
        done_s = known_s + self.soon(behaviour.queue_s) + cost_s
        if known_s <= now_s:
            done_s = self.accept_until_s = max(done_s, self.accept_until_s + cost_s)
        if rows:
            self.on_accepted(device, rows)
            latency_s = self.soon(behaviour.store_s)
            self.telemetry.put((device, rows), done_s, latency_s, len(rows) / behaviour.store_rate_per_s)
        return done_s

    def accept_attributes(self, device: Device, values: dict[str, Any], when_s: float) -> None:
        """Put attributes into their queue."""
        latency_s = self.soon(self.behaviour.attribute_s)
        latency_s += self.behaviour.attribute_drag * self.telemetry.lag_s(when_s)
        in_order = self.behaviour.traits.attributes_in_order
        self.attributes.put((device, values), when_s, latency_s, 0.0, in_order=in_order)

    def store_until(self, now_s: float) -> None:
        """Let what is due reach the database."""
        self.telemetry.run(now_s)
        self.attributes.run(now_s)

    def _store_row(self, item: Any) -> None:
        device, rows = item
        if device.deleted:
            return
        stored, keeps = device.rows, self.behaviour.keeps_values
        self.on_stored(device, rows)
        for ts_ms, values in rows:
            before = stored.get(ts_ms)
            if before is None:
                stored[ts_ms] = values if keeps else _NOT_KEPT
                self.rows_stored += 1
            elif keeps:
                stored[ts_ms] = {**before, **values}

    def _store_attributes(self, item: Any) -> None:
        device, values = item
        device.attributes.update(values)
