"""Ranges of time and their states: the last word on each moment holds, and nothing is told twice."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from bridge.ledger.states import STATES, Range, painted

MOMENTS = st.integers(0, 40)
WORDS = st.lists(st.tuples(MOMENTS, MOMENTS, st.sampled_from(STATES), st.sampled_from(["", "why"])), max_size=12)


@given(WORDS)
def test_the_last_word_on_each_moment_holds(words):
    ranges: list[Range] = []
    moments: dict[int, tuple[str, str]] = {}
    for start, end, state, reason in words:
        ranges = painted(ranges, Range(start, end, state, reason))
        moments.update(dict.fromkeys(range(start, end), (state, reason)))
    told = {moment: (one.state, one.reason) for one in ranges for moment in range(one.start_ms, one.end_ms)}
    assert told == moments


@given(WORDS)
def test_ranges_are_in_order_do_not_overlap_and_alike_neighbours_are_one(words):
    ranges: list[Range] = []
    for start, end, state, reason in words:
        ranges = painted(ranges, Range(start, end, state, reason))
    assert all(one.start_ms < one.end_ms for one in ranges)
    for one, after in itertools.pairwise(ranges):
        assert one.end_ms <= after.start_ms
        assert one.end_ms < after.start_ms or one[2:] != after[2:]
