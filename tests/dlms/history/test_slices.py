"""Every row that the demo meter recorded comes back once, at its time, whatever the meter makes of the question.

The meter's bytes are gurux's; what is compared is when each value was really captured.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bridge.dlms.history import HistoryWays, oldest
from tests.dlms.history.demo_history import DAY_MS, EVENT_LOG, NOW_S, PROFILE, DemoHistory, told

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = 6
RANGES = ("with-deviation", "without-deviation", "ignores-deviation", "whole-hours", "excludes-start", "excludes-end")
PAST = "power-cuts,clock-set-back"


def ms(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def read(demo, *, here=UTC, days=DAYS):
    layout = demo.examine()
    rows, ways, questions = demo.days(layout, days, here=here)
    assert told(rows, layout) == demo.truth(days)
    return rows, ways, questions


# Each way of being asked, with each way of telling the time.


@pytest.mark.parametrize("how", RANGES)
@pytest.mark.parametrize("time", ["", "local-time", "local-time,inverted-deviation", "local-time=clock-status"])
def test_a_range_is_taken_in_one_way_or_another_and_that_is_learnt(how, time):
    _, ways, questions = read(DemoHistory(f"{PAST},profile-range={how},{time}"), here=BERLIN)
    assert ways.by == "range"
    assert max(questions[1:]) == 1 or how == "ignores-deviation", "tried once, then known"
    assert questions[-1] == 1


@pytest.mark.parametrize("time", ["deviation", "clock-status", "profile-status"])
@pytest.mark.parametrize("here", [UTC, BERLIN])
def test_the_hour_that_comes_twice_is_told_apart_by_deviation_or_status_wherever_the_bridge_stands(time, here):
    rows, *_ = read(DemoHistory(f"local-time={time}"), here=here)
    twice = [row.end_ms for row in rows if ms("2026-10-25T00:00Z") <= row.end_ms < ms("2026-10-25T02:00Z")]
    assert len(twice) == 8, "02:00 to 03:00 local time, two times over"


def test_the_hour_that_comes_twice_is_told_apart_by_the_order_of_rows_where_nothing_else_tells():
    read(DemoHistory("local-time=silent"), here=BERLIN)


@pytest.mark.parametrize("how", ["refused", "empty"])
@pytest.mark.parametrize("order", ["", "profile-order=newest-first", "profile-order=wrapped"])
@pytest.mark.parametrize("entries", ["", "profile-entries=last-column"])
def test_rows_are_found_by_number_where_no_range_gives_any(how, order, entries):
    _, ways, questions = read(DemoHistory(f"{PAST},profile-days=12,profile-range={how},{order},{entries}"))
    assert ways.by == "entry"
    assert ways.last_column == bool(entries)
    assert questions[-1] <= (24 if "wrapped" in order else 12)


@pytest.mark.parametrize("order", ["newest-first", "wrapped"])
def test_the_whole_buffer_is_read_where_nothing_less_is_given(order):
    demo = DemoHistory(f"{PAST},profile-days=12,profile-range=refused,profile-entries=refused,profile-order={order}")
    _, ways, questions = read(demo)
    assert (ways.by, questions[-1]) == ("whole", 1)


@pytest.mark.parametrize("order", ["newest-first", "unsorted", "wrapped"])
def test_rows_of_a_range_are_sorted_whatever_their_order_in_the_buffer(order):
    read(DemoHistory(f"power-cuts,profile-order={order}"))


def test_a_buffer_in_no_order_is_not_searched_by_number_but_read_whole():
    demo = DemoHistory("power-cuts,profile-days=12,profile-range=refused,profile-order=unsorted")
    assert read(demo)[1].by == "whole"


@pytest.mark.parametrize("how", ["answer", "stored"])
@pytest.mark.parametrize(
    "asked",
    ["", "profile-range=refused", "profile-range=refused,profile-entries=refused", "profile-order=newest-first"],
)
def test_what_was_not_sent_follows_from_the_row_before(how, asked):
    rows, ways, _ = read(DemoHistory(f"{PAST},profile-days=12,profile-null-data={how},{asked}"))
    assert any(row.is_recovered for row in rows)
    assert all(cell.value is not None for row in rows for cell in row.cells)
    if how == "stored" and not asked:
        assert ways.lead_s == 86400, "an answer begins in the middle, so more is asked for"


@pytest.mark.parametrize("clock", ["last", "unix"])
@pytest.mark.parametrize("asked", ["", "profile-range=refused"])
def test_the_clock_is_found_wherever_and_whatever_it_is(clock, asked):
    demo = DemoHistory(f"{PAST},profile-days=12,profile-clock={clock},{asked}")
    layout = demo.examine()
    assert (layout.clock, layout.status, layout.is_unix) == (3, 0, clock == "unix")
    read(demo)


def test_a_meter_that_rounds_ranges_to_days_is_understood_and_what_is_beside_the_slice_left_out():
    _, ways, questions = read(DemoHistory(f"{PAST},profile-range=whole-days"))
    assert ways.by == "range"
    assert questions[-1] == 1


@pytest.mark.parametrize("time", ["", "local-time"])
def test_a_meter_that_answers_short_ranges_alone_is_asked_for_those(time):
    _, ways, questions = read(DemoHistory(f"{PAST},profile-range=short,{time}"), here=BERLIN)
    assert (ways.by, ways.longest_s) == ("range", 3600)
    assert questions[-1] <= 26


def test_a_meter_that_answers_few_entries_alone_is_asked_for_those():
    _, ways, questions = read(DemoHistory(f"{PAST},profile-days=12,profile-range=refused,profile-entries=few"))
    assert ways.by == "entry"
    assert questions[-1] <= 20


def test_an_answer_that_is_cut_short_is_asked_on_to_its_end():
    _, _, questions = read(DemoHistory(f"{PAST},profile-rows=20"))
    assert questions[-1] >= 5


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("referencing", ["ln", "sn"])
def test_every_data_link_and_referencing(framing, referencing):
    demo = DemoHistory(PAST, framing=framing, referencing=referencing, max_pdu_bytes=400)
    read(demo, days=2)


# What the rows say.


def test_a_power_cut_of_the_meter_makes_no_rows_and_the_next_one_says_so():
    rows, *_ = read(DemoHistory("power-cuts"))
    cut = [row for row in rows if ms("2026-10-25T01:15Z") < row.end_ms <= ms("2026-10-25T08:30Z")]
    assert [(row.end_ms, row.status) for row in cut] == [(ms("2026-10-25T08:30Z"), 0x80)]


def test_a_clock_set_back_gives_two_rows_of_one_time_and_both_are_kept_in_their_order():
    demo = DemoHistory("clock-set-back")
    rows, *_ = read(demo)
    layout = demo.examine()
    doubled = [row for row in told(rows, layout) if ms("2026-10-27T10:10Z") < row[0] <= ms("2026-10-27T10:45Z")]
    assert [at_ms for at_ms, _ in doubled] == [ms(f"2026-10-27T10:{minute}Z") for minute in (15, 15, 30, 30, 45)]
    assert [value for _, value in doubled[:4:2]] < [value for _, value in doubled[1:4:2]], "the first one first"


def test_a_changed_layout_has_other_columns_and_an_empty_buffer():
    demo = DemoHistory("profile-changes=60")
    before = demo.examine()
    assert demo.examine(known=before) == before
    demo.now_s += 120
    after = demo.examine(known=before)
    assert after.columns != before.columns
    assert (len(after.columns), after.period_s, after.entries) == (len(before.columns) + 1, 300, 0)
    read = demo.slice(after, round(NOW_S * 1000) - DAY_MS, round(demo.now_s * 1000))
    assert (read.rows, read.is_whole) == ((), True)


def test_an_event_log_has_no_period_and_every_event_once():
    demo = DemoHistory("power-cuts,clock-set-back")
    layout = demo.examine(EVENT_LOG)
    assert (layout.period_s, layout.clock, layout.code) == (0, 0, 1)
    rows, ways, _ = demo.days(layout, 30)
    assert ways.by == "range"
    events = [(row.stamp_s * 1000, row.word) for row in demo.recorded(EVENT_LOG)]
    found = [(row.end_ms, row.cells[1].value) for row in rows]
    assert found == sorted(event for event in events if event[0] > (NOW_S - 30 * 86400) * 1000)
    assert {code for _, code in found} >= {1, 2, 4, 5}


# How far back.


@pytest.mark.parametrize("order", ["", "profile-order=newest-first", "profile-order=wrapped"])
@pytest.mark.parametrize("past", ["", "power-cuts"])
def test_the_oldest_row_is_found_by_number(order, past):
    demo = DemoHistory(f"{past},{order}")
    found = demo.converse(oldest(demo.session, demo.examine(), HistoryWays(), UTC))
    assert found == demo.recorded()[0].stamp_s * 1000


@pytest.mark.parametrize("past", ["", "power-cuts"])
def test_the_oldest_row_is_found_by_range_though_power_cuts_let_the_buffer_reach_further_back(past):
    demo = DemoHistory(f"{past},profile-entries=refused")
    layout = demo.examine()
    ways = demo.slice(layout, (NOW_S - 3600) * 1000, NOW_S * 1000).ways.without("entry")
    found = demo.converse(oldest(demo.session, layout, ways, UTC, now_ms=NOW_S * 1000))
    assert found == demo.recorded()[0].stamp_s * 1000


def test_sixty_days_with_all_that_happened_in_them():
    demo = DemoHistory(f"{PAST},local-time,profile-null-data=answer", max_pdu_bytes=1200)
    rows, _, questions = read(demo, days=60)
    assert len(rows) > 5000
    assert sum(questions) <= 62


# What is not known stays unknown.


def test_no_rows_before_any_way_is_proven_say_nothing():
    demo = DemoHistory("profile-entries=refused")
    layout = demo.examine()
    read = demo.slice(layout, (NOW_S - 200 * 86400) * 1000, (NOW_S - 199 * 86400) * 1000)
    assert (read.rows, read.is_whole, read.ways.by) == ((), False, "")
    proven = demo.slice(layout, (NOW_S - 86400) * 1000, NOW_S * 1000).ways
    read = demo.slice(layout, (NOW_S - 200 * 86400) * 1000, (NOW_S - 199 * 86400) * 1000, proven)
    assert (read.rows, read.is_whole) == ((), True)


def test_a_small_buffer_is_read_whole_where_ranges_are_empty_and_numbers_refused():
    read(DemoHistory("profile-days=4,profile-range=empty,profile-entries=refused"), days=4)


def test_a_newest_first_buffer_that_cuts_its_answers_short_is_asked_for_what_is_before():
    read(DemoHistory(f"{PAST},profile-order=newest-first,profile-rows=20"))


def test_what_was_learnt_outlives_the_process_and_another_version():
    ways = DemoHistory("profile-range=whole-hours").days(DemoHistory().examine(), 1)[1]
    assert HistoryWays.from_text(ways.to_text()) == ways
    assert HistoryWays.from_text('{"by":"range","ends":"utc","of a later version":5}').ends == "utc"
    assert HistoryWays.from_text("no JSON") == HistoryWays()
    assert DemoHistory().examine().logical_name == PROFILE
