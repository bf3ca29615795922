"""Fixed regimes that faults were found in, each measured against what its limit, line or server allows at best.

A scenario is some plans, and for each of them a line of a table: what came home, after how long, set against the best
that anybody could do there, and what it cost. Times are virtual. ``missing`` is what is neither at ThingsBoard nor with
us; it is 0 or the run failed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.delivery.simulation.judge import per_s
from tests.delivery.simulation.loop import STARTS_AT_S
from tests.delivery.simulation.plan import Fault, Plan
from tests.delivery.simulation.run import Result, run

if TYPE_CHECKING:
    from collections.abc import Callable

OPENING, PROOF = 2, 1
"""Regular messages: to open a device, to prove it."""


@dataclass(frozen=True)
class Case:
    """A line of the table.

    Args:
        name: what it is.
        plan: the run.
        best_s: seconds until the last sample could be home at best; 0 where that is no question.
    """

    name: str
    plan: Plan
    best_s: float = 0.0


@dataclass(frozen=True)
class Line:
    """What came of a case."""

    case: Case
    result: Result

    @property
    def first_s(self) -> float:
        """From the start to the first sample that is stored."""
        book = self.result.book
        return (book.first_confirmed_s or STARTS_AT_S) - STARTS_AT_S if book is not None else 0.0

    @property
    def last_s(self) -> float:
        """From the start to the last one."""
        book = self.result.book
        return book.last_confirmed_s - STARTS_AT_S if book is not None else 0.0

    @property
    def share(self) -> float:
        """Of what the limit allows at best."""
        return self.case.best_s / self.last_s if self.last_s else 0.0

    @property
    def home(self) -> int:
        """Samples that are stored."""
        return len(self.result.book.confirmed) if self.result.book is not None else 0

    def __str__(self) -> str:
        result, book = self.result, self.result.book
        rows = max(1, result.samples)
        share = f"{self.share:7.0%}" if self.case.best_s else "      -"
        twice = result.rows_sent / rows - 1
        waiting = book.waiting if book is not None else 0
        return (
            f"{self.case.name:42} {result.samples:7} {self.home:7} {waiting:6} {self.first_s:8.1f} {self.last_s:8.1f} "
            f"{self.case.best_s:8.1f} {share} {result.sessions:5} {twice:7.1%} {result.traffic:7.2f} "
            f"{result.took_s:6.1f}  {(result.problem or 'ok').splitlines()[0][:90]}"
        )


HEAD = (
    f"{'':42} {'samples':>7} {'home':>7} {'waits':>6} {'first s':>8} {'last s':>8} {'best s':>8} {'share':>7} "
    f"{'sess.':>5} {'twice':>7} {'traffic':>7} {'real s':>6}"
)


def _limits() -> list[Case]:
    cases = []
    for meters in (60, 200, 1000):
        for text, untold in (("20:1,600:60", False), ("10:1,100:60", False), ("5:1", True)):
            limits = (text, text, "")
            plan = Plan(meters=meters, keys=5, interval_s=10.0, feed_s=180.0)
            plan = dataclasses.replace(plan, **{"tenant" if untold else "gateway": limits})
            rate = per_s(text)
            best_s = max(plan.feed_s, meters * (OPENING + PROOF) / rate, meters / rate)
            told = "untold, the tenant's" if untold else "told"
            cases.append(Case(f"{meters} meters, {text} {told}", plan, best_s))
    return cases


def _database() -> list[Case]:
    cases = []
    for away_s in (20.0, 110.0, 600.0):
        plan = Plan(
            meters=20, keys=5, interval_s=1.0, feed_s=away_s + 120, faults=(Fault(30.0, "database_away", away_s),)
        )
        cases.append(Case(f"database away for {away_s:.0f} s, 20 samples/s", plan, plan.feed_s))
    plan = Plan(meters=60, keys=5, interval_s=10.0, feed_s=300.0, backlog=1000)
    plan = dataclasses.replace(
        plan, faults=(Fault(5.0, "database_away", 115.0), Fault(150.0, "thingsboard_kill", 30.0))
    )
    cases.append(Case("the same for 115 s, 60,000 waiting, then a kill", plan, plan.feed_s))
    return cases


def _kills() -> list[Case]:
    faults = tuple(Fault(float(at_s), "thingsboard_kill", 1.0) for at_s in range(15, 1800, 30))
    plan = Plan(meters=20, keys=5, interval_s=5.0, feed_s=1800.0, faults=faults)
    return [
        Case("killed every 30 s for half an hour", plan, plan.feed_s),
        Case("the same with 50,000 waiting", dataclasses.replace(plan, backlog=2500), plan.feed_s),
    ]


def _lines() -> list[Case]:
    cases = []
    for name, bytes_s, delay_s in (
        ("20 kbit/s", 2500.0, 0.15),
        ("9.6 kbit/s", 1200.0, 0.3),
        ("1.2 kbit/s", 150.0, 0.3),
        ("500 ms round trip", 0.0, 0.25),
        ("2 s round trip", 0.0, 1.0),
    ):
        plan = Plan(meters=10, keys=3, interval_s=60.0, feed_s=600.0, backlog=50, delay_s=delay_s)
        plan = dataclasses.replace(plan, up_bytes_s=bytes_s, down_bytes_s=bytes_s)
        payload = plan.samples * (36 + 14 * 2 + 8)
        best_s = max(plan.feed_s, payload / bytes_s if bytes_s else 0.0)
        cases.append(Case(f"{name}, 10 meters, 500 samples waiting", plan, best_s))
        dark = dataclasses.replace(
            plan, backlog=0, interval_s=20.0, feed_s=1800.0, faults=(Fault(120.0, "line_dark", 500.0),)
        )
        cases.append(Case(f"{name}, dark for 500 s", dark, 1800.0))
    return cases


def _parked() -> list[Case]:
    plan = Plan(meters=60, keys=5, interval_s=10.0, feed_s=900.0)
    one = dataclasses.replace(plan, room=59, room_from_s=600.0)
    bad = dataclasses.replace(plan, bad_names=1)
    cases = [Case("60 devices, all can be had", plan, 900.0), Case("one of 60 cannot until 600 s", one, 900.0)]
    older = [
        Case(f"the same on {version}", dataclasses.replace(one, version=version), 900.0)
        for version in ("3.6.4", "3.9.1", "4.2.1")
    ]
    return [*cases, *older, Case("one has a name that is refused", bad, 900.0)]


def _sessions() -> list[Case]:
    faults = tuple(Fault(float(at_s), "thingsboard_closes") for at_s in range(60, 1200, 60))
    plan = Plan(meters=100, keys=5, interval_s=10.0, feed_s=1200.0, delay_s=0.25, faults=faults)
    return [Case("100 meters, 500 ms, sessions of 60 s", plan, 1200.0)]


def _closes() -> list[Case]:
    return [
        Case(
            f"20 meters, closed at every {every}th message",
            Plan(meters=20, keys=5, feed_s=300.0, drop_every=every),
            300.0,
        )
        for every in (3, 5, 9)
    ]


def _backlog() -> list[Case]:
    plan = Plan(meters=50, keys=5, interval_s=5.0, feed_s=100.0, backlog=17_280)
    return [
        Case(
            "a day of 50 meters at 5 s, 6,000 stored a second", plan, plan.meters * plan.backlog / plan.store_rate_per_s
        )
    ]


SCENARIOS: dict[str, Callable[[], list[Case]]] = {
    "limits": _limits,
    "database": _database,
    "kills": _kills,
    "lines": _lines,
    "parked": _parked,
    "sessions": _sessions,
    "closes": _closes,
    "backlog": _backlog,
}


def show(name: str, via: str = "mosquitto") -> int:
    """Run a scenario, or all of them, on a way and print its table; returns 1 when a case failed."""
    failed = False
    for one in SCENARIOS if name == "all" else (name,):
        print(f"{one}, {via}\n{HEAD}")
        for case in SCENARIOS[one]():
            line = Line(case, run(dataclasses.replace(case.plan, via=via)))
            failed = failed or bool(line.result.problem)
            print(line, flush=True)
        print()
    return int(failed)
