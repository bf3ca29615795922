"""Live readings around midnight, and what they say against what the meter captured."""

from __future__ import annotations

import pytest

from bridge.ledger.history import History
from bridge.ledger.live_totals import LiveTotal, LiveTotals
from bridge.ledger.states import Range
from bridge.ledger.sum_check import judge, register_days
from bridge.sample import Layout
from tests.ledger.shelf import ago

MIDNIGHT = ago(12)
LAYOUT = Layout("main", ("voltage_l1", "active_energy"), ("1-0:32.7.0", "1-0:1.8.0"), ("V", "Wh"))


class Line:
    """Readings at the seconds that a test says, counted from midnight."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.kept = []
        self.totals = LiveTotals(lambda: self.now_ms, self.kept.extend)
        self.totals.watch({"main"})

    def read(self, second, energy, layout=LAYOUT):
        self.now_ms = None if second is None else MIDNIGHT + second * 1000
        self.totals.live(layout.sample(self.now_ms or 0, (127.4, energy)))


@pytest.fixture
def line():
    return Line()


def test_the_last_a_minute_before_and_the_first_a_minute_after_are_kept(line):
    for second, energy in ((-3600, 90), (-65, 100), (-30, 101), (5, 102), (61, 103), (70, 104)):
        line.read(second, energy)
    assert line.kept == [LiveTotal("main", "active_energy", MIDNIGHT, "Wh", 100, 103)]
    line.read(86_400 - 61, 200)
    line.read(86_400 + 60, 201)
    assert line.kept[1:] == [LiveTotal("main", "active_energy", MIDNIGHT + 86_400_000, "Wh", 200, 201)]


def test_without_a_reading_on_both_sides_nothing_is_kept(line):
    line.read(61, 100)
    line.read(86_400 * 3, 101)
    line.read(86_400 * 3 + 3600, 102)
    assert line.kept == [], "the first began after midnight, the second is days later"


def test_a_register_that_was_not_read_has_no_witness(line):
    line.read(-65, 100)
    line.read(61, None)
    assert line.kept == []


def test_meters_without_a_history_and_times_that_nobody_knows_cost_nothing(line):
    hall = Layout("hall", *(getattr(LAYOUT, name) for name in ("keys", "obis", "units")))
    line.read(-65, 100, hall)
    line.read(61, 101, hall)
    line.read(None, 100)
    assert line.kept == []


def test_another_layout_begins_anew(line):
    line.read(-65, 100)
    line.read(61, 101, Layout("main", ("active_energy", "voltage_l1"), ("1-0:1.8.0", "1-0:32.7.0"), ("Wh", "V")))
    assert line.kept == []


@pytest.mark.parametrize(
    ("before", "after", "unit", "verdict"),
    [
        (999.0, 1001.0, "Wh", ("equal", 0)),
        (1010.0, 1012.0, "Wh", ("live differs", -10)),
        (900.0, 980.0, "Wh", ("live differs", 20)),
        (0.9, 0.98, "kWh", ("equal", 0)),
    ],
)
def test_a_captured_total_is_held_against_them(shelf, before, after, unit, verdict):
    history = History(0, "main", "1.0.99.1.0.255", "intervals", 1, 900, *(("lp_active_energy",), ("Wh",)))
    totals = {MIDNIGHT - 86_400_000 + n * 900_000: 712.0 + 3 * n for n in range(97)}
    deltas = dict.fromkeys(list(totals)[:96], 3.0)
    with shelf.store.changing() as changes:
        number = changes.begin(history)
        changes.paint(number, Range(ago(36), ago(12), "confirmed"))
        changes.confirm(number, {"lp_active_energy": totals, "lp_active_energy_delta": deltas})
        changes.put_live([LiveTotal("main", "active_energy", MIDNIGHT, unit, before, after)])
    (day,) = register_days(shelf.store, shelf.store.history(number), ago(36), ago(12))
    assert (day.first, day.last, day.resolution) == (712.0, 1000.0, 1.0)
    assert judge(day) == verdict


def test_a_profile_that_is_coarser_than_the_display_is_no_difference(shelf):
    history = History(0, "main", "1.0.99.1.0.255", "intervals", 1, 900, *(("lp_active_energy",), ("Wh",)))
    totals = {MIDNIGHT - 86_400_000 + n * 900_000: 23_000_000.0 + 1000 * n for n in range(97)}
    with shelf.store.changing() as changes:
        number = changes.begin(history)
        deltas = dict.fromkeys(list(totals)[:96], 1000.0)
        changes.confirm(number, {"lp_active_energy": totals, "lp_active_energy_delta": deltas})
        changes.put_live([LiveTotal("main", "active_energy", MIDNIGHT, "Wh", 23_096_640.0, 23_096_700.0)])
    (day,) = register_days(shelf.store, shelf.store.history(number), ago(36), ago(12))
    assert judge(day).word == "equal"
