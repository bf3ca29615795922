"""Faults planted in the data volume and the clock, one at a time: the doctor names the right one and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys

import pytest

from tests.cli.clinic import ROOT, Clinic
from tests.fakes.programs import find_program

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("watch")]


def _as_a_program(clinic: Clinic, *, before: tuple[str, ...] = (), file_bytes: int | None = None):
    """Call the command as a process of its own: with fewer rights, or on a disk that is full."""

    def limit():
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    ended = subprocess.run(
        [*before, sys.executable, "-m", "bridge", "doctor", "--json"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        | clinic.environ,
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=limit,
    )
    assert ended.stderr == b""
    return ended.returncode, [one["finding"] for one in json.loads(ended.stdout)["findings"] if one["sign"] == "bad"]


async def test_20_a_damaged_outbox(tmp_path, outbox):
    async with Clinic(tmp_path) as clinic:
        file = outbox(ago_s=1)
        content = bytearray(file.read_bytes())
        content[4096:12288] = os.urandom(8192)
        file.write_bytes(content)
        found = await clinic.examine()
    assert found.code == 1
    assert found.bad == ["bridge.down", "file.damaged"]


async def test_21_a_database_that_is_not_the_bridges(tmp_path):
    async with Clinic(tmp_path) as clinic:
        with sqlite3.connect(clinic.data / "outbox.db") as database:
            database.execute("CREATE TABLE cats (name TEXT)")
        database.close()
        found = await clinic.examine()
    assert "file.foreign" in found.bad


async def test_22_samples_that_wait_since_yesterday_and_no_bridge_that_sends_them(tmp_path, outbox):
    async with Clinic(tmp_path) as clinic:
        outbox(ago_s=86_400 + 7200)
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["bridge.down", "samples.old_on_disk"])
    assert "26 h 0 min" in found.one("samples.old_on_disk")["text"]
    assert "file.sound" in found.signed("good")


async def test_23_a_clock_without_a_battery(tmp_path):
    async with Clinic(tmp_path) as clinic:
        found = await clinic.examine(clock_s=lambda: 1_000_000.0)
    assert (found.code, found.bad) == (1, ["clock.old"])


async def test_24_a_clock_that_went_back(tmp_path, outbox):
    async with Clinic(tmp_path) as clinic:
        outbox(ago_s=-3600)
        found = await clinic.examine()
    assert found.bad == ["bridge.down", "clock.went_back"]


async def test_25_a_data_volume_that_is_full(tmp_path):
    async with Clinic(tmp_path) as clinic:
        code, bad = await asyncio.to_thread(_as_a_program, clinic, file_bytes=32_768)
    assert (code, bad) == (1, ["disk.full"])


async def test_26_a_data_volume_that_belongs_to_somebody_else(tmp_path):
    async with Clinic(tmp_path) as clinic:
        before: tuple[str, ...] = ()
        clinic.data.chmod(0o555)
        if os.getuid() == 0:  # root may write anywhere, unless that right is taken from it
            os.chown(clinic.data, 12_345, 12_345)
            before = (find_program("setpriv"), "--bounding-set=-dac_override")
        code, bad = await asyncio.to_thread(_as_a_program, clinic, before=before)
        clinic.data.chmod(0o755)
    assert (code, bad) == (1, ["disk.denied"])
    # What could not be remembered is not tried: the meter has had no password from here.
    assert clinic.memories["main"].associations == 0
