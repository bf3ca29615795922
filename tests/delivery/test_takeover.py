"""Does something else use our token? Short sessions alone do not say so: nothing is sent in one, to see."""

from __future__ import annotations

from bridge.delivery.takeover import AT_ONCE_S, INNOCENT_S, SHORT_S, STILL_S, TOLD_WITHIN_S, Takeover


def lived(takeover: Takeover, *lives: tuple[float, float], start_s: float = 0.0) -> float:
    """Play (seconds up, seconds until the next) and return the time after the last."""
    now_s = start_s
    for up_s, down_s in lives:
        takeover.began(now_s)
        takeover.still_until_s(now_s)
        now_s += up_s
        takeover.ended(now_s)
        now_s += down_s
    return now_s


def test_three_short_sessions_in_a_row_are_a_suspicion_and_nothing_is_sent_in_the_next():
    takeover = Takeover()
    now_s = lived(takeover, (5, 2), (5, 2))
    takeover.began(now_s)
    assert takeover.still_until_s(now_s) is None
    takeover.ended(now_s + 5)
    takeover.began(now_s + 7)
    assert takeover.still_until_s(now_s + 7) == now_s + 7 + STILL_S
    assert not takeover.token_is_shared(now_s + 7)


def test_a_session_that_ends_though_nothing_was_sent_twice_in_a_row_means_that_the_token_is_shared():
    takeover = Takeover()
    now_s = lived(takeover, *[(5, 2)] * 4)
    assert not takeover.token_is_shared(now_s)
    now_s = lived(takeover, (5, 2), start_s=now_s)
    assert takeover.token_is_shared(now_s)
    takeover.began(now_s)
    assert takeover.still_until_s(now_s) is None  # known: it is not tried for ever


def test_a_session_that_holds_while_nothing_is_sent_shows_that_it_was_we_who_ended_the_others():
    takeover = Takeover()
    now_s = lived(takeover, *[(2, 2)] * 3)
    takeover.began(now_s)
    assert takeover.still_until_s(now_s + STILL_S - 0.1) is not None
    assert takeover.still_until_s(now_s + STILL_S) is None
    takeover.ended(now_s + STILL_S + 1)
    now_s = lived(takeover, *[(2, 2)] * 20, start_s=now_s + STILL_S + 3)
    assert not takeover.token_is_shared(now_s)
    takeover.began(now_s)
    assert takeover.still_until_s(now_s) is None
    assert now_s < INNOCENT_S


def test_it_is_tried_again_after_a_while():
    takeover = Takeover()
    now_s = lived(takeover, *[(2, 2)] * 3)
    takeover.began(now_s)
    takeover.still_until_s(now_s + STILL_S)
    takeover.ended(now_s + STILL_S + 1)
    now_s = lived(takeover, *[(2, 2)] * 160, start_s=now_s + STILL_S + 3)
    assert now_s > INNOCENT_S
    assert takeover.token_is_shared(now_s)


def test_the_suspicion_ends_with_a_long_session():
    takeover = Takeover()
    now_s = lived(takeover, *[(5, 2)] * 5)
    takeover.began(now_s)
    assert takeover.token_is_shared(now_s + 30)
    assert not takeover.token_is_shared(now_s + SHORT_S)


def test_sessions_that_we_end_ourselves_say_nothing():
    takeover, now_s = Takeover(), 0.0
    for _ in range(10):
        takeover.began(now_s)
        assert takeover.still_until_s(now_s) is None
        assert not takeover.ended(now_s + 5, by_us=True)
        now_s += 7
    assert not takeover.token_is_shared(now_s)


def test_a_line_that_is_down_is_no_shared_token():
    takeover = Takeover()
    now_s = lived(takeover, *[(5, 120)] * 10)
    assert not takeover.token_is_shared(now_s)


def test_the_suspicion_ends_when_no_session_begins_any_more():
    takeover = Takeover()
    now_s = lived(takeover, *[(5, 2)] * 5)
    assert takeover.token_is_shared(now_s)
    assert not takeover.token_is_shared(now_s + AT_ONCE_S)


def test_a_long_session_is_not_short_and_an_end_without_a_beginning_is_nothing():
    takeover = Takeover()
    assert not takeover.ended(5.0)
    takeover.began(10.0)
    assert not takeover.ended(100.0)
    takeover.began(101.0)
    assert takeover.ended(102.0)


def test_where_thingsboard_says_it_twice_within_minutes_it_is_known_and_not_tried():
    takeover = Takeover()
    takeover.told(100)
    assert not takeover.token_is_shared(101)  # a technician's tool, perhaps
    takeover.told(160)
    assert takeover.token_is_shared(161)
    assert not takeover.token_is_shared(101 + TOLD_WITHIN_S)


def test_twice_a_day_is_nobody_who_stays():
    takeover = Takeover()
    takeover.told(100)
    takeover.told(100 + 2 * TOLD_WITHIN_S)
    assert not takeover.token_is_shared(101 + 2 * TOLD_WITHIN_S)


def test_a_session_that_a_limit_ended_is_not_one_of_them():
    takeover, now_s = Takeover(), 0.0
    for _ in range(6):
        takeover.began(now_s, is_explained=True)
        now_s += 2
        takeover.ended(now_s)
        now_s += 2
    takeover.began(now_s, is_explained=True)
    assert takeover.still_until_s(now_s) is None
