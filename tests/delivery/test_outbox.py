from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess

import pytest
from loguru import logger

from bridge.delivery import outbox as module
from bridge.errors import DiskError
from tests.delivery.conftest import figure, sample
from tests.fakes.programs import missing


@contextlib.asynccontextmanager
async def running(outbox):
    await outbox.open()
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def lines():
    said = []
    number = logger.add(lambda message: said.append(str(message).strip()), level="DEBUG", format="{level} {message}")
    yield said
    logger.remove(number)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def stamps(outbox):
    return [row.ts_ms for row in await outbox.fetch(limit=10**6)]


async def test_what_is_put_is_committed_logged_and_fetched_in_order(outbox_at, tmp_path, metrics, lines):
    async with running(outbox_at(tmp_path / "outbox.db")) as outbox:
        for ts_ms in range(5):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.depth == 5)

        assert await stamps(outbox) == [0, 1, 2, 3, 4]
        assert outbox.oldest_ts_ms == 0
        assert outbox.bytes > 0
        assert figure(metrics.outbox_accepted) == 5
        assert [line for line in lines if "committed" in line] == [
            f"DEBUG outbox | committed main {ts_ms}" for ts_ms in range(5)
        ]


async def test_a_lone_sample_does_not_wait_for_the_interval(outbox_at, tmp_path):
    async with running(outbox_at(tmp_path / "o.db", commit_interval=60)) as outbox:
        outbox.put(sample(1))
        await until(lambda: outbox.depth == 1)


async def test_many_samples_are_committed_together_and_not_one_by_one(outbox_at, tmp_path, metrics):
    async with running(outbox_at(tmp_path / "o.db", commit_interval=60, commit_samples=100)) as outbox:
        outbox.put(sample(0))
        await until(lambda: outbox.depth == 1)
        for ts_ms in range(1, 100):
            outbox.put(sample(ts_ms))
        await asyncio.sleep(0.05)
        assert outbox.depth == 1  # within the interval, and not enough of them
        outbox.put(sample(100))
        await until(lambda: outbox.depth == 101)

    assert figure(metrics.outbox_commits) == 2


async def test_confirmed_samples_are_gone_and_counted(outbox_at, tmp_path, metrics):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        for ts_ms in range(10):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.depth == 10)
        rows = await outbox.fetch(limit=4)

        await outbox.confirm([row.id for row in rows])
        await outbox.confirm([row.id for row in rows])

        assert await stamps(outbox) == [4, 5, 6, 7, 8, 9]
        assert outbox.depth == 6
        assert figure(metrics.outbox_confirmed) == 4
        assert figure(metrics.last_confirmed) == 1_700_000_000


async def test_closing_commits_what_waits_in_memory(outbox_at, tmp_path):
    first = outbox_at(tmp_path / "o.db", commit_interval=60)
    async with running(first):
        first.put(sample(0))
        await until(lambda: first.depth == 1)
        first.put(sample(1))
        first.put(sample(2))
    await first.close()

    async with running(outbox_at(tmp_path / "o.db")) as second:
        assert await stamps(second) == [0, 1, 2]


async def test_a_sample_put_during_a_commit_that_is_being_cancelled_is_kept(outbox_at, tmp_path):
    first = outbox_at(tmp_path / "o.db")
    await first.open()
    for ts_ms in range(50):
        task = asyncio.create_task(first.run())
        first.put(sample(ts_ms))
        for _ in range(ts_ms % 4):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await first.close()

    async with running(outbox_at(tmp_path / "o.db")) as second:
        assert await stamps(second) == list(range(50))


async def test_while_the_disk_is_full_samples_wait_in_memory_and_follow_when_there_is_room(
    outbox_at, tmp_path, metrics, lines
):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        outbox.put(sample(0))
        await until(lambda: outbox.depth == 1)
        await full(outbox, is_full=True)
        for ts_ms in range(1, 3000):
            outbox.put(sample(ts_ms))
        await until(lambda: figure(metrics.outbox_errors) >= 3)

        assert figure(metrics.outbox_pending) == 2999
        assert len([line for line in lines if "full" in line]) == 1
        assert "make room" in next(line for line in lines if "full" in line)
        assert await stamps(outbox) == [0]  # reading goes on

        await full(outbox, is_full=False)
        await until(lambda: outbox.depth == 3000)
        assert await stamps(outbox) == list(range(3000))
        assert any("works again" in line for line in lines)
        assert figure(metrics.outbox_dropped) == 0


