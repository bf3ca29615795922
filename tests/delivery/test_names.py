"""What a meter's device is called over there: one name is one meter's, whatever the settings and ThingsBoard say."""

from __future__ import annotations

import json

import pytest

from bridge.delivery.kept_file import KeptFile
from bridge.delivery.names import Names, Renamed, names_file

TWO = {"main": "Hall 1", "east": "Hall 2"}


@pytest.fixture
def names(tmp_path):
    def make(configured=TWO, destination="tb"):
        return Names(configured, KeptFile(tmp_path / "names.json", destination))

    return make


def test_a_rename_holds_after_a_restart_and_both_ways(names):
    first = names()
    assert first.rename("Hall 1", "Attic") == "main"
    first.save()
    again = names()
    assert (dict(again), again.meter_of("Attic"), again.meter_of("Hall 1")) == (
        {"main": "Attic", "east": "Hall 2"}, "main", None,
    )  # fmt: skip
    assert again.renamed == {"main": "Attic"}
    assert again.pending == [Renamed("main", "Hall 1", "Attic")]  # what is on disk has not followed yet
    again.settled(again.pending[0])
    again.save()
    assert names().pending == []


def test_a_rename_of_nobodys_device_changes_nothing(names):
    one = names()
    assert one.rename("Cellar", "Attic") is None
    assert one.rename("Hall 1", "Hall 1") is None
    assert (dict(one), one.pending) == (TWO, [])


def test_what_the_settings_say_anew_counts_more_than_an_earlier_rename(names):
    first = names()
    first.rename("Hall 1", "Attic")
    first.save()
    assert names({"main": "Roof", "east": "Hall 2"})["main"] == "Roof"


def test_another_thingsboards_renames_are_none_of_this_ones(names):
    first = names()
    first.rename("Hall 1", "Attic")
    first.save()
    assert dict(names(destination="another")) == TWO


def test_names_that_were_swapped_stay_swapped_after_a_restart(names):
    first = names()
    for old, new in (("Hall 1", "between"), ("Hall 2", "Hall 1"), ("between", "Hall 2")):
        first.rename(old, new)
    first.save()
    again = names()
    assert dict(again) == {"main": "Hall 2", "east": "Hall 1"}
    assert (again.meter_of("Hall 1"), again.meter_of("Hall 2")) == ("east", "main")


def test_a_name_that_thingsboard_gives_to_another_is_no_longer_a_meters(names):
    one = names()
    assert one.rename("Hall 2", "Hall 1") == "east"  # main's own rename was told while nobody listened
    assert dict(one) == {"main": "Hall 1 (2)", "east": "Hall 1"}
    assert one.pending == [Renamed("main", "Hall 1", "Hall 1 (2)"), Renamed("east", "Hall 2", "Hall 1")]


def test_a_name_that_the_settings_give_to_another_meter_goes_to_that_one(names):
    first = names()
    first.rename("Hall 1", "Attic")
    first.settled(first.pending[0])
    first.save()
    again = names({"main": "Hall 1", "east": "Attic"})
    assert dict(again) == {"main": "Hall 1", "east": "Attic"}
    assert again.pending == [Renamed("main", "Attic", "Hall 1")]  # its rows leave the other's device alone


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"destination":"tb","names":5}', '{"destination":"tb","names":{"main":{"name":5}}}',
             '{"destination":"tb","names":[],"pending":[["main"],5]}'],
)  # fmt: skip
def test_a_damaged_file_holds_nothing(names, tmp_path, text):
    (tmp_path / "names.json").write_text(text)
    assert (dict(names()), names().pending) == (TWO, [])


@pytest.mark.parametrize("text", ["", "\0" * 80, "{", "[]"], ids=["empty", "zeros", "torn", "another's"])
def test_renames_that_are_lost_with_their_file_are_said_once(tmp_path, lines, text):
    """Else a device goes on under another name, and nobody knows why."""
    file = names_file(tmp_path, "tb")
    file.load()
    assert lines == [], "there is none yet"
    (tmp_path / "names.json").write_text(text)
    file.load()
    file.load()
    [line] = lines
    assert line.startswith(f"ERROR {tmp_path / 'names.json'} cannot be read (")
    assert "renamed in ThingsBoard goes by its name in the settings again" in line


def test_a_file_of_another_thingsboard_is_no_damage(tmp_path, lines):
    names_file(tmp_path, "tb").save({"names": {}})
    assert names_file(tmp_path, "other").load() == {}
    assert lines == []


def test_a_file_is_replaced_whole(tmp_path):
    file = KeptFile(tmp_path / "one.json", "tb")
    file.save({"a": 1})
    file.save({"b": 2})
    assert json.loads((tmp_path / "one.json").read_text()) == {"destination": "tb", "b": 2}
    with pytest.raises(OSError, match="No such file"):
        KeptFile(tmp_path / "nowhere" / "one.json", "tb").save({})
