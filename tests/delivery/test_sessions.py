"""What short sessions in a row mean, and what they do not."""

from bridge.delivery.sessions import Sessions


def lived(sessions, *lives, start_s=0.0):
    """Play (seconds up, seconds until the next) and return the time after the last."""
    now_s = start_s
    for up_s, down_s in lives:
        sessions.began(now_s)
        now_s += up_s
        sessions.ended(now_s)
        now_s += down_s
    return now_s


def test_three_short_sessions_in_a_row_mean_that_the_token_is_shared():
    sessions = Sessions()
    now_s = lived(sessions, (5, 2), (5, 2))
    assert not sessions.token_is_shared(now_s)
    now_s = lived(sessions, (5, 2), start_s=now_s)
    assert sessions.token_is_shared(now_s)


def test_the_suspicion_stays_through_the_next_short_sessions_and_ends_with_a_long_one():
    sessions = Sessions()
    now_s = lived(sessions, *[(10, 30)] * 5)
    sessions.began(now_s)
    assert sessions.token_is_shared(now_s + 30)
    assert not sessions.token_is_shared(now_s + 61)


def test_a_line_that_is_down_is_no_shared_token():
    sessions = Sessions()
    now_s = lived(sessions, *[(5, 120)] * 10)
    assert not sessions.token_is_shared(now_s)


def test_the_suspicion_ends_when_no_session_begins_any_more():
    sessions = Sessions()
    now_s = lived(sessions, *[(5, 2)] * 3)
    assert not sessions.token_is_shared(now_s + 60)


def test_a_long_session_is_not_short_and_an_end_without_a_beginning_is_nothing():
    sessions = Sessions()
    assert not sessions.ended(5.0)
    sessions.began(10.0)
    assert not sessions.ended(100.0)
    sessions.began(101.0)
    assert sessions.ended(102.0)
