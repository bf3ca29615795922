"""``bridge backfill``: an order on disk, and how far the bridge has got with it."""

from __future__ import annotations

import pytest

from bridge.health.server import HealthServer
from bridge.ledger.states import Range
from bridge.ledger.store import LedgerStore
from tests.ledger.shelf import EVENT_LOG, LOAD_PROFILE, ago


class Driver:
    """The bridge's part, a step at every look: takes the order up, reads, has it stored.

    Args:
        folder: the data folder.
        number: the history.
        last: state and reason of the last hour of the order.
    """

    def __init__(self, folder, number, last=("confirmed", "")) -> None:
        self._path = folder / "ledger.db"
        self._number = number
        self._last = last
        self.steps = 0
        self.ordered = None

    def __call__(self, _seconds: float) -> None:
        self.steps += 1
        store = LedgerStore(self._path)
        with store.changing() as changes:
            if self.steps == 2:
                (self.ordered,) = store.orders()
                changes.taken_up([self.ordered.id])
                changes.paint(self._number, Range(*self.ordered[3:5], "wanted"))
            elif self.steps == 3:
                changes.paint(self._number, Range(*self.ordered[3:5], "on its way"))
            elif self.steps == 4:
                changes.paint(self._number, Range(*self.ordered[3:5], "confirmed"))
                changes.paint(self._number, Range(self.ordered.end_ms - 3_600_000, self.ordered.end_ms, *self._last))
        store.close()
        assert self.steps < 10, "the command does not see that it is done"


@pytest.fixture
def number(shelf):
    return shelf.profile("main", (48, 0, "confirmed"), capacity=5760)


@pytest.fixture
def running(desk, number):
    status = {"meters": [], "delivery": {}}
    server = HealthServer(
        "127.0.0.1", desk.port, page=lambda: b"", healthy=lambda: (True, "ok"), ready=lambda: (True, "ok"),
        status=lambda: status,
    )  # fmt: skip
    yield desk
    server.close()


def test_it_waits_until_all_is_stored(running, number):
    driver = Driver(running.folder, number)
    code, text = running.backfill("main", "2026-11-22", "2026-11-23", sleep=driver)
    assert code == 0
    assert driver.ordered[1:] == ("main", None, ago(36), ago(12), "backfill")
    assert driver.steps == 4
    assert "main: 1-0:99.1.0 from 2026-11-22 00:00 to 2026-11-23 00:00 (UTC) is read again" in text
    assert text.endswith("96 intervals stored\n")


def test_what_cannot_be_had_is_said_with_why(running, number):
    driver = Driver(running.folder, number, ("refused", "access denied"))
    code, text = running.backfill("main", "2026-11-22", "2026-11-23", sleep=driver)
    assert code == 1
    assert "92 intervals stored, 4 refused" in text
    assert text.endswith("    access denied\n")


def test_intervals_that_never_were_are_no_failure(running, number):
    driver = Driver(running.folder, number, ("meter was off", "power down"))
    code, text = running.backfill("main", "2026-11-22", "2026-11-23", sleep=driver, lang="es")
    assert code == 0
    assert "92 intervalos guardados, 4 nunca existieron: el medidor estaba apagado" in text


def test_json_says_at_the_end_what_became_of_it(running, number):
    code, document = running.backfill("main", "12h", as_json=True, sleep=Driver(running.folder, number))
    assert code == 0
    assert document == {
        "meter": "main", "from": "2026-11-23T00:00:00Z", "to": "2026-11-23T12:00:00Z", "done": True,
        "intervals": {"had": 48, "off": 0, "missing": 0, "overwritten": 0, "refused": 0}, "reasons": [],
    }  # fmt: skip


def test_while_the_bridge_is_down_it_says_that_it_waits(desk, number, monkeypatch):
    monkeypatch.setattr("bridge.cli.backfill.backfill._TAKEN_UP_S", 0.0)
    code, text = desk.backfill("main", "12h", sleep=Driver(desk.folder, number))
    assert code == 0, "and when it is back, it goes on"
    assert text.count("no bridge runs here: the order waits on disk until it starts") == 1


def test_who_leaves_takes_nothing_back(desk, shelf, number):
    def leave(_seconds):
        raise KeyboardInterrupt

    code, text = desk.backfill("main", "12h", sleep=leave)
    assert code == 130
    assert "the order stays where it is" in text
    assert len(shelf.store.orders()) == 1


