"""What was sent, as the smallest limit that would have let it through."""

from __future__ import annotations

import pytest

from bridge.delivery.demand import Demands


def test_what_is_sent_at_once_must_fit_into_a_full_bucket():
    assert Demands(1.0).add(5, 10.0).most == 5
    assert Demands(60.0).add(30, 10.0).most == 0.5


def test_what_comes_later_may_use_what_was_refilled_since():
    demands = Demands(1.0)
    demands.add(5, 0.0)
    assert demands.add(5, 1.0).most == 5
    assert demands.add(5, 1.5).most == pytest.approx(10 / 1.5)


def test_a_rate_that_is_kept_to_for_long_demands_little_more_than_itself():
    demands = Demands(1.0)
    most = max(demands.add(1, second / 4).most for second in range(200))
    assert 3.5 < most < 4.5


def test_what_may_not_have_been_counted_is_in_the_one_demand_and_not_in_the_other():
    demands = Demands(60.0)
    demands.add(20, 0.0)
    demands.add(10, 10.0)
    demands.lost(15)
    demand = demands.add(10, 20.0)
    assert demand.most == pytest.approx(40 / 80)
    assert demand.least == pytest.approx(25 / 80)
