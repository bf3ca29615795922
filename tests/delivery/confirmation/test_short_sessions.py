"""Sessions too short for any mark: rule 7 of ``marks.py``; and what is refused in one."""

from __future__ import annotations

import pytest

from bridge.delivery.confirmation.actions import PutBack, Stored
from bridge.delivery.confirmation.mark_proof import FEW_ROWS
from bridge.delivery.confirmation.mark_session import AT_ONCE_S
from bridge.delivery.confirmation.mark_speed import GRACE_S
from bridge.delivery.confirmation.marks import Marks
from tests.delivery.confirmation.marking import (
    actions,
    hand,
    mark,
    message,
    rows,
    short_session,
    waits_until,
)


def test_from_the_third_session_that_was_too_short_on_what_was_accepted_counts_in_the_next(marks):
    for now_s in (0, 2):
        one = short_session(marks, now_s, 1)
        assert actions(marks, now_s + 1) == [PutBack((one,), "closed")]
    one = short_session(marks, 4, 1)
    assert actions(marks, 5) == []
    assert marks.sent_ids() == [1]
    marks.up(6)
    assert mark(marks, 6 + GRACE_S) == [Stored((one,))]


def test_a_session_long_enough_for_a_mark_a_grace_after_what_was_accepted_is_not_short_though_it_proves_nothing(marks):
    for now_s in (0, 10, 20, 30):
        marks.up(now_s)
        mark(marks, now_s)
        much = hand(marks, rows(FEW_ROWS + 1), now_s + 0.1)
        assert mark(marks, now_s + 0.1 + GRACE_S) == []
        marks.down(now_s + 5, "closed")
        assert actions(marks, now_s + 5) == [PutBack((much,), "closed")]


def test_what_was_acknowledged_right_before_the_end_does_not_count_where_the_acknowledgement_is_all_there_is():
    """Past a limit ThingsBoard acknowledges, throws away and closes, all within some milliseconds."""
    marks = Marks(first=1, outlived_s=0.5)
    for now_s in (0, 2):
        short_session(marks, now_s, 1)
        actions(marks, now_s + 1)
    marks.up(4)
    mark(marks, 4)
    early, late = hand(marks, message(1), 4), message(2)
    marks.handed(late, 4)
    marks.accepted([late], 4.8)
    marks.down(5, "closed")
    (back,) = actions(marks, 5)
    assert back.messages == (late,)
    assert back.kept == (early,)


def test_what_thingsboard_refuses_is_sent_again_at_once_and_alone_of_what_was_sent(marks):
    marks.up(0)
    mark(marks, 0)
    taken, refused = hand(marks, message(1), 1), message(2)
    marks.handed(refused, 1)
    marks.refused(refused, 2, is_unreadable=True)
    assert actions(marks, 2) == [PutBack((refused,), "ThingsBoard refused it", kept=(taken,), unreadable=(refused,))]
    assert marks.sent_ids() == [1]


def test_but_not_if_the_next_one_did_not_come_at_once(marks):
    for now_s in (0, 2, 4):
        one = short_session(marks, now_s, 1)
        actions(marks, now_s + 1)
    assert waits_until(marks, 6) == pytest.approx(5 + AT_ONCE_S)
    assert actions(marks, 5 + AT_ONCE_S) == [PutBack((one,), "no session followed")]


def test_what_was_on_the_way_when_it_ended_never_counts(marks):
    for now_s in (0, 2):
        short_session(marks, now_s, 1)
        actions(marks, now_s + 1)
    marks.up(4)
    mark(marks, 4)
    one, flying = hand(marks, message(1), 4), message(2)
    marks.handed(flying, 4)
    marks.down(5, "closed")
    assert actions(marks, 5) == [PutBack((flying,), "closed", blamed=(flying,), kept=(one,))]


def test_a_session_in_which_something_was_stored_begins_the_count_anew(marks):
    for now_s in (0, 2):
        short_session(marks, now_s, 1)
        actions(marks, now_s + 1)
    marks.up(4)
    mark(marks, 4)
    hand(marks, message(1), 4)
    mark(marks, 4 + GRACE_S)
    marks.down(7, "closed")
    one = short_session(marks, 8, 2)
    assert actions(marks, 9) == [PutBack((one,), "closed")]
