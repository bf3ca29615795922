"""The timekeeper: between a clock that is anything and an outbox that is real."""

import pytest
from loguru import logger

from bridge.clock.boots import Ledger
from bridge.clock.clock import BridgeClock
from bridge.clock.ledger_file import LedgerFile
from bridge.outbox.timekeeper import Timekeeper
from bridge.sample import Layout, Sample, Value
from tests.clock.world import World
from tests.outbox.test_memory import running, until

LAYOUT = Layout("main", ("power",), ("1-0:1.7.0",), ("W",))
HOUR_S = 3600


@pytest.fixture
def said():
    lines = []
    number = logger.add(lambda message: lines.append(str(message)), level="INFO", format="{message}")
    yield lines
    logger.remove(number)


class Bridge:
    def __init__(self, world, outbox, tmp_path) -> None:
        self.world, self.outbox = world, outbox
        self.file = LedgerFile(tmp_path)
        self.keeper = Timekeeper(world.clock, self.file, outbox)
        self.reads = 0

    def read(self) -> bool:
        self.world.true_ns += 1_000_000_000
        self.reads += 1
        moment = self.world.clock.moment()
        return self.keeper.take(LAYOUT.sample(self.world.clock.best_ms(moment), (self.reads,), stamp=moment))

    async def on_disk(self) -> None:
        await until(lambda: not self.outbox.state.pending and not self.outbox.undated.held)

    async def off_by_s(self):
        """How far each sample that may be sent is from the truth."""
        now_ms = self.world.true_ns // 1_000_000
        rows = await self.outbox.fetch(limit=1000)
        return [round((row.ts_ms - now_ms) / 1000 + self.reads - int(row.body[9:-1].split(",")[0])) for row in rows]


@pytest.fixture
async def bridge_on(outbox_at, tmp_path):
    def make(world) -> Bridge:
        return Bridge(world, outbox_at(tmp_path / "o.db"), tmp_path)

    return make


async def test_samples_wait_for_the_clock_and_then_go_at_their_true_times(bridge_on, said):
    bridge = bridge_on(World(up_s=5, off_s=-366 * 24 * HOUR_S))
    async with running(bridge.outbox):
        await bridge.keeper.look()
        assert [bridge.read() for _ in range(34)] == [False] * 34
        await bridge.on_disk()
        await bridge.keeper.look()
        assert (bridge.outbox.state.undated, bridge.outbox.depth) == (34, 0)
        bridge.world.set_right()
        await bridge.keeper.look()
        assert (bridge.outbox.state.undated, bridge.outbox.depth) == (0, 34)
        assert await bridge.off_by_s() == [0] * 34
        assert bridge.file.load().boots[bridge.world.boot].grade == "synchronised"
    assert any("is not trusted: it shows 2025" in line for line in said)
    assert any("34 samples have their time now" in line for line in said)


@pytest.mark.parametrize("off_s", [-HOUR_S, -60, 60, HOUR_S, 24 * HOUR_S])
async def test_what_a_wrong_clock_dated_is_dated_anew_and_what_had_been_sent_is_said(bridge_on, said, off_s):
    bridge = bridge_on(World(up_s=7200, off_s=off_s))
    async with running(bridge.outbox):
        await bridge.keeper.look()
        assert all(bridge.read() for _ in range(30))
        await bridge.on_disk()
        sent = await bridge.outbox.fetch(limit=10)
        await bridge.outbox.confirm([row.id for row in sent])
        assert await bridge.off_by_s() == [off_s] * 20
        bridge.world.set_right()
        await bridge.keeper.look()
        assert await bridge.off_by_s() == [0] * 20
        assert bridge.keeper.sent_wrong == 10
        assert not {row.ts_ms for row in sent} & {row.ts_ms for row in await bridge.outbox.fetch(limit=100)}
    assert any(f"dated wrongly, by {off_s:+d} s: 20 that are still here get another time, 10 had" in it for it in said)


async def test_nothing_that_an_earlier_version_dated_ahead_is_sent_before_its_time(bridge_on):
    world = World(up_s=7200)
    world.clock = BridgeClock(world.read, world.stamp, Ledger(), patience_s=600)  # it kept no ledger
    bridge = bridge_on(world)
    now_ms = bridge.world.true_ns // 1_000_000
    async with running(bridge.outbox):
        for ahead_s in (-5, 30, 90, HOUR_S):
            bridge.outbox.put(Sample("main", now_ms + ahead_s * 1000, (Value("power", "x", 1, "W"),)))
        await bridge.on_disk()
        await bridge.keeper.look()
        assert [row.ts_ms - now_ms for row in await bridge.outbox.fetch(limit=9)] == [-5000, 30_000]
        bridge.world.true_ns += 45 * 1_000_000_000
        await bridge.keeper.look()
        assert [row.ts_ms - now_ms for row in await bridge.outbox.fetch(limit=9)] == [-5000, 30_000, 90_000]
        assert bridge.outbox.state.undated == 1


async def test_samples_of_a_boot_that_no_ledger_knows_are_dated_by_what_their_clock_showed(bridge_on):
    world = World(up_s=5)
    bridge = bridge_on(world)
    async with running(bridge.outbox):
        await bridge.keeper.look()
        assert not bridge.read()
        await bridge.on_disk()
        world.kept = '{"eras": 0, "confirmed_ms": 0, "presumed_ms": 0, "offsets_s": {}, "boots": []}'
        world.power_cut(for_s=HOUR_S, off_s=0)
        world.set_right()
        keeper = Timekeeper(world.clock, bridge.file, bridge.outbox)
        await keeper.look()
        await keeper.look()
        (row,) = await bridge.outbox.fetch(limit=9)
        assert abs(row.ts_ms - (world.true_ns // 1_000_000 - HOUR_S * 1000)) < 10
        assert '"power_quality":"time estimated"' in row.body


async def test_a_disk_that_refuses_is_asked_again(bridge_on, tmp_path):
    bridge = bridge_on(World(up_s=5, off_s=-HOUR_S))
    (tmp_path / "o.db").mkdir()
    async with running(bridge.outbox):
        await bridge.keeper.look()
        bridge.read()
        await until(lambda: bridge.outbox.state.writing is not None)
        bridge.world.set_right()
        await bridge.keeper.look()
        assert await bridge.off_by_s() == [0]
        assert bridge.outbox.state.undated == 0
