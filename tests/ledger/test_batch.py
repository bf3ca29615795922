"""What follows from receipts: confirmed, wanted again, refused; an interval waits for all samples that tell of it."""

from __future__ import annotations

import pytest

from bridge.ledger.batch import Batch
from bridge.ledger.classification import by_interval
from bridge.ledger.history import HistoryEvent
from bridge.ledger.open_history import OpenHistory
from bridge.ledger.state import BackfillState
from bridge.ledger.states import Range
from bridge.ledger.telemetry import Teller, Telling
from bridge.outbox.receipt import ReceiptBook
from tests.ledger.rows_by_hand import HISTORY, LAYOUT, QUARTER, SOURCE, at, row


class Disk:
    """Notes what is to be changed, by what it is called."""

    generation = 0

    def __init__(self) -> None:
        self.changes = []

    def change(self, change) -> None:
        change(_Noting(self.changes))


class _Noting:
    def __init__(self, noted) -> None:
        self._noted = noted

    def __getattr__(self, name):
        return lambda *what: self._noted.append((name, *what))


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def course(disk):
    return OpenHistory(HISTORY, [Range(at(0), at(4), "wanted")], disk, lambda: 0.0)


def batch_of(course, *rows, state=None):
    found = by_interval(HISTORY, rows)
    tellings = Teller(HISTORY, LAYOUT, SOURCE).intervals(found, found)
    batch = Batch(course, state or BackfillState(), tellings, {end: (end - QUARTER, end) for end in found})
    batch.begin()
    return batch, len(tellings)


def settle(batch, number, outcome, reason=""):
    receipts = ReceiptBook()
    receipt = receipts.issue(number + 1)
    receipt.then(lambda it: batch.settled(number, it))
    receipts.settle([number + 1], outcome, reason)


def states(course):
    return [(one.state, (one.end_ms - one.start_ms) // QUARTER) for one in course.ranges]


def test_what_is_stored_is_confirmed_once_all_of_it_is(course, disk):
    batch, count = batch_of(course, row(1), row(2))
    assert states(course) == [("on its way", 2), ("wanted", 2)]
    for number in range(count):
        assert states(course) == [("on its way", 2), ("wanted", 2)]
        settle(batch, number, "stored")
    assert states(course) == [("confirmed", 2), ("wanted", 2)]
    (values,) = [change[2] for change in disk.changes if change[0] == "confirm"]
    assert values == {
        "lp_energy": {at(1): 10, at(2): 20}, "lp_power": {at(1): 5, at(2): 5}, "lp_energy_delta": {at(1): 10},
    }  # fmt: skip


def test_values_are_noted_before_their_time_counts_as_confirmed(course, disk):
    batch, _ = batch_of(course, row(1))
    settle(batch, 0, "stored")
    names = [change[0] for change in disk.changes]
    assert names.index("confirm") < len(names) - 1 - names[::-1].index("paint")


def test_what_was_lost_is_wanted_again_with_every_interval_that_it_told_of(course):
    batch, _ = batch_of(course, row(1), row(2), row(3))
    settle(batch, 0, "stored")
    settle(batch, 1, "lost")  # the value of 2, and the difference of 3
    settle(batch, 2, "stored")
    assert states(course) == [("confirmed", 1), ("wanted", 3)]


def test_what_was_set_aside_is_refused_with_the_reason(course):
    state = BackfillState()
    batch, _ = batch_of(course, row(1), state=state)
    settle(batch, 0, "set aside", "too long")
    assert course.ranges[0] == Range(at(0), at(1), "refused", "too long")
    assert state.rows == {"confirmed": 0, "wanted again": 0, "refused": 1}


def test_what_did_not_get_into_the_outbox_is_wanted_again(course):
    batch, _ = batch_of(course, row(1), row(2), row(3))
    batch.unsent(2)
    settle(batch, 0, "stored")
    settle(batch, 1, "stored")
    assert states(course) == [("confirmed", 2), ("wanted", 2)]


def test_what_speaks_of_a_ledger_that_is_no_more_is_void(course, disk):
    batch, _ = batch_of(course, row(1))
    disk.generation, before = 1, list(disk.changes)
    settle(batch, 0, "stored")
    assert disk.changes == before


@pytest.mark.parametrize(("outcome", "state"), [("stored", "confirmed"), ("lost", "wanted"), ("set aside", "refused")])
def test_events_are_noted_with_what_became_of_them(course, disk, outcome, state):
    event = HistoryEvent(7, at(1), 1, "power down", "0.0.99.98.0.255")
    sample = Teller(HISTORY, LAYOUT, SOURCE).loose([(at(1), row(1))])[0]
    batch = Batch(course, BackfillState(), [Telling(sample, (0,))], {0: (at(0), at(1))}, events=[event])
    batch.begin()
    settle(batch, 0, outcome)
    (noted,) = [change[1] for change in disk.changes if change[0] == "put_events"]
    assert [one.state for one in noted] == [state]
