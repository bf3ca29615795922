"""Invocation counters: reserved ahead on disk, never given out twice, never lower; kill -9 and damage included."""

import asyncio
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from bridge.errors import AssociationError
from bridge.meters.counter_file import CounterFile
from bridge.meters.keys import LIMIT, Counters, SecurityKeys

KEY = SecurityKeys(security=0x30, suite=0, encryption_key=bytes(16), authentication_key=bytes(16))
OTHER = SecurityKeys(security=0x30, suite=0, encryption_key=bytes(range(16)), authentication_key=bytes(16))


def counter(path, key=KEY, **more):
    one = Counters(path, **more).of(key)
    one.reserve()
    return one


@pytest.fixture
def file(tmp_path):
    return tmp_path / "counters.db"


def test_numbers_begin_at_one_and_rise_by_one(file):
    one = counter(file)
    assert [one.take() for _ in range(5)] == [1, 2, 3, 4, 5]
    assert one.next == 6


def test_nothing_is_given_out_that_was_not_reserved(file):
    with pytest.raises(AssociationError, match="reserved"):
        Counters(file).of(KEY).take()


def test_a_block_that_is_used_up_is_refused_until_the_next_is_reserved(file):
    one = counter(file)
    while not one.is_low:
        one.take()
    first = one.next
    for _ in range(2000):
        if one._end == one.next:
            break
        one.take()
    with pytest.raises(AssociationError, match="reserved"):
        one.take()
    one.reserve()
    assert one.take() > first


def test_reserving_ahead_skips_no_number(file):
    one = counter(file)
    numbers = []
    for _ in range(25_000):
        if one.is_low:
            one.reserve()
        numbers.append(one.take())
    assert numbers == list(range(1, 25_001))


def test_a_start_goes_on_above_everything_that_was_given_out(file):
    taken = [counter(file).take() for _ in range(5)]
    assert taken == sorted(set(taken))


def test_meters_that_share_a_key_share_the_numbers_and_others_do_not(file):
    counters = Counters(file)
    assert counters.of(KEY) is counters.of(KEY)
    assert counters.of(OTHER) is not counters.of(KEY)
    counters.of(KEY).reserve()
    counters.of(OTHER).reserve()
    assert (counters.of(KEY).take(), counters.of(OTHER).take()) == (1, 1)


def test_two_processes_draw_disjoint_blocks(file):
    one, two = counter(file), counter(file)
    numbers = [each.take() for _ in range(3000) for each in (one, two)]
    assert len(set(numbers)) == len(numbers)
    for each in (one, two):
        while not each.is_low:
            each.take()
        each.reserve()
    more = [each.take() for _ in range(3000) for each in (one, two)]
    assert not set(more) & set(numbers)


def test_several_processes_that_begin_at_the_same_time_share_no_number(file):
    script = f"""
import sys
from pathlib import Path
from bridge.meters.counter_file import CounterFile
from bridge.meters.keys import Counters, SecurityKeys
keys = SecurityKeys(0x30, 0, bytes(16), bytes(16))
for _ in range(20):
    one = Counters(Path({str(file)!r})).of(keys)
    one.reserve()
    print(one.next, one._end)
"""
    running = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    blocks = sorted(
        tuple(map(int, line.split())) for process in running for line in process.communicate(timeout=60)[0].splitlines()
    )
    assert [process.returncode for process in running] == [0] * 4
    assert len(blocks) == 80
    assert all(end <= start for (_, end), (start, _) in pairwise(blocks))


