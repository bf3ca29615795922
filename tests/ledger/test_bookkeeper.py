"""What is shown and told of the ledger while the bridge runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from loguru import logger

from bridge.errors import DiskError
from bridge.ledger.bookkeeper import Bookkeeper
from bridge.ledger.completeness import DAY_MS
from bridge.ledger.metrics import LedgerMetrics
from bridge.ledger.state import BackfillState
from bridge.outbox.receipt import ReceiptBook
from bridge.outbox.state import Failing
from tests.ledger.shelf import NOON_MS, ago

TODAY = ago(12)


class Desk:
    """A bookkeeper at a clock that a test sets."""

    def __init__(self, shelf) -> None:
        self.store = shelf.store
        self.now_ms = NOON_MS
        self.told = []
        self.proven = {"main", "hall"}
        self.is_failing = False
        self.metrics = LedgerMetrics()
        self.states, self.failing = {}, None
        self.outcome = "stored"
        self.keeper = Bookkeeper(
            self.read, self.change, self.metrics, now_ms=lambda: self.now_ms, tell=self.tell,
            may_tell=lambda name: name in self.proven, states=lambda: self.states, failing=lambda: self.failing,
        )  # fmt: skip

    async def read(self, work):
        try:
            return None if self.is_failing else work(self.store)
        except DiskError:
            return None

    def change(self, work):
        with self.store.changing() as changes:
            work(changes)

    def tell(self, sample):
        self.told.append(sample)
        receipt = ReceiptBook().issue(len(self.told))
        receipt.advance(self.outcome)
        return receipt

    async def look(self, minutes=0.0):
        self.now_ms += int(minutes * 60_000)
        await self.keeper.look(["main", "hall", "cellar"])

    def days(self):
        told = [(sample.meter, (sample.ts_ms - TODAY) // DAY_MS, *sample.scalars) for sample in self.told]
        self.told.clear()
        return told


@pytest.fixture
def desk(shelf):
    return Desk(shelf)


async def test_figures_are_shown_at_every_look_and_stay_while_the_disk_fails(desk, shelf):
    number = shelf.profile("main", (48, 20, "confirmed"), (18, 0, "confirmed"))
    await desk.look()
    assert desk.keeper.books.keys() == {"main"}
    assert desk.metrics.registry.get_sample_value("dlms_intervals_missing", {"meter": "main"}) == 8
    shelf.paint(number, 20, 18, "confirmed")
    desk.is_failing = True
    await desk.look()
    assert desk.metrics.registry.get_sample_value("dlms_intervals_missing", {"meter": "main"}) == 8
    desk.is_failing = False
    await desk.look()
    assert desk.metrics.registry.get_sample_value("dlms_intervals_missing", {"meter": "main"}) == 0


async def test_while_nobody_knows_the_time_nothing_is_said(desk, shelf):
    shelf.profile("main", (48, 0, "wanted"))
    desk.now_ms = None
    await desk.keeper.look(["main"])
    assert desk.keeper.books == {}


async def test_back_fill_that_moves_is_not_stuck_and_one_that_stands_is(desk, shelf):
    number = shelf.profile("main", (48, 4, "confirmed"), (4, -2, "wanted"), capacity=96)
    await desk.look()
    for _ in range(4):
        shelf.paint(number, 4, 3 - _ * 0.5, "confirmed")
        await desk.look(15)
        assert desk.keeper.stuck() is None
    await desk.look(29)
    assert desk.keeper.stuck() is None
    await desk.look(2)
    stuck = desk.keeper.stuck()
    assert (stuck.meters, stuck.newest_ms) == (("main",), ago(-1.25))
    assert stuck.intervals == desk.keeper.books["main"].missing
    assert stuck.overwritten_ms == ago(1.5) + 97 * 900_000
    shelf.paint(number, 4, -2, "confirmed")
    await desk.look()
    assert desk.keeper.stuck() is None


async def test_a_ledger_that_cannot_be_used_is_told_for_what_stays_missing(desk):
    desk.failing = Failing(5.0, 1, "ledger.db: full", "make room on the disk")
    assert desk.keeper.stuck() is None, "one that was damaged is begun anew at once"
    desk.failing = replace(desk.failing, for_s=11.0)
    assert desk.keeper.stuck() == desk.failing


async def test_an_interval_that_is_read_late_again_and_again_is_not_stuck(desk, shelf):
    """Each of them is missing for a while, none for long."""
    number = shelf.profile("main", (48, 0.25, "confirmed"))
    for _ in range(12):
        await desk.look(20)
        await desk.look(0)
        hours = (desk.now_ms - NOON_MS) / 3_600_000
        shelf.paint(number, 0.25, -hours, "confirmed")
        await desk.look(0)
    assert desk.keeper.stuck() is None


async def test_a_day_is_told_once_it_is_over_and_again_when_it_changes(desk, shelf):
    number = shelf.profile("main", (72, 40, "confirmed"), (38, 0, "confirmed"), begin=72)
    await desk.look()
    assert desk.days() == []
    await desk.look(1)
    assert desk.days() == [("main", -3, 1.0), ("main", -2, 0.9167), ("main", -1, 1.0)], "today is not over"
    await desk.look(1)
    assert desk.days() == []
    shelf.paint(number, 40, 39, "confirmed")
    await desk.look(1)
    assert desk.days() == [], "it may still be being filled"
    shelf.paint(number, 39, 38, "confirmed")
    await desk.look(1)
    await desk.look(1)
    assert desk.days() == [("main", -2, 1.0)]
    shelf.paint(number, 0, -12.5, "confirmed")
    await desk.look(12 * 60 + 3)
    await desk.look(1)
    assert desk.days() == [], "the last interval of the day is not due yet"
    await desk.look(10)
    await desk.look(1)
    assert desk.days() == [("main", 0, 1.0)]


async def test_nothing_is_told_before_a_live_sample_of_the_meter_was_stored(desk, shelf):
    shelf.profile("main", (72, 0, "confirmed"), begin=72)
    desk.proven.clear()
    await desk.look()
    await desk.look(1)
    assert desk.days() == []
    desk.proven.add("main")
    await desk.look(1)
    await desk.look(1)
    assert desk.days() == [("main", -3, 1.0), ("main", -2, 1.0), ("main", -1, 1.0)]


async def test_what_is_stored_is_not_told_again_after_a_restart_and_what_was_lost_is(desk, shelf):
    number = shelf.profile("main", (72, 40, "confirmed"), (38, 0, "confirmed"), begin=72)
    await desk.look()
    await desk.look(1)
    assert len(desk.days()) == 3
    again = Desk(shelf)
    await again.look()
    await again.look(1)
    assert again.days() == []
    shelf.paint(number, 40, 38, "confirmed")
    again.outcome = "lost"
    await again.look(1)
    await again.look(1)
    assert again.days() == [("main", -2, 1.0)]
    again.outcome = "stored"
    await again.look(1)
    await again.look(1)
    assert again.days() == [("main", -2, 1.0)]


async def test_many_meters_are_read_in_pieces(desk, shelf):
    names = [f"meter {n}" for n in range(70)]
    for name in names:
        shelf.profile(name, (48, 0, "confirmed"))
    await desk.keeper.look(names)
    assert desk.keeper.books.keys() == set(names)


async def test_rows_that_were_read_are_counted_by_what_became_of_them(desk):
    state = desk.states["main"] = BackfillState()

    def counted(result):
        labels = {"meter": "main", "result": result}
        return desk.metrics.registry.get_sample_value("dlms_intervals_backfill_rows_total", labels)

    state.settled(stored=96, wanted_again=4, refused=0)
    await desk.look()
    await desk.look()
    state.settled(stored=4, wanted_again=0, refused=1)
    await desk.look()
    assert (counted("confirmed"), counted("wanted again"), counted("refused")) == (100, 4, 1)


async def test_books_that_would_be_the_same_are_not_worked_out_again(desk, shelf):
    shelf.profile("main", (48, 0, "confirmed"))
    number = shelf.profile("hall", (48, 0, "confirmed"))
    await desk.look()
    before = dict(desk.keeper.books)
    shelf.paint(number, 1, 0.5, "wanted")
    await desk.look(1)
    assert desk.keeper.books["main"] is before["main"]
    assert desk.keeper.books["hall"].missing == 2
    await desk.look(14)
    assert desk.keeper.books["main"] is not before["main"], "another interval is due"


async def test_a_day_that_does_not_add_up_is_a_line_of_the_log_once(desk, shelf):
    lines = []
    sink = logger.add(lines.append, format="{message}", level="WARNING")
    number = shelf.profile("main", (72, 0, "confirmed"), begin=72)
    begin = ago(36)
    totals = {begin + n * 900_000: 1000.0 + 3 * n for n in range(97)}
    deltas = dict.fromkeys(list(totals)[:96], 3.0) | {begin: 10.0}
    with shelf.store.changing() as changes:
        changes.confirm(number, {"lp_active_energy": totals, "lp_active_energy_delta": deltas})
    for _ in range(3):
        await desk.look(1)
    logger.remove(sink)
    (line,) = lines
    assert line.startswith(
        "ledger | main | 2026-11-22: lp_active_energy: the meter's total rose by -7 more than the intervals hold"
    )


async def test_a_bug_in_the_books_stops_nothing(desk, shelf, monkeypatch):
    lines = []
    sink = logger.add(lines.append, format="{message}", level="ERROR")
    shelf.profile("main", (48, 0, "confirmed"))
    monkeypatch.setattr("bridge.ledger.bookkeeper._LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(desk.metrics, "show", None)
    async with asyncio.timeout(10):
        task = asyncio.create_task(desk.keeper.run(["main"]))
        while len(lines) < 2:
            await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
    logger.remove(sink)
    assert "unexpected error in the books" in lines[0]
