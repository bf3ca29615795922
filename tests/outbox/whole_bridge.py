"""A whole bridge as a process, on a real broker, with what arrives there and what its commands say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.fakes.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path


class Stack:
    """A bridge on a broker; ``environ`` is all that it sees of settings."""

    def __init__(self, folder: Path, broker) -> None:
        self.data = folder / "data"
        self.log = folder / "log"
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "DATA_DIR": str(self.data),
            "BROKER__HOST": "127.0.0.1",
            "BROKER__PORT": str(broker.port),
            "BROKER__CREDENTIALS_FILE": str(broker.credentials_file),
            "HEALTH__PORT": str(free_port()),
            "POLL__INTERVAL": "0.2",
        }
        self.process = None

    def start(self, **environ: str) -> None:
        with self.log.open("a") as log:
            command = [sys.executable, "-m", "bridge"]
            self.process = subprocess.Popen(command, env=self.environ | environ, stdout=log, stderr=log)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0

    def command(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bridge", "outbox", *words]
        return subprocess.run(
            command, env=self.environ | environ, capture_output=True, text=True, check=False, timeout=60
        )

    def check(self, **environ: str) -> str:
        command = [sys.executable, "-m", "bridge", "check"]
        ended = subprocess.run(command, env=self.environ | environ, capture_output=True, text=True, check=True)
        return ended.stdout

    def says(self, text: str) -> None:
        until = time.monotonic() + 30
        while text not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)