def test_threads_that_reserve_while_others_take_give_no_number_twice(file):
    one = counter(file)
    numbers, stop = [[] for _ in range(3)], threading.Event()

    def take(mine):
        while not stop.is_set():
            try:
                mine.append(one.take())
            except AssociationError:
                time.sleep(0)

    def reserve():
        others = Counters(file).of(KEY)
        while not stop.is_set():
            one.reserve()
            others.give_up()
            others.reserve()

    threads = [threading.Thread(target=take, args=(mine,)) for mine in numbers]
    threads += [threading.Thread(target=reserve) for _ in range(2)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 30
    while sum(map(len, numbers)) < 20_000 and time.monotonic() < until:
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    together = [number for mine in numbers for number in mine]
    assert len(together) >= 20_000
    assert len(set(together)) == len(together)
    assert all(mine == sorted(mine) for mine in numbers)


VICTIM = """
import os, sys
from pathlib import Path
from bridge.meters.counter_file import CounterFile
from bridge.meters.keys import Counters, SecurityKeys
import bridge.meters.keys as keys_module
keys_module._BLOCK, keys_module._LOW = 20, 5
one = Counters(Path(sys.argv[1])).of(SecurityKeys(0x30, 0, bytes(16), bytes(16)))
while True:
    if one.is_low:
        one.reserve()
    os.write(1, b"%d\\n" % one.take())
"""


def test_no_number_is_used_twice_through_kill_9_at_any_point(file):
    rng, used, kills = random.Random(7), [], 0
    until = time.monotonic() + 5
    while time.monotonic() < until or kills < 12:
        with subprocess.Popen([sys.executable, "-c", VICTIM, str(file)], stdout=subprocess.PIPE) as process:
            first = process.stdout.readline()  # it is at work
            killer = threading.Timer(rng.random() * 0.1, process.kill)
            killer.start()
            used.append(first + process.stdout.read())
            killer.join()
        kills += 1
    runs = [[int(line) for line in text.split(b"\n")[:-1]] for text in used]  # what was cut off was never whole
    assert sum(map(len, runs)) > 200
    assert all(run == sorted(set(run)) for run in runs)
    assert all(later[0] > earlier[-1] for earlier, later in pairwise(runs))


def test_a_rise_that_the_meter_asks_for_is_kept_for_the_next_start(file):
    one = counter(file)
    one.seen_by_meter(50_000)
    assert one.take() == 50_000
    assert counter(file).take() > 50_000


def test_the_meters_word_never_lowers_the_counter(file):
    one = counter(file)
    one.seen_by_meter(500)
    one.seen_by_meter(3)
    assert one.take() == 500


def test_the_meters_word_is_not_believed_when_it_would_use_up_the_key(file):
    one = counter(file)
    with pytest.raises(AssociationError, match="not believed"):
        one.seen_by_meter(LIMIT - 10)
    assert one.take() == 1
    assert counter(file).take() < 50_000


def test_a_counter_that_is_near_its_end_follows_the_meter_all_the_same(file):
    one = counter(file)
    one.reserve(LIMIT - 50_000)
    one.seen_by_meter(LIMIT - 45_000)
    assert one.take() == LIMIT - 45_000


@pytest.mark.parametrize("kept", [True, False])
def test_the_last_number_is_given_out_once_and_then_none(tmp_path, kept):
    one = counter(tmp_path / "counters.db" if kept else None)
    one.reserve(LIMIT - 3)
    assert [one.take() for _ in range(3)] == [LIMIT - 3, LIMIT - 2, LIMIT - 1]
    with pytest.raises(AssociationError):
        one.take()
    with pytest.raises(AssociationError, match="used up"):
        one.reserve()
    assert one.remaining_ratio == 0


def test_giving_up_uses_no_number_unless_another_process_has_drawn(file):
    one = counter(file)
    for _ in range(100):
        one.give_up()
        one.reserve()
    assert one.take() == 1
    two = counter(file)
    one.give_up()
    one.reserve()
    assert one.take() > two.take()


def test_without_a_file_the_counter_lives_in_memory():
    counters = Counters(None)
    one = counters.of(KEY)
    one.reserve()
    one.give_up()
    one.reserve()
    assert [one.take(), one.take()] == [1, 2]
    assert counters.of(KEY) is one


def bend(file, how):
    size = file.stat().st_size
    if how == "emptied":
        file.write_bytes(b"")
    elif how == "cut":
        os.truncate(file, size // 2 + 100)
    elif how == "overwritten":
        file.write_bytes(b"this is no database" * 500)
    elif how == "header":
        with file.open("r+b") as stream:
            stream.write(bytes(100))


@pytest.mark.parametrize("how", ["emptied", "cut", "overwritten", "header"])
def test_after_a_damaged_file_the_numbers_go_on_above_what_was_used(file, how):
    one = counter(file)
    used = [one.take() for _ in range(1000)]
    bend(file, how)
    counters = Counters(file, clock_s=lambda: 1_800_000_000.0)
    two = counters.of(KEY)
    two.reserve()
    assert counters.lost
    assert two.take() == 1_800_000_000 > used[-1]
    aside = [name.name for name in file.parent.iterdir() if "damaged" in name.name]
    assert len(aside) == (how != "emptied")
    again = Counters(file).of(KEY)
    again.reserve()
    assert again.take() > 1_800_000_000


def test_processes_that_find_the_damaged_file_together_share_no_number(file):
    counter(file)
    bend(file, "overwritten")
    script = f"""
from pathlib import Path
from bridge.meters.counter_file import CounterFile
from bridge.meters.keys import Counters, SecurityKeys
one = Counters(Path({str(file)!r}), clock_s=lambda: 1.8e9).of(SecurityKeys(0x30, 0, bytes(16), bytes(16)))
print("ready", flush=True)
input()
one.reserve()
print(one.next, one._end)
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([sys.executable, "-c", script], **pipes) for _ in range(4)]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * 4
    for process in running:
        process.stdin.write("\n")
        process.stdin.flush()
    blocks = sorted(tuple(map(int, process.communicate(timeout=60)[0].split())) for process in running)
    assert len(blocks) == len({start for start, _ in blocks}) == 4
    assert all(end <= start for (_, end), (start, _) in pairwise(blocks))


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
        counters = Counters(copy, clock_s=lambda: 1.8e9)
        two = counters.of(KEY)
        two.reserve()  # a damaged file does not stand in the way either
        assert counters.lost or two.take() >= highest


def test_a_disk_that_does_not_take_it_is_told_and_no_number_goes_out(tmp_path):
    one = Counters(tmp_path / "no" / "such" / "folder.db").of(KEY)
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
        Counters(file).of(KEY).reserve()
    holder.close()
    assert counter(file).take() > 1
    assert [name.name for name in Path(file.parent).iterdir() if "damaged" in name.name] == []


def test_the_system_title_is_made_once_and_kept(file):
    title = Counters(file).system_title()
    assert len(title) == 8
    assert title[:3] == b"DLB"
    assert Counters(file).system_title() == title
    assert Counters(None).system_title() != Counters(None).system_title()


def test_no_key_stands_in_the_file(file):
    counter(file, OTHER)
    assert OTHER.encryption_key not in file.read_bytes()
    assert OTHER.encryption_key.hex().encode() not in file.read_bytes()


def test_a_dedicated_key_is_random_and_as_long_as_the_other():
    for size in (16, 32):
        keys = SecurityKeys(0x30, 0, bytes(size), bytes(size), dedicated=True)
        made = {keys.fresh_dedicated_key() for _ in range(5)}
        assert len(made) == 5
        assert {len(key) for key in made} == {size}
    assert KEY.fresh_dedicated_key() is None


@pytest.fixture
def loop_forbids(monkeypatch):
    """Opening the file on an event loop fails: it may stand for ten seconds there."""
    open_it = CounterFile._open

    def only_off_the_loop(self):
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            pytest.fail("the event loop waited for the disk")
        return open_it(self)

    monkeypatch.setattr(CounterFile, "_open", only_off_the_loop)


async def test_the_event_loop_never_waits_for_the_file(file, loop_forbids):
    """The loop stood for 10.0 s on a locked file, after any failed association."""
    one = Counters(file, may_block=False).of(KEY)
    await asyncio.to_thread(one.reserve)
    assert one.take() == 1
    one.reserve()  # before each association: nothing to do

    one.give_up()
    assert one.is_low  # which has it looked at off the loop
    with pytest.raises(AssociationError, match="reserved"):
        one.reserve()
    await asyncio.to_thread(one.reserve)
    assert one.take() == 2

    one.seen_by_meter(500)
    assert one.take() == 500
    one.seen_by_meter(90_000)
    with pytest.raises(AssociationError):
        one.take()  # none below what the meter has seen
    with pytest.raises(AssociationError):
        one.reserve()
    await asyncio.to_thread(one.reserve)
    assert one.take() == 90_000


async def test_what_another_process_drew_is_respected_off_the_loop_too(file, loop_forbids):
    one = Counters(file, may_block=False).of(KEY)
    await asyncio.to_thread(one.reserve)
    two = Counters(file).of(KEY)
    await asyncio.to_thread(two.reserve)
    one.give_up()
    await asyncio.to_thread(one.reserve)
    assert one.take() > two.take()


def test_a_system_title_that_the_disk_does_not_give_is_an_error_of_the_meter(tmp_path):
    (tmp_path / "counters.db").mkdir()
    with pytest.raises(AssociationError, match="on disk") as caught:
        Counters(tmp_path / "counters.db").system_title()
    assert "volume" in caught.value.hint
