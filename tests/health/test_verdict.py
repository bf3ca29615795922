"""The verdict: one at a time, what matters most, and the same wherever it is read."""

import pytest

from bridge.clock.state import ClockState
from bridge.errors import LinkError
from bridge.health.verdict import VERDICTS, verdict_of
from bridge.health.watched_meter import WatchedMeter
from bridge.health.wellness import Wellness
from bridge.health.wrong import WHATS, Wrong
from bridge.ledger.bookkeeper import Stuck
from bridge.outbox.state import Failing
from tests.health.plant import FULL, NOW_S, Poller


@pytest.mark.parametrize(
    ("says", "verdict"),
    [
        ({}, "all is well"),
        ({"broker_connected": False}, "the broker is away"),
        ({"upstream_connected": False}, "ThingsBoard is away"),
        ({"no_gateway": True}, "ThingsBoard stores nothing"),
        ({"writing": FULL}, "the disk takes nothing"),
        ({"writing": FULL, "upstream_connected": False}, "the disk takes nothing"),
        ({"bytes": 900}, "something needs a look"),
    ],
)
def test_the_verdict_is_what_matters_most(plant, says, verdict):
    plant.says(**says)
    assert plant.report.verdict == verdict


def test_one_meter_fails_all_fail_or_none_was_read_yet(plant):
    plant.main.fails(LinkError("refused"), NOW_S)
    assert plant.report.verdict == "a meter fails"
    plant.says(upstream_connected=False)
    assert plant.report.verdict == "ThingsBoard is away", "that concerns every meter"
    plant.cellar.fails(LinkError("refused"), NOW_S)
    assert plant.report.verdict == "no meter answers", "no sample is made at all"
    plant.says(upstream_connected=True)
    plant.status.watch((WatchedMeter("new", Poller()),))
    assert plant.report.verdict == "no meter is read yet"


def test_a_clock_that_nobody_trusts_is_the_verdict(plant):
    state = ClockState("waiting", None, "it was never set", True, 5.0, 0.0, 0, False)
    parts = (lambda: plant.outbox, lambda: plant.delivery)
    wellness = Wellness(*parts, silence_s=lambda: 0.0, clock=lambda: state)
    assert wellness.verdict() == "the clock is not set"


def test_a_ledger_that_cannot_be_used_is_said(plant):
    parts = (lambda: plant.outbox, lambda: plant.delivery)
    failing = Failing(70.0, 3, "ledger.db: written by a newer bridge", "run the newer bridge again")
    wellness = Wellness(*parts, silence_s=lambda: 0.0, stuck=lambda: failing)
    (wrong,) = wellness.wrong()
    assert wrong.said == (
        "ledger: it cannot be used for 70 s, and no history is read: ledger.db: written by a newer bridge; "
        "run the newer bridge again"
    )
    assert not wrong.of_the_way, "live samples pass"
    assert wellness.verdict() == "intervals are missing"


def test_intervals_that_stay_missing_are_said_by_whose_they_are_and_until_when_they_can_be_had(plant):
    stuck = [None, Stuck(12, ("main", "hall", "cellar", "attic"), 0, int(NOW_S * 1000)), Stuck(1, ("main",), 0, None)]
    parts = (lambda: plant.outbox, lambda: plant.delivery)
    wellness = Wellness(*parts, silence_s=lambda: 0.0, stuck=stuck.pop)
    assert [wrong.said for wrong in wellness.wrong()] == [
        "intervals: 1 of main stay missing, and can be had; `bridge gaps` says why"
    ]
    (wrong,) = wellness.wrong()
    assert wrong.said == (
        "intervals: 12 of main, hall, cellar, … stay missing, and can be had; `bridge gaps` says why; "
        "the first is overwritten on 2027-01-15 08:00 UTC"
    )
    assert wellness.wrong() == ()
    stuck.append(Stuck(1, ("main",), 0, None))
    assert wellness.verdict() == "intervals are missing"


def test_every_kind_of_wrong_has_its_verdict_and_none_is_well():
    verdicts = {what: verdict_of([Wrong(what, "said")], meters=2, starting=0) for what in WHATS}
    assert "all is well" not in verdicts.values()
    assert {what for what, verdict in verdicts.items() if verdict == "something needs a look"} == {
        "token", "parked", "outbox", "lost", "foreign", "clock",
    }  # fmt: skip


def test_grafana_is_shown_one_verdict_and_the_others_as_not_so(plant):
    plant.says(upstream_connected=False)
    plant.wellness.show(plant.metrics.process)
    value = plant.metrics.registry.get_sample_value
    shown = {verdict: value("dlms_verdict", {"verdict": verdict}) for verdict in VERDICTS}
    assert [verdict for verdict, holds in shown.items() if holds] == ["ThingsBoard is away"]
    assert set(shown.values()) == {0, 1}
    assert plant.plain()["verdict"] == "ThingsBoard is away"
