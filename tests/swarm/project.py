"""A project's folder as a user has one, with a stack for a swarm that ``bridge stack`` wrote out of it."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import yaml

from bridge.demo import DEMO_PASSWORD
from tests.stack.stack import TOP
from tests.swarm.plant import FIRST_PORT, TOKEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_COPIED = ("docker-compose.yml", "mosquitto", "prometheus", "grafana")
_NOT_HERE = ("prometheus", "grafana")
"""Services whose images the machines do not have: the tests ask the bridges and the meters themselves."""
# The relay's own waits, the catching up and the log are made for a test; the ways are those of every user.
_ENV = """\
METERS_FILE=./config/meters.csv
THINGSBOARD__HOST={plant}
POLL__INTERVAL=1
CLOCK__PATIENCE=0
LOG__LEVEL=DEBUG
LEDGER__REQUESTS_PER_HOUR=100000
SHARD__LEASE={lease_s:g}
"""


def device(meter: int) -> str:
    """Return what meter number ``meter`` is called, here and at ThingsBoard."""
    return f"meter-{meter}"


class Project:
    """The folder.

    Args:
        folder: where; empty.
        plant: the address of the meters and of ThingsBoard.
        meters: how many there are.
        shards: how many bridges are to share them out.
        lease_s: how long a lease lasts that is not renewed.
    """

    def __init__(self, folder: Path, plant: str, *, meters: int, shards: int, lease_s: float = 15) -> None:
        self.folder = folder
        self.shards = shards
        for name in _COPIED:
            source, target = TOP / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
        (folder / ".env").write_text(_ENV.format(plant=plant, lease_s=lease_s))
        rows = [
            f"{device(meter)},{plant},{FIRST_PORT + meter - 1},microstar,wrapper,{DEMO_PASSWORD}"
            for meter in range(1, meters + 1)
        ]
        (folder / "config").mkdir()
        (folder / "config/meters.csv").write_text("\n".join(("name,host,port,profile,framing,password", *rows, "")))
        for shard in range(1, shards + 1):
            secret = folder / f"secrets/shard-{shard}/THINGSBOARD__TOKEN"
            secret.parent.mkdir(parents=True)
            secret.write_text(f"{TOKEN}{shard}\n")

    def write_stack(self, nodes: Sequence[str]) -> Path:
        """Have ``bridge stack`` write the stack; return the file, without what needs images that are not here.

        Raises:
            AssertionError: it refused; with what it said.
        """
        # Without encryption between the nodes: that needs the kernel's ESP, which a test machine may lack.
        command = ("stack", "--shards", str(self.shards), "--nodes", ",".join(nodes), "--unencrypted")
        done = subprocess.run(
            (sys.executable, "-m", "bridge", *command),
            cwd=self.folder,
            env={"PYTHONPATH": str(TOP), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        file = self.folder / "stack.yml"
        stack = yaml.safe_load(file.read_text())
        for name in _NOT_HERE:
            del stack["services"][name]
        # Docker in a container cannot raise a limit beyond its own.
        limit = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        for service in stack["services"].values():
            if "ulimits" in service:
                service["ulimits"] = {"nofile": {"soft": limit, "hard": limit}}
        file.write_text(yaml.safe_dump(stack, sort_keys=False))
        return file

    def shard_of(self, meter: int) -> int:
        """Return which shard has the meter, as the stack that was written says it."""
        for shard in range(1, self.shards + 1):
            if f'"{device(meter)}"' in (self.folder / f"stack/shard-{shard}/meters.csv").read_text():
                return shard
        raise AssertionError(f"no shard has meter {meter}")
