"""The whole bridge as a process, on a real broker, with what it logs and serves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

from tests.fakes.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.broker import Mosquitto


class BridgeProcess:
    """A bridge; ``environ`` is all that it sees of settings. Call :meth:`start` first, :meth:`kill` last.

    Args:
        folder: for its data and its log.
        broker: what it is connected to; None for a bridge without a local broker.
        environ: settings that hold for every start.
    """

    words: tuple[str, ...] = ()
    """The command; none reads meters."""

    def __init__(self, folder: Path, broker: Mosquitto | None, **environ: str) -> None:
        self.data = folder / "data"
        self.log = folder / "log"
        self.port = free_port()
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "DATA_DIR": str(self.data),
            "HEALTH__PORT": str(self.port),
            "POLL__INTERVAL": "0.2",
            "CLOCK__PATIENCE": "0",  # a machine that was just started is as good as any for these tests
            **(_settings_of(broker) if broker is not None else {}),
            **environ,
        }
        self.python = sys.executable
        """Whose bridge it is: another checkout's has its own."""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environ: str) -> None:
        """Start it, with more settings for this time."""
        with self.log.open("a") as log:
            command = [self.python, "-m", "bridge", *self.words]
            self.process = subprocess.Popen(command, env=self.environ | environ, stdout=log, stderr=log)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)

    def kill(self) -> None:
        """End it, if it runs, however it is."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def command(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the bridge in the same environment."""
        command = [self.python, "-m", "bridge", *words]
        return subprocess.run(
            command, env=self.environ | environ, capture_output=True, text=True, check=False, timeout=60
        )

    def lines(self) -> str:
        """Return its log."""
        return self.log.read_text()

    def says(self, text: str) -> None:
        """Wait until the log says it; fails when the bridge ends before."""
        deadline_s = time.monotonic() + 30
        while text not in self.lines():
            assert self.process.poll() is None, self.lines()
            assert time.monotonic() < deadline_s, self.lines()
            time.sleep(0.05)

    def figure(self, name: str) -> float:
        """Return a figure of ``/metrics`` that has no label."""
        lines = (line.split() for line in self.get("/metrics").splitlines() if line.startswith(name + " "))
        return next((float(value) for _, value in lines), 0.0)

    def get(self, path: str) -> str:
        """Return a page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return answer.read().decode()


def _settings_of(broker: Mosquitto) -> dict[str, str]:
    return {
        "BROKER__HOST": "127.0.0.1",
        "BROKER__PORT": str(broker.port),
        "BROKER__CREDENTIALS_FILE": str(broker.credentials_file),
    }
