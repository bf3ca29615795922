from __future__ import annotations

import asyncio
import json
import signal
from contextlib import suppress

import paho.mqtt.client as paho
import pytest

from tests.delivery.conftest import figure, sample
from tests.delivery.rig import Rig
from tests.fakes.mosquitto import Mosquitto

pytestmark = pytest.mark.broker


class Ear:
    """A local subscriber that keeps what it hears."""

    def __init__(self, broker: Mosquitto, *topics: str) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if broker.credentials_file.exists():
            self._client.username_pw_set(*broker.credentials_file.read_text().split())
        self._client.on_message = lambda _client, _data, one: self.heard.append((one.topic, one.payload, one.retain))
        self._client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in topics])
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    @property
    def stamps(self) -> list[int]:
        return [
            entry["ts"]
            for topic, payload, _ in self.heard
            if topic == "v1/gateway/telemetry"
            for entries in json.loads(payload).values()
            for entry in entries
        ]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


async def test_samples_reach_the_broker_in_thingsboards_form_and_leave_the_outbox_after_the_puback(tmp_path):
    async with Mosquitto(password="secret") as broker, Rig(tmp_path, broker) as rig:
        ear = Ear(broker, "v1/#")
        await rig.until(lambda: rig.publisher.connected)
        rig.put(1, 1000)
        await rig.until(lambda: rig.confirmed == 1000 and len(ear.stamps) == 1000)
        ear.close()

        assert sorted(ear.stamps) == list(range(1, 1001))  # each once
        assert list(json.loads(ear.heard[0][1])) == ["Main meter"]
        assert rig.outbox.depth == 0
        assert figure(rig.metrics.broker_connected) == 1
        assert figure(rig.metrics.broker_messages) < 50
        assert figure(rig.metrics.upstream_configured) == 0


async def test_the_live_copy_is_retained_for_those_who_come_later(tmp_path):
    async with Mosquitto() as broker, Rig(tmp_path, broker) as rig:
        rig.publisher.live(sample(1))  # nobody is connected yet: dropped, not kept
        await rig.until(lambda: rig.publisher.connected)
        rig.publisher.live(sample(2, voltage_l1=127.4))
        await asyncio.sleep(0.1)
        ear = Ear(broker, "meters/#")
        await rig.until(lambda: ear.heard)
        ear.close()

    ((topic, payload, retained),) = ear.heard
    assert (topic, retained) == ("meters/main", True)
    assert json.loads(payload) == {"ts": 2, "values": {"voltage_l1": {"value": 127.4, "unit": "V"}}}


async def test_live_copies_of_many_meters_arrive_whole_whatever_their_size_beside_messages_that_are_confirmed(tmp_path):
    """They go out together, past paho's own packets: lengths of one, two and three octets, on the same connection."""
    said = {f"m{n}": "x" * size for n, size in enumerate((1, 60, 90, 200, 16_000, 17_000, 100_000, 3))}
    async with Mosquitto() as broker, Rig(tmp_path, broker) as rig:
        await rig.until(lambda: rig.publisher.connected)
        ear = Ear(broker, "meters/#", "v1/#")
        await asyncio.sleep(0.1)
        for round_ in range(20):
            rig.put(1 + 10 * round_, 10)
            for meter, text in said.items():
                rig.publisher.live(sample(round_, meter=meter, text=text))
            await asyncio.sleep(0.01)
        await rig.until(lambda: rig.confirmed == 200 and len(ear.stamps) == 200)
        await rig.until(lambda: sum(topic.startswith("meters/") for topic, *_ in ear.heard) == 20 * len(said))
        ear.close()
    last = {topic: json.loads(payload) for topic, payload, _ in ear.heard if topic.startswith("meters/")}
    assert {topic: one["values"]["text"]["value"] for topic, one in last.items()} == {
        f"meters/{meter}": text for meter, text in said.items()
    }
    assert figure(rig.metrics.broker_connects) == 1


