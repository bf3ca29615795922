"""How long a meter is left alone after which failure."""

from random import Random

import pytest

from bridge.errors import AuthError, LinkError
from bridge.meters.recovery import Recovery


class NoJitter(Random):
    def uniform(self, a, b):
        return (a + b) / 2


def waits(recovery, error, times):
    return [recovery.failed(error) for _ in range(times)]


def test_the_backoff_is_two_four_six_then_doubles_to_a_minute_for_ever():
    assert waits(Recovery(NoJitter()), LinkError("x"), 8) == [2, 4, 6, 12, 24, 48, 60, 60]
    assert waits(Recovery(NoJitter()), LinkError("x"), 5000)[-1] == 60


def test_a_password_refused_three_times_leaves_the_meter_alone_for_ten_minutes_doubling_to_six_hours():
    recovery = Recovery(NoJitter())
    assert waits(recovery, AuthError("x"), 10) == [2, 4, 600, 1200, 2400, 4800, 9600, 19200, 21600, 21600]
    assert recovery.is_locked_out


def test_refusals_in_a_row_are_what_counts():
    recovery = Recovery(NoJitter())
    for error in (AuthError("x"), AuthError("x"), LinkError("x"), AuthError("x")):
        recovery.failed(error)
    assert not recovery.is_locked_out


def test_success_forgets_everything():
    recovery = Recovery(NoJitter())
    waits(recovery, AuthError("x"), 5)
    assert recovery.succeeded() == 5
    assert recovery.failed(LinkError("x")) == 2


def test_no_wait_is_shorter_than_the_meter_needs_between_two_connections():
    assert Recovery(NoJitter(), least_s=10).failed(LinkError("x")) == 10


def test_the_jitter_stays_within_a_tenth():
    for seed in range(50):
        assert 1.8 <= Recovery(Random(seed)).failed(LinkError("x")) <= 2.2


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
