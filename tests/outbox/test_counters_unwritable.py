"""One ciphered meter and a data volume that cannot be written: that meter waits, the others are read."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.broker
CIPHERED = {
    "METERS__CIPHERED__HOST": "127.0.0.1",
    "METERS__CIPHERED__ENCRYPTION_KEY": "00" * 16,
    "METERS__CIPHERED__AUTHENTICATION_KEY": "00" * 16,
}


@pytest.fixture
def plain():
    """A demo meter in a process of its own; settings that read it."""
    command = [sys.executable, "-m", "bridge", "demo-meter", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as meter:
        lines = [meter.stdout.readline().strip() for _ in range(5)]
        yield dict(line.replace("__DEMO__", "__PLAIN__").split("=") for line in lines[1:])
        meter.kill()


@pytest.fixture
def somebody():
    """A port that takes connections: what comes before anything is sent needs no meter."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {"METERS__CIPHERED__PORT": str(server.getsockname()[1])}


def test_the_other_meters_are_read_and_the_ciphered_one_says_what_it_waits_for(stack, arrived, plain, somebody):
    (stack.data / "counters.db").mkdir(parents=True)  # not to be opened, whoever runs this

    stack.start(**plain, **CIPHERED, **somebody)

    stack.says("counters | meters that cipher")
    until = time.monotonic() + 30
    while not any(topic == "v1/gateway/telemetry" and "plain" in json.loads(body) for topic, body, _ in arrived):
        assert stack.process.poll() is None, stack.log.read_text()
        assert time.monotonic() < until, stack.log.read_text()
        time.sleep(0.05)
    stack.says("ciphered | association | cannot be read: no invocation counter could be reserved on disk")


def test_a_single_reading_says_so_in_a_line(stack):
    (stack.data / "counters.db").mkdir(parents=True)
    ended = stack.command("read", "ciphered", **CIPHERED)
    assert ended.returncode == 1
    assert "no invocation counter could be reserved on disk" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
