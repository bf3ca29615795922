"""The whole way: outbox, publisher, a real mosquitto with the options that users get, a double of ThingsBoard."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest
from loguru import logger

from bridge.delivery import introductions, line, poison, publisher
from bridge.delivery.confirmation import accepted, marks
from bridge.sample import Presence
from tests.delivery.conftest import figure, sample
from tests.delivery.rig import Rig
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import Behaviour, Limits, ThingsBoard

pytestmark = pytest.mark.broker

VERSIONS = ["3.6.4", "3.9.1", "4.2.1", "4.3.1.3"]


@pytest.fixture
def lines():
    said = []
    number = logger.add(lambda message: said.append(str(message).strip()), level="INFO", format="{level} {message}")
    yield said
    logger.remove(number)


@pytest.fixture
def patience(monkeypatch):
    """Answers are waited for less long than on lines of 1.2 kbit/s."""
    monkeypatch.setattr(line, "_LEAST_PATIENCE_S", 2.0)
    monkeypatch.setattr(line, "_MOST_PATIENCE_S", 2.0)


def missing(server: ThingsBoard, count: int) -> set[int]:
    stored = {ts_ms for _, ts_ms in server.telemetry}
    return set(range(1, count + 1)) - stored


class Witness:
    """Looks at ThingsBoard's database at the moment in which the outbox lets go of a sample."""

    def __init__(self, rig: Rig, server: ThingsBoard) -> None:
        self.early: list[int] = []
        self._server, self._outbox, self._confirm = server, rig.outbox, rig.outbox.confirm
        rig.outbox.confirm = self._confirming

    async def _confirming(self, ids) -> None:
        stored = {ts_ms for _, ts_ms in self._server.telemetry}
        self.early += [row.ts_ms for row in await self._outbox.rows(list(ids)) if row.ts_ms not in stored]
        await self._confirm(ids)


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
    monkeypatch.setattr(marks, "MARK_PATIENCE_S", 1.0)
    monkeypatch.setattr(marks, "_STANDING_PAUSE_CAP_S", 1.0)
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
        await rig.until(lambda: rig.publisher.state.marks == "standing still")
        assert rig.confirmed == 10
        assert len(server.order) > 11  # it accepted some of them all the same
        assert any("accepts and does not store: its database?" in line for line in lines)
        server.database(True)
        await rig.until(lambda: rig.confirmed == 60)
        assert witness.early == []
        assert missing(server, 60) == set()
        assert any("stores again" in line for line in lines)


@pytest.mark.timeout(400)
async def test_a_thingsboard_that_is_killed_in_the_middle_of_a_backlog_costs_no_sample(tmp_path):
    async with (
        ThingsBoard() as server,
        Mosquitto(upstream_port=server.port) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        witness = Witness(rig, server)
        rig.put(1, 6_000)
        await rig.until(lambda: rig.confirmed > 100)
        await server.kill()
        accepted_and_gone = len(server.order) - len(server.telemetry)
        await server.start()
        await rig.until(lambda: rig.confirmed == 6_000, 300)
        assert accepted_and_gone > 0
        assert witness.early == []
        assert missing(server, 6_000) == set()


# Limits.


@pytest.mark.timeout(600)
@pytest.mark.parametrize("puback", [True, False], ids=["acknowledged and thrown away", "refused"])
@pytest.mark.parametrize("every", [23, 37])
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
        # How long it takes until all are home is the simulation's matter: here each is there, or still ours.
        with contextlib.suppress(TimeoutError):
            await rig.until(lambda: rig.confirmed == 2000, 60)

        assert witness.early == []
        assert rig.confirmed > 0
        assert rig.confirmed + rig.outbox.depth == 2000
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


# What ThingsBoard does not take.


async def test_a_name_that_is_never_acknowledged_holds_up_nobody(tmp_path, lines, patience, monkeypatch):
    """256 characters: the relay stands still behind it, with its session open, until it is made to connect anew."""
    monkeypatch.setattr(introductions, "_SPARE_S", 2.0)
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
    monkeypatch.setattr(introductions, "_ANSWER_S", 1.0)
    monkeypatch.setattr(introductions, "_AGAIN_S", 20.0)
    monkeypatch.setattr(introductions, "_SPARE_S", 6.0)
    behaviour = Behaviour(version=version, max_devices=3, refusal_memory_s=1.0)
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


async def test_a_sample_that_the_server_cannot_read_is_set_aside_and_all_others_arrive(tmp_path, lines, monkeypatch):
    monkeypatch.setattr(poison, "STRIKES", 2)
    monkeypatch.setattr(poison, "ALONE", 3)
    monkeypatch.setattr(poison, "_PAUSE_S", 0.5)
    monkeypatch.setattr(publisher, "_TRIAL_EVERY_S", 0.5)
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
        assert any("ERROR outbox | 1 samples set aside" in line for line in lines)


# Weaker confirmations.


async def test_where_a_rule_chain_takes_the_marks_accepted_is_enough_after_a_while_and_that_is_said(
    tmp_path, lines, monkeypatch
):
    for name, value in {
        "MARK_PATIENCE_S": 0.3, "MARKLESS_S": 3.0, "_MARKLESS_MARKS": 3, "_STANDING_PAUSE_CAP_S": 0.3,
        "_RETRY_MARKS_S": 0.5,
    }.items():  # fmt: skip
        monkeypatch.setattr(marks, name, value)
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
