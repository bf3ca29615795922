"""A real mosquitto as a child process: started, killed and started again on one port, with or without an upstream."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.fakes.ports import free_port
from tests.fakes.programs import find_program

TOKEN = "TOKEN"
"""The access token that the bridge section has."""
_HERE = Path(__file__).resolve().parents[2] / "mosquitto"
_OURS = ("listener", "password_file", "acl_file", "include_dir", "log_", "connection_messages", "sys_interval")
"""Options of the container's configuration that have another value here: paths, port, and what is logged."""


def _base() -> str:
    """The configuration that users get, less what belongs to the container."""
    lines = (_HERE / "mosquitto.conf").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith((*_OURS, "allow_anonymous")))


def upstream_section(port: int, token: str | None, tls: str, mode: str) -> str:
    """The bridge section that the container's own script renders, with a quicker second attempt."""
    script = (_HERE / "start.sh").read_text()
    section = script.partition("render_upstream() {\n    cat <<EOF\n")[2].partition("\nEOF\n")[0]
    values = {"$host": "127.0.0.1", "$port": str(port), "$(user_name)": f"remote_username {token}" if token else ""}
    function = script[script.index("mode_topics() {") :].partition("\n}\n")[0]
    topics = subprocess.run(
        ["sh", "-euc", f"mode={mode}\n{function}\n}}\nmode_topics"], check=True, capture_output=True, text=True
    ).stdout
    values |= {"$(tls_options)": tls, "$(mode_topics)": topics, "\\$": "$"}
    for name, value in values.items():
        section = section.replace(name, value)
    return re.sub("^restart_timeout .*", "restart_timeout 1 2 10", section, flags=re.MULTILINE)


def _watcher() -> str:
    """What the container's own script runs beside the broker, so that the bridge can have it connect anew."""
    script = (_HERE / "start.sh").read_text()
    return script[script.index("renew_on_request() {") :].partition("\n}\n")[0] + "\n}\nrenew_on_request &\n"


def tls_lines(ca_file: Path, cert_file: Path | str = "", key_file: Path | str = "") -> str:
    """What the container's own script says for these files."""
    script = (_HERE / "start.sh").read_text()
    function = script[script.index("tls_options() {") :].partition("\n}\n")[0]
    values = f"tls=true ca_file='{ca_file}' cert_file='{cert_file}' key_file='{key_file}'"
    return subprocess.run(
        ["sh", "-euc", f"{values}\n{function}\n}}\ntls_options"], check=True, capture_output=True, text=True
    ).stdout


class Mosquitto:
    """One broker; its folder holds configuration, passwords and log, and is removed with it."""

    def __init__(
        self,
        *,
        password: str | None = None,
        upstream_port: int | None = None,
        acl: str | None = None,
        token: str | None = TOKEN,
        tls: str = "",
        mode: str = "gateway",
    ) -> None:
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="mosquitto-")
        folder = Path(self._folder.name)
        folder.chmod(0o755)  # the daemon gives up root and reads it as another user
        self.log = folder / "log"
        self.credentials_file = folder / "credentials"
        self._config = folder / "mosquitto.conf"
        self._process: asyncio.subprocess.Process | None = None
        lines = [_base(), f"listener {self.port} 127.0.0.1", "sys_interval 1", "log_type all", "log_dest stdout"]
        lines.append(f"allow_anonymous {'false' if password else 'true'}")
        if password is not None:
            self.credentials_file.write_text(f"bridge\n{password}\n")
            lines.append(f"password_file {self._passwords(password)}")
        if acl is None and password is not None:
            acl = (_HERE / "acl").read_text()
        if acl is not None:
            (folder / "acl").write_text(acl)
            (folder / "acl").chmod(0o644)
            lines.append(f"acl_file {folder / 'acl'}")
        self._watcher = ""
        if upstream_port is not None:
            lines.append(upstream_section(upstream_port, token, tls, mode))
            self._watcher = _watcher()
        self._config.write_text("\n".join(lines))
        user = f"-u bridge\n-P {password}\n" if password else ""
        (folder / "mosquitto_sub").write_text(f"-h 127.0.0.1\n-p {self.port}\n{user}")

    def _passwords(self, password: str) -> Path:
        path = Path(self._folder.name) / "passwords"
        subprocess.run(
            [find_program("mosquitto_passwd"), "-b", "-c", str(path), "bridge", password],
            check=True,
            capture_output=True,
        )
        path.chmod(0o644)
        return path

    async def start(self) -> None:
        """Start it and wait until it takes connections."""
        # With what start.sh starts beside the broker. Here the shell becomes the broker: signals reach it at once.
        broker, path = Path(find_program("mosquitto")), os.environ.get("PATH", os.defpath)
        environ = os.environ | {"XDG_CONFIG_HOME": self._folder.name, "PATH": f"{broker.parent}{os.pathsep}{path}"}
        script = f'{self._watcher}exec "$0" -c "$1"'
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "sh", "-euc", script, str(broker), str(self._config),
                stdout=log, stderr=log, env=environ, start_new_session=True,
            )  # fmt: skip
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    if self._process.returncode is not None:
                        raise RuntimeError(self.log.read_text()) from None
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    async def kill(self, number: int = signal.SIGKILL) -> None:
        """End it, by SIGKILL if nothing else is said."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # the watcher, which a container takes with it
        self._process = None

    def pause(self) -> None:
        """It hangs: the connection stays and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        self._folder.cleanup()
