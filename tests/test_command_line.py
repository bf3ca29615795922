"""The command line: quick to start, in the technician's language, the same manners in every command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import __main__ as command_line
from bridge.__main__ import main

COMMANDS = ("run", *(name.removesuffix("_command") for name in command_line._COMMANDS), "demo-meter")
HEAVY = (
    "gurux_dlms",
    "pydantic",
    "paho",
    "cryptography",
    "loguru",
    "prometheus_client",
    "bridge.configuration.settings",
)


def help_of(capsys, *argv):
    with pytest.raises(SystemExit) as end:
        main([*argv, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


def test_help_loads_none_of_what_the_commands_need():
    script = (
        "import sys\nfrom bridge.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert [name for name in ended.stderr.split() if name.startswith(HEAVY)] == []


def test_help_names_every_command(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    text = help_of(capsys)
    assert all(f"    {name}" in text for name in COMMANDS)


@pytest.mark.parametrize("locale", ["C", "es"])
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_shows_examples_and_its_exit_codes(capsys, monkeypatch, command, locale):
    monkeypatch.setenv("LC_ALL", locale)
    text = help_of(capsys, command)
    examples, codes = {"C": ("example", "exit codes"), "es": ("ejemplo", "códigos de salida")}[locale]
    assert examples in text
    assert codes in text


def test_what_nobody_knows_is_exit_code_2(capsys):
    with pytest.raises(SystemExit) as end:
        main(["dcotor"])
    assert end.value.code == 2
    assert "dcotor" in capsys.readouterr().err


def test_a_port_that_is_no_number_is_exit_code_2(capsys, monkeypatch):
    monkeypatch.setenv("HEALTH__PORT", "many")
    assert main(["status"]) == 2
    assert "HEALTH__PORT=many: must be a number" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_crash():
    # Longer than a pipe holds, so that the end of the reader is met for certain.
    script = (
        f'{sys.executable} -c \'import os; os.environ.update({{f"METERS__M{{n}}__HOST": "a" for n in range(1500)}}); '
        'import sys; from bridge.__main__ import main; sys.exit(main(["check"]))\' | head -n 1; echo ${PIPESTATUS[0]}'
    )
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.splitlines() == ["meters", "141"]
    assert ended.stderr == ""


@pytest.mark.parametrize("command", ["gaps", "events main", "audit --since 2d", "outbox list"])
@pytest.mark.parametrize("lang", ["en", "es"])
def test_another_users_data_folder_is_said_without_a_traceback(tmp_path, monkeypatch, capsys, command, lang):
    environ = {
        "LANG": lang, "DATA_DIR": str(tmp_path / "data"), "METERS__MAIN__HOST": "127.0.0.1",
        "THINGSBOARD__HOST": "127.0.0.1", "THINGSBOARD__TOKEN": "x", "THINGSBOARD__VIA": "direct",
        "THINGSBOARD__API_URL": "http://127.0.0.1:1", "THINGSBOARD__API_KEY": "x",
    }  # fmt: skip
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    look = Path.stat

    def stat(self, **how):
        if self.is_relative_to(tmp_path / "data"):
            raise PermissionError(13, "Permission denied", str(self))
        return look(self, **how)

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.chdir(tmp_path)
    assert main(command.split()) == 2
    told = capsys.readouterr()
    assert "data" in told.out + told.err
    assert re.search("Permission denied|may not look there|no tiene acceso", told.out + told.err)


def test_a_disk_that_takes_no_file_is_one_line_and_no_trace(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "project"
    for name in ("docker-compose.yml", "prometheus/prometheus.yml"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((Path(__file__).parents[1] / name).read_bytes())
    for shard in "12":
        token = folder / "secrets" / f"shard-{shard}" / "THINGSBOARD__TOKEN"
        token.parent.mkdir(parents=True)
        token.write_text(f"T{shard}")
    (folder / ".env").write_text("METERS__A__HOST=10.0.0.1\nTHINGSBOARD__HOST=tb.example.com\n")
    (folder / "stack").write_text("a file where the folder should be")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(os, "environ", {"PATH": os.environ["PATH"]})
    assert main(["stack", "--shards", "2", "--compose"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.startswith(f"✘ {folder / 'stack'}")
