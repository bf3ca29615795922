"""What the local broker lets its user do, and a stranger: the container's own script, configuration and access list."""

from __future__ import annotations

import time

import paho.mqtt.client as paho
import pytest

from tests.fakes.mosquitto_container import MosquittoContainer

pytestmark = pytest.mark.broker
REFUSED = (
    "upstream/v1/gateway/rpc",
    "upstream/v1/gateway/attributes",
    "$SYS/broker/uptime",
    "v1/devices/me/rpc/request/x/y",
)
ANSWERS = "upstream/v1/devices/me/attributes/response/1"


@pytest.fixture
def container(tmp_path):
    with MosquittoContainer(tmp_path) as container:
        container.start()
        container.until(container.listens)
        yield container


class Client:
    """One client of the broker: what it heard, and how often it was thrown out."""

    def __init__(self, container, user=None, password=None):
        self.heard, self.ends, self.refused = [], 0, False
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if user is not None:
            self._client.username_pw_set(user, password)
        self._client.on_message = lambda _c, _u, message: self.heard.append((message.topic, message.payload))
        self._client.on_disconnect = lambda *_: setattr(self, "ends", self.ends + 1)
        self._client.on_connect = lambda _c, _u, _f, reason, _p: setattr(self, "refused", reason.is_failure)
        self._subscribed = []
        self._client.on_subscribe = lambda *_: self._subscribed.append(1)
        self._client.connect("127.0.0.1", container.port)
        self._client.loop_start()

    def subscribe(self, *topics):
        self._client.subscribe([(topic, 1) for topic in topics])
        until(lambda: self._subscribed)

    def publish(self, topic, payload=b"1"):
        self._client.publish(topic, payload, qos=1)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def client(container):
    one = Client(container, *container.credentials_file.read_text().split())
    yield one
    one.close()


def until(holds):
    deadline_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_nobody_without_the_password_gets_in(container):
    for credentials in ((), ("bridge", ""), ("bridge", "guessed"), ("admin", "admin")):
        stranger = Client(container, *credentials)
        until(lambda stranger=stranger: stranger.refused)
        stranger.close()


def test_not_even_the_bridges_user_can_speak_for_thingsboard_or_the_broker(client):
    """What is under upstream/ came from ThingsBoard, or it is not there: no call and no mark can be forged."""
    client.subscribe("upstream/#", "meters/#", "$SYS/broker/uptime")
    for topic in (*REFUSED, ANSWERS):
        client.publish(topic, b"forged")
    client.publish("meters/x", b"the last one")
    until(lambda: ("meters/x", b"the last one") in client.heard)
    assert not [topic for topic, payload in client.heard if payload == b"forged"]


def test_who_sends_more_than_twice_what_thingsboard_takes_is_thrown_out_and_the_broker_stays(client, container):
    client.publish("meters/x", b"x" * 140_000)
    until(lambda: client.ends)
    assert container.is_running
