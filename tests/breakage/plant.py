"""A whole plant that can be broken: meters, the real bridge process, a real mosquitto with its bridge to a double of
ThingsBoard, a real Prometheus with our rules. Everything on loopback.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from gurux_dlms import GXDateTime

from bridge.demo import DEMO_PASSWORD, Faults, MeterServer, serve
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from tests.fakes.mosquitto import TOKEN, Mosquitto
from tests.fakes.ports import free_port
from tests.fakes.programs import find_program
from tests.fakes.thingsboard import ThingsBoard

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
QUICKER = 12
"""A minute of the rules is five seconds here."""
_OTHERS = 'alertname!="Watchdog"'
"""All but the alert that always fires."""
_FIRING = f'alertstate="firing", {_OTHERS}'

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_PROFILE = (ROOT / "bridge/profiles/microstar.toml").read_text(encoding="utf-8") + (
    '\n[[registers]]\nkey = "clock"\nobis = "0-0:1.0.0"\nclass = 8\n'
)
_HANGABLE = """
import signal, sys, time
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(600))
from bridge.__main__ import main
sys.exit(main(["run"]))
"""
"""The bridge, with a signal that makes its event loop stand still as a call that blocks would."""


def quicker(rules: str) -> str:
    """Return the rules with every duration, of ``for``, of a range or an offset, divided by :data:`QUICKER`."""

    def scaled(match: re.Match[str]) -> str:
        return f"{match[1]}{int(match[2]) * _SECONDS[match[3]] * 1000 // QUICKER}ms"

    return re.sub(r"(for: |\[|offset )(\d+)([smh])\b", scaled, rules)


class Meter:
    """A demo meter that can be switched off, get another password or a wrong clock.

    Args:
        made: how the meter is made otherwise; see :class:`~bridge.demo.MeterServer`.
    """

    def __init__(self, **made: Any) -> None:
        self._made = made
        self.port = 0
        self.password = DEMO_PASSWORD
        self.clock_off_s = 0
        self._server: asyncio.Server | None = None
        self._times_on = 0

    async def on(self) -> None:
        self._times_on += 1
        self._server = await serve(port=self.port, meter=self._side)
        self.port = self._server.sockets[0].getsockname()[1]

    def _side(self) -> MeterServer:
        meter, times_on = self, self._times_on

        class Side(MeterServer):
            def answer(self, frame: bytes) -> bytes:
                if meter._server is None or meter._times_on != times_on:
                    raise ConnectionResetError  # it was switched off, which ends every connection
                for item in self.items:
                    if item.logicalName == "0.0.1.0.0.255":
                        item.time = GXDateTime(datetime.now(UTC) + timedelta(seconds=meter.clock_off_s))
                return super().answer(frame)

        return Side(password=self.password, **self._made)

    def off(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


class Plant:
    """Call :meth:`start`, break something, look, :meth:`stop`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # The second one ciphers, and lies about lists: the dashboards have something to show of both.
        cellar = Meter(security="authenticated-encryption", faults=Faults({"lies-list": "exception"}))
        self.meters = {"main": Meter(), "cellar": cellar}
        self.thingsboard = ThingsBoard()
        self.log = folder / "bridge.log"
        self.data = folder / "data"
        self._health_port = free_port()
        self._prometheus_port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._end = AsyncExitStack()
        self._well_since_s = time.time()

    async def start(self) -> None:
        self.data.mkdir(exist_ok=True)
        for meter in self.meters.values():
            await meter.on()
        await self._end.enter_async_context(self.thingsboard)
        self.broker = await self._end.enter_async_context(Mosquitto(upstream_port=self.thingsboard.port))
        (self.folder / "profiles").mkdir()
        (self.folder / "profiles/breakable.toml").write_text(_PROFILE.replace("reconnect_gap_s = 10", ""))
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "DATA_DIR": str(self.data),
            "PROFILES_DIR": str(self.folder / "profiles"),
            "BROKER__HOST": "127.0.0.1",
            "BROKER__PORT": str(self.broker.port),
            "THINGSBOARD__HOST": "127.0.0.1",
            "THINGSBOARD__PORT": str(self.thingsboard.port),
            "THINGSBOARD__TOKEN": TOKEN,
            "HEALTH__PORT": str(self._health_port),
            "POLL__INTERVAL": "0.5",
            "CLOCK__PATIENCE": "0",  # a machine that was just started is as good as any for these tests
            "POLL__TIMEOUT": "1",
        }
        for name, meter in self.meters.items():
            self.environ |= {
                f"METERS__{name.upper()}__HOST": "127.0.0.1",
                f"METERS__{name.upper()}__PORT": str(meter.port),
                f"METERS__{name.upper()}__PROFILE": "breakable",
                f"METERS__{name.upper()}__PASSWORD": DEMO_PASSWORD,
            }
        self.environ |= {
            "METERS__CELLAR__ENCRYPTION_KEY": DEMO_ENCRYPTION_KEY.hex(),
            "METERS__CELLAR__AUTHENTICATION_KEY": DEMO_AUTHENTICATION_KEY.hex(),
        }
        self.bridge = self._run([sys.executable, "-c", _HANGABLE], self.log, env=self.environ)
        await self.until(lambda: self.get("/healthz")[0] == 200, "the bridge is up")
        self._start_prometheus()
        await self.until(lambda: not self.wrong(), "all is well")
        await self.until(lambda: self.figure("dlms_outbox_confirmed_samples_total") > 5, "samples arrive")
        # BridgeDown is about to fire until Prometheus has scraped for the first time.
        await self.until(lambda: bool(self.asks("dlms:meters_fresh:ratio == 1")), "Prometheus has judged")
        await self.until(lambda: not self._alerts(f"ALERTS{{{_OTHERS}}}"), "no alert fires, or is about to")
        self._well_since_s = time.time()

    def _start_prometheus(self) -> None:
        rules = (ROOT / "prometheus/rules/bridge.yml").read_text(encoding="utf-8")
        (self.folder / "rules.yml").write_text(quicker(rules))
        (self.folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}\n"
            f"rule_files: [{self.folder / 'rules.yml'}]\n"
            "scrape_configs:\n- job_name: bridge\n  static_configs:\n"
            f"  - targets: ['127.0.0.1:{self._health_port}']\n"
            f"- job_name: prometheus\n  static_configs:\n  - targets: ['127.0.0.1:{self._prometheus_port}']\n"
        )
        command = [
            find_program("prometheus"),
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self._prometheus_port}",
            "--log.level=warn",
        ]
        self._run(command, self.folder / "prometheus.log")

    def _run(self, command: list[str], log: Path, **options: Any) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, **options)
        self._processes.append(process)
        return process

    async def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        for meter in self.meters.values():
            meter.off()
        await self._end.aclose()

    async def until(self, holds: Callable[[], bool], what: str, timeout_s: float = 90) -> None:
        """Look four times a second until it holds; on a thread, because the meters live on this loop."""
        deadline_s = time.monotonic() + timeout_s
        while not await asyncio.to_thread(_tolerant, holds):
            if time.monotonic() > deadline_s:
                raise AssertionError(f"not within {timeout_s:g} s: {what}\n{self.words()}")
            await asyncio.sleep(0.25)

    def words(self) -> str:
        """Return what helps to see why not."""
        parts = [self.log.read_text()[-3000:]]
        for ask in (self.wrong, self.fired):
            try:
                parts.append(str(ask()))
            except (OSError, ValueError) as error:
                parts.append(str(error))
        return "\n".join(parts)

    # What a technician would look at. All of it blocks.

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page of the bridge's health server."""
        return _get(self._health_port, path)

    def wrong(self) -> list[str]:
        """Return what the status report complains about."""
        return [wrong["said"] for wrong in json.loads(self.get("/status")[1])["wrong"]]

    def row(self, meter: str) -> dict[str, Any]:
        """Return the meter's row in the status report."""
        rows = json.loads(self.get("/status")[1])["meters"]
        return next(row for row in rows if row["name"] == meter)

    def command(self) -> tuple[int, str]:
        """Return exit code and table of ``bridge status``."""
        asked = subprocess.run(
            [sys.executable, "-m", "bridge", "status"], env=self.environ, capture_output=True, text=True, check=False
        )
        return asked.returncode, asked.stdout

    def figure(self, series: str) -> float:
        """Return the figure of ``series``, written as on the page."""
        lines = (line.rpartition(" ") for line in self.get("/metrics")[1].splitlines())
        return next((float(figure) for name, _, figure in lines if name == series), 0.0)

    def firing(self) -> set[tuple[str, str]]:
        """Return alert and meter of what fires now."""
        return self._alerts(f"ALERTS{{{_FIRING}}}")

    def fired(self) -> set[tuple[str, str]]:
        """Return alert and meter of whatever has fired since all was well."""
        since_s = max(1, int(time.time() - self._well_since_s))
        return self._alerts(f"max_over_time(ALERTS{{{_FIRING}}}[{since_s}s])")

    def _alerts(self, query: str) -> set[tuple[str, str]]:
        return {(labels["alertname"], labels.get("meter", "")) for labels in self.asks(query)}

    def asks(self, query: str) -> list[dict[str, str]]:
        """Return the labels of the series that Prometheus answers with."""
        _, text = _get(self._prometheus_port, f"/api/v1/query?{urlencode({'query': query})}")
        return [series["metric"] for series in json.loads(text)["data"]["result"]]


def _get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _tolerant(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except (OSError, ValueError, KeyError):
        return False
