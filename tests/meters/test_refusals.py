"""Attempts of one command after another never add up to a lock-out."""

from __future__ import annotations

import pytest

from bridge.meters.refusals import FILE, Refusals

HERE = Refusals.where("10.0.0.7", 4059, 1, 1)
DAY_S = 86_400


class Clock:
    now_s = 1_800_000_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


def test_nothing_is_held_back_from_a_meter_that_refused_nothing(tmp_path):
    assert Refusals(tmp_path).holds_back(HERE, b"12345678") is None


def test_a_secret_that_was_refused_is_not_tried_again_not_even_by_another_process_and_much_later(tmp_path, clock):
    Refusals(tmp_path, clock_s=clock).refused(HERE, b"12345678")
    clock.now_s += 400 * DAY_S
    held = Refusals(tmp_path, clock_s=clock).holds_back(HERE, b"12345678")
    assert (held.reason, held.count, held.last_s) == ("same", 1, 1_800_000_000.0)


def test_two_refusals_within_a_day_hold_back_any_secret_until_the_day_is_over(tmp_path, clock):
    refusals = Refusals(tmp_path, clock_s=clock)
    refusals.refused(HERE, b"one")
    assert refusals.holds_back(HERE, b"two") is None
    refusals.refused(HERE, b"two")
    assert refusals.holds_back(HERE, b"three").reason == "many"
    clock.now_s += DAY_S + 1
    assert refusals.holds_back(HERE, b"three") is None
    assert refusals.holds_back(HERE, b"two").reason == "same"


def test_a_secret_that_works_forgets_them(tmp_path):
    refusals = Refusals(tmp_path)
    refusals.refused(HERE, b"one")
    refusals.accepted(HERE)
    assert refusals.holds_back(HERE, b"one") is None


def test_another_meter_and_another_client_are_others(tmp_path):
    refusals = Refusals(tmp_path)
    refusals.refused(HERE, b"one")
    assert refusals.holds_back(Refusals.where("10.0.0.7", 4059, 1, 2), b"one") is None
    assert refusals.holds_back(Refusals.where("10.0.0.8", 4059, 1, 1), b"one") is None
    assert Refusals.where("Meter.Example", 1, 1, 1) == Refusals.where("meter.example", 1, 1, 1)


def test_no_secret_is_on_the_disk(tmp_path):
    Refusals(tmp_path).refused(HERE, b"12345678")
    content = (tmp_path / FILE).read_bytes()
    assert b"12345678" not in content
    assert b"12345678".hex().encode() not in content


def test_what_cannot_be_remembered_is_not_tried(tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    assert Refusals(tmp_path / "data").holds_back(HERE, b"one").reason == "forgetful"


def test_a_damaged_file_begins_anew(tmp_path):
    (tmp_path / FILE).write_text("{")
    refusals = Refusals(tmp_path)
    assert refusals.holds_back(HERE, b"one") is None
    refusals.refused(HERE, b"one")
    assert refusals.holds_back(HERE, b"one").reason == "same"
