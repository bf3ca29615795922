"""Samples without a time: on disk, never sent, dated once; and those that had a wrong one are taken back."""

import json
import sqlite3
from contextlib import closing

import pytest

from bridge.clock.boots import Time
from bridge.outbox import undated_steps
from bridge.outbox.body import ESTIMATED, body, doubted, undoubted
from bridge.outbox.outbox import Outbox
from bridge.outbox.salvage import salvage
from bridge.outbox.schema import MIGRATIONS
from bridge.outbox.store import Store
from bridge.sample import Layout, Sample, Value
from tests.outbox.test_memory import running, until

LAYOUT = Layout("main", ("voltage_l1",), ("1-0:32.7.0",), ("V",))
BOOT = 7


def read(up_s: int, *, boot=BOOT, shown_ms=1_000) -> Sample:
    return LAYOUT.sample(shown_ms, (float(up_s),), stamp=(boot, up_s * 10**9))


def times_of(anchor_s: int, *, boots=(BOOT,), is_estimated=False):
    def time_of(moment, _shown_ms):
        known = moment.boot in boots
        return Time((anchor_s * 10**9 + moment.up_ns) // 10**6, is_estimated=is_estimated) if known else None

    return time_of


def hold(outbox: Outbox, sample: Sample):
    return outbox.put(sample, is_undated=True)


async def rows(outbox: Outbox):
    return [(row.ts_ms, json.loads(row.body)) for row in await outbox.fetch(limit=10_000)]


async def test_they_wait_on_disk_and_are_not_sent(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    async with running(outbox):
        receipt = hold(outbox, read(1))
        outbox.put(read(2))
        await until(lambda: receipt.state == "on disk" and outbox.depth == 1)
        assert outbox.state.undated == 1
        assert [values for _, values in await rows(outbox)] == [{"voltage_l1": 2.0}]


async def test_once_the_time_is_known_they_go_behind_all_others_over_a_restart_and_exactly(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    async with running(outbox):
        for up_s in range(1200):
            hold(outbox, read(up_s))
        await until(lambda: outbox.undated.count == 1200 and not outbox.undated.held)
    await outbox.close()
    outbox = outbox_at(tmp_path / "o.db")
    async with running(outbox):
        assert outbox.state.undated == 1200
        outbox.put(read(5000))
        await until(lambda: outbox.depth == 1)
        before = outbox.last_id
        assert await outbox.undated.date(times_of(100)) == 1200
        assert await outbox.undated.date(times_of(100)) == 0
        assert (outbox.depth, outbox.state.undated) == (1201, 0)
        assert all(row.id > before for row in await outbox.fetch(after=before, limit=10_000))
        assert (await rows(outbox))[1:] == [((100 + up_s) * 1000, {"voltage_l1": float(up_s)}) for up_s in range(1200)]


async def test_a_receipt_goes_with_its_sample(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    async with running(outbox):
        receipt = hold(outbox, read(1))
        told = []
        receipt.then(lambda it: told.append(it.state))
        await until(lambda: receipt.state == "on disk")
        await outbox.undated.date(times_of(100))
        (row,) = await outbox.fetch(limit=10)
        assert await outbox.undated.recall([BOOT], after_ms=10**15) == 1
        await outbox.confirm([row.id])  # it was on its way with the wrong time
        assert told == []
        await outbox.undated.date(times_of(200))
        (again,) = await outbox.fetch(limit=10)
        assert again.ts_ms == row.ts_ms + 100_000
        await outbox.confirm([again.id])
        assert told == ["stored"]


async def test_what_has_a_wrong_time_is_taken_back_and_nothing_else(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db")
    async with running(outbox):
        outbox.put(read(1, boot=BOOT), Time(11_000, is_estimated=True))
        outbox.put(read(2, boot=8), Time(12_000, is_estimated=False))
        outbox.put(read(3, boot=9), Time(99_000, is_estimated=False))
        outbox.put(Sample("old", 98_000, (Value("power", "x", 4, "W"),)))
        await until(lambda: outbox.depth == 4)
        assert (await rows(outbox))[0][1] == {"voltage_l1": 1.0, "voltage_l1_quality": ESTIMATED}
        assert await outbox.undated.recall([BOOT], after_ms=50_000) == 3
        assert (outbox.depth, outbox.state.undated) == (1, 3)
        await outbox.undated.date(times_of(100))
        assert sorted(await rows(outbox), key=lambda row: row[0]) == [
            (12_000, {"voltage_l1": 2.0}), (101_000, {"voltage_l1": 1.0})
        ]  # fmt: skip
        assert outbox.state.undated == 2  # of no known boot, and of none


async def test_samples_of_another_thingsboard_get_their_time_and_stay_its(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db", destination="thingsboard.example:1883")
    async with running(outbox):
        hold(outbox, read(1))
        await until(lambda: outbox.undated.count == 1 and not outbox.undated.held)
    await outbox.close()
    outbox = outbox_at(tmp_path / "o.db", destination="other.example:1883")
    async with running(outbox):
        await outbox.undated.date(times_of(100))
        assert await rows(outbox) == []
        assert [(one.destination, one.count, one.oldest_ts_ms) for one in outbox.foreign] == [
            ("thingsboard.example:1883", 1, 101_000)
        ]
        assert outbox.state.undated == 0


async def test_while_the_disk_refuses_they_are_dated_in_memory(outbox_at, tmp_path, monkeypatch):
    (tmp_path / "o.db").mkdir()
    outbox = outbox_at(tmp_path / "o.db")
    async with running(outbox):
        hold(outbox, read(1))
        await until(lambda: outbox.state.writing is not None)
        assert outbox.state.undated == 1
        assert await rows(outbox) == []
        await outbox.undated.date(times_of(100))
        assert await rows(outbox) == [(101_000, {"voltage_l1": 1.0})]
        assert outbox.state.undated == 0


async def test_a_full_disk_lets_samples_with_a_time_go_first_and_the_bound_holds(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db", max_mb=0.3)
    async with running(outbox):
        for up_s in range(6000):
            hold(outbox, read(up_s))
        await until(lambda: not outbox.undated.held)
        state = outbox.state
        assert state.lost_full > 0
        assert state.undated + state.lost_full == 6000
        assert state.bytes < 600_000


@pytest.mark.parametrize("damage", ["the tree leads to all", "a page is gone"])
def test_salvage_carries_them_over_as_what_they_are(tmp_path, damage):
    path = tmp_path / "o.db"
    store = Store(path, max_bytes=10**8)
    store.append([(1, "main", 5, '{"a":1}', "main")], stamps=[(BOOT, 50)])
    undated_steps.hold(store, [(n, "main", 9, f'{{"b":{n}}}', "Haus", BOOT, n) for n in range(2, 200)])
    store.close()
    if damage == "a page is gone":
        raw = bytearray(path.read_bytes())
        with closing(sqlite3.connect(path)) as db:
            (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'undated'").fetchone()
        raw[(page - 1) * 4096 : page * 4096] = bytes(4096)
        path.write_bytes(raw)
    salvage(path, now_s=0, max_bytes=10**8)
    store = Store(path, max_bytes=10**8)
    assert [row.id for row in store.fetch(after=0, upto=None, limit=1000)] == [1]
    assert undated_steps.recall(store, [BOOT], after_ms=10**9) == [1]  # its moment came over too
    found = undated_steps.page(store, after=1, limit=1000)
    assert [(row.id, row.up_ns, row.device) for row, _ in found] == [(n, n, "Haus") for n in range(2, 200)]
    store.close()


def test_a_file_of_version_2_goes_on(tmp_path):
    path = tmp_path / "o.db"
    with sqlite3.connect(path) as db:
        db.executescript("".join(MIGRATIONS[:2]) + "PRAGMA user_version = 2;")
        db.execute("INSERT INTO samples (id, meter, ts_ms, body, tag) VALUES (3, 'main', 5, '{\"a\":1}', 1)")
    db.close()
    store = Store(path, max_bytes=10**8)
    assert undated_steps.recall(store, [0], after_ms=10**9) == []  # read in no known boot: its time stands
    assert undated_steps.recall(store, [0], after_ms=4) == [3]
    store.close()


@pytest.mark.parametrize(
    "values",
    [
        (Value("a", "", 1, ""), Value("b", "", "text", "")),
        (Value("a", "", 1, "", "overflow"), Value("b", "", None, "", "missing"), Value("c", "", 2, "")),
        (Value("a", "", 1, "", "overflow"),),
        (Value("ü%s", "", 1e300, ""),),
        (Value("a", "", ESTIMATED, ""),),
    ],
)
def test_a_doubt_about_the_time_comes_and_goes_and_leaves_no_trace(values):
    text = body(Sample("main", 0, values))
    said = json.loads(doubted(text))
    for value in values:
        if value.value is not None:
            assert said[value.key + "_quality"] == (value.quality or ESTIMATED)
    assert undoubted(doubted(text)) == text
    assert undoubted(text) == text


@pytest.mark.parametrize("text", ['{"a":', "[1]", "7", ""])
def test_a_damaged_body_is_left_as_it_is(text):
    assert undoubted(text) == doubted(text) == text


async def test_a_device_that_is_renamed_is_so_for_what_waits_for_its_time(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "o.db", devices={"main": "Old name"})
    async with running(outbox):
        hold(outbox, read(1))
        await until(lambda: outbox.undated.count == 1 and not outbox.undated.held)
        hold(outbox, read(2))
        assert await outbox.rename("Old name", "New name")
        await outbox.undated.date(times_of(100))
        assert {row.device for row in await outbox.fetch(limit=10)} == {"New name"}
