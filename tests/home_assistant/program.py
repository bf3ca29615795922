"""Home Assistant itself, as ``core.py`` runs it: its own Python, its own packages, one broker, what it sees."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.fakes.programs import CACHE, missing

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
_ROOT = CACHE / "roots" / "trixie"
_PATIENCE_S = 90.0


def command() -> tuple[list[str], dict[str, str]]:
    """Return what starts a Python that has Home Assistant, and its environment; skips where there is none."""
    version = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in ("requirements.txt", "overrides.txt")))
    packages = CACHE / f"home-assistant-{version.hexdigest()[:12]}"
    if not (packages / "complete").exists():
        missing("Home Assistant is not prepared on this machine; tests/run installs it where it may")
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONPATH": str(packages)}
    if (python := shutil.which("python3.13")) is not None and not subprocess.run(
        [python, "-c", "import sys; sys.exit(sys.version_info < (3, 13, 2))"], capture_output=True, check=False
    ).returncode:
        return [python], environ
    loaders = sorted((_ROOT / "usr").glob("lib*/ld-linux*.so.*"))
    libraries = sorted((_ROOT / "usr" / "lib").glob("*-linux-gnu*"))
    if not ((_ROOT / "usr/bin/python3.13").exists() and loaders and libraries):
        missing("no Python 3.13 on this machine for Home Assistant; tests/run prepares one")
    # Another Debian's, run by its own loader: neither chroot nor Docker is needed.
    started = [str(loaders[0]), "--library-path", str(libraries[0]), str(_ROOT / "usr/bin/python3.13")]
    return started, environ | {"PYTHONHOME": str(_ROOT / "usr")}


def judge(folder: Path, messages: list[bytes]) -> list[dict[str, str]]:
    """Return what Home Assistant's own schemas make of each discovery message: taken, or refused and why."""
    words, environ = command()
    ended = subprocess.run(
        [*words, HERE / "core.py", "--judge", folder],
        input=b"\n".join(messages), env=environ, capture_output=True, timeout=_PATIENCE_S, check=False,
    )  # fmt: skip
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    answers = [one for one in said if one["what"] != "log"]
    assert len(answers) == len(messages), ended.stderr.decode()
    return answers


class HomeAssistantProcess:
    """Home Assistant on a broker. What it says is read on a thread; :meth:`until` waits for it.

    Args:
        folder: its configuration's; made here.
        port: of the broker, on loopback.
        password: of the broker's user home-assistant.
    """

    def __init__(self, folder: Path, port: int, password: str) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "configuration.yaml").touch()
        words, environ = command()
        self.said: list[dict[str, Any]] = []
        self.states: dict[str, dict[str, Any]] = {}
        """Of each sensor, by its entity id: what it shows now."""
        self._errors = (folder / "stderr").open("wb")
        self._process = subprocess.Popen(
            [*words, HERE / "core.py", folder, str(port), "home-assistant", password],
            env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()
        self._errors.close()

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds of what it sees."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while not holds():
            assert self._process.poll() is None, f"Home Assistant ended: {self.said[-5:]}"
            assert time.monotonic() < deadline_s, f"{what}: {self.states}; {self.warnings}"
            time.sleep(0.05)

    def state_of(self, sensor: str) -> str | None:
        """Return what it shows of a sensor; None where it has none."""
        found = self.states.get(f"sensor.{sensor}")
        return found["state"] if found else None

    @property
    def ready(self) -> bool:
        """Whether it is connected, or has failed to."""
        return any(one["what"] == "ready" for one in self.said)

    @property
    def warnings(self) -> list[str]:
        """What it logs as a warning or worse."""
        return [f"{one['logger']}: {one['text']} {one['error']}" for one in self.said if one["what"] == "log"]

    def devices(self) -> list[dict[str, Any]]:
        """Return its devices, asked for now."""
        before = sum(one["what"] == "devices" for one in self.said)
        self._process.stdin.write(b"devices\n")
        self._process.stdin.flush()
        self.until("devices", lambda: sum(one["what"] == "devices" for one in self.said) > before)
        return next(one["devices"] for one in reversed(self.said) if one["what"] == "devices")

    def _read(self) -> None:
        for line in self._process.stdout:
            one = json.loads(line)
            self.said.append(one)
            if one["what"] == "state":
                self.states[one["entity"]] = one
            elif one["what"] == "removed":
                self.states.pop(one["entity"], None)
