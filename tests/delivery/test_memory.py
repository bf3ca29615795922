from __future__ import annotations

import pytest

from bridge.delivery.memory import FileMemory, NoMemory


def test_what_was_learnt_is_there_after_a_restart(tmp_path):
    FileMemory(tmp_path / "m.json", "tb:1883").save({"rates": {"entries": 5.0}, "marks_seen": True})
    found = FileMemory(tmp_path / "m.json", "tb:1883").load()
    assert (found["rates"], found["marks_seen"]) == ({"entries": 5.0}, True)


def test_what_was_learnt_of_another_thingsboard_is_not_used(tmp_path):
    FileMemory(tmp_path / "m.json", "tb:1883").save({"marks_seen": True})
    assert FileMemory(tmp_path / "m.json", "other:1883").load() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"marks_seen":true}', "\udcff"])
def test_a_file_that_cannot_be_read_is_nothing_but_that(tmp_path, text):
    (tmp_path / "m.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    assert FileMemory(tmp_path / "m.json", "tb:1883").load() == {}


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path):
    memory = FileMemory(tmp_path / "nowhere" / "m.json", "tb:1883")
    memory.save({"marks_seen": True})
    assert memory.load() == {}


def test_without_a_file_nothing_is_kept():
    NoMemory().save({"marks_seen": True})
    assert NoMemory().load() == {}
