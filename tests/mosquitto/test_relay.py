"""``mosquitto/start.sh`` as the container runs it, but for paths and the port: a real mosquitto becomes the relay."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import paho.mqtt.client as paho
import pytest

from tests.delivery.rig import Rig
from tests.fakes.mosquitto_container import MosquittoContainer
from tests.fakes.thingsboard import ThingsBoard

pytestmark = pytest.mark.broker


@pytest.fixture
def container(tmp_path):
    with MosquittoContainer(tmp_path) as container:
        yield container


@asynccontextmanager
async def started(container: MosquittoContainer, **settings: str):
    """Run the script until it listens; the fixture stops it."""
    container.start(**settings)
    await asyncio.to_thread(container.until, container.listens)
    yield


def upstream(server: ThingsBoard) -> dict[str, str]:
    return {"THINGSBOARD__HOST": "127.0.0.1", "THINGSBOARD__PORT": str(server.port), "THINGSBOARD__TOKEN": "TOKEN"}


async def until(condition, timeout_s: float = 30):
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("mode", ["gateway", "device"])
async def test_everything_that_the_bridge_asks_and_tells_passes_the_acl_and_is_relayed(tmp_path, container, mode):
    async with (
        ThingsBoard() as server,
        started(container, **upstream(server), THINGSBOARD__MODE=mode),
        Rig(tmp_path, container, upstream=True, mode=mode) as rig,
    ):
        rig.publisher.report({"backlog": 3})
        rig.put(1, 100)
        await rig.until(lambda: rig.confirmed == 100)  # by marks, behind a device that was proven
        assert rig.publisher.state.marks == "moving"
        assert server.counts["fences"] >= 1
    assert not server.unexpected
    assert "enied" not in container.log.read_text()


async def test_the_bridge_can_have_it_connect_to_thingsboard_anew_and_nobody_else_is_thrown_out(container):
    async with ThingsBoard() as server, started(container, **upstream(server)):
        await until(lambda: server.counts["sessions"] == 1)
        client, ends = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="somebody"), []
        client.username_pw_set(*container.credentials_file.read_text().split())
        client.on_disconnect = lambda *_: ends.append(1)
        client.connect("127.0.0.1", container.port)
        client.loop_start()
        for number in range(2):
            await asyncio.sleep(1.5)  # the watcher subscribes anew after each
            client.publish("relay/renew", "it is stuck", qos=1)
            await until(lambda number=number: server.counts["sessions"] == 2 + number)
        assert not ends
        client.disconnect()
        client.loop_stop()
    assert container.log.read_text().count("connecting to ThingsBoard anew: it is stuck") == 2


async def test_what_lay_in_the_relay_is_gone_then(container):
    """A name of 256 characters is never acknowledged; what is behind it comes once the relay was emptied."""
    async with ThingsBoard() as server, started(container, **upstream(server)):
        await until(lambda: server.counts["sessions"] == 1)
        came = []
        server.came = lambda topic, payload: came.append(payload)
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.username_pw_set(*container.credentials_file.read_text().split())
        client.connect("127.0.0.1", container.port)
        client.loop_start()
        client.publish("v1/gateway/connect", '{"device":"' + "x" * 256 + '"}', qos=1)
        client.publish("v1/devices/me/telemetry", '{"behind":1}', qos=1)
        await until(lambda: len(came) == 1)
        await asyncio.sleep(1.5)
        client.publish("relay/renew", "stuck", qos=1)
        await until(lambda: server.counts["sessions"] == 2)
        client.publish("v1/devices/me/telemetry", '{"anew":1}', qos=1)
        await until(lambda: b'{"anew":1}' in came)
        assert len(came) == 2
        client.disconnect()
        client.loop_stop()
