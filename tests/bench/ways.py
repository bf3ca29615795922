"""Direct beside Mosquitto in one table: ``python -m tests.bench.ways [--samples N] [--json FILE]``.

Both ways deliver the same to the double of ThingsBoard, one after the other, the delivery wing in a process of its own:

* *drain*: a backlog of 60,000 samples, while 10 live samples a second come in;
* *killed*: the same, and ThingsBoard is killed once in the middle of it;
* *quiet*: 10 live samples a second and nothing else, for 20 s.

The double takes and stores no faster than a real ThingsBoard. CPU is the bridge's, and Mosquitto's where it is on the
way. Prints figures; nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge.configuration.settings import BrokerSettings, OutboxSettings, ThingsBoardSettings
from bridge.delivery.assembly import publisher
from bridge.delivery.calls import no_commands
from bridge.delivery.metrics import DeliveryMetrics
from bridge.outbox.outbox import Outbox
from tests.bench.backlog import Counting, fill, read_for_ever
from tests.bench.process import cpu_s, memory_mb
from tests.fakes.mosquitto import Mosquitto

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WAYS = ("mosquitto", "direct")
QUIET_S = 20.0
_AWAY_S = 1.0


class Watched(Counting):
    """Counts what comes twice as well."""

    def __init__(self, live_from_ms: int) -> None:
        super().__init__(live_from_ms)
        self.rows = 0

    def accepted(self, device: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Each time that it comes."""
        self.rows += len(rows)


def deliver(folder: Path, way: str, port: int) -> None:
    """The delivery wing with 10 live samples a second; ends when it is killed."""
    logger.remove()
    asyncio.run(_deliver(folder, way, port))


async def _deliver(folder: Path, way: str, port: int) -> None:
    outbox = Outbox(folder / "outbox.db", settings=OutboxSettings())
    await outbox.open()
    if way == "direct":
        broker = BrokerSettings()
        thingsboard = ThingsBoardSettings(host="127.0.0.1", port=port, token="TOKEN", via="direct")
    else:
        broker = BrokerSettings(host="127.0.0.1", port=port)
        thingsboard = ThingsBoardSettings(host="thingsboard", token="TOKEN", via="mosquitto")
    delivery = publisher(
        broker,
        thingsboard,
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
        await read_for_ever(outbox)


class Run:
    """One way at work: the double, the bridge's process, and Mosquitto's where it is on the way."""

    def __init__(self, server: Watched, pids: list[int], began_s: float) -> None:
        self.server = server
        self.began_s = began_s
        self._pids = pids
        self._cpu_s = self._used_s()  # bridge, and broker where there is one

    def figures(self) -> dict[str, float]:
        """What came so far."""
        took_s = time.monotonic() - self.began_s
        delays_s = sorted(self.server.live_delays_s)
        stored = len(self.server.stamps) + len(delays_s)
        used_s = [now_s - before_s for now_s, before_s in zip(self._used_s(), self._cpu_s, strict=True)]
        return {
            "seconds": took_s,
            "samples_per_s": len(self.server.stamps) / took_s,
            "messages": self.server.messages,
            "twice_percent": 100 * max(0, self.server.rows - stored) / max(1, stored),
            "live_p50_s": statistics.median(delays_s) if delays_s else float("nan"),
            "live_p99_s": delays_s[int(0.99 * len(delays_s))] if delays_s else float("nan"),
            "live_max_s": delays_s[-1] if delays_s else float("nan"),
            "cpu_s": sum(used_s),
            **dict(zip(("cpu_bridge_s", "cpu_broker_s"), used_s, strict=False)),
            "memory_mb": memory_mb(self._pids[0]),
        }

    def _used_s(self) -> list[float]:
        return [cpu_s(pid) for pid in self._pids]


@contextlib.asynccontextmanager
async def running(way: str, folder: Path, count: int) -> AsyncIterator[Run]:
    """The wing at work on a backlog of ``count`` samples."""
    live_from_ms = int(time.time() * 1000)
    if count:
        await asyncio.to_thread(fill, folder / "outbox.db", count, live_from_ms - count)
    async with contextlib.AsyncExitStack() as end:
        server = await end.enter_async_context(Watched(live_from_ms))
        pids, port = [], server.port
        if way == "mosquitto":
            broker = await end.enter_async_context(Mosquitto(upstream_port=server.port))
            assert broker._process is not None
            pids, port = [broker._process.pid], broker.port
        process = multiprocessing.get_context("spawn").Process(target=deliver, args=(folder, way, port))
        process.start()
        try:
            while not server.messages:
                await asyncio.sleep(0.01)
            yield Run(server, [process.pid or 0, *pids], time.monotonic())
        finally:
            process.kill()
            process.join()


async def drain(way: str, folder: Path, count: int, *, killed: bool) -> dict[str, float]:
    """Until the backlog is stored."""
    async with running(way, folder, count) as run:
        while len(run.server.stamps) < count:
            await asyncio.sleep(0.05)
            if killed and len(run.server.stamps) > count / 2:
                killed = False
                await run.server.kill()
                await asyncio.sleep(_AWAY_S)
                await run.server.start()
        return run.figures()


async def quiet(way: str, folder: Path) -> dict[str, float]:
    """Live samples alone."""
    async with running(way, folder, 0) as run:
        await asyncio.sleep(QUIET_S)
        return run.figures()


def measure(count: int) -> dict[str, dict[str, dict[str, float]]]:
    """Everything, by scene and way."""
    scenes: dict[str, dict[str, dict[str, float]]] = {"drain": {}, "killed": {}, "quiet": {}}
    for way in WAYS:
        for scene, found in scenes.items():
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                scene_of = (
                    quiet(way, folder) if scene == "quiet" else drain(way, folder, count, killed=scene == "killed")
                )
                found[way] = asyncio.run(scene_of)
    return scenes


def table(scenes: dict[str, dict[str, dict[str, float]]]) -> str:
    """As Markdown."""
    heads = [f"{scene}, {way}" for scene in scenes for way in WAYS]
    columns = [scenes[scene][way] for scene in scenes for way in WAYS]
    rows = [
        ("seconds", "seconds", "{:.1f}"),
        ("samples a second", "samples_per_s", "{:,.0f}"),
        ("telemetry messages", "messages", "{:,.0f}"),
        ("samples that came twice", "twice_percent", "{:.1f} %"),
        ("live samples stored after, p50", "live_p50_s", "{:.2f} s"),
        ("worst", "live_max_s", "{:.2f} s"),
        ("CPU, bridge and broker", "cpu_s", "{:.1f} s"),
        ("memory of the bridge", "memory_mb", "{:.0f} MB"),
    ]
    lines = [f"| | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    lines += [f"| {title} | {' | '.join(form.format(one[key]) for one in columns)} |" for title, key, form in rows]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    logger.remove()
    scenes = measure(arguments.samples)
    print(table(scenes))
    if arguments.json:
        arguments.json.write_text(json.dumps(scenes, indent=1) + "\n")


if __name__ == "__main__":
    main()
