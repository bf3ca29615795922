"""One run: a plan in, what came of it out. Cleans up behind itself."""

from __future__ import annotations

import asyncio
import gc
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from tests.delivery.simulation.book import Book, Violation
from tests.delivery.simulation.loop import Steps, Stuck, VirtualLoop
from tests.delivery.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.delivery.simulation.plan import Plan

_MEMORY = Path("/dev/shm")  # noqa: S108 - a RAM disk where there is one: a run writes thousands of commits
_STEPS_A_SAMPLE, _STEPS_A_SECOND, _STEPS = 150, 100, 300_000


@dataclass
class Result:
    """What came of a run.

    Args:
        problem: what must not be; empty when all held.
        took_s: seconds of CPU.
        virtual_s: seconds of the run.
        steps: turns of the loop.
        samples: how many were given.
        stall_share: the longest standstill that counted, against its bound.
        drain_share: the time to bring all home, against its bound.
        sessions: with ThingsBoard.
        rows_sent: rows that reached ThingsBoard, each time they did.
        early: samples that were confirmed before they were stored.
        traffic: bytes on the line upwards, headers included, for each byte of the samples themselves said once.
        book: of the run, for who wants to know more.
    """

    problem: str
    took_s: float
    virtual_s: float = 0.0
    steps: int = 0
    samples: int = 0
    stall_share: float = 0.0
    drain_share: float = 0.0
    sessions: int = 0
    rows_sent: int = 0
    early: int = 0
    traffic: float = 0.0
    book: Book | None = None


def run(plan: Plan, *, log: bool = False, trace: Callable[[str], None] | None = None) -> Result:
    """Run it; never raises for what the run finds.

    Args:
        plan: of the run.
        log: whether the wing's own log is shown.
        trace: hears every packet at ThingsBoard.
    """
    began = time.process_time()
    folder = Path(tempfile.mkdtemp(prefix="simulation-", dir=_MEMORY if _MEMORY.is_dir() else None))
    most_steps = _STEPS + _STEPS_A_SAMPLE * plan.samples + int(_STEPS_A_SECOND * plan.feed_s)
    loop = VirtualLoop(most_steps=most_steps)
    (logger.enable if log else logger.disable)("bridge")
    world: World | None = None
    problem = ""

    async def running() -> None:
        nonlocal world
        world = World(plan, loop, folder)
        world.server.trace = trace
        await world.run()

    collecting = gc.isenabled()
    gc.disable()
    asyncio.set_event_loop(None)
    try:
        loop.run_until_complete(running())
    except (Violation, Stuck, Steps) as found:
        problem = str(found)
        if world is not None and not isinstance(found, Violation):
            problem += f" | {world.judge.state()}"
    except Exception as error:
        problem = f"the simulation itself fell over: {error!r}"
        if world is None:
            raise
    finally:
        _close(loop)
        logger.enable("bridge")  # the log of whatever comes after in this process is not ours to silence
        shutil.rmtree(folder, ignore_errors=True)
        if collecting:
            gc.enable()
        logger.enable("bridge")  # what is run in this process afterwards has its log
    if world is None:
        return Result(problem, time.process_time() - began)
    return Result(
        problem,
        time.process_time() - began,
        loop.time() - world.began_s,
        loop.steps,
        len(world.book.given),
        world.judge.longest_stall,
        world.judge.drain_share,
        world.model.counts["sessions"],
        world.server.rows_sent,
        world.book.early,
        world.line.bytes_up / max(1, world.payload_bytes),
        world.book,
    )


def _close(loop: VirtualLoop) -> None:
    loop.give(1000)
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    for _ in range(50):
        if not asyncio.all_tasks(loop):
            break
        loop._run_once()
    loop._selector = None
    loop.close()
