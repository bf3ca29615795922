"""What ThingsBoard refuses on MQTT 5: the device or the row is found, and no session is spent on it."""

from __future__ import annotations

import asyncio

import pytest

from bridge.delivery import line, parked, poison, reports, turns
from bridge.sample import Presence
from tests.delivery.conftest import sample
from tests.delivery.test_direct import direct
from tests.delivery.test_upstream import Witness, missing
from tests.fakes.thingsboard import Behaviour, ThingsBoard


@pytest.fixture
def patience(monkeypatch):
    """Answers are waited for less long than on lines of 1.2 kbit/s."""
    monkeypatch.setattr(line, "_LEAST_PATIENCE_S", 2.0)
    monkeypatch.setattr(line, "_MOST_PATIENCE_S", 2.0)


async def test_of_a_message_the_device_that_cannot_be_had_is_found_and_parked_and_the_others_go_on(
    tmp_path, lines, monkeypatch
):
    monkeypatch.setattr(parked, "_AGAIN_S", 8.0)
    behaviour = Behaviour(max_devices=3, refusal_memory_s=1.0)
    names = {meter: f"Meter {meter}" for meter in "abcd"}
    async with ThingsBoard(behaviour) as server, direct(tmp_path, server, device_names=names) as rig:
        witness = Witness(rig, server)
        for ts_ms in range(1, 41):
            rig.outbox.put(sample(ts_ms, meter="abcd"[ts_ms % 4]))
        await rig.until(lambda: rig.confirmed >= 20 and len(rig.publisher.state.parked) >= 1)
        assert rig.confirmed in {20, 30}  # the maximum is not strict in a burst
        assert "Quota exceeded" in next(iter(rig.publisher.state.parked.values())).reason
        assert server.counts["sessions"] == 1  # nobody's session was spent on it
        behaviour.max_devices = 0
        await rig.until(lambda: rig.confirmed == 40)
        assert witness.early == []
        assert missing(server, 40) == set()
        assert rig.publisher.state.parked == {}


async def test_a_device_that_is_deleted_and_cannot_be_had_again_costs_the_others_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(parked, "_AGAIN_S", 2.0)
    behaviour = Behaviour()
    names = {meter: f"Meter {meter}" for meter in "abc"}
    async with ThingsBoard(behaviour) as server, direct(tmp_path, server, device_names=names) as rig:
        for ts_ms in range(1, 31):
            rig.outbox.put(sample(ts_ms, meter="abc"[ts_ms % 3]))
        await rig.until(lambda: rig.confirmed == 30)
        behaviour.max_devices = 1
        server.model.delete_device("Meter a", asyncio.get_running_loop().time())
        for ts_ms in range(31, 61):
            rig.outbox.put(sample(ts_ms, meter="abc"[ts_ms % 3]))
        await rig.until(lambda: rig.confirmed >= 50 and "Meter a" in rig.publisher.state.parked)
        assert list(rig.publisher.state.parked) == ["Meter a"]
        behaviour.max_devices = 0
        behaviour.refusal_memory_s = 0.0
        server.model._devices._refused_until_s.clear()
        await rig.until(lambda: rig.confirmed == 60)
        assert missing(server, 60) == set()


async def test_a_name_that_is_never_acknowledged_is_parked_and_costs_no_session(tmp_path, patience):
    long = "x" * 256
    names = {"main": "Main meter", "long": long, "other": "Other"}
    async with ThingsBoard() as server, direct(tmp_path, server, device_names=names) as rig:
        rig.put(1, 5)
        await rig.until(lambda: rig.confirmed == 5)
        rig.outbox.put(sample(1000, meter="long"))
        rig.outbox.put(sample(2000, meter="other"))
        await rig.until(lambda: rig.confirmed == 6)
        for number in range(100):  # what shows that a message was passed over is another one behind it
            if long in rig.publisher.state.parked:
                break
            rig.put(6 + number, 1)
            await asyncio.sleep(0.2)
        assert long in rig.publisher.state.parked
        assert server.counts["sessions"] == 1
        assert rig.outbox.state.set_aside == 0
        assert not rig.publisher.state.no_gateway


async def test_a_device_that_is_no_gateway_is_hinted_at_and_marking_it_is_noticed(tmp_path, lines, patience):
    behaviour = Behaviour(is_gateway=False)
    async with ThingsBoard(behaviour) as server, direct(tmp_path, server) as rig:
        rig.put(1, 100)
        await rig.until(lambda: any("Is gateway" in line for line in lines))
        assert rig.publisher.state.no_gateway
        assert rig.outbox.depth == 100
        behaviour.is_gateway = True
        await rig.until(lambda: rig.confirmed == 100)
        assert missing(server, 100) == set()
        assert not rig.publisher.state.no_gateway


async def test_a_sample_that_cannot_be_read_is_set_aside_and_costs_no_session(tmp_path, lines, monkeypatch):
    """On 3.1.1 each try ends the session: here ThingsBoard says of the message that it cannot read it."""
    monkeypatch.setattr(poison, "_PAUSE_S", 0.5)
    monkeypatch.setattr(turns, "_TRIAL_EVERY_S", 0.5)
    async with ThingsBoard(Behaviour(poison="bad")) as server, direct(tmp_path, server) as rig:
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
        assert server.counts["sessions"] == 1
        assert any("Payload format invalid" in line for line in lines)
        assert any("ERROR outbox | 1 sample set aside" in line for line in lines)


async def test_attributes_that_cannot_be_read_are_not_told_for_ever(tmp_path, monkeypatch):
    async with ThingsBoard() as server, direct(tmp_path, server) as rig:
        monkeypatch.setattr(reports, "_json", lambda _: b'{"Main meter":17}')  # as no version of ours writes it
        rig.publisher.notice(Presence("main", present=True, attributes={"serial_number": "M17"}))
        rig.put(1, 10)
        await rig.until(lambda: rig.confirmed == 10)
        await rig.until(lambda: server.counts["unreadable"] >= 1)
        rig.put(11, 10)
        await rig.until(lambda: rig.confirmed == 20)
        assert server.counts["unreadable"] == 1
        assert server.counts["sessions"] == 1
