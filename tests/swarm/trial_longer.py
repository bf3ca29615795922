"""The same, for whoever has two minutes more: a machine that stands still, and a rolling update.

pytest tests/swarm tests/swarm/trial_longer.py
"""

from __future__ import annotations

import time

from tests.swarm.site import PATIENCE_S, SHARDS


def test_a_machine_that_stood_still_sends_no_byte_to_a_meter_that_another_has_by_then(site):
    shard, since_s = 3, time.monotonic()
    still = site.holder(shard)
    still_s = time.monotonic()
    still.stand_still()
    last = site.taken_over(shard, still, since_s, PATIENCE_S)
    print(f"stood still: read by another after {last.first_s - still_s:.1f} s")
    site.swarm.mend_all()
    site.be_calm()
    site.hold_alone(since_s)


def test_a_rolling_update_hands_the_meters_over_shard_by_shard(site):
    since_s = time.monotonic()
    for shard in range(1, SHARDS + 1):
        site.swarm.manager().docker("service", "update", "--force", "--quiet", f"dlms_bridge-{shard}")
        site.be_calm()
    silences_s = site.silences_s(since_s)
    print("longest silence of each meter:", {meter: round(s, 1) for meter, s in sorted(silences_s.items())})
    site.hold_alone(since_s)
