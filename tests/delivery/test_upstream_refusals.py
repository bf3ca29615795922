"""What ThingsBoard refuses (a name, a device, a sample, a mark, a second session) holds up nobody else."""

from __future__ import annotations

import asyncio

import pytest

from bridge.delivery import introductions, line, parked, poison, suspicion, turns
from bridge.delivery.confirmation import mark_chain
from tests.delivery.conftest import sample
from tests.delivery.rig import Rig
from tests.delivery.witness import Witness, missing
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import Behaviour, ThingsBoard

pytestmark = pytest.mark.broker


@pytest.fixture
def patience(monkeypatch):
    """Answers are waited for less long than on lines of 1.2 kbit/s."""
    monkeypatch.setattr(line, "_LEAST_PATIENCE_S", 2.0)
    monkeypatch.setattr(line, "_MOST_PATIENCE_S", 2.0)


# What ThingsBoard does not take.


async def test_a_name_that_is_never_acknowledged_holds_up_nobody(tmp_path, lines, patience, monkeypatch):
    """256 characters: the relay stands still behind it, with its session open, until it is made to connect anew."""
    monkeypatch.setattr(suspicion, "_SPARE_S", 2.0)
    long = "x" * 256
    names = {"main": "Main meter", "long": long, "other": "Other"}
    async with (
        ThingsBoard() as server,
        Mosquitto(password="secret", upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True, device_names=names) as rig,
    ):
        rig.put(1, 5)
        rig.outbox.put(sample(1000, meter="long"))
        rig.outbox.put(sample(2000, meter="other"))
        await rig.until(lambda: rig.confirmed == 6)
        await rig.until(lambda: long in rig.publisher.state.parked)
        sessions = server.counts["sessions"]
        assert 1 < sessions < 8
        assert "connecting to ThingsBoard anew" in broker.log.read_text()
        rig.put(6, 5)
        await rig.until(lambda: rig.confirmed == 11)
        assert rig.outbox.depth == 1  # it waits, and is not set aside
        assert rig.outbox.state.set_aside == 0
        assert any("does not take device" in line and long in line for line in lines)
        assert not rig.publisher.state.no_gateway


async def test_a_device_that_is_no_gateway_is_hinted_at_and_marking_it_is_noticed_without_restarting_anything(
    tmp_path, lines, patience
):
    behaviour = Behaviour(is_gateway=False)
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 100)
        await rig.until(lambda: any("Is gateway" in line for line in lines))
        assert rig.publisher.state.no_gateway
        assert rig.outbox.depth == 100
        assert not rig.publisher.state.token_shared
        behaviour.is_gateway = True  # ThingsBoard looks at it in the next session only, which the bridge makes
        await rig.until(lambda: rig.confirmed == 100)
        assert missing(server, 100) == set()
        assert rig.outbox.state.set_aside == 0
        assert not rig.publisher.state.no_gateway


@pytest.mark.parametrize("version", ["3.6.4", "4.3.1.3"])
async def test_a_device_that_cannot_be_had_is_parked_and_the_others_go_on_and_is_taken_when_there_is_room(
    tmp_path, version, patience, monkeypatch
):
    """Acknowledged and dropped; that it may as well end the session is a race, which the simulation plays both ways."""
    monkeypatch.setattr(introductions, "_ANSWER_S", 1.0)
    monkeypatch.setattr(parked, "_AGAIN_S", 20.0)
    monkeypatch.setattr(suspicion, "_SPARE_S", 6.0)
    behaviour = Behaviour(version=version, max_devices=3, refusal_memory_s=1.0, race=0.0)
    names = {meter: f"Meter {meter}" for meter in "abcd"}
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True, device_names=names) as rig,
    ):
        witness = Witness(rig, server)
        for ts_ms in range(1, 41):
            rig.outbox.put(sample(ts_ms, meter="abcd"[ts_ms % 4]))
        await rig.until(lambda: rig.confirmed >= 20, 100)
        await rig.until(lambda: len(rig.publisher.state.parked) >= 1, 100)
        assert rig.confirmed in {20, 30}  # the maximum is not strict in a burst
        assert witness.early == []
        behaviour.max_devices = 0
        await rig.until(lambda: rig.confirmed == 40, 100)
        assert missing(server, 40) == set()
        assert rig.publisher.state.parked == {}
        assert not rig.publisher.state.token_shared


@pytest.mark.timeout(300)  # each of its connections ends by the sample, and Mosquitto waits longer before each new one
async def test_a_sample_that_the_server_cannot_read_is_set_aside_and_all_others_arrive(tmp_path, lines, monkeypatch):
    monkeypatch.setattr(poison, "STRIKES", 2)
    monkeypatch.setattr(poison, "ALONE", 3)
    monkeypatch.setattr(poison, "_PAUSE_S", 0.5)
    monkeypatch.setattr(turns, "_TRIAL_EVERY_S", 0.5)
    async with (
        ThingsBoard(Behaviour(poison="bad")) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 2)
        rig.outbox.put(sample(1000, bad=1))
        rig.put(3, 2)
        sent = 5
        while not rig.outbox.state.set_aside:
            rig.put(sent, 1)  # life goes on: without it nothing could be told from the one sample
            sent += 1
            await asyncio.sleep(0.5)
        await rig.until(lambda: rig.confirmed == sent - 1)

        assert missing(server, sent - 1) == set()
        assert rig.outbox.state.set_aside == 1
        assert any("ERROR outbox | 1 sample set aside" in line for line in lines)


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


# Weaker confirmations.


async def test_where_a_rule_chain_takes_the_marks_accepted_is_enough_after_a_while_and_that_is_said(
    tmp_path, lines, monkeypatch
):
    for name, value in {
        "MARK_PATIENCE_S": 0.3, "MARKLESS_S": 3.0, "_MARKLESS_MARKS": 3, "_STANDING_PAUSE_CAP_S": 0.3,
        "_RETRY_MARKS_S": 0.5,
    }.items():  # fmt: skip
        monkeypatch.setattr(mark_chain, name, value)
    behaviour = Behaviour(answers_mark=False)
    async with (
        ThingsBoard(behaviour) as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 100)
        await rig.until(lambda: rig.confirmed == 100)
        assert (rig.publisher.state.marks, rig.publisher.state.confirm) == ("never come back", "accepted")
        assert len([line for line in lines if "WARNING" in line and "no mark ever came back" in line]) == 1
        behaviour.answers_mark = True  # the rule chain is mended
        await rig.until(lambda: rig.publisher.state.marks == "moving")
        rig.put(101, 10)
        await rig.until(lambda: rig.confirmed == 110)
        assert rig.publisher.state.confirm == "mark"


async def test_with_fence_no_mark_is_written_and_accepted_is_enough(tmp_path):
    async with (
        ThingsBoard() as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True, confirm="fence") as rig,
    ):
        rig.put(1, 100)
        await rig.until(lambda: rig.confirmed == 100)
        assert server.marks == []
        assert missing(server, 100) == set()
        assert (rig.publisher.state.marks, rig.publisher.state.confirm) == ("not used", "accepted")
