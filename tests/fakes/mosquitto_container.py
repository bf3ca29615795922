"""The broker's container without Docker: ``mosquitto/start.sh`` on a real mosquitto, its paths in a folder.

Script and broker are a process group of their own, which :meth:`MosquittoContainer.stop` kills whole: no watcher of the
script outlives a test, however that ends.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.fakes.ports import free_port
from tests.fakes.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).resolve().parents[2] / "mosquitto"
_PATIENCE_S = 30.0


class MosquittoContainer:
    """The script with its container's paths in a folder, and another port. Stops at the end of a ``with``."""

    def __init__(self, folder: Path, scripts: Path = HERE) -> None:
        self.port, self.neighbours_port = free_port(), free_port()
        self.run, self.credentials_file, self.token = folder / "run", folder / "data" / "bridge", folder / "token"
        self.log = folder / "log"
        self._scripts = folder / "scripts"
        self._process: subprocess.Popen[bytes] | None = None
        folder.chmod(0o755)
        for one in (self.run, self.credentials_file.parent):
            one.mkdir(mode=0o777)
            one.chmod(0o777)
        shutil.copytree(scripts, self._scripts)
        places = {
            "/run/mosquitto": str(self.run),
            "/mosquitto/data": str(self.credentials_file.parent),
            "/bridge-data/thingsboard.token": str(self.token),
            "127.0.0.1:1883": f"127.0.0.1:{self.port}",
            "'-u %s\\n-P %s\\n'": f"'-p {self.port}\\n-u %s\\n-P %s\\n'",
        }
        for file in ("start.sh", "mosquitto.conf", "acl", "neighbours.conf", "neighbours.acl"):
            text = (self._scripts / file).read_text()
            for inside, outside in places.items():
                text = text.replace(inside, outside)
            for inside, port in ((1883, self.port), (1884, self.neighbours_port)):
                text = re.sub(rf"^listener {inside}$", f"listener {port} 127.0.0.1", text, flags=re.MULTILINE)
            # The container's user owns these files; here the daemon would give up root and could not read them.
            own = "\nuser root\n" if file.endswith(".conf") and not os.getuid() else ""
            (self._scripts / file).write_text(text + own)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, **environ: str) -> None:
        """Run the script with these settings."""
        path = os.pathsep.join((str(Path(find_program("mosquitto")).parent), os.environ["PATH"]))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                ["sh", self._scripts / "start.sh"],
                env={"PATH": path, "XDG_CONFIG_HOME": str(self.run), **environ},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Kill it and all that it started."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def neighbours_pid(self) -> int | None:
        """Return the process that is the broker for neighbours; None while there is none."""
        config = f"{self.run}/neighbours/neighbours.conf".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if config in (folder / "cmdline").read_bytes().split(b"\0"):
                    return int(folder.name)
        return None

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send its first process a signal, as Docker does."""
        self._process.send_signal(number)

    def ends(self) -> int:
        """Wait until it ends by itself, and return its exit code."""
        return self._process.wait(_PATIENCE_S)

    def listens(self) -> bool:
        """Return whether the relay takes connections."""
        return _takes_connections(self.port)

    def serves(self) -> bool:
        """Return whether both brokers take connections."""
        return self.listens() and _takes_connections(self.neighbours_port)

    def says(self, text: str) -> None:
        """Wait until its log says so."""
        self.until(lambda: text in self.log.read_text())

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline_s, self.log.read_text()
            time.sleep(0.05)

    def password_of(self, user: str) -> str:
        """Return the password that the script made for one of its users."""
        return (self.credentials_file.parent / user).read_text().splitlines()[1]

    @property
    def upstream(self) -> str:
        """The bridge section that the script rendered; empty without one."""
        file = self.run / "conf.d" / "upstream.conf"
        return file.read_text() if file.exists() else ""


def _takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
