"""The ledger's file: what was written is there after a new opening, also for a reader beside the writer."""

from __future__ import annotations

import sqlite3

import pytest

from bridge.errors import DiskError
from bridge.ledger.day_bits import DAY_MS
from bridge.ledger.history import DaySum, History, HistoryEvent
from bridge.ledger.states import Range
from bridge.ledger.store import LedgerStore
from bridge.outbox.sqlite_errors import Damaged, Newer

QUARTER = 900_000
DAY = 20_000 * DAY_MS
PROFILE = History(
    0, "main", "1.0.99.1.0.255", "intervals", 1, 900, ("lp_active_energy", "lp_active_energy_delta"), ("Wh", "Wh"),
    begin_ms=DAY,
)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def store(path):
    opened = LedgerStore(path)
    yield opened
    opened.close()


def begun(store: LedgerStore, history: History = PROFILE) -> History:
    with store.changing() as changes:
        return history._replace(id=changes.begin(history))


def test_a_history_is_what_it_was_after_a_new_opening(store, path):
    history = begun(store)
    with store.changing() as changes:
        changes.learnt(history._replace(ways='{"by": "entry"}', oldest_ms=DAY, capacity=5760))
    again = LedgerStore(path, read_only=True)
    assert again.histories("main") == [history._replace(ways='{"by": "entry"}', oldest_ms=DAY, capacity=5760)]
    assert again.histories("other") == []
    again.close()


def test_histories_gives_the_present_epoch_and_epochs_all(store):
    first = begun(store)
    second = begun(store, PROFILE._replace(epoch=2, period_s=1800))
    assert store.histories() == [second]
    assert store.epochs("main", PROFILE.logical_name) == [first, second]
    assert store.all_epochs() == [first, second]


def test_ranges_are_cut_to_what_was_asked_for_and_alike_neighbours_are_one(store):
    history = begun(store)
    with store.changing() as changes:
        changes.paint(history.id, Range(DAY, DAY + 10 * QUARTER, "wanted"))
        changes.paint(history.id, Range(DAY + 2 * QUARTER, DAY + 4 * QUARTER, "confirmed"))
        changes.paint(history.id, Range(DAY + 4 * QUARTER, DAY + 5 * QUARTER, "confirmed"))
        changes.paint(history.id, Range(DAY + 5 * QUARTER, DAY + 6 * QUARTER, "refused", "bad value"))
    assert store.ranges(history.id) == [
        Range(DAY, DAY + 2 * QUARTER, "wanted"),
        Range(DAY + 2 * QUARTER, DAY + 5 * QUARTER, "confirmed"),
        Range(DAY + 5 * QUARTER, DAY + 6 * QUARTER, "refused", "bad value"),
        Range(DAY + 6 * QUARTER, DAY + 10 * QUARTER, "wanted"),
    ]
    assert store.ranges(history.id, DAY + 3 * QUARTER, DAY + 4 * QUARTER) == [
        Range(DAY + 3 * QUARTER, DAY + 4 * QUARTER, "confirmed")
    ]


def test_what_was_on_its_way_is_wanted_again(store):
    history = begun(store)
    with store.changing() as changes:
        changes.paint(history.id, Range(DAY, DAY + QUARTER, "confirmed"))
        changes.paint(history.id, Range(DAY + QUARTER, DAY + 2 * QUARTER, "on its way"))
        changes.paint(history.id, Range(DAY + 2 * QUARTER, DAY + 3 * QUARTER, "wanted"))
        changes.want_again()
    assert [one.state for one in store.ranges(history.id)] == ["confirmed", "wanted"]


def test_confirmed_stamps_add_up_by_key_and_day(store):
    history = begun(store)
    with store.changing() as changes:
        changes.confirm(history.id, {"a": dict.fromkeys((DAY + QUARTER, DAY + 2 * QUARTER + 1), "text")})
        changes.confirm(history.id, {"a": {DAY + 3 * QUARTER: None, DAY + DAY_MS: 1}, "b": {DAY: 0.5}})
    assert store.had(history.id, "a", DAY) == {DAY + QUARTER, DAY + 2 * QUARTER + 1, DAY + 3 * QUARTER}
    assert store.had(history.id, "a", DAY + DAY_MS) == {DAY + DAY_MS}
    assert store.had(history.id, "c", DAY) == set()
    assert store.keys_had(history.id) == ["a", "b"]


def test_an_order_waits_until_it_is_taken_up(store, path):
    other = LedgerStore(path)
    number = other.order("main", None, DAY, DAY + DAY_MS, "backfill")
    other.close()
    assert [order[1:] for order in store.orders()] == [("main", None, DAY, DAY + DAY_MS, "backfill")]
    with store.changing() as changes:
        changes.taken_up([number])
    assert store.orders() == []


