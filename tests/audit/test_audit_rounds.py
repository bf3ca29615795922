"""The audit by itself: when, what it shows and says, and what it does when ThingsBoard does not answer."""

from __future__ import annotations

import asyncio

import pytest
from loguru import logger

from bridge.configuration.load import load
from bridge.outbox.destination import destination_of
from bridge.thingsboard.audit_rounds import AuditRounds
from bridge.thingsboard.metrics import AuditMetrics
from bridge.thingsboard.state import AuditState
from tests.audit.scene import ENERGY, NOW_S, Scene
from tests.configuration.loading import NOWHERE

HOUR_S = 3600


class Rounds:
    def __init__(self, scene, **environ):
        settings = load(scene.environ | environ, NOWHERE)
        self.now_s = NOW_S
        self.metrics = AuditMetrics()
        self.rounds = AuditRounds(
            settings,
            destination_of(settings.thingsboard, ""),
            {"main": "Main meter", "second": "second"},
            metrics=self.metrics,
            wall_s=lambda: self.now_s,
        )

    @property
    def figures(self):
        names = ("values", "missing_values", "last_run_timestamp_seconds", "failed_attempts")
        return tuple(self.metrics.registry.get_sample_value(f"dlms_audit_{name}") for name in names)


@pytest.fixture
def scene(tmp_path):
    with Scene(tmp_path) as made:
        yield made


@pytest.fixture
def lines():
    said = []
    sink = logger.add(lambda message: said.append(message.record["message"]), level="INFO")
    yield said
    logger.remove(sink)


def test_what_is_well_is_shown_and_said(scene, lines):
    scene.intervals("Main meter", 3)
    rounds = Rounds(scene)
    assert rounds.figures == (0, 0, 0, 0)
    assert rounds.rounds.round() == 24 * HOUR_S
    assert rounds.figures == (576, 0, NOW_S, 0)
    assert lines == ["audit | ThingsBoard has all 576 values of 2 meters of the last 7 days"]


def test_what_is_missing_is_shown_and_said_and_not_sent_again(scene, lines):
    ends = scene.intervals("Main meter", 3)
    for end in ends[7:10]:
        scene.loses("Main meter", end, ENERGY)
    rounds = Rounds(scene)
    rounds.rounds.round()
    assert rounds.figures == (576, 3, NOW_S, 0)
    rounds.now_s += 60
    assert rounds.rounds.state == AuditState(60, 576, 3)
    [said] = lines
    assert "ThingsBoard lacks 3 of 576 values, of main (3)" in said
    assert scene.orders() == []


def test_when_it_was_made_and_what_it_found_outlive_a_restart(scene):
    ends = scene.intervals("Main meter", 3)
    scene.loses("Main meter", ends[7], ENERGY)
    first = Rounds(scene)
    assert first.rounds.first_wait_s() == 300
    first.rounds.round()
    for later_h, wait_s in ((1, 23 * HOUR_S), (23.99, 300), (100, 300), (-30, 24 * HOUR_S)):
        again = Rounds(scene)
        again.now_s += later_h * HOUR_S
        assert again.rounds.first_wait_s() == pytest.approx(wait_s)
        assert again.figures == (576, 1, NOW_S, 0)


def test_a_thingsboard_that_does_not_answer_is_asked_again_in_an_hour_and_said_once(scene, lines):
    scene.intervals("Main meter", 3)
    rounds = Rounds(scene, THINGSBOARD__API_KEY="tb_wrong")
    assert [rounds.rounds.round() for _ in range(3)] == [HOUR_S] * 3
    assert rounds.figures == (0, 0, 0, 3)
    assert rounds.rounds.state.failed_attempts == 3
    assert rounds.rounds.state.ago_s is None
    assert "401" in rounds.rounds.state.why
    [said] = lines
    assert "the API key is wrong" in said
    assert "tb_wrong" not in said
    scene.server.behaviour.keys[0].value = "tb_wrong"
    assert rounds.rounds.round() == 24 * HOUR_S
    assert rounds.figures == (576, 0, NOW_S, 0)
    assert rounds.rounds.state == AuditState(0, 576)


def test_a_mistake_within_is_not_the_end_of_all_audits(scene, lines, monkeypatch):
    monkeypatch.setattr("bridge.thingsboard.audit.Audit.run", lambda *_, **__: 1 / 0)
    rounds = Rounds(scene)
    assert rounds.rounds.round() == HOUR_S
    assert rounds.figures[3] == 1
    assert "failed in a way that nobody foresaw" in lines[0]


def test_an_audit_that_somebody_makes_by_hand_is_shown_as_well(scene):
    ends = scene.intervals("Main meter", 3)
    scene.loses("Main meter", ends[7], ENERGY)
    rounds = Rounds(scene)
    rounds.rounds.round()
    assert not rounds.rounds.look(), "its own is shown already"
    scene.has("Main meter", ends[7], **{ENERGY: 1.0})
    scene.audit("main", "7d")
    assert not rounds.rounds.look(), "one meter is not all"
    rounds.now_s -= 3600  # the command's clock is the scene's
    rounds.rounds.round()
    scene.loses("Main meter", ends[8], ENERGY)
    scene.loses("Main meter", ends[9], ENERGY)
    scene.audit("", "7d")
    assert rounds.rounds.look()
    assert rounds.figures == (576, 2, NOW_S, 0)


async def test_it_stops_while_thingsboard_has_it_wait(scene):
    scene.intervals("Main meter", 3)
    scene.server.behaviour.busy = 1000
    rounds = Rounds(scene)
    task = asyncio.create_task(rounds.rounds.run())
    await asyncio.sleep(0)
    asking = asyncio.create_task(asyncio.to_thread(rounds.rounds.round))
    while scene.server.behaviour.busy == 1000:
        await asyncio.sleep(0.01)
    task.cancel()
    async with asyncio.timeout(20):  # all pauses together are 38 s
        await asking
    assert rounds.figures == (0, 0, 0, 0), "a stop is no failure"


async def test_nobody_audits_where_nobody_wants_it(scene):
    for environ in ({"AUDIT__EVERY": "0"}, {"THINGSBOARD__API_URL": "", "THINGSBOARD__API_KEY": ""}):
        await asyncio.wait_for(Rounds(scene, **environ).rounds.run(), 1)
