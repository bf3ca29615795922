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
from bridge.demo.hdlc import LLC_ANSWER, UI, build
from bridge.demo.hdlc import parse as parse_hdlc
from bridge.errors import MeterError, ReplyTimeout
from bridge.meters.conversation import ANEW
from bridge.meters.framing import framer
from bridge.meters.session import Session
from tests.meters.by_hand import converse, demo_keys, meter, server

PUSHED = (
    b"\x0f\x00\x00\x00\x01\x00\x02\x02\x09\x01\x05\x06" + FALSE_VALUE.to_bytes(4),  # DataNotification
    b"\xc2\x00\x00\x03\x01\x01\x20\x07\x00\xff\x02\x06" + FALSE_VALUE.to_bytes(4),  # EventNotification
    b"\x18\x00\x01\xfa\x00\x01\x06" + FALSE_VALUE.to_bytes(4),  # InformationReport
)
MOST_STEPS = 20_000  # the longest that is legal: 256 polls a request, 16 strangers, and so on
MOST_BUFFERED = 70_000
MOST_GROWTH = 16 << 20
EXPECTED_KEYS = ("voltage_l1", "current_l1", "frequency", "active_power", "active_energy")
ASSOCIATING_EVERY = 50
CYCLES = {"wrapper_singles": 6, "wrapper_ciphered": 6}  # so many that invoke-ids come round; 3 for the others


class Load:
    """What the meter measures: another figure in each cycle, so that a late answer is a wrong one."""

    def __init__(self):
        self.cycle = 0

    def __call__(self, _):
        n = self.cycle
        return {
            "1.1.32.7.0.255": 13519 + n, "1.1.31.7.0.255": 1230 + n, "1.1.14.7.0.255": 5998 + n,
            "1.1.1.7.0.255": -156 - n, "1.1.1.8.0.255": 56348 + n,
        }  # fmt: skip

    def expected(self, cycle):
        return [(13519 + cycle) / 100, (1230 + cycle) / 1000, (5998 + cycle) / 100, -156 - cycle, 56348 + cycle]


def _keys(**more):
    keys = demo_keys()
    ours = {"encryption_key": keys.encryption_key.hex(), "authentication_key": keys.authentication_key.hex()}
    security = {"security": "authenticated-encryption", "authentication": "low"}
    return {"ours": ours | security | more, "theirs": security | {"keys": keys} | more}


_FREE = {"conformance": "", "counter_obis": "none"}
SCENARIOS = {
    "hdlc_list": {"framing": "hdlc"},
    "hdlc_singles": {"framing": "hdlc", "profile": {"list_items": 0}},
    "hdlc_segments": {
        "framing": "hdlc",
        "profile": {"max_info_bytes": 32, "window": 3}, "theirs": {"max_info_bytes": 32, "window": 3},
    },
    "hdlc_short_names": {"framing": "hdlc", "ours": {"referencing": "sn"}, "theirs": {"referencing": "sn"}},
    "hdlc_ciphered": {"framing": "hdlc", **_keys()},
    "hdlc_four_bytes": {
        "framing": "hdlc", "ours": {"server": 0x4011, "server_address_bytes": 4}, "theirs": {"server": 0x4011},
    },
    "wrapper_list": {"framing": "wrapper"},
    "wrapper_singles": {"framing": "wrapper", "profile": {"list_items": 0}},
    "wrapper_blocks": {"framing": "wrapper", "theirs": {"max_pdu_bytes": 64}, "profile": {"max_pdu_bytes": 64}},
    "wrapper_short_names": {"framing": "wrapper", "ours": {"referencing": "sn"}, "theirs": {"referencing": "sn"}},
    "wrapper_ciphered": {"framing": "wrapper", **_keys()},
}  # fmt: skip