async def test_a_broker_that_comes_later_is_connected_to_and_gets_what_waited(tmp_path, lines):
    broker = Mosquitto()
    async with Rig(tmp_path, broker) as rig:
        rig.put(1, 10)
        await rig.until(lambda: any("cannot connect" in line for line in lines))
        await asyncio.sleep(1)
        assert rig.outbox.depth == 10
        async with broker:
            await rig.until(lambda: rig.confirmed == 10)

    assert len([line for line in lines if "cannot connect" in line]) == 1
    assert any("works again" in line for line in lines)


async def test_the_credentials_are_read_again_before_every_attempt(tmp_path, lines):
    async with Mosquitto(password="right") as broker:
        right = broker.credentials_file.read_text()
        broker.credentials_file.write_text("bridge\nwrong\n")
        async with Rig(tmp_path, broker) as rig:
            rig.put(1, 10)
            await rig.until(lambda: any("refuses the connection" in line for line in lines))
            broker.credentials_file.unlink()
            await asyncio.sleep(1)
            broker.credentials_file.write_text("only one line\n")
            await asyncio.sleep(1)
            assert rig.outbox.depth == 10
            broker.credentials_file.write_text(right)
            await rig.until(lambda: rig.confirmed == 10)

    assert not any("wrong" in line or "right" in line for line in lines)


async def test_a_broker_killed_in_mid_window_gets_what_it_did_not_acknowledge_again(tmp_path):
    async with Mosquitto() as broker, Rig(tmp_path, broker) as rig:
        for number in range(6):
            rig.put(1 + number * 2000, 2000)
            await asyncio.sleep(0.03 * number)
            await broker.kill()
            await broker.start()
        # What it acknowledged and had in memory is gone with it: that is what the fence is for, upstream.
        await rig.until(lambda: rig.confirmed == 12_000)
        assert rig.outbox.depth == 0
        assert figure(rig.metrics.broker_connects) >= 2


async def test_a_broker_that_hangs_holds_up_neither_samples_nor_the_end(tmp_path):
    async with Mosquitto() as broker:
        async with Rig(tmp_path, broker) as rig:
            await rig.until(lambda: rig.publisher.connected)
            broker.pause()
            for ts_ms in range(100):
                rig.outbox.put(sample(ts_ms))
                rig.publisher.live(sample(ts_ms))
            await rig.until(lambda: rig.outbox.depth == 100)
        broker.resume()

        async with Rig(tmp_path, broker) as rig:
            await rig.until(lambda: rig.confirmed == 100)


async def test_a_broker_that_stops_in_order_is_waited_for_too(tmp_path):
    async with Mosquitto() as broker, Rig(tmp_path, broker) as rig:
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        await broker.kill(signal.SIGTERM)
        rig.put(11, 10)
        await rig.until(lambda: not rig.publisher.connected)
        assert figure(rig.metrics.broker_connected) == 0
        await broker.start()
        await rig.until(lambda: rig.confirmed == 20)
        assert figure(rig.metrics.broker_connects) == 2


async def test_an_address_that_is_no_brokers_is_said_and_tried_again(tmp_path, lines):
    async def slam(_reader, writer):
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    broker = Mosquitto()
    stranger = await asyncio.start_server(slam, "127.0.0.1", broker.port)
    async with Rig(tmp_path, broker) as rig:
        await rig.until(lambda: any("it ended the connection at once" in line for line in lines))
        stranger.close()
        await stranger.wait_closed()
        async with broker:
            await rig.until(lambda: rig.publisher.connected)


async def test_what_the_brokers_acl_forbids_is_not_taken_for_delivered(tmp_path, lines):
    acl = "user bridge\ntopic readwrite meters/#\n"
    async with Mosquitto(password="secret", acl=acl) as broker, Rig(tmp_path, broker) as rig:
        rig.put(1, 10)
        await rig.until(lambda: any("ERROR broker | refuses a message" in line for line in lines))
        assert rig.confirmed == 0
        assert rig.outbox.depth == 10
