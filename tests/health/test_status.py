"""The status report: what is wrong is named, what is well is not, and everybody quotes the same."""

import json
import re
from pathlib import Path

import pytest

from bridge.delivery.state import ParkedDevice
from bridge.errors import AuthError, LinkError
from bridge.health.watched_meter import WatchedMeter
from bridge.health.wrong import WHATS
from bridge.outbox.state import Foreign
from tests.health.plant import FULL, NOW_S, Poller
from tests.ledger.shelf import book


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
    plant.status.watch((WatchedMeter("new", Poller()),))
    assert plant.wrong == ()
    plant.clock.now_s += 70
    assert plant.wrong == ("new: has not answered since the start",)


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ({"broker_connected": False}, "broker: not connected"),
        ({"upstream_connected": False}, "upstream: no connection to ThingsBoard; samples"),
        ({"upstream_connected": False, "upstream_why": "it is refused"}, "upstream: it is refused; samples wait"),
        ({"token_shared": True}, "upstream: something else uses the same"),
        ({"no_gateway": True}, "upstream: ThingsBoard answers but accepts nothing"),
        ({"parked": {"hall": ParkedDevice("not created", 5.0, 9.0)}}, "upstream: hall is not accepted: not created"),
        ({"bytes": 900}, "outbox: 90% full"),
        ({"writing": FULL}, "disk: the outbox cannot be written for 5 s: disk full; make room"),
        ({"reading": FULL}, "disk: the outbox cannot be read for 5 s: disk full"),
        ({"foreign": (Foreign("old:1883", 7, 1, 2),)}, "outbox: 7 samples wait for old:1883, kept"),
    ],
)
def test_what_is_wrong_with_the_delivery_is_named(plant, says, said):
    plant.says(**says)
    (wrong,) = plant.wrong
    assert wrong.startswith(said)


def test_samples_that_wait_for_a_minute_while_none_is_stored_are_not_well(plant):
    plant.says(depth=40, marks="standing still")
    plant.passes(61)
    assert plant.wrong == ()
    plant.passes(5)
    assert plant.wrong == (
        (
            "upstream: samples are waiting, and none was stored for 65 s "
            "(ThingsBoard accepts, but its database stands still)"
        ),
    )
    assert plant.wellness.ready() == (False, plant.wrong[0])
    assert plant.report.delivery.standing_s == 65
    plant.says(stored=1)
    plant.passes(1)
    assert (plant.wrong, plant.report.delivery.standing_s) == ((), None)


def test_samples_in_memory_wait_too(plant):
    plant.says(pending=3)
    plant.passes(62)
    assert "none was stored for 61 s" in plant.wrong[0]


def test_a_broken_way_is_said_once_and_not_again_as_samples_that_wait(plant):
    plant.says(depth=40, upstream_connected=False)
    plant.passes(90)
    assert [wrong.what for wrong in plant.report.wrong] == ["upstream"]


def test_lost_samples_are_wrong_for_an_hour_and_counted_for_ever(plant):
    plant.says(lost_full=2, lost_memory=3)
    plant.passes(1)
    assert plant.wrong == ("outbox: 5 samples were lost in the last hour",)
    plant.passes(3600, every_s=60)
    assert plant.wrong == ()
    assert (plant.report.delivery.lost_samples, plant.report.delivery.lost_last_hour) == (5, 0)


def test_a_read_that_failed_once_is_forgotten_with_the_next_that_succeeds(plant):
    plant.says(reading=FULL)
    assert not plant.wellness.ready()[0]
    plant.says(reading=None)
    assert plant.wellness.ready() == (True, "ok")


def test_a_meter_that_fails_is_wrong_and_keeps_no_others_samples_from_their_way(plant):
    plant.main.fails(LinkError("refused"), NOW_S)
    assert plant.report.wrong[0].meter == "main"
    assert plant.wellness.ready() == (True, "ok")


def test_all_that_quote_it_say_the_same(plant):
    plant.says(broker_connected=False, writing=FULL)
    plant.main.fails(LinkError("refused"), NOW_S)
    plant.wellness.show(plant.metrics.process)
    shown = {what: plant.metrics.registry.get_sample_value("dlms_bridge_wrong", {"what": what}) for what in WHATS}
    assert {what: count for what, count in shown.items() if count} == {"broker": 1, "disk": 1, "meter": 1}
    assert [wrong["what"] for wrong in plant.plain()["wrong"]] == ["broker", "disk", "meter"]
    assert plant.wellness.ready() == (False, "\n".join(plant.wrong[:2]))
    assert plant.report.figures()["wrong"] == 3
    assert f"3 wrong: {plant.wrong[0]}" in plant.report.line()
    plant.says(broker_connected=True)
    plant.wellness.show(plant.metrics.process)
    assert plant.metrics.registry.get_sample_value("dlms_bridge_wrong", {"what": "broker"}) == 0


def test_a_loop_that_hangs_is_named_first(plant):
    plant.silence_s = 30
    plant.says(broker_connected=False)
    assert plant.wrong[0] == "bridge: the event loop has not run for 30 s"


def test_no_thingsboard_is_not_a_thingsboard_that_is_down(plant):
    plant.says(upstream_configured=False, upstream_connected=False)
    assert plant.report.delivery.upstream == "none"
    assert plant.wrong == ()


def test_the_report_is_plain_data_that_json_takes_even_when_nothing_drains(plant):
    plain = json.loads(json.dumps(plant.plain(), allow_nan=False))
    assert plain["delivery"]["drain_s"] is None
    assert plain["meters"][0]["name"] == "main"


def test_the_line_for_the_log_has_the_whole_of_it(plant):
    plant.says(depth=40, drain_s=8.0)
    plant.main.fails(LinkError("refused"), NOW_S)
    assert plant.report.line() == (
        "SYSTEM STATUS REPORT | a meter fails, 1 wrong: main: failing, tcp: refused | meters 1/2 reading | broker up | "
        "upstream up | "
        "waiting 40, gone in 8 s | lost 0 | up 0 s"
    )


def test_no_metric_is_read_back():
    """A metric shows a state and is never the way to know it; the page alone reads what it writes."""
    bridge = Path(__file__).parents[2] / "bridge"
    readers = re.compile(r"\.collect\(\)|get_sample_value|\._value\.get\(")
    found = {file.name for file in bridge.rglob("*.py") if readers.search(file.read_text(encoding="utf-8"))}
    assert found <= {"exposition.py"}


def test_a_meters_row_has_its_completeness_and_one_without_a_load_profile_none(plant):
    plant.books = {"main": book("main", (48, 2, "confirmed"))}
    main, cellar = plant.report.meters
    assert (main.completeness_day, main.intervals_missing) == (88 / 95, 7)
    assert (cellar.completeness_day, cellar.intervals_missing) == (None, None)
