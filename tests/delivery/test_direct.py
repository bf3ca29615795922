"""The whole way without a relay: outbox, publisher, paho on MQTT 5, the double of ThingsBoard that repeats what
was recorded."""

from __future__ import annotations

import asyncio
import random
import re

import pytest

from bridge.delivery.direct import DirectUpstream
from bridge.sample import Presence
from tests.delivery.conftest import figure, sample
from tests.delivery.rig import Rig
from tests.delivery.test_upstream import VERSIONS, Witness, missing
from tests.fakes.mosquitto import Mosquitto, upstream_section
from tests.fakes.ports import free_port
from tests.fakes.programs import find_program
from tests.fakes.thingsboard import Behaviour, Limits, ThingsBoard


def direct(folder, server: ThingsBoard, broker=None, **more) -> Rig:
    return Rig(folder, broker, upstream=True, port=server.port, **more)


@pytest.mark.parametrize("version", VERSIONS)
async def test_samples_leave_the_outbox_only_when_they_are_stored_whatever_the_version(tmp_path, version):
    """Up to 4.2 each message is acknowledged 40 times; none of that is taken for another message's."""
    names = {f"m{number}": f"Meter {number}" for number in range(40)}
    async with ThingsBoard(Behaviour(version=version)) as server, direct(tmp_path, server, device_names=names) as rig:
        witness = Witness(rig, server)
        for ts_ms in range(1, 2001):
            rig.outbox.put(sample(ts_ms, meter=f"m{ts_ms % 40}"))
        await rig.until(lambda: rig.confirmed == 2000)
        assert missing(server, 2000) == set()
        assert witness.early == []
        assert server.counts["sessions"] == 1
        assert rig.publisher.state.way == "direct, MQTT 5"
        assert rig.publisher.state.broker_connected is None


@pytest.mark.parametrize("mode", ["gateway", "device"])
def test_what_comes_from_thingsboard_is_the_same_both_ways(mode):
    """A topic that Mosquitto's section brings in and the direct way does not is a call that nobody answers."""
    section = upstream_section(1883, "TOKEN", "", mode)
    through_mosquitto = {line.split()[1] for line in section.splitlines() if re.match(r"topic .* in 1 upstream/", line)}
    assert set(DirectUpstream.topics(as_device=mode == "device")) == through_mosquitto


async def test_a_server_without_mqtt_5_is_spoken_to_in_3_1_1_and_that_is_said_once(tmp_path, lines):
    async with ThingsBoard(Behaviour(mqtt5_accepted=False)) as server, direct(tmp_path, server) as rig:
        rig.put(1, 100)
        await rig.until(lambda: rig.confirmed == 100)
        server.close_sessions()
        rig.put(101, 100)
        await rig.until(lambda: rig.confirmed == 200)
        assert missing(server, 200) == set()
        assert rig.publisher.state.way == "direct, MQTT 3.1.1"
        assert len([line for line in lines if "does not speak MQTT 5" in line]) == 1


async def test_in_device_mode_the_session_is_the_meters_own(tmp_path):
    async with ThingsBoard(Behaviour(is_gateway=False)) as server, direct(tmp_path, server, mode="device") as rig:
        rig.put(1, 200)
        await rig.until(lambda: rig.confirmed == 200)
        assert missing(server, 200) == set()


