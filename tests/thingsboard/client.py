"""A client of the model for tests: one session, in the test's own time."""

from __future__ import annotations

import random

import orjson

from tests.thingsboard.behaviour import Behaviour
from tests.thingsboard.events import CallResult, Closed, Deliver, Puback
from tests.thingsboard.server import ThingsBoard

TELEMETRY = "v1/gateway/telemetry"


class Client:
    """One session, in the test's time."""

    def __init__(self, *, seed=1, mqtt=4, **behaviour):
        self.server = ThingsBoard(Behaviour(**behaviour), rng=random.Random(seed))
        self.now_s = 0.0
        self.pubacks, self.closed, self.messages, self.results = [], [], [], []
        self._mid = 0
        self.session = self.server.connect(0.0, token="TOKEN", mqtt=mqtt)

    def connect(self, token=None):
        token = token or self.server.behaviour.token
        self.session = self.server.connect(self.now_s, token=token, mqtt=self.session.mqtt)

    def publish(self, topic, content):
        self._mid = self._mid % 65535 + 1
        payload = orjson.dumps(content)
        self.server.publish(self.session, self.now_s, mid=self._mid, topic=topic, payload=payload)
        return self._mid

    def telemetry(self, first, count=1, device="A", keys=1):
        values = {f"k{n}": 1.5 for n in range(keys)}
        return self.publish(TELEMETRY, {device: [{"ts": first + n, "values": values} for n in range(count)]})

    def wait(self, seconds):
        self.now_s += seconds
        for event in self.server.advance(self.now_s):
            match event:
                case Puback():
                    self.pubacks.append(event.mid)
                case Closed():
                    self.closed.append(event.reason)
                case Deliver():
                    self.messages.append((event.topic, orjson.loads(event.payload)))
                case CallResult():
                    self.results.append((event.number, event.status, event.body))

    def mark(self, value, timeout_s=10.0):
        """Write a mark and read it back; return how long it took, None for never."""
        begun_s = self.now_s
        self.publish("v1/devices/me/attributes", {"mark": value})
        while self.now_s < begun_s + timeout_s:
            self.publish("v1/devices/me/attributes/request/1", {"clientKeys": "mark"})
            self.wait(0.02)
            if self.messages and self.messages[-1][1].get("client") == {"mark": value}:
                return self.now_s - begun_s
        return None
