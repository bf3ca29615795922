"""Two refusals and no more, in one run and across runs."""

import pytest

from bridge.commissioning.probing.attempts import NO_SECRET, Attempts
from bridge.meters.refusals import Refusals


@pytest.fixture
def account(tmp_path):
    return lambda: Attempts(Refusals(tmp_path), "meter", 4059, 1)


def test_a_secret_that_was_refused_is_not_tried_again_at_that_client(account):
    account().refused(1, b"wrong")
    assert account().held(1, b"wrong").reason == "same"
    assert account().held(1, b"other") is None
    assert account().held(2, b"wrong") is None


def test_two_refusals_at_whichever_clients_are_the_end_for_the_whole_meter(account):
    run = account()
    run.refused(1, b"wrong")
    assert not run.is_spent
    run.refused(2, b"wrong")
    assert run.is_spent
    for client in (1, 2, 3, 32):
        assert account().held(client, b"another") is not None


def test_the_same_secret_refused_twice_holds_back_every_other_client_too(account):
    run = account()
    run.refused(1, b"wrong")
    run.refused(2, b"wrong")
    assert account().held(3, b"wrong").reason == "many"


def test_a_refused_association_without_a_secret_counts_as_well(account):
    account().refused(1, NO_SECRET)
    assert account().held(1, NO_SECRET).reason == "same"
    account().refused(1, b"wrong")
    assert account().held(1, b"right").reason == "many"


def test_a_secret_that_works_forgets_the_refusals(account):
    account().refused(1, b"wrong")
    account().accepted(1)
    assert account().held(1, b"wrong") is None
    account().refused(1, b"wrong")
    assert account().held(1, b"another") is None


def test_other_meters_are_not_held_back(account, tmp_path):
    account().refused(1, b"wrong")
    account().refused(1, b"wrong too")
    assert Attempts(Refusals(tmp_path), "other", 4059, 1).held(1, b"wrong") is None


def test_what_cannot_be_remembered_is_not_tried(tmp_path):
    (tmp_path / "file").write_text("")
    attempts = Attempts(Refusals(tmp_path / "file"), "meter", 4059, 1)
    assert attempts.held(1, b"secret").reason == "forgetful"
