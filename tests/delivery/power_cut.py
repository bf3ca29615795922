"""The power-cut harness: kills bridge and broker at random moments and counts what is missing at the end.

A *life* is a process with the delivery wing in it that takes samples as fast as a fleet gives them and says each one
that its outbox accepted. It ends by SIGKILL. Broker and upstream come and go meanwhile. After about every third life
the outbox's files are torn as a power cut may tear them and a kill does not (``torn.py`` tells what is fair); with
``--beheaded`` a share of those lose the beginning of a file as well, which needs salvage and costs no sample; some
lives end within that. At the end one life is left to drain, and every sample that was ever said to be accepted must
have arrived.

By hand: ``python -m tests.delivery.power_cut --cuts 1000``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import random
import re
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bridge.configuration.settings import BrokerSettings, OutboxSettings, ThingsBoardSettings
from bridge.delivery.assembly import publisher
from bridge.delivery.calls import no_commands
from bridge.delivery.metrics import DeliveryMetrics
from bridge.outbox.outbox import Outbox
from tests.delivery.life import live
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import Behaviour, ThingsBoard
from tests.outbox.torn import Head, behead, tear

LIFE_STAMPS = 1_000_000  # time stamps of one life: none is given twice
TORN = 1 / 3  # of the cuts
_ACCEPTED = re.compile(r"outbox \| committed main (\d+)$", re.MULTILINE)


@dataclass
class Toll:
    """What a run cost.

    Args:
        cuts: lives that were ended.
        torn: lives whose files were torn before the next.
        beheaded: those whose files lost their beginning.
        within_salvage: lives that ended in the middle of replacing the damaged file.
        accepted: samples that an outbox said it had.
        missing: those of them that never arrived.
        left: samples that still waited when the last life's time was over.
        sent_twice: entries that arrived more than once.
        to_flowing_s: from each life's start to its first own sample at the upstream's side.
    """

    cuts: int = 0
    torn: int = 0
    beheaded: int = 0
    within_salvage: int = 0
    accepted: int = 0
    missing: set[int] = field(default_factory=set)
    left: int = 0
    sent_twice: int = 0
    to_flowing_s: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        flowing = sorted(self.to_flowing_s)
        times = "no life lived long enough to flow"
        if flowing:
            p99 = flowing[min(len(flowing) - 1, int(len(flowing) * 0.99))]
            times = (
                f"flowing again after p50 {statistics.median(flowing):.2f} s, p99 {p99:.2f} s ({len(flowing)} lives)"
            )
        return (
            f"{self.cuts} power cuts, {self.torn} with torn files, {self.beheaded} with a file beheaded and "
            f"{self.within_salvage} within its salvage | {self.accepted} samples accepted | "
            f"{len(self.missing)} missing upstream, {self.left} still on disk | "
            f"{self.sent_twice} sent twice | {times}"
        )


class _Run:
    def __init__(self, folder: Path, server: ThingsBoard, broker: Mosquitto, seed: int, beheaded: float) -> None:
        self._folder = folder
        self._beheaded = beheaded
        self._head: Head | None = None
        self._server = server
        self._broker = broker
        self._rng = random.Random(seed)
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["tests.delivery.life"])
        self.toll = Toll()

    async def cut(self, life: int, longest_s: float) -> None:
        """Start a life, disturb it, end it."""
        first = life * LIFE_STAMPS
        process = self._processes.Process(
            target=live, args=(self._folder, self._broker.port, self._broker.credentials_file, first, life)
        )
        process.start()
        began = time.monotonic()
        watch = asyncio.create_task(self._flowing(first, began))
        await asyncio.sleep(self._rng.uniform(0, longest_s / 2))
        await self._disturb()
        await asyncio.sleep(self._rng.uniform(0, longest_s / 2))
        together = self._rng.random() < 0.3
        process.kill()
        if together:
            await self._broker.kill()
        await asyncio.to_thread(process.join)
        process.close()
        self._harm()
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch
        if together:
            await self._broker.start()
        self.toll.cuts += 1

    def _harm(self) -> None:
        path = self._folder / "outbox.db"
        self.toll.within_salvage += any(path.parent.glob("outbox.salvage*"))
        if self._head is not None and self._head.forbids_tears:
            return
        self._head = None
        if self._rng.random() < TORN:
            self.toll.torn += tear(path, self._rng) != "nothing to tear"
            if self._rng.random() < self._beheaded:
                self._head = behead(path, self._rng)
                self.toll.beheaded += self._head is not None

    async def _disturb(self) -> None:
        match self._rng.randrange(10):
            case 0:
                await self._broker.kill()
                await self._broker.start()
            case 1:
                self._server.close_sessions()
            case 2:
                await self._server.stop()
                await asyncio.sleep(self._rng.uniform(0, 0.3))
                await self._server.start()

    async def _flowing(self, first_ts_ms: int, began: float) -> None:
        seen = len(self._server.order)
        while True:
            self._server.arrived.clear()
            await self._server.arrived.wait()
            new, seen = self._server.order[seen:], len(self._server.order)
            if any(first_ts_ms <= ts_ms < first_ts_ms + LIFE_STAMPS for _, ts_ms in new):
                self.toll.to_flowing_s.append(time.monotonic() - began)
                return

    async def settle(self, timeout_s: float) -> None:
        """Let what is left drain to a server that closes no session, and count."""
        self._server.behaviour.drop_every = 0
        metrics = DeliveryMetrics()
        outbox = Outbox(self._folder / "outbox.db", settings=OutboxSettings())
        await outbox.open()
        delivery = publisher(
            BrokerSettings(host="127.0.0.1", port=self._broker.port, credentials_file=self._broker.credentials_file),
            ThingsBoardSettings(host="thingsboard", token="TOKEN"),
            outbox=outbox,
            device_names={},
            memory_path=self._folder / "last.json",
            commands=no_commands,
            metrics=metrics,
            rng=self._rng,
        )
        tasks = [asyncio.create_task(outbox.run()), asyncio.create_task(delivery.run())]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while outbox.depth:
                    await asyncio.sleep(0.05)
        self.toll.left = outbox.depth
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await outbox.close()
        await self._server.settled()
        accepted = {int(ts_ms) for ts_ms in _ACCEPTED.findall((self._folder / "log").read_text())}
        self.toll.accepted = len(accepted)
        self.toll.missing = accepted - {ts_ms for _, ts_ms in self._server.telemetry}
        self.toll.sent_twice = len(self._server.order) - len(self._server.telemetry)


async def power_cuts(
    folder: Path, *, cuts: int, seed: int = 1, longest_s: float = 1.5, drop_every: int = 0, beheaded: float = 0.0
) -> Toll:
    """Cut the power so often and say what it cost.

    Args:
        folder: where outbox and log of all lives are.
        cuts: how many lives.
        seed: of every random choice.
        longest_s: a life's longest.
        beheaded: share of the torn files that lose their beginning too.
        drop_every: every so manieth message upstream is acknowledged, thrown away and the session closed; 0 for none.
    """
    async with (
        ThingsBoard(Behaviour(drop_every=drop_every)) as server,
        Mosquitto(password="of-this-run", upstream_port=server.port) as broker,
    ):
        run = _Run(folder, server, broker, seed, beheaded)
        for life in range(1, cuts + 1):
            await run.cut(life, longest_s)
        await run.settle(timeout_s=90)
        return run.toll


def main() -> None:
    """Run by hand."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cuts", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--drop-every", type=int, default=37)
    arguments.add_argument("--beheaded", type=float, default=0.5)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        toll = asyncio.run(
            power_cuts(
                Path(folder), cuts=chosen.cuts, seed=chosen.seed, drop_every=chosen.drop_every, beheaded=chosen.beheaded
            )
        )
    print(toll)
    raise SystemExit(1 if toll.missing else 0)


if __name__ == "__main__":
    main()
