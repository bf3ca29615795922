"""The whole way: outbox, publisher, a real mosquitto with the options that users get, a double of ThingsBoard."""

from __future__ import annotations

import asyncio
import random

import pytest

from bridge.delivery.confirmation import accepted, mark_chain
from bridge.sample import Presence
from tests.delivery.conftest import figure, sample
from tests.delivery.rig import Rig
from tests.delivery.witness import Witness, missing
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import Behaviour, Limits, ThingsBoard

pytestmark = pytest.mark.broker


VERSIONS = ["3.6.4", "3.9.1", "4.2.1", "4.3.1.3"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_samples_leave_the_outbox_only_when_they_are_stored_whatever_the_version(tmp_path, version):
    behaviour = Behaviour(version=version, store_s=(0.5, 1.5))  # accepted at once, stored when it likes
    names = {f"m{number}": f"Meter {number}" for number in range(7)}
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(password="secret", upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True, device_names=names) as rig,
    ):
        witness = Witness(rig, server)
        for ts_ms in range(1, 1401):
            rig.outbox.put(sample(ts_ms, meter=f"m{ts_ms % 7}"))
        await rig.until(lambda: rig.confirmed == 1400)

        assert witness.early == []
        assert missing(server, 1400) == set()
        assert {device for device, _ in server.telemetry} == set(names.values())
        assert len(server.order) == 1400  # each once
        assert not server.unexpected
        assert figure(rig.metrics.upstream_connected) == 1
        assert server.counts["sessions"] == 1
        assert rig.publisher.state.marks == "moving"
        assert (rig.publisher.state.confirm, rig.publisher.state.unstored_samples) == ("mark", 0)
        assert server.model.type("Meter 3") == "meter"


