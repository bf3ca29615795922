"""The whole trial: a swarm, the stack on it, the meters; and the questions that the tests ask of it.

Times are of ``time.monotonic``, which the plant's process shares.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests.stack.stack import eventually
from tests.swarm import spoken
from tests.swarm.plant import DAYS
from tests.swarm.project import Project, device

if TYPE_CHECKING:
    from tests.swarm.node import Node
    from tests.swarm.spoken import Turn
    from tests.swarm.swarm import Swarm

METERS, SHARDS = 6, 3
PATIENCE_S = 120
"""So long it may take on a busy machine until a meter is read again. What it takes is printed, not judged."""
_QUARTER_MS = 900_000
_MQTT = 1883
_COMMITTED = re.compile(r"outbox \| committed (\S+) (\d+)")


class Site:
    """Deploys the stack; returns when every meter is read and ThingsBoard has something of each."""

    def __init__(self, swarm: Swarm) -> None:
        self.swarm = swarm
        swarm.start_plant(METERS, SHARDS)
        self.project = Project(swarm.folder / "project", swarm.plant_address, meters=METERS, shards=SHARDS)
        swarm.deploy(self.project.write_stack([node.name for node in swarm.nodes]))
        self.be_calm()

    # What can be asked

    @property
    def _spoken(self):
        return self.swarm.folder / "meters"

    @property
    def _stored(self):
        return self.swarm.folder / "stored"

    def turns(self, since_s: float = 0) -> dict[int, list[Turn]]:
        """Who spoke at each meter, from ``since_s`` on."""
        return spoken.turns(self._spoken, since_s)

    def silences_s(self, since_s: float) -> dict[int, float]:
        """For how long each meter was asked nothing, at most, from ``since_s`` on."""
        return spoken.longest_silence_s(self._spoken, since_s)

    def meters_of(self, shard: int) -> list[int]:
        """The meters that a shard reads."""
        return [meter for meter in range(1, METERS + 1) if self.project.shard_of(meter) == shard]

    def holder(self, shard: int) -> Node:
        """The machine on which a shard's bridge runs."""
        found = self.swarm.where(f"bridge-{shard}")
        assert found is not None, self.swarm.tasks()
        return found

    def rows(self) -> set[tuple[str, int]]:
        """Device and time (ms) of everything that ThingsBoard has."""
        return {(name, ts_ms) for name, rows in spoken.stored(self._stored).items() for ts_ms in rows}

    def missing(self) -> dict[str, list[int]]:
        """The intervals of the last day that ThingsBoard has not, by device; without the newest, still on its way."""
        now_ms = int(time.time() * 1000)
        from_ms = now_ms - DAYS * 86_400_000 + _QUARTER_MS
        found = {
            name: spoken.missing_intervals(self._stored, name, _QUARTER_MS, from_ms, now_ms - 60_000)
            for name in map(device, range(1, METERS + 1))
        }
        return {name: times for name, times in found.items() if times}

    def committed(self, node: Node, shard: int) -> set[tuple[str, int]]:
        """Device and time of what the bridges of a shard said they have on a machine's disk, those that ended too."""
        said = self.swarm.logs(f"bridge-{shard}", [node])
        return {(name, int(ts_ms)) for name, ts_ms in _COMMITTED.findall(said)}

    def story(self) -> str:
        """What the machines and bridges said, for a test that failed."""
        parts = [repr(self.swarm.tasks()), repr(self.turns())]
        services = (*(f"bridge-{shard}" for shard in range(1, SHARDS + 1)), "witness", "drain")
        parts += ["\n".join(self.swarm.logs(service).splitlines()[-60:]) for service in services]
        return "\n".join(parts)

    # What can be waited for

    def spoken_by(self, meter: int, address: str, since_s: float, within_s: float) -> Turn:
        """Wait until a machine asks a meter something, and return its turn."""
        return eventually(
            lambda: next((turn for turn in self.turns(since_s).get(meter, ()) if turn.machine == address), None),
            f"{address} asks meter {meter}",
            within_s=within_s,
        )

    def taken_over(self, shard: int, old: Node, since_s: float, within_s: float) -> Turn:
        """Wait until another machine than ``old`` reads all meters of a shard; return the turn that began last."""

        def others() -> list[Turn]:
            now = self.turns(since_s)
            found = [
                next((turn for turn in now.get(meter, ()) if turn.machine != old.address), None)
                for meter in self.meters_of(shard)
            ]
            return [turn for turn in found if turn is not None] if all(found) else []

        return max(eventually(others, f"shard {shard} is read by another", within_s=within_s), key=lambda t: t.first_s)

    def be_calm(self) -> None:
        """Wait until every machine is there, and every meter is read and arrives."""

        def whole() -> bool:
            if any(self.swarm.listed(node) != "Ready" for node in self.swarm.nodes):
                return False
            tasks = self.swarm.tasks()
            return bool(tasks) and all(task.state == "Running" for task in tasks)

        eventually(whole, "every machine is there, every service runs", within_s=120)
        since_s, known = time.monotonic(), self.rows()
        eventually(
            lambda: all(len(self.turns(since_s).get(meter, ())) for meter in range(1, METERS + 1)),
            "every meter is read",
            within_s=60,
        )
        eventually(
            lambda: {name for name, _ in self.rows() - known} >= {device(m) for m in range(1, METERS + 1)},
            "something of every meter arrives",
            within_s=60,
        )

    def hold_alone(self, since_s: float) -> None:
        """Fail unless each meter had one reader at a time since then: a machine that was followed never came back."""
        assert not spoken.read_by_two(self._spoken, since_s)

    # What can be done

    def thingsboard_is_reached(self, reached: bool) -> None:
        """Refuse every connection to ThingsBoard from any machine, or let them through again."""
        for node in self.swarm.nodes:
            self.swarm.lan.block(node.name, _MQTT, blocked=not reached)
