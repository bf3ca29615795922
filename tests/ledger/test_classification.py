"""What a slice says of each interval that was wanted."""

from __future__ import annotations

import pytest

from bridge.ledger.classification import POWER_DOWN, SET_FORWARD, TOO_OLD, UNEXPLAINED, Gap, by_interval, classify
from bridge.ledger.power_cuts import PowerCut
from bridge.ledger.states import Range
from tests.ledger.rows_by_hand import HISTORY, QUARTER, at, row


def judged(*rows, upto: int = 10, newest: float = 100, oldest: int | None = None, **more):
    wanted = Range(at(0), at(upto), "wanted")
    return classify(
        HISTORY, wanted, rows, newest_ms=at(newest), oldest_ms=None if oldest is None else at(oldest), **more
    )


def test_rows_are_had_by_the_end_that_they_are_nearest_to():
    found = by_interval(HISTORY, [row(1), row(2.2), row(2.9)])
    assert [(end - at(0)) // QUARTER for end in found] == [1, 2, 3]


def test_a_row_that_came_twice_all_alike_counts_once_and_one_that_differs_is_another():
    found = by_interval(HISTORY, [row(1, 5), row(1, 5), row(1, 6)])
    assert [one.cells[2].value for one in found[at(1)]] == [5, 6]


def test_a_row_beside_the_slice_is_not_of_it():
    assert list(judged(row(0), row(1), row(2), upto=1).rows) == [at(1)]


def test_what_the_meter_has_not_written_yet_is_asked_for_again():
    findings = judged(row(1), row(2), upto=4, newest=2)
    assert findings.pending == [Gap(at(2), at(4))]
    assert not findings.off
    assert not findings.doubted


def test_what_is_older_than_the_oldest_row_was_overwritten():
    findings = judged(row(3), row(4), upto=4, oldest=3)
    assert findings.overwritten == [Gap(at(0), at(2), TOO_OLD)]


def test_a_cut_in_the_log_explains_a_gap():
    findings = judged(row(1), row(5), upto=5, cuts=[PowerCut(at(1.2), at(4.5))])
    assert findings.off == [Gap(at(1), at(4), POWER_DOWN)]


def test_a_cut_elsewhere_explains_nothing():
    findings = judged(row(1), row(5), upto=5, cuts=[PowerCut(at(-90), at(-50))])
    assert findings.doubted == [Gap(at(1), at(4))]


@pytest.mark.parametrize("which", [1, 5])
def test_a_row_beside_the_gap_that_says_power_down_explains_it(which):
    rows = [row(quarter, status=1 << 7 if quarter == which else 0) for quarter in (1, 5)]
    assert judged(*rows, upto=5, power_down_bits=1 << 7).off == [Gap(at(1), at(4), POWER_DOWN)]


def test_the_rows_beside_a_gap_may_lie_outside_of_what_was_wanted():
    wanted = Range(at(1), at(3), "wanted")
    rows = [row(1), row(8, status=1 << 7)]
    findings = classify(HISTORY, wanted, rows, newest_ms=at(9), oldest_ms=None, power_down_bits=1 << 7)
    assert findings.off == [Gap(at(1), at(3), POWER_DOWN)]


def test_a_gap_before_a_row_that_says_clock_adjusted_never_was():
    findings = judged(row(1), row(4, status=1 << 5), upto=4, adjusted_bits=1 << 5)
    assert findings.off == [Gap(at(1), at(3), SET_FORWARD)]


def test_a_gap_that_nothing_explains_is_doubted_once_and_believed_the_second_time():
    first = judged(row(1), row(3), upto=3)
    assert first.doubted == [Gap(at(1), at(2))]
    again = judged(row(1), row(3), upto=3, doubted_before={at(2)})
    assert again.off == [Gap(at(1), at(2), UNEXPLAINED)]


def test_a_gap_older_than_the_meter_keeps_rows_is_taken_for_overwritten():
    assert judged(row(3), upto=3, kept_since_ms=at(2)).overwritten == [Gap(at(0), at(2), TOO_OLD)]


def test_every_interval_gets_exactly_one_verdict():
    findings = judged(row(4), row(6), row(8, status=1 << 7), upto=20, newest=15, oldest=2, power_down_bits=1 << 7)
    ends = list(findings.rows)
    for gaps in (findings.off, findings.overwritten, findings.pending, findings.doubted):
        ends += [end for gap in gaps for end in range(gap.start_ms + QUARTER, gap.end_ms + 1, QUARTER)]
    assert sorted(ends) == [at(quarter) for quarter in range(1, 21)]
