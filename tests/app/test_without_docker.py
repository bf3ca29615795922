"""Python alone, in an empty folder: one line typed, and a value stands on the page. Prints how long that took."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bridge.demo import DEMO_PASSWORD, serve
from tests.fakes.ports import free_port
from tests.fakes.programs import CACHE

ROOT = Path(__file__).parents[2]
VALUE = re.compile(r"active_energy</span> \d+ Wh")


def typed():
    """What a newcomer types, ``uv run bridge``, on a checkout that ``uv sync`` was run in; else its entry point."""
    if uv := shutil.which("uv", path=os.pathsep.join((os.environ["PATH"], str(CACHE / "uv" / "bin")))):
        return [uv, "run", "--project", str(ROOT), "--frozen", "--no-sync", "--offline", "bridge"]
    return [str(Path(sys.executable).with_name("bridge"))]


@contextmanager
def bridge_in(folder, **environ):
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", str(folder)), **environ}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(typed(), cwd=folder, env=environ, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) in (0, 143, -15), (folder / "log").read_text()


def page_with_value(port):
    while True:
        with suppress(OSError):
            page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read().decode()
            if VALUE.search(page):
                return page
        time.sleep(0.05)


def test_from_the_line_typed_to_a_value_on_the_page(tmp_path, capsys):
    port, began_s = free_port(), time.perf_counter()
    with bridge_in(tmp_path, HEALTH__PORT=str(port)):
        page = page_with_value(port)
        took_s = time.perf_counter() - began_s
    with capsys.disabled():
        print(f"\n{' '.join(Path(word).name for word in typed())}: a value on the page after {took_s:.1f} s")
    assert "samples are confirmed here and go nowhere" in page
    assert "broker" not in page.partition("<dl>")[2].partition("</dl>")[0]
    log = (tmp_path / "log").read_text()
    assert "upstream: none, samples are confirmed locally" in log
    assert f"http://127.0.0.1:{port}/" in log
    assert not re.search(r"broker \||ERROR", log), log
    assert (tmp_path / "data" / "outbox.db").exists()


@pytest.mark.parametrize("secret", ["in .env", "in secrets"])
async def test_the_meters_of_the_env_file_beside_are_read(tmp_path, secret):
    async with await serve() as served:
        port, meter_port = free_port(), served.sockets[0].getsockname()[1]
        password = f"METERS__HALL__PASSWORD={DEMO_PASSWORD}\n"
        (tmp_path / ".env").write_text(
            f"METERS__HALL__HOST=127.0.0.1\nMETERS__HALL__PORT={meter_port}\nMETERS__HALL__PROFILE=microstar\n"
            f"HEALTH__PORT={port}\n{password if secret == 'in .env' else ''}"
        )
        if secret == "in secrets":
            (tmp_path / "secrets").mkdir()
            (tmp_path / "secrets" / "METERS__HALL__PASSWORD").write_text(DEMO_PASSWORD)
        with bridge_in(tmp_path):
            page = await asyncio.to_thread(page_with_value, port)
            command = [sys.executable, "-m", "bridge", "status"]
            environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
            asked = await asyncio.to_thread(
                subprocess.run, command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
            )
    assert ">hall<" in page
    assert re.search(r"^hall +reading ", asked.stdout, re.MULTILINE), asked.stdout + asked.stderr
