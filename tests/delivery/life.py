"""A life of the power-cut harness: the delivery wing in a process of its own, fed until it is killed."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from loguru import logger

from bridge.configuration.settings import BrokerSettings, OutboxSettings, ThingsBoardSettings
from bridge.delivery.assembly import publisher
from bridge.delivery.calls import no_commands
from bridge.delivery.metrics import DeliveryMetrics
from bridge.outbox.outbox import Outbox
from tests.delivery.conftest import sample

if TYPE_CHECKING:
    from pathlib import Path


def live(folder: Path, broker_port: int, credentials: Path, first_ts_ms: int, seed: int) -> None:
    """One life; ends when it is killed."""
    logger.remove()
    with (folder / "log").open("a", buffering=1) as log:
        logger.add(log.write, level="DEBUG", format="{message}")
        asyncio.run(_living(folder, broker_port, credentials, first_ts_ms, random.Random(seed)))


async def _living(folder: Path, port: int, credentials: Path, first_ts_ms: int, rng: random.Random) -> None:
    metrics = DeliveryMetrics()
    outbox = Outbox(folder / "outbox.db", settings=OutboxSettings(commit_interval=0.05))
    await outbox.open()
    delivery = publisher(
        BrokerSettings(host="127.0.0.1", port=port, credentials_file=credentials),
        ThingsBoardSettings(host="thingsboard", token="TOKEN"),
        outbox=outbox,
        device_names={},
        memory_path=folder / "upstream.json",
        commands=no_commands,
        metrics=metrics,
        rng=rng,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outbox.run())
        tasks.create_task(delivery.run())
        ts_ms = first_ts_ms
        while True:
            for _ in range(rng.randrange(1, 20)):
                outbox.put(sample(ts_ms))
                ts_ms += 1
            await asyncio.sleep(rng.uniform(0.001, 0.03))
