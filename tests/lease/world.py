"""A world in which bridges of one shard and their witnesses live: time is simulated, the code is the real one.

Each machine has a clock of its own rate. Datagrams are delayed, lost, doubled and overtaken; networks are cut,
processes are stopped and go on, witnesses forget everything, and whoever lost the lease wants it again. A meter stands
by and notes who sent it a byte and when, in true time.
"""

from __future__ import annotations

import asyncio
import selectors
from random import Random

from bridge.lease.grants import Grants
from bridge.lease.holder import ShardLease
from bridge.lease.receipts import Receipts
from bridge.lease.tenure import RATES_DIFFER, LeaseTimes

LEASE_S = 15.0
TIMES = LeaseTimes(LEASE_S)


class _NoSockets(selectors.SelectSelector):
    """Waits by putting the time forward."""

    def __init__(self):
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout=None):
        if timeout:
            self.now_s += timeout
        return super().select(0)


class SimulatedTime(asyncio.SelectorEventLoop):
    def __init__(self):
        self._simulated = _NoSockets()
        super().__init__(self._simulated)

    def time(self):
        return self._simulated.now_s


class Machine:
    """A clock of its own rate, and a process that can be stopped."""

    def __init__(self, loop, rng, rate):
        self._loop = loop
        self._rate, self._ahead_s = rate or rng.choice((1 - RATES_DIFFER, 1, 1 + RATES_DIFFER)), rng.uniform(0, 1e6)
        self._running = asyncio.Event()
        self._running.set()

    def clock_s(self):
        return self._ahead_s + self._loop.time() * self._rate

    @property
    def is_stopped(self):
        return not self._running.is_set()

    async def runs(self):
        await self._running.wait()

    async def stop_for(self, seconds):
        self._running.clear()
        await asyncio.sleep(seconds)
        self._running.set()


class WitnessMachine(Machine):
    def __init__(self, loop, rng, rate):
        super().__init__(loop, rng, rate)
        self._boots = 0
        self.boot()

    def restart(self, *, quiet=True):
        began_s = self.clock_s() - (0 if quiet else LEASE_S)
        self.grants = Grants(longest_s=LEASE_S, now_s=began_s, receipts=self.receipts)

    def boot(self):
        """Its machine starts again: another clock, and no receipt is worth anything."""
        self._boots += 1
        self._ahead_s += self._loop.time() * 10 + 1e5
        self.receipts = Receipts(b"secret", f"boot {id(self)} {self._boots}")
        self.restart()


