"""A meter whose clock jumps: told as a drift, and no reading suffers."""

import asyncio
from functools import partial

from bridge.configuration.profile import load_profile
from bridge.demo import Faults, MeterServer
from bridge.dlms.register import Register
from tests.meters.plant import HEALTHY, fixed_load, values_of

LOOPS = ("warp",)


async def test_a_clock_that_jumps_is_told_and_the_values_keep_coming(plant):
    loop = asyncio.get_running_loop()

    def clock_s():
        return loop.time() + 1.7e9

    faults = Faults({"clock-jump": 3600})
    port = await plant.meter(make=partial(MeterServer, load=fixed_load, clock=clock_s, faults=faults))
    registers = (*load_profile("microstar").registers, Register(key="clock", obis="0-0:1.0.0", class_id=8))
    plant.read("main", port, interval=5, profile_changes={"registers": registers}, poller={"clock_s": clock_s})
    drifts_s = []
    for _ in range(5):
        sample = await plant.sample()
        assert {key: value for key, value in values_of(sample).items() if key != "clock"} == HEALTHY
        drifts_s.append(plant.figure("dlms_meter_clock_drift_seconds", meter="main"))
    assert abs(drifts_s[0]) <= 2  # it states whole seconds
    assert abs(drifts_s[-1] - 3600) <= 2
    assert any("its clock differs from ours by +3" in line for line in plant.lines)
    assert plant.figure("dlms_meter_connects_total", meter="main") == 1
