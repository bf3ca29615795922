"""One run of the very compose file that users get: in a copy of the checkout, under a project name of its own.

Starts, asks, stops. Judges nothing: that is what the tests are for.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tests.fakes.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
TOP = Path(__file__).resolve().parents[2]
_COPIED = (
    "docker-compose.yml", ".dockerignore", "pyproject.toml", "uv.lock", "README.md", "LICENSE",
    "bridge", "mosquitto", "prometheus", "grafana", "tests/stack/sandbox.yml",
)  # fmt: skip
_COMMITTED = re.compile(r"outbox \| committed (\S+) (\d+)")
SERVICES = ("bridge", "mosquitto", "prometheus")
"""Grafana's image cannot be had everywhere; ``grafana_is_here`` in conftest.py says whether it can here."""


class Stack:
    """A compose project.

    Args:
        folder: where the copy goes; empty.
        project: its name; names the containers, networks and volumes.
        env: the lines of its ``.env``; None for no such file.
    """

    def __init__(self, folder: Path, project: str, env: str | None = None) -> None:
        self.folder = folder
        self.project = project
        self.prometheus_port, self.grafana_port, self.bridge_port = free_port(), free_port(), free_port()
        for name in _COPIED:
            source, target = TOP / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        self.write_env(env)

    def write_env(self, env: str | None) -> None:
        """Replace the ``.env``; containers see it after the next :meth:`up`."""
        path = self.folder / ".env"
        path.unlink(missing_ok=True)
        if env is not None:
            # A machine that was just started is as good as any for these tests.
            path.write_text(f"{env.rstrip()}\nCLOCK__PATIENCE=0\n", encoding="utf-8")

    def write_secret(self, name: str, value: str) -> None:
        """Write the file ``name`` of ``./secrets``, as an editor does: with a newline, for everybody to read."""
        path = self.folder / "secrets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n", encoding="utf-8")

    def override(self, text: str | None) -> None:
        """Use ``text`` as the ``docker-compose.override.yml`` from now on; None for none."""
        path = self.folder / "docker-compose.override.yml"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text, encoding="utf-8")

    def compose(self, *arguments: str, check: bool = True, timeout_s: float = 120) -> str:
        """Run ``docker compose`` and return what it printed, on either stream.

        Raises:
            AssertionError: it failed, and ``check`` was asked for.
        """
        names = ["docker-compose.yml", "tests/stack/sandbox.yml"]
        if (self.folder / "docker-compose.override.yml").exists():
            names.append("docker-compose.override.yml")
        files = tuple(part for name in names for part in ("-f", name))
        command = ("docker", "compose", "-p", self.project, "--ansi", "never", *files, *arguments)
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environ(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        said = done.stdout + done.stderr
        assert not check or done.returncode == 0, f"docker compose {' '.join(arguments)}: {said}"
        return said

    def up(self, *services: str) -> None:
        """``docker compose up -d`` of ``services``, and of nothing else; of the image that was built for all tests."""
        self.compose("up", "-d", "--no-deps", "--no-build", *(services or SERVICES))

    def down(self) -> None:
        """Remove containers, networks and volumes."""
        self.compose("down", "--volumes", "--timeout", "5", check=False)

    def container(self, service: str) -> str:
        """Name of the container of ``service``."""
        return f"{self.project}-{service}-1"

    def inspect(self, service: str) -> dict[str, Any]:
        """What ``docker inspect`` says of the container of ``service``."""
        found: dict[str, Any] = json.loads(docker("inspect", self.container(service)))[0]
        return found

    def health(self, service: str) -> str:
        """``starting``, ``healthy`` or ``unhealthy``; the container's state where it does not run."""
        state = self.inspect(service)["State"]
        return str(state["Health"]["Status"] if state["Status"] == "running" else state["Status"])

    def logs(self, service: str) -> str:
        """All that the container of ``service`` has printed, over all its starts."""
        return docker("logs", self.container(service))

    def page(self, path: str, service: str = "bridge") -> str:
        """A page of the bridge's, or of another shard's, asked from inside its container, as a health check does.

        Raises:
            AssertionError: the container is not running, or there is no such page yet.
        """
        address = f"http://127.0.0.1:9108{path}"
        ask = f"import urllib.request as u; print(u.urlopen('{address}', timeout=5).read().decode(), end='')"
        return docker("exec", self.container(service), "/opt/venv/bin/python", "-Ic", ask)

    def heard(self, topic: str, *, within_s: float = 60) -> str:
        """The next message on ``topic`` at the stack's own broker, once that takes connections.

        The password is where a technician's ``mosquitto_sub`` in that container finds it, too.

        Raises:
            AssertionError: none came within ``within_s``.
        """
        command = ("docker", "exec", self.container("mosquitto"), "mosquitto_sub", "-t", topic, "-C", "1", "-W", "15")

        def listen() -> str:
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            return done.stdout if done.returncode == 0 else ""

        return eventually(listen, f"a message on {topic}", within_s=within_s)

    def metric(self, query: str) -> float | None:
        """What Prometheus answers to ``query``; None while it has no such series, or is not up."""
        address = f"http://127.0.0.1:{self.prometheus_port}/api/v1/query?query={urllib.parse.quote(query)}"
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            return None
        return float(found[0]["value"][1]) if found else None

    def committed(self) -> set[tuple[str, int]]:
        """Meter and time of each sample that the outbox said it has on disk. Needs LOG__LEVEL=DEBUG."""
        return {(meter, int(ts_ms)) for meter, ts_ms in _COMMITTED.findall(self.logs("bridge"))}

    def _environ(self) -> dict[str, str]:
        # Nothing of the caller's environment may configure the stack; HOME and DOCKER_* are Docker's own.
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME") or "DOCKER_" in name}
        return kept | {
            "PROMETHEUS_PORT": str(self.prometheus_port),
            "GRAFANA_PORT": str(self.grafana_port),
            "BRIDGE_PORT": str(self.bridge_port),
            "DLMS_TEST_NOFILE": str(min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])),
        }


def docker(*arguments: str, check: bool = True, timeout_s: float = 120) -> str:
    """Run ``docker`` and return what it printed, on either stream.

    Raises:
        AssertionError: it failed, and ``check`` was asked for.
    """
    done = subprocess.run(
        ("docker", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)}: {done.stdout}"
    return done.stdout


def image_size_mb(name: str) -> float:
    """Size of the image ``name`` in millions of bytes."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", name)) / 1e6


def eventually(ask: Callable[[], T], what: str, *, within_s: float = 60) -> T:
    """Ask until the answer is true, and return it. What real containers do takes the time it takes.

    Raises:
        AssertionError: it was not within ``within_s``; the message tells ``what`` and the last answer.
    """
    deadline = time.monotonic() + within_s
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}; last seen: {answer!r}"
        time.sleep(0.2)
