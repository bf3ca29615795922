"""Marks that are lost, stand still or never come back, and silence. Rule numbers are those of ``marks.py``."""

from __future__ import annotations

import pytest

from bridge.delivery.confirmation.actions import Ask, PutBack, Renew, Stored, WriteMark
from bridge.delivery.confirmation.mark_chain import MARK_PATIENCE_S, MARKLESS_S
from bridge.delivery.confirmation.mark_speed import GRACE_S
from bridge.delivery.confirmation.mark_table import State
from bridge.delivery.confirmation.marks import Marks
from bridge.delivery.confirmation.unmarked_rows import FIRST_ROWS
from tests.delivery.confirmation.marking import (
    FIRST,
    actions,
    hand,
    lose_mark,
    mark,
    message,
    next_mark_s,
    rows,
    waits_until,
    without_marks,
)

# Rule 4: lost marks and broken sessions.


@pytest.mark.parametrize("value", [None, FIRST + 1, str(FIRST + 2), True, {}, [FIRST + 2], float("nan")])
def test_what_is_not_the_mark_itself_is_asked_for_again(flowing, value):
    hand(flowing, message(1), 0)
    wrote, asked = actions(flowing, GRACE_S)
    assert wrote == WriteMark(FIRST + 2)
    flowing.answered(asked.number, value, GRACE_S + 0.1)
    assert flowing.sent_ids() == [1]
    later_s = waits_until(flowing, GRACE_S + 0.1)
    assert GRACE_S + 0.1 < later_s < GRACE_S + 0.5
    assert actions(flowing, later_s) == [Ask(asked.number + 1)]


def asked_after_s(marks: Marks, now_s: float, count: int) -> list[float]:
    """How long each question for the pending mark comes after the answer, in no time, to the one before."""
    found = []
    for _ in range(count):
        (*_, asked) = actions(marks, now_s)
        marks.answered(asked.number, None, now_s)
        next_s = waits_until(marks, now_s)
        found.append(next_s - now_s)
        now_s = next_s
    return found


def test_a_mark_is_asked_for_more_and_more_seldom(flowing):
    hand(flowing, message(1), 0)
    assert asked_after_s(flowing, GRACE_S, 6) == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0])


def test_a_mark_that_a_backlog_waits_for_is_asked_for_sooner_at_first(flowing):
    hand(flowing, rows(FIRST_ROWS), 0)
    assert asked_after_s(flowing, 0.1, 8) == pytest.approx([0.05, 0.05, 0.05, 0.05, 0.1, 0.2, 0.4, 0.8])


def test_true_is_not_taken_for_the_mark_one():
    marks = Marks(first=0)
    marks.up(0)
    wrote, asked = actions(marks, 0)
    assert wrote.value == 1
    marks.answered(asked.number, True, 0.1)
    assert marks.state is State.OPENING


def test_an_answer_to_an_earlier_sessions_question_is_none(flowing):
    hand(flowing, message(1), 0)
    wrote, asked = actions(flowing, GRACE_S)
    flowing.down(3, "gone")
    flowing.up(4)
    flowing.answered(asked.number, wrote.value, 4)
    assert flowing.state is State.OPENING
    assert not flowing.answers


def test_a_mark_that_does_not_come_back_in_its_time_sends_everything_again(flowing):
    one = hand(flowing, message(1, 2), 0)
    now_s = lose_mark(flowing, GRACE_S)
    assert now_s == pytest.approx(GRACE_S + MARK_PATIENCE_S, abs=2.1)
    assert actions(flowing, now_s)[0] == PutBack((one,), "a mark did not come back")
    assert flowing.sent_ids() == []
    assert (flowing.state, flowing.marks) == (State.STANDING, "standing still")


def test_a_slow_lines_late_answer_counts_and_its_time_is_not_the_databases(flowing):
    flowing.patience_s = 100.0
    one = hand(flowing, message(1), 0)
    wrote, asked = actions(flowing, GRACE_S)
    assert actions(flowing, 60) == []
    flowing.answered(asked.number, wrote.value, 60)
    assert actions(flowing, 60) == [Stored((one,))]


def test_a_session_that_breaks_sends_all_again_and_blames_what_was_not_accepted(flowing):
    accepted = hand(flowing, message(1), 0.1)
    flying = message(2)
    flowing.handed(flying, 0.2)
    flowing.down(0.5, "gone")
    assert actions(flowing, 0.5) == [PutBack((accepted, flying), "gone", blamed=(flying,))]
    assert flowing.state is State.AWAY


def test_a_second_session_without_an_end_of_the_first_is_a_break_too(flowing):
    one = hand(flowing, message(1), 0.1)
    flowing.up(0.5)
    put_back, *begins = actions(flowing, 0.5)
    assert put_back.messages == (one,)
    assert [type(action) for action in begins] == [WriteMark, Ask]


