"""The doctor's report as a technician sees it, and what is left behind when it is interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from bridge.demo import MeterServer, serve
from bridge.demo.faults import Faults
from tests.cli.clinic import ROOT, Clinic
from tests.fakes.ports import free_port

DISC = 0x53


def start(environ, *arguments, **options):
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])} | environ
    command = [sys.executable, "-m", "bridge", "doctor", *arguments]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def run(environ, *arguments):
    process = start(environ, *arguments)
    out, err = process.communicate(timeout=60)
    assert b"Traceback" not in err
    return process.returncode, out.decode()


@pytest.mark.broker
async def test_each_line_has_a_sign_what_was_seen_and_the_remedy(tmp_path):
    async with Clinic(tmp_path) as clinic:
        code, text = await asyncio.to_thread(run, clinic.environ | {"METERS__MAIN__PORT": str(free_port())})
    lines = text.splitlines()
    assert code == 1
    at = lines.index("  ✘ main: no connection")
    assert "connection refused" in lines[at + 1]
    assert lines[at + 2].startswith("      → refused: check PORT")
    assert "  ✔ usable; meters: 1" in lines
    assert lines[-2:-1] == [""]
    assert lines[-1].startswith("✘ 1 fault: meters: main: no connection; worth a look: ")
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= 80  # a path is not broken
    groups = [line for line in lines if line and not line.startswith(" ")]
    assert groups[:-1] == [
        "configuration", "bridge", "data volume", "clock", "meters", "local broker", "ThingsBoard", "samples", "host",
    ]  # fmt: skip


@pytest.mark.broker
async def test_in_spanish_the_report_is_spanish_and_what_was_seen_stays_as_the_log_says_it(tmp_path):
    async with Clinic(tmp_path) as clinic:
        changes = {"METERS__MAIN__PORT": str(free_port()), "LANG": "es_CO.UTF-8"}
        _, text = await asyncio.to_thread(run, clinic.environ | changes)
    assert "  ✘ main: sin conexión" in text.splitlines()
    assert "connection refused" in text
    assert "→ rechazada: revisar PORT" in text


@pytest.mark.broker
async def test_of_a_fleet_only_the_meters_with_something_to_say_are_named(tmp_path):
    meters = {f"m{number:02}": {} for number in range(40)}
    async with Clinic(tmp_path, meters=meters) as clinic:
        found = await clinic.examine(METERS__M07__PASSWORD="wrong")
    assert (found.code, found.bad) == (1, ["meter.auth"])
    assert found.one("meter.rest")["values"]["count"] == 39
    assert "meter.answers" not in found.signed("good")


async def test_meters_behind_one_converter_are_asked_one_after_the_other(tmp_path):
    """The converter takes one connection; a second one at the same time would be refused."""
    faults = Faults({"one-session": "refuse"})
    sides = [partial(MeterServer, server=number, faults=faults) for number in (1, 2, 3)]
    server = await serve(meter=sides)
    port = str(server.sockets[0].getsockname()[1])
    environ = {"DATA_DIR": str(tmp_path), "BROKER__HOST": "127.0.0.1", "BROKER__PORT": str(free_port())}
    for number in (1, 2, 3):
        environ |= {
            f"METERS__M{number}__HOST": "127.0.0.1",
            f"METERS__M{number}__PORT": port,
            f"METERS__M{number}__SERVER": str(number),
            f"METERS__M{number}__PROFILE": "microstar",
            f"METERS__M{number}__PASSWORD": "12345678",
            f"METERS__M{number}__TIMEOUT": "2",
        }
    _, text = await asyncio.to_thread(run, environ)
    server.close()
    assert [line[4:15] for line in text.splitlines() if ": answers, voltage_l1" in line] == [
        "m1: answers", "m2: answers", "m3: answers",
    ]  # fmt: skip


async def test_ctrl_c_releases_the_meter_and_is_exit_code_130(tmp_path):
    """The meter allows one session: who did not release it would find it taken."""
    heard: list[int] = []

    class Slow(MeterServer):
        def answer(self, frame: bytes) -> bytes:
            heard.append(frame[5])  # the control octet behind two one-octet addresses
            return super().answer(frame)

    faults = Faults({"delay": "0.4"})
    server = await serve(meter=partial(Slow, faults=faults))
    environ = {
        "DATA_DIR": str(tmp_path), "BROKER__HOST": "127.0.0.1", "BROKER__PORT": str(free_port()),
        "METERS__MAIN__HOST": "127.0.0.1", "METERS__MAIN__PORT": str(server.sockets[0].getsockname()[1]),
        "METERS__MAIN__PROFILE": "microstar", "METERS__MAIN__PASSWORD": "12345678",
    }  # fmt: skip
    process = await asyncio.to_thread(start, environ)
    async with asyncio.timeout(30):
        while len(heard) < 3:  # associated, and asked for the first value
            await asyncio.sleep(0.02)
    process.send_signal(signal.SIGINT)
    interrupted_s = time.monotonic()
    _, err = await asyncio.to_thread(process.communicate, timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - interrupted_s < 8
    assert err == b""
    assert heard[-1] == DISC
    server.close()
