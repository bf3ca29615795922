"""What the metrics cost, measured: ``python -m tests.bench.metrics_cost``.

CPU of the bridge's side of a cycle with the real metrics and with ones that do nothing, against a demo meter in a
process of its own; then the CPU time that /metrics takes with a fleet. Prints; nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import MagicMock

from loguru import logger
from prometheus_client import disable_created_metrics

from bridge.configuration.meter import resolve
from bridge.configuration.profile import load_profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.demo import DEMO_PASSWORD
from bridge.health.metrics import Metrics
from bridge.health.watched_meter import WatchedMeter
from bridge.meters.link import Link
from bridge.meters.metrics import MeterMetrics
from bridge.meters.poller import Poller
from bridge.meters.state import MeterState
from tests.health.plant import Plant

if TYPE_CHECKING:
    from collections.abc import Iterator

REGISTERS = (("voltage_l1", "V"), ("current_l1", "A"), ("frequency", "Hz"), ("active_power", "W"), ("energy", "Wh"))


class Nothing:
    """Takes every call and counts nothing, as cheaply as Python can."""

    def __getattr__(self, name: str) -> Nothing:
        return self

    def __call__(self, *_: object, **__: object) -> Nothing:
        return self

    def __iter__(self) -> Iterator[Nothing]:
        return iter(())


async def cycle_cpu_us(metrics: object, port: int, cycles: int) -> float:
    """CPU of this process a cycle of five registers, microseconds."""
    given = {"host": "127.0.0.1", "port": port, "profile": "microstar", "password": DEMO_PASSWORD}
    profile = load_profile("microstar").model_copy(update={"frame_gap_s": 0.0})
    meter = resolve("main", MeterSettings.model_validate(given), profile, PollSettings())
    link = Link("127.0.0.1", port, "hdlc", connect_timeout_s=5, connecting=asyncio.Semaphore(1))
    link.join()
    done, taken = asyncio.Event(), [0]

    def sink(_: object) -> None:
        taken[0] += 1
        if taken[0] == cycles:
            done.set()

    poller = Poller(replace(meter, interval_s=1e-4), link, sink=sink, metrics=metrics, rng=random.Random())
    task = asyncio.create_task(poller.run())
    began_s = time.process_time()
    await done.wait()
    spent_s = time.process_time() - began_s
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return spent_s / cycles * 1e6


def fleet(metrics: MeterMetrics, count: int) -> None:
    """Make the series of so many meters, as they are after some cycles."""
    for number in range(count):
        name = f"meter-{number:05d}"
        metrics.expect(name, interval_s=5, link=f"10.{number >> 8}.0.{number & 255}:4059", profile="single_phase")
        metrics.meter_last_success.labels(name).set(time.time())
        metrics.meter_errors.labels(name, "tcp").inc()
        metrics.cycle_took(name, 0.42)
        metrics.request_took(name, 0.08)
        for key, unit in REGISTERS if metrics.shows_values else ():
            metrics.meter_value.labels(name, key, unit).set(127.4 + number)


def page_s(metrics: Metrics) -> tuple[float, float, int]:
    """CPU seconds of the first page, the median of the next five, and its lines."""
    seconds = []
    for _ in range(6):
        began_s = time.thread_time()
        page = metrics.page.text()
        seconds.append(time.thread_time() - began_s)
    return seconds[0], statistics.median(seconds[1:]), page.count(b"\n")


def report_s(count: int) -> tuple[float, float]:
    """CPU seconds of one status report, and of deciding whether all is well, as every scrape does."""
    state, plant = MeterState(), Plant()
    plant.status.watch(tuple(WatchedMeter(f"m{n}", MagicMock(state=state, interval_s=5.0)) for n in range(count)))
    began_s = time.thread_time()
    plant.status.report()
    reported_s = time.thread_time()
    plant.wellness.show(plant.metrics.process)
    return reported_s - began_s, time.thread_time() - reported_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=2000)
    parser.add_argument("--meters", type=int, default=10_000)
    arguments = parser.parse_args()
    disable_created_metrics()
    logger.remove()
    command = [sys.executable, "-m", "bridge", "demo-meter", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as meter:
        port = int(meter.stdout.readline().split(",")[0].rpartition(":")[2])
        kinds = {"without metrics": Nothing, "with metrics": MeterMetrics}
        least = dict.fromkeys(kinds, float("inf"))
        for _ in range(5):  # in turns, and the least of each: other programs only ever add
            for name, make in kinds.items():
                least[name] = min(least[name], asyncio.run(cycle_cpu_us(make(), port, arguments.cycles)))
        for name, spent_us in least.items():
            print(f"{name}: {spent_us:.0f} us CPU a cycle of five registers")
        meter.terminate()
    for name, options in (
        ("fleet, no values", {"fleet": True, "register_values": False}),
        ("fleet", {"fleet": True}),
        ("everything", {}),
    ):
        metrics = Metrics(**options)
        fleet(metrics.meters, arguments.meters)
        first_s, usual_s, lines = page_s(metrics)
        print(
            f"/metrics, {arguments.meters} meters, {name}: {usual_s:.2f} s CPU (first {first_s:.2f} s), {lines} lines"
        )
    report, wellness = report_s(arguments.meters)
    print(f"/status, {arguments.meters} meters: {report:.2f} s CPU; is all well: {wellness:.3f} s")


if __name__ == "__main__":
    main()