class World:
    """What happens in it is all in the seed.

    Args:
        chaos: how much goes wrong; 0 for nothing.
        rates: of the bridges' clocks and of the witnesses'; None for any that are allowed.
        quiet: whether a witness grants nothing for a while after its start.
        shards: of each bridge, which shard of how many it is.
    """

    def __init__(self, loop, seed, *, bridges=2, chaos=1.0, rates=None, quiet=True, shards=()):
        self.shards = shards or ((1, 1),) * bridges
        self.rng = Random(seed)
        self.loop, self.chaos = loop, chaos
        self.witnesses = [WitnessMachine(loop, self.rng, rates and rates[1]) for _ in range(3)]
        self.quiet = quiet
        self.bridges = [Machine(loop, self.rng, rates and rates[0]) for _ in range(bridges)]
        self.cut = set()
        self.sent = []
        """(true time, bridge, which of its tenures) of every byte that the meter was sent."""
        self.obtained = 0
        self._begun = set()

    async def live(self, seconds, *more):
        tasks = [asyncio.ensure_future(self._want(number)) for number in range(len(self.bridges))]
        if self.chaos:
            tasks.append(asyncio.ensure_future(self._break_things()))
        tasks += [asyncio.ensure_future(one) for one in more]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for one in ended:
            if isinstance(one, Exception):
                raise one

    async def _want(self, number):
        """A bridge: obtains the lease, sends while it may, leaves, and wants it again."""
        machine = self.bridges[number]
        shard, shards = self.shards[number]
        while True:
            lease = ShardLease(
                shard, f"bridge{number}", [_Way(self, number, witness) for witness in range(3)], lease_s=LEASE_S,
                rng=self.rng, clock_s=machine.clock_s, shards=shards,
            )  # fmt: skip
            asking = asyncio.ensure_future(lease.run())
            reading = None
            try:
                await lease.held()
                self.obtained += 1
                reading = asyncio.ensure_future(self._read(number, lease, self.obtained))
                leaving = [asyncio.ensure_future(lease.leaving())]
                if self.chaos and self.rng.random() < 0.3:  # sent away in order, as by an update
                    leaving.append(asyncio.ensure_future(asyncio.sleep(self.rng.uniform(1, 60))))
                await asyncio.wait(leaving, return_when=asyncio.FIRST_COMPLETED)
                for one in leaving:
                    one.cancel()
                await machine.runs()
                if self.rng.random() < 0.7:  # else it is stuck in what it does, and goes on reading
                    reading.cancel()
                else:
                    await asyncio.sleep(self.rng.uniform(0, 20))
                    reading.cancel()
                asking.cancel()
                await lease.release()
            finally:
                asking.cancel()
                if reading is not None:
                    reading.cancel()

    async def _read(self, number, lease, tenure):
        machine = self.bridges[number]
        while True:
            await asyncio.sleep(self.rng.uniform(0.05, 0.8))
            await machine.runs()
            if lease.permits():
                self.sent.append((self.loop.time(), number, tenure))

    async def _break_things(self):
        rng = self.rng
        while True:
            await asyncio.sleep(rng.expovariate(self.chaos / 6))
            match rng.randrange(7):
                case 0:
                    self.begin(rng.choice(self.bridges).stop_for(rng.uniform(1, 40)))
                case 1:
                    self.begin(rng.choice(self.witnesses).stop_for(rng.uniform(1, 40)))
                case 2:
                    rng.choice(self.witnesses).restart(quiet=self.quiet)
                case 3 | 4:
                    self.cut = {
                        (bridge, witness)
                        for bridge in range(len(self.bridges))
                        for witness in range(3)
                        if rng.random() < rng.choice((0.2, 0.5, 0.9))
                    }
                case 5:
                    self.cut = set()
                case 6:
                    rng.choice(self.witnesses).boot()

    def begin(self, coroutine):
        task = self.loop.create_task(coroutine)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return task


class _Way:
    """From a bridge to a witness and back."""

    def __init__(self, world, bridge, witness):
        self.world, self.bridge, self.witness = world, bridge, witness
        self.name = f"witness{witness}"

    async def put(self, question, timeout_s):
        world = self.world
        machine, witness = world.bridges[self.bridge], world.witnesses[self.witness]
        await machine.runs()
        answer = world.loop.create_future()

        async def travel(copy):
            await self._delay(copy)
            await witness.runs()
            if self._is_cut():
                return
            said = witness.grants.answer(question, witness.clock_s())
            await self._delay(copy)
            if not self._is_cut() and not answer.done():
                answer.set_result(said)

        for copy in range(1 + (world.chaos > 0 and world.rng.random() < 0.1)):
            world.begin(travel(copy))
        said = None
        try:
            async with asyncio.timeout(timeout_s):
                said = await answer
        except TimeoutError:
            pass
        await machine.runs()  # stopped, it hears of nothing until it goes on
        return said

    def _is_cut(self):
        world = self.world
        return (self.bridge, self.witness) in world.cut or (world.chaos > 0 and world.rng.random() < 0.03)

    async def _delay(self, copy):
        rng, chaos = self.world.rng, self.world.chaos
        slow_s = rng.uniform(0.5, 8.0) if chaos and (copy or rng.random() < 0.05) else 0.0
        await asyncio.sleep(rng.uniform(0.0005, 0.02) + slow_s)


def run(seed, seconds, **of_the_world):
    """Let a world live for so many true seconds; return it."""
    with asyncio.Runner(loop_factory=SimulatedTime) as runner:

        async def live():
            world = World(asyncio.get_running_loop(), seed, **of_the_world)
            await world.live(seconds)
            return world

        return runner.run(live())
