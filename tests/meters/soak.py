"""The soak: 200 meters, half of them struck by faults at random, real pollers on the bridge's own event loop.

``python -m tests.meters.soak --meters 200 --minutes 10 --seed 1``. Prints figures, and ends with 1 when anything is
not as it must be: a wrong value, a healthy meter's sample missing or late, a dead task, a descriptor or memory leaked,
a meter that is not read again once it is well. The meters are the demo meter, in processes of their own.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import random
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from loguru import logger

from bridge.configuration.meter import resolve
from bridge.configuration.profile import load_profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.demo import DEMO_PASSWORD
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from bridge.meters.association_spacing import AssociationSpacing
from bridge.meters.counter_store import CounterStore
from bridge.meters.link import Link
from bridge.meters.metrics import MeterMetrics
from bridge.meters.poller import Poller
from tests.meters.soak_fleet import Diary, Meters, specs

TIMEOUT_S = 1.0


READ_AGAIN_WITHIN_S = 66 + 6  # one backoff step at its cap, with jitter, and one cycle


LATE_P99_S = 0.5


GROWTH_MB = 12.0


class Soak:
    """The pollers and what came of it."""

    def __init__(self, arguments, meters, folder):
        self._arguments = arguments
        self._meters = meters
        self._metrics = MeterMetrics(fleet=True)
        self._counters = CounterStore(folder / "counters.db")
        self.diaries = {}
        self.tasks = {}
        self.links = []
        self.complaints = []

    def build(self):
        """Make the pollers; their tasks begin at once, spread over one interval."""
        loop, rng, connecting = asyncio.get_running_loop(), random.Random(1), asyncio.Semaphore(50)
        spacing = AssociationSpacing(0.008)
        loop.set_exception_handler(lambda _, context: self.complaints.append(str(context)))
        count = self._arguments.meters
        keys = {"encryption_key": DEMO_ENCRYPTION_KEY.hex(), "authentication_key": DEMO_AUTHENTICATION_KEY.hex()}
        profile = load_profile("microstar").model_copy(update={"frame_gap_s": 0.0, "reconnect_gap_s": 0.0})
        for part, ports in zip(self._meters.parts, self._meters.ports, strict=True):
            for spec, port in zip(part, ports, strict=True):
                link = Link("127.0.0.1", port, spec.framing, connect_timeout_s=5, connecting=connecting)
                self.links.append(link)
                for n in range(spec.count):
                    number = spec.number + n
                    name = f"m{number}"
                    kind = "sick" if n in spec.sick else "bus" if spec.sick else "well"
                    given = {"host": "127.0.0.1", "port": port, "framing": spec.framing, "server": 1 + n}
                    given |= {"password": DEMO_PASSWORD, "profile": "microstar", "timeout": TIMEOUT_S}
                    settings = MeterSettings.model_validate(given | (keys if spec.ciphered else {}))
                    meter = resolve(name, settings, profile, PollSettings(retries=2))
                    meter = replace(meter, interval_s=self._arguments.interval)
                    link.join()
                    diary = self.diaries[name] = Diary(kind, (10000 + number) / 100)
                    poller = Poller(
                        meter,
                        link,
                        sink=lambda sample, diary=diary: diary.note(sample, loop.time()),
                        metrics=self._metrics,
                        cycle_level="DEBUG",
                        rng=rng,
                        start_delay_s=self._arguments.interval * number / count,
                        counters=self._counters,
                        spacing=spacing,
                    )
                    self.tasks[name] = asyncio.create_task(poller.run(), name=f"meter {name}")

    async def run(self):
        """Soak, heal, wait for everybody; return the figures."""
        loop, arguments = asyncio.get_running_loop(), self._arguments
        self.build()
        await self._all_whole(60, since=0)
        start_s = loop.time()
        cpu_s = sum(os.times()[:2])
        began_with = open_files()
        self._meters.tell("start")
        memory, files = [], []
        end_s = start_s + arguments.minutes * 60
        while loop.time() < end_s:
            await asyncio.sleep(min(10, max(end_s - loop.time(), 0.01)))
            gc.collect()
            memory.append(resident_mb())
            files.append(open_files())
            if len(memory) % 6 == 0:
                print(f"{loop.time() - start_s:5.0f} s  {memory[-1]:.1f} MB  {files[-1]} files", flush=True)
        cpu_s = sum(os.times()[:2]) - cpu_s
        struck = await asyncio.to_thread(self._meters.tell, "heal")
        healed_s = loop.time()
        before = {name: diary.whole for name, diary in self.diaries.items()}
        await self._all_whole(READ_AGAIN_WITHIN_S + 30, since=before)
        read_again_s = loop.time() - healed_s
        not_again = [
            f"{name}: {[(value.key, value.value, value.quality) for value in diary.last]}"
            for name, diary in self.diaries.items()
            if diary.whole <= before[name]
        ]
        dead = [name for name, task in self.tasks.items() if task.done()]
        figures = {
            "meters": len(self.diaries),
            "minutes": arguments.minutes,
            "seed": arguments.seed,
            "faults struck": dict(sorted(struck.items())),
            "samples": {kind: sum(len(d.at_s) for d in self._of(kind)) for kind in ("well", "bus", "sick")},
            "well": lateness(self._of("well"), arguments.interval, start_s, healed_s),
            "bus": lateness(self._of("bus"), arguments.interval, start_s, healed_s),
            "cycles failed, by stage": self._failed(),
            "requests asked again": self._total("dlms_meter_retries_total", level="request"),
            "late answers dropped": self._total("dlms_meter_late_answers_total"),
            "wrong values": sum(len(diary.wrong) for diary in self.diaries.values()),
            "all read again after s": round(read_again_s, 1),
            "not read again": not_again,
            "dead tasks": dead,
            "complaints of the loop": self.complaints,
            "open files": {
                "when all began": began_with,
                "least": min(files),
                "most": max(files),
                "when all are well": open_files(),
            },
            "memory MB": [round(memory[len(memory) // 3], 1), round(max(memory), 1), round(memory[-1], 1)],
            "reader CPU %": round(100 * cpu_s / (arguments.minutes * 60), 1),
        }
        await self.stop(figures)
        return figures

    async def stop(self, figures):
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        figures["links left open"] = sum(link.is_open for link in self.links)
        await asyncio.sleep(0.1)
        figures["tasks left"] = len(asyncio.all_tasks()) - 1

    def _total(self, name, **labels):
        """Return the sum of a metric over all meters."""
        wanted = labels.items()
        found = [one for family in self._metrics.registry.collect() for one in family.samples if one.name == name]
        return int(sum(one.value for one in found if wanted <= one.labels.items()))

    def _failed(self):
        stages = ("tcp", "timeout", "association", "auth", "access", "decode", "framing")
        counts = {stage: self._total("dlms_meter_errors_total", stage=stage) for stage in stages}
        return {stage: count for stage, count in counts.items() if count}

    def _of(self, kind):
        return [diary for diary in self.diaries.values() if diary.kind == kind]

    async def _all_whole(self, patience_s, since):
        """Wait until every meter has given one more whole sample."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while not all(diary.whole > (since[name] if since else 0) for name, diary in self.diaries.items()):
                    await asyncio.sleep(0.1)


