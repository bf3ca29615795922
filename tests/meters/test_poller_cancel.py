"""A poller that is cancelled wherever it happens to be leaves nothing behind: no task, no descriptor, no timer."""

import asyncio
import gc
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

import pytest

from bridge.demo import Faults, MeterMemory, MeterServer
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from bridge.dlms.hdlc_frames import exchanges
from bridge.errors import MeterError
from bridge.meters.counter_store import CounterStore
from bridge.meters.refused_secrets import RefusedSecrets
from tests.meters.plant import fixed_load

LOOPS = ("asyncio", "uvloop")

KEYS = {"encryption_key": DEMO_ENCRYPTION_KEY.hex(), "authentication_key": DEMO_AUTHENTICATION_KEY.hex()}


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def pollers_tasks():
    return [task for task in asyncio.all_tasks() if task.get_name().startswith("meter ")]


def timers_of_links():
    """What is still scheduled on asyncio's own loop for a link or a poller; uvloop does not show it."""
    scheduled = getattr(asyncio.get_running_loop(), "_scheduled", ())
    return [handle for handle in scheduled if not handle.cancelled() and "bridge.meters" in repr(handle)]


KINDS = {
    "hdlc": ("hdlc", {}, {}),
    "wrapper": ("wrapper", {}, {}),
    "mode-e": ("hdlc-mode-e", {}, {}),
    "gaps": ("hdlc", {}, {"frame_gap_s": 0.001, "reconnect_gap_s": 0.002}),
    "ciphered": ("wrapper", {"security": "authenticated-encryption"}, KEYS),
    "refused": ("hdlc", {"password": "another"}, {}),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_cancelled_at_any_step_it_leaves_nothing(plant, kind, tmp_path):
    framing, meter, settings = KINDS[kind]
    port = await plant.meter(framing, make=partial(MeterServer, framing=framing, load=fixed_load, **meter))
    rng = Random(kind)
    loop = asyncio.get_running_loop()
    complaints = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    async with asyncio.timeout(90):
        # Once through, so that what stays for good (threads, caches) is there before it is counted.
        plant.read("warm", port, framing, **settings)
        await asyncio.sleep(0.1)
        await cancel(plant)
        before = open_files()
        for steps in range(150):
            poller = {
                "counters": CounterStore(tmp_path / "counters.db"),
                "refusals": RefusedSecrets(tmp_path / str(steps)),
            }
            plant.read("main", port, framing, interval=0.002, poller=poller, **settings)
            asked = asyncio.create_task(plant.pollers["main"].read_now())
            for _ in range(steps):
                await asyncio.sleep(0)
            if steps % 3 == 0:
                await asyncio.sleep(rng.uniform(0, 0.02))  # threads, timers and the network have had their turn
            anew = asked
            if steps % 5 == 0:
                anew = asyncio.create_task(_reconnect(plant.pollers["main"]))
                await asyncio.sleep(0)
            await cancel(plant, twice_after=rng.randrange(8) if steps % 2 else None)
            await asyncio.wait([asked, anew])  # answered or told that there is none, never left
            asked.exception()
            link = plant.links.pop(port)
            assert link._members == 0
            assert link._stream is None
            assert not link.turn().locked()
            assert not pollers_tasks()
            assert not timers_of_links()
            assert plant.connecting._value == 50
        gc.collect()
        while open_files() > before:  # the meter's side, and threads that are at work still
            await asyncio.sleep(0.05)
    assert not complaints


async def _reconnect(poller):
    """Ask for a reconnect: a meter that is left alone refuses it, and none comes when the poller ends."""
    with suppress(MeterError):
        await poller.reconnect()


async def cancel(plant, twice_after=None):
    """Cancel the poller, and perhaps once more while it is at releasing the meter."""
    [task] = plant.tasks
    task.cancel()
    if twice_after is not None:
        for _ in range(twice_after):
            await asyncio.sleep(0)
        task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()
    plant.tasks.clear()


async def test_many_meters_on_one_link_cancelled_at_random_leave_nothing(plant):
    makers = [partial(MeterServer, server=number, load=fixed_load, memory=MeterMemory()) for number in range(1, 6)]
    port = await plant.meter(make=makers)
    rng = Random(7)
    async with asyncio.timeout(60):
        for _ in range(25):
            for number in range(1, 6):
                plant.read(f"m{number}", port, server=number, interval=0.003)
            tasks = list(plant.tasks)
            plant.tasks.clear()
            rng.shuffle(tasks)
            for task in tasks:
                await asyncio.sleep(rng.uniform(0, 0.01))
                task.cancel()
            await asyncio.wait(tasks)
            link = plant.links.pop(port)
            assert link._members == 0
            assert link._stream is None
            assert not link.turn().locked()
            assert not pollers_tasks()
            assert not timers_of_links()


async def test_hundreds_of_failures_and_reconnects_leave_no_object_behind(plant):
    """Every second connection is reset in the middle of a frame, every second answer is lost or bent."""
    faults = Faults({"reset": 0.1, "drop": 0.1, "corrupt": 0.1, "late": 0.1}, seed=1)
    port = await plant.meter(make=partial(MeterServer, load=fixed_load, faults=faults, memory=MeterMemory()))
    plant.read("main", port, interval=0.001, timeout=0.005, retries=1)

    async def objects_after(failures):
        state = plant.pollers["main"].state
        wanted = state.cycles_failed + failures
        while state.cycles_failed < wanted:
            await asyncio.sleep(0.02)
            while not plant.samples.empty():
                plant.samples.get_nowait()
            plant.notices.clear()
            plant.lines.clear()
        exchanges.cache_clear()  # bounded by its size, and not by now full
        gc.collect()
        return Counter(type(one).__name__ for one in gc.get_objects())

    async with asyncio.timeout(90):
        before = await objects_after(25)
        after = await objects_after(80)
    grown = {name: count - before[name] for name, count in after.items() if count - before[name] > 40}
    assert not grown
