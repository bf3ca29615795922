"""A plant for the doctor to examine: demo meters, a real mosquitto, a double of ThingsBoard, all on loopback."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bridge.cli.doctor.doctor import doctor
from bridge.cli.running_bridge import RunningBridge
from bridge.demo import DEMO_PASSWORD, MeterServer, serve
from bridge.demo.access import MeterMemory
from tests.fakes.mosquitto import TOKEN, Mosquitto
from tests.fakes.ports import free_port
from tests.fakes.thingsboard import ThingsBoard

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
SECRET = "hunter2-hunter2"


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor said."""

    code: int
    findings: list[dict[str, Any]]

    def signed(self, sign: str) -> list[str]:
        """The findings with this sign, by name."""
        return [finding["finding"] for finding in self.findings if finding["sign"] == sign]

    @property
    def bad(self) -> list[str]:
        return self.signed("bad")

    def one(self, name: str) -> dict[str, Any]:
        """The finding of this name, which must be there once."""
        (found,) = [finding for finding in self.findings if finding["finding"] == name]
        return found


class Clinic:
    """Everything well at first; a test breaks something before or after the start.

    Args:
        folder: for the data volume and what the bridge writes.
        upstream: whether the broker has a session with ThingsBoard; the settings name ThingsBoard either way.
        broker: whether a broker runs.
        meters: arguments of each meter's side, by name.
    """

    def __init__(
        self,
        folder: Path,
        *,
        upstream: bool = True,
        broker: bool = True,
        meters: Mapping[str, Mapping[str, Any]] | None = None,
        thingsboard: ThingsBoard | None = None,
        token: str = TOKEN,
        **mosquitto: Any,
    ) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        self.memories = {name: MeterMemory(lock_after=3) for name in meters or {"main": {}}}
        self.thingsboard = thingsboard or ThingsBoard()
        self.environ: dict[str, str] = {}
        self.health_port = free_port()
        self.log = folder / "bridge.log"
        self._meters = meters or {"main": {}}
        self._upstream, self._has_broker = upstream, broker
        self._token = token
        self._mosquitto = mosquitto
        self._end = AsyncExitStack()
        self._bridge: subprocess.Popen[bytes] | None = None
        self.broker: Mosquitto | None = None

    async def __aenter__(self) -> Self:
        await self._end.enter_async_context(self.thingsboard)
        port = free_port()
        if self._has_broker:
            upstream_port = self.thingsboard.port if self._upstream else None
            self.broker = Mosquitto(upstream_port=upstream_port, token=self._token, **self._mosquitto)
            await self._end.enter_async_context(self.broker)
            port = self.broker.port
        self.environ |= {
            "DATA_DIR": str(self.data),
            "BROKER__HOST": "127.0.0.1",
            "BROKER__PORT": str(port),
            "THINGSBOARD__HOST": "127.0.0.1",
            "THINGSBOARD__PORT": str(self.thingsboard.port),
            "THINGSBOARD__TOKEN": TOKEN,
            "HEALTH__PORT": str(self.health_port),
            "POLL__INTERVAL": "0.5",
            "CLOCK__PATIENCE": "0",  # a machine that was just started is as good as any for these tests
            "POLL__TIMEOUT": "1",
        }
        if self.broker is not None and self.broker.credentials_file.exists():
            self.environ["BROKER__CREDENTIALS_FILE"] = str(self.broker.credentials_file)
        for name, arguments in self._meters.items():
            framing = arguments.get("framing", "hdlc")
            side = partial(MeterServer, memory=self.memories[name], **arguments)
            server = await serve(framing=framing, meter=side)
            self._end.callback(server.close)
            self.environ |= {
                f"METERS__{name.upper()}__HOST": "127.0.0.1",
                f"METERS__{name.upper()}__PORT": str(server.sockets[0].getsockname()[1]),
                f"METERS__{name.upper()}__PROFILE": "microstar",
                f"METERS__{name.upper()}__PASSWORD": DEMO_PASSWORD,
                f"METERS__{name.upper()}__TIMEOUT": "1",
            }
        if self._has_broker and self._upstream and self.thingsboard.behaviour.token == self._token:
            async with asyncio.timeout(30):
                while not self.thingsboard.counts["sessions"]:
                    await asyncio.sleep(0.02)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._bridge is not None:
            self._bridge.terminate()
            await asyncio.to_thread(self._bridge.wait)
        await self._end.aclose()

    async def examine(self, *, clock_s=time.time, within_s: float = 40, bundle: Path | None = None, **changes: str):
        """Call the doctor as the command does, in this process."""
        out = io.StringIO()
        environ = {name: value for name, value in (self.environ | changes).items() if value}
        code = await asyncio.to_thread(
            partial(
                doctor, environ, out, as_json=True, bundle=bundle, within_s=within_s, clock_s=clock_s,
                secrets_dir=self.data / "no-secrets",
            )
        )  # fmt: skip
        report = json.loads(out.getvalue())
        assert report["exit_code"] == code
        return Diagnosis(code, report["findings"])

    async def run_bridge(self, **changes: str) -> None:
        """Start the real bridge as a process and wait until it answers."""
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        with self.log.open("ab") as log:
            self._bridge = await asyncio.to_thread(
                partial(
                    subprocess.Popen,
                    [sys.executable, "-m", "bridge", "run"],
                    env=environ | self.environ | changes,
                    stdout=log,
                    stderr=log,
                )
            )
        await self.until(lambda: bool(RunningBridge(self.health_port).status()["meters"]))

    async def until(self, holds, timeout_s: float = 40) -> None:
        """Look ten times a second; on a thread, because the meters live on this loop."""

        def look() -> bool:
            try:
                return bool(holds())
            except (OSError, ValueError, KeyError):
                return False

        async with asyncio.timeout(timeout_s):
            while not await asyncio.to_thread(look):
                await asyncio.sleep(0.1)

    def status(self) -> dict[str, Any]:
        return RunningBridge(self.health_port).status()
