"""Mutated frames and whole conversations, fed to the framer and the session as a meter's answers; by the million.

    python -m tests.meters.fuzz --count 1000000 --seed 1

A case is one conversation: a cycle of reads on an association that stands (or, one case in fifty, an association and a
cycle), in which what the meter sends is bent: bits flipped, bytes cut, inserted and overwritten, lengths that lie,
frames lost, doubled, swapped, echoed, late by a request or a cycle, garbage around them; and APDUs bent above the check
sequences, as a meter gone mad sends them. What must hold in each:

    only a MeterError comes out                       anything else is a crash
    it ends within a bounded number of steps          else it hangs
    no reading is wrong                               where the bytes are under a check that must catch it
    what is counted stays bounded                     the framer's buffer in a case, the memory over all of them

Two bytes of check sequence let one damaged frame in 65,536 pass by chance: a wrong reading out of a frame that the
meter never sent is counted as such (``forged by chance``), and more of them than chance explains are a fault. Every
other wrong reading is one.

Behind the wrapper there is no check at all, and what a careful client can know is judged: of an answer whose bytes were
bent it cannot know, so a wrong reading out of one is let pass, be it that its end is now that of a notification. Out of
answers that the meter sent as they came, no reading may be wrong, whatever else was bent in that conversation: an
invoke-id, a length or the end of an association tells late answers, doubled ones and others' apart.

``--case N --scenario NAME`` runs one case again and shows it. The last line is JSON.
"""

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter, deque
from pathlib import Path

from bridge.demo.faults import FALSE_VALUE
from bridge.dlms.conversation import NEW_CONNECTION
from bridge.dlms.framing import framer
from bridge.errors import MeterError, ReplyTimeout
from tests.meters.by_hand import one_by_one
from tests.meters.fuzz_line import Line
from tests.meters.fuzz_scenarios import SCENARIOS, Scenario

MOST_STEPS = 20_000  # the longest that is legal: 256 polls a request, 16 strangers, and so on


MOST_BUFFERED = 70_000


MOST_GROWTH = 16 << 20


EXPECTED_KEYS = ("voltage_l1", "current_l1", "frequency", "active_power", "active_energy")


ASSOCIATING_EVERY = 50


CYCLES = {"wrapper_singles": 6, "wrapper_ciphered": 6}  # so many that invoke-ids come round; 3 for the others


class Fault(Exception):  # noqa: N818 - what the fuzzing is for
    """Something that must not happen did."""


def drive(conversation, line, framing, taken):
    """Drive ``conversation`` over ``line``; return its result. Raises what it raises, or a Fault when it hangs.

    ``taken`` is given the frames that were taken for answers: after which something else was asked, or nothing more.
    """
    cutter, frames = framer(framing), deque()
    conversation = one_by_one(conversation)
    try:
        request = next(conversation)
        for _ in range(MOST_STEPS):
            if request is NEW_CONNECTION:
                cutter.reset()
                frames.clear()
                request = conversation.send(None)
                continue
            if request:
                cutter.reset()
                frames.clear()
                frames.extend(cutter.feed(line.answer(request)))
                if len(cutter.buffer) > MOST_BUFFERED:
                    raise Fault(f"the framer keeps {len(cutter.buffer)} bytes")
            if frames:
                frame = frames.popleft()
                request = NEW_CONNECTION  # what stands when it ends here
                try:
                    request = conversation.send(frame)
                finally:
                    if request:
                        taken.add(frame)
            else:
                request = conversation.throw(ReplyTimeout("silence"))
    except StopIteration as done:
        return done.value
    raise Fault(f"no end after {MOST_STEPS} steps")


def run(scenario, seed, number, totals):
    """Run one case. Raises a Fault, or lets an exception through, when something must not happen did."""
    rng = random.Random(seed * 1_000_003 + number)
    associating = number % ASSOCIATING_EVERY == 0
    scenario.load.cycle = 0
    if associating:
        session, side = scenario.fresh()
    else:
        scenario.restore()
        session, side = scenario.session, scenario.side
    line = Line(rng, scenario, side)
    scalers_from = set()
    try:
        if associating:
            drive(session.associate(), line, scenario.framing, scalers_from)
        last = CYCLES.get(scenario.name, 3)
        for cycle in range(1, last + 1):
            scenario.load.cycle = cycle
            line.calm = cycle == last
            taken = set(scalers_from)
            readings = drive(session.read(), line, scenario.framing, taken)
            verdict = judge(scenario, line, taken, readings)
            totals[verdict] += 1
            if verdict == "forged by chance":
                print(f"forged by chance: --scenario {scenario.name} --case {number} --seed {seed}")
    except MeterError as error:
        totals[type(error).__name__] += 1
    else:
        totals["conversations read to their end"] += 1
    if len(scenario.session._link.__dict__) > 20:
        raise Fault("the link grows")


