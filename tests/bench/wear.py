"""What the outbox costs a flash disk, measured: ``python -m tests.bench.wear [--seconds N] [--json FILE]``.

50 meters at 5 s through outbox, a real mosquitto and the double of ThingsBoard, all confirmed by marks. Bytes are
the kernel's (``write_bytes`` of /proc/self/io), fsyncs are counted by strace where it is installed. Nothing here
passes or fails. The folder must be on a disk: a tmpfs writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

from loguru import logger

from bridge.configuration.settings import BrokerSettings, OutboxSettings, ThingsBoardSettings
from bridge.delivery.assembly import publisher
from bridge.delivery.calls import no_commands
from bridge.delivery.metrics import DeliveryMetrics
from bridge.outbox.outbox import Outbox
from tests.bench.backlog import read_for_ever
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import ThingsBoard

PASSWORD = "of-this-run"
SETTLE_S = 5.0  # the first commits make the tables


async def wear(folder: Path, seconds: float) -> dict[str, float | None]:
    """Run for so long and count."""
    metrics = DeliveryMetrics()
    outbox = Outbox(folder / "outbox.db", settings=OutboxSettings())
    await outbox.open()
    async with ThingsBoard() as server, Mosquitto(password=PASSWORD, upstream_port=server.port) as broker:
        delivery = publisher(
            BrokerSettings(host="127.0.0.1", port=broker.port, credentials_file=broker.credentials_file),
            ThingsBoardSettings(host="thingsboard", token="TOKEN"),
            outbox=outbox,
            device_names={},
            memory_path=folder / "upstream.json",
            commands=no_commands,
            metrics=metrics,
            rng=random.Random(1),
        )
        tasks = [asyncio.create_task(work) for work in (outbox.run(), delivery.run(), read_for_ever(outbox))]
        await asyncio.sleep(SETTLE_S)
        trace, tracer = folder / "fsyncs", None
        if strace := shutil.which("strace"):
            calls = ("-f", "-e", "trace=fsync,fdatasync", "-o", str(trace), "-p", str(os.getpid()))
            tracer = await asyncio.create_subprocess_exec(strace, "-qq", *calls)
            await asyncio.sleep(0.5)
        began_s, bytes_before = time.monotonic(), _written_bytes()
        before = outbox.state
        await asyncio.sleep(seconds)
        took_s, written = time.monotonic() - began_s, _written_bytes() - bytes_before
        commits = outbox.state.commits - before.commits
        accepted = outbox.state.accepted - before.accepted
        if tracer is not None:
            tracer.terminate()
            await tracer.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await outbox.close()
    fsyncs = sum("sync(" in line for line in trace.read_text().splitlines()) if tracer is not None else None
    return {
        "seconds": took_s,
        "samples_per_s": accepted / took_s,
        "commits_per_s": commits / took_s,
        "fsyncs_per_s": None if fsyncs is None else fsyncs / took_s,
        "mb_an_hour": written / took_s * 3600 / 1e6,
        "bytes_a_sample": written / accepted if accepted else None,
    }


def _written_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("write_bytes")))


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--folder", type=Path, help="a folder on the disk in question")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    logger.remove()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        figures = asyncio.run(wear(Path(folder), arguments.seconds))
    for name, value in figures.items():
        print(f"{name:16} {'not counted' if value is None else f'{value:12,.3f}'}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
