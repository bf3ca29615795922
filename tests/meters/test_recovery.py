"""How long a meter is left alone after which failure."""

from random import Random

import pytest

from bridge.errors import AuthError, LinkError, ReplyTimeout
from bridge.meters.recovery import Recovery


class NoJitter(Random):
    def uniform(self, a, b):
        return (a + b) / 2


def waits(recovery, error, times):
    return [recovery.failed(error) for _ in range(times)]


def test_the_backoff_is_two_four_six_then_doubles_to_a_minute_for_ever():
    assert waits(Recovery(NoJitter()), LinkError("x"), 8) == [2, 4, 6, 12, 24, 48, 60, 60]
    assert waits(Recovery(NoJitter()), LinkError("x"), 5000)[-1] == 60


def test_a_refused_password_is_tried_once_more_after_a_minute_then_ten_minutes_doubling_to_six_hours():
    recovery = Recovery(NoJitter())
    assert waits(recovery, AuthError("x"), 9) == [60, 600, 1200, 2400, 4800, 9600, 19200, 21600, 21600]
    assert recovery.is_locked_out
    assert waits(recovery, AuthError("x"), 5000)[-1] == 21600


def test_a_password_refused_once_leaves_the_meter_no_longer_alone_than_a_minute():
    recovery = Recovery(NoJitter())
    recovery.failed(AuthError("x"))
    assert not recovery.is_locked_out


def test_failures_of_another_kind_between_two_refusals_change_nothing():
    recovery = Recovery(NoJitter())
    errors = (AuthError("x"), ReplyTimeout("its answer may have been lost"), LinkError("x"), AuthError("x"))
    assert [recovery.failed(error) for error in errors] == [60, 60, 60, 600]
    assert recovery.is_locked_out
    assert recovery.failed(ReplyTimeout("x")) == 600


def test_an_accepted_password_forgets_the_refusals_and_not_the_other_failures():
    recovery = Recovery(NoJitter())
    waits(recovery, AuthError("x"), 2)
    assert recovery.accepted() == 2
    assert recovery.accepted() == 0
    assert not recovery.is_locked_out
    assert recovery.failed(LinkError("x")) == 6


def test_a_good_cycle_forgets_everything():
    recovery = Recovery(NoJitter())
    waits(recovery, AuthError("x"), 5)
    assert recovery.succeeded() == 5
    assert recovery.failed(LinkError("x")) == 2
    assert recovery.failed(AuthError("x")) == 60


def test_refusals_before_a_restart_count_as_if_there_had_been_none():
    recovery = Recovery(NoJitter())
    assert recovery.remember(2, since_s=100) == 500
    assert recovery.is_locked_out
    assert recovery.failed(AuthError("x")) == 1200
    assert Recovery(NoJitter()).remember(1, since_s=10) == 50
    assert Recovery(NoJitter()).remember(8, since_s=0) == 21600
    assert Recovery(NoJitter()).remember(2, since_s=1e9) == 0


def test_no_wait_is_shorter_than_the_meter_needs_between_two_connections():
    assert Recovery(NoJitter(), least_s=10).failed(LinkError("x")) == 10


def test_the_jitter_stays_within_a_tenth_and_never_shortens_the_minute_after_a_refusal():
    for seed in range(50):
        assert 1.8 <= Recovery(Random(seed)).failed(LinkError("x")) <= 2.2
        recovery = Recovery(Random(seed))
        assert 60 <= recovery.failed(AuthError("x")) <= 66
        assert 540 <= recovery.failed(AuthError("x")) <= 660


def test_the_first_failure_and_every_sixtieth_are_worth_a_line():
    recovery = Recovery(NoJitter())
    lines = []
    for attempt in range(1, 181):
        recovery.failed(LinkError("x"))
        if recovery.is_worth_a_line:
            lines.append(attempt)
    assert lines == [1, 60, 120, 180]
    with pytest.raises(AttributeError):
        recovery.is_worth_a_line = True
