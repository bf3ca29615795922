"""A fleet shared out among shards: ``python -m tests.bench.shards --meters 20000 --shards 4 --interval 60``.

One list of meters, as many bridges as asked for, each a process with ``SHARD__INDEX`` and a broker of its own, all on
one processor; the simulated meters on another. *Measured* is what was seen here, all at once. *Computed* is that, a
meter and a second, times a larger fleet's (``--of``): how many shards, cores, bytes and messages. Nothing passes
or fails.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.fleet import RAMP_PATIENCE_A_METER_S, RAMP_PATIENCE_S, SCRAPE_EVERY_S, Fleet, show
from tests.bench.fleet_processes import Arrivals, Bridge, Loads
from tests.bench.load import allow_files, files_allowed
from tests.bench.process import Page, cpu_s, memory_mb, quantile
from tests.bench.rounds import READER_CPU, pin
from tests.fakes.broker import listener, running_broker

if TYPE_CHECKING:
    from typing import Any

FULL = 0.6
"""Share of a core that a shard should not go beyond: what is left is for a backlog, and for what comes all at once."""
THINGSBOARD_SAMPLES_PER_S = 5_400
"""What one ThingsBoard stored, samples of five values a second: its own share of the work, and the next limit."""


class Messages(Arrivals):
    """Counts the messages as well."""

    def __init__(self) -> None:
        super().__init__()
        self.messages = 0
        self.bytes = 0

    def take(self, topic: str, payload: bytes, retained: bool) -> None:
        """One message."""
        super().take(topic, payload, retained)
        self.messages += 1
        self.bytes += len(payload)


@dataclass
class Shard:
    """One bridge, its broker, and what came out of it."""

    bridge: Bridge
    broker_pid: int
    messages: Messages

    def page(self) -> Page:
        """One scrape."""
        return self.bridge.page()


def start(fleet: Fleet, count: int, top: Path, port: int, alive: ExitStack) -> list[Shard]:
    """Start every shard; ``alive`` ends them."""
    shards = []
    for index in range(1, count + 1):
        folder = top / f"shard-{index}"
        folder.mkdir()
        fleet.write(folder, port)
        broker = alive.enter_context(running_broker(folder))
        pin(broker._process.pid, READER_CPU)
        messages = Messages()
        alive.enter_context(listener(broker.port, "v1/gateway/telemetry", on_message=messages.take))
        own = {"SHARD__COUNT": str(count), "SHARD__INDEX": str(index)}
        shards.append(Shard(alive.enter_context(Bridge(folder, broker, fleet, **own)), broker._process.pid, messages))
    return shards


def measure(fleet: Fleet, count: int, seconds: float) -> dict[str, Any]:
    """Run the fleet on ``count`` shards and return what was seen."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as alive:
        load = Loads(fleet, alive)
        began_s = time.monotonic()
        shards = start(fleet, count, Path(name), load.port, alive)
        deadline_s = began_s + RAMP_PATIENCE_S + fleet.meters * RAMP_PATIENCE_A_METER_S
        while load.counts()["associations"] < fleet.meters:
            if time.monotonic() > deadline_s or any(one.bridge.process.poll() is not None for one in shards):
                raise TimeoutError(f"{load.counts()}\n" + "\n".join(one.bridge.log() for one in shards))
            time.sleep(0.5)
        ramp_s = time.monotonic() - began_s
        time.sleep(fleet.interval_s)
        return window(fleet, seconds, load, shards) | {"until_all_are_associated_s": ramp_s}


