"""Several limits may have ended a session: whose fault it was shows later, and who had none is let go."""

from __future__ import annotations

import pytest

from bridge.delivery.blame import Blame
from bridge.delivery.learnt_rate import FIRST_PER_S, LearntRate


@pytest.fixture
def entries() -> LearntRate:
    return LearntRate()


@pytest.fixture
def regular() -> LearntRate:
    return LearntRate()


@pytest.fixture
def blame(entries, regular) -> Blame:
    return Blame([entries, regular])


def closed(blame, now_s, *sent, was_closed=True):
    """A session that was closed a second after so much was sent of each, and before any of it was accepted."""
    for rate, amount in sent:
        rate.sent(amount, now_s)
    return blame.session_began(now_s + 1, 1.0, was_closed=was_closed, was_fruitful=True)


@pytest.fixture
def blamed_together(blame, entries, regular):
    """Both are lowered: nobody can tell which it was."""
    for number in range(2):
        closed(blame, 10.0 * number, (entries, 8), (regular, 8))
    assert entries.per_s == regular.per_s < FIRST_PER_S
    return entries.per_s


def test_when_one_is_blamed_without_the_other_that_one_is_excused(blame, entries, regular, blamed_together):
    assert closed(blame, 30.0, (entries, 1), (regular, 8))
    assert blame.was_known
    assert entries.per_s > blamed_together >= regular.per_s


def test_it_is_excused_once_for_that(blame, entries, regular, blamed_together):
    closed(blame, 30.0, (entries, 1), (regular, 8))
    excused = entries.per_s
    closed(blame, 50.0, (entries, 1), (regular, 8))
    assert entries.per_s == excused


def test_where_both_demanded_as_much_again_nobody_is_excused(blame, entries, regular, blamed_together):
    closed(blame, 30.0, (entries, 8), (regular, 8))
    assert entries.per_s <= blamed_together


def test_a_session_that_ended_with_the_line_excuses_nobody(blame, entries, regular, blamed_together):
    assert not closed(blame, 30.0, (entries, 1), (regular, 8), was_closed=False)
    assert not blame.was_known
    assert entries.per_s == blamed_together
