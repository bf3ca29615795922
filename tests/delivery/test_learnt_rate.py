"""A limit that ThingsBoard never tells is learnt from the sessions that it closes; what is no limit is not."""

from __future__ import annotations

import itertools

import pytest

from bridge.delivery.learnt_rate import FIRST_PER_S, FLOOR_PER_S, LASTED_S, UNLIMITED_PER_S, LearntRate


def send(rate: LearntRate, now_s: float, amount: float = 1) -> None:
    rate.sent(amount, now_s)
    rate.accepted(amount, now_s)


def busy(rate: LearntRate, now_s: float, seconds: float) -> float:
    """Send as fast as it lets, for so long; returns the time."""
    end_s = now_s + seconds
    while now_s < end_s:
        now_s += max(0.02, rate.wait_s(1, now_s))
        send(rate, now_s)
    return now_s


def hit(rate: LearntRate, now_s: float, *, was_fruitful: bool = True) -> float:
    """A session of a second that ended on all that the rate let through."""
    rate.sent(rate.per_s, now_s + 1)
    rate.session_ended(now_s + 1, 1, blamed=True, was_fruitful=was_fruitful)
    return now_s + 1


def test_at_first_it_doubles_each_time_that_it_was_used_and_what_it_let_through_was_accepted():
    rate = LearntRate()
    for number in range(3):
        send(rate, 10.0 * number, rate.per_s)
    assert rate.per_s == 8 * FIRST_PER_S
    send(rate, 100)
    assert rate.per_s == 8 * FIRST_PER_S  # so little says nothing about more


def test_where_there_is_no_limit_it_is_none_in_the_end():
    rate = LearntRate()
    for number in range(20):
        send(rate, 10.0 * number, FIRST_PER_S * 2**number)
    assert rate.is_open
    assert (rate.available(0), rate.wait_s(10**9, 0)) == (float("inf"), 0)
    assert rate.known_per_s is None
    assert FIRST_PER_S * 2**20 > UNLIMITED_PER_S


def test_a_hit_lowers_it_below_what_was_on_the_way():
    rate = LearntRate()
    hit(rate, 0)
    assert rate.per_s < FIRST_PER_S


def test_what_a_session_outlived_is_safe_and_it_never_falls_below_that_by_one_hit():
    rate = LearntRate()
    send(rate, 0, 8)
    send(rate, 20)  # the close would have come by now
    rate.sent(12, 30)
    rate.session_ended(31, 31, blamed=True, was_fruitful=True)
    assert 8 * 0.9 <= rate.per_s < 12


def test_on_a_long_line_less_is_safe_than_was_sent_since_nobody_knows_how_close_together_it_arrived():
    strains = []
    for round_trip_s in (0.0, 1.0):
        rate = LearntRate()
        rate.sent(3, 0, round_trip_s=round_trip_s)
        rate.accepted(3, 1)
        send(rate, 15, 0.001)  # the session goes on
        rate.sent(3, 30)
        strains.append(rate.strain)
    assert strains[0] == 1
    assert strains[1] > 1.2


def test_a_second_hit_at_the_same_rate_is_known_and_remembered():
    rate = LearntRate()
    for now_s in (0, 10):
        rate.sent(8, now_s)
        rate.session_ended(now_s + 1, 2, blamed=True, was_fruitful=True)
    assert rate.known_per_s == rate.per_s
    assert LearntRate(rate.known_per_s).per_s == rate.per_s


def test_it_rises_again_by_and_by_to_just_below_the_ceiling():
    rate = LearntRate()
    now_s = hit(rate, 0)
    low = rate.per_s
    busy(rate, now_s, 5)
    assert low < rate.per_s < FIRST_PER_S


def test_what_others_are_blamed_for_makes_what_is_safe_less_sure_and_not_the_rate():
    rate = LearntRate()
    send(rate, 0, 8)
    before = rate.per_s
    rate.sent(8, 10)
    strain = rate.strain
    rate.session_ended(11, 2, blamed=False, was_fruitful=True)
    rate.sent(8, 20)
    assert rate.per_s == before
    assert rate.strain >= strain


def test_a_limit_of_a_minute_is_none_until_it_is_blamed():
    rate = LearntRate(period_s=60.0)
    assert rate.is_open
    for number in range(2):
        assert rate.is_open
        for second in range(60):
            rate.sent(5, 100.0 * number + second)
        rate.session_ended(100.0 * number + 60, 60, blamed=True, was_fruitful=True)
    assert not rate.is_open
    assert rate.per_s < 5


def test_a_ceiling_that_was_hit_again_and_again_is_tried_more_and_more_seldom():
    rate, now_s, hits_s = LearntRate(), 0.0, []
    began_s = now_s
    while now_s < 20_000:
        now_s += max(0.5, rate.wait_s(10, now_s))
        rate.sent(10, now_s)
        if rate.per_s > 12:  # the limit over there
            rate.session_ended(now_s, now_s - began_s, blamed=True, was_fruitful=True)
            hits_s.append(now_s)
            began_s = now_s
        else:
            rate.accepted(10, now_s)
    assert len(hits_s) > 3
    gaps_s = [later - sooner for sooner, later in itertools.pairwise(hits_s)]
    assert max(gaps_s[-2:]) > 10 * gaps_s[0]


def test_a_limit_that_is_gone_is_noticed():
    rate = LearntRate(5.0)
    busy(rate, 0, 3000)
    assert rate.per_s > 50


def test_a_session_that_lasted_at_this_rate_was_not_ended_by_a_limit():
    rate = LearntRate(5.0)
    send(rate, LASTED_S, 5.0)
    before = rate.per_s
    rate.sent(5.0, 2 * LASTED_S + 1)
    rate.session_ended(2 * LASTED_S + 1, 2 * LASTED_S, blamed=True, was_fruitful=True)
    assert rate.per_s == before


def test_a_session_that_was_not_its_fault_or_had_nothing_of_this_kind_changes_nothing():
    rate = LearntRate(5.0)
    rate.session_ended(1, 1, blamed=True, was_fruitful=False)  # nothing was sent
    send(rate, 2)
    rate.session_ended(2, 1, blamed=False, was_fruitful=False)
    assert rate.per_s == 5.0


def test_a_server_that_closes_at_any_rate_does_not_bring_it_to_a_standstill():
    rate, now_s = LearntRate(), 0.0
    for _ in range(60):
        now_s = hit(rate, now_s)
    assert rate.per_s >= FLOOR_PER_S


def test_below_that_only_if_session_after_session_nothing_is_stored():
    rate, now_s = LearntRate(), 0.0
    for _ in range(60):
        now_s = hit(rate, now_s, was_fruitful=False)
    assert 1 / 60 <= rate.per_s < FLOOR_PER_S


@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_points_come_in_dozens_where_messages_come_singly(scale):
    rate = LearntRate(0.001, scale=scale)
    assert rate.amount == scale
    now_s = 0.0
    for _ in range(20):
        now_s = hit(rate, now_s)
    assert rate.per_s == pytest.approx(FLOOR_PER_S * scale)
