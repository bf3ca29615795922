"""/metrics, /healthz, /readyz and /status over real HTTP."""

import json
import urllib.error
import urllib.request

import pytest

from bridge.health.metrics import Metrics
from bridge.health.server import HealthServer


class Bridge:
    healthy = (True, "ok")
    ready = (True, "ok")


@pytest.fixture
def served():
    bridge, metrics = Bridge(), Metrics()
    server = HealthServer(
        "127.0.0.1",
        0,
        page=metrics.page,
        healthy=lambda: bridge.healthy,
        ready=lambda: bridge.ready,
        status=lambda: {"wrong": []},
    )
    yield bridge, metrics, f"http://127.0.0.1:{server.port}"
    server.close()


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_shows_what_was_counted(served):
    _, metrics, url = served
    metrics.meter_cycles.labels("main", "ok").inc()
    status, page = get(f"{url}/metrics")
    assert status == 200
    assert 'dlms_meter_cycles_total{meter="main",result="ok"} 1.0' in page
    assert "dlms_bridge_build_info{" in page


@pytest.mark.parametrize(("path", "name"), [("/healthz", "healthy"), ("/readyz", "ready")])
def test_a_check_that_fails_is_503_with_the_reason(served, path, name):
    bridge, _, url = served
    assert get(url + path) == (200, "ok\n")
    setattr(bridge, name, (False, "not connected to the local broker"))
    assert get(url + path) == (503, "not connected to the local broker\n")


def test_the_status_is_json(served):
    _, _, url = served
    status, page = get(f"{url}/status")
    assert (status, json.loads(page)) == (200, {"wrong": []})


def test_anything_else_is_not_found_and_says_what_is_there(served):
    _, _, url = served
    assert get(f"{url}/etc/passwd") == (404, "try /metrics, /healthz, /readyz or /status\n")
