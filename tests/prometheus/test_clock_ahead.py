"""A clock that ran ahead and was set right: a real Prometheus on our own configuration, with data from the future."""

import json
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.fakes.ports import free_port
from tests.fakes.programs import find_program
from tests.grafana.real_prometheus import Scraped

pytestmark = pytest.mark.promtool

ROOT = Path(__file__).parents[2]
DAY_S = 86_400
LONGEST_D = 30


@pytest.fixture
def started(tmp_path):
    """Starts Prometheus, as the stack does, on a volume that was written while the clock was so many days ahead."""
    running = []

    def start(days_ahead: float, *, window: bool = True) -> Scraped:
        from_s = int(time.time() + days_ahead * DAY_S)
        figures = "".join(f'dlms_bridge_wrong{{what="ahead"}} 1 {from_s + 60 * n}\n' for n in range(130))
        (tmp_path / "ahead.om").write_text(f"# TYPE dlms_bridge_wrong gauge\n{figures}# EOF\n")
        made = [find_program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "ahead.om", "data"]
        subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
        config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
        port = free_port()
        config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(ROOT / "prometheus/rules/*.yml")]
        config["scrape_configs"] = [{"job_name": "prometheus", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]
        if not window:
            del config["storage"]
        (tmp_path / "prometheus.yml").write_text(json.dumps(config))
        command = [
            find_program("prometheus"), f"--config.file={tmp_path / 'prometheus.yml'}", "--log.level=warn",
            f"--storage.tsdb.path={tmp_path / 'data'}", f"--storage.tsdb.retention.time={LONGEST_D}d",
            f"--web.listen-address=127.0.0.1:{port}",
        ]  # fmt: skip
        with (tmp_path / "prometheus.log").open("wb") as log:
            running.append(subprocess.Popen(command, stdout=log, stderr=log))
        there = Scraped(None, port, lambda: None)
        there.wait_until(there.is_listening, "Prometheus listens")
        return there

    yield start
    for process in running:
        process.kill()
        process.wait()


def alerts(there):
    return {alert["labels"]["alertname"] for alert in there.ask("alerts")["alerts"]}


def test_what_is_scraped_after_a_clock_that_ran_two_days_ahead_is_taken_in_and_said(started):
    there = started(2)
    there.wait_until(lambda: there.now('up{job="prometheus"}'), "what is scraped is stored")
    there.wait_until(lambda: "PrometheusAhead" in alerts(there), "that the clock ran ahead is said")
    assert "PrometheusStoresNothing" not in alerts(there)


def test_without_the_window_every_scrape_is_refused(started):
    there = started(2, window=False)
    there.wait_until(lambda: "PrometheusStoresNothing" in alerts(there), "that nothing is stored is said")
    assert there.now("up") == []


def test_beyond_the_window_an_alert_that_needs_no_data_says_that_nothing_is_stored(started):
    there = started(100)
    there.wait_until(lambda: "PrometheusStoresNothing" in alerts(there), "that nothing is stored is said")

    def refused():
        return [target["lastError"] for target in there.ask("targets")["activeTargets"]] == ["too old sample"]

    there.wait_until(refused, "a scrape is refused")
    assert there.now("up") == []
    assert "BridgeDown" not in alerts(there)


def test_the_window_is_as_long_as_what_is_kept():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
    assert f"--storage.tsdb.retention.time={LONGEST_D}d" in compose["services"]["prometheus"]["command"]
    assert config["storage"]["tsdb"]["out_of_order_time_window"] == f"{LONGEST_D}d"
