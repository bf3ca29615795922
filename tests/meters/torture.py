"""Every combination of framing, referencing, ciphering and lists, read over a line that tortures.

    python -m tests.meters.torture --cycles 10000          by hand; hours
    python -m tests.meters.torture --only wrapper-ln-clear-single --fault late --cycles 2000

In each, real pollers read the demo meter through ``tests/fakes/torture.py``, in bursts: the line strikes for a while,
then it is calm. What must hold:

    no value is wrong                        each register has a value of its own, which never changes
    it is read again when the line is calm   within one more failed attempt, so within a step of the backoff and a cycle
    and in full                              what was left out meanwhile is tried again and answers

The last line is JSON; the exit code is 1 when anything of it did not hold.
"""

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from functools import partial
from random import Random

from loguru import logger

from bridge.demo import Faults, MeterMemory, MeterServer
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from tests.fakes.torture import CHANCES, FAULTS, TortureProxy
from tests.meters.plant import HEALTHY, Plant, fixed_load, values_of

KEYS = {"encryption_key": DEMO_ENCRYPTION_KEY.hex(), "authentication_key": DEMO_AUTHENTICATION_KEY.hex()}
COMBINATIONS = {
    f"{framing}-{referencing}-{cipher}-{lists}": (framing, referencing, cipher, lists)
    for framing, referencing, cipher, lists in itertools.product(
        ("hdlc", "wrapper"), ("ln", "sn"), ("clear", "ciphered"), ("single", "list")
    )
}
BURST = 20  # cycles under torture, then calm
TIMEOUT_S = 0.05
PATIENCE_S = 30.0


class Broken(Exception):  # noqa: N818 - what the torture is for
    """Something that must hold did not."""


class Run:
    """One combination and one fault.

    Args:
        combination: its name.
        fault: of the line.
        seed: of the random generator.
    """

    def __init__(self, combination, fault, seed):
        self._framing, self._referencing, cipher, lists = COMBINATIONS[combination]
        self._is_ciphered, self._is_list = cipher == "ciphered", lists == "list"
        self._fault = fault
        self._rng = Random(f"{combination} {fault} {seed}")
        self.counts = Counter()
        self.most_failures_after = 0

    async def run(self, cycles):
        """Read ``cycles`` cycles, failed ones included. Raises Broken."""
        plant = Plant()
        numbered = self._referencing == "ln" or self._framing == "hdlc" or self._is_ciphered
        try:
            port = await plant.meter(self._framing, make=self._meter())
            line = TortureProxy(
                port,
                self._framing,
                self._fault,
                rng=self._rng,
                chance=CHANCES.get(self._fault, 0.2),
                timeout_s=TIMEOUT_S,
                copies_later=numbered,
            )
            async with line:
                await self._bursts(plant, line, cycles)
            self.counts["strikes"] = line.struck
        finally:
            await plant.stop()

    def _meter(self):
        more = {"security": "authenticated-encryption"} if self._is_ciphered else {}
        return partial(
            MeterServer, framing=self._framing, referencing=self._referencing, lists=self._is_list, load=fixed_load,
            memory=MeterMemory(), faults=Faults(), **more,
        )  # fmt: skip

    async def _bursts(self, plant, line, cycles):
        line.calm = True
        plant.read(
            "main", line.port, self._framing, interval=0.002, timeout=TIMEOUT_S, retries=2, known=True,
            referencing=self._referencing, profile_changes={"conformance": "", "list_items": 64 * self._is_list},
            **(KEYS if self._is_ciphered else {}),
        )  # fmt: skip
        state = plant.pollers["main"].state
        await self._healthy(plant)
        while (done := state.cycles_ok + state.cycles_failed) < cycles:
            line.calm = False
            await self._until(plant, state, min(done + BURST, cycles))
            line.calm = True
            failed = state.cycles_failed
            while not plant.samples.empty():
                self._check(plant.samples.get_nowait())
            await self._healthy(plant)
            self.most_failures_after = max(self.most_failures_after, state.cycles_failed - failed)
        self.counts["cycles"], self.counts["failed"] = done, state.cycles_failed

    async def _until(self, plant, state, cycles):
        try:
            async with asyncio.timeout(PATIENCE_S):
                while state.cycles_ok + state.cycles_failed < cycles:
                    await asyncio.sleep(0.001)
                    while not plant.samples.empty():
                        self._check(plant.samples.get_nowait())
                    plant.notices.clear()
        except TimeoutError:
            raise Broken(f"no cycle for {PATIENCE_S:g} s, at {state.last_error}") from None

    async def _healthy(self, plant):
        try:
            async with asyncio.timeout(PATIENCE_S):
                while values_of(sample := await plant.samples.get()) != HEALTHY:
                    self._check(sample)
        except TimeoutError:
            raise Broken(f"not read in full for {PATIENCE_S:g} s: {plant.pollers['main'].state.last_error}") from None

    def _check(self, sample):
        wrong = [value for value in sample.values if not value.quality and value.value != HEALTHY[value.key]]
        lacking = sum(1 for value in sample.values if value.value is None)
        self.counts["values"] += len(sample.values) - lacking
        self.counts["left out"] += lacking
        self.counts["wrong"] += len(wrong)
        if wrong:
            raise Broken(f"a wrong value: {[(value.key, value.value) for value in wrong]}")


async def torture(combination, fault, *, cycles, seed=1):
    """Run one combination with one fault and return the run. Raises Broken."""
    run = Run(combination, fault, seed)
    await run.run(cycles)
    if run.most_failures_after > 2:  # the attempt that was under way, and one that the line's last strike costs
        raise Broken(f"{run.most_failures_after} failed attempts after the line was calm")
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=10_000, help="of each combination and fault")
    parser.add_argument("--only", choices=COMBINATIONS, action="append", help="these combinations")
    parser.add_argument("--fault", choices=FAULTS, action="append", help="these faults")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    logger.remove()
    totals, broken, worst, began = Counter(), [], 0, time.perf_counter()
    for combination, fault in itertools.product(given.only or COMBINATIONS, given.fault or FAULTS):
        run = Run(combination, fault, given.seed)
        said = ""
        try:
            asyncio.run(run.run(given.cycles))
        except Broken as error:
            said = str(error)
            broken.append(f"{combination} {fault}: {said}")
        worst = max(worst, run.most_failures_after)
        totals += run.counts
        counts = run.counts
        print(
            f"{combination:<28} {fault:<8} {counts['cycles']:>6} cycles, {counts['failed']:>5} failed, "
            f"{counts['strikes']:>6} strikes, {counts['wrong']} wrong {said}",
            flush=True,
        )
    print(
        json.dumps(
            {
                "combinations": len(given.only or COMBINATIONS), "faults": len(given.fault or FAULTS),
                **{name: totals[name] for name in ("cycles", "failed", "strikes", "values", "left out", "wrong")},
                "most_failed_attempts_after_calm": worst, "broken": broken,
                "took_s": round(time.perf_counter() - began, 1),
            }
        )
    )  # fmt: skip
    return 1 if broken or worst > 2 else 0


if __name__ == "__main__":
    sys.exit(main())
