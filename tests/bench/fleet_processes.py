"""The processes of a fleet: the bridge, the simulated meters, and what a subscriber of the broker sees."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.ledger import lateness
from tests.bench.load import files_allowed
from tests.bench.process import Page
from tests.bench.rounds import LOAD_CPU, READER_CPU, Child, pin
from tests.fakes.ports import free_port

if TYPE_CHECKING:
    from contextlib import ExitStack
    from typing import Any, Self

    from tests.bench.fleet import Fleet
    from tests.bench.ledger import Lateness


SPARE_FILES = 64


_STAMP = re.compile(rb'"ts":(\d+)')


class Bridge:
    """The bridge's process with the fleet; killed at the end of the context.

    Args:
        folder: where settings and data are.
        broker: the port and credentials of the local broker.
        fleet: what it reads.
        more: settings beside the usual ones.
    """

    def __init__(self, folder: Path, broker: Any, fleet: Fleet, **more: str) -> None:
        self.health_port = free_port()
        self._log = (folder / "bridge.log").open("wb")
        environ = os.environ | {
            "METERS_FILE": str(folder / "meters.csv"),
            "PROFILES_DIR": str(folder / "profiles"),
            "DATA_DIR": str(folder / "data"),
            "POLL__INTERVAL": str(fleet.interval_s),
            "CLOCK__PATIENCE": "0",
            "BROKER__HOST": "127.0.0.1",
            "BROKER__PORT": str(broker.port),
            "BROKER__CREDENTIALS_FILE": str(broker.credentials_file),
            "HEALTH__PORT": str(self.health_port),
            "HEALTH__FLEET": "true",
            "HEALTH__REGISTER_VALUES": "false",
            **more,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bridge"], env=environ, stdout=self._log, stderr=self._log
        )
        pin(self.process.pid, READER_CPU)

    def page(self) -> Page:
        """One scrape."""
        return Page(self.health_port)

    def log(self) -> str:
        """The end of what it logged."""
        return Path(self._log.name).read_text()[-2000:]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


class Loads:
    """The simulated meters, in as many processes as the limit of open files asks for.

    Args:
        fleet: what they are.
        alive: ends them.
    """

    def __init__(self, fleet: Fleet, alive: ExitStack) -> None:
        converters = fleet.meters // fleet.each
        share = min(converters, (files_allowed() - SPARE_FILES) // 2)  # one that listens and one that is open for each
        self.port = 0
        self._interval_s = fleet.interval_s
        self._children = []
        options = ["--behind", fleet.each, "--framing", fleet.framing, "--interval", fleet.interval_s]
        options += [] if fleet.lists else ["--no-list"]
        options += ["--history", fleet.history_days] if fleet.history_days else []
        for first in range(0, converters, share):
            mine = min(share, converters - first)
            where = ["--meters", mine * fleet.each, "--first", first, "--port", self.port]
            child = alive.enter_context(Child("tests.bench.load", *map(str, options + where), cpu=LOAD_CPU))
            self.port = child.hear()["port"]
            self._children.append(child)

    def counts(self) -> dict[str, int]:
        """What all of them saw together."""
        found = [child.tell("counts") for child in self._children]
        return {name: sum(one[name] for one in found) for name in found[0]}

    def lateness(self, *, skip: int = 0) -> Lateness:
        """How late cycles began, as they saw it; ``skip`` leaves out the first ones of each meter."""
        begun = [tuple(one) for child in self._children for one in child.tell("begun")]
        return lateness(begun, self._interval_s, skip=skip)

    def clear(self) -> None:
        """Count from now on."""
        for child in self._children:
            child.tell("clear")


class Arrivals:
    """What a subscriber of the local broker saw: samples, and how old they were."""

    def __init__(self) -> None:
        self.delays_s: list[float] = []

    def take(self, _topic: str, payload: bytes, _retained: bool) -> None:
        """One message."""
        now_s = time.time()
        self.delays_s += [now_s - int(ts_ms) / 1000 for ts_ms in _STAMP.findall(payload)]
