"""Samples go where they were meant for when they were accepted, whatever the settings say by now."""

from __future__ import annotations

import sqlite3

import pytest

from bridge.configuration.settings import ThingsBoardSettings
from bridge.outbox.destination import EARLIER, LOCAL, destination_of
from bridge.outbox.schema import MIGRATIONS
from tests.outbox.conftest import sample

GATEWAY = "thingsboard tb.example.com:1883 gateway"
OTHER = "thingsboard other.example.com:1883 gateway"
DEVICE = "thingsboard tb.example.com:1883 device Main meter"


async def accept(outbox, *stamps_ms: int, meter: str = "main") -> None:
    await outbox.open()
    for ts_ms in stamps_ms:
        outbox.put(sample(ts_ms, meter))
    await outbox.close()


async def rows(outbox):
    return await outbox.fetch(limit=10**6)


def version_1(path, *meters: str) -> None:
    """A file as the version before wrote it, a sample of each meter in it."""
    db = sqlite3.connect(path)
    db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
    db.executemany(
        "INSERT INTO samples (meter, ts_ms, body) VALUES (?, ?, '{\"a\":1}')",
        [(meter, number) for number, meter in enumerate(meters)],
    )
    db.commit()
    db.close()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, LOCAL),
        ({"host": "TB.example.com", "token": "x"}, GATEWAY),
        ({"host": "tb.example.com.", "token": "x"}, GATEWAY),
        ({"host": "tb.example.com", "tls": True, "token": "x"}, "thingsboard tb.example.com:8883 gateway"),
        ({"host": "tb.example.com", "mode": "device", "token": "x"}, DEVICE),
        ({"host": "2001:db8::1", "port": 1884, "token": "x"}, "thingsboard [2001:db8::1]:1884 gateway"),
    ],
)
def test_a_destination_is_server_port_and_mode_and_a_devices_name(settings, text):
    assert destination_of(ThingsBoardSettings(**settings), "Main meter") == text


async def test_a_row_remembers_device_and_destination(outbox_at, tmp_path):
    await accept(outbox_at(tmp_path / "o.db", destination=GATEWAY, devices={"main": "Building 1"}), 1)

    later = outbox_at(tmp_path / "o.db", destination=GATEWAY, devices={"main": "Building 2"})
    await later.open()
    assert [(row.meter, row.device, row.destination) for row in await rows(later)] == [("main", "Building 1", GATEWAY)]


@pytest.mark.parametrize("now", [LOCAL, OTHER, DEVICE])
async def test_what_is_another_destinations_is_neither_fetched_nor_let_go_of_and_is_told(
    outbox_at, tmp_path, now, lines
):
    await accept(outbox_at(tmp_path / "o.db", destination=GATEWAY), 1, 2, 3)

    outbox = outbox_at(tmp_path / "o.db", destination=now)
    await outbox.open()
    assert await rows(outbox) == []
    assert outbox.depth == 0
    assert outbox.oldest_ts_ms is None
    assert [(one.destination, one.count, one.oldest_ts_ms, one.newest_ts_ms) for one in outbox.foreign] == [
        (GATEWAY, 3, 1, 3)
    ]
    assert outbox.state.foreign == outbox.foreign
    assert any(f"3 samples are waiting for '{GATEWAY}'" in line and "bridge outbox" in line for line in lines)
    outbox.put(sample(4))
    await outbox._commits.flush()
    assert [row.ts_ms for row in await rows(outbox)] == [4]
    await outbox.confirm([row.id for row in await rows(outbox)])
    await outbox.close()

    again = outbox_at(tmp_path / "o.db", destination=GATEWAY)
    await again.open()
    assert [row.ts_ms for row in await rows(again)] == [1, 2, 3]
    assert again.foreign == ()


async def test_rows_of_two_destinations_in_turns_are_told_apart(outbox_at, tmp_path):
    for number in range(6):
        await accept(outbox_at(tmp_path / "o.db", destination=(GATEWAY, OTHER)[number % 2]), number)

    outbox = outbox_at(tmp_path / "o.db", destination=GATEWAY)
    await outbox.open()
    first, *_ = found = await rows(outbox)
    assert [row.ts_ms for row in found] == [0, 2, 4]
    assert outbox.depth == 3
    await outbox.confirm([first.id])
    assert [row.ts_ms for row in await outbox.fetch(after=0, limit=1)] == [2]
    assert outbox.oldest_ts_ms == 2
    await outbox.confirm([row.id for row in found])
    assert await rows(outbox) == []
    assert [one.count for one in outbox.foreign] == [3]


async def test_what_the_bound_takes_from_others_is_counted_as_theirs(outbox_at, tmp_path):
    await accept(outbox_at(tmp_path / "o.db", destination=GATEWAY, max_mb=2), *range(5000))

    outbox = outbox_at(tmp_path / "o.db", destination=OTHER, max_mb=2)
    await outbox.open()
    for begin in range(0, 40_000, 1000):
        for ts_ms in range(begin, begin + 1000):
            outbox.put(sample(ts_ms))
        await outbox._commits.flush()
    kept = await rows(outbox)
    assert outbox.depth == len(kept)
    assert outbox.depth + sum(one.count for one in outbox.foreign) + outbox.state.lost_full == 45_000
    assert outbox.foreign == ()  # the oldest go first, whoever they were for


