"""When a sample counts as stored while marks come back. Rule numbers are those of ``marks.py``."""

from __future__ import annotations

import pytest

from bridge.delivery.confirmation.actions import Ask, PutBack, Stored, Wait, WriteMark
from bridge.delivery.confirmation.mark_chain import GAP_S
from bridge.delivery.confirmation.mark_proof import FEW_ROWS
from bridge.delivery.confirmation.mark_speed import GRACE_S
from bridge.delivery.confirmation.mark_table import State
from bridge.delivery.confirmation.marks import Marks
from bridge.delivery.confirmation.unmarked_rows import FIRST_ROWS, MOST_ROWS
from tests.delivery.confirmation.marking import (
    FIRST,
    actions,
    hand,
    mark,
    message,
    rows,
    waits_until,
)

# How a session begins.


def test_without_a_session_nothing_is_asked_and_nothing_may_go(marks):
    assert marks.next(0, owing=True) == Wait()
    assert marks.room(0) == 0
    assert marks.marks == "none"


def test_a_session_begins_with_a_mark_and_the_question_for_it_and_no_sample_goes_before_it_is_back(marks):
    marks.up(0)
    assert actions(marks, 0) == [WriteMark(FIRST + 1), Ask(FIRST + 1)]
    assert marks.room(0) == 0
    assert not marks.answers
    marks.answered(FIRST + 1, FIRST + 1, 0.1)
    assert marks.answers
    assert marks.room(0.1) == FIRST_ROWS
    assert (marks.state, marks.marks, marks.how, marks.seen) == (State.FLOWING, "moving", "mark", True)


def test_what_may_not_be_said_now_is_not_said(marks):
    marks.up(0)
    assert actions(marks, 0, may_speak=False) == []
    assert actions(marks, 5) == [WriteMark(FIRST + 1), Ask(FIRST + 1)]


# Rule 2: behind a mark, and a grace before one.


def test_a_sample_is_stored_when_a_mark_comes_back_that_was_written_a_grace_after_it_was_accepted(flowing):
    one = hand(flowing, message(1, 2), 0.2, 0.3)
    assert waits_until(flowing, 0.3) == pytest.approx(0.3 + GRACE_S)
    assert flowing.unstored == 2
    assert mark(flowing, 0.3 + GRACE_S) == [Stored((one,))]
    assert flowing.unstored == 0
    assert flowing.sent_ids() == []


def test_a_mark_that_was_written_sooner_than_that_stores_nothing(flowing):
    one = hand(flowing, rows(FIRST_ROWS), 0.2, 0.3)  # so many that a mark follows at once
    assert mark(flowing, 0.3 + GRACE_S - 0.01) == []
    assert flowing.sent_ids() == list(one.ids)


def test_accepted_alone_is_never_stored_however_long_it_is_ago(flowing):
    hand(flowing, message(1), 0.2)
    assert actions(flowing, 5, may_speak=False) == []
    assert flowing.sent_ids() == [1]


def test_what_was_sent_and_is_not_accepted_is_not_stored_by_a_mark(flowing):
    flowing.handed(message(1), 0.2)
    assert mark(flowing, 8) == []  # written to keep the chain
    assert flowing.sent_ids() == [1]


def test_after_a_quiet_time_a_mark_goes_before_the_first_sample(flowing):
    assert waits_until(flowing, 0) is None  # nothing is sent, nothing needs a mark
    assert flowing.room(100) == 0
    assert mark(flowing, 100) == []
    one = hand(flowing, message(1), 100.1)
    assert mark(flowing, 100.1 + GRACE_S) == [Stored((one,))]


def test_the_grace_grows_when_marks_come_back_slowly(flowing):
    hand(flowing, message(1), 0)
    wrote, asked = actions(flowing, 2.0)
    flowing.answered(asked.number, wrote.value - 1, 2.1)  # ThingsBoard has it, its database not yet
    (again,) = actions(flowing, 5)
    flowing.answered(again.number, wrote.value, 5.1)
    assert flowing.grace_s == pytest.approx(6 * 3.0)


# Rule 1: a chain.


def test_what_was_sent_between_two_marks_that_are_too_far_apart_is_sent_again(flowing):
    one = hand(flowing, message(1), 1)
    assert mark(flowing, GAP_S + 1) == [PutBack((one,), "too long between two marks")]
    two = hand(flowing, message(1), GAP_S + 1)
    assert mark(flowing, GAP_S + 1 + GRACE_S) == [Stored((two,))]


