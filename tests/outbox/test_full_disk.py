"""A disk that is full or fails costs no sample once it works again."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from bridge.errors import DiskError
from bridge.outbox import outbox as module
from tests.outbox.conftest import running, sample, stamps, until


async def test_while_the_disk_is_full_samples_wait_in_memory_and_follow_when_there_is_room(outbox_at, tmp_path, lines):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        outbox.put(sample(0))
        await until(lambda: outbox.depth == 1)
        await full(outbox, is_full=True)
        for ts_ms in range(1, 3000):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.state.write_errors >= 3)

        assert outbox.state.pending == 2999
        assert len([line for line in lines if "is full" in line]) == 1
        assert "make room" in next(line for line in lines if "is full" in line)
        assert any("only in memory" in line and "a restart of the bridge" in line for line in lines)
        assert await stamps(outbox) == list(range(3000))  # reading goes on, and what waits in memory can be sent

        await full(outbox, is_full=False)
        await until(lambda: outbox.depth == 3000)
        assert await stamps(outbox) == list(range(3000))
        assert any("works again" in line for line in lines)
        assert outbox.state.lost_memory == 0


async def full(outbox, *, is_full: bool):
    pages = "PRAGMA page_count" if is_full else "SELECT 1000000"

    def set_bound(store):
        store._db.execute(f"PRAGMA max_page_count = {store._scalar(pages)}")

    await outbox._disk.read(set_bound)


async def test_memory_is_bounded_while_the_disk_fails_and_the_newest_are_kept(outbox_at, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PENDING", 100)
    (tmp_path / "file").write_text("in the way of the folder")
    outbox = outbox_at(tmp_path / "file" / "o.db")
    async with running(outbox):
        for ts_ms in range(250):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.state.write_errors >= 3)
        assert outbox.state.lost_memory == 150
        assert outbox.state.pending == 100

        (tmp_path / "file").unlink()
        await until(lambda: outbox.depth == 100)
        assert await stamps(outbox) == list(range(150, 250))


async def test_rows_that_the_disk_would_not_let_go_of_are_not_sent_again_and_go_later(outbox_at, tmp_path, monkeypatch):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        outbox.put(sample(1))
        outbox.put(sample(2))
        await until(lambda: outbox.depth == 2)
        with monkeypatch.context() as broken:
            broken.setattr("bridge.outbox.store.Store.delete", _fails)
            await outbox.confirm([1])
            assert await stamps(outbox) == [2]
            assert outbox.depth == 1
        outbox.put(sample(3))
        await until(lambda: outbox.state.stored == 1)
        assert await stamps(outbox) == [2, 3]
        assert outbox.depth == 2


def _fails(self, ids):
    raise DiskError("no")


@pytest.fixture
def small_disk(disk_of):
    """A file system of 1 MB."""
    return disk_of("1m")


async def enlarge(disk):
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=50m", disk], check=True)


async def test_a_disk_that_is_really_full_costs_no_sample_once_there_is_room(outbox_at, small_disk, lines):
    outbox = outbox_at(small_disk / "o.db")
    async with running(outbox):
        for ts_ms in range(18_000):
            outbox.put(sample(ts_ms))
            if ts_ms % 1000 == 0:
                await asyncio.sleep(0.02)
        await until(lambda: outbox.state.write_errors >= 3)
        on_disk = outbox.depth
        assert 0 < on_disk < 18_000
        assert await stamps(outbox) == list(range(18_000))

        await enlarge(small_disk)
        await until(lambda: outbox.depth == 18_000)
        assert await stamps(outbox) == list(range(18_000))
    assert len([line for line in lines if line.startswith("WARNING")]) == 2
    await outbox.close()


async def test_what_was_confirmed_while_the_disk_was_full_is_not_sent_again(outbox_at, small_disk):
    outbox = outbox_at(small_disk / "o.db")
    async with running(outbox):
        ts_ms = 0
        while not outbox.state.write_errors:
            for _ in range(500):
                outbox.put(sample(ts_ms))
                ts_ms += 1
            await until(lambda: outbox.state.write_errors or not outbox.state.pending)
        while rows := await outbox.fetch(limit=500):
            await outbox.confirm([row.id for row in rows])

        await enlarge(small_disk)
        await until(lambda: not outbox.state.pending)
        while rows := await outbox.fetch(limit=500):
            await outbox.confirm([row.id for row in rows])
        await until(lambda: outbox.state.stored == ts_ms)
        assert outbox.depth == 0
    await outbox.close()


async def test_a_disk_that_is_full_from_the_start_is_waited_for(outbox_at, small_disk):
    (small_disk / "ballast").write_bytes(b"x" * 1024 * 1024)
    outbox = outbox_at(small_disk / "o.db")
    async with running(outbox):
        outbox.put(sample(1))
        await until(lambda: outbox.state.write_errors >= 3)
        (small_disk / "ballast").unlink()
        await until(lambda: outbox.depth == 1)
    await outbox.close()


async def test_a_commit_that_was_told_to_have_failed_and_had_not_is_no_second_sample(outbox_at, tmp_path, monkeypatch):
    outbox = outbox_at(tmp_path / "o.db")
    append = module.Disk.write

    async def fails_afterwards(self, work):
        await append(self, work)
        self.writing.failed(DiskError("input/output error"))

    async with running(outbox):
        outbox.put(sample(1))
        with monkeypatch.context() as broken:
            broken.setattr(module.Disk, "write", fails_afterwards)
            await until(lambda: outbox.state.write_errors)
        await until(lambda: outbox.state.pending == 0)
        assert await stamps(outbox) == [1]
        assert outbox.depth == 1
