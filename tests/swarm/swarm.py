"""Machines with Docker joined to one swarm, a stack on them, and the plant that it reads."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.stack.stack import TOP, eventually
from tests.swarm.lan import Lan
from tests.swarm.node import Node

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STACK = "dlms"


@dataclass(frozen=True, slots=True)
class Task:
    """A service's task: where it runs, and what its state is."""

    service: str
    node: str
    state: str


class Swarm:
    """So many machines, all of them managers: with three, one may be lost. :meth:`close` takes all of it away.

    Args:
        folder: for everything; its name must be short.
        name: begins the names of the network namespaces.
        machines: how many; they are ``n1``, ``n2`` and so on.
    """

    def __init__(self, folder: Path, name: str, machines: int = 3) -> None:
        self.folder = folder
        self.lan = Lan(name)
        self.nodes = [Node(self.lan, f"n{number}", folder / f"n{number}") for number in range(1, machines + 1)]
        self.plant_address = self.lan.plug_in("plant")
        self._plant: subprocess.Popen[bytes] | None = None
        self._cut_off: list[Node] = []

    def start(self, images: Path) -> None:
        """Switch the machines on, load ``images`` (of ``docker save``) into each, and join them."""
        for node in self.nodes:
            node.power_on()
        loading = [
            subprocess.Popen(("docker", "--host", f"unix://{node.folder}/docker.sock", "load", "-q", "-i", str(images)))
            for node in self.nodes
        ]
        assert [one.wait(300) for one in loading] == [0] * len(self.nodes)
        first, *others = self.nodes
        first.docker("swarm", "init", "--advertise-addr", first.address)
        first.docker("swarm", "update", "--dispatcher-heartbeat", "2s")  # as the page on shards advises
        token = first.docker("swarm", "join-token", "--quiet", "manager").strip()
        for node in others:
            node.docker("swarm", "join", "--advertise-addr", node.address, "--token", token, f"{first.address}:2377")
        for number, node in enumerate(self.nodes, 1):
            first.docker("node", "update", "--label-add", f"dlms.witness={number}", node.name)

    def start_plant(self, meters: int, shards: int) -> None:
        """Start so many demo meters, and ThingsBoard with a gateway for each shard."""
        command = (
            *("setpriv", "--pdeathsig", "KILL"), *self.lan.inside("plant"), sys.executable, "-m", "tests.swarm.plant",
            *("--host", self.plant_address), *("--meters", str(meters)), *("--shards", str(shards)),
            *("--folder", str(self.folder)),
        )  # fmt: skip
        self._plant = subprocess.Popen(command, cwd=TOP, start_new_session=True)
        eventually((self.folder / "ready").exists, "the plant listens", within_s=30)

    # What can be asked

    def manager(self) -> Node:
        """Return a machine that is well: whom to ask and to tell."""
        return next(node for node in self.nodes if node.is_running and node not in self._cut_off)

    def node(self, name: str) -> Node:
        """Return the machine of this name."""
        return next(node for node in self.nodes if node.name == name)

    def tasks(self, service: str = "") -> list[Task]:
        """Return the tasks that Swarm wants to run, of ``service`` or of all."""
        shown = ("--format", "{{.Name}}|{{.Node}}|{{.CurrentState}}", "--filter", "desired-state=running")
        found = []
        for line in self.manager().docker("stack", "ps", STACK, *shown, check=False).splitlines():
            if line.count("|") == 2:  # else it says that Swarm has no leader just now
                name, node, state = line.split("|")
                task = Task(name.removeprefix(f"{STACK}_").split(".")[0], node, state.split()[0])
                if not service or task.service == service:
                    found.append(task)
        return found

    def where(self, service: str) -> Node | None:
        """Return the machine on which ``service`` runs, as Swarm has it; None while it does on none."""
        running = [task.node for task in self.tasks(service) if task.state == "Running"]
        return self.node(running[0]) if running else None

    def listed(self, node: Node) -> str:
        """Return what Swarm says of a machine: ``Ready`` or ``Down``."""
        lines = self.manager().docker("node", "ls", "--format", "{{.Hostname}}|{{.Status}}", check=False)
        return dict(line.split("|") for line in lines.splitlines() if line.count("|") == 1).get(node.name, "")

    def logs(self, service: str, nodes: Sequence[Node] = ()) -> str:
        """Return what the containers of ``service`` have printed, those that ended too, on ``nodes`` or everywhere."""
        said = ""
        for node in nodes or self.nodes:
            if node.is_running:
                names = node.docker("ps", "--all", "--format", "{{.Names}}", "--filter", f"name=^{STACK}_{service}")
                said += "".join(f"--- {node.name} {name}\n{node.docker('logs', name)}" for name in names.split())
        return said

    # What can be done

    def deploy(self, stack: Path) -> None:
        """``docker stack deploy`` of a stack file, with the images that are on the machines."""
        self.manager().docker(
            "stack", "deploy", "--resolve-image", "never", "--prune", "--compose-file", str(stack), STACK
        )

    def put(self, service: str, node: Node) -> None:
        """Have ``service`` run on a machine; it may move from there later as any other."""
        place = f"node.hostname=={node.name}"
        for change in (("--constraint-add", place), ("--constraint-rm", place)):
            self.manager().docker("service", "update", "--quiet", *change, f"{STACK}_{service}")

    def cut_off(self, node: Node) -> None:
        """Swallow what goes between a machine and the others; the plant is reached from it as before."""
        self._cut_off.append(node)
        self.lan.part(node.name, *(other.name for other in self.nodes if other is not node))

    def mend_all(self) -> None:
        """Give cables, power and movement back to every machine."""
        for node in self.nodes:
            self.lan.mend(node.name)
            node.go_on() if node.is_on else node.power_on()
        self._cut_off.clear()

    def close(self) -> None:
        """End everything, and delete it."""
        if self._plant is not None:
            self._plant.kill()
            self._plant.wait()
        for node in self.nodes:
            node.close()
        self.lan.close()
