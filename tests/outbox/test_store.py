from __future__ import annotations

import shutil
import sqlite3

import pytest

from bridge.errors import DiskError
from bridge.outbox.age import AgeClock
from bridge.outbox.rows_by_destination import QUARANTINE_ROWS
from bridge.outbox.sqlite_errors import Damaged, Newer
from bridge.outbox.store import Store

MB = 1_000_000


def samples(count: int, first: int = 0, text: str = '{"voltage_l1":127.4,"active_energy":56348}'):
    """Rows with an id that is one more than the time stamp."""
    return [(number + 1, f"m{number % 50}", number, text, f"m{number % 50}") for number in range(first, first + count)]


def stamps(store: Store) -> list[int]:
    return [row.ts_ms for row in store.fetch(after=0, upto=None, limit=10**9)]


def filled(path, batches: int = 20, *, close: bool = True) -> Store:
    store = Store(path, max_bytes=100 * MB)
    for number in range(batches):
        store.append(samples(100, number * 100))
    if close:
        store.close()
    return store


def on_disk(path) -> int:
    return sum(file.stat().st_size for file in path.parent.iterdir() if file.name.startswith(path.name))


def test_what_was_appended_is_there_after_closing_and_opening(tmp_path):
    filled(tmp_path / "o.db")

    store = Store(tmp_path / "o.db", max_bytes=MB)

    assert stamps(store) == list(range(2000))
    assert store.stats.depth == 2000
    assert store.stats.oldest_ts_ms == 0
    store.close()


def test_a_crash_after_a_commit_loses_nothing(tmp_path):
    store = filled(tmp_path / "o.db", close=False)
    crash = tmp_path / "crash"
    crash.mkdir()
    for name in ("o.db", "o.db-wal"):  # what a kill leaves behind: the file and its log, never folded together
        shutil.copy(tmp_path / name, crash / name)
    store.close()

    after = Store(crash / "o.db", max_bytes=MB)

    assert stamps(after) == list(range(2000))
    after.close()


def test_ids_are_not_given_again_by_a_later_start(tmp_path):
    store = Store(tmp_path / "o.db", max_bytes=MB)
    store.append(samples(3))
    store.delete([1, 2, 3])
    assert store.last_id == 3
    store.close()

    again = Store(tmp_path / "o.db", max_bytes=MB)
    assert again.last_id > 3
    again.close()


def test_rows_come_in_order_within_the_bounds_asked_for(tmp_path):
    store = Store(tmp_path / "o.db", max_bytes=MB)
    store.append(samples(10))

    assert [row.id for row in store.fetch(after=2, upto=7, limit=3)] == [3, 4, 5]
    assert [row.id for row in store.fetch(after=8, upto=None, limit=30)] == [9, 10]
    store.close()


def test_when_full_the_oldest_go_and_the_file_stays_under_its_bound(tmp_path):
    path = tmp_path / "o.db"
    store = Store(path, max_bytes=MB)
    evicted = largest = 0
    for number in range(400):
        evicted += len(store.append(samples(100, number * 100)))
        largest = max(largest, on_disk(path))

    kept = stamps(store)
    assert kept == list(range(40_000 - len(kept), 40_000))
    assert evicted == 40_000 - len(kept) == 40_000 - store.stats.depth
    assert largest <= MB
    assert len(kept) > 5000
    store.close()


def test_an_outbox_that_was_emptied_gives_its_room_back(tmp_path):
    path = tmp_path / "o.db"
    store = Store(path, max_bytes=100 * MB)
    store.append(samples(50_000))
    store.delete(range(1, 50_001))

    assert on_disk(path) == store.stats.size_bytes < MB / 2
    store.close()


def test_a_smaller_bound_than_before_is_kept_to_at_opening(tmp_path):
    path = tmp_path / "o.db"
    filled(path, 300)

    store = Store(path, max_bytes=MB)

    assert store.evicted_at_open > 0
    assert stamps(store)[-1] == 29_999
    store.close()
    assert path.stat().st_size <= MB


