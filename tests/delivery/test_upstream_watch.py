"""What is said of the way to ThingsBoard: once when it changes, for people, and in figures."""

from __future__ import annotations

import math

import pytest

from bridge.delivery.parked import Parked
from bridge.delivery.upstream_watch import UpstreamWatch
from tests.delivery.conftest import figure


@pytest.fixture
def watch(metrics):
    return UpstreamWatch(metrics, configured=True)


def look(watch, now_s=0.0, *, marks="moving", no_gateway=False, unstored=0):
    watch.look(now_s, marks=marks, no_gateway=no_gateway, unstored=unstored)


def test_a_session_that_ends_is_said_once_and_that_it_works_again(watch, metrics, lines):
    assert watch.why == "not connected yet"
    watch.up(0)
    watch.down(100, "gone")
    watch.down(101, "gone")
    assert (watch.is_up, watch.why) == (False, "gone")
    assert figure(metrics.upstream_connected) == 0
    watch.up(102)
    assert (watch.is_up, watch.why) == (True, "")
    assert [line for line in lines if "wait on disk" in line] == [lines[1]]
    assert any("works again" in line for line in lines)
    assert figure(metrics.upstream_sessions) == 2


def test_short_sessions_are_counted(watch, metrics):
    watch.up(0)
    watch.down(5, "gone")
    assert figure(metrics.upstream_short_sessions) == 1


def test_marks_that_stand_still_are_an_error_that_names_the_database_and_their_moving_is_said(watch, metrics, lines):
    look(watch, marks="none")
    look(watch, marks="standing still", unstored=40)
    look(watch, marks="standing still")
    assert figure(metrics.delivery_marks) == 0
    look(watch, marks="moving")
    assert figure(metrics.delivery_marks) == 1
    assert [line.partition(" ")[0] for line in lines] == ["ERROR", "INFO"]
    assert "its database?" in lines[0]


def test_marks_that_never_came_back_are_said_with_what_that_means(watch, metrics, lines):
    look(watch, marks="never come back", unstored=7)
    assert lines[0].startswith("WARNING")
    assert "accepted is all that is known" in lines[0]
    assert math.isnan(figure(metrics.delivery_marks))
    assert figure(metrics.delivery_unstored) == 7


def test_a_device_that_is_no_gateway_is_hinted_at_once(watch, lines):
    look(watch, no_gateway=True)
    look(watch, no_gateway=True)
    (line,) = lines
    assert "Is gateway" in line


def test_a_parked_device_is_named_with_its_likely_reason_and_when_it_is_tried_again(watch, lines):
    watch.parked(["Hall 2"], {"Hall 2": Parked("limit of devices reached?", 100.0, 130.0, 1)}, 100.0)
    (line,) = lines
    assert "'Hall 2'" in line
    assert "limit of devices reached?" in line
    assert "30 s" in line
    watch.proven("Hall 2", was_parked=True)
    watch.proven("Hall 3", was_parked=False)
    assert len(lines) == 2
    assert "takes device 'Hall 2' now" in lines[1]


def test_without_a_thingsboard_nothing_is_said_of_it(metrics, lines):
    watch = UpstreamWatch(metrics, configured=False)
    watch.up(0)
    watch.down(1, "gone")
    assert lines == []
    assert figure(metrics.upstream_configured) == 0
