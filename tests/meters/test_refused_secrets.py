"""Attempts of one command after another never add up to a lock-out."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bridge.clock.uptime import Uptime
from bridge.meters.refused_secrets import DAY_S, FOLDER, RefusedSecrets

HERE = RefusedSecrets.where("10.0.0.7", 4059, 1, 1)
THERE = RefusedSecrets.where("10.0.0.7", 4059, 1, 2)


class Machine:
    """Its time since it was started, and a wall clock that anybody may set."""

    wall_s = 1_800_000_000.0
    up_s = 100.0
    boot = "first"

    def on(self, data_dir, **more):
        return RefusedSecrets(
            data_dir, clock_s=lambda: self.wall_s, uptime=lambda: Uptime(self.boot, self.up_s), **more
        )


@pytest.fixture
def machine():
    return Machine()


def spend(refusals, secret, where=HERE):
    """Send a secret and hear nothing that would be a success."""
    return refusals.claim(where, secret)


def test_nothing_is_held_back_from_a_meter_that_was_sent_nothing(tmp_path):
    assert RefusedSecrets(tmp_path).holds_back(HERE, b"12345678") is None


def test_two_that_were_answered_without_a_word_of_it_are_the_end_for_a_day(tmp_path, machine):
    for _ in range(2):
        assert spend(machine.on(tmp_path), b"12345678") is None
    held = spend(machine.on(tmp_path), b"12345678")
    assert (held.reason, held.count, held.left_s, held.spoken) == ("many", 2, DAY_S, False)
    machine.up_s += DAY_S - 1
    assert machine.on(tmp_path).holds_back(HERE, b"another").left_s == 1
    machine.up_s += 2
    assert machine.on(tmp_path).holds_back(HERE, b"12345678") is None


def test_a_secret_that_was_refused_in_words_is_not_sent_again_by_any_process_and_much_later(tmp_path, machine):
    refusals = machine.on(tmp_path)
    assert refusals.claim(HERE, b"12345678") is None
    refusals.refused(HERE, b"12345678")
    machine.up_s += 400 * DAY_S
    held = machine.on(tmp_path).claim(HERE, b"12345678")
    assert (held.reason, held.count, held.last_s) == ("same", 1, 1_800_000_000.0)
    assert machine.on(tmp_path).claim(HERE, b"another") is None


def test_two_are_counted_over_all_clients_of_the_meter(tmp_path, machine):
    spend(machine.on(tmp_path), b"one")
    spend(machine.on(tmp_path), b"two", THERE)
    assert machine.on(tmp_path).holds_back(RefusedSecrets.where("10.0.0.7", 4059, 1, 3), b"three").reason == "many"


def test_no_secret_sent_counts_as_none(tmp_path, machine):
    refusals = machine.on(tmp_path)
    for _ in range(5):  # an association without a secret, and a secret that did not go out
        refusals.refused(HERE, b"")
        assert refusals.claim(HERE, b"") is None
        assert refusals.claim(HERE, b"right") is None
        refusals.unsent(HERE, b"right")
    assert not refusals.remembers(HERE)


def test_a_secret_that_works_forgets_them_for_every_client(tmp_path, machine):
    refusals = machine.on(tmp_path)
    spend(refusals, b"one")
    assert refusals.claim(THERE, b"right") is None
    refusals.accepted(THERE, b"right")
    assert not refusals.remembers(HERE)
    assert refusals.took(THERE, b"right")
    assert not refusals.took(HERE, b"right")


def test_a_secret_that_worked_before_is_not_doubted_for_silence_and_not_held_back_for_others_guesses(tmp_path, machine):
    machine.on(tmp_path).accepted(HERE, b"right")
    for _ in range(50):
        assert machine.on(tmp_path).claim(HERE, b"right") is None
    for guess in (b"one", b"two"):
        machine.on(tmp_path).refused(HERE, guess)
    assert machine.on(tmp_path).claim(HERE, b"three").reason == "many"
    assert machine.on(tmp_path).claim(HERE, b"right") is None


def test_a_secret_that_worked_before_and_is_refused_in_words_twice_waits_a_day_and_is_tried_again(tmp_path, machine):
    machine.on(tmp_path).accepted(HERE, b"right")
    for _ in range(2):  # somebody else's guesses have locked the meter
        assert machine.on(tmp_path).claim(HERE, b"right") is None
        machine.on(tmp_path).refused(HERE, b"right")
    assert machine.on(tmp_path).claim(HERE, b"right").reason == "many"
    machine.up_s += DAY_S + 1
    assert machine.on(tmp_path).claim(HERE, b"right") is None


@pytest.mark.parametrize("leap_s", [-366 * DAY_S, 366 * DAY_S])
def test_a_wall_clock_that_is_set_holds_nothing_back_longer_nor_shorter(tmp_path, machine, leap_s):
    for secret in (b"one", b"two"):
        spend(machine.on(tmp_path), secret)
    machine.wall_s += leap_s
    machine.up_s += DAY_S / 2
    assert machine.on(tmp_path).claim(HERE, b"right").left_s == DAY_S / 2
    machine.up_s += DAY_S / 2
    assert machine.on(tmp_path).claim(HERE, b"right") is None


def test_after_the_machine_was_started_again_the_day_begins_anew_and_ends(tmp_path, machine):
    for secret in (b"one", b"two"):
        spend(machine.on(tmp_path), secret)
    machine.boot, machine.up_s = "second", 20.0
    assert machine.on(tmp_path).claim(HERE, b"right").left_s == DAY_S
    machine.up_s += DAY_S / 2
    assert machine.on(tmp_path).claim(HERE, b"right").left_s == DAY_S / 2
    machine.up_s += DAY_S / 2
    assert machine.on(tmp_path).claim(HERE, b"right") is None


def test_another_meter_is_another(tmp_path):
    refusals = RefusedSecrets(tmp_path)
    refusals.refused(HERE, b"one")
    assert refusals.holds_back(THERE, b"one") is None
    assert refusals.holds_back(RefusedSecrets.where("10.0.0.8", 4059, 1, 1), b"one") is None
    assert RefusedSecrets.where("Meter.Example", 1, 1, 1) == RefusedSecrets.where("meter.example", 1, 1, 1)


def test_of_many_processes_that_ask_in_one_moment_two_may(tmp_path):
    program = (
        "import pathlib, sys; from bridge.meters.refused_secrets import RefusedSecrets;"
        f"print(RefusedSecrets(pathlib.Path(sys.argv[1])).claim({HERE!r}, b'wrong') is None)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    assert sorted(one.communicate()[0].strip() for one in started) == ["False"] * 4 + ["True"] * 2


def test_no_secret_is_on_the_disk(tmp_path):
    RefusedSecrets(tmp_path).refused(HERE, b"12345678")
    RefusedSecrets(tmp_path).accepted(THERE, b"12345678")
    content = b"".join(file.read_bytes() for file in (tmp_path / FOLDER).iterdir())
    assert b"10.0.0.7" not in content
    assert b"12345678" not in content
    assert b"12345678".hex().encode() not in content


def test_what_cannot_be_remembered_is_not_tried_by_a_command(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    assert RefusedSecrets(tmp_path / "data").holds_back(HERE, b"one").reason == "forgetful"
    assert RefusedSecrets(tmp_path / "data").claim(HERE, b"one").reason == "forgetful"


def test_the_bridge_tries_it_all_the_same_and_counts_in_memory(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    refusals = RefusedSecrets(tmp_path / "data", forgiving=True)
    assert [refusals.claim(HERE, b"one") is None for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("content", ["{", "5", '{"salt": "ab", "right": {}, "sent": [1]}', '{"salt": 1}', "\udcff"])
def test_a_damaged_file_begins_anew(tmp_path, content):
    RefusedSecrets(tmp_path).refused(HERE, b"one")
    [file] = (tmp_path / FOLDER).glob("*.json")
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    refusals = RefusedSecrets(tmp_path)
    assert refusals.claim(HERE, b"one") is None
    refusals.refused(HERE, b"one")
    assert refusals.claim(HERE, b"one").reason == "same"


def test_whoever_is_sure_removes_the_file(tmp_path):
    refusals = RefusedSecrets(tmp_path)
    refusals.refused(HERE, b"one")
    for file in (tmp_path / FOLDER).glob("10.0.0.7*"):
        file.unlink()
    assert refusals.claim(HERE, b"one") is None


def test_what_went_out_before_a_power_cut_is_as_old_as_the_ledger_of_boots_says(tmp_path, machine):
    refusals = machine.on(tmp_path)
    spend(refusals, b"one")
    spend(refusals, b"two")
    machine.boot, machine.up_s = "second", 5.0
    asked = []

    def ago_s(boot, up_s):
        asked.append((boot, up_s))
        return DAY_S - 60 + machine.up_s - 5

    refusals = machine.on(tmp_path, ago_s=ago_s)
    assert refusals.holds_back(HERE, b"three").left_s == pytest.approx(60)
    assert set(asked) == {("first", 100.0)}
    machine.up_s += 61
    assert refusals.holds_back(HERE, b"three") is None
