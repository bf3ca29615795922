"""Two secrets without success and no more, in one run and across runs."""

from types import SimpleNamespace

import pytest

from bridge.cli.secret_attempts import NO_SECRET, SecretAttempts
from bridge.errors import AuthError, LinkError
from bridge.meters.refused_secrets import RefusedSecrets


@pytest.fixture
def account(tmp_path):
    return lambda: SecretAttempts(RefusedSecrets(tmp_path), "meter", 4059, 1)


SENT = SimpleNamespace(let_in=False, secret_sent=True)
UNSENT = SimpleNamespace(let_in=False, secret_sent=False)
LET_IN = SimpleNamespace(let_in=True, secret_sent=True)


def test_a_secret_that_was_refused_is_not_tried_again_at_that_client(account):
    account().refused(1, b"wrong")
    assert account().held(1, b"wrong").reason == "same"
    assert account().held(1, b"other") is None
    assert account().held(2, b"wrong") is None


@pytest.mark.parametrize("error", [AuthError("no"), LinkError("closed")])
def test_two_without_success_at_whichever_clients_are_the_end_for_the_whole_meter(account, error):
    run = account()
    for client in (1, 2):
        assert not run.is_spent
        assert run.claim(client, b"wrong") is None
        run.settle(client, b"wrong", SENT, error)
    assert run.is_spent
    for client in (1, 2, 3, 32):
        assert account().claim(client, b"another") is not None


def test_an_association_without_a_secret_counts_as_none(account):
    run = account()
    for _ in range(5):
        assert run.claim(1, NO_SECRET) is None
        run.settle(1, NO_SECRET, UNSENT, AuthError("wants a password"))
        run.refused(1, NO_SECRET)
    assert not run.is_spent
    assert account().claim(1, b"right") is None


def test_a_secret_that_did_not_go_out_counts_as_none(account):
    for session in (UNSENT, None, UNSENT):
        run = account()
        assert run.claim(1, b"right") is None
        run.settle(1, b"right", session, LinkError("nobody there"))
        assert not run.refused_now


def test_a_secret_that_works_forgets_the_refusals(account):
    account().refused(1, b"wrong")
    run = account()
    assert run.claim(1, b"right") is None
    run.settle(1, b"right", LET_IN)
    assert account().held(1, b"wrong") is None
    account().refused(1, b"wrong")
    assert account().held(1, b"another") is None


def test_other_meters_are_not_held_back(account, tmp_path):
    account().refused(1, b"wrong")
    account().refused(1, b"wrong too")
    assert SecretAttempts(RefusedSecrets(tmp_path), "other", 4059, 1).held(1, b"wrong") is None


def test_what_cannot_be_remembered_is_not_tried(tmp_path):
    (tmp_path / "file").write_text("")
    attempts = SecretAttempts(RefusedSecrets(tmp_path / "file"), "meter", 4059, 1)
    assert attempts.held(1, b"secret").reason == "forgetful"
    assert attempts.claim(1, b"secret").reason == "forgetful"
