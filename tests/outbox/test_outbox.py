from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess

import pytest
from loguru import logger

from bridge.errors import DiskError
from bridge.outbox import outbox as module
from bridge.outbox.age import AgeClock
from tests.fakes.programs import missing
from tests.outbox.conftest import sample


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


async def test_what_is_put_is_committed_logged_and_fetched_in_order(outbox_at, tmp_path, lines):
    async with running(outbox_at(tmp_path / "outbox.db")) as outbox:
        for ts_ms in range(5):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.depth == 5)

        assert await stamps(outbox) == [0, 1, 2, 3, 4]
        assert outbox.oldest_ts_ms == 0
        assert outbox.state.bytes > 0
        assert outbox.state.accepted == 5
        assert [line for line in lines if "committed" in line] == [
            f"DEBUG outbox | committed main {ts_ms}" for ts_ms in range(5)
        ]


async def test_a_lone_sample_does_not_wait_for_the_interval(outbox_at, tmp_path):
    async with running(outbox_at(tmp_path / "o.db", commit_interval=60)) as outbox:
        outbox.put(sample(1))
        await until(lambda: outbox.depth == 1)


async def test_many_samples_are_committed_together_and_not_one_by_one(outbox_at, tmp_path):
    async with running(outbox_at(tmp_path / "o.db", commit_interval=60, commit_samples=100)) as outbox:
        outbox.put(sample(0))
        await until(lambda: outbox.depth == 1)
        for ts_ms in range(1, 100):
            outbox.put(sample(ts_ms))
        await asyncio.sleep(0.05)
        assert outbox.depth == 1  # within the interval, and not enough of them
        outbox.put(sample(100))
        await until(lambda: outbox.depth == 101)

    assert outbox.state.commits == 2


async def test_confirmed_samples_are_gone_and_counted(outbox_at, tmp_path):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        for ts_ms in range(10):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.depth == 10)
        rows = await outbox.fetch(limit=4)

        await outbox.confirm([row.id for row in rows])
        await outbox.confirm([row.id for row in rows])

        assert await stamps(outbox) == [4, 5, 6, 7, 8, 9]
        assert outbox.depth == 6
        assert outbox.state.stored == 4
        assert outbox.state.last_stored_s == 1_700_000_000


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
        assert any("in memory alone" in line and "restarted is lost" in line for line in lines)
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


async def test_a_damaged_file_is_set_aside_with_a_line_in_the_log_and_the_bridge_goes_on(outbox_at, tmp_path, lines):
    (tmp_path / "outbox.db").write_bytes(b"no database at all" * 1000)

    async with running(outbox_at(tmp_path / "outbox.db")) as outbox:
        outbox.put(sample(7))
        await until(lambda: outbox.depth == 1)

    assert (tmp_path / "outbox.corrupt-20231114T221320Z").read_bytes().startswith(b"no database")
    assert any(
        re.match(r"ERROR outbox \| damaged .*set aside as outbox\.corrupt-.*0 samples carried", one) for one in lines
    )