async def test_what_is_subscribed_to_is_what_a_gateway_is_told_and_the_answers_to_its_questions(tmp_path):
    async with (
        ThingsBoard() as server,
        Mosquitto(password="secret", upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        assert server.subscriptions == {
            "v1/devices/me/rpc/request/+",  # calls of the gateway itself, renames, deletions
            "v1/devices/me/rpc/response/+",
            "v1/devices/me/attributes/response/+",
            "v1/gateway/attributes/response",
            "v1/gateway/rpc",
            "v1/gateway/attributes",
        }
        assert 0 < rig.metrics.fence_seconds._sum.get() < 60  # every answer was timed


async def test_while_the_database_is_away_nothing_is_confirmed_and_said_why_and_all_is_stored_in_the_end(
    tmp_path, lines, monkeypatch
):
    """What was accepted while it was away is gone over there: the double throws it away as the real one does."""
    monkeypatch.setattr(mark_chain, "MARK_PATIENCE_S", 1.0)
    monkeypatch.setattr(mark_chain, "_STANDING_PAUSE_CAP_S", 1.0)
    behaviour = Behaviour(database_patience_s=2.0)
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        witness = Witness(rig, server)
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        server.database(False)
        for number in range(50):
            rig.put(11 + number, 1)
            await asyncio.sleep(0.1)
        await rig.until(lambda: any("accepts and does not store: its database?" in line for line in lines))
        assert rig.publisher.state.marks == "standing still"
        assert rig.confirmed == 10
        assert len(server.order) > 11  # it accepted some of them all the same
        server.database(True)
        await rig.until(lambda: rig.confirmed == 60)
        assert witness.early == []
        assert missing(server, 60) == set()
        assert any("stores again" in line for line in lines)


@pytest.mark.timeout(600)
async def test_a_thingsboard_that_is_killed_in_the_middle_of_a_backlog_costs_no_sample(tmp_path):
    async with (
        ThingsBoard() as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        witness = Witness(rig, server)
        rig.put(1, 6_000)
        await rig.until(lambda: rig.confirmed > 100)
        await rig.until(lambda: len(server.order) > len(server.telemetry))  # something is on its way to the database
        await server.kill()
        accepted_and_gone = len(server.order) - len(server.telemetry)
        await server.start()
        await rig.until(lambda: rig.confirmed == 6_000, 500)
        assert accepted_and_gone > 0
        assert witness.early == []
        assert missing(server, 6_000) == set()


# Limits.


@pytest.mark.timeout(600)
@pytest.mark.parametrize("puback", [True, False], ids=["acknowledged and thrown away", "refused"])
@pytest.mark.parametrize("every", [13, 19])
async def test_a_server_that_closes_on_every_nth_message_costs_no_sample(tmp_path, puback, every):
    behaviour = Behaviour(drop_every=every, drop_acknowledges=puback)
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        witness = Witness(rig, server)
        for number in range(20):
            rig.put(1 + 100 * number, 100)
            await asyncio.sleep(0.03)
        await rig.until(lambda: rig.confirmed == 2000, 500)

        assert witness.early == []
        assert missing(server, 2000) == set()
        assert server.counts["past limit"] > 0
        assert rig.outbox.state.set_aside == 0


async def test_the_limits_that_the_server_tells_are_kept_to_by_a_fleet(tmp_path):
    """One message with more devices than fit is stored in part and dropped in part: none such is ever built."""
    behaviour = Behaviour(gateway=Limits(telemetry="20:1,600:60", messages="60:1"))
    names = {f"m{number}": f"Meter {number}" for number in range(60)}
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True, device_names=names) as rig,
    ):
        for ts_ms in range(1, 1201):
            rig.outbox.put(sample(ts_ms, meter=f"m{ts_ms % 60}"))
        await rig.until(lambda: rig.confirmed == 1200, 110)

        assert missing(server, 1200) == set()
        assert server.counts["past limit"] == 0
        assert server.counts["sessions"] == 1


async def test_a_limit_that_the_server_does_not_tell_costs_sessions_and_no_sample(tmp_path):
    async with (
        ThingsBoard(Behaviour(tenant=Limits(telemetry="5:1"))) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        for number in range(20):
            rig.put(1 + 100 * number, 100)
            await asyncio.sleep(0.05)
        await rig.until(lambda: rig.confirmed == 2000, 500)

        assert missing(server, 2000) == set()
        assert rig.outbox.state.set_aside == 0
        assert not rig.publisher.state.token_shared


async def test_after_an_outage_the_newest_and_what_is_live_come_before_the_backlog(tmp_path, lines):
    async with (
        ThingsBoard(Behaviour(tells_gateway=Limits(telemetry="10:1"))) as server,
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
        assert order[0] == 15_010
        backlog = [ts_ms for ts_ms in order[1:] if ts_ms < 50_000]
        assert backlog == sorted(backlog)
        assert order.index(50_000) < 10_000
        assert any("no connection to ThingsBoard" in line for line in lines)
        assert any("upstream | works again" in line for line in lines)


async def test_with_puback_a_break_sends_what_was_retained_again(tmp_path, monkeypatch):
    monkeypatch.setattr(accepted, "RETENTION_S", 3.0)
    monkeypatch.setattr("bridge.delivery.confirmation.choice.RETENTION_S", 3.0)
    behaviour = Behaviour(answers_fence=False)
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True, confirm="puback") as rig,
    ):
        rig.put(1, 10)
        await rig.until(lambda: len(server.order) == 10)
        behaviour.drop_every = server.counts["messages"] + 1  # the next one is acknowledged and thrown away
        rig.put(11, 10)
        await rig.until(lambda: server.counts["past limit"] == 1)
        behaviour.drop_every = 0
        await rig.until(lambda: rig.confirmed == 20)
        await server.until(20)
        assert missing(server, 20) == set()


# Whatever comes and goes.


@pytest.mark.timeout(600)
async def test_whatever_comes_and_goes_every_accepted_sample_arrives(tmp_path):
    rng = random.Random(4)
    async with (
        ThingsBoard(Behaviour(drop_every=23)) as server,
        Mosquitto(password="secret", upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        witness = Witness(rig, server)
        rig.publisher.notice(Presence("main", present=True, attributes={"serial_number": "M17"}))
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
                    await server.kill()
                    await asyncio.sleep(rng.uniform(0, 0.5))
                    await server.start()
        await rig.until(lambda: rig.confirmed == 4000, 500)

        assert missing(server, 4000) == set()
        assert witness.early == []
        assert rig.outbox.state.set_aside == 0
