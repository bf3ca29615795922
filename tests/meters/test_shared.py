"""Several meters behind one converter: one connection, turns, and nobody's trouble is another's."""

import asyncio
from functools import partial
from itertools import groupby, pairwise, product
from random import Random

import pytest

from bridge.demo import Faults, MeterServer
from tests.meters.plant import RAW, fixed_load, values_of

LOOPS = ("warp",)


def load_of(number):
    """Each meter has a voltage of its own, so that a value from a neighbour shows."""
    return lambda _: RAW | {"1.1.32.7.0.255": 10000 + number}


def voltage_of(number):
    return (10000 + number) / 100


class Bus:
    """Meters with addresses 1, 2, 3 … on one line, and who was asked when."""

    def __init__(self, count, framing="hdlc", **faults):
        self.asked = []
        self.connections = 0
        self.faults = {number: faults.get(f"m{number}") or Faults() for number in range(1, count + 1)}
        bus = self

        class Noted(MeterServer):
            def frames(self, frame):
                bus.asked.append((asyncio.get_running_loop().time(), self.server))
                return super().frames(frame)

        def make(number):
            def side():
                self.connections += number == 1
                return Noted(server=number, framing=framing, load=load_of(number), faults=self.faults[number])

            return side

        self.makers = [make(number) for number in self.faults]


async def bus_of(plant, count, framing="hdlc", *, interval=5, timeout_s=1, retries=2, **faults):
    bus = Bus(count, framing, **faults)
    port = await plant.meter(framing, make=bus.makers)
    for number in bus.faults:
        poller = {"rng": Random(number), "start_delay_s": interval * (number - 1) / count}
        settings = {"server": number, "interval": interval, "timeout": timeout_s, "retries": retries}
        plant.read(f"m{number}", port, framing, poller=poller, **settings)
    return bus, port


async def collect(plant, seconds):
    """Return the samples of the next while, by meter, as (time, sample)."""
    loop = asyncio.get_running_loop()
    end_s, samples = loop.time() + seconds, {}
    while True:
        try:
            async with asyncio.timeout_at(end_s):
                sample = await plant.samples.get()
        except TimeoutError:
            return samples
        assert values_of(sample)["voltage_l1"] == voltage_of(int(sample.meter[1:])), sample.meter
        samples.setdefault(sample.meter, []).append((loop.time(), sample))


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_meters_behind_one_converter_share_the_connection_and_take_turns(plant, framing):
    bus, _ = await bus_of(plant, 3, framing)
    samples = await collect(plant, 60)
    assert bus.connections == 1
    assert {meter: len(taken) for meter, taken in samples.items()} == {"m1": 12, "m2": 12, "m3": 12}
    for meter in samples:
        assert plant.figure("dlms_meter_connects_total", meter=meter) == 1


async def test_a_cycle_is_never_interrupted_by_another_meters(plant):
    bus, _ = await bus_of(plant, 3, retries=0, interval=0.05)
    await collect(plant, 2)
    runs = [(server, len(list(run))) for server, run in groupby(server for _, server in bus.asked)]
    assert len(runs) > 50
    # An association is SNRM, AARQ and what is read once; a cycle is one request. Never half of it.
    assert {length for _, length in runs[3:-3]} == {1}


async def test_a_silent_meter_costs_the_others_at_most_one_timeout_and_is_asked_less_and_less(plant):
    bus, _ = await bus_of(plant, 4, m2=Faults({"silent": 1}))
    await collect(plant, 30)
    bus.asked.clear()
    samples = await collect(plant, 600)
    assert samples.keys() == {"m1", "m3", "m4"}
    late_s = []
    for taken in samples.values():
        assert len(taken) in (120, 121)  # none is lost
        grid_s = min(at_s - 5 * n for n, (at_s, _) in enumerate(taken))
        late_s += [at_s - 5 * n - grid_s for n, (at_s, _) in enumerate(taken)]
    tries = [at_s for at_s, server in bus.asked if server == 2]
    print(
        f"\none silent of four, timeout 1 s, interval 5 s, 10 min: the others at most {max(late_s):.2f} s late, "
        f"{sum(late > 0.1 for late in late_s)} of {len(late_s)} samples; the silent one asked {len(tries)} times"
    )
    assert max(late_s) <= 1.05
    assert 9 <= len(tries) <= 12
    assert bus.connections == 1
    for meter in samples:
        assert plant.figure("dlms_meter_cycles_total", meter=meter, result="failed") == 0


async def test_a_silent_meter_that_answers_again_is_read_again(plant):
    bus, _ = await bus_of(plant, 3, m2=Faults({"silent": 1}))
    await collect(plant, 300)
    bus.faults[2]._arguments.clear()
    samples = await collect(plant, 72)
    assert len(samples["m2"]) >= 1
    samples = await collect(plant, 60)
    assert {meter: len(taken) for meter, taken in samples.items()} == {"m1": 12, "m2": 12, "m3": 12}
    assert bus.connections == 1


async def test_a_meter_that_falls_silent_in_the_middle_is_never_asked_twice_in_one_turn(plant):
    bus, _ = await bus_of(plant, 2)
    await collect(plant, 20)
    bus.faults[1]._arguments["silent"] = ["1"]
    bus.asked.clear()
    await collect(plant, 60)
    times_s = [at_s for at_s, server in bus.asked if server == 1]
    assert len(times_s) > 5
    assert min(later - earlier for earlier, later in pairwise(times_s)) >= 1 + 1.8  # the timeout and the first step


