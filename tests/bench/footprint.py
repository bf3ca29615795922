"""Memory and start-up of the bridge process, measured: ``python -m tests.bench.footprint [--json FILE]``.

Starts a real mosquitto and N demo meters in processes of their own, then ``python -m bridge`` as a child, and reads
the child's figures from /proc. The meters are not what is measured. Prints a table; nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bridge.demo import DEMO_PASSWORD, serve
from tests.bench.process import cpu_s, memory_mb
from tests.fakes.broker import listener, running_broker
from tests.fakes.ports import free_port

SETTLE_S = 15.0  # three cycles after the first sample: buffers have grown to what they need


def serve_meters(count: int) -> None:
    """Serve ``count`` demo meters and print their ports, one line; runs until killed."""

    async def main() -> None:
        servers = [await serve() for _ in range(count)]
        print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


def measure(count: int) -> dict[str, float]:
    """Run one bridge against ``count`` meters; seconds, megabytes."""
    with tempfile.TemporaryDirectory() as name, running_broker(Path(name)) as broker:
        folder = Path(name)
        command = [sys.executable, "-m", "tests.bench.footprint", "--serve", str(count)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as meters:
            ports = json.loads(meters.stdout.readline())
            rows = "\n".join(f"m{n},127.0.0.1,{port},microstar,{DEMO_PASSWORD}" for n, port in enumerate(ports))
            (folder / "meters.csv").write_text(f"name,host,port,profile,password\n{rows}\n")
            environ = os.environ | {
                "METERS_FILE": str(folder / "meters.csv"),
                "DATA_DIR": str(folder / "data"),
                "CLOCK__PATIENCE": "0",
                "BROKER__HOST": "127.0.0.1",
                "BROKER__PORT": str(broker.port),
                "BROKER__CREDENTIALS_FILE": str(broker.credentials_file),
                "HEALTH__PORT": str(free_port()),
            }
            arrived: queue.Queue[float] = queue.Queue()
            with listener(broker.port, "v1/gateway/telemetry", on_message=lambda *_: arrived.put(time.monotonic())):
                time.sleep(0.5)  # the subscription stands
                began_s = time.monotonic()
                with subprocess.Popen(
                    [sys.executable, "-m", "bridge"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                ) as bridge:
                    first_s = arrived.get(timeout=60) - began_s
                    time.sleep(SETTLE_S)
                    figures = {
                        "first_published_s": first_s,
                        "resident_mb": memory_mb(bridge.pid),
                        "cpu_share": cpu_share(bridge.pid),
                    }
                    bridge.terminate()
            meters.kill()
    return figures


def cpu_share(pid: int, seconds: float = 10.0) -> float:
    """Share of one core that a process used over the next ``seconds``, user and system."""
    before = cpu_s(pid)
    time.sleep(seconds)
    return (cpu_s(pid) - before) / seconds


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, nargs="+", default=[1, 100])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve_meters(arguments.serve)
        return
    results = {}
    print("| meters | start to first published, s | memory, MB | CPU, share of a core |")
    print("| ---: | ---: | ---: | ---: |")
    for count in arguments.meters:
        runs = [measure(count) for _ in range(arguments.runs)]
        results[count] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        print("| {} | {first_published_s:.2f} | {resident_mb:.0f} | {cpu_share:.3f} |".format(count, **results[count]))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
