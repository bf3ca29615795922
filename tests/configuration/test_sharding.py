"""Who reads whom: the same everywhere and for ever, a converter whole, and few meters move when a shard is added."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bridge.configuration.load import load, read
from bridge.configuration.sharding import connection_of, moving, own_of, shard_of, shares
from bridge.errors import ConfigError


@dataclass(frozen=True)
class Meter:
    host: str
    port: int = 4059


FLEET = {f"m{number}": Meter(f"10.{number >> 8}.{number & 255}.7") for number in range(20_000)}


def test_the_owners_never_change_between_versions():
    """A version that puts one of them elsewhere reads a meter twice while an older one still runs."""
    connections = ("10.0.0.1:4059", "10.0.0.2:4059", "converter-7:3333", "meter.example:1", "fe80::1:4059")
    owners = {count: [shard_of(connection, count) for connection in connections] for count in (1, 2, 3, 4, 10, 256)}
    assert owners == {
        1: [1, 1, 1, 1, 1],
        2: [1, 2, 1, 1, 1],
        3: [1, 3, 1, 3, 1],
        4: [1, 3, 1, 3, 4],
        10: [1, 6, 10, 3, 4],
        256: [186, 19, 13, 65, 114],
    }


def test_each_meter_has_one_owner_and_the_order_of_the_fleet_does_not_matter():
    owned = [own_of(FLEET, 7, shard) for shard in range(1, 8)]
    assert sum(len(own) for own in owned) == len(FLEET)
    assert set().union(*owned) == set(FLEET)
    backwards = dict(reversed(FLEET.items()))
    assert [set(own_of(backwards, 7, shard)) for shard in range(1, 8)] == [set(own) for own in owned]


@pytest.mark.parametrize("count", [2, 3, 8, 31])
def test_one_shard_more_takes_its_part_and_nobody_else_changes(count):
    for meter in FLEET.values():
        before, after = (shard_of(connection_of(meter), many) for many in (count, count + 1))
        assert after in (before, count + 1)
    moved = moving(FLEET.values(), count, count + 1)
    assert moved == pytest.approx(len(FLEET) / (count + 1), rel=0.1)


def test_the_shares_are_even():
    split = shares(FLEET.values(), 8)
    assert [one.shard for one in split] == list(range(1, 9))
    assert all(one.meters == one.connections == pytest.approx(2500, rel=0.06) for one in split)


def test_what_lies_behind_one_converter_stays_together():
    fleet = {f"m{number}": Meter("Converter-7" if number % 2 else "converter-7", 3333) for number in range(50)}
    [owner] = {shard_of(connection_of(meter), 9) for meter in fleet.values()}
    assert len(own_of(fleet, 9, owner)) == 50
    assert [(one.meters, one.connections) for one in shares(fleet.values(), 9) if one.meters] == [(50, 1)]


def settings_of(tmp_path, **shard):
    meters = {f"METERS__M{number}__HOST": f"10.0.0.{number}" for number in range(1, 41)}
    return load({**meters, **{f"SHARD__{name}": value for name, value in shard.items()}}, tmp_path)


def test_a_bridge_gets_its_own_meters_alone(tmp_path):
    every = set(settings_of(tmp_path).meters)
    assert len(every) == 40
    parts = [set(settings_of(tmp_path, COUNT="3", INDEX=str(index)).meters) for index in (1, 2, 3)]
    assert all(parts)
    assert sum(map(len, parts)) == 40
    assert set().union(*parts) == every


def test_two_shards_cannot_hide_that_a_meter_stands_there_twice(tmp_path):
    """Mistakes are looked for in the whole fleet: the other shard's meter counts."""
    twice = {"METERS__A__HOST": "10.0.0.1", "METERS__A__DEVICE": "Main", "METERS__B__HOST": "10.0.0.2"}
    twice |= {"METERS__B__DEVICE": "Main", "SHARD__COUNT": "2", "SHARD__INDEX": "1"}
    assert {shard_of(f"10.0.0.{number}:4059", 2) for number in (1, 2)} == {1, 2}, "they are in two shards"
    with pytest.raises(ConfigError, match="Main"):
        load(twice, tmp_path)


def test_a_shard_without_a_meter_starts_although_there_is_a_thingsboard(tmp_path):
    one = {"METERS__A__HOST": "10.0.0.1", "THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": "x", "SHARD__COUNT": "2"}
    owner = shard_of("10.0.0.1:4059", 2)
    settings = load({**one, "SHARD__INDEX": str(3 - owner)}, tmp_path)
    assert settings.meters == {}
    assert list(read({**one, "SHARD__INDEX": str(3 - owner)}, tmp_path).fleet) == ["a"]


@pytest.mark.parametrize(
    ("shard", "said"),
    [
        ({"COUNT": "3"}, "SHARD__INDEX: missing; SHARD__COUNT=3, and each shard has a number"),
        ({"COUNT": "3", "INDEX": "4"}, "SHARD__INDEX=4: there are shards 1 to 3 (SHARD__COUNT)"),
        ({"INDEX": "2"}, "SHARD__INDEX=2: there are shards 1 to 1 (SHARD__COUNT)"),
        ({"COUNT": "0"}, "SHARD__COUNT=0: must be a whole number from 1 to 256"),
        ({"WITNESSES": "a:1,b:1,c:1"}, "SHARD__SECRET: missing; SHARD__WITNESSES is given"),
        ({"WITNESSES": "a:1,b:1", "SECRET": "x" * 16}, "must name three different witnesses, or five"),
        ({"WITNESSES": "a:1,b:1,a:1", "SECRET": "x" * 16}, "must name three different witnesses, or five"),
        ({"WITNESSES": "a,b,c", "SECRET": "x" * 16}, "must be addresses such as witness-1:9109"),
        ({"WITNESSES": "a:1,A:1,c:1", "SECRET": "x" * 16}, "must name three different witnesses, or five"),
        ({"WITNESSES": "a:1,b:1,c:1,d:1,a:1", "SECRET": "x" * 16}, "must name three different witnesses, or five"),
        ({"WITNESSES": "http://a:1,b:1,c:1", "SECRET": "x" * 16}, "must be addresses such as witness-1:9109"),
        ({"WITNESSES": "a..b:1,b:1,c:1", "SECRET": "x" * 16}, "must be addresses such as witness-1:9109"),
        ({"SECRET": "x" * 16}, "SHARD__WITNESSES: missing; SHARD__SECRET is given"),
        ({"WITNESSES": "a:1,b:1,c:1", "SECRET": "short"}, "SHARD__SECRET=<secret>: must be at least 16 characters"),
        ({"NODE": "a b"}, "SHARD__NODE=a b: must be 1 to 64 of the characters"),
    ],
)
def test_what_contradicts_itself_is_said(tmp_path, shard, said):
    with pytest.raises(ConfigError) as error:
        settings_of(tmp_path, **shard)
    assert [said in problem for problem in error.value.problems] == [True]


def test_meters_that_call_are_not_shared_out(tmp_path):
    given = {"METERS__A__HOST": "10.0.0.1", "LISTEN__PORT": "4060"}
    assert load(given, tmp_path).listen.port == 4060
    with pytest.raises(ConfigError, match="meters that call are not shared out"):
        load({**given, "SHARD__COUNT": "2", "SHARD__INDEX": "1"}, tmp_path)


def test_the_witnesses_are_addresses(tmp_path):
    shard = settings_of(tmp_path, WITNESSES="a:1, [::1]:2 c.example:3", SECRET="s" * 16).shard
    assert shard.witness_addresses == (("a", 1), ("::1", 2), ("c.example", 3))
