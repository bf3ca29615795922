"""Single judgements of the doctor that no planted fault shows: clock, the bridge's own report, a check that fails."""

from __future__ import annotations

import io
import json

import pytest

from bridge import __version__
from bridge.cli.catalogue import Catalogue
from bridge.cli.doctor import bridge as doctor_bridge
from bridge.cli.doctor import clock as doctor_clock
from bridge.cli.doctor.disk import OutboxFile
from bridge.cli.doctor.doctor import doctor
from bridge.cli.doctor.finding import bad, good
from bridge.health.wrong import WHATS

NOW_S = 1_800_000_000.0
DELIVERY = {
    "broker": "up", "upstream": "up", "token_shared": False, "last_confirmed_ago_s": 2.0, "waiting_samples": 0,
    "oldest_waiting_s": 0.0, "lost_samples": 0, "lost_last_hour": 0, "set_aside_samples": 0,
}  # fmt: skip
REPORT = {"version": __version__, "uptime_s": 3600.0, "wrong": [], "delivery": DELIVERY, "meters": []}

SHARD = {"number": 2, "count": 4, "node": "node-b"}


def wrong(what):
    return {"what": what, "said": f"{what}: as the bridge says it", "meter": ""}


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
    assert names(doctor_clock.judge_clock(NOW_S, NOW_S - 5, synchronised=synchronised)) == [found]


def test_a_sample_a_moment_ahead_is_no_clock_that_went_back():
    assert names(doctor_clock.judge_clock(NOW_S, NOW_S + 60, synchronised=True)) == [("good", "clock.synchronised")]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, [("good", "bridge.up")]),
        ({"version": "0.0.1"}, [("warn", "bridge.version"), ("good", "bridge.up")]),
        ({"wrong": [wrong("bridge")]}, [("bad", "bridge.hangs")]),
        ({"wrong": [wrong("disk")]}, [("good", "bridge.up"), ("bad", "disk.failing")]),
        ({"wrong": [wrong("broker"), wrong("meter")]}, [("good", "bridge.up")]),
        ({"shard": SHARD}, [("good", "bridge.up"), ("good", "bridge.shard")]),
        ({"shard": SHARD, "lease": {"held": True}}, [("good", "bridge.up"), ("good", "bridge.shard.held")]),
        (
            {"shard": SHARD, "lease": {"held": False}, "wrong": [wrong("lease")]},
            [("good", "bridge.up"), ("none", "bridge.shard.not_held"), ("bad", "bridge.lease")],
        ),
    ],
)
def test_what_the_running_bridge_says_of_itself(changes, found):
    assert names(doctor_bridge.bridge(REPORT | changes, OutboxFile("held"))) == found


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "shard 2 of 4 on node-b, lease held"), ("es", "fragmento 2 de 4 en node-b, tiene la concesión")],
)
def test_the_shard_is_named(language, said):
    found = doctor_bridge.bridge(REPORT | {"shard": SHARD, "lease": {"held": True}}, OutboxFile("held"))
    assert said in [finding.text(Catalogue(language)) for finding in found]


@pytest.mark.parametrize(
    ("state", "found"),
    [("absent", ("none", "bridge.never")), ("sound", ("bad", "bridge.down")), ("held", ("bad", "bridge.mute"))],
)
def test_a_bridge_that_does_not_answer_is_judged_by_its_outbox(state, found):
    assert names(doctor_bridge.bridge(None, OutboxFile(state))) == [found]


@pytest.mark.parametrize(
    ("changes", "says", "found"),
    [
        ({}, (), [("good", "samples.fresh")]),
        ({"last_confirmed_ago_s": None}, (), [("none", "samples.none_yet")]),
        ({"last_confirmed_ago_s": 9000.0}, (), [("good", "samples.fresh")]),
        ({"waiting_samples": 9}, ("stored",), [("bad", "samples.standing")]),
        ({"waiting_samples": 9}, ("upstream",), [("warn", "samples.waiting")]),
        ({"lost_samples": 3}, (), [("good", "samples.fresh")]),
        ({"lost_last_hour": 3}, ("lost",), [("good", "samples.fresh"), ("bad", "samples.lost")]),
        (
            {},
            ("parked", "outbox"),
            [("good", "samples.fresh"), ("bad", "samples.parked"), ("bad", "samples.outbox")],
        ),
        ({"set_aside_samples": 1}, (), [("good", "samples.fresh"), ("warn", "samples.set_aside")]),
    ],
)
def test_samples_are_judged_as_the_bridge_judges_them(changes, says, found):
    report = REPORT | {"wrong": [wrong(what) for what in says], "delivery": DELIVERY | changes}
    assert names(doctor_bridge.samples(report, OutboxFile("held"), NOW_S)) == found


def test_what_the_doctor_finds_well_and_the_bridge_does_not_is_the_bridges_word():
    report = REPORT | {"wrong": [wrong("upstream")]}
    found = doctor_bridge.with_complaints([good("doctor.upstream.session")], report, "upstream", "token")
    assert names(found) == [("good", "upstream.session"), ("bad", "bridge.says")]
    assert found[-1].detail == "upstream: as the bridge says it"
    own = [bad("doctor.upstream.tcp", "doctor.upstream.tcp.fix")]
    assert doctor_bridge.with_complaints(own, report, "upstream", "token") == own


@pytest.mark.parametrize("what", sorted(set(WHATS) - {"meter", "clock"}))  # of meters: test_doctor_running
def test_whatever_the_bridge_says_is_wrong_the_doctor_says_too(what):
    report = REPORT | {"wrong": [wrong(what)]}
    findings = [
        *doctor_bridge.bridge(report, OutboxFile("held")),
        *doctor_bridge.with_complaints([], report, "broker"),
        *doctor_bridge.with_complaints([], report, "time"),
        *doctor_bridge.with_complaints([], report, "upstream", "token", "gateway"),
        *doctor_bridge.samples(report, OutboxFile("held"), NOW_S),
    ]
    assert "bad" in {finding.sign for finding in findings}


def test_a_check_that_fails_itself_hides_nothing_of_the_others(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(doctor_clock, "judge_clock", broken)
    out = io.StringIO()
    environ = {"DATA_DIR": str(tmp_path), "BROKER__HOST": "127.0.0.1", "BROKER__PORT": "1", "HEALTH__PORT": "1"}
    assert doctor(environ, out, as_json=True, secrets_dir=tmp_path / "none") == 1
    found = {one["finding"]: one for one in json.loads(out.getvalue())["findings"]}
    assert found["crashed"]["group"] == "clock"
    assert found["crashed"]["detail"] == "RuntimeError: a mistake of ours"
    assert {"broker.down", "upstream.none", "meter.none"} <= set(found)