async def full(outbox, *, is_full: bool):
    pages = "PRAGMA page_count" if is_full else "SELECT 1000000"

    def set_bound(store):
        store._db.execute(f"PRAGMA max_page_count = {store._scalar(pages)}")

    await outbox._guarded(set_bound)


async def test_memory_is_bounded_while_the_disk_fails_and_the_newest_are_kept(
    outbox_at, tmp_path, metrics, monkeypatch
):
    monkeypatch.setattr(module, "PENDING", 100)
    (tmp_path / "file").write_text("in the way of the folder")
    outbox = outbox_at(tmp_path / "file" / "o.db")
    async with running(outbox):
        for ts_ms in range(250):
            outbox.put(sample(ts_ms))
        await until(lambda: figure(metrics.outbox_errors) >= 3)
        assert figure(metrics.outbox_dropped) == 150
        assert figure(metrics.outbox_pending) == 100

        (tmp_path / "file").unlink()
        await until(lambda: outbox.depth == 100)
        assert await stamps(outbox) == list(range(150, 250))


async def test_a_damaged_file_is_set_aside_with_a_line_in_the_log_and_the_bridge_goes_on(outbox_at, tmp_path, lines):
    (tmp_path / "outbox.db").write_bytes(b"no database at all" * 1000)

    async with running(outbox_at(tmp_path / "outbox.db")) as outbox:
        outbox.put(sample(7))
        await until(lambda: outbox.depth == 1)

    assert (tmp_path / "outbox.corrupt-20231114T221320Z").read_bytes().startswith(b"no database")
    assert any(
        re.match(r"ERROR outbox \| damaged .*set aside as outbox\.corrupt-.*0 samples carried", one) for one in lines
    )


