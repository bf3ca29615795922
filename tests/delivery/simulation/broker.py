"""The seam: what ``bridge/delivery/broker.py`` is to the wing, without paho, on the model of Mosquitto.

The same interface and the same promises: ``publish`` gives a number while there is a connection, the broker's PUBACK
comes back with it, in order; after ``drop``, or when Mosquitto goes, the next connection is made after a backoff.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from bridge.delivery.broker import BrokerListener
    from tests.delivery.simulation.loop import VirtualLoop
    from tests.delivery.simulation.mosquitto import Mosquitto

LOCAL_S = 0.0004
"""One way between two processes of one machine."""
_BACKOFF_S, _BACKOFF_CAP_S, _STABLE_S = 0.25, 10.0, 10.0


class SimulatedBroker:
    """See the module.

    Args:
        mosquitto: the model.
        loop: the clock.
        rng: jitter of the backoff.
    """

    def __init__(self, mosquitto: Mosquitto, loop: VirtualLoop, rng: random.Random) -> None:
        self._mosquitto = mosquitto
        self._loop = loop
        self._rng = rng
        self._connection: _LocalConnection | None = None
        self._mid = 0
        self._leave = asyncio.Event()
        self.published = 0

    @property
    def connected(self) -> bool:
        """Whether messages can be published now."""
        return self._connection is not None

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False, expiry_s: int | None = None
    ) -> int | None:
        """As the real one's."""
        if self._connection is None:
            return None
        self._mid = self._mid % 65_535 + 1
        self.published += 1
        self._connection.send(topic, payload, expiry_s, self._mid if qos else None)
        return self._mid

    def show(self, topic: str, payload: bytes) -> None:
        """As the real one's, by itself."""
        self.publish(topic, payload, qos=0, retain=True)

    def drop(self, reason: str) -> None:
        """As the real one's."""
        _ = reason
        self._leave.set()

    async def run(self, listener: BrokerListener) -> None:
        """As the real one's."""
        failures = 0
        while True:
            connected_at_s = self._loop.time()
            if self._mosquitto.runs:
                await asyncio.sleep(2 * LOCAL_S)
                await self._stay(listener)
            failures = 1 if self._loop.time() - connected_at_s > _STABLE_S else failures + 1
            await asyncio.sleep(
                min(_BACKOFF_S * 2 ** min(failures - 1, 10), _BACKOFF_CAP_S) * self._rng.uniform(0.5, 1.0)
            )

    async def _stay(self, listener: BrokerListener) -> None:
        self._leave.clear()
        connection = self._connection = _LocalConnection(self._mosquitto, self._loop, listener)
        leaving = asyncio.create_task(self._leave.wait())
        try:
            listener.broker_up()
            connection.open()
            await asyncio.wait((connection.over, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            self._connection = None
            connection.close()
            listener.broker_down()


class _LocalConnection:
    def __init__(self, mosquitto: Mosquitto, loop: VirtualLoop, listener: BrokerListener) -> None:
        self._mosquitto = mosquitto
        self._loop = loop
        self._listener = listener
        self.over: asyncio.Future[str] = loop.create_future()
        self._is_deaf = False
        self._going: list[tuple[str, bytes, int | None, int | None]] = []
        self._coming: list[tuple[Callable[..., None], tuple[object, ...]]] = []

    def open(self) -> None:
        if self._mosquitto.runs:
            self._mosquitto.attach(self)
        else:
            self.thrown_out("the broker is gone")

    def close(self) -> None:
        self._is_deaf = True
        self._mosquitto.detach(self)

    def send(self, topic: str, payload: bytes, expiry_s: int | None, mid: int | None) -> None:
        if not self._going:
            self._loop.call_later(LOCAL_S, self._arrive)
        self._going.append((topic, payload, expiry_s, mid))

    def deliver(self, topic: str, payload: bytes) -> None:
        self._tell(self._listener.message, topic, payload)

    def thrown_out(self, reason: str) -> None:
        if not self.over.done():
            self.over.set_result(reason)

    def _arrive(self) -> None:
        going, self._going = self._going, []
        if not self._mosquitto.runs or self._is_deaf:
            return  # what paho had not written yet went with the connection
        for topic, payload, expiry_s, mid in going:
            self._mosquitto.take(topic, payload, expiry_s)
            if mid is not None:
                self._tell(self._listener.puback, mid)

    def _tell(self, what: Callable[..., None], *args: object) -> None:
        if not self._coming:
            self._loop.call_later(LOCAL_S, self._hear)
        self._coming.append((what, args))

    def _hear(self) -> None:
        coming, self._coming = self._coming, []
        for what, args in coming:
            if not self._is_deaf:
                what(*args)
