"""How much a meter is asked for, and how many rows at a time."""

from __future__ import annotations

from bridge.ledger.request_budget import MOST_ROWS, RequestBudget, SliceSize, backoff_s


def test_a_third_of_an_hours_requests_may_go_at_once_and_the_rest_as_time_passes():
    budget = RequestBudget(120, 0.0)
    sent, now_s = 0, 0.0
    while now_s < 3600:
        if wait_s := budget.wait_s(now_s):
            now_s += wait_s + 1e-6
        else:
            budget.spend(1)
            sent += 1
    assert 120 <= sent <= 120 + 40 + 1


def test_a_slice_that_took_more_than_was_left_is_waited_for():
    budget = RequestBudget(120, 0.0)
    budget.spend(70)
    assert budget.wait_s(0.0) == (70 - 40 + 1) * 30.0


def test_a_slice_is_as_long_as_what_fits_before_the_next_cycle():
    size = SliceSize()
    assert size.rows(4.0) <= 8, "nobody knows yet"
    size.took(2, 0.2)
    size.took(50, 0.2 + 50 * 0.02)
    assert 100 <= size.rows(4.0) <= 150
    assert size.rows(0.5) == 7
    assert size.rows(0.0) == 1


def test_a_slice_of_several_questions_tells_nothing_and_the_next_may_be_longer():
    size = SliceSize()
    for _ in range(10):
        size.took(size.rows(1.0), 60.0, 5)
    assert size.rows(1.0) == MOST_ROWS


def test_what_fails_is_asked_for_in_halves_down_to_a_single_row():
    size = SliceSize()
    size.took(100, 1.0)
    failures = 1
    while not size.failed():
        failures += 1
    assert size.rows(100.0) == 1
    assert failures < 12


def test_more_time_than_there_ever_is_is_never_asked_for():
    size = SliceSize()
    size.took(10, 100.0)
    assert size.needs_s(50, 3.0) == 3.0


def test_waiting_doubles_and_ends_however_often():
    assert [backoff_s(1.0, times, 60.0) for times in (1, 2, 3, 7, 10_000)] == [1, 2, 4, 60, 60]
