"""From a container's start to the first sample confirmed upstream: ``python -m tests.bench.starts [--runs N]``.

The bridge's container as users get it, with the demo meter; Mosquitto and the double of ThingsBoard run already, as
they do when one container is replaced. The clock starts at Docker's ``StartedAt`` and stops at the double's answer to
the first question that came after a sample of this start: ThingsBoard has accepted it. Also says where the time goes,
by the container's own log. Needs Docker and the image ``dlms-bridge:under-test`` (the stack tests build it); nothing
here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path

from tests.stack.stack import TOP, Stack, docker, eventually
from tests.stack.thingsboard import ENV, ThingsBoard

STAGES = {
    "imports": "dlms-bridge ",  # the first line: everything is imported and the settings are read
    "broker": "connected to mosquitto",
    "on disk": "outbox | committed",
}
_LINE = re.compile(r"^(\S+Z) (.*)$", re.MULTILINE)


def start(stack: Stack, server: ThingsBoard) -> dict[str, float]:
    """Stop the bridge, start it, and return seconds since ``StartedAt`` by stage."""
    name = stack.container("bridge")
    docker("stop", name)
    before_s = time.time()
    docker("start", name)

    def arrived() -> bool:
        return any(ts_ms > before_s * 1000 for _, ts_ms in server.received())

    _poll(arrived)
    first_s = time.time()
    _poll(lambda: server.asked_after_ms > before_s * 1000)
    confirmed_s = time.time()
    began = stack.inspect("bridge")["State"]["StartedAt"]
    began_s = _unix_s(began)
    lines = _LINE.findall(docker("logs", "--timestamps", "--since", began, name))
    stages = {
        stage: next(_unix_s(at) for at, line in lines if text in line) - began_s for stage, text in STAGES.items()
    }
    return stages | {"upstream": first_s - began_s, "confirmed": confirmed_s - began_s}


def _poll(condition) -> None:
    deadline_s = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError("nothing came upstream within 60 s of a start")
        time.sleep(0.002)


def _unix_s(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def measure(runs: int, folder: Path) -> dict[str, list[float]]:
    """So many starts; seconds by stage."""
    image = re.search(r"eclipse-mosquitto:\S+", (TOP / "docker-compose.yml").read_text())
    assert image
    project = f"dlms-bench-{os.getpid()}"
    stack = Stack(folder / "stack", project, ENV)
    server = ThingsBoard(folder / "thingsboard", f"{project}-thingsboard", image.group())
    try:
        stack.up("mosquitto", "bridge")
        server.join(f"{project}_broker")
        eventually(lambda: len(server.received()) >= 5, "samples upstream")
        found = [start(stack, server) for _ in range(runs)]
    finally:
        stack.down()
        server.close()
        stack.down()  # the network, once nobody is in it
    return {stage: [one[stage] for one in found] for stage in found[0]}


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the double's container reads its configuration in there as another user
        (Path(folder) / "stack").mkdir()
        found = measure(arguments.runs, Path(folder))
    print("| since the container's start | p50, s | p99, s |")
    print("| --- | ---: | ---: |")
    for stage, times_s in found.items():
        ordered = sorted(times_s)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        print(f"| {stage} | {statistics.median(ordered):.2f} | {p99:.2f} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
