"""The local broker with its own script, a demo meter behind a bridge, both as processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bridge import demo
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.mosquitto_container import MosquittoContainer
from tests.fakes.ports import free_port


@pytest.fixture
def container(tmp_path):
    with MosquittoContainer(tmp_path) as container:
        container.start()
        container.until(container.serves)
        yield container


@pytest.fixture
def bridge(tmp_path, container):
    """A bridge that reads a demo meter called main every second."""
    port = free_port()
    words = [sys.executable, "-m", "bridge", "demo-meter", "--port", str(port)]
    meter = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = tmp_path / "bridge"
    folder.mkdir()
    process = BridgeProcess(
        folder, container, POLL__INTERVAL="1", METERS__MAIN__HOST="127.0.0.1", METERS__MAIN__PORT=str(port),
        METERS__MAIN__PROFILE="microstar", METERS__MAIN__PASSWORD=demo.DEMO_PASSWORD,
    )  # fmt: skip
    process.start()
    yield process
    process.kill()
    meter.kill()
    meter.wait()
