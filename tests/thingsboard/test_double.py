"""The model behind a socket, asked by paho, a client of others' making, on MQTT 3.1.1 and 5."""

import asyncio
import json

import pytest
from paho.mqtt import client as paho

from tests.fakes.thingsboard import Behaviour, Limits, ThingsBoard
from tests.thingsboard import packets

TELEMETRY = "v1/gateway/telemetry"
LEVELS = {"3.1.1": paho.MQTTv311, "5": paho.MQTTv5}


class Client:
    """A paho client in a thread of its own; what it sees comes as a list."""

    def __init__(self, port, level, user_name="TOKEN"):
        self.seen = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=LEVELS[level])
        self._client.username_pw_set(user_name)
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self.seen.append(("connack", str(reason)))
        self._client.on_publish = lambda _c, _u, mid, reason, _p: self.seen.append(("puback", mid, str(reason)))
        self._client.on_disconnect = lambda _c, _u, flags, reason, _p: self.seen.append(
            ("closed", str(reason), flags.is_disconnect_packet_from_server)
        )
        self._client.on_message = lambda _c, _u, message: self.seen.append((message.topic, json.loads(message.payload)))
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self.seen.append(
            ("suback", [str(one) for one in reasons])
        )
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    async def __aenter__(self):
        await self.until("connack")
        return self

    async def __aexit__(self, *_):
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def until(self, what, count=1):
        async with asyncio.timeout(20):
            while len(found := [seen for seen in self.seen if seen[0] == what]) < count:
                await asyncio.sleep(0.005)
        return found[count - 1]

    def publish(self, topic, content, qos=1):
        return self._client.publish(topic, json.dumps(content), qos=qos).mid

    def subscribe(self, topic):
        self._client.subscribe(topic, 1)


@pytest.mark.parametrize("level", LEVELS)
async def test_telemetry_a_mark_a_proof_and_a_fence(level):
    async with ThingsBoard() as server, Client(server.port, level) as client:
        for topic in ("v1/devices/me/rpc/response/+", "v1/gateway/attributes/response"):
            client.subscribe(topic)
        client.publish(TELEMETRY, {"A": [{"ts": 1000, "values": {"v": 1}}]})
        assert (await client.until("puback"))[2] == "Success"
        await server.until(1)
        assert server.telemetry == {("A", 1000): {"v": 1}}
        client.publish("v1/devices/me/attributes", {"mark": 1})
        await client.until("puback", 2)
        await server.settled()
        client.publish("v1/devices/me/attributes/request/7", {"clientKeys": "mark"})
        assert (await client.until("v1/devices/me/attributes/response/7"))[1] == {"client": {"mark": 1}}
        client.publish("v1/gateway/attributes/request", {"id": 3, "device": "A", "client": True, "key": "k"})
        assert (await client.until("v1/gateway/attributes/response"))[1] == {"id": 3, "device": "A"}
        client.publish("v1/devices/me/rpc/request/9", {"method": "getSessionLimits", "params": {}})
        assert (await client.until("v1/devices/me/rpc/response/9"))[1]["maxInflightMessages"] == 100
        assert server.marks == [{"mark": 1}]
        assert server.subscriptions == {"v1/devices/me/rpc/response/+", "v1/gateway/attributes/response"}


@pytest.mark.parametrize(("level", "puback"), [("3.1.1", "Success"), ("5", "Quota exceeded")])
async def test_over_a_limit_the_acknowledgement_comes_and_then_a_bare_close(level, puback):
    async with (
        ThingsBoard(Behaviour(tenant=Limits(points="2:60"))) as server,
        Client(server.port, level) as client,
    ):
        client.publish(TELEMETRY, {"A": [{"ts": 1000, "values": {"a": 1, "b": 2, "c": 3}}]})
        assert (await client.until("puback"))[2] == puback
        assert not (await client.until("closed"))[2]
        assert server.counts["past limit"] == 1


@pytest.mark.parametrize("level", LEVELS)
async def test_a_close_has_a_reason_on_mqtt_5(level):
    async with ThingsBoard() as server, Client(server.port, level) as client:
        client.publish(TELEMETRY, {"A": "x" * 66_000})
        _, reason, has_reason = await client.until("closed")
        assert has_reason == (level == "5")
        assert reason == ("Malformed packet" if has_reason else "Unspecified error")
        assert server.counts["too large"] == 1


@pytest.mark.parametrize("level", LEVELS)
async def test_a_wrong_token_is_refused(level):
    async with ThingsBoard() as server, Client(server.port, level, user_name="WRONG") as client:
        assert client.seen[0] == ("connack", "Not authorized")
        assert server.counts["refused"] >= 1


async def test_an_unknown_topic_and_a_filter_that_is_none():
    async with ThingsBoard() as server, Client(server.port, "5") as client:
        client.publish("nothing/known", {"x": 1})
        assert (await client.until("puback"))[2] == "Topic name invalid"
        client.subscribe("nothing/at/all")
        assert (await client.until("suback"))[1] == ["Topic filter invalid"]
        assert server.unexpected == [("nothing/known", b'{"x": 1}')]


async def test_a_kill_takes_what_is_not_stored_and_a_start_brings_the_rest_back():
    async with ThingsBoard(Behaviour(store_s=(30.0, 30.0))) as server, Client(server.port, "3.1.1") as client:
        client.publish(TELEMETRY, {"A": [{"ts": 1000, "values": {"v": 1}}]})
        await client.until("puback")
        await server.kill()
        await client.until("closed")
        await server.start()
        await client.until("connack", 2)
        server.behaviour.store_s = (0.0, 0.0)
        client.publish(TELEMETRY, {"A": [{"ts": 2000, "values": {"v": 1}}]})
        await server.until(1)
        assert list(server.telemetry) == [("A", 2000)]
        assert server.order == [("A", 1000), ("A", 2000)]


def test_packets_are_whole_however_they_are_sliced():
    whole = packets.publish(5, "a/b", b"x" * 20_000) + packets.pingresp() + packets.puback(258, "Quota exceeded")
    for step in (1, 7, 4096, len(whole)):
        stream, found = packets.Stream(), []
        for at in range(0, len(whole), step):
            found += stream.feed(whole[at : at + step])
        assert [kind for kind, _, _ in found] == [packets.PUBLISH, packets.PINGRESP, packets.PUBACK]
        assert packets.read_publish(5, 0, found[0][2]) == packets.Publish("a/b", b"x" * 20_000, 0, None)
        assert found[2][2] == b"\x01\x02\x97"


def test_a_length_that_makes_no_sense_is_no_mqtt():
    with pytest.raises(packets.NotMqtt):
        packets.Stream().feed(b"\x30\xff\xff\xff\xff\xff")
