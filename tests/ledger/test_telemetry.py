"""Rows as samples: which value under which key and which time."""

from __future__ import annotations

import pytest

from bridge.dlms.history import HistoryLayout, HistoryRow
from bridge.dlms.load_profile import RECOVERED, ProfileCell, ProfileColumn
from bridge.ledger.classification import by_interval
from bridge.ledger.reader import HistorySource
from bridge.ledger.telemetry import DOUBLED, WENT_BACK, Teller, columns_sent, keys_sent, stamped
from tests.ledger.rows_by_hand import DAY, HISTORY, LAYOUT, SOURCE, at, row


def told(*rows, before=(), doubt=""):
    """What goes out, by time: values and doubts."""
    found = by_interval(HISTORY, rows)
    tellings = Teller(HISTORY, LAYOUT, SOURCE).intervals(found, by_interval(HISTORY, (*before, *rows)), doubt)
    return {one.sample.ts_ms: one for one in tellings}


def said(telling):
    return {value.key: value.value for value in telling.sample.values}


def test_a_register_goes_under_the_end_and_its_difference_under_the_start():
    found = told(row(1, 100), row(2, 130))
    assert said(found[at(1)]) == {"lp_energy": 100, "lp_power": 5, "lp_energy_delta": 30}
    assert said(found[at(2)]) == {"lp_energy": 130, "lp_power": 5}


def test_an_interval_is_had_once_its_value_and_its_difference_are():
    found = told(row(1, 100), row(2, 130))
    assert found[at(1)].ends == (at(1), at(2))
    assert found[at(2)].ends == (at(2),)


def test_the_difference_of_the_first_interval_begins_with_the_row_before_the_slice():
    found = told(row(2, 130), before=[row(1, 100)])
    assert said(found[at(1)]) == {"lp_energy_delta": 30}
    assert found[at(1)].ends == (at(2),)


def test_a_gap_has_no_difference():
    assert all("lp_energy_delta" not in said(one) for one in told(row(1, 100), row(3, 160)).values())


def test_differences_have_no_noise_of_binary_fractions():
    assert said(told(row(1, 0.1), row(2, 0.3))[at(1)])["lp_energy_delta"] == 0.2


def test_a_register_that_went_back_says_so_and_gives_no_difference():
    (value,) = [one for one in told(row(1, 100), row(2, 7))[at(1)].sample.values if one.key == "lp_energy_delta"]
    assert (value.value, value.quality) == (None, WENT_BACK)


def test_the_status_goes_as_text_where_it_says_something():
    found = told(row(1, status=0), row(2, status=1 << 7 | 1 << 3), row(3, status=1 << 6))
    assert [said(found[at(quarter)]).get("lp_status") for quarter in (1, 2, 3)] == [
        None, "daylight saving, power down", "bit 6",
    ]  # fmt: skip


def test_a_bit_whose_words_are_empty_is_passed_over():
    teller = Teller(HISTORY, LAYOUT, SOURCE._replace(status={6: "recovered", 7: ""}))
    assert [teller.status_words(status) for status in (0xC0, 0x80, 0x81)] == ["recovered", "", "bit 0"]


def test_rows_of_one_stamp_are_both_there_each_under_a_time_of_its_own_and_say_so():
    found = told(row(1, 100), row(1, 90), row(2, 130))
    assert said(found[at(1)])["lp_energy"] == 100
    assert said(found[at(1) + 1])["lp_energy"] == 90
    for ts_ms in (at(1), at(1) + 1):
        assert {value.quality for value in found[ts_ms].sample.values} == {DOUBLED}
    assert all("lp_energy_delta" not in said(one) for one in found.values()), "nobody knows which one it began with"


def test_stamps_keep_their_order_and_never_meet():
    assert [stamp for stamp, _ in stamped([row(1, 1), row(1, 2), row(1, 3)])] == [at(1), at(1) + 1, at(1) + 2]


def test_a_value_that_was_left_out_because_it_is_the_same_carries_no_doubt():
    (value, _) = told(row(1, 100, quality=RECOVERED))[at(1)].sample.values
    assert value.quality == ""


def test_what_is_said_against_the_meters_clock_stands_with_every_value():
    values = told(row(1), doubt="the meter's clock is off by +1800 s")[at(1)].sample.values
    assert {value.quality for value in values} == {"the meter's clock is off by +1800 s"}


def test_a_column_without_a_key_is_left_out_and_only_registers_that_add_up_have_differences():
    columns = columns_sent(LAYOUT, {"1.0.1.8.0.255": "energy", "1.0.1.7.0.255": "power"})
    assert keys_sent(columns, has_period=True) == (("lp_energy", "lp_power", "lp_energy_delta"), ("Wh", "W", "Wh"))
    assert keys_sent(columns_sent(LAYOUT, {}), has_period=True) == ((), ())


@pytest.mark.parametrize(("code", "words"), [(1, "power down"), (201, "our own"), (250, "code 250")])
def test_an_event_goes_under_its_own_time_with_words(code, words):
    log = HISTORY._replace(logical_name="0.0.99.98.0.255", kind="events", period_s=0)
    layout = HistoryLayout(
        log.logical_name, (ProfileColumn(8, "0.0.1.0.0.255", 2), ProfileColumn(1, "0.0.96.11.0.255", 2)), 0, 0, None
    )
    teller = Teller(log, layout, HistorySource(log.logical_name, "events", {}, codes={201: "our own"}))
    sample, event = teller.event(DAY + 5, HistoryRow(DAY + 5, (ProfileCell(""), ProfileCell(code))))
    assert sample.ts_ms == DAY + 5
    assert {value.key: value.value for value in sample.values} == {
        "event": words, "event_code": code, "event_log": "standard",
    }  # fmt: skip
    assert (event.code, event.words) == (code, words)
