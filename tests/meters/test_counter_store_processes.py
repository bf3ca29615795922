"""No number is given out twice by processes, threads, kill -9, or on the event loop."""

import asyncio
import contextlib
import random
import subprocess
import sys
import threading
import time
from itertools import pairwise

import pytest

from bridge.errors import AssociationError
from bridge.meters.counter_file import CounterFile
from bridge.meters.counter_store import CounterStore
from tests.meters.counters_by_hand import KEY, bend, counter


@pytest.fixture
def file(tmp_path):
    return tmp_path / "counters.db"


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
from bridge.dlms.security_keys import SecurityKeys
from bridge.meters.counter_store import CounterStore
keys = SecurityKeys(0x30, 0, bytes(16), bytes(16))
for _ in range(20):
    one = CounterStore(Path({str(file)!r})).of(keys)
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
        others = CounterStore(file).of(KEY)
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
from bridge.dlms.security_keys import SecurityKeys
from bridge.meters.counter_store import CounterStore
import bridge.meters.counter_store as keys_module
keys_module._BLOCK, keys_module._LOW = 20, 5
one = CounterStore(Path(sys.argv[1])).of(SecurityKeys(0x30, 0, bytes(16), bytes(16)))
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


def test_processes_that_find_the_damaged_file_together_share_no_number(file):
    counter(file)
    bend(file, "overwritten")
    script = f"""
from pathlib import Path
from bridge.meters.counter_file import CounterFile
from bridge.dlms.security_keys import SecurityKeys
from bridge.meters.counter_store import CounterStore
one = CounterStore(Path({str(file)!r}), clock_s=lambda: 1.8e9).of(SecurityKeys(0x30, 0, bytes(16), bytes(16)))
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
    one = CounterStore(file, may_block=False).of(KEY)
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
    one = CounterStore(file, may_block=False).of(KEY)
    await asyncio.to_thread(one.reserve)
    two = CounterStore(file).of(KEY)
    await asyncio.to_thread(two.reserve)
    one.give_up()
    await asyncio.to_thread(one.reserve)
    assert one.take() > two.take()