def test_while_something_is_on_the_way_marks_keep_the_chain(flowing):
    flowing.handed(message(1), 1)
    now_s = 0.0
    for _ in range(10):
        now_s = waits_until(flowing, now_s)
        assert mark(flowing, now_s) == []
    flowing.accepted(flowing._sent.messages, now_s)
    assert now_s > 2 * GAP_S
    (stored,) = mark(flowing, now_s + GRACE_S)
    assert isinstance(stored, Stored)


def test_with_marks_that_limits_make_rare_the_chain_may_be_longer(flowing):
    flowing.mark_every_s = 10.0
    one = hand(flowing, message(1), 1)
    flowing._chain.speed.round_trip_s = 20.0
    assert mark(flowing, GAP_S + 10) == [Stored((one,))]


# Rule 3: little at a time.


def test_only_so_much_is_sent_and_not_marked_and_a_mark_follows_when_half_of_it_is(flowing):
    one = hand(flowing, message(1), 0.1)
    assert mark(flowing, 2.1) == [Stored((one,))]
    hand(flowing, rows(FIRST_ROWS // 2 - 1), 2.2)
    assert actions(flowing, 2.2) == []
    hand(flowing, rows(FIRST_ROWS // 2 + 1, 5000), 2.2)
    assert flowing.room(2.2) == 0
    assert mark(flowing, 2.3) == []
    assert flowing.room(2.3) == 1.5 * FIRST_ROWS


def test_much_at_a_sessions_beginning_has_a_mark_at_once_and_is_stored_by_the_one_a_grace_after_that(flowing):
    few = hand(flowing, rows(FEW_ROWS), 0.2)
    assert actions(flowing, 0.2) == []
    more = hand(flowing, rows(FEW_ROWS, 5000), 0.3)
    assert mark(flowing, 0.3) == []
    assert mark(flowing, 0.3 + GRACE_S) == [Stored((few, more))]


def test_much_is_not_stored_by_a_mark_alone_however_late_it_is_written(flowing):
    one = hand(flowing, message(1), 0.1)
    assert mark(flowing, 2.1) == [Stored((one,))]
    much = hand(flowing, rows(FEW_ROWS + 1, 100), 2.2)
    assert mark(flowing, 9.0) == []
    assert mark(flowing, 9.0 + GRACE_S) == [Stored((much,))]


def test_while_marks_come_back_at_once_behind_much_more_may_be_sent_up_to_a_bound(flowing):
    now_s = 0.0
    for number in range(8):
        now_s += 3
        hand(flowing, rows(flowing.room(now_s), 10_000 * number), now_s)
        mark(flowing, now_s)
    assert flowing.room(now_s) == MOST_ROWS


def test_a_mark_behind_little_says_nothing_about_more(flowing):
    hand(flowing, message(1), 0.1)
    mark(flowing, 5)
    assert flowing.room(5) == FIRST_ROWS


def test_less_of_it_when_marks_come_back_slowly_and_more_again_when_they_do_not(flowing):
    now_s, most = 0.0, []
    for lag_s in (1.5, 1.5, 0.1, 0.1, 0.1):
        now_s += 6
        hand(flowing, rows(flowing.room(now_s) // 3, int(1000 * now_s)), now_s)
        now_s += 6
        wrote, asked = actions(flowing, now_s)
        flowing.answered(asked.number, None, now_s)  # ThingsBoard has it, its database not yet
        (again,) = actions(flowing, now_s + lag_s)
        now_s += lag_s
        flowing.answered(again.number, wrote.value, now_s)
        actions(flowing, now_s)
        most.append(flowing._chain.rows.most)
    assert most[:2] == [FIRST_ROWS / 2, FIRST_ROWS / 4]
    assert most[4] > most[3] > most[2] > most[1]


# CONFIRM=fence.


def test_without_marks_accepted_and_a_grace_is_enough_from_the_first_answer_on():
    marks = Marks(first=FIRST, used=False)
    marks.up(0)
    assert actions(marks, 0) == [Ask(FIRST + 1)]
    assert marks.room(0) == 0
    marks.answered(FIRST + 1, None, 0.1)
    one = hand(marks, message(1), 0.2)
    assert actions(marks, 0.2 + GRACE_S - 0.1) == []
    assert actions(marks, 0.2 + GRACE_S) == [Stored((one,))]
    assert (marks.marks, marks.how, marks.seen) == ("not used", "accepted", False)


# Limits.


def test_marks_that_limits_leave_little_room_for_come_no_oftener(flowing):
    flowing.mark_every_s = 10.0
    hand(flowing, rows(FIRST_ROWS), 0.1)
    assert actions(flowing, 9.9) == []
    assert isinstance(actions(flowing, 10.0)[0], WriteMark)