async def test_a_meter_that_opens_and_then_says_no_more_is_not_waited_for_again_and_again(plant):
    """HDLC is answered by the modem of the meter, the rest of it is dead."""
    bus = Bus(2)

    class HalfDead(MeterServer):
        def frames(self, frame):
            bus.asked.append((asyncio.get_running_loop().time(), 2))
            return super().frames(frame) if frame[5] & 3 == 3 else []

    port = await plant.meter(make=[bus.makers[0], partial(HalfDead, server=2)])
    for number in (1, 2):
        plant.read(f"m{number}", port, server=number, interval=5, timeout=1, retries=5, poller={"rng": Random(1)})
    samples = await collect(plant, 300)
    times_s = [at_s for at_s, _ in samples["m1"]]
    assert len(times_s) == 60
    assert max(later - earlier for earlier, later in pairwise(times_s)) <= 5 + 2 * 1 + 0.1


BENT = [("corrupt", "hdlc")]  # a wrapper has no check sequence: what is bent there cannot be told


@pytest.mark.parametrize(
    ("fault", "framing"),
    [*BENT, *product(("late", "drop", "garbage", "half-frames", "echo", "notify", "forgets"), ("hdlc", "wrapper"))],
)
async def test_the_faults_of_one_meter_give_its_neighbours_no_wrong_value_and_no_gap(plant, framing, fault):
    faults = Faults({fault: "" if fault == "echo" else 0.3}, seed=3)
    bus, _ = await bus_of(plant, 3, framing, timeout_s=0.5, m2=faults)
    samples = await collect(plant, 300)  # checks every value
    assert len(samples["m1"]) == 60
    assert len(samples["m3"]) == 60
    assert samples["m2"]
    bus.faults[2]._arguments.clear()
    await collect(plant, 70)
    assert len((await collect(plant, 60))["m2"]) >= 11


async def test_when_the_converter_dies_all_meters_come_back_over_one_new_connection(plant):
    bus, port = await bus_of(plant, 4)
    await collect(plant, 20)
    plant.servers[0].close()
    plant.links[port]._stream._transport.abort()
    await collect(plant, 200)
    assert all(poller.state.condition == "failing" for poller in plant.pollers.values())
    await plant.meter(port=port, make=bus.makers)
    samples = await collect(plant, 75)
    assert len(samples) == 4
    assert bus.connections == 2


async def test_when_all_are_silent_the_connection_itself_is_tried_anew(plant):
    faults = {f"m{number}": Faults({"silent": 1}) for number in (1, 2, 3)}
    bus, _ = await bus_of(plant, 3, **faults)
    await collect(plant, 100)
    assert bus.connections > 1  # perhaps the converter hangs
    for each in faults.values():
        each._arguments.clear()
    assert len(await collect(plant, 75)) == 3


async def test_a_refused_password_of_one_is_its_own_affair(plant):
    bus = Bus(1)
    port = await plant.meter(make=[bus.makers[0], partial(MeterServer, server=2, load=fixed_load, password="another")])
    for number in (1, 2):
        plant.read(f"m{number}", port, server=number, interval=5, poller={"rng": Random(1)})
    samples = await collect(plant, 3600)
    assert len(samples["m1"]) == 720
    assert plant.pollers["m2"].state.condition == "left alone"
    assert plant.pollers["m2"].state.cycles_failed <= 5
    assert bus.connections == 1


async def test_a_reconnect_of_one_leaves_the_connection_to_the_others(plant):
    bus, _ = await bus_of(plant, 2)
    await collect(plant, 20)
    await plant.pollers["m1"].reconnect()
    await collect(plant, 20)
    assert bus.connections == 1
    assert plant.figure("dlms_meter_connects_total", meter="m1") == 2
    assert plant.figure("dlms_meter_connects_total", meter="m2") == 1


async def test_at_the_end_every_meter_of_the_bus_is_released(plant):
    released = []

    class Released(MeterServer):
        def frames(self, frame):
            if frame[5] == 0x53:  # DISC
                released.append(self.server)
            return super().frames(frame)

    count = 12
    port = await plant.meter(make=[partial(Released, server=n, load=load_of(n)) for n in range(1, count + 1)])
    for number in range(1, count + 1):
        plant.read(f"m{number}", port, server=number, interval=60)
    await collect(plant, 30)
    await plant.stop()
    assert sorted(released) == list(range(1, count + 1))
    assert not plant.links[port].is_open


async def test_a_slow_bus_with_more_meters_than_it_can_carry_serves_them_all_in_turn(plant):
    """Every cycle takes 0.5 s, 20 of them 10 s, and the interval is 5 s: each second cycle is skipped, and counted."""
    faults = {f"m{number}": Faults({"delay": 0.5}) for number in range(1, 21)}
    await bus_of(plant, 20, timeout_s=3, **faults)
    await collect(plant, 200)
    samples = await collect(plant, 200)
    assert len(samples) == 20
    assert all(16 <= len(taken) <= 22 for taken in samples.values())
    assert plant.figure("dlms_meter_overruns_total", meter="m7") > 10
