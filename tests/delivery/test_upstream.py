"""The whole way: outbox, publisher, a real mosquitto with the options that users get, a double of ThingsBoard."""

from __future__ import annotations

import asyncio
import random

import pytest
from loguru import logger

from bridge.delivery import fence, publisher, retained, suspects
from tests.delivery.conftest import figure, sample
from tests.delivery.rig import Rig
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import Behaviour, ThingsBoard

pytestmark = pytest.mark.broker


@pytest.fixture
def lines():
    said = []
    number = logger.add(lambda message: said.append(str(message).strip()), level="INFO", format="{level} {message}")
    yield said
    logger.remove(number)


def missing(server: ThingsBoard, count: int) -> int:
    stored = {ts_ms for _, ts_ms in server.telemetry}
    return len(set(range(1, count + 1)) - stored)


async def test_samples_arrive_and_leave_the_outbox_only_then(tmp_path):
    async with (
        ThingsBoard() as server,
        Mosquitto(password="secret", upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 3000)
        await rig.until(lambda: rig.confirmed == 3000)

        assert missing(server, 3000) == 0
        assert server.telemetry["Main meter", 1] == {"voltage_l1": 127.4, "active_energy": 56348}
        assert len(server.order) == 3000  # each once
        assert not server.unexpected
        assert server.subscriptions == {
            "v1/devices/me/rpc/response/+",
            "v1/gateway/rpc",
            "v1/gateway/attributes",
        }
        assert figure(rig.metrics.upstream_connected) == 1
        assert server.counts["sessions"] == 1
        assert 0 < rig.metrics.fence_seconds._sum.get() < 60  # every answer was timed


@pytest.mark.parametrize("puback", [True, False], ids=["acknowledged and thrown away", "refused"])
@pytest.mark.parametrize("every", [5, 9])
async def test_a_server_that_closes_on_every_nth_message_costs_no_sample(tmp_path, puback, every):
    behaviour = Behaviour(drop_every=every, puback_before_close=puback)
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        for number in range(40):
            rig.put(1 + 100 * number, 100)
            await asyncio.sleep(0.03)
        await rig.until(lambda: rig.confirmed == 4000, 100)

        assert missing(server, 4000) == 0
        assert server.counts["past limit"] > 0
        assert figure(rig.metrics.outbox_quarantined) == 0


async def test_the_limits_that_the_server_tells_are_kept_to(tmp_path):
    behaviour = Behaviour(limits=((8, 1.0), (20, 5.0)), tells={"telemetryMessages": "8:1,20:5"})
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        for number in range(40):
            rig.put(1 + 100 * number, 100)
            await asyncio.sleep(0.05)
        await rig.until(lambda: rig.confirmed == 4000, 100)

        assert missing(server, 4000) == 0
        assert server.counts["past limit"] == 0
        assert server.counts["sessions"] == 1


async def test_a_limit_that_the_server_does_not_tell_costs_sessions_and_no_sample(tmp_path):
    async with (
        ThingsBoard(Behaviour(limits=((6, 1.0),))) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        for number in range(40):
            rig.put(1 + 100 * number, 100)
            await asyncio.sleep(0.05)
        await rig.until(lambda: rig.confirmed == 4000, 100)

        assert missing(server, 4000) == 0
        assert server.counts["past limit"] > 0
        assert figure(rig.metrics.outbox_quarantined) == 0


async def test_after_an_outage_what_is_live_comes_before_the_backlog(tmp_path, lines):
    async with (
        ThingsBoard(Behaviour(tells={"telemetryMessages": "10:1"})) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        await server.stop()
        await rig.until(lambda: figure(rig.metrics.upstream_connected) == 0)
        rig.put(11, 15_000)
        await rig.until(lambda: rig.outbox.depth == 15_000)
        seen = len(server.order)
        await server.start()
        await rig.until(lambda: rig.confirmed > 10)
        rig.put(50_000, 5)
        await rig.until(lambda: rig.confirmed == 15_015)

        order = [ts_ms for _, ts_ms in server.order[seen:]]
        backlog = [ts_ms for ts_ms in order if ts_ms < 50_000]
        assert backlog == sorted(backlog)
        assert order.index(50_000) < 10_000
        assert any("no connection to ThingsBoard" in line for line in lines)
        assert any("upstream | works again" in line for line in lines)


async def test_a_sample_that_the_server_cannot_read_is_set_aside_and_all_others_arrive(tmp_path, lines, monkeypatch):
    for module in (fence, publisher):
        monkeypatch.setattr(module, "EXPIRY_S", 2)
        monkeypatch.setattr(module, "ASK_EXPIRY_S", 1)
    monkeypatch.setattr(fence, "PAUSE_CAP_S", 0.5)
    monkeypatch.setattr(suspects, "STRIKES", 2)
    async with (
        ThingsBoard(Behaviour(poison="bad")) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 20)
        rig.outbox.put(sample(1000, bad=1))
        rig.put(21, 20)
        sent = 41
        while not figure(rig.metrics.outbox_quarantined):
            rig.put(sent, 1)  # life goes on: without it nothing could be told from the one sample
            sent += 1
            await asyncio.sleep(0.2)
        await rig.until(lambda: rig.confirmed == sent - 1)

        assert missing(server, sent - 1) == 0
        assert figure(rig.metrics.outbox_quarantined) == 1
        assert any("ERROR outbox | 1 samples set aside" in line for line in lines)


async def test_a_device_that_is_no_gateway_is_hinted_at_and_costs_no_sample(tmp_path, lines, monkeypatch):
    monkeypatch.setattr(fence, "TIMEOUT_S", 1.0)
    behaviour = Behaviour(is_gateway=False)
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 100)
        await rig.until(lambda: any("Is gateway" in line for line in lines))
        assert rig.outbox.depth == 100
        behaviour.is_gateway = True
        server.close_sessions()  # as the real one does when the device is changed
        await rig.until(lambda: rig.confirmed == 100)
        assert missing(server, 100) == 0
        assert figure(rig.metrics.outbox_quarantined) == 0


async def test_a_server_that_does_not_know_the_fence_is_fallen_back_for_with_a_warning(tmp_path, lines, monkeypatch):
    for name in ("TIMEOUT_S", "TIMEOUT_CAP_S"):
        monkeypatch.setattr(fence, name, 2.5)  # the broker says every second what it holds
    monkeypatch.setattr(retained, "RETENTION_S", 2.0)
    async with (
        ThingsBoard(Behaviour(answers_fence=False)) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 1000)
        await rig.until(lambda: rig.confirmed == 1000, 100)
        assert missing(server, 1000) == 0
        assert len([line for line in lines if "WARNING" in line and "getSessionLimits: from now on" in line]) == 1


async def test_with_puback_a_break_sends_what_was_retained_again(tmp_path, monkeypatch):
    monkeypatch.setattr(retained, "RETENTION_S", 3.0)
    behaviour = Behaviour(answers_fence=False)
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True, confirm="puback") as rig,
    ):
        rig.put(1, 10)
        await rig.until(lambda: len(server.telemetry) == 10)
        behaviour.drop_every = server.counts["messages"] + 1  # the next one is acknowledged and thrown away
        rig.put(11, 10)
        await rig.until(lambda: server.counts["past limit"] == 1)
        behaviour.drop_every = 0
        await rig.until(lambda: rig.confirmed == 20)
        assert missing(server, 20) == 0


async def test_whatever_comes_and_goes_every_accepted_sample_arrives(tmp_path):
    rng = random.Random(4)
    async with (
        ThingsBoard(Behaviour(drop_every=23)) as server,
        Mosquitto(password="secret", upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        for number in range(40):
            rig.put(1 + 100 * number, 100)
            await asyncio.sleep(rng.uniform(0, 0.2))
            match rng.randrange(12):
                case 0:
                    await broker.kill()
                    await broker.start()
                case 1 | 2:
                    server.close_sessions()
                case 3:
                    await server.stop()
                    await asyncio.sleep(rng.uniform(0, 0.5))
                    await server.start()
        await rig.until(lambda: rig.confirmed == 4000, 100)

        assert missing(server, 4000) == 0
        assert figure(rig.metrics.outbox_quarantined) == 0


async def test_a_second_user_of_the_token_throws_the_bridge_out_and_it_comes_back(tmp_path):
    async with (
        ThingsBoard() as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        async with Mosquitto(upstream_port=server.port):
            await rig.until(lambda: server.counts["thrown out"] >= 2)
        rig.put(11, 10)
        await rig.until(lambda: rig.confirmed == 20)
