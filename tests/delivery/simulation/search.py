"""Many seeds, on several processes; the failures of all of them."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.delivery.simulation import bites
from tests.delivery.simulation.plan import Plan, draw
from tests.delivery.simulation.run import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_CHUNK = 8
_SAY_EVERY_S = 60.0


@dataclass(frozen=True)
class Failure:
    """A plan and what came of it."""

    plan: Plan
    problem: str


@dataclass
class Found:
    """What a search found.

    Args:
        seeds: how many were run.
        took_s: real seconds.
        samples: of all runs.
        virtual_s: of all runs.
        sessions: of all runs.
        failures: the seeds that failed.
        worst_stall: the longest standstill that counted, against its bound, of those that did not fail.
        worst_drain: the longest way home, the same.
        early: samples that were confirmed before they were stored.
    """

    seeds: int = 0
    took_s: float = 0.0
    samples: int = 0
    virtual_s: float = 0.0
    sessions: int = 0
    failures: list[Failure] = field(default_factory=list)
    worst_stall: float = 0.0
    worst_drain: float = 0.0
    early: int = 0

    def __str__(self) -> str:
        return (
            f"{self.seeds} seeds in {self.took_s:.0f} s ({1000 * self.took_s / max(1, self.seeds):.0f} ms each) | "
            f"{self.samples} samples, {self.virtual_s / 86400:.1f} days, {self.sessions} sessions | "
            f"{len(self.failures)} failed | longest standstill {self.worst_stall:.0%}, way home {self.worst_drain:.0%} "
            f"of their bounds | {self.early} confirmed before they were stored"
        )


def search(
    seeds: Iterable[int],
    *,
    bite: str | None = None,
    via: str = "mosquitto",
    processes: int = 2,
    failures: int = 5,
    say: Callable[[str], None] = lambda _: None,
) -> Found:
    """Run the seeds until all are through or so many have failed.

    Args:
        seeds: which.
        via: the way to ThingsBoard.
        bite: a fault to put back into the wing.
        processes: how many; 1 for none beside this one.
        failures: enough.
        say: hears now and then how far it is.
    """
    found, began_s = Found(), time.monotonic()
    said_s = began_s
    for seed, result in _results(seeds, bite, via, processes):
        found.seeds += 1
        found.samples += result.samples
        found.virtual_s += result.virtual_s
        found.sessions += result.sessions
        found.early += result.early
        if result.problem:
            found.failures.append(Failure(draw(seed, via), result.problem))
            say(f"seed {seed}: {result.problem.splitlines()[0]}")
        else:
            found.worst_stall = max(found.worst_stall, result.stall_share)
            found.worst_drain = max(found.worst_drain, result.drain_share)
        found.took_s = time.monotonic() - began_s
        if time.monotonic() - said_s > _SAY_EVERY_S:
            said_s = time.monotonic()
            say(str(found))
        if len(found.failures) >= failures:
            break
    return found


def _results(seeds: Iterable[int], bite: str | None, via: str, processes: int) -> Iterator[tuple[int, object]]:
    work = ((seed, bite, via) for seed in seeds)
    if processes <= 1:
        yield from map(_one, work)
        return
    with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=200) as pool:
        yield from pool.imap_unordered(_one, work, chunksize=_CHUNK)


def _one(work: tuple[int, str | None, str]) -> tuple[int, object]:
    seed, bite, via = work
    with bites.put_back(bite):
        result = run(draw(seed, via))
    if bite and result.problem and run(draw(seed, via)).problem:
        result.problem = ""  # it fails without the bite as well: that shows nothing
    result.book = None
    return seed, result
