"""What the model does beyond the recorded scenarios: calls, limits, devices, sessions."""

import random
import time

from tests.thingsboard.behaviour import Behaviour, Limits
from tests.thingsboard.buckets import Bucket
from tests.thingsboard.calls import SUBSCRIPTION
from tests.thingsboard.client import TELEMETRY, Client
from tests.thingsboard.events import MQTT_5, Refusal
from tests.thingsboard.server import ThingsBoard


def test_up_to_4_2_a_message_of_many_devices_is_acknowledged_as_often():
    for version, pubacks in (("3.9.1", 40), ("4.2.1", 1), ("4.3.1.3", 1)):
        client = Client(version=version)
        client.publish(TELEMETRY, {f"D{n}": [{"ts": 1, "values": {"v": 1}}] for n in range(40)})
        client.wait(2)
        assert len(client.pubacks) == pubacks
        assert client.server.rows_stored == 40


def test_a_refused_device_is_let_in_five_minutes_after_it_was_refused():
    client = Client(race=0.0, max_devices=1)
    client.telemetry(1)
    client.wait(20)
    client.server.set_limits(maxDevices=5)
    while not client.server.rows("A"):
        client.telemetry(2)
        client.wait(1)
    assert 275 < client.now_s - 20 < 290
    assert list(client.server.rows("A")) == [2]


def test_a_device_that_was_idle_for_ten_minutes_gets_no_call_and_one_that_was_not_does():
    client = Client()
    client.publish("v1/gateway/connect", {"device": "A"})
    client.wait(590)
    first = client.server.rpc("A", "read", {}, client.now_s)
    client.wait(11)
    assert client.messages[-1] == ("v1/gateway/rpc", {"device": "A", "data": {"id": 0, "method": "read", "params": {}}})
    second = client.server.rpc("A", "read", {}, client.now_s)
    client.wait(11)
    assert len(client.messages) == 1
    assert client.results == [(first, 504, None), (second, 504, None)]


def test_a_persistent_call_waits_until_the_device_is_open():
    client = Client()
    client.server.add_device("A")
    client.server.rpc("A", "read", {}, 0, persistent=True)
    client.wait(3600)
    assert not client.messages
    client.publish("v1/gateway/connect", {"device": "A"})
    client.wait(1)
    assert client.messages[0][0] == "v1/gateway/rpc"


def test_a_call_to_the_gateway_waits_for_its_subscription():
    client = Client()
    client.server.rpc("GW", "read", {}, 0)
    client.wait(1)
    assert not client.messages
    client.server.subscribe(client.session, [SUBSCRIPTION], client.now_s)
    client.wait(1)
    assert client.messages == [("v1/devices/me/rpc/request/0", {"method": "read", "params": {}})]


def test_a_device_marked_as_a_gateway_is_one_in_the_next_session():
    client = Client(is_gateway=False)
    client.server.behaviour.is_gateway = True
    client.telemetry(1)
    client.wait(5)
    assert not client.pubacks
    client.connect()
    client.telemetry(1)
    client.wait(5)
    assert client.pubacks


def test_a_hundred_messages_may_come_before_the_connack():
    for count, closed in ((100, []), (101, [None])):
        client = Client(connack_s=1.0)
        for ts_ms in range(1, 100):
            client.telemetry(ts_ms)
        client.server.behaviour.connack_s = 1.0
        client.connect()
        for ts_ms in range(count):
            client.telemetry(ts_ms)
        client.wait(3)
        assert client.closed[1:] == closed


def test_a_bucket_refills_evenly():
    bucket = Bucket("20:60,5:1", 0.0)
    assert sum(bucket.take(1, 0.0) for _ in range(30)) == 5
    assert sum(bucket.take(1, 0.5) for _ in range(30)) == 2
    assert sum(bucket.take(1, 10 + n / 10) for n in range(600)) == 20 + 18 - 2  # what 60 s and the rest let through


def test_provisioning_makes_a_gateway_where_that_is_asked_for():
    for asked, is_gateway in (({}, False), ({"gateway": True}, True)):
        client = Client()
        client.connect("provision")
        device = {"deviceName": "B", "provisionDeviceKey": "KEY", "provisionDeviceSecret": "SECRET"}
        client.publish("/provision/request", {**device, **asked})
        client.wait(1)
        assert client.messages[-1][0] == "/provision/response"
        client.connect(client.messages[-1][1]["credentialsValue"])
        assert client.session.is_gateway == is_gateway
    client.connect("provision")
    client.publish("/provision/request", {"provisionDeviceKey": "guessed"})
    client.wait(1)
    assert client.messages[-1][1]["status"] == "NOT_FOUND"


def test_a_token_that_is_unknown_and_a_level_that_is_not_taken_are_refused():
    server = ThingsBoard(Behaviour(mqtt5_accepted=False), rng=random.Random(1))
    assert server.connect(0, token="other") == Refusal(5)
    assert server.connect(0, token="TOKEN", mqtt=MQTT_5) == Refusal(0x84)
    assert server.connect(0, token="TOKEN", mqtt=0x84) == Refusal(1)
    server.kill(1)
    server.start(2, unavailable_s=30)
    assert server.connect(31, token="TOKEN") == Refusal(3)
    assert not isinstance(server.connect(32, token="TOKEN"), Refusal)


def test_an_untold_limit_of_the_tenant_is_enforced_and_a_told_one_need_not_be():
    client = Client(tenant=Limits(telemetry="5:60"), tells_gateway=Limits(telemetry="1:60"))
    for ts_ms in range(10):
        client.telemetry(ts_ms)
        client.wait(0.1)
    assert client.closed
    assert client.server.rows_stored == 5
    client.connect()
    client.publish("v1/devices/me/rpc/request/1", {"method": "getSessionLimits"})
    client.wait(1)
    assert client.messages[-1][1]["gatewayRateLimits"]["telemetryMessages"] == "1:60"


def test_a_tenth_of_a_million_messages_take_seconds():
    client = Client()
    begun_s = time.perf_counter()
    for ts_ms in range(100_000):
        client.telemetry(ts_ms)
        client.wait(0.001)
    print(f"100,000 messages in {time.perf_counter() - begun_s:.1f} s")
    client.wait(10)
    assert client.server.rows_stored == 100_000
