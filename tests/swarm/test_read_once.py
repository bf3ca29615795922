"""Three machines, three shards: each meter is read by one bridge at a time, whatever becomes of a machine.

The meters are the witnesses: what they were asked, by whom, when. ``python -m tests.swarm.plant`` writes it down.
"""

from __future__ import annotations

import time

from tests.stack.stack import eventually
from tests.swarm.project import device
from tests.swarm.site import METERS, PATIENCE_S, SHARDS


def test_every_meter_is_read_by_the_bridge_of_its_shard_and_no_other(site):
    since_s = time.monotonic()
    eventually(lambda: len(site.turns(since_s)) == METERS, "every meter is read")
    site.hold_alone(since_s)
    for shard in range(1, SHARDS + 1):
        address = site.holder(shard).address
        for meter in site.meters_of(shard):
            assert {turn.machine for turn in site.turns(since_s)[meter]} == {address}
    assert {name for name, _ in site.rows()} >= {device(meter) for meter in range(1, METERS + 1)}
    eventually(lambda: not site.missing(), "every interval that the meters recorded is there", within_s=60)


def test_a_shard_whose_machine_lost_its_power_is_read_by_another_and_what_waited_there_is_sent_when_it_returns(site):
    shard, since_s = 2, time.monotonic()
    lost = site.holder(shard)
    site.thingsboard_is_reached(False)
    had = site.rows()
    eventually(lambda: len(site.committed(lost, shard) - had) >= 5, "samples wait on the disk of a machine")
    off_s = time.monotonic()
    lost.power_off()
    site.thingsboard_is_reached(True)

    last = site.taken_over(shard, lost, since_s, PATIENCE_S)
    print(f"read again {last.first_s - off_s:.1f} s after the power cut")
    site.hold_alone(since_s)

    lost.power_on()
    waited = site.committed(lost, shard) - had
    assert waited
    eventually(lambda: waited <= site.rows(), "what waited on its disk is sent", within_s=90)
    eventually(lambda: not site.missing(), "no interval is missing", within_s=60)
    site.hold_alone(since_s)


def test_a_machine_that_the_others_do_not_reach_stops_reading_before_another_begins(site):
    shard = 1
    cut_off = site.holder(shard)
    site.swarm.put(f"mosquitto-{shard}", cut_off)
    site.be_calm()
    since_s = cut_s = time.monotonic()
    site.swarm.cut_off(cut_off)

    last = site.taken_over(shard, cut_off, since_s, PATIENCE_S)
    ended_s = max(
        turn.last_s for turns in site.turns(since_s).values() for turn in turns if turn.machine == cut_off.address
    )
    print(f"cut off: silent after {ended_s - cut_s:.1f} s, read by another after {last.first_s - cut_s:.1f} s")
    # Its relay ends, too: two of them would throw each other out of the one session that ThingsBoard keeps.
    eventually(lambda: not cut_off.containers("dlms_mosquitto"), "no relay is left there", within_s=170)
    print(f"its relay ended after {time.monotonic() - cut_s:.1f} s")
    site.swarm.mend_all()
    site.be_calm()
    site.hold_alone(since_s)