def window(fleet: Fleet, seconds: float, load: Loads, shards: list[Shard]) -> dict[str, Any]:
    """Measure for so long what all of them cost together."""
    before = [one.page() for one in shards]
    load.clear()
    for one in shards:
        one.messages.delays_s.clear()
        one.messages.messages = one.messages.bytes = 0
    began_s = time.monotonic()
    used_s = [(cpu_s(one.bridge.process.pid), cpu_s(one.broker_pid)) for one in shards]
    while (rest_s := began_s + seconds - time.monotonic()) > 0:
        time.sleep(min(SCRAPE_EVERY_S, rest_s))
        for one in shards:
            one.page()
    took_s = time.monotonic() - began_s
    shares = [
        ((cpu_s(one.bridge.process.pid) - bridge) / took_s, (cpu_s(one.broker_pid) - broker) / took_s)
        for one, (bridge, broker) in zip(shards, used_s, strict=True)
    ]
    counts, seen, after = load.counts(), load.lateness(), [one.page() for one in shards]
    late = [
        quantile(*(page.buckets("dlms_cycle_lateness_seconds") for page in pages), 0.99)
        for pages in zip(before, after, strict=True)
    ]
    delays_s = sorted(delay for one in shards for delay in one.messages.delays_s)
    return {
        "meters": fleet.meters,
        "shards": len(shards),
        "interval_s": fleet.interval_s,
        "registers": fleet.registers,
        "seconds": took_s,
        "cpu_share_bridges": [round(bridge, 3) for bridge, _ in shares],
        "cpu_share_brokers": [round(broker, 3) for _, broker in shares],
        "memory_mb_bridges": [round(memory_mb(one.bridge.process.pid)) for one in shards],
        "memory_mb_brokers": [round(memory_mb(one.broker_pid)) for one in shards],
        "cycles": counts["cycles"],
        "cycles_expected": fleet.meters * took_s / fleet.interval_s,
        "cycles_seen": seen,
        "lateness_p99_below_s": late,
        "samples_confirmed": sum(
            new.value("dlms_outbox_confirmed_samples_total") - old.value("dlms_outbox_confirmed_samples_total")
            for old, new in zip(before, after, strict=True)
        ),
        "messages_per_s": sum(one.messages.messages for one in shards) / took_s,
        "bytes_per_s": sum(one.messages.bytes for one in shards) / took_s,
        "delay_p50_s": delays_s[len(delays_s) // 2] if delays_s else None,
        "delay_p99_s": delays_s[int(len(delays_s) * 0.99)] if delays_s else None,
    }


def computed(measured: dict[str, Any], meters: int) -> dict[str, Any]:
    """Return what a fleet of ``meters`` takes, read as often, if a meter costs there what it cost here."""
    times = meters / measured["meters"]
    cores = times * (sum(measured["cpu_share_bridges"]) + sum(measured["cpu_share_brokers"]))
    samples_per_s = meters / measured["interval_s"]
    return {
        "meters": meters,
        "cores": cores,
        "shards_of_a_core_each": math.ceil(cores / FULL),
        "memory_gb": times * (sum(measured["memory_mb_bridges"]) + sum(measured["memory_mb_brokers"])) / 1000,
        "samples_per_s": samples_per_s,
        "values_per_s": samples_per_s * measured["registers"],
        "messages_per_s": times * measured["messages_per_s"],
        "megabits_per_s": times * measured["bytes_per_s"] * 8 / 1e6,
        "of_one_thingsboard": samples_per_s * measured["registers"] / (5 * THINGSBOARD_SAMPLES_PER_S),
    }


def main() -> None:
    """Measure, compute, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=20_000)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--interval", type=float, default=60)
    parser.add_argument("--registers", type=int, default=10)
    parser.add_argument("--of", type=int, default=100_000, help="the fleet that is computed")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    allow_files(min(2 * arguments.meters + 200, files_allowed()))
    fleet = Fleet(arguments.meters, arguments.interval, arguments.registers)
    measured = measure(fleet, arguments.shards, arguments.seconds)
    larger = computed(measured, arguments.of)
    for title, figures in (("measured", measured), ("computed", larger)):
        print(f"\n{title}")
        show(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps({"measured": measured, "computed": larger}, indent=2, default=str))


if __name__ == "__main__":
    main()
