"""What came of a meter's cycles: counted, logged when it changes, kept in the state."""

import sys
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from loguru import logger

from bridge.dlms.register import Register
from bridge.errors import AuthError, ReplyTimeout
from bridge.meters.metrics import MeterMetrics
from bridge.meters.observer import MeterObserver
from bridge.sample import Layout

REGISTERS = (
    Register(key="voltage_l1", obis="1-0:32.7.0", label="V"),
    Register(key="active_energy", obis="1-0:1.8.0"),
    Register(key="clock", obis="0-0:1.0.0", class_id=8),
)
LAYOUT = Layout(
    "main", ("voltage_l1", "active_energy", "clock"), ("1-0:32.7.0", "1-0:1.8.0", "0-0:1.0.0"), ("V", "Wh", "")
)
NOW_S = 1_764_074_415.0
RIGHT = "2025-11-25T13:40:15+01:00"


class Reading(NamedTuple):
    register: Register
    refusal: str = ""


class Plant:
    def __init__(self, level="INFO", **options):
        self.metrics = MeterMetrics(**options)
        self.account = MeterObserver("main", self.metrics, lambda: NOW_S, level)
        self.session = SimpleNamespace(
            late=0, notifications=0, plan=SimpleNamespace(lies_about_lists=False, left_out={}), counter=None
        )
        self.lines = []

    def reads(self, *scalars, qualities=(), refusals=("", "", "")):
        readings = [Reading(*pair) for pair in zip(REGISTERS, refusals, strict=True)]
        sample = LAYOUT.sample(round(NOW_S * 1000), scalars, qualities)
        self.account.read(sample, readings, 0.25)
        self.account.succeeded(sample, 0)
        return sample

    def figure(self, name, **labels):
        return self.metrics.registry.get_sample_value(name, {"meter": "main", **labels})

    def said(self):
        """Return the lines since the last time, as level and text."""
        said, self.lines[:] = [(line.record["level"].name, line.record["message"]) for line in self.lines], []
        return said


@pytest.fixture
def plant():
    plant = Plant()
    sink = logger.add(plant.lines.append, level="INFO")
    yield plant
    logger.remove(sink)


def test_a_cycle_is_a_line_that_a_person_can_read(plant):
    plant.reads(127.4, 56348, RIGHT)

    assert plant.said() == [
        ("INFO", f"main | V: 127.4 V | active_energy: 56348 Wh | clock: {RIGHT} | 0.25 s"),
    ]


def test_a_line_that_nobody_reads_is_not_built(monkeypatch):
    plant = Plant()
    monkeypatch.setattr(plant.account, "_shown", None)  # calling it would fail
    logger.remove()
    try:
        sink = logger.add(plant.lines.append, level="WARNING")
        plant.reads(127.4, 56348, RIGHT)
        logger.remove(sink)
    finally:
        logger.add(sys.stderr)
    assert plant.lines == []


def test_a_cycle_is_counted_with_its_values_and_its_time(plant):
    sample = plant.reads(127.4, 56348, RIGHT)

    assert plant.figure("dlms_meter_cycles_total", result="ok") == 1
    assert plant.figure("dlms_meter_up") == 1
    assert plant.figure("dlms_meter_last_success_timestamp_seconds") == NOW_S
    assert plant.figure("dlms_meter_value", key="voltage_l1", unit="V") == 127.4
    assert plant.figure("dlms_meter_value", key="active_energy", unit="Wh") == 56348
    assert plant.figure("dlms_meter_cycle_duration_seconds_sum") == 0.25
    assert plant.metrics.registry.get_sample_value("dlms_cycle_duration_seconds_sum") == 0.25
    assert plant.account.state.last_sample is sample