def judge(scenario, line, taken, readings):
    """Return what is to be said of the readings of a cycle. Raises a Fault when one is wrong that must not be.

    Args:
        scenario: what was read.
        line: over which.
        taken: the frames of this cycle that were taken for answers.
        readings: what came of them.
    """
    if sorted(one.register.key for one in readings) != sorted(EXPECTED_KEYS):
        raise Fault(f"readings of other registers: {readings}")
    expected = dict(zip(EXPECTED_KEYS, scenario.load.expected(scenario.load.cycle), strict=True))
    wrong = [
        one
        for one in readings
        if (one.value, type(one.value)) != (expected[one.register.key], type(expected[one.register.key]))
        and not one.refusal
        and not one.quality
    ]
    if not wrong:
        return "cycles read right"
    is_checked = scenario.framing == "hdlc" or scenario.is_ciphered
    if is_checked or taken <= line.genuine:  # a bent answer behind the wrapper may end as a notification does
        false = (FALSE_VALUE, FALSE_VALUE / 10, FALSE_VALUE / 100, FALSE_VALUE / 1000)
        if any(one.value in false for one in wrong):
            raise Fault(f"a notification was taken for an answer: {wrong}")
    if line.is_forged:
        return "cycles as a meter gone mad meant them"
    if taken <= line.genuine:
        raise Fault(f"a wrong reading out of answers that the meter sent: {wrong}")
    if scenario.is_ciphered:
        raise Fault(f"a wrong reading passed the authentication tag: {wrong}")
    return "forged by chance" if scenario.framing == "hdlc" else "cycles with an answer bent behind the wrapper"


def resident_bytes():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def work(job):
    """Run the cases of one process and return what came of them."""
    seed, first, count, names, seconds = job
    scenarios = [Scenario(name) for name in names]
    totals = Counter()
    faults = []
    settled = 0
    began = time.perf_counter()
    for number in range(first, first + count):
        scenario = scenarios[number % len(scenarios)]
        if number - first == count // 10 or (seconds and not settled and time.perf_counter() - began > seconds / 10):
            settled = resident_bytes()
        try:
            run(scenario, seed, number, totals)
        except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
            faults.append(f"--scenario {scenario.name} --case {number} --seed {seed}: {type(error).__name__}: {error}")
            scenarios[number % len(scenarios)] = Scenario(scenario.name)
            if len(faults) >= 20:
                break
        totals["cases"] += 1
        if seconds and time.perf_counter() - began > seconds:
            break
    return totals, faults, resident_bytes() - (settled or resident_bytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="cases in all")
    parser.add_argument("--seconds", type=float, default=0, help="stop after as many, whatever the count")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--scenario", choices=SCENARIOS, help="only this one")
    parser.add_argument("--case", type=int, help="only this case, and let its exception out")
    given = parser.parse_args()
    if given.case is not None:
        totals = Counter()
        run(Scenario(given.scenario), given.seed, given.case, totals)
        print(dict(totals))
        return 0
    names = [given.scenario] if given.scenario else list(SCENARIOS)
    share = given.count // given.processes
    jobs = [(given.seed, n * share, share, names, given.seconds) for n in range(given.processes)]
    began = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        done = pool.map(work, jobs, chunksize=1)
    took_s = time.perf_counter() - began
    totals = sum((totals for totals, _, _ in done), Counter())
    faults = [fault for _, found, _ in done for fault in found]
    for fault in faults:
        print(fault)
    growth = max(growth for _, _, growth in done)
    for name, number in totals.most_common():
        print(f"{number:>10,}  {name}")
    said = {
        "cases": totals["cases"], "seed": given.seed, "faults": len(faults), "took_s": round(took_s, 1),
        "cases_per_s": round(totals["cases"] / took_s), "memory_growth_bytes": growth,
        "forged_by_chance": totals["forged by chance"],
    }  # fmt: skip
    print(json.dumps(said))
    by_chance = totals["forged by chance"] > 3 + totals["cases"] / 20_000
    return 1 if faults or by_chance or growth > MOST_GROWTH else 0


if __name__ == "__main__":
    sys.exit(main())