def test_events_come_oldest_first_and_are_kept_once(store):
    log = begun(store, PROFILE._replace(logical_name="0.0.99.98.0.255", kind="events", period_s=0))
    events = [HistoryEvent(log.id, DAY + number, number, "power down", log.logical_name) for number in range(5)]
    with store.changing() as changes:
        changes.put_events(events)
        changes.put_events([events[4]._replace(state="confirmed")])
    assert [(one.code, one.state) for one in store.events("main", limit=2)] == [(3, "wanted"), (4, "confirmed")]
    assert store.events("main", since_ms=DAY + 1) == [*events[1:4], events[4]._replace(state="confirmed")]
    assert store.events("other") == []


def test_a_day_adds_up_each_value_once(store):
    history = begun(store)
    for _ in range(2):
        with store.changing() as changes:
            changes.confirm(history.id, {"d": {DAY + QUARTER: 0.1, DAY: 0.2, DAY + DAY_MS: 5}})
    with store.changing() as changes:
        changes.confirm(history.id, {"d": {DAY + QUARTER: 0.1, DAY + 2 * QUARTER: 7}})
    assert store.days(history.id) == [
        DaySum(history.id, "d", DAY, 3, 7.3, DAY, 0.2, DAY + 2 * QUARTER, 7.0),
        DaySum(history.id, "d", DAY + DAY_MS, 1, 5.0, DAY + DAY_MS, 5.0, DAY + DAY_MS, 5.0),
    ]
    assert [day.values for day in store.days(history.id, DAY + 1)] == [1]


def test_a_history_that_begins_later_says_nothing_of_before(store):
    history = begun(store)
    with store.changing() as changes:
        changes.paint(history.id, Range(DAY, DAY + 3 * QUARTER, "wanted"))
        changes.paint(history.id, Range(DAY + 3 * QUARTER, DAY + 9 * QUARTER, "confirmed"))
        changes.begin_later(history.id, DAY + 4 * QUARTER)
    assert store.ranges(history.id) == [Range(DAY + 4 * QUARTER, DAY + 9 * QUARTER, "confirmed")]
    assert store.histories()[0].begin_ms == DAY + 4 * QUARTER


def test_days_and_events_of_long_ago_are_forgotten(store):
    history = begun(store)
    with store.changing() as changes:
        changes.confirm(history.id, {"d": {DAY: 1, DAY + DAY_MS: 2}})
        changes.put_events(
            HistoryEvent(history.id, at, 1, "power down", "0.0.99.98.0.255") for at in (DAY, DAY + DAY_MS)
        )
        changes.forget(DAY + DAY_MS)
    assert store.had(history.id, "d", DAY) == set()
    assert store.had(history.id, "d", DAY + DAY_MS) == {DAY + DAY_MS}
    assert [event.ts_ms for event in store.events()] == [DAY + DAY_MS]


def test_all_or_nothing(store):
    history = begun(store)

    def broken() -> None:
        with store.changing() as changes:
            changes.paint(history.id, Range(DAY, DAY + QUARTER, "confirmed"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert store.ranges(history.id) == []


def test_a_reader_beside_a_writer_sees_what_was_committed_and_changes_nothing(store, path):
    history = begun(store)
    reader = LedgerStore(path, read_only=True)
    with store.changing() as changes:
        changes.paint(history.id, Range(DAY, DAY + QUARTER, "wanted"))
    assert [one.state for one in reader.ranges(history.id)] == ["wanted"]
    with pytest.raises(DiskError):
        reader.order("main", None, 0, 1, "backfill")
    reader.close()


def test_a_reader_makes_no_file(path):
    with pytest.raises(DiskError, match="there is no ledger yet"):
        LedgerStore(path, read_only=True)
    assert not path.exists()


def test_a_file_that_is_no_ledger_is_damage(path):
    path.write_bytes(b"no database at all, but long enough to look at" * 40)
    with pytest.raises(Damaged):
        LedgerStore(path)


def test_a_newer_file_is_left_alone(store, path):
    store.close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(Newer):
            LedgerStore(path, read_only=read_only)
    assert path.read_bytes() == before


def test_a_file_that_cannot_be_read_as_it_is_says_what_to_do(path):
    path.touch()
    with pytest.raises(DiskError, match="there is no ledger yet") as empty:
        LedgerStore(path, read_only=True)
    assert empty.value.hint == "the bridge makes it when it starts"
    LedgerStore(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 1")
    db.close()
    with pytest.raises(DiskError, match="written by an older bridge") as old:
        LedgerStore(path, read_only=True)
    assert "brings the file up to date" in old.value.hint
