from __future__ import annotations

import pytest

from bridge.delivery.drain import Drain


def test_the_time_left_is_what_waits_over_how_fast_it_goes():
    drain = Drain()
    for second in range(11):
        drain.note(second, 1000 - 50 * second)
    assert drain.left_s() == pytest.approx(10)


def test_nothing_waiting_needs_no_time():
    drain = Drain()
    drain.note(0, 0)
    assert drain.left_s() == 0


def test_a_backlog_that_grows_has_no_end():
    drain = Drain()
    assert drain.left_s() is None
    for second in range(11):
        drain.note(second, 100 + second)
    assert drain.left_s() is None


def test_what_waits_for_its_turn_and_goes_up_and_down_is_no_draining():
    drain = Drain()
    for second in range(60):
        drain.note(second, 20 + (second * 7) % 5)
        assert drain.left_s() is None


def test_only_the_last_minute_counts():
    drain = Drain()
    for second in range(200):
        drain.note(second, 10**6 if second < 100 else 2000 - 10 * (second - 100))
    assert drain.left_s() == pytest.approx(2000 / 10 - 99, abs=1)
