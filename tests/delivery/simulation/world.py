"""The world of a run: meters, bridge, Mosquitto, line and ThingsBoard, and what happens to them. One plan, one run.

Two parts: while the meters give samples the plan's faults happen; then all that was broken is mended (what is slow or
limited stays so) and the wing has a bounded time to bring everything home. What is judged, and by which bounds, is in
``judge.py``.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
from typing import TYPE_CHECKING

from bridge.outbox import disk as disk_module
from bridge.sample import Layout
from tests.delivery.simulation import faults
from tests.delivery.simulation.book import NUMBER, Book
from tests.delivery.simulation.disk import Disk, watched
from tests.delivery.simulation.judge import Judge
from tests.delivery.simulation.line import Line
from tests.delivery.simulation.mosquitto import IN_DEVICE, IN_GATEWAY, Mosquitto
from tests.delivery.simulation.server import Server
from tests.delivery.simulation.wing import Wing
from tests.thingsboard.behaviour import Behaviour, Limits
from tests.thingsboard.server import ThingsBoard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from tests.delivery.simulation.loop import VirtualLoop
    from tests.delivery.simulation.plan import Fault, Plan

POISON = "poison"
EPOCH_S = 1_800_000_000.0
_TICKS = 20
_AT_ONCE = 4000
"""Samples of a backlog between two commits: memory takes no more than 20,000."""
_SETTLES_S = 5.0
"""What ThingsBoard has taken by the end is in its database after this."""


class World:
    """See the module.

    Args:
        plan: what it is.
        loop: its clock.
        folder: for the disks of its lives.
    """

    def __init__(self, plan: Plan, loop: VirtualLoop, folder: Path) -> None:
        self.plan = plan
        self.loop = loop
        self._folder = folder
        self.rng = random.Random(f"{plan.seed} world")
        self.began_s = loop.time()
        self.line = Line(plan.delay_s, plan.jitter_s)
        self.line.up_bytes_s, self.line.down_bytes_s, _ = self.line_as_planned()
        self.model = ThingsBoard(_behaviour(plan), rng=random.Random(f"{plan.seed} thingsboard"))
        self.server = Server(loop, self.model, self.line, random.Random(f"{plan.seed} line"))
        self.mosquitto = Mosquitto(
            loop, random.Random(f"{plan.seed} mosquitto"), self.server.dial, IN_DEVICE if plan.as_device else IN_GATEWAY
        )
        self.book = Book(self._stored)
        self.devices = {f"m{number}": self._name(number) for number in range(plan.meters)}
        self.wall_offset_s = 0.0
        self._layouts: dict[tuple[str, bool], Layout] = {}
        self._used: dict[str, set[int]] = {}
        self.database_away = False
        self.disk_full = False
        self.faults_going = 0
        self.life: Wing | None = None
        self.lives = 0
        self._life_task: asyncio.Task[None] | None = None
        self._ending: list[asyncio.Task[Any]] = []
        self.disks: dict[Path, Disk] = {}
        self.payload_bytes = 0
        self._next_folder: Path | None = None
        self.receipts: list[tuple[tuple[str, int], object]] = []
        self.judge = Judge(self)
        self.server.at_deaf = lambda: self.disturbed("a message was not acknowledged")
        loop.executor_s = self._disk_takes

    async def run(self) -> None:
        """From the first sample to the last one at home, or to what must not be."""
        with watched((disk_module,), self.disks):
            if self.plan.via == "mosquitto":
                self.mosquitto.start()
            self.begin_life()
            self._schedule()
            watch = asyncio.create_task(self.judge.watch(), name="judge")
            try:
                await self._feed()
                self._mend()
                await self.judge.wait_for_the_end()
                await asyncio.sleep(_SETTLES_S)
            finally:
                watch.cancel()
                await self._close()
            self.judge.end()

    # The bridge's lives.

    def begin_life(self) -> None:
        """The bridge starts, on the disk that the one before left."""
        folder = self._next_folder or self._folder / "life-0"
        disk = self.disks[folder] = Disk(folder, self.book, self.loop.time)
        disk.is_full = self.disk_full
        self.life = Wing(
            self.plan,
            dict(self.devices),
            disk,
            self.mosquitto,
            self.server,
            self.loop,
            random.Random(f"{self.plan.seed} life {self.lives}"),
            self.wall_s,
        )
        self._life_task = self.life.begin()
        self._life_task.add_done_callback(self._life_over)
        for meter in self.devices:
            self.life.notice(meter)

    def end_life(self, *, power_cut: bool, orderly: bool) -> None:
        """The bridge stops: in order, by a kill, or with the machine's power."""
        life, self.life = self.life, None
        assert life is not None
        self.lives += 1
        self._next_folder = self._folder / f"life-{self.lives}"
        self.book.life_ended(self.receipts)
        self.receipts = []
        if orderly:
            self._ending.append(asyncio.ensure_future(self._leave(life)))
        else:
            life.disk.left_behind(self._next_folder, self.rng, power_cut=power_cut)
            life.kill()
            self._ending.append(self._life_task)

    @property
    def is_leaving(self) -> bool:
        """Whether the life before is still putting its things in order."""
        return any(not task.done() for task in self._ending)

    async def _leave(self, life: Wing) -> None:
        folder = self._next_folder
        await life.leave()
        life.disk.left_behind(folder, self.rng, power_cut=False)

    def _life_over(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None and self.life is not None:
            self.judge.fail(f"the wing fell over: {_inner(task.exception())!r}", task.exception())

    async def _close(self) -> None:
        if self.life is not None:
            life, self.life = self.life, None
            await life.leave()
            self.book.receipts_say(self.receipts)
        await asyncio.gather(*self._ending, return_exceptions=True)

    # Meters.

    async def _feed(self) -> None:
        plan = self.plan
        meters = list(self.devices)
        for number in range(plan.backlog):
            for meter in meters:
                self.put(meter)
            if (number + 1) * len(meters) // _AT_ONCE > number * len(meters) // _AT_ONCE:
                await asyncio.sleep(plan.commit_s)
        ticks = min(_TICKS, plan.meters) if plan.meters > 1 else 1
        tick_s = plan.interval_s / ticks
        end_s = self.began_s + plan.feed_s
        turn = 0
        while self.loop.time() < end_s:
            part = turn % ticks
            for number in range(part, plan.meters, ticks):
                self.put(meters[number])
            turn += 1
            await asyncio.sleep(min(tick_s, max(0.001, end_s - self.loop.time())))

    def put(self, meter: str) -> None:
        """A meter gives a sample; to nobody while the bridge is away."""
        if self.life is None:
            return
        ts_ms = int(self.wall_s() * 1000)
        if ts_ms in self._used.setdefault(meter, set()):
            ts_ms = max(self._used[meter]) + 1
        self._used[meter].add(ts_ms)
        poison = bool(self.plan.poison) and self.rng.randrange(self.plan.poison) == 0
        number = self.book.gave((meter, ts_ms), self.devices[meter], poison=poison)
        layout = self._layouts.get((meter, poison))
        if layout is None:
            keys = (NUMBER, *(f"key_{key}" for key in range(1, self.plan.keys)), *((POISON,) if poison else ()))
            layout = Layout(meter, keys, ("1-1:1.8.0",) * len(keys), ("Wh",) * len(keys))
            self._layouts[meter, poison] = layout
        self.payload_bytes += 37 + 15 * self.plan.keys
        receipt = self.life.put(layout.sample(ts_ms, (number, *(1.5,) * (len(layout.keys) - 1))))
        if receipt is not None:
            self.receipts.append(((meter, ts_ms), receipt))

    def wall_s(self) -> float:
        """Unix time, as the machine believes it."""
        return EPOCH_S + self.loop.time() + self.wall_offset_s

    # What happens.

    def _schedule(self) -> None:
        for fault in self.plan.faults:
            self.loop.call_at(self.began_s + fault.at_s, self._happens, fault)
        if self.plan.room >= 0:
            self.loop.call_at(self.began_s + self.plan.room_from_s, self._make_room)

    def _happens(self, fault: Fault) -> None:
        if self.loop.time() <= self.began_s + self.plan.feed_s + 1:
            faults.begin(self, fault)

    def _make_room(self) -> None:
        self.disturbed("room for all devices")
        self.model.behaviour.max_devices = 0

    def _mend(self) -> None:
        """What lasts beyond the plan ends now; the calm begins when it has."""
        self.disturbed("the meters have stopped")

    def disturbed(self, what: str) -> None:
        """Something happened: what the wing is owed is counted from now."""
        self.judge.disturbed(what)

    def change_limits(self, size: float) -> None:
        """Somebody edits the tenant's profile."""
        behaviour = self.model.behaviour
        factor = 0.5 + size
        for scope in ("tenant", "gateway"):
            limits = getattr(behaviour, scope)
            changed = {field.name: _scaled(getattr(limits, field.name), factor) for field in dataclasses.fields(Limits)}
            setattr(behaviour, scope, Limits(**changed))

    def rename_a_meter(self, size: float) -> None:
        """The settings give a meter another device name from the next life on."""
        if not self.plan.as_device:
            meter = list(self.devices)[int(size * len(self.devices)) % len(self.devices)]
            self.devices[meter] = f"{self.devices[meter]} new"

    def line_as_planned(self) -> tuple[float, float, float]:
        """Bytes a second up and down, and the delay."""
        plan = self.plan
        return plan.up_bytes_s or float("inf"), plan.down_bytes_s or float("inf"), plan.delay_s

    def _name(self, number: int) -> str:
        if self.plan.as_device:
            return "GW"
        return f"<b>{number}</b>" if number < self.plan.bad_names else f"Meter {number}"

    def _stored(self, device: str, ts_ms: int) -> Mapping[str, Any] | None:
        self.model.store_until(self.loop.time())
        return self.model.rows(device).get(ts_ms)

    def _disk_takes(self) -> float:
        return self.rng.random() * self.plan.disk_s if self.plan.disk_s else 0.0


def _behaviour(plan: Plan) -> Behaviour:
    told = Limits() if plan.untold else None
    return Behaviour(
        version=plan.version,
        tenant=Limits(*plan.tenant),
        gateway=Limits(*plan.gateway),
        tells_gateway=told,
        tells_device=Limits(*plan.device),
        max_devices=plan.room + 1 if plan.room >= 0 else 0,
        is_gateway=not plan.as_device,
        drop_every=plan.drop_every,
        poison=POISON if plan.poison else None,
        answers_mark=plan.answers_mark,
        store_rate_per_s=plan.store_rate_per_s,
    )


def _scaled(text: str, factor: float) -> str:
    parts = [part.split(":") for part in text.split(",") if part]
    return ",".join(f"{max(3, round(int(count) * factor))}:{seconds}" for count, seconds in parts)


def _inner(error: BaseException | None) -> BaseException | None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
