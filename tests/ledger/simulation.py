"""Days of outages in seconds: meters, a network, power cuts, an outbox, ThingsBoard, and the bridge's real ledger.

    python -m tests.ledger.simulation --runs 100        seeds 0 to 99
    python -m tests.ledger.simulation --seed 12         one of them, and what came of it
    python -m tests.ledger.simulation --bite NAME       with a fault put back: it must fail

In each run the bridge is off for three days, the network to a meter is cut for seven hours and ThingsBoard is away for
two days, overlapping, and the power goes at random moments. At the end ThingsBoard must have every interval that the
meters still have, at its time, and the ledger must say of every other one what is so. The ledger's file is real, the
event loop's clock is not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from loguru import logger

from bridge.configuration.settings import LedgerSettings
from bridge.ledger import backfill
from bridge.ledger.backfill import Backfill
from bridge.ledger.store import LedgerStore
from bridge.sample import Sample, Value
from tests.delivery.simulation.loop import VirtualLoop
from tests.ledger.bites import BITES, put_back
from tests.ledger.model_meter import PROFILE, QUARTER_MS, SOURCES, ModelMeter, ModelReader, energy
from tests.ledger.model_upstream import ModelDisk, ModelOutbox, ModelUpstream

HOUR_S, DAY_S = 3600.0, 86_400.0
EPOCH_MS = 1_790_000_000_000 - 1_790_000_000_000 % QUARTER_MS
LIVE_EVERY_S = 300.0
QUIET_S = 1.5 * DAY_S
_CUTS_IN_THE_ACT, _CUT_AFTER_A_ROW = 12, 0.01


class Outage(NamedTuple):
    start_s: float
    end_s: float

    def is_on(self, at_s: float) -> bool:
        return self.start_s <= at_s < self.end_s


class Plan:
    """What happens in a run, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = random.Random(seed)
        at = rng.uniform(0.2, 1.0) * DAY_S
        self.bridge_off = Outage(at, at + 3 * DAY_S)
        at += rng.uniform(-0.5, 3.2) * DAY_S
        self.cut = Outage(at, at + 7 * HOUR_S)
        at = self.bridge_off.start_s + rng.uniform(-1.0, 3.2) * DAY_S
        if rng.random() < 0.3:
            at = self.bridge_off.end_s + rng.uniform(0, 300)  # in the middle of reading back
        self.away = Outage(max(at, 0.0), max(at, 0.0) + 2 * DAY_S)
        end_s = max(self.bridge_off.end_s, self.cut.end_s, self.away.end_s)
        self.power_cuts = sorted(rng.uniform(0, end_s + HOUR_S) for _ in range(rng.randint(3, 12)))
        self.power_cuts += [self.away.end_s + rng.uniform(0, 1200) for _ in range(3)]
        self.power_cuts += [self.bridge_off.end_s + rng.uniform(0, 300) for _ in range(3)]
        self.ends_s = end_s + QUIET_S
        self.most_rows = rng.choice([400, 3000, 100_000])
        self.depths = [rng.choice([3, 5, 20]) * 96 for _ in range(2)]

    def meters(self, start_ms: int) -> list[ModelMeter]:
        return [
            ModelMeter(
                number,
                depth,
                start_ms,
                self._offs(start_ms, depth),
                tells_power=self.rng.random() < 0.6,
                lag_ms=self.rng.choice([0, 0, 1_500_000]),
            )
            for number, depth in enumerate(self.depths)
        ]

    def _offs(self, start_ms: int, depth: int) -> list[tuple[int, int]]:
        span = -depth * QUARTER_MS / 2, self.ends_s * 1000 - 2 * 3.6e6
        begins = sorted(start_ms + int(self.rng.uniform(*span)) for _ in range(self.rng.randint(0, 3)))
        offs = [(at, at + int(self.rng.uniform(0.1, 9) * 3.6e6)) for at in begins]
        # One that has no power at the end cannot be asked for what it still has.
        return [off for off in offs if off[1] <= start_ms + (self.ends_s - 3 * HOUR_S) * 1000]


