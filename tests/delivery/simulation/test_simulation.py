"""The whole delivery wing against models of Mosquitto and ThingsBoard, in virtual time: it is looked for trouble.

What fails prints one command that shows it again, already made small: ``python -m tests.delivery.simulation --plan …``.
"""

from __future__ import annotations

import dataclasses
import shlex

import pytest
from loguru import logger

from bridge.delivery.metrics import DeliveryMetrics
from bridge.delivery.upstream_watch import UpstreamWatch
from tests.delivery.simulation import bites
from tests.delivery.simulation.plan import Fault, Plan, draw
from tests.delivery.simulation.run import run
from tests.delivery.simulation.scenarios import SCENARIOS, Line
from tests.delivery.simulation.search import search
from tests.delivery.simulation.shrink import shrink

SEEDS = 2000
"""As many as CI has the time for; the long run is ``python -m tests.delivery.simulation --seeds 1000000``."""

STAND_STILL: dict[int, str] = {}
"""Seeds that are known to take longer than their bound. Nothing is lost in them; each that is mended leaves."""


def said(plan, problem):
    """The command that shows it."""
    small = shrink(plan, problem, lambda candidate: run(candidate).problem)
    return f"{problem}\n    python -m tests.delivery.simulation --no-shrink --plan {shlex.quote(small.text())}"


def is_known(failure):
    """Whether it is one that takes longer than it may, and not one that loses, misplaces or raises."""
    return failure.plan.seed in STAND_STILL and failure.problem.startswith(("stands still", "not home"))


@pytest.mark.timeout(1500)
def test_nothing_is_lost_nothing_stands_still_and_nothing_raises_whatever_happens():
    found = search(range(SEEDS), processes=2, failures=3 + len(STAND_STILL))
    failures = [failure for failure in found.failures if not is_known(failure)]
    assert not failures, "\n".join(said(failure.plan, failure.problem) for failure in failures)
    assert found.seeds == SEEDS
    assert found.sessions > SEEDS


@pytest.mark.parametrize("name", sorted(bites.BITES))
def test_it_bites(name):
    """With a fault put back into the wing it fails; without it the same run is well."""
    plan = Plan.read(bites.BITES[name].plan)
    with bites.put_back(name):
        bitten = run(plan).problem
    assert bitten
    assert bites.BITES[name].shows in bitten
    assert not run(plan).problem


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(bites.BITES))
def test_the_seeds_find_it(name):
    """The first that fails with it, and is well without it, is found early; nobody chose that one."""
    assert search(range(SEEDS), bite=name, processes=1, failures=1).failures


