"""How much the way carries is learnt by looking on: from 1.2 kbit/s to a switch in the same room."""

from __future__ import annotations

import pytest

from bridge.delivery.line import Line
from bridge.delivery.messages import MAX_BYTES


def carry(bytes_per_s: float, round_trip_s: float, rounds: int = 40) -> tuple[Line, list[float]]:
    """Fill the line again and again; returns it, and how long each filling took."""
    line, took = Line(), []
    for _ in range(rounds):
        size = min(line.message_bytes, MAX_BYTES)
        count = max(1, min(int(line.max_messages), int(line.max_bytes // size)))
        took_s = count * size / bytes_per_s + count * round_trip_s  # one in flight
        line.accepted(took_s, count * size, count)
        took.append(took_s)
    return line, took


@pytest.mark.parametrize("bytes_per_s", [150, 1200, 2500])
def test_on_a_slow_line_something_is_accepted_within_seconds(bytes_per_s):
    line, took = carry(bytes_per_s, 0.3)
    assert max(took[2:]) < 20
    assert line.message_bytes <= max(400, bytes_per_s * 5)


def test_a_fast_line_is_filled_after_a_few_round_trips():
    line, _ = carry(10_000_000, 0.005, rounds=12)
    assert line.message_bytes >= MAX_BYTES
    assert line.max_messages >= 16


def test_a_line_that_becomes_slow_is_noticed_and_one_that_becomes_fast_as_well():
    line, _ = carry(1_000_000, 0.01)
    full = line.max_bytes
    for _ in range(12):
        size = line.max_bytes
        line.accepted(size / 500 + 0.01, size, 2)
    slow = line.max_bytes
    assert slow < full / 50
    for _ in range(12):
        line.accepted(0.02, line.max_bytes, 2)
    assert line.max_bytes > 10 * slow


def test_at_two_seconds_of_round_trip_messages_are_large_and_few():
    line, _ = carry(100_000, 2.0)
    assert line.message_bytes > 10_000
    assert line.max_messages <= 4
    assert line.round_trip_s == pytest.approx(2.0, rel=0.5)


def test_less_of_it_after_a_session_that_ended():
    line, _ = carry(10_000_000, 0.005)
    before, messages = line.max_bytes, line.max_messages
    line.failed()
    assert (line.max_bytes, line.max_messages) == (before / 2, messages / 2)
    for _ in range(50):
        line.failed()
    assert line.message_bytes == 400
    assert line.max_messages >= 3


def test_an_answer_is_waited_for_as_long_as_the_line_may_need():
    line = Line()
    assert line.patience_s(0, 0) == 10
    assert line.patience_s(4000, 1) >= 4000 / 150 * 2  # nothing was seen of it: it may be one of 1.2 kbit/s
    fast, _ = carry(1_000_000, 0.01)
    assert fast.patience_s(60_000, 1) == 10
    slow, _ = carry(150, 0.5)
    assert slow.patience_s(800, 1) > 2 * 800 / 150
    assert slow.patience_s(10**9, 32) == 240


def test_what_says_nothing_teaches_nothing():
    line = Line()
    before = line.max_bytes
    line.accepted(1.0, 0, 0)
    assert (line.max_bytes, line.round_trip_s) == (before, 0)
