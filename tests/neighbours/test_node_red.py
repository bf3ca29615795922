"""The flow for Node-RED, in Node-RED itself: the values of a real bridge's demo meter come out of it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.fakes.programs import CACHE, missing

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]
FLOW = Path(__file__).parents[2] / "mosquitto" / "neighbours" / "node-red-flow.json"
PACKAGE = Path(__file__).parent / "node_red" / "package.json"
SETTINGS = """module.exports = {
    httpAdminRoot: false, httpNodeRoot: false, uiHost: "127.0.0.1", uiPort: 0,
    credentialSecret: false, telemetry: {enabled: false}, externalModules: {palette: {allowInstall: false}},
}"""


@pytest.fixture
def program():
    folder = CACHE / f"node-red-{hashlib.sha256(PACKAGE.read_bytes()).hexdigest()[:12]}"
    node = shutil.which("node")
    if node is None or not (folder / "complete").exists():
        missing("Node-RED is not prepared on this machine; tests/run installs it where it may")
    return [node, str(folder / "node_modules" / "node-red" / "red.js")]


@pytest.fixture
def node_red(program, container, tmp_path):
    """Node-RED with the flow as it is, but for what its user writes: address, port, password. Its log."""
    folder = tmp_path / "node-red"
    folder.mkdir()
    flow = json.loads(FLOW.read_text())
    (broker,) = (node for node in flow if node["type"] == "mqtt-broker")
    (shown,) = (node for node in flow if node["type"] == "debug")
    broker.update(broker="127.0.0.1", port=str(container.neighbours_port))
    shown.update(console=True)
    login = {"user": "node-red", "password": container.password_of("node-red")}
    (folder / "settings.js").write_text(SETTINGS)
    (folder / "flows.json").write_text(json.dumps(flow))
    (folder / "flows_cred.json").write_text(json.dumps({broker["id"]: login}))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*program, "--userDir", folder, "flows.json"], stdout=log, stderr=log)
    yield folder / "log"
    process.kill()
    process.wait()


def test_its_flow_makes_a_message_of_each_value(node_red, bridge):
    wanted = [
        f"topic: 'main/{key}'" for key in ("voltage_l1", "current_l1", "frequency", "active_power", "active_energy")
    ]
    deadline_s = time.monotonic() + 60
    while not all(one in node_red.read_text() for one in wanted):
        assert time.monotonic() < deadline_s, node_red.read_text() + bridge.lines()
        time.sleep(0.1)
    said = node_red.read_text()
    assert "unit: 'Wh'" in said
    assert "[error]" not in said
