"""While the disk refuses, samples go upstream from memory, and their ids hold when they get there after all."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bridge.outbox import disk
from bridge.outbox.row_ids import RowIds
from bridge.outbox.store import Store
from tests.outbox.conftest import running, sample, stamps, until


@pytest.fixture
def refusing(tmp_path):
    """A data folder that cannot be made while a file is in its way, with twenty samples in it already."""

    class Refusing:
        folder = tmp_path / "data"
        away = tmp_path / "away"

        def refuse(self):
            self.folder.rename(self.away)
            self.folder.write_text("in the way")

        def relent(self):
            self.folder.unlink()
            if self.away.exists():
                self.away.rename(self.folder)

    return Refusing()


async def test_while_the_disk_works_nothing_is_sent_that_is_not_on_it(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    outbox.put(sample(1))
    assert await stamps(outbox) == []
    assert outbox.last_id == 0
    await outbox._commits.flush()
    assert await stamps(outbox) == [1]


async def test_a_disk_that_cannot_be_opened_keeps_no_sample_from_going_upstream(outbox_at, refusing):
    first = outbox_at(refusing.folder / "o.db")
    async with running(first):
        for ts_ms in range(20):
            first.put(sample(ts_ms))
        await until(lambda: first.depth == 20)
    await first.close()
    refusing.refuse()

    outbox = outbox_at(refusing.folder / "o.db")
    woken = []
    outbox.listen(lambda: woken.append(outbox.last_id))
    async with running(outbox):
        for ts_ms in range(100, 130):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.state.writing is not None and woken)
        found = await outbox.fetch(limit=100)
        assert [row.ts_ms for row in found] == list(range(100, 130))
        assert outbox.last_id == found[-1].id
        assert await stamps(outbox, after=found[9].id, upto=found[11].id) == [110, 111]
        assert "folder" in outbox.state.writing.hint

        await outbox.confirm([row.id for row in found[:10]])
        await until(lambda: outbox.state.pending == 20)
        assert outbox.state.stored == 10
        outbox.put(sample(130))
        assert (await stamps(outbox))[-1] == 130

        refusing.relent()
        await until(lambda: outbox.state.pending == 0)
        assert outbox.state.writing is None
        # The twenty of before come first; those in flight from memory have the ids that they were sent with.
        after = await outbox.fetch(limit=100)
        assert [row.ts_ms for row in after] == [*range(20), *range(110, 131)]
        assert [row.id for row in after[20:-1]] == [row.id for row in found[10:]]
        outbox.put(sample(131))
        await until(lambda: outbox.depth == 42)
        later = await outbox.fetch(after=after[-1].id, limit=5)
        assert [row.ts_ms for row in later] == [131]
        await outbox.confirm([row.id for row in after])
        assert await stamps(outbox) == [131]
        assert outbox.depth == 1
    await outbox.close()

    again = outbox_at(refusing.folder / "o.db")
    async with running(again):
        assert await stamps(again) == [131]


async def test_what_is_confirmed_while_the_disk_is_at_it_does_not_stay_there(outbox_at, tmp_path, monkeypatch):
    """A commit that hangs, and rows that were shown before: they arrive while the thread writes them."""
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    receipt = outbox.put(sample(1))
    outbox._memory.show_all()  # as a failed write does
    flush = asyncio.ensure_future(outbox._commits.flush())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert outbox._memory.written
    await outbox.confirm([receipt.id])
    await flush
    assert await stamps(outbox) == []
    await outbox._commits.flush()
    assert outbox.depth == 0
    assert outbox.state.pending == 0


async def test_a_failed_read_is_no_failed_write(outbox_at, tmp_path, monkeypatch):
    outbox = outbox_at(tmp_path / "o.db")
    async with running(outbox):
        outbox.put(sample(1))
        await until(lambda: outbox.depth == 1)
        with monkeypatch.context() as broken:
            broken.setattr("bridge.outbox.store.Store.fetch", _fails)
            assert await stamps(outbox) == []
            assert outbox.state.writing is None
            assert "no" in outbox.state.reading.error
            assert (outbox.state.read_errors, outbox.state.write_errors) == (1, 0)
        assert await stamps(outbox) == [1]
        assert outbox.state.reading is None


def _fails(self, **_):
    from bridge.errors import DiskError  # noqa: PLC0415

    raise DiskError("no")


def test_numbers_given_before_the_disk_was_seen_are_above_all_on_it_and_keep_their_order():
    numbers = RowIds()
    early = [numbers.give() for _ in range(3)]
    numbers.opened(1000)
    late = numbers.give()
    assert [*early, late] == sorted([*early, late])
    assert [numbers.to_disk(one) for one in (5, 1000, *early, late)] == [5, 1000, 1001, 1002, 1003, 1004]
    assert [numbers.from_disk(numbers.to_disk(one)) for one in (5, *early, late)] == [5, *early, late]
    assert numbers.to_disk(early[0] - 1) == 1000  # a bound between them


def test_numbers_are_the_disks_own_when_it_was_seen_first():
    numbers = RowIds()
    numbers.opened(7)
    assert [numbers.give(), numbers.give()] == [8, 9]
    assert numbers.to_disk(9) == 9
    assert not numbers.are_moved


async def test_a_disk_that_works_again_is_noticed_although_every_sample_gets_through_from_memory(outbox_at, refusing):
    refusing.away.mkdir()
    refusing.folder.write_text("in the way")
    outbox = outbox_at(refusing.folder / "o.db")
    async with running(outbox):
        outbox.put(sample(1))
        await until(lambda: outbox.state.writing is not None)
        await outbox.confirm([outbox.last_id])
        refusing.relent()

        async with asyncio.timeout(20):
            while outbox.state.writing is not None:
                outbox.put(sample(2))
                await outbox.confirm([outbox.last_id])
                await asyncio.sleep(0.02)
    assert outbox.state.write_errors


async def test_a_disk_that_hangs_is_one_that_refuses_and_what_it_wrote_all_the_same_is_no_second_sample(
    outbox_at, tmp_path, monkeypatch
):
    monkeypatch.setattr(disk, "PATIENCE_S", 0.05)
    released = threading.Event()
    append = Store.append

    def hangs(self, samples, **how):
        released.wait()
        return append(self, samples, **how)

    monkeypatch.setattr(Store, "append", hangs)
    outbox = outbox_at(tmp_path / "o.db")
    async with running(outbox):
        receipts = [outbox.put(sample(ts_ms)) for ts_ms in range(20)]
        await until(lambda: outbox.state.writing is not None)
        found = await outbox.fetch(limit=100)
        assert [row.ts_ms for row in found] == list(range(20))
        await outbox.confirm([row.id for row in found[:15]])  # and nobody waits for the disk
        assert [receipt.state for receipt in receipts[:15]] == ["stored"] * 15

        monkeypatch.setattr(disk, "PATIENCE_S", 60)
        released.set()
        await until(lambda: outbox.state.pending == 0 and outbox.depth == 5)
        assert await stamps(outbox) == list(range(15, 20))
    await outbox.close()


async def test_an_outbox_that_takes_long_to_open_gives_no_id_twice(outbox_at, tmp_path, monkeypatch):
    first = outbox_at(tmp_path / "o.db")
    async with running(first):
        for ts_ms in range(50):
            first.put(sample(ts_ms))
        await until(lambda: first.depth == 50)
    await first.close()
    monkeypatch.setattr(disk, "PATIENCE_S", 0.05)
    released = threading.Event()
    opened = disk.Disk._opened

    def slowly(self):
        released.wait()
        return opened(self)

    monkeypatch.setattr(disk.Disk, "_opened", slowly)
    outbox = outbox_at(tmp_path / "o.db")
    async with running(outbox):
        for ts_ms in range(100, 120):
            outbox.put(sample(ts_ms))
        early = await outbox.fetch(limit=100)
        monkeypatch.setattr(disk, "PATIENCE_S", 60)
        released.set()
        await until(lambda: outbox.state.pending == 0)
        late = await outbox.fetch(limit=100)
        assert [row.ts_ms for row in late] == [*range(50), *range(100, 120)]
        assert {row.id: row.ts_ms for row in early}.items() <= {row.id: row.ts_ms for row in late}.items()
