"""A real Prometheus on a scene: it holds its history, scrapes its plant, and judges it by our own alert rules.

The rules are without their patience: what has been so for half an hour, this Prometheus has known for seconds.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bridge.health.server import HealthServer
from tests.fakes.ports import free_port
from tests.fakes.programs import find_program
from tests.grafana.real_prometheus import Scraped
from tests.grafana.scenes import Scene

ROOT = Path(__file__).parents[2]


def impatient_rules() -> str:
    """Return our rules with every ``for`` left out: the scene has been so for long, Prometheus only for seconds."""
    rules = yaml.safe_load((ROOT / "prometheus/rules/bridge.yml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    return json.dumps(rules)


class OnScene(Scraped):
    """The Prometheus.

    Args:
        port: where it listens.
        history_ended_s: when what was written ended and scraping began, Unix seconds.
    """

    def __init__(self, port: int, history_ended_s: float) -> None:
        super().__init__(None, port, lambda: None)  # type: ignore[arg-type]
        self.port = port
        self.history_ended_s = history_ended_s


@contextmanager
def prometheus_of(scene: Scene, folder: Path) -> Iterator["OnScene"]:
    """Start one on ``scene`` in ``folder``; it is ready once every rule has been looked at."""
    program, port = find_program("prometheus"), free_port()
    now_s = float(int(time.time()))
    bridge = None if scene.is_empty else _bridge(scene, folder, now_s)
    (folder / "rules.yml").write_text(impatient_rules())
    jobs = [] if bridge is None else [_job("prometheus", port), _job("bridge", bridge.port)]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": jobs,
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    command = [
        program, "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    there = OnScene(port, now_s)
    try:
        there.wait_until(lambda: _listens(there, process, folder), "Prometheus listens")
        there.wait_until(lambda: _are_judged(there, scene), "every rule is looked at")
        yield there
    finally:
        process.kill()
        process.wait()
        if bridge is not None:
            bridge.close()


def _bridge(scene: Scene, folder: Path, now_s: float) -> HealthServer:
    """Write the history of ``scene`` until now; return the bridge that goes on from there, or one that is gone."""
    plant = scene.plant(now_s)
    lines = plant.history(now_s, scene.scrape_s, lambda it: scene.change(it, now_s - it.now_s))
    (folder / "scene.om").write_text("".join(lines) + "# EOF\n")
    made = [find_program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "scene.om", "data"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)

    def page() -> bytes:
        plant.now_s = time.time()
        return "".join(f"{series} {value}\n" for series, value in plant.scrape().items()).encode()

    server = HealthServer("127.0.0.1", 0, page=page, healthy=lambda: (True, ""), ready=lambda: (True, ""), status=dict)
    if not plant.is_up:
        server.close()
    return server


def _job(name: str, port: int) -> dict[str, Any]:
    return {
        "job_name": name,
        "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"instance": name}}],
    }


def _listens(there: OnScene, process: subprocess.Popen[bytes], folder: Path) -> bool:
    assert process.poll() is None, (folder / "prometheus.log").read_text(encoding="utf-8")
    return there.is_listening()


def _are_judged(there: Scraped, scene: Scene) -> bool:
    looked = all(rule["lastEvaluation"] > "1970" for group in there.ask("rules")["groups"] for rule in group["rules"])
    # What a look found is stored a moment later, and of an empty Prometheus nothing but the one alert ever is.
    alone = 'ALERTS_FOR_STATE{alertname="PrometheusStoresNothing"} and on () ALERTS{alertname="Watchdog"}'
    return looked and bool(there.now(alone if scene.is_empty else "min(prometheus_rule_group_iterations_total) > 3"))