def lateness(diaries, interval_s, start_s, end_s):
    """Return how late samples came on their meter's grid, seconds, and how many of the grid are missing.

    The grid is laid through the meter's earliest sample.
    """
    late_s, missing = [], 0
    for diary in diaries:
        at_s = [at_s for at_s in diary.at_s if start_s <= at_s <= end_s]
        if not at_s:
            missing += int((end_s - start_s) / interval_s)
            continue
        steps = [round((one - at_s[0]) / interval_s) for one in at_s]
        off_s = [one - step * interval_s for one, step in zip(at_s, steps, strict=True)]
        late_s += [off - min(off_s) for off in off_s]
        missing += steps[-1] + 1 - len(set(steps))
        missing += max(int((at_s[0] - start_s) / interval_s), 0) + max(int((end_s - at_s[-1]) / interval_s), 0)
    late_s.sort()
    if not late_s:
        return {"meters": len(diaries), "missing": missing}
    return {
        "meters": len(diaries),
        "missing": missing,
        "late p50 s": round(late_s[len(late_s) // 2], 4),
        "late p99 s": round(late_s[int(len(late_s) * 0.99)], 4),
        "late max s": round(late_s[-1], 4),
    }


def faults_of(figures):
    """Return what is not as it must be."""
    found = [
        key
        for key in ("wrong values", "not read again", "dead tasks", "complaints of the loop", "links left open")
        if figures[key]
    ]
    found += ["tasks left"] * (figures["tasks left"] > 0)
    # Neighbours of a sick meter are reported, not judged: one that answers each request just in time holds the line.
    found += ["a healthy meter's sample is missing"] * (figures["well"]["missing"] > 0)
    found += ["healthy meters are late"] * (figures["well"]["late p99 s"] > LATE_P99_S)
    found += ["slow to come back"] * (figures["all read again after s"] > READ_AGAIN_WITHIN_S)
    files_wanted = figures["open files"]["when all began"]
    found += ["files"] * (figures["open files"]["when all are well"] > files_wanted)
    found += ["memory"] * (figures["memory MB"][2] > figures["memory MB"][0] + GROWTH_MB)
    return found


def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--interval", type=float, default=5, help="seconds from one cycle to the next")
    parser.add_argument("--processes", type=int, default=2, help="how many processes the meters are in")
    arguments = parser.parse_args()
    logger.remove()
    made = specs(arguments.meters, random.Random(arguments.seed))
    meters = Meters(made, arguments.processes, arguments.seed)
    try:
        with TemporaryDirectory() as folder:  # for the invocation counters
            figures = uvloop.run(Soak(arguments, meters, Path(folder)).run())
    finally:
        meters.close()
    found = faults_of(figures)
    print(json.dumps(figures, indent=1))
    print("all as it must be" if not found else f"NOT as it must be: {', '.join(found)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
