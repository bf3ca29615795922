"""The judge of the swarm: what it makes of what meters and ThingsBoard wrote down."""

from __future__ import annotations

import json

from tests.swarm import spoken


def written(folder, *lines):
    file = folder / "lines"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def asked(at_s, machine, meter=1, what="question"):
    return [at_s, meter, f"198.18.0.{machine}:4711", what]


def test_a_meter_that_was_handed_over_was_read_by_one_at_a_time(tmp_path):
    file = written(tmp_path, asked(1, 1), asked(2, 1), asked(9, 2), asked(10, 2))
    assert spoken.read_by_two(file) == {}
    assert [(turn.machine, turn.questions) for turn in spoken.turns(file)[1]] == [("198.18.0.1", 2), ("198.18.0.2", 2)]
    assert spoken.longest_silence_s(file) == {1: 7}


def test_a_machine_that_asks_again_after_another_has_is_seen_even_if_it_is_one_question(tmp_path):
    file = written(tmp_path, asked(1, 1), asked(2, 2), asked(3, 2, meter=2), asked(4, 1), asked(5, 2))
    assert list(spoken.read_by_two(file)) == [1]
    assert spoken.read_by_two(file, since_s=4.5) == {}


def test_a_connection_that_is_open_and_silent_is_no_reading(tmp_path):
    file = written(tmp_path, asked(1, 1), asked(2, 2), asked(3, 1, what="open"), asked(4, 1, what="closed"))
    assert spoken.read_by_two(file) == {}


def test_an_interval_is_there_when_its_energy_is(tmp_path):
    file = written(tmp_path, [1, "meter-1", 900_000, ["lp_active_energy"]], [1, "meter-1", 1_800_000, ["voltage_l1"]])
    assert spoken.missing_intervals(file, "meter-1", 900_000, 1, 2_000_000) == [1_800_000]
    assert spoken.missing_intervals(file, "meter-2", 900_000, 1, 2_000_000) == [900_000, 1_800_000]
