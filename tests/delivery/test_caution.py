"""With few messages in doubt something is stored in each session, whatever ends them."""

from __future__ import annotations

import math

from bridge.delivery.caution import MOST, Caution


def test_at_first_there_is_no_bound():
    caution = Caution()
    assert caution.has_room(10_000)
    caution.closed(0)  # nothing was in doubt: nothing is known
    assert caution.most == math.inf


def test_a_session_that_ends_halves_what_may_be_in_doubt_and_leaves_one_at_least():
    caution = Caution()
    caution.closed(20)
    assert (caution.has_room(9), caution.has_room(10)) == (True, False)
    caution.closed(10)
    assert caution.most == 5
    for _ in range(3):
        caution.closed(1)
    assert (caution.has_room(0), caution.has_room(1)) == (True, False)


def test_with_all_that_is_stored_more_may_be_and_soon_any_number():
    caution = Caution()
    caution.closed(2)
    bounds = []
    while caution.most < math.inf:
        bounds.append(caution.most)
        caution.stored()
    assert bounds == sorted(bounds)
    assert bounds[-1] <= MOST
    assert len(bounds) < 10