# Rule 5: while marks stand still.


@pytest.fixture
def standing(flowing) -> tuple[Marks, float]:
    hand(flowing, message(1), 0)
    now_s = lose_mark(flowing, GRACE_S)
    assert isinstance(flowing.next(now_s, owing=False), PutBack)
    return flowing, now_s


def test_while_marks_stand_still_little_goes_behind_each_of_them(standing):
    marks, now_s = standing
    assert marks.room(now_s) == 0
    now_s = next_mark_s(marks, now_s)
    assert isinstance(marks.next(now_s, owing=False), WriteMark)
    assert 0 < marks.room(now_s) <= 20
    hand(marks, rows(marks.room(now_s), 10), now_s)
    assert marks.room(now_s) == 0


def test_what_went_behind_a_mark_that_stood_still_is_stored_or_sent_again_once_marks_move(standing):
    marks, now_s = standing
    now_s = next_mark_s(marks, now_s)
    wrote = marks.next(now_s, owing=False)
    asked = marks.next(now_s, owing=False)
    one = hand(marks, message(10), now_s)
    marks.answered(asked.number, wrote.value, now_s + 0.1)
    assert marks.marks == "moving"
    assert actions(marks, now_s + 0.1) == []
    assert mark(marks, now_s + GRACE_S) == [Stored((one,))]


def test_nothing_goes_between_a_mark_that_was_lost_and_the_next_one(standing):
    """It would be before the chain that the next one begins, and so would never be stored."""
    marks, now_s = standing
    now_s = lose_mark(marks, next_mark_s(marks, now_s))
    assert marks.room(now_s) == 0


def test_marks_that_stand_still_are_tried_more_and_more_seldom(standing):
    marks, now_s = standing
    pauses = []
    for _ in range(8):
        then_s = next_mark_s(marks, now_s)
        pauses.append(then_s - now_s)
        now_s = lose_mark(marks, then_s)
    assert pauses[0] < 2
    assert 10 < pauses[-1] < 20


# Rule 6: marks that never come back.


def test_where_no_mark_ever_came_back_accepted_and_a_grace_is_all_there_is(marks):
    marks.up(0)
    now_s = without_marks(marks, MARKLESS_S - MARK_PATIENCE_S)
    assert (marks.state, marks.marks) == (State.STANDING, "standing still")
    now_s = without_marks(marks, MARKLESS_S + 60, now_s)
    assert (marks.state, marks.marks, marks.how) == (State.UNMARKED, "never come back", "accepted")
    one = hand(marks, message(1), now_s)
    assert not any(isinstance(action, Stored) for action in actions(marks, now_s + GRACE_S - 0.1))
    assert Stored((one,)) in actions(marks, now_s + GRACE_S)


def test_a_thingsboard_whose_marks_were_seen_before_is_never_taken_for_such_a_one():
    marks = Marks(first=FIRST, seen=True)
    marks.up(0)
    without_marks(marks, 4 * MARKLESS_S)
    assert marks.state is State.STANDING


def test_a_mark_is_tried_now_and_then_all_the_same_and_one_that_comes_back_counts_again(marks):
    marks.up(0)
    now_s = next_mark_s(marks, without_marks(marks, MARKLESS_S + 60))
    one = hand(marks, message(1), now_s - 0.1)
    assert mark(marks, now_s) == [PutBack((one,), "too long between two marks")]  # of it the mark says nothing
    assert (marks.state, marks.how, marks.seen) == (State.FLOWING, "mark", True)


# Rule 8: silence.


def test_where_nothing_is_answered_the_session_is_renewed_and_all_sent_again(flowing):
    one = hand(flowing, message(1), 0)
    actions(flowing, GRACE_S)
    assert waits_until(flowing, 10) == pytest.approx(GRACE_S + flowing.patience_s)
    put_back, renew = actions(flowing, GRACE_S + flowing.patience_s)
    assert put_back.messages == (one,)
    assert isinstance(renew, Renew)
    assert flowing.state is State.AWAY


def test_while_something_is_still_accepted_it_is_not_silence(flowing):
    one, two = message(1), message(2)
    flowing.handed(one, 0)
    flowing.handed(two, 0)
    actions(flowing, 8)
    flowing.accepted([one], 20)
    assert actions(flowing, 8 + flowing.patience_s) == []
    assert isinstance(actions(flowing, 20 + flowing.patience_s)[-1], Renew)


def test_a_question_is_asked_behind_what_was_sent_when_the_publisher_says_so_and_one_at_a_time(flowing):
    flowing.handed(message(1), 0.1)
    assert actions(flowing, 0.1, owing=True) == [Ask(FIRST + 2)]
    assert actions(flowing, 0.2, owing=True) == []