FOUND = {
    "killed behind a mark that had overtaken seconds of samples, in a ThingsBoard that stores few a second": (
        '{"seed":4,"meters":5,"interval_s":1.0,"feed_s":120.0,"backlog":800,"store_rate_per_s":200.0,"faults":['
        '[8.0,"kill_at_mark",1.0,0.0],[20.0,"kill_at_mark",1.0,0.0],[32.0,"kill_at_mark",1.0,0.0],'
        '[44.0,"kill_at_mark",1.0,0.0],[56.0,"kill_at_mark",1.0,0.0],[68.0,"kill_at_mark",1.0,0.0],'
        '[80.0,"kill_at_mark",1.0,0.0],[92.0,"kill_at_mark",1.0,0.0],[104.0,"kill_at_mark",1.0,0.0],'
        '[116.0,"kill_at_mark",1.0,0.0]]}'
    ),
    "half a regular message a second and nobody tells of it: blame that changed nothing went on for ever": (
        '{"seed":582,"meters":2,"keys":20,"interval_s":5.0,"feed_s":156.0,"tenant":["3:1,30:60","",""],"delay_s":0.0065,'
        '"jitter_s":0.002,"disk_s":0.0,"faults":[[50.179,"kill_at_mark",3.91,0.0972]]}'
    ),
    "reports took every telemetry message of a tight limit that samples waited for": (
        '{"seed":930,"meters":265,"interval_s":30.0,"feed_s":30.0,"version":"3.6.4","tenant":["10:1,306:60","24:1",'
        '"100:1"],"delay_s":0.0209,"jitter_s":0.0199,"store_rate_per_s":3000.0,"commit_s":5.0}'
    ),
    "the session ended while a slow disk was read, and a message was sent into none": (
        '{"seed":242,"meters":8,"feed_s":1200.0,"tenant":["","1:1","100:1"],"delay_s":0.0303,"jitter_s":0.0076,'
        '"disk_s":0.4,"faults":[[180.302,"line_dark",138.66,0.9887]]}'
    ),
    "the devices of rows under suspicion were opened in no later session": (
        '{"seed":1,"meters":27,"interval_s":30.0,"feed_s":88.2,"tenant":["3:1,30:60","2:1","100:1"],'
        '"delay_s":0.907,"jitter_s":0.053,"store_rate_per_s":500.0,"commit_s":0.2}'
    ),
    "one telemetry message a second and nobody tells of it: what the relay still held was a second one": (
        '{"seed":404,"meters":7,"keys":5,"interval_s":60.0,"feed_s":1200.0,"tenant":["","1:1,30:60",""],"delay_s":0.1,'
        '"jitter_s":0.002,"up_bytes_s":12500.0,"down_bytes_s":12500.0,"store_rate_per_s":500.0,"commit_s":0.2,'
        '"disk_s":0.0,"faults":[[326.689,"line_cut",0.0,0.4406]]}'
    ),
    "states were told without end on a long line, and rows under suspicion waited for a moment of rest": (
        '{"seed":1857,"meters":232,"keys":1,"interval_s":30.0,"feed_s":30.0,"tenant":["","8:1","100:1"],"drop_every":5,'
        '"delay_s":0.995,"jitter_s":0.166,"store_rate_per_s":500.0,"disk_s":0.4}'
    ),
    "the same, closed at every third message over a round trip of two seconds": (
        '{"seed":495,"meters":21,"keys":5,"feed_s":215.8,"drop_every":3,"delay_s":0.975,"jitter_s":0.283,"disk_s":0.4}'
    ),
    "a bridge that was started anew did not know what the relay still held, and each session ended on it": (
        '{"seed":1743,"meters":7,"interval_s":5.0,"feed_s":20.0,"version":"3.9.1","tenant":["4:1","20:1,590:60",""],'
        '"delay_s":0.0361,"jitter_s":0.001,"faults":[[7.951,"mosquitto_kill",0.16,0.0335],'
        '[18.012,"line_cut",0.0,0.8147],[18.128,"bridge_restart",2.24,0.3872]]}'
    ),
    "the same, after a restart with another device name": (
        '{"seed":1523,"meters":2,"feed_s":20.0,"tenant":["3:1","2:1","100:1"],"delay_s":0.0334,"faults":['
        '[5.408,"renamed_meter",0.26,0.5926]]}'
    ),
    "rows under suspicion waited for a moment of rest while 110 devices were introduced, and all others for them": (
        '{"seed":3949,"meters":110,"keys":20,"interval_s":1.0,"feed_s":20.0,"version":"3.9.1","drop_every":3,'
        '"delay_s":0.844,"jitter_s":0.134,"store_rate_per_s":500.0,"commit_s":0.2}'
    ),
}
"""What the search has found, and was mended: the runs that showed it."""


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_stays_mended(what):
    assert not run(Plan.read(FOUND[what])).problem


def test_the_same_plan_runs_the_same_each_time():
    for seed in (5, 12):
        first, second = run(draw(seed)), run(draw(seed))
        assert (first.steps, first.virtual_s, first.rows_sent) == (second.steps, second.virtual_s, second.rows_sent)


def test_on_a_healthy_line_each_sample_goes_once_and_is_stored_before_it_is_confirmed():
    result = run(Plan(meters=20, keys=5, interval_s=5.0, feed_s=300.0))
    assert not result.problem
    assert result.rows_sent == result.samples
    assert result.early == 0
    assert result.sessions == 1


def test_a_wing_that_falls_over_is_named_with_where_it_did():
    with bites.put_back("empty-queue"):
        problem = run(Plan.read(bites.BITES["empty-queue"].plan)).problem
    assert "the wing fell over" in problem
    assert "bites.py" in problem


@pytest.mark.parametrize("away_s", [20.0, 110.0])
def test_the_database_is_away_and_nothing_is_missing(away_s):
    plan = Plan(meters=20, keys=5, interval_s=1.0, feed_s=away_s + 120, faults=(Fault(30.0, "database_away", away_s),))
    line = Line(None, run(plan))
    assert not line.result.problem
    assert line.home == line.result.samples


def test_thingsboard_is_killed_every_thirty_seconds_and_nothing_is_missing():
    (case, *_) = SCENARIOS["kills"]()
    plan = dataclasses.replace(case.plan, feed_s=600.0, faults=case.plan.faults[:20])
    line = Line(case, run(plan))
    assert not line.result.problem
    assert line.home == line.result.samples


def test_a_device_that_cannot_be_had_costs_the_others_nothing_and_arrives_when_it_can():
    can, cannot, *_ = SCENARIOS["parked"]()
    assert (can.plan.room, cannot.plan.room) == (-1, 59)
    with_all, with_one = Line(can, run(can.plan)), Line(cannot, run(cannot.plan))
    assert not with_one.result.problem
    assert with_one.home == with_one.result.samples == with_all.result.samples


def test_a_run_leaves_the_log_of_what_comes_after_it_as_it_was():
    lines = []
    handler = logger.add(lines.append, format="{message}")
    try:
        run(Plan(meters=1, feed_s=10.0))
        assert not lines
        UpstreamWatch(DeliveryMetrics(), configured=True).up(0.0)
    finally:
        logger.remove(handler)
    assert any("connected to ThingsBoard" in line for line in lines)
