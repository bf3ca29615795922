"""What a mark that came back proves stored: two marks, or one where it is little."""

from __future__ import annotations

import pytest

from bridge.delivery.confirmation.mark_proof import FEW_ROWS, MarkProof


@pytest.fixture
def proof() -> MarkProof:
    """A chain of which the first mark, written at 0, came back."""
    proof = MarkProof()
    mark(proof, 0.0, 2.0)
    return proof


def mark(proof: MarkProof, written_s: float, grace_s: float = 2.0, *, since_s: float = 0.0) -> None:
    proof.written()
    proof.back(written_s, grace_s, since_s=since_s)


def test_little_is_stored_when_a_mark_comes_back_that_was_written_a_grace_later(proof):
    proof.handed(FEW_ROWS)
    mark(proof, 2.9)
    assert not proof.proves(1.0)
    mark(proof, 3.0)
    assert proof.proves(1.0)


def test_much_is_not_however_long_ago_it_was_accepted_for_no_mark_showed_how_far_behind_thingsboard_was(proof):
    proof.handed(FEW_ROWS + 1)
    mark(proof, 20.0)
    assert not proof.proves(1.0)


def test_much_is_stored_once_a_mark_behind_it_has_had_the_time_that_it_shows(proof):
    proof.handed(1000)
    mark(proof, 1.5, 6.0)
    proof.handed(1000)
    mark(proof, 7.4, 2.0)
    assert not proof.proves(1.0)
    mark(proof, 7.5, 2.0)
    assert proof.proves(1.0)
    assert proof.proves(1.5)
    assert not proof.proves(1.6)


def test_a_slow_mark_between_two_quick_ones_hinders_nothing(proof):
    proof.handed(1000)
    mark(proof, 1.5, 60.0)
    mark(proof, 2.0, 2.0)
    mark(proof, 4.0, 2.0)
    assert proof.proves(2.0)


def test_what_marks_have_proven_counts_no_more(proof):
    proof.handed(1000)
    mark(proof, 2.0)
    mark(proof, 4.0)
    assert proof.proves(2.0)
    proof.handed(FEW_ROWS)
    mark(proof, 5.9)
    assert not proof.proves(3.9)  # the thousand were stored by 4, and these may have waited for them
    mark(proof, 6.0)
    assert proof.proves(3.9)


def test_marks_of_an_earlier_chain_prove_nothing_together_with_one_of_this(proof):
    proof.handed(1000)
    mark(proof, 2.0)
    mark(proof, 10.0, since_s=10.0)
    assert not proof.proves(1.0)


def test_what_an_earlier_session_left_in_the_queue_counts_until_it_is_proven_stored(proof):
    proof.handed(1000)
    mark(proof, 10.0, since_s=10.0)
    proof.handed(1)
    mark(proof, 11.9, since_s=10.0)
    assert not proof.proves(10.1)  # behind a thousand, perhaps
    mark(proof, 14.0, since_s=10.0)
    assert proof.proves(10.1)
    assert proof.proves(11.9)
