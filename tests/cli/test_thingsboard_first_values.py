"""From a ThingsBoard without anything of ours to values on a dashboard's keys: two commands, timed."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from functools import partial

import pytest

from bridge.delivery import token_file
from tests.fakes.ports import free_port
from tests.fakes.thingsboard import ThingsBoard
from tests.thingsboard.rest_server import RestServer


@pytest.mark.parametrize("first", ["apply", "bridge"])
async def test_an_empty_thingsboard_shows_values_after_two_commands(tmp_path, first):
    """In either order: a bridge that runs takes the token up by itself."""
    async with ThingsBoard() as server:
        with RestServer(server.model) as rest:
            environ = {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(sys.path),
                "DATA_DIR": str(tmp_path / "data"),
                "HEALTH__HOST": f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.3",  # of this run alone
                "HEALTH__PORT": str(free_port()),
                "CLOCK__PATIENCE": "0",
                "POLL__DEMO_METER": "true",
                "THINGSBOARD__HOST": "127.0.0.1",
                "THINGSBOARD__PORT": str(server.port),
                **rest.environ(),
            }
            began_s, bridge = time.monotonic(), None
            start = partial(asyncio.create_subprocess_exec, sys.executable, "-m", "bridge", env=environ)
            try:
                if first == "bridge":
                    bridge = await start()
                    while not (tmp_path / "data" / "outbox.db").exists():
                        await asyncio.sleep(0.05)
                words = ("-m", "bridge", "thingsboard", "apply", "--yes", "--gateway", "GW")
                apply = await asyncio.create_subprocess_exec(sys.executable, *words, env=environ)
                assert await apply.wait() == 0
                assert token_file.kept(tmp_path / "data") == "TOKEN"
                bridge = bridge or await start()
                async with asyncio.timeout(60):
                    while not any("active_power" in row for row in server.model.rows("demo").values()):
                        await asyncio.sleep(0.05)
                print(f"an empty ThingsBoard to its first value, {first} first: {time.monotonic() - began_s:.1f} s")
            finally:
                if bridge is not None:
                    bridge.terminate()
                    await bridge.wait()
            profile = rest.api.store.find("deviceProfile", "meter")
            assert server.model.type("demo") == profile["name"]
            assert profile["defaultDashboardId"] == rest.api.store.find("dashboard", "Electricity meters")["id"]
