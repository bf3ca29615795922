"""The command line: quick to start, in the technician's language, the same manners in every command."""

from __future__ import annotations

import subprocess
import sys

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
