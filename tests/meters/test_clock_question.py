"""The meter's clock is asked where no profile reads it: once an association and once a day, at no reading's cost."""

import asyncio
from functools import partial

import pytest

from bridge.configuration.profile import load_profile
from bridge.demo import Faults, MeterServer
from bridge.dlms.register import Register
from tests.clock.world import NS, World
from tests.meters.plant import HEALTHY, fixed_load, values_of

CLOCK = "0.0.1.0.0.255"


async def read(plant, world, *, ahead_s=90, faults=None, framing="hdlc", **more):
    """Read a meter whose clock is ahead, with the bridge's own clock."""

    def clock_s():
        return world.true_ns / NS + ahead_s

    make = partial(MeterServer, framing=framing, load=fixed_load, clock=clock_s, faults=faults)
    port = await plant.meter(framing, make=make)
    plant.read("main", port, framing, interval=0.6, poller={"clock": world.clock}, **more)
    await plant.sample()


def told(plant):
    """Return the clock offsets that were told of the meter, in order."""
    return [notice.attributes.get("clock_offset") for notice in plant.notices if notice.present]


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_meter_becomes_a_witness_and_its_offset_is_told_and_shown(plant):
    world = World(up_s=3600, synchronised=True)
    await read(plant, world)
    await until(lambda: told(plant) == [None, 90])
    world.wait(5)
    assert world.clock.ledger.offsets_s == {"main": 90.0}
    assert abs(plant.figure("dlms_meter_clock_drift_seconds", meter="main") - 90) < 1
    assert any("its clock differs from ours by +90 s" in line for line in plant.lines)
    assert plant.figure("dlms_meter_connects_total", meter="main") == 1


@pytest.mark.parametrize(("ahead_s", "again_s"), [(5, 86_400), (90, 3_600)])
async def test_it_is_asked_again_after_a_day_and_sooner_while_it_is_off(plant, ahead_s, again_s):
    await read(plant, World(up_s=3600, synchronised=True), ahead_s=ahead_s)
    await until(lambda: told(plant)[-1] == ahead_s)
    due_s = plant.pollers["main"]._clock_question._due_s
    assert again_s - 10 < due_s - asyncio.get_running_loop().time() <= again_s


async def test_a_clock_that_is_not_to_be_trusted_hears_the_meter_and_no_offset_is_told(plant):
    world = World(up_s=30, off_s=-365 * 86400)
    await read(plant, world)
    await until(lambda: world.clock._witnesses.began_ns() is not None)
    assert abs(world.clock._witnesses.began_ns() / NS - (world.true_ns / NS + 90 - 30)) < 1
    assert told(plant) == [None]


@pytest.mark.parametrize("faults", [{"refuse": CLOCK}, {"silent-object": CLOCK}, {"closes-on-object": CLOCK}])
async def test_a_meter_that_will_not_tell_is_read_as_before_and_asked_once(plant, faults):
    faults = Faults(faults)
    await read(plant, World(up_s=3600, synchronised=True), faults=faults, timeout=0.2)
    question = plant.pollers["main"]._clock_question
    await until(lambda: question._asking is not None and question._asking.done())
    for _ in range(3):
        assert values_of(await plant.sample()) == HEALTHY
    assert told(plant)[-1] is None
    assert plant.figure("dlms_meter_connects_total", meter="main") <= 2
    if not faults.has("closes-on-object"):  # which may be the line's own doing
        assert question._due_s is None


async def test_a_profile_that_reads_the_clock_needs_no_question_and_tells_the_offset(plant):
    registers = (*load_profile("microstar").registers, Register(key="clock", obis="0-0:1.0.0", class_id=8))
    await read(plant, World(up_s=3600, synchronised=True), profile_changes={"registers": registers})
    assert plant.pollers["main"]._clock_question is None
    await until(lambda: told(plant)[-1] == 90)


async def test_an_offset_that_moves_is_told_again(plant):
    world = World(up_s=3600, synchronised=True)
    registers = (*load_profile("microstar").registers, Register(key="clock", obis="0-0:1.0.0", class_id=8))
    await read(plant, world, faults=Faults({"clock-jump": "-200"}), profile_changes={"registers": registers})
    await until(lambda: told(plant)[-1] == 90)
    world.wait(11)
    await until(lambda: told(plant)[-1] == -110)
    assert told(plant) == [None, 90, -110]
