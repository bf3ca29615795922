"""The small parts of the listener: paces, identities, times, counters on disk, the list of strangers."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bridge.configuration.listen_settings import ListenSettings
from bridge.configuration.load import load
from bridge.configuration.meter import resolve_all
from bridge.dlms.dates import date_time
from bridge.listen.identities import Identities, plain_address
from bridge.listen.peers import Pace, Peers
from bridge.listen.push_file import PushCounters
from bridge.listen.pushed_time import PushedTime
from bridge.listen.unknown_callers import MOST, MOST_OF_ADDRESS, UnknownCaller, UnknownCallers, read_callers
from tests.configuration.loading import NOWHERE

NOW_MS = 1_795_730_000_000


def identities(**environ):
    return Identities(resolve_all(load({"LISTEN__PORT": "4059", **environ}, NOWHERE)))


def test_a_pace_lets_two_seconds_worth_pass_at_once_and_then_keeps_it():
    pace = Pace(10)
    assert [pace.spend(1, 100.0) for _ in range(20)] == [0.0] * 20
    assert pace.spend(5, 100.0) == pytest.approx(0.5)
    assert pace.spend(1, 101.0) == 0.0
    assert not pace.is_rested(101.0)
    assert pace.is_rested(110.0)


def test_peers_are_bounded_and_forgotten_when_they_rest():
    peers = Peers(ListenSettings(connections=3, per_address=2))
    one = peers.admit("10.0.0.1")
    assert peers.admit("10.0.0.1") is one
    assert peers.admit("10.0.0.1") is None
    assert peers.admit("10.0.0.2") is not None
    assert peers.admit("10.0.0.3") is None, "three are all there may be"
    peers.leave(one)
    peers.leave(one)
    peers.forget(1e9)
    assert len(peers) == 1


def test_an_address_is_compared_as_such():
    assert [plain_address(text) for text in ("::ffff:10.0.0.1", "fe80::1%eth0", "10.0.0.1", "meter.local")] == [
        "10.0.0.1", "fe80::1", "10.0.0.1", "",
    ]  # fmt: skip


def test_who_is_who():
    known = identities(
        METERS__A__HOST="10.0.0.1",
        METERS__B__HOST="10.0.0.2", METERS__B__PORT="1",
        METERS__C__HOST="10.0.0.2", METERS__C__PORT="2",
        METERS__D__PUSH_ONLY="true", METERS__D__METER_SYSTEM_TITLE="4B464D1020000001",
        METERS__E__DIAL_IN="true", METERS__E__CALLER_ID="imei 1",
        METERS__F__DIAL_IN="true", METERS__F__CALLER_ID="imei 12", METERS__F__LOGICAL_DEVICE_NAME="F 1",
    )  # fmt: skip
    assert known.by_address("10.0.0.1").name == "a"
    assert known.by_address("10.0.0.2") is None, "of two behind one address nobody knows which"
    assert known.by_title(bytes.fromhex("4B464D1020000001")).name == "d"
    assert known.by_text("+IMEI 12;ok").name == "f", "the longest that fits"
    assert known.by_text("IMEI 1").name == "e"
    assert known.by_names(["x", "f 1"]).name == "f"


async def test_host_names_are_looked_up_and_kept_while_nobody_answers():
    known = identities(METERS__A__HOST="one.example", METERS__B__HOST="two.example", METERS__C__HOST="10.0.0.9")
    answers = {"one.example": ["10.0.0.1", "10.0.0.3"], "two.example": ["10.0.0.3", "10.0.0.9"]}

    async def resolve(host):
        if host not in answers:
            raise OSError
        return answers[host]

    await known.look_up(resolve)
    assert known.by_address("10.0.0.1").name == "a"
    assert known.by_address("10.0.0.3") is None, "of both"
    assert known.by_address("10.0.0.9").name == "c"
    answers.clear()
    await known.look_up(resolve)
    assert known.by_address("10.0.0.1").name == "a"


@pytest.mark.parametrize(
    ("when", "zone", "taken"),
    [
        (datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC), UTC, True),
        (datetime(2026, 11, 26, 12, 0, 0, tzinfo=ZoneInfo("America/Santiago")), UTC, True),
        (datetime(2026, 11, 26, 12, 0, 0), ZoneInfo("America/Santiago"), True),  # noqa: DTZ001
        (datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC), UTC, False),
        (datetime(2012, 1, 1, 0, 0, 0, tzinfo=UTC), UTC, False),
    ],
)
def test_a_stated_time_is_taken_where_it_may_be(when, zone, taken):
    stated = PushedTime(zone).of(date_time(when), NOW_MS)
    meant = when if when.tzinfo else when.replace(tzinfo=zone)
    assert stated.ts_ms == (round(meant.timestamp() * 1000) if taken else None)
    assert bool(stated.doubt) is not taken


def test_a_time_that_is_open_or_invalid_is_none():
    judge, open_ = PushedTime(UTC), bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")
    assert judge.of(b"", NOW_MS) == judge.of(open_, NOW_MS) == (None, "")
    invalid = date_time(datetime(2026, 11, 26, 12, tzinfo=UTC))[:-1] + b"\x01"
    assert judge.of(invalid, NOW_MS).doubt.startswith("its own clock says")


async def test_counters_are_on_disk_when_keep_returns_and_never_go_down(tmp_path):
    counters = PushCounters(tmp_path / "pushes.db")
    await counters.open()
    names = [PushCounters.name(bytes(7) + bytes((n,)), b"k" * 16) for n in range(50)]
    for name in names:
        counters.claim(name, 7)
        counters.note(name, 7)
    assert all(await asyncio.gather(*(counters.keep() for _ in names)))
    with sqlite3.connect(tmp_path / "pushes.db") as other:  # another process sees them without a close
        assert other.execute("SELECT count(*), min(last) FROM counter").fetchone() == (50, 7)
    other.close()
    counters.note(names[0], 3)
    await counters.close()
    again = PushCounters(tmp_path / "pushes.db")
    await again.open()
    assert again.last(names[0]) == 7
    await again.close()


async def test_a_claim_alone_never_reaches_the_disk(tmp_path):
    """It is the message that must be there first."""
    counters = PushCounters(tmp_path / "pushes.db")
    await counters.open()
    counters.claim("a", 9)
    assert counters.last("a") == 9
    await counters.close()
    again = PushCounters(tmp_path / "pushes.db")
    await again.open()
    assert again.last("a") is None
    await again.close()


async def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path):
    (tmp_path / "pushes.db").write_bytes(b"no database at all" * 500)
    counters = PushCounters(tmp_path / "pushes.db")
    await counters.open()
    counters.note("a", 1)
    assert await counters.keep()
    await counters.close()
    assert (tmp_path / "pushes.damaged").exists()


async def test_a_file_that_is_damaged_while_it_is_used_is_written_anew_with_all_that_is_known(tmp_path):
    counters = PushCounters(tmp_path / "pushes.db")
    await counters.open()
    names = [f"{number:032x}" for number in range(50_000)]  # more than SQLite has in memory
    for name in names:
        counters.note(name, 7)
    assert await counters.keep()
    counters.claim("claimed", 9)
    for file in ("pushes.db", "pushes.db-wal"):
        with (tmp_path / file).open("r+b") as disk:
            disk.write(b"\xa5" * (tmp_path / file).stat().st_size)
    for name in names:
        counters.note(name, 8)
    assert await counters.keep()
    await counters.close()
    assert (tmp_path / "pushes.damaged").exists()
    again = PushCounters(tmp_path / "pushes.db")
    await again.open()
    assert {again.last(name) for name in names} == {8}
    assert again.last("claimed") is None, "it goes there behind its message alone"
    await again.close()


async def test_what_could_not_be_read_at_the_start_is_known_once_the_disk_gives_it(tmp_path):
    counters = PushCounters(tmp_path / "pushes.db")
    await counters.open()
    counters.note("a", 7)
    await counters.close()
    (tmp_path / "pushes.db").rename(tmp_path / "away")
    (tmp_path / "pushes.db").mkdir()
    again = PushCounters(tmp_path / "pushes.db")
    await again.open()
    again.note("b", 3)
    assert not await again.keep()
    (tmp_path / "pushes.db").rmdir()
    (tmp_path / "away").rename(tmp_path / "pushes.db")
    assert await again.keep()
    assert (again.last("a"), again.last("b")) == (7, None)
    await again.close()
    last = PushCounters(tmp_path / "pushes.db")
    await last.open()
    assert (last.last("a"), last.last("b")) == (7, 3)
    await last.close()


async def test_a_disk_that_refuses_holds_nobody_up(tmp_path):
    (tmp_path / "folder").write_text("in the way")
    counters = PushCounters(tmp_path / "folder" / "pushes.db")
    await counters.open()
    counters.claim("a", 1)
    counters.note("a", 1)
    assert not await counters.keep()
    assert counters.last("a") == 1
    await counters.close()


async def test_strangers_are_bounded_and_one_address_pushes_no_other_out(tmp_path):
    unknown = UnknownCallers(tmp_path / "callers.json", lambda: 1000.0)
    assert unknown.note(UnknownCaller("10.0.0.1", title="AA"))
    assert not unknown.note(UnknownCaller("10.0.0.1", title="AA"))
    for number in range(500):
        unknown.note(UnknownCaller("10.0.0.2", text=f"text {number}\x1b[2J" + "x" * 500))
    assert len(unknown) == 1 + MOST_OF_ADDRESS
    for number in range(500):
        unknown.note(UnknownCaller(f"10.1.{number // 250}.{number % 250}"))
    assert len(unknown) == MOST
    await unknown.save()
    assert (tmp_path / "callers.json").stat().st_size < 100_000
    assert "\\u001b" not in (tmp_path / "callers.json").read_text()
    kept = read_callers(tmp_path / "callers.json")
    assert len(kept) == MOST
    again = UnknownCallers(tmp_path / "callers.json", lambda: 2000.0)
    await again.open()
    assert not again.note(UnknownCaller(kept[-1].address))
    assert list(again)[-1].count == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"callers": 3}', '{"callers": [{"nonsense": 1}]}'])
def test_a_file_that_makes_no_sense_holds_nobody(tmp_path, text):
    (tmp_path / "callers.json").write_text(text)
    assert read_callers(tmp_path / "callers.json") == []
    assert json.dumps(text)
