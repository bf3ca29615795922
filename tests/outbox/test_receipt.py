"""Every sample's receipt tells what became of it, once."""

from __future__ import annotations

import asyncio
import gc

import pytest

from bridge.outbox import outbox as module
from tests.outbox.conftest import sample


async def test_it_goes_from_memory_to_the_disk_to_where_the_sample_was_meant_for(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    receipt = outbox.put(sample(1))
    told = []
    receipt.then(told.append)
    assert receipt.state == "waiting"

    await outbox._commits.flush()
    assert receipt.state == "on disk"
    assert told == []

    await outbox.confirm([receipt.id])
    await outbox.confirm([receipt.id])
    assert (receipt.state, receipt.reason) == ("stored", "")
    assert told == [receipt]
    receipt.then(told.append)  # who asks late is told at once
    assert told == [receipt, receipt]


async def test_it_can_be_waited_for(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    receipt = outbox.put(sample(1))
    waiting = asyncio.ensure_future(receipt)
    await outbox._commits.flush()
    assert not waiting.done()
    await outbox.confirm([receipt.id])
    assert (await waiting).state == "stored"


async def test_who_waits_for_the_disk_is_told_before_the_interval_is_over_and_hears_of_a_loss(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db", commit_interval=60)
    await outbox.open()
    running = asyncio.create_task(outbox.run())
    await outbox.put(sample(1)).kept()  # the first goes at once
    async with asyncio.timeout(30):
        for ts_ms in range(2, 6):
            receipts = await asyncio.gather(*(outbox.put(sample(ts_ms * 10 + n)).kept() for n in range(3)))
            assert [receipt.state for receipt in receipts] == ["on disk"] * 3
    nobody_waits = outbox.put(sample(1000))
    await asyncio.sleep(0.3)
    assert nobody_waits.state == "waiting", "without a hurry the interval holds"
    outbox._receipts.settle([nobody_waits.id], "lost", "by the test")
    assert (await nobody_waits.kept()).state == "lost"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_sample_that_is_refused_is_set_aside_with_the_reason(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    receipt = outbox.put(sample(1))
    await outbox._commits.flush()
    await outbox.set_aside([receipt.id], "too strange")
    assert (receipt.state, receipt.reason) == ("set aside", "too strange")
    assert outbox.put(sample(1, v=float("nan"))).state == "set aside"


async def test_what_the_bound_takes_is_lost_with_the_reason(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db", max_mb=1)
    await outbox.open()
    first = outbox.put(sample(0))
    for begin in range(0, 20_000, 1000):
        for ts_ms in range(begin, begin + 1000):
            last = outbox.put(sample(ts_ms))
        await outbox._commits.flush()
    assert (first.state, first.reason) == ("lost", "the outbox was full")
    assert last.state == "on disk"


async def test_what_memory_cannot_hold_is_lost_with_the_reason(outbox_at, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PENDING", 10)
    (tmp_path / "file").write_text("in the way of the folder")
    outbox = outbox_at(tmp_path / "file" / "o.db")
    await outbox.open()
    receipts = [outbox.put(sample(ts_ms)) for ts_ms in range(12)]
    assert [receipt.state for receipt in receipts] == ["lost"] * 2 + ["waiting"] * 10
    assert receipts[0].reason == "the disk refused and memory was full"


async def test_a_receipt_that_nobody_has_is_not_kept_and_one_that_is_waited_for_is(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    told = []
    for ts_ms in range(1000):
        outbox.put(sample(ts_ms))
    outbox.put(sample(1000)).then(lambda receipt: told.append(receipt.state))
    gc.collect()
    assert len(outbox._receipts._all) == 1

    await outbox._commits.flush()
    await outbox.confirm([row.id for row in await outbox.fetch(limit=5000)])
    assert told == ["stored"]
    assert not outbox._receipts._held


async def test_a_listener_that_fails_costs_nobody_else_anything(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    await outbox.open()
    told = []

    def fails(_):
        raise ValueError

    receipt = outbox.put(sample(1))
    receipt.then(fails)
    receipt.then(told.append)
    await outbox._commits.flush()
    await outbox.confirm([receipt.id])
    assert told == [receipt]
    assert outbox.depth == 0


@pytest.mark.parametrize("outcome", ["stored", "set aside"])
async def test_a_sample_that_never_reached_the_disk_has_its_receipt_too(outbox_at, tmp_path, outcome):
    (tmp_path / "file").write_text("in the way of the folder")
    outbox = outbox_at(tmp_path / "file" / "o.db")
    await outbox.open()
    receipt = outbox.put(sample(1))
    await outbox._commits.flush()
    [row] = await outbox.fetch(limit=10)
    assert row.id == receipt.id
    if outcome == "stored":
        await outbox.confirm([row.id])
    else:
        await outbox.set_aside([row.id], "why")
    assert receipt.state == outcome
    assert outbox.state.pending == 0
