"""Salvage costs only what cannot be read any more, and no cut of it costs anything."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3

import pytest

from bridge.outbox.salvage import salvage, set_aside_files
from bridge.outbox.sqlite_errors import Damaged
from bridge.outbox.store import Store
from tests.outbox.cut_short import cut, opened, steps
from tests.outbox.holes import holed, left
from tests.outbox.test_store import MB, filled, samples, stamps


def test_a_hole_in_the_middle_costs_only_the_samples_in_it(tmp_path):
    path = tmp_path / "o.db"
    filled(path, 200)
    page = path.stat().st_size // 4096 // 2
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\0" * 4096 * 3)
    with pytest.raises(Damaged):
        Store(path, max_bytes=100 * MB)

    saved = salvage(path, max_bytes=100 * MB, now_s=0)

    store = Store(path, max_bytes=100 * MB)
    kept = store.fetch(after=0, upto=None, limit=10**9)
    assert len(kept) == len({row.ts_ms for row in kept}) == saved.carried
    assert {0, 19_999} <= {row.ts_ms for row in kept}
    assert 19_000 < len(kept) < 20_000
    assert all(row.id == row.ts_ms + 1 for row in kept)
    store.close()


@pytest.mark.parametrize("seed", range(25))
def test_torn_at_random_it_opens_and_keeps_what_stands_before_the_tear(tmp_path, seed):
    rng = random.Random(seed)
    path = tmp_path / "o.db"
    store = filled(path, 60, close=rng.random() < 0.5)
    torn = tmp_path / "torn"
    torn.mkdir()
    for file in tmp_path.glob("o.db*"):
        shutil.copy(file, torn / file.name)
    if store._db:
        store.close()
    victim = rng.choice(sorted(torn.iterdir()))
    size = victim.stat().st_size
    where = rng.randrange(size // 2, size)
    if rng.random() < 0.5:
        os.truncate(victim, where)
    else:
        with victim.open("r+b") as file:
            file.seek(where)
            file.write(b"\0" * (size - where))

    try:
        after = Store(torn / "o.db", max_bytes=100 * MB)
    except Damaged:
        salvage(torn / "o.db", max_bytes=100 * MB, now_s=0)
        after = Store(torn / "o.db", max_bytes=100 * MB)

    kept = stamps(after)
    assert set(kept) <= set(range(6000))
    assert after.append(samples(1, 6000)) == []
    assert stamps(after)[-1] == 6000
    after.close()


def test_two_damages_in_one_second_keep_both_files(tmp_path):
    path = tmp_path / "o.db"
    for _ in range(2):
        path.write_bytes(b"junk" * 5000)
        salvage(path, max_bytes=MB, now_s=0)

    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["o.corrupt-19700101T000000Z", "o.corrupt-19700101T000000Z-2", "o.db"]


CUTS = int(os.environ.get("DLMS_TEST_CUTS", "100"))


def test_a_cut_anywhere_in_it_costs_nothing(tmp_path):
    """Killed after a number of steps, opened again: in a third of the cases killed again in that."""
    rng = random.Random(1)
    folder = tmp_path / "first"
    folder.mkdir()
    readable = holed(folder / "o.db", 4)
    whole = folder.parent / "whole"
    shutil.copytree(folder, whole)
    count = steps(whole / "o.db")
    # The renames are at the end, and each of their steps is tried.
    for after in [*rng.sample(range(count - 150), CUTS // 2), *range(count - 150, count, max(1, 300 // CUTS))]:
        again = tmp_path / f"cut-{after}"
        shutil.copytree(folder, again)
        cut(again / "o.db", after)
        while rng.random() < 1 / 3:
            cut(again / "o.db", rng.randrange(20))
        assert left(again / "o.db") == readable, after
        names = {one.name for one in again.iterdir()}
        assert not any("salvage" in name for name in names), (after, names)
        shutil.rmtree(again)


def test_a_log_without_its_database_is_read(tmp_path):
    """The file was lost, or emptied, and SQLite would throw the log away: 109 of 109 samples."""
    path = tmp_path / "o.db"
    for emptied in (False, True):
        store = Store(path, max_bytes=100 * MB)
        store.append(samples(109))
        folder = tmp_path / f"emptied-{emptied}"
        folder.mkdir()
        shutil.copy(tmp_path / "o.db-wal", folder)
        store.close()
        path.unlink()
        if emptied:
            (folder / "o.db").touch()

        after = opened(folder / "o.db")
        assert stamps(after) == list(range(109))
        assert after.append(samples(1, after.last_id)) == []
        after.close()
        assert {one.name for one in folder.glob("*corrupt*")} >= {"o.corrupt-19700101T000000Z-wal"}
        assert len(set_aside_files(folder / "o.db")) == 1


def test_a_log_without_its_database_is_read_after_checkpoints_too(tmp_path):
    """What the log still holds of a file that was folded in before: its newest rows, whole."""
    store = Store(tmp_path / "o.db", max_bytes=100 * MB)
    store.append(samples(20_000))
    store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    store.append(samples(500, 20_000))
    folder = tmp_path / "alone"
    folder.mkdir()
    shutil.copy(tmp_path / "o.db-wal", folder)
    store.close()

    after = opened(folder / "o.db")
    assert set(range(20_000, 20_500)) <= set(stamps(after)) <= set(range(20_500))
    after.close()


@pytest.mark.parametrize("first_bytes", [16, 100, 4096])
def test_a_file_that_lost_its_beginning_keeps_its_samples(tmp_path, first_bytes):
    path = tmp_path / "o.db"
    filled(path, 30)
    with path.open("r+b") as file:
        file.write(random.Random(1).randbytes(first_bytes))

    store = opened(path)
    assert stamps(store) == list(range(3000))
    store.close()


def test_long_samples_are_carved_whole(tmp_path):
    path = tmp_path / "o.db"
    store = Store(path, max_bytes=100 * MB)
    bodies = ['{"a":"' + "x" * length + '"}' for length in (10, 3000, 4050, 4060, 5000, 12_345, 60_000)]
    store.append([(number + 1, "m", number, body, "Building Ä") for number, body in enumerate(bodies)])
    store.close()
    with path.open("r+b") as file:
        file.write(bytes(100))

    after = opened(path)
    found = after.fetch(after=0, upto=None, limit=100)
    assert sorted(row.body for row in found) == sorted(bodies)
    assert {row.device for row in found} == {"Building Ä"}
    after.close()


def test_whose_the_samples_are_survives_a_lost_table_of_destinations(tmp_path):
    here, there = "thingsboard a:1883 gateway", "thingsboard b:1883 gateway"
    path = tmp_path / "o.db"
    for begin, destination in ((0, here), (10, there)):
        store = Store(path, max_bytes=100 * MB, destination=destination)
        store.append(samples(10, begin))
        store.close()
    with path.open("r+b") as file:
        file.write(bytes(100))

    salvage(path, max_bytes=100 * MB, now_s=0)
    store = Store(path, max_bytes=100 * MB, destination=here)
    assert stamps(store) == list(range(10))
    assert [(one.destination, one.count) for one in store.stats.foreign] == [("unknown", 10)]
    store.close()


def test_what_was_set_aside_by_thingsboard_is_carried_too(tmp_path):
    path = tmp_path / "o.db"
    store = Store(path, max_bytes=100 * MB)
    store.append(samples(2000))
    store.set_aside([7], "why")
    store.close()
    with path.open("r+b") as file:
        file.seek((path.stat().st_size // 4096 // 2) * 4096)
        file.write(bytes(4096))

    store = opened(path)
    assert [(one.row.ts_ms, one.reason) for one in store.held.refused()] == [(6, "why")]
    store.close()


def test_the_damaged_file_of_the_version_before_is_carried_over(tmp_path):
    path = tmp_path / "o.db"
    filled(path, 30)
    db = sqlite3.connect(path)
    for table, columns in (("samples", ("device", "tag", "accepted_s")), ("quarantine", ("device", "tag"))):
        for column in columns:
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in ("destinations", "devices", "age", "ids"):
        db.execute(f"DROP TABLE {table}")
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()
    page = path.stat().st_size // 4096 // 2
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(bytes(4096))

    salvage(path, max_bytes=100 * MB, now_s=0)
    store = Store(path, max_bytes=100 * MB, destination="thingsboard a:1883 gateway", devices={"m1": "One"})
    found = store.fetch(after=0, upto=None, limit=9999)
    assert len(found) > 2900
    assert {row.device for row in found if row.meter == "m1"} == {"One"}
    store.close()
