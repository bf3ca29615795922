"""Whether a day adds up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.ledger.sum_check import Between, RegisterDay, judge

DAY = RegisterDay("active_energy", "Wh", 0, differences=2400.0, missing=0, first=10_000.0, last=12_400.0, resolution=1)


def test_a_day_that_adds_up_is_equal():
    assert judge(DAY) == ("equal", 0)


def test_fractions_that_only_rounding_tells_apart_are_equal():
    day = replace(DAY, first=0.0, last=9.6, differences=sum([0.1] * 96), resolution=0.1)
    assert day.differences != 9.6
    assert judge(day).word == "equal"


def test_what_fell_into_missing_intervals_is_said():
    assert judge(replace(DAY, differences=2300.0, missing=4)) == ("unplaced", 100)


@pytest.mark.parametrize(("differences", "by"), [(2300.0, 100), (2500.0, -100)])
def test_a_day_that_lacks_nothing_and_does_not_add_up_differs(differences, by):
    assert judge(replace(DAY, differences=differences)) == ("differs", by)


def test_more_than_the_totals_rose_by_is_no_question_of_missing_intervals():
    assert judge(replace(DAY, differences=2500.0, missing=4)) == ("differs", -100)


@pytest.mark.parametrize("end", ["first", "last"])
def test_without_a_total_nothing_is_claimed(end):
    assert judge(replace(DAY, **{end: None})) == ("unknown", 0)


def test_captured_totals_lie_between_the_live_readings_around_them():
    assert judge(replace(DAY, live_first=Between(9_999, 10_000), live_last=Between(12_400, 12_401))).word == "equal"
    assert judge(replace(DAY, live_last=Between(12_300, 12_350))) == ("live differs", 50)
    assert judge(replace(DAY, live_first=Between(10_100, 10_101))) == ("live differs", -100)