async def test_the_version_befores_rows_go_to_the_thingsboard_that_is_named_first(outbox_at, tmp_path):
    path = tmp_path / "o.db"
    version_1(path, "main", "second", "main")

    without_env = outbox_at(path, destination=LOCAL)
    await without_env.open()
    assert await rows(without_env) == []
    assert [(one.destination, one.count) for one in without_env.foreign] == [(EARLIER, 3)]
    await without_env.close()

    outbox = outbox_at(path, destination=GATEWAY, devices={"main": "Building 1", "second": "second"})
    await outbox.open()
    assert [row.device for row in await rows(outbox)] == ["Building 1", "second", "Building 1"]
    await outbox.close()

    other = outbox_at(path, destination=OTHER, devices={"main": "Building 7"})
    await other.open()
    assert [(one.destination, one.count) for one in other.foreign] == [(GATEWAY, 3)]


async def test_the_version_befores_backlog_of_a_gateway_does_not_become_one_devices_own(outbox_at, tmp_path):
    """Fifty samples of two other meters were stored as the one device's own."""
    path = tmp_path / "o.db"
    version_1(path, *["main", "second", "third"] * 25)

    outbox = outbox_at(path, destination=DEVICE, devices={"main": "Main meter"})
    await outbox.open()
    assert {row.device for row in await rows(outbox)} == {"Main meter"}
    assert outbox.depth == 25
    assert [(one.destination, one.count) for one in outbox.foreign] == [(EARLIER, 50)]


async def test_readdressing_sends_what_another_thingsboard_was_to_have_and_nothing_local(outbox_at, tmp_path):
    path = tmp_path / "o.db"
    await accept(outbox_at(path, destination=LOCAL), 1, meter="demo")
    await accept(outbox_at(path, destination=OTHER, devices={"main": "Building 1"}), 2, 3)

    outbox = outbox_at(path, destination=GATEWAY)
    await outbox.open()
    assert await outbox.tell(lambda held: held.readdress(None)) == 2
    assert [(row.ts_ms, row.device, row.destination) for row in await rows(outbox)] == [
        (2, "Building 1", GATEWAY),
        (3, "Building 1", GATEWAY),
    ]
    assert outbox.depth == 2
    assert [(one.destination, one.count) for one in outbox.foreign] == [(LOCAL, 1)]
    await outbox.close()

    again = outbox_at(path, destination=OTHER)  # the way back is a destination like any other
    await again.open()
    assert await rows(again) == []
    again.put(sample(5))
    await again._commits.flush()
    assert [row.ts_ms for row in await rows(again)] == [5]


async def test_readdressing_to_one_device_takes_its_own_rows_alone(outbox_at, tmp_path):
    path = tmp_path / "o.db"
    for meter in ("main", "second"):
        await accept(outbox_at(path, destination=OTHER, devices={"main": "Main meter"}), 1, 2, meter=meter)

    outbox = outbox_at(path, destination=DEVICE)
    await outbox.open()
    assert await outbox.tell(lambda held: held.readdress("Main meter")) == 2
    assert [row.device for row in await rows(outbox)] == ["Main meter"] * 2
    assert [one.count for one in outbox.foreign] == [2]


async def test_nothing_is_readdressed_to_the_local_broker(outbox_at, tmp_path):
    await accept(outbox_at(tmp_path / "o.db", destination=GATEWAY), 1)
    outbox = outbox_at(tmp_path / "o.db", destination=LOCAL)
    await outbox.open()
    assert await outbox.tell(lambda held: held.readdress(None)) == 0
    assert [one.count for one in outbox.foreign] == [1]


async def test_discarding_takes_what_cannot_be_sent_and_nothing_else(outbox_at, tmp_path):
    path = tmp_path / "o.db"
    await accept(outbox_at(path, destination=OTHER), 1, 2)
    outbox = outbox_at(path, destination=GATEWAY)
    await outbox.open()
    for ts_ms in (3, 4):
        outbox.put(sample(ts_ms))
    await outbox._commits.flush()
    await outbox.set_aside([(await rows(outbox))[0].id], "why")

    given = []
    await outbox.tell(lambda held: given.extend([*held.kept(after=0, limit=10), *held.refused()]))
    assert [(one.row.ts_ms, one.row.destination, one.reason) for one in given] == [
        (1, OTHER, ""),
        (2, OTHER, ""),
        (3, GATEWAY, "why"),
    ]
    assert await outbox.tell(lambda held: held.discard()) == 3
    assert [row.ts_ms for row in await rows(outbox)] == [4]
    assert outbox.foreign == ()
