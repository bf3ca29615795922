"""What tests of an upstream put at both its ends: a broker's connection that does as it is told, a listener."""

from __future__ import annotations

from bridge.delivery.upstream import Cause


class Broker:
    """The connection to the local broker, as an upstream sees it."""

    def __init__(self) -> None:
        self.connected = False
        self.published: list[tuple[str, bytes, int, bool]] = []
        self.dropped: list[str] = []
        self._number = 0

    def publish(self, topic, payload, *, qos=1, retain=False, expiry_s=None):
        if not self.connected:
            return None
        self.published.append((topic, payload, qos, retain))
        self._number += 1
        return self._number

    def show(self, topic, payload):
        self.publish(topic, payload, qos=0, retain=True)

    def drop(self, reason):
        self.dropped.append(reason)

    async def run(self, listener):
        """Connected when :meth:`connect` says so."""

    def connect(self, upstream):
        self.connected = True
        upstream.broker_up()

    def disconnect(self, upstream):
        self.connected = False
        upstream.broker_down()


class Ear:
    """An upstream's listener that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.why: list[str] = []
        self.causes: list[Cause] = []
        self.refusals: list[tuple[object, object]] = []
        self.accepted_messages: list[object] = []
        self.heard: list[tuple[str, bytes]] = []

    def up(self):
        self.events.append("up")

    def down(self, why, cause=Cause.UNKNOWN):
        self.events.append("down")
        self.causes.append(cause)
        self.why.append(why)

    def accepted(self, messages):
        self.accepted_messages += messages

    def refused(self, message, why, said):
        self.events.append("refused")
        self.refusals.append((message, why))

    def received(self, topic, payload):
        self.heard.append((topic, payload))
