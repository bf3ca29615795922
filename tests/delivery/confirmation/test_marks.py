"""When a sample counts as stored. Rule numbers are those of the module's text."""

from __future__ import annotations

import pytest

from bridge.delivery.confirmation.actions import Ask, PutBack, Renew, Stored, Wait, WriteMark
from bridge.delivery.confirmation.marks import (
    AT_ONCE_S,
    GAP_S,
    GRACE_S,
    MARK_PATIENCE_S,
    MARKLESS_S,
    MOST_ROWS,
    Marks,
    State,
)
from bridge.delivery.messages import Message

FIRST = 100
TICK_S = 0.001  # the publisher's, too: rounding may make a wait nothing


def message(*ids: int) -> Message:
    return Message("t", b"", ids, {"m": len(ids)})


def rows(count: int, first: int = 1) -> Message:
    return message(*range(first, first + count))


def actions(marks: Marks, now_s: float, **more) -> list[object]:
    """What it asks for until it waits, without the wait."""
    found = []
    for _ in range(20):
        action = marks.next(now_s, **({"owing": False} | more))
        if isinstance(action, Wait):
            return found
        found.append(action)
    raise AssertionError(f"it never waits: {found}")


def waits_until(marks: Marks, now_s: float) -> float | None:
    action = marks.next(now_s, owing=False)
    assert isinstance(action, Wait)
    return action.until_s


def mark(marks: Marks, now_s: float, *, back_s: float | None = None) -> list[object]:
    """A mark is written now and comes back; returns what follows from it."""
    wrote, asked = (action for action in actions(marks, now_s) if isinstance(action, (WriteMark, Ask)))
    back_s = now_s if back_s is None else back_s
    marks.answered(asked.number, wrote.value, back_s)
    return actions(marks, back_s)


@pytest.fixture
def marks() -> Marks:
    return Marks(first=FIRST)


@pytest.fixture
def flowing(marks) -> Marks:
    """A session whose first mark was written and came back at 0."""
    marks.up(0)
    assert mark(marks, 0) == []
    return marks


def hand(marks: Marks, one: Message, handed_s: float, accepted_s: float | None = None) -> Message:
    assert marks.room(handed_s) >= len(one.ids)
    marks.handed(one, handed_s)
    marks.accepted([one], handed_s if accepted_s is None else accepted_s)
    return one


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
    assert marks.room(0.1) == MOST_ROWS
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
    one = hand(flowing, rows(MOST_ROWS), 0.2, 0.3)  # so many that a mark follows at once
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
    assert flowing.grace_s == pytest.approx(3 * 3.0)


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
    flowing.accepted(flowing_messages(flowing), now_s)
    assert now_s > 2 * GAP_S
    (stored,) = mark(flowing, now_s + GRACE_S)
    assert isinstance(stored, Stored)


def flowing_messages(marks: Marks) -> list[Message]:
    return [sent.message for sent in marks._sent.values()]


def test_with_marks_that_limits_make_rare_the_chain_may_be_longer(flowing):
    flowing.mark_every_s = 10.0
    one = hand(flowing, message(1), 1)
    flowing.round_trip_s = 20.0
    assert mark(flowing, GAP_S + 10) == [Stored((one,))]


# Rule 3: little at a time.


def test_only_so_much_is_sent_and_not_marked_and_a_mark_follows_when_half_of_it_is(flowing):
    hand(flowing, rows(MOST_ROWS // 2 - 1), 0.1)
    assert actions(flowing, 0.1) == []
    hand(flowing, rows(MOST_ROWS // 2 + 1, 5000), 0.1)
    assert flowing.room(0.1) == 0
    assert mark(flowing, 0.2) == []
    assert flowing.room(0.2) == MOST_ROWS


def test_less_of_it_when_marks_come_back_slowly_and_more_again_when_they_do_not(flowing):
    now_s, most = 0.0, []
    for lag_s in (1.5, 1.5, 0.1, 0.1, 0.1):
        now_s += 6
        assert flowing.room(now_s) > 0
        hand(flowing, message(1), now_s)
        now_s += 6
        wrote, asked = actions(flowing, now_s)
        flowing.answered(asked.number, None, now_s)  # ThingsBoard has it, its database not yet
        (again,) = actions(flowing, now_s + lag_s)
        now_s += lag_s
        flowing.answered(again.number, wrote.value, now_s)
        actions(flowing, now_s)
        most.append(flowing._most)
    assert most[:2] == [MOST_ROWS / 2, MOST_ROWS / 4]
    assert most[4] > most[3] > most[2] > most[1]


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


def lose_mark(marks: Marks, now_s: float) -> float:
    """A mark is written and does not come back; returns when that was known."""
    action = marks.next(now_s, owing=False)
    assert isinstance(action, WriteMark), action
    for _ in range(100):
        match marks.next(now_s, owing=False):
            case Ask(number):
                lost = marks._lost
                marks.answered(number, None, now_s)
                if marks._lost > lost:
                    return now_s
            case Wait(until_s):
                now_s = max(until_s, now_s + TICK_S)
            case other:
                raise AssertionError(other)
    raise AssertionError("it was never given up")


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


def next_mark_s(marks: Marks, now_s: float) -> float:
    """When the next mark is due."""
    while not marks._is_mark_due(now_s):
        match marks.next(now_s, owing=False):
            case Ask(number):
                marks.answered(number, None, now_s)
            case Wait(then_s):
                now_s = max(then_s, now_s + TICK_S)
    return now_s


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


def without_marks(marks: Marks, until_s: float, now_s: float = 0.0) -> float:
    """A ThingsBoard that answers, and has no mark; returns the time."""
    for _ in range(5000):
        match marks.next(now_s, owing=False):
            case Ask(number):
                marks.answered(number, None, now_s)
            case Wait(then_s):
                now_s = max(then_s, now_s + TICK_S)
        if now_s >= until_s:
            return now_s
    raise AssertionError(now_s)


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


# Rule 7: sessions too short for any mark.


def short_session(marks: Marks, now_s: float, *ids: int) -> Message:
    """It takes one message and ends before a mark can say anything."""
    marks.up(now_s)
    mark(marks, now_s)
    one = hand(marks, message(*ids), now_s)
    marks.down(now_s + 1, "closed")
    return one


def test_from_the_third_session_that_was_too_short_on_what_was_accepted_counts_in_the_next(marks):
    for now_s in (0, 2):
        one = short_session(marks, now_s, 1)
        assert actions(marks, now_s + 1) == [PutBack((one,), "closed")]
    one = short_session(marks, 4, 1)
    assert actions(marks, 5) == []
    assert marks.sent_ids() == [1]
    marks.up(6)
    assert mark(marks, 6 + GRACE_S) == [Stored((one,))]


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


def test_marks_that_limits_leave_little_room_for_come_no_oftener(flowing):
    flowing.mark_every_s = 10.0
    hand(flowing, rows(MOST_ROWS), 0.1)
    assert actions(flowing, 9.9) == []
    assert isinstance(actions(flowing, 10.0)[0], WriteMark)
