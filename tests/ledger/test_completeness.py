"""Shares, counts and what is missing, out of ranges; against a plain count of every interval by itself."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ledger.completeness import DAY_MS, DUE_MS, Counts, day_starts, timeline, total
from bridge.ledger.history import History
from bridge.ledger.states import IntervalState, Range

QUARTER_MS = 900_000
NOON_MS = 1_795_435_200_000  # 2026-11-23 12:00 UTC
HOUR_MS = 3_600_000

EVERY_STATE = get_args(IntervalState)


def ago(hours: float) -> int:
    return int(NOON_MS - hours * HOUR_MS)


def history(begin_ms: int, *, phase_ms: int = 0, capacity: int = 0) -> History:
    keys = ("active_energy",), ("Wh",)
    return History(
        1, "main", "1.0.99.1.0.255", "intervals", 1, 900, *keys,
        begin_ms=begin_ms, phase_ms=phase_ms, capacity=capacity,
    )  # fmt: skip


def of_now(*ranges: Range, now_ms: int = NOON_MS, **more):
    return timeline(history(ranges[0].start_ms), ranges, now_ms=now_ms, **more)


@given(
    offset_ms=st.integers(0, QUARTER_MS - 1),
    lengths=st.lists(st.tuples(st.sampled_from((*EVERY_STATE, None)), st.integers(1, 40)), max_size=12),
    window=st.tuples(st.integers(0, 300), st.integers(0, 300)),
    late=st.integers(0, 100),
)
def test_counting_by_ranges_is_counting_every_interval(offset_ms, lengths, window, late):
    """However the ranges lie, wherever the window begins, and whatever the period begins with."""
    begin_ms = DAY_MS * 20_000 + offset_ms
    ranges, states, at_ms = [], {}, begin_ms
    for state, count in lengths:
        if state is not None:
            ranges.append(Range(at_ms, at_ms + count * QUARTER_MS, state))
        for _ in range(count):
            at_ms += QUARTER_MS
            states[at_ms] = state or "wanted"
    now_ms = at_ms + late * 60_000
    due = {end: state for end, state in states.items() if end <= now_ms - DUE_MS}
    end_ms = max(states, default=begin_ms)
    while end_ms + QUARTER_MS <= now_ms - DUE_MS:
        end_ms += QUARTER_MS
        due[end_ms] = "wanted"
    start_ms = begin_ms + window[0] * QUARTER_MS // 2
    finish_ms = start_ms + window[1] * QUARTER_MS // 2
    found = [state for end, state in due.items() if start_ms < end <= finish_ms]
    whose = history(begin_ms, phase_ms=offset_ms)
    counted = timeline(whose, ranges, now_ms=now_ms).counts(start_ms, finish_ms)
    assert counted == Counts(
        had=found.count("confirmed"),
        off=found.count("meter was off"),
        missing=found.count("wanted") + found.count("on its way"),
        gone=found.count("overwritten") + found.count("refused"),
    )


def test_an_interval_that_is_not_due_yet_does_not_count():
    line = of_now(Range(ago(2), ago(0.5), "confirmed"))
    assert line.counts(ago(24), NOON_MS) == Counts(had=6, missing=1), "11:45 is due at 12:00, 12:00 is not"
    assert line.counts(ago(24), NOON_MS).ratio == pytest.approx(6 / 7)
    a_minute_before = of_now(Range(ago(2), ago(0.5), "confirmed"), now_ms=NOON_MS - 60_000)
    assert a_minute_before.counts(ago(24), NOON_MS).ratio == 1


def test_a_meter_without_power_lacks_nothing_and_what_was_overwritten_is_missing_for_good():
    line = of_now(
        Range(ago(10), ago(8), "confirmed"),
        Range(ago(8), ago(6), "meter was off", "power down"),
        Range(ago(6), ago(4), "overwritten"),
        Range(ago(4), ago(0), "confirmed"),
    )
    counts = line.counts(ago(24), NOON_MS)
    assert (counts.off, counts.gone, counts.missing) == (8, 8, 0)
    assert counts.ratio == pytest.approx((counts.due - 8) / counts.due)
    assert line.missing() == []


def test_what_nobody_told_about_since_is_wanted_and_what_was_before_is_not_asked_for():
    line = of_now(Range(ago(30), ago(20), "confirmed"), Range(ago(18), ago(6), "confirmed"))
    assert [(gap.start_ms, gap.end_ms) for gap in line.missing()] == [(ago(20), ago(18)), (ago(6), ago(0.25))]
    assert line.counts(ago(24 * 30), NOON_MS).due == 4 * 30 - 1


def test_neighbours_of_one_state_are_one_gap():
    line = of_now(Range(ago(3), ago(2), "wanted"), Range(ago(2), ago(1), "wanted"), Range(ago(1), ago(0), "confirmed"))
    assert [(gap.start_ms, gap.end_ms) for gap in line.missing()] == [(ago(3), ago(1))]


def test_a_history_whose_layout_changed_ends_there():
    old = of_now(Range(ago(10), ago(6), "confirmed"), ends_ms=ago(5))
    new = of_now(Range(ago(5), ago(0), "confirmed"))
    assert total([old, new], ago(24), NOON_MS) == Counts(had=16 + 19, missing=4)


def test_a_history_that_nobody_has_read_yet_is_wanted_from_where_its_ledger_begins():
    line = timeline(history(ago(10)), [], now_ms=NOON_MS)
    assert line.counts(0, NOON_MS) == Counts(missing=39)


def test_before_the_first_interval_is_due_nothing_is():
    assert timeline(history(ago(0.5)), [], now_ms=ago(0)).counts(0, NOON_MS).due == 1
    assert timeline(history(ago(0.25)), [], now_ms=ago(0)).counts(0, NOON_MS).ratio is None


def test_an_interval_can_be_had_until_the_meter_has_captured_so_many_more():
    gap = Range(ago(3), ago(2), "wanted")
    kept_for_four_hours = timeline(history(ago(9), capacity=16), [gap], now_ms=NOON_MS)
    assert kept_for_four_hours.had_until(gap) == ago(3) + 17 * QUARTER_MS, "captured at -2:45, gone at 1:15"
    assert timeline(history(ago(9)), [gap], now_ms=NOON_MS).had_until(gap) is None


def test_while_the_meter_was_off_it_overwrote_nothing():
    gap, off = Range(ago(3), ago(2), "wanted"), Range(ago(2), ago(1), "meter was off", "power down")
    line = timeline(history(ago(9), capacity=16), [gap, off], now_ms=NOON_MS)
    assert line.had_until(gap) == ago(3) + 21 * QUARTER_MS


def test_what_should_be_gone_and_is_not_said_to_be_may_be_soon():
    gap = Range(ago(3), ago(2), "wanted")
    line = timeline(history(ago(9), capacity=4), [gap], now_ms=NOON_MS)
    assert ago(0) <= line.had_until(gap) <= ago(-0.25)


def test_days_are_days_of_utc():
    assert day_starts(NOON_MS, 3) == [ago(12 + 48), ago(12 + 24), ago(12)]
