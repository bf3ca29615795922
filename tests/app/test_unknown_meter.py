"""A meter of which the technician knows address and password: probe twice, paste, start. Prints how long that took."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
from functools import partial

import pytest

from bridge.demo import Client, MeterServer, serve
from tests.app.test_without_docker import bridge_in, page_with_value, typed
from tests.fakes.ports import free_port

PASSWORD = "87654321"
PORT = 8899
"""The default of a maker of converters."""
SERVER = 1 << 7 | 17
"""Logical device 1, physical device 17, in two octets: some makers' first address."""


@pytest.fixture
async def host():
    """Where the meter is; an address of loopback that no other run has."""
    meter = partial(
        MeterServer, server=SERVER, server_address_bytes=2, clients=(Client(1, "low", PASSWORD.encode()),)
    )  # fmt: skip
    host = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.7"
    async with await serve(host=host, port=PORT, meter=meter):
        yield host


@pytest.mark.timeout(300)
async def test_from_an_unknown_setting_to_a_value_on_the_page(host, tmp_path, capsys):
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", str(tmp_path)), "LANG": "C"}

    async def bridge(*words):
        command = [*typed(), *words]
        asked = partial(subprocess.run, command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        return await asyncio.to_thread(asked)

    began_s = time.perf_counter()
    first = await bridge("probe", host)
    assert "needs its password: --password -" in first.stdout, first.stdout
    second = await bridge("probe", host, "--password", PASSWORD)
    probed_s = time.perf_counter() - began_s
    lines = [line for line in second.stdout.splitlines() if line.startswith("METERS__")]
    (secret,) = [line.removesuffix("=") for line in lines if "PASSWORD" in line]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / secret).write_text(PASSWORD)
    port = free_port()
    pasted = [line for line in lines if not line.startswith(secret)]
    (tmp_path / ".env").write_text("\n".join([*pasted, f"HEALTH__PORT={port}", ""]))
    with bridge_in(tmp_path):
        page = await asyncio.to_thread(page_with_value, port)
        took_s = time.perf_counter() - began_s
    name = re.match("METERS__(.+?)__", secret)[1].lower()
    assert f">{name}<" in page
    with capsys.disabled():
        print(f"\nan unknown meter: probed twice in {probed_s:.1f} s, a value on the page after {took_s:.1f} s")
