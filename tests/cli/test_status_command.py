"""``bridge status`` against a real health server."""

import io
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bridge.cli.running_bridge import find_bridge
from bridge.cli.status.status import ALL_WELL, NO_ANSWER, SOMETHING_WRONG, status
from bridge.errors import ReplyTimeout
from bridge.health.server import HealthServer
from tests.fakes.ports import free_port
from tests.health.conftest import plant  # noqa: F401 - a fixture
from tests.health.plant import NOW_S


@pytest.fixture
def port(plant):  # noqa: F811
    server = HealthServer(
        "127.0.0.1",
        0,
        page=plant.metrics.page.text,
        healthy=lambda: (True, "ok"),
        ready=lambda: (True, "ok"),
        status=plant.plain,
    )
    yield server.port
    server.close()


def shown(port, **options):
    out = io.StringIO()
    return status(port, out, **options), out.getvalue()


def test_all_well_is_a_table_and_exit_code_0(port):
    code, text = shown(port)
    assert code == ALL_WELL
    assert "main    reading  2 s ago     100 %" in text
    assert text.startswith("✔ all is well\n")


def test_what_is_wrong_stands_below_and_the_exit_code_is_1(port, plant):  # noqa: F811
    plant.main.fails(ReplyTimeout("10.0.0.1:4059: no answer within 5 s"), NOW_S - 3700)
    code, text = shown(port)
    assert code == SOMETHING_WRONG
    assert text.startswith("✘ a meter fails: 1 of 2\n")
    assert "main    failing, 1 h" in text
    assert "    timeout: 10.0.0.1:4059: no answer within 5 s; next attempt in 0 s" in text


def test_json_is_the_same_report(port, plant):  # noqa: F811
    code, text = shown(port, as_json=True)
    assert (code, json.loads(text)) == (ALL_WELL, json.loads(json.dumps(plant.plain())))


@pytest.mark.parametrize("answer", ["[1, 2]", "{}", '{"meters": []}', "no JSON"])
def test_another_program_on_the_port_is_no_bridge(answer):
    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code, text = shown(server.server_port)
        assert (code, text[:20]) == (NO_ANSWER, "✘ the bridge is down")
        code, text = shown(server.server_port, as_json=True)
        assert (code, list(json.loads(text))) == (NO_ANSWER, ["error"])
        assert find_bridge(server.server_port, elsewhere=False) is None
        server.shutdown()


def test_a_bridge_that_does_not_answer_is_exit_code_2():
    code, text = shown(free_port())
    assert code == NO_ANSWER
    assert text.startswith("✘ the bridge is down: nothing answers on port ")


def test_watching_shows_it_again_until_interrupted(port):
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    code, text = shown(port, watch=True, sleep=sleep)
    assert (code, text.count("all is well")) == (ALL_WELL, 3)


def test_the_command_line_takes_the_port_from_the_settings(port):
    environ = os.environ | {"HEALTH__PORT": str(port)}
    asked = subprocess.run(
        [sys.executable, "-m", "bridge", "status"], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert (asked.returncode, asked.stderr) == (ALL_WELL, "")
    assert "all is well" in asked.stdout
