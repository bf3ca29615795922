"""A day's backlog drained, measured: ``python -m tests.bench.drain [--samples N] [--json FILE]``.

864,000 samples (50 meters, 24 h at 5 s) wait on disk. The delivery wing, in a process of its own, drains them through a
real mosquitto to the double of ThingsBoard, confirmed by marks, while 10 live samples a second come in. Beside it, in
the same run and with messages of the same size, what the way itself can do:

* ``local``: ``mosquitto_pub -l`` at QoS 1, acknowledged by the broker alone;
* ``upstream``: one client's QoS 1 messages, counted where they arrive at the double.

Both bounds are the broker's and the double's, which takes and stores no faster than a real ThingsBoard; the difference
to them is what reading the disk, JSON and confirming cost. Prints figures; nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger
from paho.mqtt import client as paho

from bridge.delivery.assembly import publisher
from bridge.delivery.calls import no_commands
from bridge.health.metrics import Metrics
from bridge.outbox.body import body as body_of
from bridge.outbox.outbox import Outbox
from bridge.outbox.store import Store
from bridge.sample import Sample, Value
from bridge.settings import BrokerSettings, OutboxSettings, ThingsBoardSettings
from tests.bench.process import memory_mb as resident_mb
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.programs import find_program
from tests.fakes.thingsboard import Behaviour, ThingsBoard

if TYPE_CHECKING:
    from collections.abc import Callable

METERS = 50
EVERY_S = 5
TOPIC = "v1/gateway/telemetry"
PASSWORD = "of-this-run"
_REGISTERS = (("voltage_l1", "V"), ("current_l1", "A"), ("frequency", "Hz"), ("active_power", "W"))


def reading(meter: str, ts_ms: int) -> Sample:
    """A sample of five registers, as the profile microstar gives them."""
    values = [Value(key, f"1-1:{key}", 127.43, unit) for key, unit in _REGISTERS]
    return Sample(meter, ts_ms, (*values, Value("active_energy", "1-1:1.8.0", 56_348_000, "Wh")))


def fill(path: Path, count: int, first_ts_ms: int) -> None:
    """Put the backlog on disk: each time stamp once, so that what arrives can be counted by it."""
    store = Store(path, max_bytes=10**10)
    body = body_of(reading("m0", 0))
    for begin in range(0, count, 10_000):
        numbers = range(begin, min(begin + 10_000, count))
        store.append([(n + 1, f"m{n % METERS}", first_ts_ms + n, body, f"m{n % METERS}") for n in numbers])
    store.close()


class Counting(ThingsBoard):
    """The double that keeps time stamps alone: a day of values is too much for it. Live samples are timed.

    It takes and stores at the real one's speed: some 9,900 and 6,000 samples a second.
    """

    def __init__(self, live_from_ms: int) -> None:
        super().__init__(Behaviour(keeps_values=False))
        self.stamps: set[int] = set()
        self.live_delays_s: list[float] = []
        self.bytes = 0
        self._live_from_ms = live_from_ms

    @property
    def messages(self) -> int:
        """Of telemetry, that came."""
        return self.counts["messages"]

    def accepted(self, device: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Nothing is noted: what counts is what is stored."""

    def came(self, topic: str, payload: bytes) -> None:
        """Count the bytes."""
        if topic == TOPIC:
            self.bytes += len(payload)

    def stored(self, device: str, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Note the time stamps, and how late live ones are."""
        now_s = time.time()
        for ts_ms, _ in rows:
            if ts_ms >= self._live_from_ms:
                self.live_delays_s.append(now_s - ts_ms / 1000)
            else:
                self.stamps.add(ts_ms)


def deliver(folder: Path, port: int, credentials: Path) -> None:
    """The delivery wing with 10 live samples a second; ends when it is killed."""
    logger.remove()
    asyncio.run(_deliver(folder, port, credentials))


async def _deliver(folder: Path, port: int, credentials: Path) -> None:
    metrics = Metrics()
    outbox = Outbox(folder / "outbox.db", settings=OutboxSettings())
    await outbox.open()
    delivery = publisher(
        BrokerSettings(host="127.0.0.1", port=port, credentials_file=credentials),
        ThingsBoardSettings(host="thingsboard", token="TOKEN"),
        outbox=outbox,
        device_names={},
        memory_path=folder / "upstream.json",
        commands=no_commands,
        metrics=metrics,
        rng=random.Random(1),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outbox.run())
        tasks.create_task(delivery.run())
        await read_for_ever(outbox)


async def read_for_ever(outbox: Outbox) -> None:
    """Take what 50 meters give, evenly spread."""
    for number in itertools.count():
        await asyncio.sleep(EVERY_S / METERS)
        outbox.put(reading(f"m{number % METERS}", int(time.time() * 1000)))


async def drain(folder: Path, count: int) -> dict[str, float]:
    """Drain ``count`` samples and measure the way's own limits beside it."""
    live_from_ms = int(time.time() * 1000)
    await asyncio.to_thread(fill, folder / "outbox.db", count, live_from_ms - count)
    disk_mb = (folder / "outbox.db").stat().st_size / 1e6
    async with (
        Counting(live_from_ms) as server,
        Mosquitto(password=PASSWORD, upstream_port=server.port) as broker,
    ):
        process = multiprocessing.get_context("spawn").Process(
            target=deliver, args=(folder, broker.port, broker.credentials_file)
        )
        process.start()
        memory_mb = []
        while not server.stamps:
            await asyncio.sleep(0.01)
        began_s = time.monotonic()
        while len(server.stamps) < count:
            memory_mb.append(resident_mb(process.pid or 0))
            await asyncio.sleep(0.5)
        took_s = time.monotonic() - began_s
        sent, size = server.messages, server.bytes // server.messages
        process.kill()
        process.join()
        missing = count - len(server.stamps)
        delays_s = sorted(server.live_delays_s)
        local_s = await _local(broker.port, size, 2000)
        upstream_s = await _upstream(broker.port, server, size, 200)
    return {
        "samples": count,
        "missing": missing,
        "disk_mb": disk_mb,
        "seconds": took_s,
        "samples_per_s": count / took_s,
        "messages_per_s": sent / took_s,
        "message_bytes": size,
        "memory_start_mb": memory_mb[0],
        "memory_peak_mb": max(memory_mb),
        "memory_end_mb": memory_mb[-1],
        "live_samples": len(delays_s),
        "live_delay_p50_s": statistics.median(delays_s) if delays_s else float("nan"),
        "live_delay_max_s": delays_s[-1] if delays_s else float("nan"),
        "local_messages_per_s": 2000 / local_s,
        "upstream_messages_per_s": 200 / upstream_s,
        "share_of_local": sent / took_s * local_s / 2000,
        "share_of_upstream": sent / took_s * upstream_s / 200,
    }


async def _local(port: int, size: int, count: int) -> float:
    """Seconds that ``mosquitto_pub -l`` takes for messages that go nowhere else."""
    command = (find_program("mosquitto_pub"), "-p", str(port), "-u", "bridge", "-P", PASSWORD, "-q", "1")
    process = await asyncio.create_subprocess_exec(*command, "-t", "meters/bench", "-l", stdin=asyncio.subprocess.PIPE)
    began_s = time.monotonic()
    await process.communicate((b"x" * size + b"\n") * count)
    return time.monotonic() - began_s


async def _upstream(port: int, server: Counting, size: int, count: int) -> float:
    """Seconds until messages of one client have all arrived at the double; few enough for the broker's queue."""
    entry = json.dumps({"ts": 0, "values": json.loads(body_of(reading("m0", 0)))}, separators=(",", ":"))
    payload = f'{{"m0":[{",".join([entry] * max(1, size // len(entry)))}]}}'
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.username_pw_set("bridge", PASSWORD)
    before = server.messages
    await asyncio.to_thread(client.connect, "127.0.0.1", port)
    client.loop_start()
    began_s = time.monotonic()
    for _ in range(count):
        client.publish(TOPIC, payload, qos=1)
    await _until(lambda: server.messages - before >= count)
    took_s = time.monotonic() - began_s
    client.disconnect()
    await asyncio.to_thread(client.loop_stop)
    return took_s


async def _until(condition: Callable[[], bool], timeout_s: float = 120) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=METERS * 86400 // EVERY_S)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    logger.remove()
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Any] = asyncio.run(drain(Path(folder), arguments.samples))
    for name, value in figures.items():
        print(f"{name:24} {value:12,.3f}" if isinstance(value, float) else f"{name:24} {value:12,}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
