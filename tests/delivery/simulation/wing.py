"""The wing under test, built here and nowhere else: one life of the bridge's delivery, without meters and network.

What is real: outbox, SQLite, publisher, upstream, confirmation, order, pace, introductions, commands. What is not: paho
(``broker.py`` of this package), threads and the clock.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from bridge.configuration.settings import OutboxSettings, ThingsBoardSettings
from bridge.delivery.confirmation.choice import confirmation
from bridge.delivery.direct import DirectUpstream
from bridge.delivery.memory import FileMemory
from bridge.delivery.metrics import DeliveryMetrics
from bridge.delivery.mosquitto import MosquittoUpstream
from bridge.delivery.publisher import Publisher
from bridge.outbox.destination import destination_of
from bridge.outbox.outbox import Outbox
from bridge.sample import Presence
from tests.delivery.simulation.broker import SimulatedBroker
from tests.delivery.simulation.direct import SimulatedConnection

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from bridge.delivery.upstream import Upstream
    from bridge.sample import Sample
    from tests.delivery.simulation.disk import Disk
    from tests.delivery.simulation.loop import VirtualLoop
    from tests.delivery.simulation.mosquitto import Mosquitto
    from tests.delivery.simulation.plan import Plan
    from tests.delivery.simulation.server import Server


class Wing:
    """One life.

    Args:
        plan: of the run.
        devices: a meter's device name.
        disk: this life's.
        mosquitto: the relay.
        server: ThingsBoard, for a plan without one.
        loop: the clock.
        rng: what the wing draws from.
        wall_s: Unix time.
    """

    def __init__(  # noqa: PLR0917 - what a life is made of
        self,
        plan: Plan,
        devices: Mapping[str, str],
        disk: Disk,
        mosquitto: Mosquitto,
        server: Server,
        loop: VirtualLoop,
        rng: random.Random,
        wall_s: Any,
    ) -> None:
        self.disk = disk
        self.metrics = DeliveryMetrics()
        self.broker = SimulatedBroker(mosquitto, loop, rng)
        self.upstream: Upstream = MosquittoUpstream(self.broker)
        if plan.via == "direct":
            topics = DirectUpstream.topics(as_device=plan.as_device)
            self.upstream = DirectUpstream(SimulatedConnection(server, loop, topics, rng))
        self._devices = devices
        settings = OutboxSettings(commit_interval=plan.commit_s)
        thingsboard = ThingsBoardSettings(
            host="thingsboard", token="TOKEN", mode="device" if plan.as_device else "gateway"
        )
        self.outbox = Outbox(
            disk.path,
            settings=settings,
            destination=destination_of(thingsboard, next(iter(devices.values()))),
            devices=devices,
            clock=wall_s,
        )
        memory = FileMemory(disk.path.with_name("upstream.json"), "thingsboard")
        self.publisher = Publisher(
            upstream=self.upstream,
            outbox=self.outbox,
            confirmation=confirmation(thingsboard, memory, rng, by_own_receipt=self.upstream.acknowledges),
            device_names=devices,
            as_device=plan.as_device,
            memory=memory,
            metrics=self.metrics,
            rng=rng,
            clock=loop.time,
        )
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> asyncio.Task[None]:
        """Let it run."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="the wing")
        return self._task

    def put(self, sample: Sample) -> object:
        """A meter gave a sample."""
        return self.outbox.put(sample)

    def notice(self, meter: str) -> None:
        """A meter is there."""
        self.publisher.notice(Presence(meter, True, {"serial": f"S-{meter}"}))
        self.publisher.tell_state(meter, "ok")

    def kill(self) -> None:
        """The process is gone at this instant; nothing that its tasks still do counts."""
        self.disk.is_dead = True
        assert self._task is not None
        self._task.cancel()

    async def leave(self) -> None:
        """The process ends in order."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.publisher.close()
        await self.outbox.close()

    async def _run(self) -> None:
        await self.outbox.open()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.outbox.run(), name="outbox")
            tasks.create_task(self.publisher.run(), name="publisher")
