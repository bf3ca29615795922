from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.delivery.bucket import Bucket


@pytest.fixture
def bucket() -> Bucket:
    return Bucket(10, 2.0, level=10, now_s=0)


def test_what_is_on_the_way_is_reserved_and_counted_when_it_was_accepted(bucket):
    bucket.sent(10)
    assert bucket.available(100) == 0  # whatever it refilled: all of it may arrive at this moment
    bucket.accepted(10, 100)
    assert bucket.available(100) == 0
    assert bucket.available(101) == 2


def test_it_never_holds_more_than_its_size(bucket):
    assert bucket.available(1000) == 10


def test_how_long_so_much_is_waited_for(bucket):
    bucket.spend(10, 0)
    assert bucket.wait_s(0, 0) == 0
    assert bucket.wait_s(50, 0) == 5  # never fits: as long as for all of it
    assert bucket.wait_s(4, 0) == 2
    assert bucket.wait_s(4, 1) == 1


def test_what_was_spent_beyond_its_size_makes_the_next_wait_longer(bucket):
    bucket.spend(14, 0)
    assert bucket.wait_s(2, 0) == 3


def test_after_a_session_that_ended_it_is_taken_for_empty(bucket):
    bucket.sent(3)
    bucket.drain(5)
    assert bucket.available(5) == 0
    assert bucket.available(6) == 2


def test_another_size_keeps_what_is_in_it(bucket):
    bucket.resize(4, 1.0, 0)
    assert bucket.available(0) == 4
    bucket.resize(100, 1.0, 0)
    assert bucket.available(0) == 4
    assert bucket.available(6) == 10


@given(
    st.integers(1, 30),
    st.floats(0.1, 20),
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 5), st.floats(0, 4)), max_size=60),
)
def test_whatever_the_delay_on_the_way_the_servers_own_bucket_is_never_passed(amount, per_s, wishes):
    """Ours is the size of the server's: what it counts, at any moment between sending and acceptance, always fits."""
    ours, now_s, arrivals = Bucket(amount, per_s, level=amount, now_s=0), 0.0, []
    for gap_s, count, delay_s in wishes:
        now_s += gap_s
        for at_s, sent in [one for one in arrivals if one[0] <= now_s]:
            ours.accepted(sent, at_s)
            arrivals.remove((at_s, sent))
        if ours.available(now_s) >= count:
            ours.sent(count)
            arrivals.append((now_s + delay_s, count))
            arrivals.sort()
        assert ours.available(now_s) <= amount
        assert ours._on_the_way <= amount + 1e-9