class Scenario:
    """One association that stands, on both sides, and can be put back to how it stood."""

    def __init__(self, name):
        given = SCENARIOS[name]
        self.name = name
        self.framing = given["framing"]
        self.is_ciphered = "ciphered" in name
        self._given = given
        self.load = Load()
        self.session, self.side = self.fresh()
        converse(self.session.associate(), self.side.answer)
        converse(self.session.read(), self.side.answer)
        session, side = self.session, self.side
        kept = [
            session,
            session._link,
            session._services,
            session._plan,
            session._plan._ailing,
            side.memory,
            *side._stations.values(),
        ]
        kept += [each for one in side._associations.values() for each in (one, one._services, one._cipher)]
        kept += [one for one in (session._services.cipher, session.counter) if one is not None]
        self._kept = [(one, _state(one)) for one in kept]

    def fresh(self):
        given = self._given
        session = Session(meter(self.framing, profile=_FREE | given.get("profile", {}), **given.get("ours", {})))
        return session, server(self.framing, load=self.load, **given.get("theirs", {}))

    def restore(self):
        counter = self.session.counter
        number = counter.next if counter else 0
        for one, state in self._kept:
            for attribute, value in state.items():
                setattr(one, attribute, _copied(value))
        if counter:  # a number is never used twice, not even here
            counter._next = number
            if counter.is_low:
                counter.reserve()


def _state(one):
    names = list(getattr(one, "__dict__", ())) or [name for name in type(one).__slots__ if hasattr(one, name)]
    return {name: _copied(getattr(one, name)) for name in names}


def _copied(value):
    return value.copy() if isinstance(value, bytearray | list | dict | set | deque) else value


# What is done to what the meter sends.


def flip(rng, data):
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(data))
        data[at] ^= 1 << rng.randrange(8)


def cut(rng, data):
    del data[rng.randrange(len(data)) :]


def behead(rng, data):
    del data[: rng.randrange(len(data)) + 1]


def insert(rng, data):
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.choice((1, 1, 2, 5, 20)))


def remove(rng, data):
    at = rng.randrange(len(data))
    del data[at : at + rng.choice((1, 1, 2, 8))]


def overwrite(rng, data):
    at = rng.randrange(len(data))
    data[at : at + 4] = rng.randbytes(rng.randrange(1, 5))


def lie_about_length(rng, data):
    at = rng.choice((2, 2, 7, 6, 1)) % len(data)
    data[at] = rng.choice((0, 1, 7, 0x7E, 0xFF, (data[at] + 1) & 0xFF, (data[at] - 1) & 0xFF))


def flag_inside(rng, data):
    data[rng.randrange(len(data))] = 0x7E


BYTES = (flip, flip, flip, cut, behead, insert, remove, overwrite, lie_about_length, flag_inside)