def test_set_aside_samples_are_bounded_too(tmp_path):
    store = Store(tmp_path / "o.db", max_bytes=10 * MB)
    store.append(samples(QUARANTINE_ROWS + 500))

    assert store.set_aside(list(range(1, QUARANTINE_ROWS + 501)), "why") == QUARANTINE_ROWS + 500

    assert store.stats.depth == 0
    rows = store._db.execute("SELECT count(*), min(ts_ms), max(reason) FROM quarantine").fetchone()
    assert rows == (QUARANTINE_ROWS, 500, "why")
    store.close()


def test_a_failed_append_leaves_everything_as_it_was(tmp_path):
    store = Store(tmp_path / "o.db", max_bytes=10 * MB)
    store.append(samples(10))
    store._db.execute(f"PRAGMA max_page_count = {store._scalar('PRAGMA page_count')}")

    with pytest.raises(DiskError, match="full") as caught:
        store.append(samples(10_000, 10))
    assert "make room" in caught.value.hint
    assert store.stats.depth == 10

    store._db.execute("PRAGMA max_page_count = 100000")
    store.append(samples(10, 10))
    assert stamps(store) == list(range(20))
    store.close()


def test_a_second_process_on_the_same_file_is_refused(tmp_path):
    store = filled(tmp_path / "o.db", close=False)

    with pytest.raises(DiskError, match="locked") as caught:
        Store(tmp_path / "o.db", max_bytes=MB)

    assert not isinstance(caught.value, Damaged)
    assert "second bridge" in caught.value.hint
    store.close()


@pytest.mark.parametrize("content", [b"this is no database, it is a letter" * 100, b"\0" * 8192, b"SQLite format 3\0"])
def test_a_file_that_is_no_database_is_named_damaged(tmp_path, content):
    path = tmp_path / "o.db"
    path.write_bytes(content)

    with pytest.raises(Damaged):
        Store(path, max_bytes=MB)


def test_another_programs_database_is_named_damaged_and_not_touched(tmp_path):
    path = tmp_path / "o.db"
    other = sqlite3.connect(path)
    other.executescript("CREATE TABLE recipes (id); PRAGMA user_version = 1;")
    other.close()

    with pytest.raises(Damaged, match="not the outbox's"):
        Store(path, max_bytes=MB)


def test_a_newer_bridges_file_is_named_so_and_left_alone(tmp_path):
    path = tmp_path / "o.db"
    filled(path)
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()

    with pytest.raises(Newer, match="newer bridge") as caught:
        Store(path, max_bytes=MB)

    assert not isinstance(caught.value, Damaged)
    assert "left alone" in caught.value.hint
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_named_with_what_to_do(tmp_path):
    with pytest.raises(DiskError) as caught:
        Store(tmp_path / "no" / "o.db", max_bytes=MB)
    assert "data folder" in caught.value.hint


class Boot:
    """BOOTTIME that a test sets."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def clock(self, boot_id: str = "this") -> AgeClock:
        return AgeClock(lambda: self.now_s, boot_id)


def test_what_is_too_old_goes_from_the_front_and_what_is_young_enough_stays(tmp_path):
    boot = Boot()
    store = Store(tmp_path / "o.db", max_bytes=100 * MB, age=boot.clock())
    store.append(samples(50))
    boot.now_s += 100
    store.append(samples(150, 50))
    boot.now_s += 60

    assert store.expire(160) == []
    assert store.expire(100) == list(range(1, 51))
    assert store.expire(100) == []
    assert stamps(store) == list(range(50, 200))
    assert store.stats.depth == 150
    boot.now_s += 1
    assert len(store.expire(60)) == 150
    store.close()


def test_a_long_backlog_that_is_too_old_goes_in_bounded_steps(tmp_path):
    boot = Boot()
    store = Store(tmp_path / "o.db", max_bytes=100 * MB, age=boot.clock())
    store.append(samples(12_000))
    boot.now_s += 100

    assert [len(store.expire(10)) for _ in range(3)] == [10_000, 2_000, 0]
    store.close()
