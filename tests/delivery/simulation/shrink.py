"""A failing plan made small: whatever can be taken out of it while it still fails, is.

"Still fails" means with a problem of the same kind (its words without figures), so that one fault is not swapped for
another on the way.
"""

from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING

from tests.delivery.simulation.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DEFAULT = Plan()


def kind(problem: str) -> str:
    """The problem without its figures."""
    first = problem.split("\n", maxsplit=1)[0].split("|", maxsplit=1)[0]
    return re.sub(r"\d+(\.\d+)?", "#", first)[:60]


def smaller(plan: Plan) -> Iterator[Plan]:  # noqa: C901 - one thing after another
    """Plans that are a little less than this one, the boldest first."""
    for count in (len(plan.faults), len(plan.faults) // 2, 1):
        for start in range(0, len(plan.faults), count) if count else ():
            yield dataclasses.replace(plan, faults=plan.faults[:start] + plan.faults[start + count :])
    for meters in sorted({1, plan.meters // 4, plan.meters // 2, plan.meters - 1}):
        if 0 < meters < plan.meters and not plan.as_device:
            yield dataclasses.replace(plan, meters=meters, room=min(plan.room, meters))
    for name in ("backlog", "room", "room_from_s", "bad_names", "drop_every", "jitter_s", "disk_s", "keys", "version",
                 "tenant", "gateway", "device", "untold", "up_bytes_s", "down_bytes_s", "delay_s", "commit_s",
                 "interval_s", "store_rate_per_s"):  # fmt: skip
        if getattr(plan, name) != getattr(_DEFAULT, name):
            yield dataclasses.replace(plan, **{name: getattr(_DEFAULT, name)})
    if plan.backlog > 1:
        yield dataclasses.replace(plan, backlog=plan.backlog // 2)
    last_s = max((fault.at_s for fault in plan.faults), default=0.0)
    if plan.feed_s > 20 and last_s < plan.feed_s * 0.6:
        yield dataclasses.replace(plan, feed_s=round(max(20.0, last_s + 1, plan.feed_s * 0.6), 1))
    for number, fault in enumerate(plan.faults):
        if fault.for_s > 5:
            shorter = dataclasses.replace(fault, for_s=round(fault.for_s / 2, 2))
            yield dataclasses.replace(plan, faults=(*plan.faults[:number], shorter, *plan.faults[number + 1 :]))


def shrink(plan: Plan, problem: str, problem_of: Callable[[Plan], str], *, patience_s: float = 30.0) -> Plan:
    """The smallest plan found that has a problem of the same kind.

    Args:
        plan: it fails.
        problem: how.
        problem_of: runs a plan.
        patience_s: real seconds to spend.
    """
    until_s, wanted = time.monotonic() + patience_s, kind(problem)
    found = True
    while found:
        found = False
        for candidate in smaller(plan):
            if time.monotonic() > until_s:
                return plan
            if kind(problem_of(candidate)) == wanted:
                plan, found = candidate, True
                break
    return plan
