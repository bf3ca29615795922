"""``bridge stack``: looks at what is configured, refuses what would not run, writes the files, says what to do next."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bridge.cli.catalogue import Catalogue
from bridge.cli.check.shares import show_shares
from bridge.cli.parsers import ALL_WELL, UNUSABLE
from bridge.cli.stack.compose_file import NAME, NoComposeFileError, load, text_of
from bridge.cli.stack.fleet_file import FleetFile
from bridge.cli.stack.prometheus_targets import with_targets
from bridge.cli.stack.shard_reading import ShardReading
from bridge.cli.stack.sharded_compose import service_name, sharded
from bridge.cli.stack.swarm import SwarmPlan, swarm_stack
from bridge.cli.stack.swarm_files import SwarmFiles
from bridge.cli.terminal import Terminal
from bridge.cli.typed_here import STACK
from bridge.configuration.shard_settings import MOST_SHARDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MADE = "stack"
"""The folder, beside the compose file and in ``./secrets``, of what is written for the stack."""


class StackCommand:
    """The command.

    Args:
        environ: the language.
        out: where to write.
        folder: the project's: with ``docker-compose.yml``, ``.env``, ``config`` and ``secrets``.
        shards: how many bridges are to share out the fleet.
    """

    def __init__(self, environ: Mapping[str, str], out: TextIO, folder: Path, *, shards: int) -> None:
        self._say = Catalogue.of({**environ, STACK: "1"})  # it speaks of Docker wherever it runs
        self._terminal = Terminal(out, environ)
        self._folder = folder.resolve()
        self._shards = shards

    def write_stack(self, out: Path | None, *, nodes: Sequence[str], image: str, is_encrypted: bool) -> int:
        """Write the file for ``docker stack deploy`` and return the exit code.

        Args:
            out: where; None for ``stack.yml``.
            nodes: see :class:`SwarmPlan`.
            image: see :class:`SwarmPlan`.
            is_encrypted: see :class:`SwarmPlan`.
        """
        target = self._folder / (out or Path("stack.yml"))
        reading = self._reading(least=1)
        if reading is None:
            return UNUSABLE
        problems = [*reading.problems_of_swarm(), *self._of_nodes(nodes)]
        fleet_files = {shard: FleetFile(reading.configuration, own) for shard, own in reading.owners.items()}
        if reading.configuration.settings.meters_file is None:
            fleet_files = {}
        problems += [self._say("stack.too_large", shard=shard) for shard, one in fleet_files.items() if not one.fits]
        if problems:
            return self._refuse(problems)
        made = self._folder / _MADE
        self._write_targets({shard: f"bridge-{shard}" for shard in reading.owners})
        meter_files = {}
        for shard, one in fleet_files.items():
            meter_files[shard] = made / f"shard-{shard}" / one.name, one.name, one.is_secret
            _keep(meter_files[shard][0], one.content)
        plan = SwarmPlan(
            compose=load(self._folder),
            owners=reading.owners,
            meter_files=meter_files,
            environment=reading.environment,
            files=SwarmFiles(target.parent, self._folder),
            top=self._folder,
            made=made,
            keys=self._keys(),
            image=image,
            nodes=nodes,
            is_encrypted=is_encrypted,
        )
        head = self._say("stack.head.swarm", shards=self._shards)
        _keep(target, text_of(swarm_stack(plan), head).encode())
        self._report(reading, target)
        if not nodes:
            self._next("stack.next.labels")
        self._next("stack.next.deploy", file=target.name)
        return ALL_WELL

    def write_override(self, out: Path | None) -> int:
        """Write the override for one machine and return the exit code.

        Args:
            out: where; None for ``docker-compose.shards.yml``.
        """
        target = self._folder / (out or Path("docker-compose.shards.yml"))
        reading = self._reading(least=2)
        if reading is None:
            return UNUSABLE
        if problems := list(reading.problems_of_compose()):
            return self._refuse(problems)
        self._write_targets({shard: service_name("bridge", shard) for shard in reading.owners})
        document = sharded(
            load(self._folder),
            self._shards,
            provision_name=reading.configuration.settings.thingsboard.provision_name,
            port=int(reading.environment.variables.get("BRIDGE_PORT") or 9108),
        )
        _keep(target, text_of(document, self._say("stack.head.compose", shards=self._shards)).encode())
        self._report(reading, target)
        self._next("stack.next.compose", file=target.name)
        return ALL_WELL

    def _reading(self, least: int) -> ShardReading | None:
        """Return what is configured; None after saying why there is nothing to write."""
        problems: list[str] = []
        if not least <= self._shards <= MOST_SHARDS:
            problems = [self._say("stack.how_many", least=str(least), most=str(MOST_SHARDS))]
        try:
            load(self._folder)
        except NoComposeFileError as error:
            problems = [self._say("stack.no_compose", file=str(error))]
        if problems:
            self._refuse(problems)
            return None
        reading = ShardReading(self._folder, self._shards, self._say)
        if reading.configuration.problems:
            self._refuse(reading.configuration.problems)
            return None
        return reading

    def _of_nodes(self, nodes: Sequence[str]) -> list[str]:
        wrong = nodes and (len(nodes) != 3 or len(set(nodes)) != 3)
        return [self._say("stack.three_nodes", nodes=", ".join(nodes))] if wrong else []

    def _refuse(self, problems: Sequence[str]) -> int:
        for problem in problems:
            self._terminal.say(self._terminal.sign("bad"), " ", problem)
        self._terminal.say(self._say("stack.nothing_written"))
        return UNUSABLE

    def _report(self, reading: ShardReading, target: Path) -> None:
        show_shares(reading.configuration, self._terminal, self._say, title=self._say("stack.shares"))
        meters = len(reading.configuration.fleet)
        written = self._say("stack.written", file=target.name, shards=self._shards, meters=meters, compose=NAME)
        self._terminal.say(self._terminal.sign("good"), " ", written)

    def _next(self, key: str, **values: object) -> None:
        for line in self._say(key, **values).splitlines():
            self._terminal.say("  ", line)

    def _write_targets(self, bridges: Mapping[int, str]) -> None:
        text = (self._folder / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
        _keep(self._folder / _MADE / "prometheus.yml", with_targets(text, bridges).encode(), mode=0o644)

    def _keys(self) -> Path:
        """Return the folder of the secrets that the stack has for itself, made at the first time and kept."""
        folder = self._folder / "secrets" / _MADE
        for name, content in (
            ("broker", f"bridge\n{secrets.token_hex(24)}\n"),  # as mosquitto/start.sh wants them
            ("SHARD__SECRET", f"{secrets.token_hex(32)}\n"),
        ):
            if not (folder / name).exists():
                _keep(folder / name, content.encode())
        return folder


def _keep(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file that may hold a secret; leave it alone where it says this already, for its age is its version."""
    if file.is_file() and file.read_bytes() == content:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=mode)
    file.write_bytes(content)
