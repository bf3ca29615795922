"""The wheel, in a fresh environment away from the sources: what ``pipx`` and ``uvx`` run. Nothing is fetched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import __version__
from tests.fakes.programs import CACHE, missing

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def uv():
    found = shutil.which("uv", path=os.pathsep.join((os.environ["PATH"], str(CACHE / "uv" / "bin"))))
    return found or missing("no uv on this machine; tests/run installs it")


def run(*words, cwd, **environ):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME") or name.startswith("UV_")}
    return subprocess.run(words, cwd=cwd, env=kept | environ, capture_output=True, text=True, check=False, timeout=200)


@pytest.fixture(scope="module")
def command(uv, tmp_path_factory):
    """``bridge``, installed from the wheel of this checkout and the locked packages, out of uv's cache alone."""
    folder = tmp_path_factory.mktemp("wheel")
    sync = (uv, "sync", "--offline", "--quiet", "--frozen", "--no-dev", "--no-install-project", "--project", ROOT)
    for words in (
        (uv, "build", "--offline", "--quiet", "--wheel", "--out-dir", folder, ROOT),
        (*sync, "--python", sys.executable),
    ):
        made = run(*words, cwd=folder, UV_PROJECT_ENVIRONMENT=str(folder / "venv"))
        if made.returncode != 0:
            missing(f"uv's cache does not hold all that a wheel needs: {made.stderr.strip()[-300:]}")
    (wheel,) = folder.glob("*.whl")
    install = (uv, "pip", "install", "--offline", "--quiet", "--no-deps", "--python", folder / "venv", wheel)
    installed = run(*install, cwd=folder)
    assert installed.returncode == 0, installed.stderr
    return folder / "venv" / "bin" / "bridge"


def test_the_wheel_says_its_version(command, tmp_path):
    said = run(command, "--version", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert __version__ in said.stdout


def test_the_wheel_has_its_profiles_pages_and_commands(command, tmp_path):
    (tmp_path / ".env").write_text("METERS__HALL__HOST=192.0.2.1\nMETERS__HALL__PROFILE=three_phase\n")
    checked = run(command, "check", cwd=tmp_path, LANG="C")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "hall" in checked.stdout
    assert "three_phase" in checked.stdout
    code = "import importlib.resources as r; print(r.files('bridge.health').joinpath('page.html').is_file())"
    python = command.with_name("python")
    assert run(python, "-Ic", code, cwd=tmp_path).stdout == "True\n"
    assert str(ROOT) not in run(python, "-Ic", "import bridge; print(bridge.__file__)", cwd=tmp_path).stdout
    assert run(command, "thingsboard", "check", cwd=tmp_path).returncode == 2, "its REST client is in as well"
