"""A real Prometheus with our alert rules that scrapes a real endpoint of a ``Metrics`` object, both on loopback."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bridge.health.metrics import Metrics
from bridge.health.server import HealthServer
from tests.fakes.programs import find_program

PATIENCE_S = 60.0
RULES = Path(__file__).parents[2] / "prometheus/rules/*.yml"

CONFIG = """
global:
  scrape_interval: {interval_s}s
  scrape_timeout: {interval_s}s
  evaluation_interval: {interval_s}s
rule_files:
  - {rules}
scrape_configs:
  - job_name: bridge
    static_configs:
      - targets: ["127.0.0.1:{port}"]
  - job_name: prometheus
    static_configs:
      - targets: ["127.0.0.1:{own_port}"]
"""


class Scraped:
    """One bridge's metrics and the Prometheus that scrapes them."""

    def __init__(self, metrics: Metrics, port: int, close_bridge: Callable[[], None]) -> None:
        self.metrics = metrics
        self.close_bridge = close_bridge
        self._port = port

    def ask(self, path: str, **parameters: Any) -> Any:
        """Return the data of an API call. A query that does not parse fails the test with Prometheus's words."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        try:
            connection.request("GET", f"/api/v1/{path}?{urlencode(parameters)}")
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert answer["status"] == "success", f"{parameters}: {answer}"
        return answer["data"]

    def now(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """Return the series of an instant query."""
        return self.ask("query", query=query, **parameters)["result"]

    def over_time(self, query: str, *, range_s: int, step_s: int = 1) -> list[dict[str, Any]]:
        """Return the series of the last ``range_s`` seconds."""
        end_s = time.time()
        return self.ask("query_range", query=query, start=end_s - range_s, end=end_s, step=step_s)["result"]

    def wait_until(self, done: Callable[[], bool], what: str) -> None:
        """Ask again and again until ``done``; fail when it is not within the patience."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline_s, f"not within {PATIENCE_S} s: {what}"
            time.sleep(0.2)

    def is_listening(self) -> bool:
        """Return whether Prometheus answers at all yet."""
        try:
            self.ask("status/buildinfo")
        except (OSError, json.JSONDecodeError):
            return False
        return True


@contextmanager
def scraped(metrics: Metrics, folder: Path, *, interval_s: int = 1) -> Iterator[Scraped]:
    """Serve ``metrics`` and scrape them every ``interval_s`` seconds."""
    program = find_program("prometheus")
    server = HealthServer(
        "127.0.0.1", 0, page=metrics.page.text, healthy=lambda: (True, ""), ready=lambda: (True, ""), status=dict
    )
    port = _free_port()
    config = CONFIG.format(port=server.port, own_port=port, interval_s=interval_s, rules=RULES)
    (folder / "prometheus.yml").write_text(config)
    command = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]

    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        there = Scraped(metrics, port, server.close)
        try:
            there.wait_until(there.is_listening, f"Prometheus listens; its log: {folder / 'prometheus.log'}")
            yield there
        finally:
            process.kill()
            server.close()


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port
