"""``.env`` beside the one who types: read as Docker Compose would hand it over, and nothing of others taken."""

import pytest

from bridge.cli.dotenv_file import adopt


def adopted(tmp_path, text, **environ):
    (tmp_path / ".env").write_text(text)
    assert adopt(environ, tmp_path) == tmp_path / ".env"
    return environ


def test_settings_are_taken_and_nothing_else(tmp_path):
    text = "METERS__MAIN__HOST=192.168.1.2\nDATA_DIR=/there\nDATABASE_URL=x\nPATH=/evil\nhttps_proxy=http://x\n"
    assert adopted(tmp_path, text) == {"METERS__MAIN__HOST": "192.168.1.2", "DATA_DIR": "/there"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("X__Y=plain", "plain"),
        ("X__Y='a $b # c \\ d'", "a $b # c \\ d"),
        ("X__Y=a$b", "a$b"),
        ("X__Y=", ""),
        ("#X__Y=a\nX__Y=b", "b"),
        ("X__Y=a # why", "a"),
        ('X__Y="two words"', "two words"),
    ],
)
def test_it_is_written_as_env_example_says(tmp_path, line, value):
    assert adopted(tmp_path, f"{line}\n") == {"X__Y": value}


def test_what_the_environment_says_stays_but_for_the_language(tmp_path):
    shell = {"POLL__INTERVAL": "9", "LANG": "en_US.UTF-8", "LC_ALL": "C.UTF-8"}
    text = "POLL__INTERVAL=5\nLANG=es\n"
    assert adopted(tmp_path, text, **shell) == {"POLL__INTERVAL": "9", "LANG": "es"}
    assert adopted(tmp_path, "POLL__INTERVAL=5\n", **shell) == shell


def test_secrets_and_profiles_beside_it_are_found(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "config" / "profiles").mkdir(parents=True)
    environ = {}
    assert adopt(environ, tmp_path) is None
    assert environ == {
        "SECRETS_DIR": str(tmp_path / "secrets"), "PROFILES_DIR": str(tmp_path / "config" / "profiles"),
    }  # fmt: skip
    environ = {"SECRETS_DIR": "/other"}
    adopt(environ, tmp_path)
    assert environ["SECRETS_DIR"] == "/other"


def test_without_one_and_with_one_that_cannot_be_read_nothing_changes(tmp_path):
    environ = {}
    assert adopt(environ, tmp_path) is None
    (tmp_path / ".env").write_bytes(b"A__B=\xff\n")
    assert adopt(environ, tmp_path) is None
    assert environ == {}
