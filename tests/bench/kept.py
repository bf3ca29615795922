"""What keeping stored samples costs, measured: ``python -m tests.bench.kept [--samples N]``.

The delivery wing drains a backlog to the double of ThingsBoard, direct and confirmed by marks, by turns without and
with :class:`~bridge.outbox.kept.KeptSamples`; each row of the backlog bears the stamp of its reading, as live samples
do. CPU is the bridge's process, in microseconds a sample; bytes are what a kept sample takes on disk. Values differ
from sample to sample, as a meter's do. Prints figures; nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from bridge.configuration.settings import BrokerSettings, OutboxSettings, ThingsBoardSettings
from bridge.delivery.assembly import publisher
from bridge.delivery.calls import no_commands
from bridge.delivery.metrics import DeliveryMetrics
from bridge.outbox.body import body as body_of
from bridge.outbox.kept import KeptSamples
from bridge.outbox.outbox import Outbox
from bridge.outbox.store import Store
from bridge.sample import Sample, Value
from tests.bench.backlog import METERS, Counting
from tests.bench.process import cpu_s

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 10_000
_ROUNDS = 2


def rows(count: int, first_ts_ms: int, rng: random.Random) -> Iterator[tuple[int, str, int, str, str]]:
    """A backlog of five registers whose last digits move."""
    for number in range(count):
        meter = f"m{number % METERS}"
        values = (
            Value("voltage_l1", "", round(127 + rng.random(), 2), "V"),
            Value("current_l1", "", round(3 * rng.random(), 3), "A"),
            Value("frequency", "", round(60 + rng.random() / 10, 2), "Hz"),
            Value("active_power", "", rng.randrange(400), "W"),
            Value("active_energy", "", 56_348_000 + number, "Wh"),
        )
        yield number + 1, meter, first_ts_ms + number, body_of(Sample(meter, first_ts_ms + number, values)), meter


def fill(path: Path, count: int, first_ts_ms: int) -> None:
    """Put the backlog on disk."""
    store = Store(path, max_bytes=10**10)
    made = rows(count, first_ts_ms, random.Random(1))
    for _ in range(0, count, _CHUNK):
        chunk = [row for _, row in zip(range(_CHUNK), made, strict=False)]
        store.append(chunk, stamps=[(1, row[2]) for row in chunk])
    store.close()


def deliver(folder: Path, port: int, *, keeps: bool) -> None:
    """The delivery wing; ends when it is killed."""
    logger.remove()
    asyncio.run(_deliver(folder, port, keeps=keeps))


async def _deliver(folder: Path, port: int, *, keeps: bool) -> None:
    outbox = Outbox(folder / "outbox.db", settings=OutboxSettings())
    if keeps:
        outbox.keep(
            KeptSamples(
                folder / "kept",
                keep_s=172_800,
                max_bytes=256_000_000,
                destination="local",
                age_s=time.monotonic,
                wall_ms=lambda: int(time.time() * 1000),
            )
        )
    await outbox.open()
    delivery = publisher(
        BrokerSettings(),
        ThingsBoardSettings(host="127.0.0.1", port=port, token="TOKEN", via="direct"),
        outbox=outbox,
        device_names={},
        memory_path=folder / "upstream.json",
        commands=no_commands,
        metrics=DeliveryMetrics(),
        rng=random.Random(1),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outbox.run())
        tasks.create_task(delivery.run())


async def drain(count: int, *, keeps: bool) -> tuple[float, float, float]:
    """Return samples a second, microseconds of CPU a sample, and bytes kept a sample."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        until_ms = int(time.time() * 1000)
        await asyncio.to_thread(fill, folder / "outbox.db", count, until_ms - count)
        async with Counting(until_ms) as server:
            process = multiprocessing.get_context("spawn").Process(
                target=deliver, args=(folder, server.port), kwargs={"keeps": keeps}
            )
            process.start()
            while not server.messages:
                await asyncio.sleep(0.01)
            began_s, before_s = time.monotonic(), cpu_s(process.pid or 0)
            while len(server.stamps) < count:
                await asyncio.sleep(0.05)
            took_s, used_s = time.monotonic() - began_s, cpu_s(process.pid or 0) - before_s
            await asyncio.sleep(1)  # the last mark, and what it confirms
            kept = await asyncio.to_thread(_bytes_in, folder / "kept")
            process.kill()
            process.join()
        return count / took_s, 1e6 * used_s / count, kept / count


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*"))


async def main(count: int) -> None:
    """Measure by turns, and print."""
    for _ in range(_ROUNDS):
        for keeps in (False, True):
            rate, us, kept = await drain(count, keeps=keeps)
            print(
                f"{'with' if keeps else 'without':8} {rate:7.0f} samples/s  {us:5.0f} us CPU a sample  "
                f"{kept:5.1f} bytes kept a sample",
                flush=True,
            )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--samples", type=int, default=60_000)
    asyncio.run(main(arguments.parse_args().samples))
