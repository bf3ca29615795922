"""What a cycle costs once its ten registers are read: ``python -m tests.bench.cycle_cost [--json FILE]``.

CPU time of the event loop's thread, microseconds a cycle: the sample is made, accounted for (metrics, log, state), put
into the outbox, committed in groups to a real file, and its live copy handed to a broker's connection. The broker is a
process of its own that takes everything and keeps nothing. What the outbox's and paho's own threads spend is the
difference to the whole process's time, which stands beside it.

Runs with the ``bridge`` package that is found first, so that an older one can be measured by the same script. Medians
of five rounds. Prints; nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import multiprocessing
import random
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from loguru import logger
from prometheus_client import disable_created_metrics

import bridge
from bridge import sample as travels
from bridge.configuration.settings import BrokerSettings, OutboxSettings, ThingsBoardSettings
from bridge.delivery.assembly import publisher
from bridge.delivery.calls import no_commands
from bridge.dlms.register import Register
from bridge.health.metrics import Metrics
from bridge.meters.observer import MeterObserver
from bridge.outbox.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bridge.log_lines import Level

METERS = 100
ROUNDS = 5
LOOP_PASS = 20  # cycles between two turns of the event loop
KEYS = (
    ("voltage_l1", "V", 127.43), ("voltage_l2", "V", 128.9), ("voltage_l3", "V", 126.01), ("current_l1", "A", 4.321),
    ("current_l2", "A", 0.007), ("current_l3", "A", 11.2), ("frequency", "Hz", 59.98), ("active_power", "W", 1523),
    ("active_energy", "Wh", 56_348_000), ("reactive_energy", "varh", 1_204_331),
)  # fmt: skip


def sink(port: multiprocessing.Queue[int]) -> None:
    """Take one MQTT connection and everything on it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port.put(server.getsockname()[1])
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"\x20\x03\x00\x00\x00")  # CONNACK (MQTT 5, 3.2)
                while connection.recv(1 << 16):
                    pass


@contextlib.contextmanager
def a_broker() -> Iterator[int]:
    """Start the sink and give its port."""
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    process = multiprocessing.Process(target=sink, args=(ports,), daemon=True)
    process.start()
    try:
        yield ports.get()
    finally:
        process.kill()
        process.join()


class Reading(NamedTuple):
    """What the conversation gives a register."""

    register: Register
    value: float
    unit: str
    refusal: str = ""
    quality: str = ""


class Meter:
    """One meter as its poller has it: a way to make samples, and an account."""

    def __init__(self, name: str, metrics: Metrics, level: Level) -> None:
        metrics.meters.expect(name, interval_s=10)
        self.name = name
        self.account = MeterObserver(name, metrics.meters, time.time, level)
        self.readings = [Reading(Register(key=key, obis="1-0:1.8.0"), value, unit) for key, unit, value in KEYS]
        if layout := getattr(travels, "Layout", None):
            keys, units, _ = zip(*KEYS, strict=True)
            self._layout = layout(name, keys, ("1-0:1.8.0",) * len(keys), units)
            self.sample = self._by_layout
        else:
            self.sample = self._by_values

    def _by_layout(self, ts_ms: int) -> Any:
        _, values, _, _, qualities = zip(*self.readings, strict=True)
        return self._layout.sample(ts_ms, values, qualities if any(qualities) else ())

    def _by_values(self, ts_ms: int) -> Any:
        values = (
            travels.Value(reading.register.key, reading.register.obis, reading.value, reading.unit)
            for reading in self.readings
        )
        return travels.Sample(self.name, ts_ms, tuple(values))


def cost(work: Callable[[Meter, int], object], meters: list[Meter], cycles: int) -> tuple[float, float]:
    """CPU of this thread and of the process, microseconds a cycle, for work that needs no event loop."""
    turns = itertools.islice(itertools.cycle(meters), cycles)
    process_s, thread_s = time.process_time(), time.thread_time()
    for number, meter in enumerate(turns):
        work(meter, 1_700_000_000_000 + number)
    return (time.thread_time() - thread_s) / cycles * 1e6, (time.process_time() - process_s) / cycles * 1e6


async def looped(work: Callable[[Meter, int], object], meters: list[Meter], cycles: int) -> tuple[float, float]:
    """The same for work that the event loop goes on with."""
    process_s, thread_s = time.process_time(), time.thread_time()
    turns = itertools.islice(itertools.cycle(meters), cycles)
    for number, meter in enumerate(turns):
        work(meter, 1_700_000_000_000 + number)
        if number % LOOP_PASS == 0:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.3)
    return (time.thread_time() - thread_s) / cycles * 1e6, (time.process_time() - process_s) / cycles * 1e6


async def round_of(cycles: int, port: int, folder: Path, *, fleet: bool) -> dict[str, tuple[float, float]]:
    """Every stage once."""
    metrics = Metrics(fleet=fleet, register_values=not fleet)
    meters = [Meter(f"meter-{number:05}", metrics, "DEBUG" if fleet else "INFO") for number in range(METERS)]
    outbox = Outbox(folder / "outbox.db", settings=OutboxSettings())
    await outbox.open()
    delivery = publisher(
        BrokerSettings(host="127.0.0.1", port=port),
        ThingsBoardSettings(),
        outbox=outbox,
        device_names={},
        memory_path=folder / "upstream.json",
        commands=no_commands,
        metrics=metrics.delivery,
        rng=random.Random(),
    )
    tasks = [asyncio.create_task(outbox.run()), asyncio.create_task(delivery._parts.upstream.run(delivery._session))]
    while not delivery.connected:
        await asyncio.sleep(0.01)

    def account(meter: Meter, sample: Any) -> None:
        meter.account.read(sample, meter.readings, 0.02)
        meter.account.succeeded(sample, 0)

    def all_of_it(meter: Meter, ts_ms: int) -> None:
        sample = meter.sample(ts_ms)
        outbox.put(sample)
        delivery.live(sample)
        account(meter, sample)

    ready = {meter.name: meter.sample(1) for meter in meters}
    found = {
        "sample": cost(lambda meter, ts_ms: meter.sample(ts_ms), meters, cycles),
        "account": cost(lambda meter, _: account(meter, ready[meter.name]), meters, cycles),
        "outbox": await looped(lambda meter, _: outbox.put(ready[meter.name]), meters, cycles),
        "live": await looped(lambda meter, _: delivery.live(ready[meter.name]), meters, cycles),
        "idle": await looped(lambda *_: None, meters, cycles),
        "all": await looped(all_of_it, meters, cycles),
    }
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await outbox.close()
    (folder / "outbox.db").unlink()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    disable_created_metrics()
    print(f"bridge from {Path(bridge.__file__).parent}; {len(KEYS)} registers a cycle")
    report = {}
    for name, level, fleet in (
        ("log off", "WARNING", False),
        ("fleet, log off", "WARNING", True),
        ("log on", "INFO", False),
    ):
        logger.remove()
        with Path("/dev/null").open("w") as nowhere, a_broker() as port, tempfile.TemporaryDirectory() as folder:
            logger.add(nowhere, level=level)
            rounds = [
                asyncio.run(round_of(arguments.cycles, port, Path(folder), fleet=fleet))
                for _ in range(arguments.rounds)
            ]
            logger.remove()
        report[name] = {
            stage: [round(statistics.median(one[stage][at] for one in rounds), 2) for at in (0, 1)]
            for stage in rounds[0]
        }
        print(f"{name}: us a cycle, loop's thread (whole process)")
        for stage, (thread_us, process_us) in report[name].items():
            print(f"  {stage:8} {thread_us:8.1f} ({process_us:.1f})")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
