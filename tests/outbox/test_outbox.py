from __future__ import annotations

import asyncio

from tests.outbox.conftest import running, sample, stamps, until


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
        assert any("ERROR outbox | 1 sample set aside: too strange" in line for line in lines)


async def test_a_sample_without_a_value_that_can_be_sent_is_said_and_not_stored(outbox_at, tmp_path, lines):
    async with running(outbox_at(tmp_path / "o.db")) as outbox:
        outbox.put(sample(1, v=float("nan")))
        outbox.put(sample(2, meter="bad\udc80name"))
        await until(lambda: outbox.depth == 1)

        assert any("gave no value" in line for line in lines)
        assert [row.meter for row in await outbox.fetch(limit=5)] == ["bad?name"]
