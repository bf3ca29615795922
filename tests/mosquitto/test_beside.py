"""A drain beside the shard's own bridge: both on its broker, which has one session with ThingsBoard for both."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bridge.cli.stack.swarm import HAS_A_BRIDGE
from tests.delivery.rig import Rig
from tests.fakes.mosquitto_container import MosquittoContainer
from tests.fakes.programs import find_program
from tests.fakes.thingsboard import ThingsBoard

pytestmark = pytest.mark.broker


@pytest.fixture
def container(tmp_path):
    with MosquittoContainer(tmp_path) as container:
        yield container


async def test_both_have_all_confirmed_by_marks_and_neither_disturbs_the_other(tmp_path, container):
    folders = [tmp_path / name for name in ("own", "drain")]
    for folder in folders:
        folder.mkdir()
    async with ThingsBoard() as server:
        container.start(THINGSBOARD__HOST="127.0.0.1", THINGSBOARD__PORT=str(server.port), THINGSBOARD__TOKEN="TOKEN")
        await asyncio.to_thread(container.until, container.listens)
        own = Rig(folders[0], container, upstream=True)
        own.commands = answers
        drain = Rig(folders[1], container, upstream=True, beside="drain_b")
        async with own:
            own.put(1_000_000, 50)
            await own.until(lambda: own.confirmed == 50)
            async with drain:
                for turn in range(5):
                    drain.put(1 + 300 * turn, 300)
                    own.put(2_000_000 + 20 * turn, 20)
                    await asyncio.sleep(0.3)
                number = server.rpc("Main meter", "getStats")
                await drain.until(lambda: drain.confirmed == 1500)
                await own.until(lambda: own.confirmed == 150 and number in server.results)
                assert own.publisher.state.marks == drain.publisher.state.marks == "moving"
                assert not own.publisher.state.token_shared
        stored = {ts for _, ts in server.telemetry}
        assert {*range(1, 1501), *range(1_000_000, 1_000_050), *range(2_000_000, 2_000_100)} <= stored
        assert server.counts["sessions"] == 1, "nobody is thrown out"
        assert {key for mark in server.marks for key in mark} == {"bridge_mark", "bridge_mark_drain_b"}
        assert server.results[number] == (200, {"who": "own"}), "the one whose session it is answers"
    assert not server.unexpected
    assert "enied" not in container.log.read_text()


async def test_on_swarm_a_relay_that_only_a_drain_uses_is_not_healthy(tmp_path, container):
    """On a node that was cut off it would share ThingsBoard's session with its successor by turns, for minutes."""
    container.start()
    await asyncio.to_thread(container.until, container.listens)
    for name in ("own", "drain"):
        (tmp_path / name).mkdir()
    async with Rig(tmp_path / "drain", container, upstream=True, beside="drain_b") as drain:
        await drain.until(lambda: drain.publisher.state.broker_connected)
        assert not await healthy(container)
        assert await healthy(container, first_s=60), "nobody can connect before"
        async with Rig(tmp_path / "own", container, upstream=True) as own:
            await own.until(lambda: own.publisher.state.broker_connected)
            assert await healthy(container)
        assert not await healthy(container)
    container.stop()
    assert not await healthy(container, first_s=60)


async def healthy(container, first_s=0):
    """Run the check as Docker runs it, but for how long a young broker has."""
    script = HAS_A_BRIDGE.replace("$$", "$").replace("-lt 60", f"-lt {first_s}")
    environ = {"PATH": os.pathsep.join((str(Path(find_program("mosquitto_pub")).parent), os.environ["PATH"]))}
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", script), env=environ | {"XDG_CONFIG_HOME": str(container.run)}
    )
    return await process.wait() == 0


async def answers(_meter, _method, _params):
    await asyncio.sleep(1)  # whoever else answers is first
    return {"who": "own"}
