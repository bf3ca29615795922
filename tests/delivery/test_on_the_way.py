from __future__ import annotations

import pytest

from bridge.delivery.messages import Message
from bridge.delivery.on_the_way import OnTheWay


@pytest.fixture
def way() -> OnTheWay:
    return OnTheWay()


def message(size: int = 100, answer: str = "") -> Message:
    return Message("t", b"x" * size, answer=answer)


def test_what_was_sent_is_on_the_way_until_it_is_accepted(way):
    one, two = message(), message()
    way.sent(one, 1)
    way.sent(two, 2)
    assert (way.first_sent_s, way.bytes) == (1, one.size_bytes + two.size_bytes)
    way.accepted([one], 3)
    assert (way.first_sent_s, list(way.messages), way.bytes) == (2, [two], two.size_bytes)
    way.accepted([one], 4)
    assert list(way.messages) == [two]


def test_it_is_full_when_the_line_is(way):
    assert not way.is_full
    for _ in range(3):
        way.sent(message(), 0)
    assert way.is_full
    way.accepted(list(way.messages), 0.1)
    way.sent(message(100_000), 0.2)
    assert way.is_full


def test_when_the_newest_question_was_asked(way):
    assert way.last_question_s is None
    way.sent(message(answer="a"), 1)
    way.sent(message(answer="b"), 2)
    way.sent(message(), 3)
    assert way.last_question_s == 2


def test_the_line_is_timed_from_the_last_acceptance_when_something_was_before_it(way):
    one, two = message(1000), message(1000)
    way.sent(one, 0)
    way.sent(two, 0)
    way.accepted([one], 10)
    way.accepted([two], 11)
    assert way.line.round_trip_s == pytest.approx(1.0)


def test_what_was_lost_is_handed_back_in_order(way):
    one, two = message(), message()
    way.sent(one, 0)
    way.sent(two, 0)
    assert way.lost() == [one, two]
    assert (way.bytes, way.first_sent_s) == (0, None)
