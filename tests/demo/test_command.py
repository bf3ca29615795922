"""``bridge demo-meter`` as it is started: what it prints, and that nothing of gurux's is among it."""

import argparse
import os
import select
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
from gurux_dlms.enums import Security

from bridge.configuration.load import read
from bridge.demo import Keys, command
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from bridge.demo.fault_table import TABLE
from tests.demo.gurux_client import Reader

KEYS = {"key": DEMO_ENCRYPTION_KEY, "authentication_key": DEMO_AUTHENTICATION_KEY}


@contextmanager
def demo_meter(*options):
    """Run the command; give its process and the lines that it said first."""
    words = [sys.executable, "-m", "bridge", "demo-meter", "--port", "0", *options]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "LANG": "C"}
    ) as meter:
        try:
            assert select.select([meter.stdout], [], [], 20)[0]
            yield meter, os.read(meter.stdout.fileno(), 65536).decode().splitlines()
        finally:
            meter.terminate()


class OverTcp:
    """What a MeterServer is to a Reader, at the end of a TCP connection."""

    framing, server = "wrapper", 1

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def frames(self, request):
        self._socket.sendall(request)
        head = self._socket.recv(8, socket.MSG_WAITALL)
        return [head + self._socket.recv(int.from_bytes(head[6:]), socket.MSG_WAITALL)]

    def close(self):
        self._socket.close()


def port_of(lines):
    return int(lines[0].split(",")[0].rpartition(":")[2])


def test_without_options_it_serves_the_meter_of_the_first_look_on_loopback():
    with demo_meter() as (_, lines):
        port = port_of(lines)
    assert lines == [
        f"demo meter on 127.0.0.1:{port}, hdlc, client 1, server 1, password 12345678",
        "METERS__DEMO__HOST=127.0.0.1",
        f"METERS__DEMO__PORT={port}",
        "METERS__DEMO__PROFILE=microstar",
        "METERS__DEMO__PASSWORD=12345678",
    ]


def test_what_it_prints_is_a_configuration_that_the_bridge_takes(tmp_path):
    options = "--framing hdlc-mode-e --server 17 --server-address-bytes 2 --client 2 --authentication sha256 --meters 2"
    options += " --security authenticated-encryption --suite 2 --general-ciphering"
    with demo_meter(*options.split()) as (_, lines):
        environ = dict(line.split("=", maxsplit=1) for line in lines[1:])
    reading = read(environ, tmp_path)
    assert reading.problems == []
    meters = reading.settings.meters
    assert [(meter.server, meter.client, meter.framing) for meter in meters.values()] == [
        (17, 2, "hdlc-mode-e"),
        (18, 2, "hdlc-mode-e"),
    ]


@pytest.mark.parametrize("kind", command.KINDS)
def test_what_it_prints_reads_every_kind_of_meter_as_it_is(kind, tmp_path):
    with demo_meter("--kind", kind) as (_, lines):
        environ = dict(line.split("=", maxsplit=1) for line in lines[1:])
    meter = read(environ, tmp_path).resolved["demo"]
    assert (meter.profile, meter.client, meter.authentication, meter.password) == (kind, 1, "low", b"12345678")


def test_for_ecdsa_it_makes_keys_and_prints_the_clients(tmp_path):
    with demo_meter("--authentication", "ecdsa", "--suite", "1") as (_, lines):
        environ = dict(line.split("=", maxsplit=1) for line in lines[1:])
    reading = read(environ, tmp_path)
    assert reading.problems == []
    assert len(reading.settings.meters["demo"].signing_key.get_secret_value()) == 64


def test_nothing_of_gurux_is_printed_while_it_ciphers():
    options = "--framing wrapper --authentication gmac --security authenticated-encryption"
    with demo_meter(*options.split()) as (meter, lines):
        assert "authentication gmac" in lines[0]
        side = OverTcp(port_of(lines))
        reader = Reader(side, authentication="gmac", security=Security.AUTHENTICATION_ENCRYPTION, **KEYS).associate()
        assert reader.register("1.1.32.7.0.255") > 10000
        side.close()
        meter.terminate()
        assert meter.stdout.read() == b""


def test_several_meters_have_faults_of_their_own_and_one_may_be_silent():
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    arguments = parser.parse_args(["--meters", "3", "--silent-meter", "2", "--fault", "drop=0.5"])
    sides = [make() for make in command._makers(arguments, Keys())]
    assert [(side.server, side.faults.has("silent"), side.faults.has("drop")) for side in sides] == [
        (1, False, True),
        (2, True, True),
        (3, False, True),
    ]
    assert len({id(side.memory) for side in sides}) == 3


def test_the_help_explains_every_fault():
    words = [sys.executable, "-m", "bridge", "demo-meter", "--help"]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert all(f"  {name}" in text for name in TABLE)


@pytest.mark.parametrize("options", [("--fault", "dorp"), ("--fault", "drop=2")])
def test_a_fault_that_there_is_not_is_named(options):
    words = [sys.executable, "-m", "bridge", "demo-meter", "--port", "0", *options]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert options[1].split("=")[0] in done.stderr


def test_a_port_that_is_taken_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = [sys.executable, "-m", "bridge", "demo-meter", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("cannot listen on 127.0.0.1:")


def test_the_table_of_faults_and_the_options_cost_no_dlms_stack():
    code = "import sys, bridge.demo.command; sys.exit(any(name.startswith('gurux') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