def test_what_is_no_number_has_no_series_that_would_say_0(plant):
    plant.reads(None, 1, RIGHT, refusals=("read-write denied", "", ""))
    assert plant.figure("dlms_meter_value", key="voltage_l1", unit="V") is None
    assert plant.figure("dlms_meter_value", key="clock", unit="") is None
    assert plant.figure("dlms_meter_value", key="active_energy", unit="Wh") == 1

    plant.reads(127.4, 2, RIGHT)
    assert plant.figure("dlms_meter_value", key="voltage_l1", unit="V") == 127.4
    assert plant.figure("dlms_meter_value", key="active_energy", unit="Wh") == 2


def test_a_fleet_has_neither_values_nor_durations_of_each_meter():
    plant = Plant(fleet=True, register_values=False)
    plant.reads(127.4, 56348, RIGHT)

    assert plant.figure("dlms_meter_value", key="voltage_l1", unit="V") is None
    assert plant.figure("dlms_meter_cycle_duration_seconds_sum") is None
    assert plant.metrics.registry.get_sample_value("dlms_cycle_duration_seconds_sum") == 0.25


def test_the_cycles_of_a_fleet_are_no_lines_but_for_who_debugs():
    plant = Plant(level="DEBUG")
    for level in ("INFO", "DEBUG"):
        sink = logger.add(plant.lines.append, level=level)
        plant.reads(127.4, 56348, RIGHT)
        logger.remove(sink)
    assert [level for level, _ in plant.said()] == ["DEBUG"]


def test_a_meter_without_a_success_has_no_time_of_one(plant):
    assert plant.figure("dlms_meter_last_success_timestamp_seconds") is None


def test_lateness_of_all_meters_is_counted_together(plant):
    plant.account.began(0.004)

    assert plant.metrics.registry.get_sample_value("dlms_cycle_lateness_seconds_bucket", {"le": "0.005"}) == 1
    assert plant.metrics.registry.get_sample_value("dlms_cycle_lateness_seconds_bucket", {"le": "0.0025"}) == 0


def test_a_doubt_is_counted_every_cycle_and_said_when_it_changes(plant):
    for _ in range(3):
        plant.reads(127.4, None, RIGHT, qualities=("", "no value", ""))
    warnings = [text for level, text in plant.said() if level == "WARNING"]
    assert warnings == ["main | active_energy is doubtful: no value | it is published with active_energy_quality"]
    assert plant.figure("dlms_meter_doubtful_values_total") == 3
    assert plant.account.state.doubts == {"active_energy": "no value"}

    plant.reads(127.4, 1, RIGHT, qualities=("", "scaler makes no sense", ""))
    assert [text for level, text in plant.said() if level == "WARNING"] == [
        "main | active_energy is doubtful: scaler makes no sense | it is published with active_energy_quality"
    ]

    plant.reads(127.4, 1, RIGHT)
    assert ("INFO", "main | active_energy is no longer doubtful") in plant.said()
    assert plant.figure("dlms_meter_doubtful_values_total") == 4
    assert plant.account.state.doubts == {}

    plant.reads(127.4, 1, RIGHT)
    assert len(plant.said()) == 1, "the cycle's own line"


def test_a_doubt_stands_beside_its_value_in_the_line(plant):
    plant.reads(127.4, None, RIGHT, qualities=("not a number", "no value", ""))

    assert f"main | V: 127.4 V (not a number) | active_energy: no value | clock: {RIGHT} | 0.25 s" in dict(
        map(reversed, plant.said())
    )


def test_a_refused_register_is_counted_and_said_once(plant):
    for _ in range(2):
        plant.reads(None, 1, RIGHT, refusals=("read-write denied", "", ""))

    assert plant.figure("dlms_meter_refused_registers_total") == 2
    said = plant.said()
    assert sum("refuses 1-0:32.7.0: read-write denied" in text for _, text in said) == 1
    assert ("INFO", f"main | active_energy: 1 Wh | clock: {RIGHT} | 0.25 s") in said


@pytest.mark.parametrize(("stated", "drift_s"), [(RIGHT, 0), ("2025-11-25T13:41:45+01:00", 90)])
def test_the_clocks_drift_is_told(plant, stated, drift_s):
    plant.reads(1, 2, stated)

    assert plant.figure("dlms_meter_clock_drift_seconds") == drift_s
    assert plant.account.state.clock_drift_s == drift_s
    assert any("its clock differs from ours by +90 s" in text for _, text in plant.said()) == bool(drift_s)


