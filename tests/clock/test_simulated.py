"""Anything in any order, from a seed: steps, power cuts, restarts, time services and meters that come and go."""

from random import Random

import pytest

from tests.clock.world import World

ERAS = 8
"""So many in a row never share a time."""


class Device:
    """One meter's samples: which wait for a time, which have one and are still here, and all ever given."""

    def __init__(self, world) -> None:
        self.world = world
        self.waits, self.here, self.given = [], [], {}
        self.last = None

    def read(self) -> None:
        self.last = self.world.stamp().no_sooner_than(self.last)
        self.take(self.last)

    def take(self, stamp) -> None:
        time, ledger = self.world.clock.time_of(stamp), self.world.clock.ledger
        if time is None:
            self.waits.append(stamp)
            return
        era = ledger.boots[stamp.boot].era
        other, its_era = self.given.get(time.ts_ms, (stamp, era))
        assert other == stamp or abs(era - its_era) >= ERAS, f"{time.ts_ms} is used twice"
        self.given[time.ts_ms] = stamp, era
        self.here.append(stamp)

    def after(self, change) -> None:
        self.waits += [stamp for stamp in self.here if stamp.boot in change.recall]
        self.here = [stamp for stamp in self.here if stamp.boot not in change.recall][-50:]
        waits, self.waits = self.waits, []
        for stamp in waits:
            self.take(stamp)


def happen(world, rng) -> None:
    step = rng.choice([-86_400, -3600, -60, -5, 60, 3600, 86_400])
    cut = {"for_s": rng.choice([10, 3600]), "off_s": rng.choice([0, -60, -3600, -31e6, 86_400])}
    events = [
        (10, lambda: world.step(step)),
        (5, lambda: world.power_cut(**cut)),
        (5, world.start),
        (10, world.set_right),
        (10, lambda: setattr(world, "synchronised", False)),
        (160, lambda: world.says(rng.choice("abc"), rng.choice([0, 0, 0, 0, 900]))),
        (800, lambda: None),
    ]
    rng.choices([event for _, event in events], [weight for weight, _ in events])[0]()


@pytest.mark.parametrize("seed", range(40))
def test_no_time_is_used_twice_and_in_the_end_every_sample_has_one(seed):
    rng = Random(seed)
    world = World(up_s=rng.choice([0, 5, 7200]), off_s=rng.choice([0, -3600, 86_400]))
    device = Device(world)
    for _ in range(1500):
        world.true_ns += rng.choice([5_000_000_000, 1_000_000, 200_000_000])
        happen(world, rng)
        device.after(world.look())
        device.read()
    world.set_right()
    world.wait(700)
    device.after(world.look())
    assert not device.waits
