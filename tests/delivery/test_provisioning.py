"""A key and a secret become a token, once, kept where only the bridge and the broker's group can read it."""

import asyncio
import json
import random
import stat
import threading

import paho.mqtt.client as mqtt
import pytest
from loguru import logger

from bridge.delivery import provisioning
from bridge.delivery.provisioning import TOKEN_FILE, is_wanted, provision
from bridge.settings import ThingsBoardSettings
from tests.fakes.mosquitto import Mosquitto

pytestmark = pytest.mark.broker

TOKEN = "a-token-from-thingsboard"


def settings(port, **more):
    return ThingsBoardSettings(host="127.0.0.1", port=port, provision_key="KEY", provision_secret="SECRET", **more)


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
            assert is_wanted(settings(broker.port), tmp_path)
            async with asyncio.timeout(20):
                await provision(settings(broker.port), tmp_path, random.Random(1))
    file = tmp_path / TOKEN_FILE
    assert file.read_text() == f"{TOKEN}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert thingsboard.requests == [
        {"deviceName": "dlms-bridge", "provisionDeviceKey": "KEY", "provisionDeviceSecret": "SECRET"}
    ]
    assert not is_wanted(settings(1883), tmp_path)


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
                await provision(settings(broker.port), tmp_path, random.Random(1))
    logger.remove(handler)
    said = "".join(lines)
    assert len(thingsboard.requests) == 2
    assert "provisioning" in said
    assert "SECRET" not in said
    assert TOKEN not in said


async def test_a_server_that_is_away_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(provisioning, "_FIRST_WAIT_S", 0.05)
    broker = Mosquitto()
    asking = asyncio.create_task(provision(settings(broker.port), tmp_path, random.Random(1)))
    await asyncio.sleep(0.2)
    assert not asking.done()
    async with broker:
        with Provisioner(broker.port, [SUCCESS] * 5):
            async with asyncio.timeout(30):
                await asking
    assert (tmp_path / TOKEN_FILE).exists()


def test_a_token_of_ones_own_needs_no_provisioning(tmp_path):
    assert not is_wanted(ThingsBoardSettings(host="tb", token="mine"), tmp_path)
