"""From the process's start to its first sample at the broker: ``python -m tests.bench.first_sample [--runs N]``.

The real bridge with one simulated meter and a real mosquitto; the clock stops when a subscriber has the sample. Nothing
here passes or fails.
"""

from __future__ import annotations

import argparse
import queue
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.bench.fleet import Fleet
from tests.bench.fleet_processes import Bridge, Loads
from tests.fakes.broker import listener, running_broker


def measure() -> float:
    """Seconds of one start."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as alive:
        folder = Path(name)
        broker = alive.enter_context(running_broker(folder))
        fleet = Fleet(1)
        fleet.write(folder, Loads(fleet, alive).port)
        arrived: queue.Queue[float] = queue.Queue()
        topic = "v1/gateway/telemetry"
        alive.enter_context(listener(broker.port, topic, on_message=lambda *_: arrived.put(time.monotonic())))
        time.sleep(0.5)  # the subscription stands
        began_s = time.monotonic()
        alive.enter_context(Bridge(folder, broker, fleet))
        return arrived.get(timeout=60) - began_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    times_s = [measure() for _ in range(arguments.runs)]
    print(f"first sample at the broker after {statistics.median(times_s):.2f} s, worst {max(times_s):.2f} s")


if __name__ == "__main__":
    main()