def test_without_waiting(desk, shelf, number):
    code, text = desk.backfill("main", "12h", waits=False)
    assert code == 0
    assert "ordered; `bridge gaps main` shows how far it is" in text
    assert len(shelf.store.orders()) == 1


def test_one_load_profile_alone(desk, shelf, number):
    shelf.log("main")
    desk.backfill("main", "12h", profile="0-0:99.98.0", waits=False)
    desk.backfill("main", "12h", waits=False)
    assert [order.logical_name for order in shelf.store.orders()] == [EVENT_LOG, None]
    code, text = desk.backfill("main", "12h", profile="1-0:99.9.0", waits=False)
    assert code == 2
    assert "none of its load profiles and event logs: 0-0:99.98.0, 1-0:99.1.0" in text
    assert desk.backfill("main", "12h", profile="99.1", waits=False)[0] == 2


@pytest.mark.parametrize(("oldest", "since"), [(24, "2026-11-21 12:00"), (72, "2026-11-20 11:45")])
def test_what_the_meter_has_no_more_is_said_before(desk, shelf, number, oldest, since):
    """The ledger's two days may be more than the meter still has, or less."""
    (history,) = shelf.store.histories("main")
    with shelf.store.changing() as changes:
        changes.learnt(history._replace(oldest_ms=ago(oldest)))
    text = desk.backfill("main", "7d", waits=False)[1]
    assert f"1-0:99.1.0: the meter keeps nothing from before {since}" in text
    assert "keeps nothing" not in desk.backfill("main", "1d", waits=False)[1]


def test_before_a_changed_layout_there_is_nothing_more(desk, shelf, number):
    shelf.profile("main", (12, 0, "confirmed"), begin=12, epoch=2)
    text = desk.backfill("main", "7d", waits=False)[1]
    assert "1-0:99.1.0: the load profile was changed on 2026-11-23 00:00" in text


@pytest.mark.usefixtures("number")
@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-11-24", "", "--from 2026-11-24 00:00 (UTC) lies in the future; it is 2026-11-23 12:00"),
        ("2026-11-22", "2026-11-21", "--from 2026-11-22 00:00 (UTC) is not before --to 2026-11-21 00:00 (UTC)"),
        ("2026-11-22", "2026-11-22", "is not before --to"),
        ("last week", "", "--from last week: no time"),
        ("2026-11-22", "noon", "--to noon: no time"),
        ("99999d", "12d", None),
    ],
)
def test_times(desk, shelf, start, end, said):
    code, text = desk.backfill("main", start, end, waits=False)
    assert (code, len(shelf.store.orders())) == ((0, 1) if said is None else (2, 0))
    assert said is None or said in text


def test_a_time_without_an_offset_is_utc(desk, shelf, number):
    desk.backfill("main", "2026-11-22T06:00", "2026-11-22T06:00-05:00", waits=False)
    (order,) = shelf.store.orders()
    assert (order.start_ms, order.end_ms) == (ago(30), ago(25))


def test_until_the_future_is_until_now(desk, shelf, number):
    desk.backfill("main", "12h", "2027-01-01", waits=False)
    assert shelf.store.orders()[0].end_ms == ago(0)


@pytest.mark.parametrize(
    ("meter", "said"),
    [
        ("nobody", "no meter 'nobody'; there are: "),
        ("cellar", "cellar: nothing to read again, no load profile or event log; none of it was read yet"),
    ],
)
def test_nothing_is_ordered_of_a_meter_without_a_history(desk, shelf, number, meter, said):
    code, text = desk.backfill(meter, "12h")
    assert code == 2
    assert said in text
    assert shelf.store.orders() == []


def test_without_a_ledger_none_is_made(desk):
    code, document = desk.backfill("main", "12h", as_json=True)
    assert code == 2
    assert "there is no ledger yet" in document["error"]
    assert not desk.folder.exists()


def test_the_meters_name_in_any_case(desk, shelf, number):
    desk.backfill("MAIN", "12h", profile=LOAD_PROFILE.replace(".", "-", 1).replace(".", ":", 1)[:-4], waits=False)
    assert shelf.store.orders()[0][1:3] == ("main", LOAD_PROFILE)
