"""The model of the relay does what the real Mosquitto does: the same small stories, played to the real one."""

from __future__ import annotations

import asyncio
import contextlib
import signal

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.delivery.simulation.mosquitto import QUEUE, STATE
from tests.fakes.mosquitto import Mosquitto

pytestmark = pytest.mark.broker


class Far:
    """An MQTT 3.1.1 server of thirty lines: takes a session, writes down what comes, acknowledges or not."""

    def __init__(self):
        self.acknowledges = True
        self.got = []
        self._writers = []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.sever()
        self._server.close()

    def sever(self):
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader, writer):
        self._writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                first = (await reader.readexactly(1))[0]
                length = shift = 0
                while True:
                    byte = (await reader.readexactly(1))[0]
                    length |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                body = await reader.readexactly(length)
                self._packet(writer, first >> 4, body)

    def _packet(self, writer, kind, body):
        match kind:
            case 1:
                writer.write(b"\x20\x02\x00\x00")
            case 3:
                topic_ends = 2 + int.from_bytes(body[:2])
                self.got.append(body[topic_ends + 2 :].decode())
                if self.acknowledges:
                    writer.write(b"\x40\x02" + body[topic_ends : topic_ends + 2])
            case 8:
                writer.write(b"\x90\x03" + body[:2] + b"\x01")
            case 12:
                writer.write(b"\xd0\x00")


class Local:
    """A client of the local broker."""

    def __init__(self, port):
        self.states, self.acknowledged = [], 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.max_inflight_messages_set(5000)
        self._client.on_message = lambda _c, _d, message: self.states.append(message.payload.decode())
        self._client.on_publish = self._published
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(STATE)
        self._client.loop_start()

    def _published(self, *_):
        self.acknowledged += 1

    def say(self, *payloads, expiry_s=None):
        properties = Properties(PacketTypes.PUBLISH)
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        for payload in payloads:
            self._client.publish("v1/gateway/telemetry", payload, qos=1, properties=properties)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


async def until(condition, timeout_s=20):
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def relay():
    async with Far() as far:
        broker = Mosquitto(upstream_port=far.port)
        async with broker:
            local = Local(broker.port)
            try:
                await until(lambda: local.states and local.states[-1] == "1")
                yield broker, far, local
            finally:
                local.close()


async def test_one_is_in_flight_and_goes_again_first_in_the_next_session():
    async with relay() as (_, far, local):
        far.acknowledges = False
        local.say("a", "b", "c")
        await until(lambda: local.acknowledged == 3 and far.got)
        assert far.got == ["a"]
        far.acknowledges = True
        far.sever()
        await until(lambda: len(far.got) == 4)
        assert far.got == ["a", "a", "b", "c"]
        assert local.states[-3:] == ["1", "0", "1"]


async def test_an_expiry_counts_while_it_queues_and_for_the_one_that_would_go_again():
    async with relay() as (_, far, local):
        far.acknowledges = False
        local.say("a", "b", expiry_s=1)
        local.say("c")
        await until(lambda: local.acknowledged == 3 and far.got)
        await asyncio.sleep(2.5)  # the real one's clock has seconds
        assert far.got == ["a"]
        far.acknowledges = True
        far.sever()
        await until(lambda: local.states[-3:] == ["1", "0", "1"])
        await asyncio.sleep(1)
        assert far.got == ["a"]  # what is queued behind it is forgotten until another one comes
        local.say("d")
        await until(lambda: "d" in far.got)
        assert far.got == ["a", "c", "d"]


async def test_made_anew_it_has_nothing_and_local_clients_stay():
    async with relay() as (broker, far, local):
        far.acknowledges = False
        local.say("a", "b")
        await until(lambda: local.acknowledged == 2 and far.got)
        far.acknowledges = True
        broker._process.send_signal(signal.SIGHUP)
        await until(lambda: local.states[-4:] == ["1", "0", "0", "1"])
        local.say("c")
        await until(lambda: "c" in far.got)
        assert far.got == ["a", "c"]


async def test_past_a_thousand_the_newest_are_dropped_and_acknowledged():
    async with relay() as (_, far, local):
        far.acknowledges = False
        local.say(*(str(number) for number in range(QUEUE + 50)))
        await until(lambda: local.acknowledged == QUEUE + 50)
        far.acknowledges = True
        far.sever()
        await until(lambda: str(QUEUE - 10) in far.got)
        await asyncio.sleep(1)
        assert abs(int(far.got[-1]) - QUEUE) <= 2
