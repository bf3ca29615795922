"""How long a meter is left alone after which failure."""

from random import Random

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


def test_after_a_refusal_of_the_password_it_takes_a_minute_at_least():
    assert waits(Recovery(NoJitter()), AuthError("x"), 9) == [60] * 9


def test_a_good_cycle_forgets_everything():
    recovery = Recovery(NoJitter())
    waits(recovery, LinkError("x"), 5)
    assert recovery.succeeded() == 5
    assert recovery.failed(LinkError("x")) == 2


def test_no_wait_is_shorter_than_the_meter_needs_between_two_connections():
    assert Recovery(NoJitter(), least_s=10).failed(LinkError("x")) == 10


def test_the_jitter_stays_within_a_tenth_and_never_shortens_the_minute_after_a_refusal():
    for seed in range(50):
        assert 1.8 <= Recovery(Random(seed)).failed(LinkError("x")) <= 2.2
        recovery = Recovery(Random(seed))
        assert 60 <= recovery.failed(AuthError("x")) <= 66


def told(recovery, errors):
    attempts = []
    for attempt, error in enumerate(errors, 1):
        recovery.failed(error)
        if recovery.is_worth_a_line:
            attempts.append(attempt)
    return attempts


def test_the_first_failure_and_every_sixtieth_are_worth_a_line():
    assert told(Recovery(NoJitter()), [LinkError("x")] * 180) == [1, 60, 120, 180]


def test_another_cause_is_worth_a_line_and_another_figure_in_it_is_not():
    errors = [ReplyTimeout("no answer; 12 bytes came: 01 02"), ReplyTimeout("no answer; 13 bytes came: 01 02 03")]
    errors += [LinkError("connection refused")] * 4 + [ReplyTimeout("no answer; 9 bytes came: 07 07")]
    assert told(Recovery(NoJitter()), errors) == [1, 3, 7]


def test_causes_that_take_turns_are_told_once_each():
    assert told(Recovery(NoJitter()), [LinkError("x"), ReplyTimeout("y")] * 25) == [1, 2]


def test_one_that_says_something_else_each_time_does_not_fill_the_log():
    errors = [LinkError("".join(chr(97 + int(digit)) for digit in str(n))) for n in range(200)]
    assert len(told(Recovery(NoJitter()), errors)) == 8 + 3