class World:
    """What a power cut of the bridge's machine does not touch."""

    def __init__(self, plan: Plan, loop: VirtualLoop, path: Path) -> None:
        self.plan, self.loop, self.path = plan, loop, path
        self._began_s = loop.time()
        self.meters = plan.meters(EPOCH_MS)
        self.disk = ModelDisk(plan.most_rows)
        self.upstream = ModelUpstream()
        self.starts = 0
        self.cuts_left = _CUTS_IN_THE_ACT

    @property
    def at_s(self) -> float:
        return self.loop.time() - self._began_s

    def now_ms(self) -> int:
        return EPOCH_MS + int(self.at_s * 1000)

    async def process(self, until_s: float) -> None:
        """Run the bridge until the power goes."""
        self.starts += 1
        rng, plan = random.Random(self.starts * 1000 + int(plan_seed(self.plan))), self.plan
        outbox = ModelOutbox(self.disk, self.upstream, lambda: plan.away.is_on(self.at_s), rng)
        made = Backfill(
            self.path / "ledger.db",
            LedgerSettings(),
            put=outbox.put,
            waiting=outbox.waiting,
            now_ms=self.now_ms,
            shown_s=lambda: self.now_ms() / 1000,
            rng=rng,
        )
        readers = {
            meter.name: (
                SOURCES,
                ModelReader(meter, self.now_ms, lambda number=meter.number: self.is_cut(number), rng),
            )
            for meter in self.meters
        }
        tasks = [
            asyncio.ensure_future(made.run(readers)),
            asyncio.ensure_future(outbox.run()),
            asyncio.ensure_future(self._live(outbox, made)),
        ]
        power = asyncio.ensure_future(self._power(outbox, until_s, rng))
        done, _ = await asyncio.wait([*tasks, power], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        made.disk._queue.clear()  # the power goes: nothing is written any more
        with mock.patch.object(made.disk, "_guarded", _never):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if made.disk._store is not None:
            made.disk._store.close()

    async def _power(self, outbox: ModelOutbox, until_s: float, rng: random.Random) -> None:
        """Return when the power goes: as planned, or shortly after history entered the outbox."""
        gone = asyncio.Event()

        def put() -> None:
            if self.cuts_left and rng.random() < _CUT_AFTER_A_ROW:
                self.cuts_left -= 1
                self.loop.call_later(rng.uniform(0.0, 3.0), gone.set)

        outbox.history_put = put
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(gone.wait(), until_s - self.at_s)

    def is_cut(self, number: int) -> bool:
        return number == 0 and self.plan.cut.is_on(self.at_s)

    async def _live(self, outbox: ModelOutbox, made: Backfill) -> None:
        await asyncio.sleep(3.0)
        while True:
            for meter in self.meters:
                if not self.is_cut(meter.number) and not meter.is_off(self.now_ms()):
                    sample = Sample(meter.name, self.now_ms(), [Value("power", "1-0:1.7.0", 5, "W")])
                    made.live(meter.name, outbox.put(sample))
            await asyncio.sleep(LIVE_EVERY_S)

    async def run(self) -> None:
        plan = self.plan
        cuts = [at_s for at_s in plan.power_cuts if not plan.bridge_off.is_on(at_s)]
        ends = sorted([*cuts, plan.bridge_off.start_s, plan.ends_s])
        for end_s in ends:
            while end_s > self.at_s + 1.0:
                await self.process(end_s)
                is_off = end_s == plan.bridge_off.start_s and self.at_s + 1.0 >= end_s
                await asyncio.sleep(3 * DAY_S if is_off else 20.0)
        for meter in self.meters:
            meter.go_on(self.now_ms())


async def _never(*_args: object) -> None:
    return None


def plan_seed(plan: Plan) -> int:
    return int(plan.bridge_off.start_s)


def judged(world: World) -> list[str]:
    """Return what is not as it must be."""
    store = LedgerStore(world.path / "ledger.db", read_only=True)
    problems, values = [], world.upstream.values
    due_ms = int(EPOCH_MS + (world.plan.ends_s - HOUR_S) * 1000)
    for meter in world.meters:
        has = {end for device, key, end in values if device == meter.name and key == "lp_energy"}
        still = {row.end_ms for row in meter.rows if row.end_ms <= due_ms}
        problems += [f"{meter.name}: {len(still - has)} intervals of {len(still)} are missing"] if still - has else []
        problems += [f"{meter.name}: {end} never was" for end in has - meter.ever.keys()]
        problems += [
            f"{meter.name}: {end} has a wrong value" for end in has
            if values[meter.name, "lp_energy", end] != energy(meter.number, end)
        ]  # fmt: skip
        for start in {ts for device, key, ts in values if device == meter.name and key == "lp_energy_delta"}:
            rise = energy(meter.number, start + QUARTER_MS) - energy(meter.number, start)
            if values[meter.name, "lp_energy_delta", start] != rise:
                problems.append(f"{meter.name}: the difference from {start} on is wrong")
        deltas = {end - QUARTER_MS for end in still if end - QUARTER_MS in still}
        lost = [at for at in deltas if (meter.name, "lp_energy_delta", at) not in values]
        problems += [f"{meter.name}: {len(lost)} differences are missing"] if lost else []
        told = {(row.end_ms, row.cells[1].value) for row in meter.events if row.end_ms <= due_ms}
        came = {(ts, code) for (device, key, ts), code in values.items() if (device, key) == (meter.name, "event_code")}
        problems += (
            [f"{meter.name}: events {told ^ came} do not agree"]
            if told - came or came - told - {(row.end_ms, row.cells[1].value) for row in meter.events}
            else []
        )
        first = world.upstream.first.get(meter.name)
        problems += [f"{meter.name}: its first value ever was history: {first}"] if first != "power" else []
        problems += _books(store, meter, has, due_ms)
    store.close()
    return problems


def _books(store: LedgerStore, meter: ModelMeter, has: set[int], due_ms: int) -> list[str]:
    """Return where the ledger says what is not so."""
    problems = []
    (history,) = store.epochs(meter.name, PROFILE)
    for one in store.ranges(history.id):
        for end in range(one.start_ms + QUARTER_MS, min(one.end_ms, due_ms) + 1, QUARTER_MS):
            right = {
                "confirmed": end in has,
                "meter was off": end in meter.absent,
                "overwritten": end < meter.rows[0].end_ms,
            }.get(one.state, False)
            if not right:
                problems.append(f"{meter.name}: {end} is said to be {one.state} ({one.reason})")
    days = {end - end % 86_400_000 for end in has}
    had = {end for day in days for end in store.had(history.id, "lp_energy", day)}
    if had - has:
        problems.append(f"{meter.name}: {len(had - has)} intervals are noted as had, and are not there")
    return problems[:5]


def run(seed: int, bite: str | None = None) -> tuple[list[str], str]:
    """Run a seed; return what was wrong, and what happened."""
    loop = VirtualLoop(most_steps=20_000_000)
    loop.executor_s = lambda: 0.002
    plan = Plan(seed)
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - what is synced there costs nothing
    with (
        tempfile.TemporaryDirectory(dir=memory) as folder,
        put_back(bite),
        mock.patch.object(backfill, "_ORDERS_EVERY_S", 600.0),
    ):
        world = World(plan, loop, Path(folder))
        try:
            loop.run_until_complete(world.run())
            problems = judged(world)
        finally:
            with contextlib.suppress(RuntimeError):
                loop.close()
    problems += [str(context.get("exception") or context["message"]) for context in loop.errors]
    rows = sum(len(meter.ever) for meter in world.meters)
    return problems, f"{world.starts} starts, {rows} intervals, {len(world.upstream.values)} values upstream"


def main() -> int:
    """Run by hand."""
    arguments = argparse.ArgumentParser(prog="python -m tests.ledger.simulation", description=__doc__)
    arguments.formatter_class = argparse.RawDescriptionHelpFormatter
    arguments.add_argument("--runs", type=int, default=100)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--seed", type=int)
    arguments.add_argument("--bite", choices=sorted(BITES))
    arguments.add_argument("--log", action="store_true")
    chosen = arguments.parse_args()
    if not chosen.log:
        logger.remove()
    failed = 0
    for seed in range(chosen.first, chosen.first + chosen.runs) if chosen.seed is None else [chosen.seed]:
        problems, told = run(seed, chosen.bite)
        failed += bool(problems)
        if problems or chosen.seed is not None:
            print(f"seed {seed}: {told}", *problems[:10], sep="\n    ", flush=True)
    print(f"{failed} of {1 if chosen.seed is not None else chosen.runs} runs failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
