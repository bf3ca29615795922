"""The delivery wing as the bridge wires it: on a real mosquitto, with or without a double of ThingsBoard behind it,
or on the double itself."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Self

from bridge.configuration.settings import BrokerSettings, OutboxSettings, ThingsBoardSettings
from bridge.delivery.assembly import publisher
from bridge.delivery.calls import no_commands
from bridge.delivery.metrics import DeliveryMetrics
from bridge.delivery.names import Names
from bridge.outbox.destination import destination_of
from bridge.outbox.outbox import Outbox
from tests.delivery.conftest import sample

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.mosquitto import Mosquitto


class Rig:
    """Outbox and publisher, running while the ``async with`` lasts."""

    def __init__(
        self,
        folder: Path,
        broker: Mosquitto | None,
        *,
        upstream: bool = False,
        port: int | None = None,
        device_names: dict[str, str] | None = None,
        beside: str = "",
        **more,
    ) -> None:
        self.beside = beside
        self.folder = folder
        self.device_names = Names({"main": "Main meter"} if device_names is None else device_names)
        self.metrics = DeliveryMetrics()
        self.settings = BrokerSettings()
        if broker is not None:
            credentials = broker.credentials_file if broker.credentials_file.exists() else None
            self.settings = BrokerSettings(host="127.0.0.1", port=broker.port, credentials_file=credentials)
        # Direct is where the port of ThingsBoard itself is given: Mosquitto alone knows it otherwise.
        way = {"host": "thingsboard"} if port is None else {"host": "127.0.0.1", "port": port, "via": "direct"}
        self.thingsboard = ThingsBoardSettings(**({"token": "TOKEN"} | way | more if upstream else more))
        self.outbox = Outbox(
            folder / "outbox.db",
            settings=OutboxSettings(commit_interval=0.05),
            destination=destination_of(self.thingsboard, next(iter(self.device_names.values()), "")),
            devices=self.device_names,
        )
        self.commands = no_commands
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.outbox.open()
        self.publisher = publisher(
            self.settings,
            self.thingsboard,
            outbox=self.outbox,
            device_names=self.device_names,
            memory_path=self.folder / "upstream.json",
            commands=self.commands,
            metrics=self.metrics,
            rng=random.Random(len(self.beside) + 1),
            beside=self.beside,
        )
        self._tasks = [asyncio.create_task(one.run()) for one in (self.outbox, self.publisher)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.publisher.close()
        await self.outbox.close()
        for end in ends:
            if not isinstance(end, asyncio.CancelledError):
                raise end

    @property
    def confirmed(self) -> int:
        return self.outbox.state.stored

    def put(self, first: int, count: int, **values) -> None:
        for ts_ms in range(first, first + count):
            self.outbox.put(sample(ts_ms, **values))

    async def until(self, condition, timeout_s: float = 60) -> None:
        """Wait for ``condition``; a task that died ends the wait with its error."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.005)
