"""A counter file that is damaged, locked or cannot be written."""

import random
import sqlite3
from pathlib import Path

import pytest

from bridge.errors import AssociationError
from bridge.meters.counter_store import CounterStore
from tests.meters.counters_by_hand import KEY, bend, counter


@pytest.fixture
def file(tmp_path):
    return tmp_path / "counters.db"


@pytest.mark.parametrize("how", ["emptied", "cut", "overwritten", "header"])
def test_after_a_damaged_file_the_numbers_go_on_above_what_was_used(file, how):
    one = counter(file)
    used = [one.take() for _ in range(1000)]
    bend(file, how)
    counters = CounterStore(file, clock_s=lambda: 1_800_000_000.0)
    two = counters.of(KEY)
    two.reserve()
    assert counters.lost
    assert two.take() == 1_800_000_000 > used[-1]
    aside = [name.name for name in file.parent.iterdir() if "damaged" in name.name]
    assert len(aside) == (how != "emptied")
    again = CounterStore(file).of(KEY)
    again.reserve()
    assert again.take() > 1_800_000_000


def test_random_damage_never_lowers_the_counter_in_silence(file, tmp_path):
    rng = random.Random(3)
    one = counter(file)
    for _ in range(3):
        one.reserve(one._end + 5)
    whole, highest = file.read_bytes(), one._end
    for n in range(200):
        bent = bytearray(whole)
        for _ in range(rng.randrange(1, 200)):
            bent[rng.randrange(2, len(bent))] = rng.randrange(256)
        copy = tmp_path / f"bent{n}.db"
        copy.write_bytes(bent[: rng.randrange(1, len(bent) + 1)] if n % 2 else bent)
        counters = CounterStore(copy, clock_s=lambda: 1.8e9)
        two = counters.of(KEY)
        two.reserve()  # a damaged file does not stand in the way either
        assert counters.lost or two.take() >= highest


def test_a_disk_that_does_not_take_it_is_told_and_no_number_goes_out(tmp_path):
    one = CounterStore(tmp_path / "no" / "such" / "folder.db").of(KEY)
    with pytest.raises(AssociationError, match="disk"):
        one.reserve()
    with pytest.raises(AssociationError):
        one.take()


def test_a_file_that_is_locked_is_not_taken_for_damaged(file, monkeypatch):
    counter(file)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **more: connect(*args, **{**more, "timeout": 0.05}))
    holder = connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(AssociationError, match="locked"):
        CounterStore(file).of(KEY).reserve()
    holder.close()
    assert counter(file).take() > 1
    assert [name.name for name in Path(file.parent).iterdir() if "damaged" in name.name] == []


def test_a_system_title_that_the_disk_does_not_give_is_an_error_of_the_meter(tmp_path):
    (tmp_path / "counters.db").mkdir()
    with pytest.raises(AssociationError, match="on disk") as caught:
        CounterStore(tmp_path / "counters.db").system_title()
    assert "volume" in caught.value.hint
