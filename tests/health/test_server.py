"""/metrics, /healthz, /readyz, /status, /log and /read over real HTTP."""

import json
import socket
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from bridge.configuration.health_settings import HealthSettings
from bridge.health.http import CONNECTIONS, HttpRequest
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
        page=metrics.page.text,
        healthy=lambda: bridge.healthy,
        ready=lambda: bridge.ready,
        status=lambda: {"wrong": []},
        log=lambda: "a line\nanother ñ\n",
        frames=lambda name: f"frames of {name}\n",
        read=bridge.read_now,
    )
    yield bridge, metrics, f"http://127.0.0.1:{server.port}"
    server.close()


def accepted_on(port):
    """Return how many connections this process holds on the server's side of ``port``."""
    held = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            held.add(str(descriptor.readlink()))
    rows = (row.split() for row in Path("/proc/self/net/tcp").read_text().splitlines()[1:])
    established = (row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01")
    return sum(f"socket:[{row[9]}]" in held for row in established)


def get(url, method="GET"):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_metrics_shows_what_was_counted(served):
    _, metrics, url = served
    metrics.meters.meter_cycles.labels("main", "ok").inc()
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


def asked(url, path, method="GET", **headers):
    request = urllib.request.Request(f"{url}{path}", method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("path", ["/", "/status", "/log", "/metrics", "/frames?meter=main", "/healthz"])
def test_a_web_page_whose_name_leads_here_gets_nothing(served, path):
    """DNS rebinding: the browser takes the answer for that page's own, and says by which name it asked."""
    _, _, url = served
    for name in ("evil.example", "evil.example:9108", "127.0.0.1.evil.example", "local.evil.example", "a.b:80"):
        assert asked(url, path, Host=name) == 421
    for name in ("127.0.0.1:9108", "[::1]:9108", "localhost", "bridge:9108", "meters.local", "BRIDGE.Internal."):
        assert asked(url, path, Host=name) in (200, 404)


def test_a_name_of_the_machine_is_taken_where_the_settings_say_it():
    settings = HealthSettings(names="Meters.Example.com, b.example.com")
    page = Metrics().page.text
    well = {"healthy": lambda: (True, "ok"), "ready": lambda: (True, "ok")}
    server = HealthServer("127.0.0.1", 0, page=page, status=dict, **well, names=settings.known_names)
    assert asked(f"http://127.0.0.1:{server.port}", "/metrics", Host="meters.example.com:9108") == 200
    assert asked(f"http://127.0.0.1:{server.port}", "/metrics", Host="c.example.com") == 421
    server.close()


def test_no_web_page_has_a_meter_read_on_the_machine_of_whoever_looks_at_it(served):
    bridge, _, url = served
    for origin in ("https://evil.example", "null", url):
        assert asked(url, "/read?meter=main", "POST", Origin=origin) == 403
    assert bridge.read == ()


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

    codes = [
        _read(HttpRequest("POST", "/read", "meter=main", address), read).status
        for address in ("172.18.0.3", "fe80::1%eth0", "10.0.0.9", "::ffff:10.0.0.9")
    ]
    assert (codes, answered) == ([403, 403, 403, 403], [])
    for here in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        assert _read(HttpRequest("POST", "/read", "meter=main", here), read).status == 200


def serving(**given):
    metrics = Metrics()
    given = {"healthy": lambda: (True, "ok"), "ready": lambda: (True, "ok"), "status": dict} | given
    return HealthServer("127.0.0.1", 0, page=metrics.page.text, **given)


def test_300_connections_that_say_nothing_cost_no_thread_and_the_health_check_is_answered(served, capfd):
    _, _, url = served
    port = int(url.rpartition(":")[2])
    before = threading.active_count()
    with ExitStack() as slow:
        for _ in range(300):
            one = slow.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: a")
        assert get(f"{url}/healthz") == (200, "ok\n")
        assert get(f"{url}/metrics")[0] == 200
        assert threading.active_count() - before <= 4
        assert 0 < accepted_on(port) <= CONNECTIONS
    assert "Traceback" not in "".join(capfd.readouterr())


def test_who_does_not_ask_in_time_and_who_sends_no_http_is_let_go(served, monkeypatch):
    monkeypatch.setattr("bridge.health.http._HEAD_WITHIN_S", 0.2)
    port = int(served[2].rpartition(":")[2])
    for said, answer in ((b"GET /healthz HTT", b""), (b"x" * 20_000, b""), (b"\x16\x03\r\n\r\n", b"HTTP/1.1 400")):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
            one.sendall(said)
            try:
                assert one.recv(100).startswith(answer)
            except ConnectionResetError:
                assert not answer


def test_readings_that_take_long_keep_no_health_check_waiting():
    going_on = threading.Event()
    server = serving(read=lambda _: {"done": going_on.wait(20)})
    url = f"http://127.0.0.1:{server.port}"
    asked = [threading.Thread(target=get, args=(f"{url}/read?meter=m", "POST")) for _ in range(8)]
    for one in asked:
        one.start()
    try:
        assert get(f"{url}/healthz") == (200, "ok\n")
    finally:
        going_on.set()
        for one in asked:
            one.join()
        server.close()


def test_a_page_that_cannot_be_made_is_500_and_takes_nothing_else_with_it():
    server = serving(status=lambda: 1 / 0)
    url = f"http://127.0.0.1:{server.port}"
    assert get(f"{url}/status") == (500, "see the bridge's log\n")
    assert get(f"{url}/healthz") == (200, "ok\n")
    server.close()


@pytest.mark.parametrize("asked", ["127.0.0.1", "[::1]"])
def test_two_colons_listen_on_both_ipv6_and_ipv4(asked):
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    server = HealthServer(
        "::", 0, page=bytes, healthy=lambda: (True, "ok"), ready=lambda: (True, "ok"), status=dict, read=lambda _: {}
    )
    assert get(f"http://{asked}:{server.port}/healthz") == (200, "ok\n")
    assert get(f"http://{asked}:{server.port}/read?meter=main", "POST") == (200, "{}")
    server.close()


def test_a_port_that_is_taken_is_said_at_the_start(served):
    with pytest.raises(OSError, match="in use"):
        HealthServer(
            "127.0.0.1", int(served[2].rpartition(":")[2]), page=bytes, healthy=tuple, ready=tuple, status=dict
        )
