"""What users do in ThingsBoard, and what comes of it here: each fault that a real ThingsBoard showed, mended.

In virtual time on the models of Mosquitto and ThingsBoard; with a real Mosquitto: ``test_gateway_api.py``.
"""

from __future__ import annotations

import asyncio

from bridge.delivery.keep_open import KEEP_S
from tests.delivery.downlink_rig import TWO, Users, begun, in_virtual_time, stored
from tests.thingsboard.behaviour import Limits

# 1. Calls to the gateway device were not heard: 504 after 10 s.


@in_virtual_time
async def test_a_call_to_the_gateway_itself_is_answered(tmp_path):
    users = await begun(tmp_path)
    assert await users.answer("GW", "getStats") == {"of": "the gateway", "method": "getStats"}
    await users.bridge.end()


# 2. Calls to a dead meter did not arrive.


@in_virtual_time
async def test_a_call_to_a_meter_that_was_never_read_is_answered(tmp_path):
    users = Users(tmp_path, TWO)
    await users.begin()
    users.meters["main"].is_alive = False
    users.tell("main", "failing")
    await users.until(lambda: users.state("Hall 1") == "failing")
    assert "connection refused" in (await users.answer("Hall 1", "read"))["error"]
    assert "connection refused" in (await users.answer("Hall 1", "reconnect"))["error"]
    await asyncio.sleep(700)
    status = (await users.answer("Hall 1", "getStats"))["status"]
    assert status.startswith("failing: no answer for 12 min, tcp: main: connection refused")
    users.meters["main"].is_alive = True
    assert (await users.answer("Hall 1", "reconnect"))["success"]
    await users.bridge.end()


@in_virtual_time
async def test_the_device_of_a_dead_meter_is_opened_in_each_session_and_its_state_is_true(tmp_path):
    users = await begun(tmp_path)
    users.tell("main", "failing")
    await users.until(lambda: users.state("Hall 1") == "failing")
    for _ in range(3):
        users.close_session()
        await asyncio.sleep(30)
        assert "cyclesOk" in await users.answer("Hall 1", "getStats")
    await users.bridge.end()


# 3. A meter read less often than every ten minutes lost its calls.


@in_virtual_time
async def test_the_session_of_a_device_that_nothing_is_sent_for_is_kept_alive(tmp_path):
    users = await begun(tmp_path)
    assert users.model.behaviour.inactivity_s == 600
    for _ in range(6):
        await asyncio.sleep(550)
        assert "cyclesOk" in await users.answer("Hall 1", "getStats")
    sent = users.server.messages
    await asyncio.sleep(3 * KEEP_S)
    kept = [device for device in ("Hall 1", "Hall 2") if users.state(device) == "ok"]
    assert len(kept) == 2
    assert users.server.messages - sent < 60  # marks and limits among them: the price is one message of both each time
    await users.bridge.end()


# 4. Shared attributes were heard of when the device was open, and at no other time.


@in_virtual_time
async def test_a_shared_attribute_set_while_the_bridge_is_away_is_applied_kept_and_undone_when_it_is_deleted(tmp_path):
    users = await begun(tmp_path)
    await users.bridge.end()
    users.share("Hall 1", interval=30)
    await users.begin()
    users.tell("main")
    await users.until(lambda: users.meters["main"].interval_s == 30)
    await users.until(lambda: users.bridge.publisher.state.shared == {"main": {"interval": 30}})
    await asyncio.sleep(1)
    assert stored(tmp_path / "shared.json")["meters"] == {"main": {"interval": 30}}
    await users.bridge.end()

    await users.until(lambda: users.state("Hall 1") == "off")
    users.meters["main"].interval_s = 60.0  # another process
    users.server.line.dark_until_s = users.loop.time() + 100
    await users.begin()
    assert users.meters["main"].interval_s == 30  # before ThingsBoard is reached
    users.tell("main")
    await users.until(lambda: users.state("Hall 1") == "ok", 600)
    users.share("Hall 1", interval=None)
    await users.until(lambda: users.meters["main"].interval_s == 60)
    await asyncio.sleep(1)
    assert stored(tmp_path / "shared.json")["meters"] == {}
    await users.bridge.end()


@in_virtual_time
async def test_a_shared_attribute_deleted_while_the_bridge_is_away_is_undone(tmp_path):
    users = await begun(tmp_path)
    users.share("Hall 1", interval=30)
    await users.until(lambda: users.meters["main"].interval_s == 30)
    await users.bridge.end()
    users.share("Hall 1", interval=None)
    users.meters["main"].interval_s = 60.0
    await users.begin()
    assert users.meters["main"].interval_s == 30
    users.tell("main")
    await users.until(lambda: users.meters["main"].interval_s == 60)
    await users.bridge.end()


@in_virtual_time
async def test_an_interval_that_cannot_be_is_said_and_changes_nothing(tmp_path):
    users = await begun(tmp_path)
    users.share("Hall 1", interval=30)
    await users.until(lambda: users.meters["main"].interval_s == 30)
    users.share("Hall 1", interval=-5)
    await asyncio.sleep(5)
    assert users.meters["main"].interval_s == 30
    assert users.bridge.publisher.state.shared == {"main": {"interval": 30}}
    await users.bridge.end()


# 7. After a stop the devices seemed to be there.


@in_virtual_time
async def test_when_the_bridge_stops_its_devices_are_off_and_closed_and_when_it_is_back_they_are_not(tmp_path):
    users = await begun(tmp_path)
    await users.bridge.end()
    await users.until(lambda: [users.state(device) for device in ("Hall 1", "Hall 2")] == ["off", "off"])
    session = users.model._gateway.where[0]
    assert session.open == {}
    await users.begin()
    users.tell("main", "gaps")
    users.tell("east", "ok")
    await users.until(lambda: (users.state("Hall 1"), users.state("Hall 2")) == ("gaps", "ok"))
    await users.bridge.end()


@in_virtual_time
async def test_a_stop_takes_no_longer_than_it_may_when_thingsboard_is_not_reached(tmp_path):
    users = await begun(tmp_path)
    users.server.line.dark_until_s = users.loop.time() + 1000
    began_s = users.loop.time()
    await users.bridge.end()
    assert users.loop.time() - began_s < 4


# Limits


@in_virtual_time
async def test_answers_keep_within_a_limit_and_none_costs_the_session(tmp_path):
    users = await begun(tmp_path, gateway=Limits("20:10", "", ""))
    await asyncio.sleep(20)
    sessions = users.mosquitto.sessions
    numbers = [users.call("Hall 1", "getStats") for _ in range(60)]
    await users.until(lambda: len(users.results) == len(numbers), 60)
    answered = [users.results[number] for number in numbers if users.results[number][0] == 200]
    assert len(answered) >= 20
    assert users.mosquitto.sessions == sessions
    await users.bridge.end()
