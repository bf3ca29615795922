"""/metrics, /healthz, /readyz, /status, /log and /read over real HTTP."""

import json
import urllib.error
import urllib.request

import pytest

from bridge.health.metrics import Metrics
from bridge.health.server import HealthServer, _read


class Bridge:
    healthy = (True, "ok")
    ready = (True, "ok")
    read = ()

    def read_now(self, meter):
        self.read += (meter,)
        return {"ts": 1, "values": {"voltage_l1": 127.4}}


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
        log=lambda: "a line\nanother ñ\n",
        frames=lambda name: f"frames of {name}\n",
        read=bridge.read_now,
    )
    yield bridge, metrics, f"http://127.0.0.1:{server.port}"
    server.close()


def get(url, method="GET"):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as answer:
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
    assert get(f"{url}/etc/passwd") == (404, "try /metrics, /healthz, /readyz, /status or /log\n")


def test_the_log_is_its_recent_lines(served):
    _, _, url = served
    assert get(f"{url}/log") == (200, "a line\nanother ñ\n")


def test_the_last_frames_are_a_meters(served):
    _, _, url = served
    assert get(f"{url}/frames?meter=hall%202") == (200, "frames of hall 2\n")


def test_a_meter_is_read_for_who_asks_on_this_machine(served):
    bridge, _, url = served
    status, answer = get(f"{url}/read?meter=hall%202", "POST")
    assert (status, json.loads(answer)["values"]) == (200, {"voltage_l1": 127.4})
    assert bridge.read == ("hall 2",)


@pytest.mark.parametrize(
    ("method", "query", "code"), [("GET", "?meter=main", 405), ("POST", "", 400), ("POST", "?meter=a&meter=b", 400)]
)
def test_nothing_is_read_by_a_glance_or_without_one_name(served, method, query, code):
    bridge, _, url = served
    assert get(f"{url}/read{query}", method)[0] == code
    assert bridge.read == ()


def test_nobody_from_elsewhere_has_a_meter_read():
    answered = []

    def read(meter):
        answered.append(meter)
        return {}

    environ = {"REQUEST_METHOD": "POST", "QUERY_STRING": "meter=main"}
    codes = [
        _read(environ | {"REMOTE_ADDR": address}, read)[0] for address in ("172.18.0.3", "fe80::1%eth0", "10.0.0.9")
    ]
    assert (codes, answered) == ([403, 403, 403], [])
    assert [_read(environ | {"REMOTE_ADDR": here}, read)[0] for here in ("127.0.0.1", "::1")] == [200, 200]
