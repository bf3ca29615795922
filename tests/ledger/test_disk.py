"""The ledger's disk: what it refuses waits in order; a damaged file is set aside and begun anew."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from unittest import mock

import pytest

from bridge.errors import DiskError
from bridge.ledger.disk import LedgerDisk
from bridge.ledger.states import Range
from bridge.ledger.store import LedgerStore
from bridge.outbox.sqlite_errors import Damaged
from tests.ledger.rows_by_hand import HISTORY, at

WANTED = Range(at(0), at(8), "wanted")


@pytest.fixture
async def disk_at(tmp_path):
    made = []

    def make(**more) -> LedgerDisk:
        disk = LedgerDisk(tmp_path / "data" / "ledger.db", clock_s=lambda: 1_790_000_000.0, **more)
        made.append(disk)
        return disk

    yield make
    for disk in made:
        await disk.close()


def paint(state, changes):
    changes.paint(1, WANTED._replace(state=state))


async def test_changes_are_on_disk_in_their_order_soon(disk_at):
    disk = disk_at()
    running = asyncio.create_task(disk.run())
    number = await disk.write(lambda changes: changes.begin(HISTORY))
    for state in ("wanted", "on its way", "confirmed"):
        disk.change(partial(paint, state))
    while disk.waiting:
        await asyncio.sleep(0.02)
    running.cancel()
    assert await disk.read(lambda store: store.ranges(number)) == [WANTED._replace(state="confirmed")]


async def test_while_the_disk_refuses_changes_wait_and_nothing_is_lost(disk_at):
    disk = disk_at()
    await disk.write(lambda changes: changes.begin(HISTORY))
    with mock.patch.object(LedgerStore, "changing", side_effect=DiskError("full", hint="make room on the disk")):
        disk.change(partial(paint, "wanted"))
        assert not await disk.flush()
        assert disk.is_failing
        disk.change(partial(paint, "confirmed"))
        assert await disk.write(lambda changes: changes.begin(HISTORY._replace(epoch=2))) is None
        assert await disk.read(lambda store: store.histories()) is None
    assert disk.waiting == 2
    assert await disk.flush()
    assert not disk.is_failing
    assert await disk.read(lambda store: store.ranges(1)) == [WANTED._replace(state="confirmed")]
    assert len(await disk.read(lambda store: store.all_epochs())) == 1


async def test_a_damaged_file_is_set_aside_and_everything_begins_anew(disk_at, tmp_path):
    path = tmp_path / "data" / "ledger.db"
    path.parent.mkdir()
    path.write_bytes(b"what a dying memory card left behind" * 500)
    lost = []
    disk = disk_at(lost=lambda: lost.append(True))
    disk.change(partial(paint, "wanted"))
    assert not await disk.flush()
    assert lost == [True]
    assert disk.waiting == 0, "it spoke of histories that are no more"
    assert await disk.write(lambda changes: changes.begin(HISTORY)) == 1
    assert not disk.is_failing
    (aside,) = path.parent.glob("ledger.db.damaged-*")
    assert aside.read_bytes().startswith(b"what a dying")


async def test_of_the_damaged_files_the_last_three_are_kept(disk_at, tmp_path):
    path = tmp_path / "data" / "ledger.db"
    path.parent.mkdir()
    for second in range(5):
        path.with_name(f"ledger.db.damaged-{1_780_000_000 + second}").write_bytes(b"older")
    path.write_bytes(b"what a dying memory card left behind" * 500)
    await disk_at().read(lambda store: store.histories())
    aside = sorted(file.name.rpartition("-")[2] for file in path.parent.glob("ledger.db.damaged-*"))
    assert aside == ["1780000003", "1780000004", "1790000000"]


async def test_damage_in_the_middle_of_a_run_is_met_the_same_way(disk_at, tmp_path):
    lost = []
    disk = disk_at(lost=lambda: lost.append(True))
    await disk.write(lambda changes: changes.begin(HISTORY))
    path = tmp_path / "data" / "ledger.db"
    with path.open("r+b") as file:
        file.write(b"\0" * 8192)
    assert await disk.read(lambda store: store.all_epochs()) is None
    assert lost == [True]
    assert await disk.read(lambda store: store.all_epochs()) == []


class UnforeseenError(Exception):
    """What a change raises that nobody thought of."""


def impossible(changes):
    raise UnforeseenError


def against_the_rules(changes):
    changes.put_live([("main", "energy", at(0), "Wh", None, 1.0)])


def too_large(changes):
    changes.begin_earlier(1, 1 << 70)


@pytest.mark.parametrize("bad", [impossible, against_the_rules, too_large])
async def test_a_change_that_can_never_be_made_holds_up_nothing(disk_at, bad):
    disk = disk_at()
    await disk.write(lambda changes: changes.begin(HISTORY))
    for change in (partial(paint, "wanted"), bad, partial(paint, "confirmed")):
        disk.change(change)
    assert await disk.flush()
    assert not disk.is_failing
    assert await disk.read(lambda store: store.ranges(1)) == [WANTED._replace(state="confirmed")]


async def test_what_speaks_of_a_damaged_file_never_reaches_the_next_one(disk_at):
    disk = disk_at()
    await disk.write(lambda changes: changes.begin(HISTORY))
    begun, may_fail = threading.Event(), threading.Event()

    def damaged(store):
        begun.set()
        may_fail.wait(30)
        raise Damaged("holes")

    reading = asyncio.create_task(disk.read(damaged))
    await asyncio.to_thread(begun.wait, 30)
    disk.change(partial(paint, "confirmed"))
    writing = asyncio.create_task(disk.flush())
    await asyncio.sleep(0)  # its work lies before the thread now
    may_fail.set()
    assert await reading is None
    assert not await writing
    assert await disk.write(lambda changes: changes.begin(HISTORY)) == 1
    assert await disk.read(lambda store: store.ranges(1)) == [], "the number of a history of the damaged file"
