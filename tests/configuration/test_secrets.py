"""Secrets: from files and from the environment, and in no line that anybody reads."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge.configuration.settings import MeterSettings
from tests.configuration.loading import load_with, problems


@pytest.fixture
def secrets_dir(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def test_secrets_come_from_files_named_like_the_variable_in_any_case(secrets_dir):
    (secrets_dir / "METERS__MAIN__PASSWORD").write_bytes(b"12345678\n")
    (secrets_dir / "thingsboard__token").write_bytes(b"opensesame\r\n")
    (secrets_dir / "another_programs_key").write_bytes(b"\xff\xfe")
    (secrets_dir / "..data").mkdir()
    given = load_with(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb")
    password, token = given.meters["main"].password, given.thingsboard.token
    assert password is not None
    assert token is not None
    assert (password.get_secret_value(), token.get_secret_value()) == ("12345678", "opensesame")


def test_secret_and_environment_that_differ_are_named_and_neither_is_shown(secrets_dir):
    file = secrets_dir / "thingsboard__token"
    file.write_text("opensesame\n")
    assert load_with(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb", THINGSBOARD__TOKEN="opensesame")
    [problem] = problems(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb", THINGSBOARD__TOKEN="hunter2")
    assert problem == (
        f"thingsboard__token ({file}): also given as THINGSBOARD__TOKEN (environment), and they differ; remove one"
    )


def test_a_secrets_misspelt_name_is_named(secrets_dir):
    (secrets_dir / "THINGSBOARD__TOKNE").write_text("opensesame")
    assert problems(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb") == [
        "THINGSBOARD__TOKNE: unknown setting; did you mean THINGSBOARD__TOKEN?"
    ]


def test_a_secret_that_is_not_text_is_named(secrets_dir):
    file = secrets_dir / "THINGSBOARD__TOKEN"
    file.write_bytes(b"\xff\xfe\x00")
    assert problems(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb") == [f"{file}: must be UTF-8 text"]


def test_a_secret_that_cannot_be_read_is_named(secrets_dir, monkeypatch):
    file = secrets_dir / "THINGSBOARD__TOKEN"
    file.touch()

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert problems(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb") == [
        f"{file}: cannot be read: Permission denied; the bridge's user needs the right to"
    ]


def test_a_secret_for_a_meter_that_there_is_not_is_named(secrets_dir):
    file = secrets_dir / "METERS__MIAN__PASSWORD"
    file.write_text("12345678")
    assert problems(secrets_dir, METERS__MAIN__HOST="a") == [
        f"METERS__MIAN__HOST: missing; every meter needs one (METERS__MIAN__PASSWORD comes from {file})"
    ]


SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "environ",
    [
        {"METERS__MAIN__PASSWORD": SECRET},
        {"METERS__MAIN__HOST": "a", "METERS__MAIN__PASSWORD": SECRET + "\x00"},
        {"METERS__MAIN__HOST": "a", "METERS__MAIN__PASSWROD": SECRET},
        {"THINGSBOARD__TOKEN": SECRET},
        {"THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": f"{SECRET} with spaces"},
        {"THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": SECRET, "thingsboard__token": SECRET + "2"},
        {"THINGSBOARD_TOKEN": SECRET},
    ],
)
def test_no_secret_is_in_any_mistake(environ):
    found = problems(**environ)
    assert found
    assert SECRET not in "\n".join(found)


def test_no_secret_is_in_the_settings_representation():
    given = load_with(
        METERS__MAIN__HOST="a", METERS__MAIN__PASSWORD=SECRET, THINGSBOARD__HOST="tb", THINGSBOARD__TOKEN=SECRET
    )
    assert SECRET not in repr(given) + str(given) + given.model_dump_json()
    assert pickle.loads(pickle.dumps(given)) == given  # noqa: S301 - our own; it shows that the value is still there


def test_no_secret_is_in_the_models_own_errors():
    with pytest.raises(ValidationError) as caught:
        MeterSettings.model_validate({"host": "a", "password": SECRET, "passwrod": SECRET})
    assert SECRET not in str(caught.value)