async def test_damage_met_while_running_is_repaired_and_old_ids_confirm_nothing_else(outbox_at, tmp_path):
    path = tmp_path / "o.db"
    async with running(outbox_at(path)) as outbox:
        for ts_ms in range(3000):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.depth == 3000)
        before = await outbox.fetch(limit=3000)
        await outbox._guarded(lambda store: store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        pages = path.stat().st_size // 4096
        with path.open("r+b") as file:
            file.seek((pages - 4) * 4096)
            file.write(b"\xff" * 4096 * 2)
        await outbox._guarded(lambda store: store._db.execute("PRAGMA shrink_memory"))

        after = await outbox.fetch(limit=3000)
        assert 2500 < len(after) < 3000
        assert after[0].id > before[-1].id
        await outbox.confirm([row.id for row in before])
        assert outbox.depth == len(after)
        outbox.put(sample(9999))
        await until(lambda: outbox.depth == len(after) + 1)


async def test_what_the_bound_pushes_out_is_counted_and_said(outbox_at, tmp_path, metrics, lines):
    async with running(outbox_at(tmp_path / "o.db", max_mb=2)) as outbox:
        for ts_ms in range(40_000):
            outbox.put(sample(ts_ms))
            if ts_ms % 1000 == 0:  # more than the disk takes is another test
                await until(lambda: figure(metrics.outbox_pending) == 0)
        await until(lambda: figure(metrics.outbox_accepted) == 40_000)

        assert outbox.depth + figure(metrics.outbox_evicted) == 40_000
        assert (await stamps(outbox))[-1] == 39_999
        assert outbox.bytes <= 2_000_000
        assert any("WARNING outbox | full at 2 MB" in line for line in lines)


async def test_set_aside_samples_are_counted_and_said(outbox_at, tmp_path, metrics, lines):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        outbox.put(sample(1))
        await until(lambda: outbox.depth == 1)
        await outbox.quarantine([1], "too strange")

        assert outbox.depth == 0
        assert figure(metrics.outbox_quarantined) == 1
        assert any("ERROR outbox | 1 samples set aside: too strange" in line for line in lines)


async def test_a_sample_without_a_value_that_can_be_sent_is_said_and_not_stored(outbox_at, tmp_path, lines):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        outbox.put(sample(1, v=float("nan")))
        outbox.put(sample(2, meter="bad\udc80name"))
        await until(lambda: outbox.depth == 1)

        assert any("gave no value" in line for line in lines)
        assert [row.meter for row in await outbox.fetch(limit=5)] == ["bad?name"]


async def test_rows_that_the_disk_would_not_let_go_of_are_not_sent_again_and_go_later(
    outbox_at, tmp_path, metrics, monkeypatch
):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        outbox.put(sample(1))
        outbox.put(sample(2))
        await until(lambda: outbox.depth == 2)
        with monkeypatch.context() as broken:
            broken.setattr("bridge.delivery.store.Store.delete", _fails)
            await outbox.confirm([1])
            assert await stamps(outbox) == [2]
            assert outbox.depth == 2
        outbox.put(sample(3))
        await until(lambda: figure(metrics.outbox_confirmed) == 1)
        assert await stamps(outbox) == [2, 3]
        assert outbox.depth == 2


def _fails(self, ids):
    raise DiskError("no")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        missing("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)  # a test that failed may have files open


async def enlarge(disk):
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=50m", disk], check=True)


async def test_a_disk_that_is_really_full_costs_no_sample_once_there_is_room(outbox_at, small_disk, metrics, lines):
    outbox = outbox_at(small_disk / "o.db")
    async with running(outbox):
        for ts_ms in range(18_000):
            outbox.put(sample(ts_ms))
            if ts_ms % 1000 == 0:
                await asyncio.sleep(0.02)
        await until(lambda: figure(metrics.outbox_errors) >= 3)
        on_disk = outbox.depth
        assert 0 < on_disk < 18_000
        assert await stamps(outbox) == list(range(on_disk))

        await enlarge(small_disk)
        await until(lambda: outbox.depth == 18_000)
        assert await stamps(outbox) == list(range(18_000))
    assert len([line for line in lines if line.startswith("WARNING")]) == 1
    await outbox.close()


async def test_what_was_confirmed_while_the_disk_was_full_is_not_sent_again(outbox_at, small_disk, metrics):
    outbox = outbox_at(small_disk / "o.db")
    async with running(outbox):
        ts_ms = 0
        while not figure(metrics.outbox_errors):
            for _ in range(500):
                outbox.put(sample(ts_ms))
                ts_ms += 1
            await until(lambda: figure(metrics.outbox_errors) or not figure(metrics.outbox_pending))
        while rows := await outbox.fetch(limit=500):
            await outbox.confirm([row.id for row in rows])

        await enlarge(small_disk)
        await until(lambda: not figure(metrics.outbox_pending))
        while rows := await outbox.fetch(limit=500):
            await outbox.confirm([row.id for row in rows])
        await until(lambda: figure(metrics.outbox_confirmed) == ts_ms)
        assert outbox.depth == 0
    await outbox.close()


async def test_a_disk_that_is_full_from_the_start_is_waited_for(outbox_at, small_disk, metrics):
    (small_disk / "ballast").write_bytes(b"x" * 1024 * 1024)
    outbox = outbox_at(small_disk / "o.db")
    async with running(outbox):
        outbox.put(sample(1))
        await until(lambda: figure(metrics.outbox_errors) >= 3)
        (small_disk / "ballast").unlink()
        await until(lambda: outbox.depth == 1)
    await outbox.close()


NOW_MS = 1_700_000_000_000  # the clock of outbox_at
DAY_MS = 86_400_000


async def test_samples_older_than_the_age_allowed_go_are_counted_and_said(outbox_at, tmp_path, metrics, lines):
    first = outbox_at(tmp_path / "o.db")
    await first.open()
    for age_days in (9, 8, 6):
        first.put(sample(NOW_MS - age_days * DAY_MS))
    await first.close()

    outbox = outbox_at(tmp_path / "o.db", max_age_days=7)
    await outbox.open()

    assert [row.ts_ms for row in await outbox.fetch(limit=10)] == [NOW_MS - 6 * DAY_MS]
    assert figure(metrics.outbox_evicted) == 2
    assert any("2 samples older than OUTBOX__MAX_AGE_DAYS=7" in line for line in lines)


async def test_the_age_is_looked_at_with_every_commit(outbox_at, tmp_path, metrics):
    outbox = outbox_at(tmp_path / "o.db", max_age_days=7)
    await outbox.open()
    outbox.put(sample(NOW_MS - 8 * DAY_MS))
    outbox.put(sample(NOW_MS))
    await outbox.close()

    assert figure(metrics.outbox_evicted) == 1


async def test_without_an_age_no_sample_is_too_old(outbox_at, tmp_path, metrics):
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    outbox.put(sample(1))
    await outbox.close()

    assert figure(metrics.outbox_evicted) == 0