class Line:
    """The line between: bends what the meter sends, and remembers what it truly sent."""

    def __init__(self, rng, scenario, side):
        self._rng = rng
        self._side = side
        self._is_hdlc = scenario.framing == "hdlc"
        self._is_ciphered = scenario.is_ciphered
        self._has_no_numbers = scenario.name == "wrapper_short_names"  # an old answer is like a new one
        self._held = []
        self._hoarded = []  # answers, and after how many requests they come
        self._stuck = []
        self.genuine = set()
        self.is_forged = False  # an APDU was bent above every check
        self.is_bent = False  # bytes were
        self.calm = False
        self.rate = rng.choice((0.15, 0.5, 0.9))

    def answer(self, request):
        rng = self._rng
        frames = self._side.frames(request)
        self.genuine.update(frames)
        self._hoarded = [(left - 1, frame) for left, frame in self._hoarded]
        due = [frame for left, frame in self._hoarded if left <= 0]
        self._hoarded = [(left, frame) for left, frame in self._hoarded if left > 0]
        if self.calm:
            frames, self._held = due + self._held + frames, []
            return b"".join(frames)
        frames = due + frames
        if self._stuck:
            frames = self._stuck
        elif rng.random() < self.rate:
            frames = self._by_frames(request, frames)
        else:
            frames, self._held = self._held + frames, []
        pieces = [bytearray(frame) for frame in frames]
        for piece in pieces:
            if rng.random() < self.rate:
                self.is_bent = True
                for _ in range(rng.choice((1, 1, 2, 4))):
                    if piece:
                        rng.choice(BYTES)(rng, piece)
        if rng.random() < 0.1:
            self.is_bent = True
            pieces.insert(rng.randrange(len(pieces) + 1), bytearray(rng.randbytes(rng.randrange(1, 40))))
        return b"".join(pieces)

    def _by_frames(self, request, frames):
        """Bend the order and number of the frames, and once in a while the APDUs themselves.

        What is late comes before what is sent later: the line keeps the order.
        """
        rng = self._rng
        how = rng.choice(
            ("lost", "late", "behind", "echoed", "doubled", "shuffled", "thinned", "pushed", "mad", "stuck", "hoarded")
        )
        if how == "hoarded":  # a gateway that comes back to it when the invoke-ids have come round
            if self._is_hdlc:
                return []
            self._hoarded += [(rng.choice((1, 2, 14, 15, 16, 17, 32)), frame) for frame in frames]
            return []
        if how == "late":
            self._held += frames
            return []
        held, self._held = self._held, []
        if how == "behind":
            self._held = frames
            return held
        if not frames:
            return held
        return (
            held
            + {
                "lost": list,
                "echoed": lambda: [request, *frames],
                "doubled": lambda: frames + [rng.choice(frames)] * rng.choice((1, 2, 20)),
                "shuffled": lambda: rng.sample(frames, len(frames)),
                "thinned": lambda: [frame for frame in frames if rng.random() < 0.6],
                "pushed": lambda: self._pushed(frames),
                "stuck": lambda: self._sticks(frames),
                "mad": lambda: [self._madly(frame) for frame in frames] if rng.random() < 0.3 else frames,
            }[how]()
        )

    def _sticks(self, frames):
        """Say the same for ever from now on, now and then."""
        if self._rng.random() < 0.2:
            self._held = []
            self.is_forged = self.is_forged or self._has_no_numbers
            self._stuck = [self._rng.choice(frames)] * self._rng.choice((1, 10))
        return frames

    def _pushed(self, frames):
        """Put notifications that nobody asked for among the frames."""
        frames = list(frames)
        for _ in range(self._rng.choice((1, 1, 3))):
            apdu = self._rng.choice(PUSHED)
            if self._is_hdlc:
                header = parse_hdlc(frames[0])
                frame = build(header.destination, header.source, UI, LLC_ANSWER + apdu)
            else:
                frame = frames[0][:6] + len(apdu).to_bytes(2) + apdu
            self.genuine.add(frame)
            frames.insert(self._rng.randrange(len(frames) + 1), frame)
        return frames

    def _madly(self, frame):
        """Bend the APDU and close the frame again, as if the meter had meant it."""
        rng = self._rng
        if self._is_hdlc:
            header = parse_hdlc(frame)
            if not header.information.startswith(LLC_ANSWER):
                return frame
            apdu = bytearray(header.information[3:])
        else:
            apdu = bytearray(frame[8:])
        for _ in range(rng.choice((1, 2, 5))):
            if apdu:
                rng.choice(BYTES)(rng, apdu)
        self.is_forged = self.is_forged or not self._is_ciphered
        if not self._is_hdlc:
            return frame[:6] + len(apdu).to_bytes(2) + bytes(apdu)
        control = header.control if rng.random() < 0.8 else rng.randrange(256)
        return build(
            header.destination, header.source, control, LLC_ANSWER + bytes(apdu[:1900]), segmented=header.segmented
        )


class Fault(Exception):  # noqa: N818 - what the fuzzing is for
    """Something that must not happen did."""


def drive(conversation, line, framing, taken):
    """Drive ``conversation`` over ``line``; return its result. Raises what it raises, or a Fault when it hangs.

    ``taken`` is given the frames that were taken for answers: after which something else was asked, or nothing more.
    """
    cutter, frames = framer(framing), deque()
    try:
        request = next(conversation)
        for _ in range(MOST_STEPS):
            if request is ANEW:
                cutter.reset()
                frames.clear()
                request = conversation.send(None)
                continue
            if request:
                cutter.reset()
                frames.clear()
                frames.extend(cutter.feed(line.answer(request)))
                if len(cutter._buffer) > MOST_BUFFERED:
                    raise Fault(f"the framer keeps {len(cutter._buffer)} bytes")
            if frames:
                frame = frames.popleft()
                request = ANEW  # what stands when it ends here
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
    try:
        if associating:
            drive(session.associate(), line, scenario.framing, set())
        last = CYCLES.get(scenario.name, 3)
        for cycle in range(1, last + 1):
            scenario.load.cycle = cycle
            line.calm = cycle == last
            taken = set()
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