async def test_live_copies_go_to_the_local_broker_and_its_absence_holds_up_nothing(tmp_path):
    broker = Mosquitto(password="secret")
    async with ThingsBoard() as server, direct(tmp_path, server, broker) as rig:
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        assert rig.publisher.state.broker_connected is False
        async with broker:
            await rig.until(lambda: rig.publisher.state.broker_connected)
            rig.publisher.live(sample(1))
            program = await asyncio.create_subprocess_exec(
                *(find_program("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(broker.port)),
                *("-u", "bridge", "-P", "secret", "-t", "meters/main", "-C", "1"), stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said, _ = await program.communicate()
        assert b'"voltage_l1"' in said
        rig.put(11, 10)
        await rig.until(lambda: rig.confirmed == 20)


# Limits.


async def test_the_limits_that_the_server_tells_are_kept_to_by_a_fleet(tmp_path):
    behaviour = Behaviour(gateway=Limits(telemetry="20:1,600:60", messages="60:1"))
    names = {f"m{number}": f"Meter {number}" for number in range(60)}
    async with ThingsBoard(behaviour) as server, direct(tmp_path, server, device_names=names) as rig:
        for ts_ms in range(1, 1201):
            rig.outbox.put(sample(ts_ms, meter=f"m{ts_ms % 60}"))
        await rig.until(lambda: rig.confirmed == 1200, 110)

        assert missing(server, 1200) == set()
        assert server.counts["past limit"] == 0
        assert server.counts["sessions"] == 1


async def test_a_limit_that_the_server_does_not_tell_costs_sessions_and_no_sample(tmp_path):
    async with (
        ThingsBoard(Behaviour(tenant=Limits(telemetry="5:1"))) as server,
        direct(tmp_path, server) as rig,
    ):
        for number in range(20):
            rig.put(1 + 100 * number, 100)
            await asyncio.sleep(0.05)
        await rig.until(lambda: rig.confirmed == 2000, 500)

        assert missing(server, 2000) == set()
        assert rig.outbox.state.set_aside == 0
        assert rig.publisher.state.parked == {}
        assert not rig.publisher.state.token_shared


# What ends sessions.


async def test_a_thingsboard_that_is_killed_in_the_middle_of_a_backlog_costs_no_sample(tmp_path):
    async with ThingsBoard() as server, direct(tmp_path, server) as rig:
        witness = Witness(rig, server)
        rig.put(1, 6_000)
        await rig.until(lambda: len(server.order) > 1_000)
        await server.kill()
        accepted_and_gone = len(server.order) - len(server.telemetry)
        await server.start()
        await rig.until(lambda: rig.confirmed == 6_000, 300)
        assert accepted_and_gone > 0
        assert witness.early == []
        assert missing(server, 6_000) == set()


async def test_a_second_user_of_the_token_is_named_by_thingsboards_own_word(tmp_path, lines):
    async with ThingsBoard() as server, direct(tmp_path, server) as rig:
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        (tmp_path / "other").mkdir()
        async with direct(tmp_path / "other", server) as _:
            await rig.until(lambda: rig.publisher.state.token_shared)
        assert any("another client connected with the same token" in line for line in lines)
        rig.put(11, 10)
        await rig.until(lambda: rig.confirmed == 20)
        assert rig.outbox.state.set_aside == 0


async def test_once_thrown_out_is_said_and_no_suspicion_yet(tmp_path):
    """A technician's tool connects with the token, once."""
    async with ThingsBoard() as server, direct(tmp_path, server) as rig:
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        server.model.second_client(asyncio.get_running_loop().time())
        server._pump()
        await rig.until(lambda: figure(rig.metrics.upstream_sessions) == 2)
        assert not rig.publisher.state.token_shared


async def test_a_token_that_is_changed_is_told_from_a_server_that_is_away(tmp_path, lines):
    async with ThingsBoard() as server, direct(tmp_path, server) as rig:
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        server.model.new_token("ANOTHER", asyncio.get_running_loop().time())
        server._pump()
        await rig.until(lambda: rig.publisher.state.token_refused)
        assert "does not know the access token" in rig.publisher.state.upstream_why
        assert any("the gateway device was deleted, or its token changed" in line for line in lines)
        await server.stop()
        server.behaviour.token = "TOKEN"
        await server.start()
        await rig.until(lambda: not rig.publisher.state.token_refused)


async def test_a_server_that_is_away_is_named_with_its_address(tmp_path, lines):
    server = ThingsBoard(port=free_port())
    async with direct(tmp_path, server) as rig:
        rig.put(1, 10)
        await rig.until(lambda: f"127.0.0.1:{server.port}" in rig.publisher.state.upstream_why)
        assert not rig.publisher.state.token_refused
        async with server:
            await rig.until(lambda: rig.confirmed == 10)


@pytest.mark.timeout(600)
async def test_whatever_comes_and_goes_every_accepted_sample_arrives(tmp_path):
    rng = random.Random(4)
    async with ThingsBoard(Behaviour(drop_every=23)) as server, direct(tmp_path, server) as rig:
        witness = Witness(rig, server)
        rig.publisher.notice(Presence("main", present=True, attributes={"serial_number": "M17"}))
        for number in range(40):
            rig.put(1 + 100 * number, 100)
            await asyncio.sleep(rng.uniform(0, 0.2))
            match rng.randrange(10):
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
