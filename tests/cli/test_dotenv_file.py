"""``.env`` beside the one who types: read as Docker Compose would hand it over, and nothing of others taken."""

import os
import subprocess
import sys

import pytest

from bridge.__main__ import main
from bridge.cli.dotenv_file import adopt
from bridge.configuration.load import read
from tests.configuration.loading import NOWHERE


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
    (tmp_path / ".env").mkdir()
    assert adopt(environ, tmp_path) is None
    assert environ == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_as_editors_save_it_is_read(tmp_path, encoding):
    environ = {}
    (tmp_path / ".env").write_text("METERS__MAIN__HOST=a\nMETERS__MAIN__DEVICE=Zähler\n", encoding=encoding)
    adopt(environ, tmp_path)
    assert environ == {"METERS__MAIN__HOST": "a", "METERS__MAIN__DEVICE": "Zähler"}


def test_a_byte_of_another_encoding_is_named_with_its_setting_and_the_rest_counts(tmp_path):
    """Left out as a whole, the file would leave the demo meter, and nobody would be told."""
    environ = {}
    (tmp_path / ".env").write_text("METERS__MAIN__HOST=a\nMETERS__MAIN__DEVICE=Zähler\n", encoding="latin-1")
    adopt(environ, tmp_path)
    found = read(environ, NOWHERE)
    assert list(found.settings.meters) == ["main"]
    [problem] = found.problems
    assert problem.startswith("METERS__MAIN__DEVICE: must be plain UTF-8 text")


def test_one_that_may_not_be_read_is_said(tmp_path, monkeypatch, capsys):
    def refused(file):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(type(tmp_path), "read_bytes", refused)
    assert main(["check"]) == 2
    assert ".env" in capsys.readouterr().err


def test_the_time_zone_is_taken(tmp_path):
    assert adopted(tmp_path, "TZ=America/Santiago\n") == {"TZ": "America/Santiago"}
    (tmp_path / ".env").write_text("POLL__DEMO_METER=true\nTZ=Asia/Kathmandu\n")
    command = "import time; from bridge.__main__ import main; main(['callers']); print(time.strftime('%z'))"
    environ = {name: value for name, value in os.environ.items() if name != "TZ"}
    ended = subprocess.run([sys.executable, "-c", command], cwd=tmp_path, env=environ, capture_output=True, check=True)
    assert ended.stdout.split()[-1] == b"+0545"
