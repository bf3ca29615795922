"""What waits under a device's old name goes under its new one, on disk and in memory, and nothing else does."""

from __future__ import annotations

from tests.outbox.conftest import running, sample, until

GATEWAY = "thingsboard tb.example.com:1883 gateway"
OTHER = "thingsboard other.example.com:1883 gateway"


async def by_device(outbox) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in await outbox.fetch(limit=1000):
        found.setdefault(row.device, []).append(row.ts_ms)
    return found


async def test_rows_of_the_device_follow_and_those_of_another_meter_of_that_name_stay(outbox_at, tmp_path):
    devices = {"main": "Hall", "east": "east"}
    async with running(outbox_at(tmp_path / "o.db", destination=GATEWAY, devices=devices)) as outbox:
        for ts_ms in range(3):
            outbox.put(sample(ts_ms))
            outbox.put(sample(10 + ts_ms, "east"))
        await until(lambda: outbox.depth == 6)
        assert await outbox.rename("Hall", "between", spare={"east"})
        devices["east"] = "Hall"
        outbox.put(sample(20, "east"))  # the name is east's by now
        assert await outbox.rename("east", "Hall", spare={"main"})
        await until(lambda: outbox.depth == 7)
        assert await by_device(outbox) == {"between": [0, 1, 2], "Hall": [10, 11, 12, 20]}
        assert [device for _, device in await outbox.index(after=0, limit=10)].count("between") == 3
        ids = [row.id for row in await outbox.fetch(limit=1000)]
        assert {row.device for row in await outbox.rows(ids)} == {"between", "Hall"}
        assert outbox.depth == 7


async def test_what_was_accepted_for_another_thingsboard_keeps_its_name(outbox_at, tmp_path):
    for ts_ms, destination in enumerate((OTHER, GATEWAY)):
        outbox = outbox_at(tmp_path / "o.db", destination=destination, devices={"main": "Hall"})
        await outbox.open()
        outbox.put(sample(ts_ms))
        await outbox.close()
    outbox = outbox_at(tmp_path / "o.db", destination=GATEWAY)
    await outbox.open()
    assert await outbox.rename("Hall", "Attic")
    assert await by_device(outbox) == {"Attic": [1]}
    await outbox.close()
    outbox = outbox_at(tmp_path / "o.db", destination=OTHER)
    await outbox.open()
    assert await by_device(outbox) == {"Hall": [0]}


async def test_what_is_in_memory_alone_follows_and_the_disk_that_refuses_is_asked_again(outbox_at, tmp_path):
    outbox = outbox_at(tmp_path / "no folder" / "o.db", destination=GATEWAY, devices={"main": "Hall"})
    (tmp_path / "no folder").write_text("in the way")
    async with running(outbox):
        outbox.put(sample(1))
        await until(lambda: outbox.state.writing is not None)
        assert not await outbox.rename("Hall", "Attic")
        assert await by_device(outbox) == {"Attic": [1]}