def test_a_clock_that_distrusts_itself_has_no_drift(plant):
    plant.reads(1, 2, RIGHT, qualities=("", "", "clock invalid"))

    assert plant.figure("dlms_meter_clock_drift_seconds") is None


def test_a_meter_that_comes_back_is_up_again_and_said_to_be(plant):
    recovery = SimpleNamespace(is_worth_a_line=True, failures=1)
    sample = plant.reads(1, 2, RIGHT)
    plant.account.failed(ReplyTimeout("no answer"), recovery, 2.0)
    assert (plant.figure("dlms_meter_up"), plant.account.state.condition) == (0, "failing")
    assert plant.figure("dlms_meter_errors_total", stage="timeout") == 1

    plant.account.succeeded(sample, 1)

    assert (plant.figure("dlms_meter_up"), plant.account.state.condition) == (1, "reading")
    assert plant.figure("dlms_meter_recovered_timestamp_seconds") == NOW_S
    assert any("back after 1 failed attempt," in text for _, text in plant.said())


def test_a_refused_password_is_said_every_time_and_counted_under_its_own_stage(plant):
    recovery = SimpleNamespace(is_worth_a_line=False, failures=4)
    plant.account.failed(AuthError("refuses the password", hint="check PASSWORD"), recovery, 600.0, left_alone=True)

    assert plant.figure("dlms_meter_last_error_timestamp_seconds", stage="auth") == NOW_S
    assert plant.said() == [
        ("WARNING", "main | auth | refuses the password | check PASSWORD | failed attempt 4, the next in 600 s")
    ]
    assert plant.figure("dlms_meter_errors_total", stage="auth") == 1
    assert plant.account.state.condition == "left alone"


def test_what_came_beside_the_answers_is_counted_once(plant):
    plant.account.dropped(0, plant.session)
    plant.session.late, plant.session.notifications = 2, 5
    plant.account.dropped(3, plant.session)
    plant.account.dropped(0, plant.session)

    assert plant.figure("dlms_meter_retries_total", level="request") == 3
    assert plant.figure("dlms_meter_late_answers_total") == 2
    assert plant.figure("dlms_meter_notifications_total") == 5


def test_a_meter_that_lies_about_lists_is_named_once_and_forgiven(plant):
    plant.account.dropped(0, plant.session)
    assert plant.figure("dlms_meter_list_refused") is None
    plant.session.plan.lies_about_lists = True
    plant.account.dropped(0, plant.session)
    plant.account.dropped(0, plant.session)

    assert plant.figure("dlms_meter_list_refused") == 1
    assert len(plant.said()) == 1

    plant.session.plan.lies_about_lists = False
    plant.account.dropped(0, plant.session)
    assert plant.figure("dlms_meter_list_refused") == 0


def test_what_is_left_of_the_invocation_counter_is_shown_where_there_is_one(plant):
    plant.account.dropped(0, plant.session)
    assert plant.figure("dlms_meter_invocation_counter_remaining_ratio") is None
    plant.session.counter = SimpleNamespace(remaining_ratio=0.25)
    plant.account.dropped(0, plant.session)
    assert plant.figure("dlms_meter_invocation_counter_remaining_ratio") == 0.25


def test_another_layout_is_looked_up_anew(plant):
    plant.reads(1, 2, RIGHT)
    other = Layout("main", ("frequency",), ("1-0:14.7.0",), ("Hz",))
    sample = other.sample(1, (59.98,))
    plant.account.read(sample, [Reading(Register(key="frequency", obis="1-0:14.7.0"))], 0.1)

    assert plant.figure("dlms_meter_value", key="frequency", unit="Hz") == 59.98
    assert plant.said()[-1] == ("INFO", "main | frequency: 59.98 Hz | 0.10 s")