async def test_damage_met_while_running_is_repaired_and_old_ids_confirm_what_they_did_before(outbox_at, tmp_path):
    path = tmp_path / "o.db"
    async with running(outbox_at(path)) as outbox:
        for ts_ms in range(3000):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.depth == 3000)
        before = await outbox.fetch(limit=3000)
        await outbox._disk.read(lambda store: store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        pages = path.stat().st_size // 4096
        with path.open("r+b") as file:
            file.seek((pages - 4) * 4096)
            file.write(b"\xff" * 4096 * 2)
        await outbox._disk.read(lambda store: store._db.execute("PRAGMA shrink_memory"))

        after = await outbox.fetch(limit=3000)
        assert 2500 < len(after) < 3000
        assert {(row.id, row.ts_ms) for row in after} < {(row.id, row.ts_ms) for row in before}
        outbox.put(sample(9999))
        await until(lambda: outbox.depth == len(after) + 1)
        await outbox.confirm([row.id for row in before])
        assert await stamps(outbox) == [9999]


async def test_what_the_bound_pushes_out_is_counted_and_said(outbox_at, tmp_path, lines):
    async with running(outbox_at(tmp_path / "o.db", max_mb=2)) as outbox:
        for ts_ms in range(40_000):
            outbox.put(sample(ts_ms))
            if ts_ms % 1000 == 0:  # more than the disk takes is another test
                await until(lambda: outbox.state.pending == 0)
        await until(lambda: outbox.state.accepted == 40_000)

        assert outbox.depth + outbox.state.lost == 40_000
        assert (await stamps(outbox))[-1] == 39_999
        assert outbox.state.bytes <= 2_000_000
        assert any("WARNING outbox | full at 2 MB" in line for line in lines)


async def test_set_aside_samples_are_counted_and_said(outbox_at, tmp_path, lines):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        outbox.put(sample(1))
        await until(lambda: outbox.depth == 1)
        await outbox.set_aside([1], "too strange")

        assert outbox.depth == 0
        assert outbox.state.set_aside == 1
        assert any("ERROR outbox | 1 samples set aside: too strange" in line for line in lines)


async def test_a_sample_without_a_value_that_can_be_sent_is_said_and_not_stored(outbox_at, tmp_path, lines):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        outbox.put(sample(1, v=float("nan")))
        outbox.put(sample(2, meter="bad\udc80name"))
        await until(lambda: outbox.depth == 1)

        assert any("gave no value" in line for line in lines)
        assert [row.meter for row in await outbox.fetch(limit=5)] == ["bad?name"]


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


DAY_S = 86_400


class Boot:
    """BOOTTIME that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def clock(self, boot_id: str = "this") -> AgeClock:
        return AgeClock(lambda: self.now_s, boot_id)


async def accept(outbox, *stamps_ms: int) -> None:
    for ts_ms in stamps_ms:
        outbox.put(sample(ts_ms))
    await outbox._commits.flush()


async def test_samples_older_than_the_age_allowed_go_are_counted_and_said(outbox_at, tmp_path, lines):
    boot = Boot()
    first = outbox_at(tmp_path / "o.db", age=boot.clock())
    await first.open()
    await accept(first, 1, 2)
    boot.now_s += 2 * DAY_S
    await accept(first, 3)
    await first.close()
    boot.now_s += 6 * DAY_S

    outbox = outbox_at(tmp_path / "o.db", age=boot.clock(), max_age_days=7)
    await outbox.open()

    assert await stamps(outbox) == [3]
    assert outbox.state.lost_old == 2
    assert any("2 samples older than OUTBOX__MAX_AGE_DAYS=7" in line for line in lines)


async def test_the_age_is_looked_at_with_every_commit(outbox_at, tmp_path):
    boot = Boot()
    outbox = outbox_at(tmp_path / "o.db", age=boot.clock(), max_age_days=7)
    await outbox.open()
    await accept(outbox, 1)
    boot.now_s += 7 * DAY_S + 1
    await accept(outbox, 2)

    assert await stamps(outbox) == [2]


@pytest.mark.parametrize("ts_ms", [1, 1_700_000_000_000, 4_000_000_000_000])
async def test_no_time_stamp_makes_a_sample_old(outbox_at, tmp_path, ts_ms):
    """The meter's history, a clock at 1970, one that ran ahead: what counts is how long the sample has waited."""
    outbox = outbox_at(tmp_path / "o.db", max_age_days=7)
    await outbox.open()
    await accept(outbox, ts_ms)
    await accept(outbox, ts_ms)

    assert await stamps(outbox) == [ts_ms, ts_ms]
    assert outbox.state.lost == 0


async def test_time_without_power_ages_nothing_and_a_new_boot_goes_on_from_where_the_last_one_was(outbox_at, tmp_path):
    boot = Boot()
    for number in range(5):  # a day of work in each boot
        boot.now_s = 10.0 + number  # BOOTTIME begins anew
        outbox = outbox_at(tmp_path / "o.db", age=boot.clock(f"boot {number}"), max_age_days=3.5)
        await outbox.open()
        await accept(outbox, 2 * number)
        boot.now_s += DAY_S
        await accept(outbox, 2 * number + 1)
        await outbox.close()

    # Five days of work have been counted: what was accepted in the first, and as the second began, is too old.
    again = outbox_at(tmp_path / "o.db")
    await again.open()
    assert await stamps(again) == [3, 4, 5, 6, 7, 8, 9]


async def test_without_an_age_no_sample_is_too_old(outbox_at, tmp_path):
    boot = Boot()
    outbox = outbox_at(tmp_path / "o.db", age=boot.clock())
    await outbox.open()
    await accept(outbox, 1)
    boot.now_s += 10_000 * DAY_S
    await accept(outbox, 2)

    assert await stamps(outbox) == [1, 2]


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_is_taken_away_while_it_is_in_use_is_put_back(outbox_at, tmp_path, lines, replaced):
    """It would work on without a name, and a restart would find nothing."""
    path = tmp_path / "o.db"
    outbox = outbox_at(path)
    async with running(outbox):
        for ts_ms in range(500):
            outbox.put(sample(ts_ms))
        await until(lambda: outbox.depth == 500)
        path.unlink()
        if replaced:
            path.write_bytes(b"another file")
        outbox.put(sample(500))
        await until(lambda: outbox.depth == 501)
        assert any("was removed or replaced while in use" in line for line in lines)
        if replaced:
            [aside] = [one for one in tmp_path.glob("o.corrupt-*") if not one.name.endswith("-wal")]
            assert aside.read_bytes() == b"another file"
    await outbox.close()

    async with running(outbox_at(path)) as again:
        assert await stamps(again) == list(range(501))


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


async def test_a_file_that_lost_everything_is_said_to_have(outbox_at, tmp_path, lines):
    (tmp_path / "o.db").touch()
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    assert any("samples that waited there are gone" in line for line in lines)
    lines.clear()
    fresh = outbox_at(tmp_path / "fresh.db")
    await fresh.open()
    assert lines == []
