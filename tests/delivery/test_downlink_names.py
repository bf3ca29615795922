"""Devices that are renamed or deleted in ThingsBoard: their meters keep them, and no sample gets into another one's.

In virtual time on the models of Mosquitto and ThingsBoard; with a real Mosquitto: ``test_gateway_api.py``.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.delivery.downlink_rig import begun, in_virtual_time, stored

# 5. Renamed: a second device appeared under the old name. Deleted: it came back without type and attributes.


@in_virtual_time
async def test_a_rename_is_followed_over_sessions_and_restarts(tmp_path):
    users = await begun(tmp_path)
    users.put("main", *range(1, 101))
    await users.until(lambda: len(users.stamps("Hall 1")) == 100)
    users.rename("Hall 1", "North wing")
    users.put("main", *range(101, 201))
    await users.until(lambda: len(users.stamps("North wing")) == 200)
    users.close_session()
    users.put("main", *range(201, 301))
    await users.until(lambda: len(users.stamps("North wing")) == 300)
    assert users.bridge.publisher.state.renamed == {"main": "North wing"}
    await users.bridge.end()
    await users.begin()
    users.put("main", *range(301, 401))
    await users.until(lambda: len(users.stamps("North wing")) == 400)
    assert "cyclesOk" in await users.answer("North wing", "getStats")
    assert set(users.model.devices) == {"GW", "North wing", "Hall 2"}
    await users.until(lambda: users.bridge.outbox.state.waiting == 0)
    await users.bridge.end()


@in_virtual_time
async def test_the_old_name_of_the_device_that_was_introduced_last_makes_no_second_device(tmp_path):
    users = await begun(tmp_path, {"main": "Hall 1"})
    users.put("main", 1)
    await users.until(lambda: users.stamps("Hall 1") == {1})
    users.rename("Hall 1", "North wing")
    users.put("main", 2)
    await users.until(lambda: users.stamps("North wing") == {1, 2})
    await asyncio.sleep(60)
    assert set(users.model.devices) == {"GW", "North wing"}
    await users.bridge.end()


@in_virtual_time
async def test_two_meters_that_swap_names_in_the_middle_of_a_drain_keep_their_samples_apart(tmp_path):
    users = await begun(tmp_path, store_rate_per_s=200.0, accept_rate_per_s=400.0)
    users.put("main", *range(1, 4001))
    users.put("east", *range(10_001, 14_001))
    await users.until(lambda: len(users.stamps("Hall 1")) > 300)
    for old, new in (("Hall 1", "between"), ("Hall 2", "Hall 1"), ("between", "Hall 2")):
        users.rename(old, new)
        await asyncio.sleep(0.02)
        users.put("main", 5000 + len(old))
        users.put("east", 15_000 + len(old))
    await users.until(lambda: users.bridge.outbox.state.waiting == 0, 600)
    await users.until(lambda: len(users.stamps("Hall 1")) >= 4002 and len(users.stamps("Hall 2")) >= 4002)
    assert all(ts_ms > 10_000 for ts_ms in users.stamps("Hall 1"))  # east's, renamed
    assert all(ts_ms < 10_000 for ts_ms in users.stamps("Hall 2"))
    assert set(users.model.devices) == {"GW", "Hall 1", "Hall 2"}
    await users.bridge.end(orderly=False)
    await users.begin()
    users.put("main", 9_001)
    users.put("east", 19_001)
    await users.until(lambda: 9_001 in users.stamps("Hall 2") and 19_001 in users.stamps("Hall 1"))
    await users.bridge.end()


@in_virtual_time
async def test_samples_that_wait_for_a_session_go_under_the_name_that_was_given_before_it_ended(tmp_path):
    users = await begun(tmp_path)
    users.rename("Hall 1", "North wing")
    await users.until(lambda: users.bridge.names["main"] == "North wing")
    users.server.line.dark_until_s = users.loop.time() + 300
    users.close_session()
    users.put("main", *range(1, 51))
    await users.until(lambda: len(users.stamps("North wing")) == 50, 900)
    assert "Hall 1" not in users.model.devices
    await users.bridge.end()


@in_virtual_time
async def test_a_device_that_is_deleted_comes_back_with_its_type_and_attributes(tmp_path):
    users = await begun(tmp_path)
    users.put("main", 1)
    await users.until(lambda: users.stamps("Hall 1") == {1})
    users.delete("Hall 1")
    await asyncio.sleep(1)
    users.put("main", 2)
    await users.until(lambda: "Hall 1" in users.model.devices and users.stamps("Hall 1") == {2})
    await users.until(lambda: users.state("Hall 1") == "ok")
    assert users.model.type("Hall 1") == "meter"
    assert users.model.attributes("Hall 1")["serial"] == "S-main"
    assert "cyclesOk" in await users.answer("Hall 1", "getStats")
    await users.bridge.end()


@in_virtual_time
async def test_what_is_on_disk_follows_a_rename_that_a_crash_cut_short(tmp_path):
    users = await begun(tmp_path)
    users.server.line.dark_until_s = users.loop.time() + 100
    await asyncio.sleep(1)
    users.put("main", *range(1, 21))
    await asyncio.sleep(1)
    users.bridge.names.rename("Hall 1", "North wing")  # heard, kept, and no more
    users.bridge.names.save()
    await users.bridge.end(orderly=False)
    users.rename("Hall 1", "North wing")
    await users.begin()
    await users.until(lambda: len(users.stamps("North wing")) == 20, 300)
    assert "Hall 1" not in users.model.devices
    assert stored(tmp_path / "names.json")["pending"] == []
    await users.bridge.end()


@pytest.mark.parametrize("orderly", [True, False])
@in_virtual_time
async def test_a_name_that_the_settings_change_counts_from_then_on(tmp_path, orderly):
    users = await begun(tmp_path)
    users.rename("Hall 1", "North wing")
    await asyncio.sleep(10)
    await users.bridge.end(orderly=orderly)
    bridge = await users.begin(main="Attic")
    assert bridge.names["main"] == "Attic"
    users.put("main", 7)
    await users.until(lambda: users.stamps("Attic") == {7})
    await bridge.end()
