"""The status report: what is wrong is named, what is well is not, and each figure is one that was counted."""

import json

import pytest

from bridge.errors import AuthError, LinkError
from bridge.health.disk import DiskWatch
from bridge.health.metrics import Metrics
from bridge.health.status import Status, Watched
from bridge.meters.state import MeterState
from bridge.sample import Sample

NOW_S = 1_800_000_000.0


class Clock:
    now_s = NOW_S

    def __call__(self):
        return self.now_s


class Poller:
    interval_s = 5.0

    def __init__(self):
        self.state = MeterState()

    def reads(self, now_s):
        self.state.succeeded(Sample("main", int(now_s * 1000), ()), now_s)

    def fails(self, error, now_s, *, left_alone=False):
        self.state.failed(error, now_s, wait_s=20, left_alone=left_alone)


class Plant:
    def __init__(self, folder):
        self.metrics, self.clock, self.silence_s = Metrics(), Clock(), 0.0
        self.disk = DiskWatch(folder, self.metrics, clock_s=self.clock)
        self.main, self.cellar = Poller(), Poller()
        self.status = Status(
            self.metrics,
            self.disk,
            silence_s=lambda: self.silence_s,
            clock_s=self.clock,
            monotonic_s=self.clock,
        )
        self.status.watch([Watched("main", self.main), Watched("cellar", self.cellar)])
        self.metrics.broker_connected.set(1)
        self.metrics.upstream_configured.set(1)
        self.metrics.upstream_connected.set(1)
        self.metrics.outbox_limit_bytes.set(1000)
        for poller in (self.main, self.cellar):
            poller.reads(NOW_S - 2)

    @property
    def report(self):
        return self.status.report()

    def plain(self):
        return self.report.plain()

    @property
    def wrong(self):
        return self.report.wrong


@pytest.fixture
def plant(tmp_path):
    return Plant(tmp_path)


def test_all_is_well_when_meters_are_read_and_samples_arrive(plant):
    assert plant.wrong == ()
    assert plant.report.delivery.broker == plant.report.delivery.upstream == "up"
    assert [meter.state for meter in plant.report.meters] == ["reading", "reading"]


def test_a_meters_row_says_since_when_why_and_what_comes_next(plant):
    plant.main.fails(LinkError("10.0.0.1:4059: connection refused"), NOW_S - 12)
    row = plant.report.meters[0]
    assert (row.state, row.failing_for_s, row.last_error_stage) == ("failing", 12, "tcp")
    assert (row.last_value_ago_s, row.next_attempt_in_s, row.success_5min) == (2, 8, 0.5)
    assert plant.wrong == ("main: failing, tcp: 10.0.0.1:4059: connection refused",)


def test_a_meter_that_came_back_is_well_and_its_last_error_is_remembered(plant):
    plant.main.fails(LinkError("refused"), NOW_S - 12)
    plant.main.reads(NOW_S - 1)
    assert plant.wrong == ()
    assert (plant.report.meters[0].last_error_stage, plant.report.meters[0].next_attempt_in_s) == ("tcp", None)


def test_what_is_to_be_said_against_a_meters_values_stands_in_its_row_and_alarms_nobody(plant):
    plant.main.state.doubts = {"active_energy": "no value"}
    assert plant.plain()["meters"][0]["doubts"] == {"active_energy": "no value"}
    assert plant.wrong == ()


def test_a_meter_that_is_left_alone_says_so(plant):
    plant.main.fails(AuthError("refuses the password"), NOW_S, left_alone=True)
    assert plant.wrong == ("main: left alone, auth: refuses the password",)


def test_a_meter_without_failure_and_without_samples_is_late(plant):
    plant.clock.now_s += 100
    assert plant.report.meters[0].state == "late"
    assert "no sample for 102 s" in plant.wrong[0]


def test_a_meter_that_never_answered_is_wrong_once_it_had_its_time(plant):
    plant.status.watch([Watched("new", Poller())])
    assert plant.wrong == ()
    plant.clock.now_s += 70
    assert plant.wrong == ("new: has not answered since the start",)


@pytest.mark.parametrize(
    ("gauge", "figure", "said"),
    [
        ("broker_connected", 0, "broker: not connected"),
        ("upstream_connected", 0, "upstream: the broker has no connection"),
        ("upstream_token_shared", 1, "upstream: something else uses the same"),
        ("outbox_bytes", 900, "outbox: 90% full"),
    ],
)
def test_what_is_wrong_with_the_delivery_is_named(plant, gauge, figure, said):
    getattr(plant.metrics, gauge).set(figure)
    (wrong,) = plant.wrong
    assert wrong.startswith(said)


def test_lost_samples_are_named(plant):
    plant.metrics.outbox_evicted.inc(3)
    plant.metrics.outbox_dropped.inc(2)
    assert plant.wrong == ("outbox: 5 samples were lost since the start",)


def test_a_disk_that_cannot_be_written_is_named(plant):
    plant.metrics.outbox_errors.inc()
    plant.disk.look()
    plant.clock.now_s += 5
    (wrong,) = plant.wrong
    assert wrong.startswith("disk: the outbox could not be written for 5 s")


def test_a_loop_that_hangs_is_named_first(plant):
    plant.silence_s = 30
    plant.metrics.broker_connected.set(0)
    assert plant.wrong[0] == "bridge: the event loop has not run for 30 s"


def test_no_thingsboard_is_not_a_thingsboard_that_is_down(plant):
    plant.metrics.upstream_configured.set(0)
    plant.metrics.upstream_connected.set(0)
    assert plant.report.delivery.upstream == "none"
    assert plant.wrong == ()


def test_the_report_is_plain_data_that_json_takes_even_when_nothing_drains(plant):
    plant.metrics.delivery_drain.set(float("inf"))
    plain = json.loads(json.dumps(plant.plain(), allow_nan=False))
    assert plain["delivery"]["drain_s"] is None
    assert plain["meters"][0]["name"] == "main"


def test_the_line_for_the_log_has_the_whole_of_it(plant):
    plant.metrics.outbox_samples.set(40)
    plant.metrics.delivery_drain.set(8)
    plant.main.fails(LinkError("refused"), NOW_S)
    assert plant.report.line() == (
        "SYSTEM STATUS REPORT | 1 wrong: main: failing, tcp: refused | meters 1/2 reading | broker up | upstream up | "
        "waiting 40, gone in 8 s | lost 0 | up 0 s"
    )
