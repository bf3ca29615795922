"""Two bridges of one shard as processes: whatever becomes of the one that reads, the meter never hears both."""

from __future__ import annotations

import signal
import time

import pytest

from tests.lease.two_bridges import NAMES, Shard

LEASE_S = 8


@pytest.fixture
def shard(tmp_path):
    with Shard(tmp_path, LEASE_S) as shard:
        for name in NAMES:
            shard.start(name)
        yield shard


def who_reads(shard):
    """Return the names of the one that reads and of the other."""
    deadline_s = time.monotonic() + 60
    while not shard.heard:
        assert time.monotonic() < deadline_s, [bridge.lines() for bridge in shard.bridges.values()]
        time.sleep(0.05)
    reader = shard.heard[0][1]
    shard.until_read_by(reader)
    return reader, NAMES[1 - NAMES.index(reader)]


def test_one_that_is_killed_is_followed_by_the_other_once_its_lease_is_over(shard):
    reader, other = who_reads(shard)
    assert "held by" in shard.bridges[other].get("/status")
    for name, has in ((reader, "lease held"), (other, "without its lease")):
        assert f"\nshard 1 of 1 on {name}, {has}\n" in shard.bridges[name].command("status").stdout
    killed_s = time.monotonic()
    shard.bridges[reader].kill()
    began_s = shard.until_read_by(other)
    assert [(was, now) for was, now, _ in shard.changes_of_hands()] == [(reader, other)]
    assert began_s - killed_s > LEASE_S * 0.5, "not before the lease had ended: it was renewed a moment before"
    print(f"read again {began_s - killed_s:.1f} s after the kill, lease {LEASE_S} s")


def test_one_that_is_stopped_for_long_sends_nothing_when_it_goes_on(shard):
    reader, other = who_reads(shard)
    shard.bridges[reader].process.send_signal(signal.SIGSTOP)
    stopped_s = time.monotonic()
    shard.until_read_by(other)
    shard.bridges[reader].process.send_signal(signal.SIGCONT)
    went_on_s = time.monotonic()
    shard.bridges[reader].says("waits for the lease of shard 1, held by " + other)
    shard.until_read_by(other, since_s=went_on_s)
    assert not shard.requests(reader, since_s=stopped_s + 0.5)
    assert [(was, now) for was, now, _ in shard.changes_of_hands()] == [(reader, other)]


def test_one_that_the_witnesses_do_not_hear_lets_go_in_time_and_takes_its_turn_again(shard):
    reader, other = who_reads(shard)
    shard.cut(reader)
    began_s = shard.until_read_by(other)
    last_s = shard.requests(reader)[-1]
    assert last_s < began_s
    assert "was not renewed: the meters are released" in shard.bridges[reader].lines()
    shard.cut(reader, is_cut=False)
    assert shard.bridges[other].stop() == 0
    shard.until_read_by(reader, since_s=began_s)
    assert [(was, now) for was, now, _ in shard.changes_of_hands()] == [(reader, other), (other, reader)]


def test_one_witness_may_be_lost_and_without_two_nobody_reads(shard):
    reader, _ = who_reads(shard)
    end(shard, 0)
    shard.until_read_by(reader, since_s=time.monotonic() + 2 * LEASE_S)
    end(shard, 1)
    alone_s = time.monotonic()
    shard.bridges[reader].says("1 of 3 witnesses answer, 2 are needed")
    shard.start_witness(0)
    started_s = time.monotonic()
    shard.bridges[reader].says("the witnesses have just started and grant none yet")
    deadline_s = time.monotonic() + 60
    while not (again := [at_s for at_s, _, _ in list(shard.heard) if at_s > alone_s + LEASE_S]):
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert again[0] > started_s + 0.8 * LEASE_S, "not before the witness can have forgotten nothing that still counts"


def test_witnesses_that_are_updated_one_after_the_other_take_it_from_nobody(shard):
    reader, _ = who_reads(shard)
    began_s = time.monotonic()
    for number in range(3):
        end(shard, number)
        shard.start_witness(number)
        shard.until_witness_answers(number)
        time.sleep(LEASE_S / 2)  # it is asked several times
    asked = shard.requests(reader, since_s=began_s)
    assert shard.changes_of_hands() == []
    assert "lost" not in shard.bridges[reader].lines()
    assert time.monotonic() - asked[-1] < 1


def end(shard, number):
    shard.witnesses[number].kill()
    shard.witnesses[number].wait()


def test_one_that_is_stopped_in_order_hands_over_at_once(shard):
    reader, other = who_reads(shard)
    stopped_s = time.monotonic()
    assert shard.bridges[reader].stop() == 0
    began_s = shard.until_read_by(other)
    assert [(was, now) for was, now, _ in shard.changes_of_hands()] == [(reader, other)]
    print(f"read again {began_s - stopped_s:.1f} s after SIGTERM, lease {LEASE_S} s")
