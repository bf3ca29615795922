"""A key and a secret become a token, once, kept where only the bridge and the broker's group can read it."""

import asyncio
import contextlib
import json
import os
import random
import stat
import threading

import paho.mqtt.client as mqtt
import pytest
from loguru import logger
from pydantic import SecretStr

from bridge.configuration.settings import ThingsBoardSettings
from bridge.delivery import provisioning
from bridge.delivery.provisioning import Provisioning, is_wanted
from bridge.delivery.token_file import TOKEN_FILE, kept
from bridge.errors import UpstreamError
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import ThingsBoard

pytestmark = pytest.mark.broker

TOKEN = "a-token-from-thingsboard"


def settings(port, **more):
    return ThingsBoardSettings(host="127.0.0.1", port=port, provision_key="KEY", provision_secret="SECRET", **more)


def provisioning_of(port, folder, *, is_refused=lambda: False, **more):
    return Provisioning(
        settings(port, **more), folder, is_up=lambda: False, is_refused=is_refused, rng=random.Random(1)
    )


@contextlib.asynccontextmanager
async def running(one):
    task = asyncio.create_task(one.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def soon(monkeypatch):
    """What takes minutes takes hundredths of a second."""
    for name in ("_LOOK_EVERY_S", "_FIRST_WAIT_S"):
        monkeypatch.setattr(provisioning, name, 0.01)


class Provisioner:
    """ThingsBoard's side of ``/provision/…`` on a real broker: answers what the test says, in turn."""

    def __init__(self, port, answers):
        self.requests = []
        self._answers = list(answers)
        self._ready = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("/provision/request")
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._answer
        self._client.connect("127.0.0.1", port)

    def __enter__(self):
        self._client.loop_start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()

    def _answer(self, client, _data, message):
        self.requests.append(json.loads(message.payload))
        client.publish("/provision/response", self._answers.pop(0))


SUCCESS = json.dumps({"status": "SUCCESS", "credentialsType": "ACCESS_TOKEN", "credentialsValue": TOKEN})


async def test_a_token_is_asked_for_once_and_kept(tmp_path):
    async with Mosquitto() as broker:
        with Provisioner(broker.port, [SUCCESS]) as thingsboard:
            assert is_wanted(settings(broker.port))
            async with asyncio.timeout(20):
                await provisioning_of(broker.port, tmp_path).obtain()
    file = tmp_path / TOKEN_FILE
    assert file.read_text() == f"{TOKEN}\n"
    assert stat.S_IMODE(file.stat().st_mode) == (0o640 if 1883 in os.getgroups() else 0o600)
    assert thingsboard.requests == [
        {"deviceName": "dlms-bridge", "provisionDeviceKey": "KEY", "provisionDeviceSecret": "SECRET", "gateway": True}
    ]
    assert kept(tmp_path) == TOKEN


@pytest.mark.parametrize(
    "refusal",
    [
        json.dumps({"status": "FAILURE", "errorMsg": "Failed to provision device!"}),
        json.dumps({"status": "SUCCESS", "credentialsType": "X509_CERTIFICATE"}),
        "not JSON",
        "[]",
    ],
)
async def test_a_refusal_is_named_and_asked_again_and_no_secret_is_said(tmp_path, monkeypatch, refusal):
    monkeypatch.setattr(provisioning, "_FIRST_WAIT_S", 0.01)
    lines = []
    handler = logger.add(lines.append)
    async with Mosquitto() as broker:
        with Provisioner(broker.port, [refusal, SUCCESS]) as thingsboard:
            async with asyncio.timeout(20):
                await provisioning_of(broker.port, tmp_path).obtain()
    logger.remove(handler)
    said = "".join(lines)
    assert len(thingsboard.requests) == 2
    assert "provisioning" in said
    assert "SECRET" not in said
    assert TOKEN not in said


async def test_a_server_that_is_away_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(provisioning, "_FIRST_WAIT_S", 0.05)
    broker = Mosquitto()
    asking = asyncio.create_task(provisioning_of(broker.port, tmp_path).obtain())
    await asyncio.sleep(0.2)
    assert not asking.done()
    async with broker:
        with Provisioner(broker.port, [SUCCESS] * 5):
            async with asyncio.timeout(30):
                await asking
    assert (tmp_path / TOKEN_FILE).exists()


def test_a_token_of_ones_own_needs_no_provisioning():
    assert not is_wanted(ThingsBoardSettings(host="tb", token="mine"))


@pytest.mark.parametrize("content", [b"", b"\n", b"two words\n", b"a\nb\n", b"\x00\xff\x07token", "tök".encode()])
async def test_a_file_that_holds_no_token_is_no_token_and_another_is_asked_for(tmp_path, content, soon):
    """It needed hands: the broker waited for ever, or named a setting that was not there."""
    (tmp_path / TOKEN_FILE).write_bytes(content)
    assert kept(tmp_path) is None
    async with Mosquitto() as broker:
        with Provisioner(broker.port, [SUCCESS]):
            async with running(provisioning_of(broker.port, tmp_path)):
                await until(lambda: kept(tmp_path) == TOKEN)


async def test_a_token_that_thingsboard_refuses_is_replaced_once(tmp_path, soon, monkeypatch):
    (tmp_path / TOKEN_FILE).write_text("revoked\n")
    asked = []

    async def answers(_):
        asked.append(kept(tmp_path))
        return TOKEN

    monkeypatch.setattr(provisioning, "_ask", answers)
    async with running(provisioning_of(1, tmp_path, is_refused=lambda: kept(tmp_path) == "revoked")):
        await until(lambda: kept(tmp_path) == TOKEN)
        await asyncio.sleep(0.1)  # what must not happen needs time not to happen in
    assert asked == ["revoked"]


async def test_a_token_that_nobody_refuses_is_kept(tmp_path, soon):
    (tmp_path / TOKEN_FILE).write_text(f"{TOKEN}\n")
    async with ThingsBoard() as server, running(provisioning_of(server.port, tmp_path)):
        await asyncio.sleep(0.1)
        assert server.counts["sessions"] == 0
    assert kept(tmp_path) == TOKEN


@pytest.mark.parametrize(
    ("refused", "hint"),
    [
        ({"provision_secret": "ANOTHER"}, "THINGSBOARD__PROVISION_KEY or _SECRET is wrong"),
        ({"provision_name": "GW"}, "a device GW exists already"),
    ],
)
async def test_each_refusal_has_a_hint_of_its_own(tmp_path, refused, hint):
    """A wrong secret had the hint of a device that exists."""
    async with ThingsBoard() as server:
        asked = settings(server.port).model_copy(
            update={name: SecretStr(value) if "secret" in name else value for name, value in refused.items()}
        )
        with pytest.raises(UpstreamError) as found:
            await provisioning._ask(asked)
    assert hint in found.value.hint


@pytest.mark.parametrize(("mode", "is_gateway"), [("gateway", True), ("device", None)])
async def test_the_device_that_is_made_is_a_gateway_where_one_is_wanted(tmp_path, mode, is_gateway):
    """It had to be marked by hand, and until then nothing came through."""
    async with ThingsBoard() as server:
        await provisioning_of(server.port, tmp_path, mode=mode).obtain()
        session = server.model.connect(asyncio.get_running_loop().time(), token=kept(tmp_path))
        assert session.is_gateway is bool(is_gateway)


async def test_a_token_that_cannot_be_kept_is_the_disks_fault_and_named_so(tmp_path, soon):
    lines = []
    handler = logger.add(lines.append)
    (tmp_path / "file").write_text("in the way of the folder")
    async with Mosquitto() as broker:
        with Provisioner(broker.port, [SUCCESS] * 9):
            async with running(provisioning_of(broker.port, tmp_path / "file")):
                await until(lambda: any("cannot keep the token" in line for line in lines))
    logger.remove(handler)
    assert "data volume" in "".join(lines)
