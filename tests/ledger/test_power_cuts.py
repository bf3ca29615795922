"""Cuts out of a meter's event log, and the intervals that they explain."""

from __future__ import annotations

from bridge.ledger.power_cuts import PowerCut, cut_around, power_cuts


def test_down_and_up_make_a_cut_whatever_lies_between():
    assert power_cuts([(1, 40), (10, 1), (15, 6), (20, 2), (30, 2), (40, 1)]) == [PowerCut(10, 20)]


def test_the_last_of_two_downs_counts():
    assert power_cuts([(10, 1), (20, 1), (30, 2)]) == [PowerCut(20, 30)]


def test_a_clock_that_was_set_back_over_a_cut_makes_none():
    assert power_cuts([(30, 1), (10, 2)]) == []


def test_a_cut_explains_what_lies_wholly_inside_it():
    cuts = [PowerCut(100, 200)]
    assert cut_around(100, 200, cuts) == PowerCut(100, 200)
    assert cut_around(90, 150, cuts) is None
    assert cut_around(90, 150, cuts, slack_ms=10) == PowerCut(100, 200)
    assert cut_around(150, 250, cuts) is None
