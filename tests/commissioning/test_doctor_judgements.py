"""Single judgements of the doctor that no planted fault shows: clock, the bridge's own report, a check that fails."""

from __future__ import annotations

import io
import json

import pytest

from bridge import __version__
from bridge.commissioning import doctor_bridge, doctor_clock
from bridge.commissioning.doctor import doctor
from bridge.commissioning.doctor_disk import Outbox

NOW_S = 1_800_000_000.0
DELIVERY = {
    "broker": "up", "upstream": "up", "token_shared": False, "last_confirmed_ago_s": 2.0, "waiting_samples": 0,
    "oldest_waiting_s": 0.0, "lost_samples": 0, "set_aside_samples": 0, "disk_failing_for_s": None,
}  # fmt: skip
REPORT = {"version": __version__, "uptime_s": 3600.0, "wrong": [], "delivery": DELIVERY, "meters": []}


def names(findings):
    return [(finding.sign, finding.key.removeprefix("doctor.")) for finding in findings]


@pytest.mark.parametrize(
    ("synchronised", "found"),
    [
        (True, ("good", "clock.synchronised")),
        (False, ("warn", "clock.unsynchronised")),
        (None, ("none", "clock.unknown")),
    ],
)
def test_a_plausible_clock_is_judged_by_who_keeps_it(synchronised, found):
    assert names(doctor_clock.judge(NOW_S, NOW_S - 5, synchronised=synchronised)) == [found]


def test_a_sample_a_moment_ahead_is_no_clock_that_went_back():
    assert names(doctor_clock.judge(NOW_S, NOW_S + 60, synchronised=True)) == [("good", "clock.synchronised")]


def test_the_kernel_says_whether_the_clock_is_kept_or_cannot_be_asked():
    assert doctor_clock.is_synchronised() in (True, False, None)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, [("good", "bridge.up")]),
        ({"version": "0.0.1"}, [("warn", "bridge.version"), ("good", "bridge.up")]),
        ({"wrong": ["bridge: the event loop has not run for 20 s"]}, [("bad", "bridge.hangs")]),
        (
            {"delivery": DELIVERY | {"disk_failing_for_s": 61.0}},
            [("good", "bridge.up"), ("bad", "disk.failing")],
        ),
    ],
)
def test_what_the_running_bridge_says_of_itself(changes, found):
    assert names(doctor_bridge.bridge(REPORT | changes, Outbox("held"))) == found


@pytest.mark.parametrize(
    ("state", "found"),
    [("absent", ("none", "bridge.never")), ("sound", ("bad", "bridge.down")), ("held", ("bad", "bridge.mute"))],
)
def test_a_bridge_that_does_not_answer_is_judged_by_its_outbox(state, found):
    assert names(doctor_bridge.bridge(None, Outbox(state))) == [found]


@pytest.mark.parametrize(
    ("changes", "up_s", "found"),
    [
        ({}, 3600.0, [("good", "samples.fresh")]),
        ({"last_confirmed_ago_s": None}, 10.0, [("none", "samples.none_yet")]),
        ({"last_confirmed_ago_s": None}, 3600.0, [("bad", "samples.never")]),
        ({"last_confirmed_ago_s": 75.0}, 3600.0, [("good", "samples.fresh")]),
        ({"last_confirmed_ago_s": 76.0}, 3600.0, [("bad", "samples.stale")]),
        (
            {"lost_samples": 3, "set_aside_samples": 1},
            3600.0,
            [("good", "samples.fresh"), ("warn", "samples.lost"), ("warn", "samples.set_aside")],
        ),
    ],
)
def test_the_age_of_the_last_confirmed_sample_is_judged_by_the_slowest_meter(changes, up_s, found):
    report = REPORT | {"uptime_s": up_s, "delivery": DELIVERY | changes}
    assert names(doctor_bridge.samples(report, Outbox("held"), NOW_S, slowest_s=5.0)) == found


def test_a_check_that_fails_itself_hides_nothing_of_the_others(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(doctor_clock, "judge", broken)
    out = io.StringIO()
    environ = {"DATA_DIR": str(tmp_path), "BROKER__HOST": "127.0.0.1", "BROKER__PORT": "1", "HEALTH__PORT": "1"}
    assert doctor(environ, out, as_json=True, secrets_dir=tmp_path / "none") == 1
    found = {one["finding"]: one for one in json.loads(out.getvalue())["findings"]}
    assert found["crashed"]["group"] == "clock"
    assert found["crashed"]["detail"] == "RuntimeError: a mistake of ours"
    assert {"broker.down", "upstream.none", "meter.none"} <= set(found)
