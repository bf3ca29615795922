"""A day's backlog drained, measured: ``python -m tests.bench.drain [--samples N] [--way WAY] [--json FILE]``.

864,000 samples (50 meters, 24 h at 5 s) wait on disk. The delivery wing, in a process of its own, drains them to the
double of ThingsBoard, confirmed by marks, while 10 live samples a second come in: a row for each way. The first row is
a *bare client* without any of it: paho, 20 messages of the same samples in flight, nothing confirmed; it shows what the
double and the machine give at that hour. The double takes and stores no faster than a real ThingsBoard: some 9,900 and
6,000 samples a second. Delays are from a live sample's being put to its being stored. CPU is a share of one core; the
double's is this process's. Prints figures; nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from loguru import logger
from paho.mqtt import client as paho

from bridge.outbox.body import body as body_of
from tests.bench.backlog import EVERY_S, METERS, TOPIC, Counting, reading
from tests.bench.process import cpu_s
from tests.bench.ways import WAYS, running
from tests.fakes.thingsboard import Behaviour

BARE = "bare client"
_ROWS_A_MESSAGE = 400  # about what fits, and what the bridge sends
_IN_FLIGHT = 20
_BARE_SAMPLES = 120_000
_STORE_RATE_PER_S = Behaviour().store_rate_per_s


async def drain(way: str, count: int) -> dict[str, float]:
    """By the delivery wing, until the backlog is stored."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(way, Path(folder), count) as run:
            own_s = time.process_time()
            while len(run.server.stamps) < count:
                await asyncio.sleep(0.05)
            return run.figures() | {"cpu_double_s": time.process_time() - own_s}


async def bare(count: int) -> dict[str, float]:
    """By a client that has nothing else to do and confirms nothing, until all is stored."""
    until_ms = int(time.time() * 1000)
    async with Counting(until_ms) as server:
        process = multiprocessing.get_context("spawn").Process(target=feed, args=(server.port, count, until_ms - count))
        process.start()
        while not server.stamps:
            await asyncio.sleep(0.01)
        began_s, own_s = time.monotonic(), time.process_time()
        before_s = cpu_s(process.pid or 0)
        used_s = 0.0
        while len(server.stamps) < count:
            used_s = max(used_s, cpu_s(process.pid or 0) - before_s)  # 0 when it has ended
            await asyncio.sleep(0.05)
        took_s = time.monotonic() - began_s
        process.join()
    return {
        "seconds": took_s,
        "samples_per_s": count / took_s,
        "cpu_bridge_s": used_s,
        "cpu_double_s": time.process_time() - own_s,
    }


def feed(port: int, count: int, first_ts_ms: int) -> None:
    """Send so many samples as fast as they are acknowledged, some messages in flight."""
    free = threading.Semaphore(_IN_FLIGHT)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.username_pw_set("TOKEN")
    client.on_publish = lambda *_: free.release()
    client.connect("127.0.0.1", port)
    client.loop_start()
    values = body_of(reading("m0", 0))
    for begin in range(0, count, _ROWS_A_MESSAGE):
        rows: defaultdict[str, list[str]] = defaultdict(list)
        for number in range(begin, min(begin + _ROWS_A_MESSAGE, count)):
            rows[f"m{number % METERS}"].append(f'{{"ts":{first_ts_ms + number},"values":{values}}}')
        free.acquire()
        client.publish(TOPIC, "{" + ",".join(f'"{name}":[{",".join(of)}]' for name, of in rows.items()) + "}", qos=1)
    for _ in range(_IN_FLIGHT):
        free.acquire()
    client.disconnect()
    client.loop_stop()


def table(found: dict[str, dict[str, float]]) -> str:
    """As Markdown, a row for each way."""
    heads = ("samples/s", f"of {_STORE_RATE_PER_S:,.0f}", "of bare", "live p50", "p99", "worst", "CPU bridge", "broker")
    lines = ["| | " + " | ".join((*heads, "double", "load")) + " |", "| --- |" + " ---: |" * (len(heads) + 2)]
    for way, one in found.items():
        rate_per_s = one["samples_per_s"]
        cells = [f"{rate_per_s:,.0f}", f"{rate_per_s / _STORE_RATE_PER_S:.0%}"]
        cells.append(f"{rate_per_s / found[BARE]['samples_per_s']:.0%}" if BARE in found else "")
        cells += [f"{one[key]:.2f} s" if key in one else "" for key in ("live_p50_s", "live_p99_s", "live_max_s")]
        used = ("cpu_bridge_s", "cpu_broker_s", "cpu_double_s")
        cells += [f"{one[key] / one['seconds']:.0%}" if key in one else "" for key in used]
        lines.append(f"| {way} | {' | '.join(cells)} | {one['load']:.1f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=METERS * 86400 // EVERY_S)
    parser.add_argument("--way", choices=WAYS, action="append", help="this one alone")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    logger.remove()
    found = {}
    for way in (BARE, *(arguments.way or WAYS)):
        # The bare client's rate is the same throughout: a part of the day shows it.
        one = bare(min(arguments.samples, _BARE_SAMPLES)) if way == BARE else drain(way, arguments.samples)
        found[way] = asyncio.run(one)
        found[way]["load"] = os.getloadavg()[0]
    print(table(found))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
