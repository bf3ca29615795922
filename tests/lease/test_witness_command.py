"""``bridge witness`` as a process: it answers who has the secret, says who has not, and ends when asked to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from bridge.lease.datagrams import WitnessAddress
from bridge.lease.wire import WitnessQuestion
from tests.fakes.ports import free_port

SECRET = "sixteen letters."


def environment(**settings):
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "SHARD__SECRET": SECRET, **settings}


def command(*words, **settings):
    words = [sys.executable, "-m", "bridge", "witness", *words]
    return subprocess.run(words, env=environment(**settings), capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def witness(tmp_path):
    """Its port, its log, its process."""
    port, log = free_port(), tmp_path / "log"
    with log.open("w") as out:
        words = [sys.executable, "-m", "bridge", "witness", "--host", "127.0.0.1", "--port", str(port)]
        process = subprocess.Popen(words, env=environment(SHARD__LEASE="10"), stdout=out, stderr=out)
    deadline_s = time.monotonic() + 30
    while "witness on UDP port" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline_s, log.read_text()
        time.sleep(0.05)
    yield port, log, process
    process.kill()
    process.wait()


def ask(port, secret=SECRET, do="ask", timeout_s=10.0):
    witness = WitnessAddress("127.0.0.1", port, secret.encode())
    return asyncio.run(witness.put(WitnessQuestion(do, 1, "node-a/1", 10.0, "nonce"), timeout_s))


def until_granted(port):
    deadline_s = time.monotonic() + 30
    while not (answer := ask(port)).granted:
        assert answer.why == "just started"
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def test_it_grants_once_its_first_silence_is_over_and_says_to_whom(witness):
    port, log, process = witness
    until_granted(port)
    looked = command("--look", "--port", str(port))
    assert looked.returncode == 0
    assert "held by node-a" in looked.stdout
    until_granted(port)
    assert "la tiene node-a" in command("--look", "--port", str(port), LANG="es").stdout
    ask(port, do="release")
    assert "nobody holds it" in command("--look", "--port", str(port)).stdout
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert "shard 1 | granted to node-a/1" in log.read_text()
    assert "shard 1 | given back by node-a/1" in log.read_text()


def test_who_has_another_secret_gets_no_answer_and_is_named_in_the_log(witness):
    port, log, _ = witness
    assert ask(port, secret="another sixteen.", timeout_s=0.5) is None
    assert ask(port, secret="another sixteen.", timeout_s=0.5) is None
    assert log.read_text().count("127.0.0.1 is not heard: it does not sign with this SHARD__SECRET") == 1
    assert ask(port) is not None


def test_a_witness_that_is_away_or_has_no_address_is_no_answer():
    assert ask(free_port(), timeout_s=1.0) is None
    nowhere = WitnessAddress("no.such.name.invalid", 9109, SECRET.encode())
    assert asyncio.run(nowhere.put(WitnessQuestion("look", 1, "", 0.0, "nonce"), 1.0)) is None
    looked = command("--look", SHARD__WITNESSES=",".join(f"127.0.0.1:{free_port()}" for _ in range(3)))
    assert looked.returncode == 1
    assert looked.stdout.count("does not answer") == 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"SHARD__SECRET": ""}, "SHARD__SECRET: missing"),
        ({"SHARD__SECRET": "short"}, "SHARD__SECRET"),
        ({"SHARD__LEASE": "soon"}, "SHARD__LEASE"),
    ],
)
def test_what_it_cannot_use_is_exit_code_2(settings, said):
    ended = command("--port", str(free_port()), **settings)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "short" not in ended.stderr.replace("at least", "")
