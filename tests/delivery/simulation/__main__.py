"""Look for trouble, by hand or for a night.

    python -m tests.delivery.simulation --seeds 1000000     seeds 0 to 999,999, two processes
    python -m tests.delivery.simulation --seed 812          one of them, and what came of it
    python -m tests.delivery.simulation --via direct        without Mosquitto, on MQTT 5
    python -m tests.delivery.simulation --plan '{…}'        a plan as a failure printed it
    python -m tests.delivery.simulation --bite puback       with a fault put back into the wing
    python -m tests.delivery.simulation --scenario limits   the fixed regimes, as a table

A failing seed is made small and printed as one command. The exit code is 1 when anything failed.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from tests.delivery.simulation import bites, scenarios
from tests.delivery.simulation.plan import Plan, draw
from tests.delivery.simulation.run import run
from tests.delivery.simulation.search import search
from tests.delivery.simulation.shrink import shrink


def main() -> int:
    """Run by hand."""
    arguments = argparse.ArgumentParser(prog="python -m tests.delivery.simulation", description=__doc__)
    arguments.formatter_class = argparse.RawDescriptionHelpFormatter
    arguments.add_argument("--seeds", type=int, default=2000)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--seed", type=int)
    arguments.add_argument("--plan")
    arguments.add_argument("--bite", choices=sorted(bites.BITES))
    arguments.add_argument("--scenario", choices=[*sorted(scenarios.SCENARIOS), "all"])
    arguments.add_argument("--via", choices=["mosquitto", "direct"], default="mosquitto")
    arguments.add_argument("--processes", type=int, default=2)
    arguments.add_argument("--failures", type=int, default=5, help="stop after so many")
    arguments.add_argument("--no-shrink", action="store_true")
    arguments.add_argument("--log", action="store_true", help="the wing's own log, with --seed or --plan")
    arguments.add_argument("--trace", action="store_true", help="every packet at ThingsBoard, with --seed or --plan")
    chosen = arguments.parse_args()
    if chosen.scenario:
        return scenarios.show(chosen.scenario, chosen.via)
    if chosen.plan or chosen.seed is not None:
        return _one(Plan.read(chosen.plan) if chosen.plan else draw(chosen.seed, chosen.via), chosen)
    found = search(
        range(chosen.first, chosen.first + chosen.seeds),
        bite=chosen.bite,
        via=chosen.via,
        processes=chosen.processes,
        failures=1 if chosen.bite else chosen.failures,
        say=print,
    )
    print(found)
    for failure in found.failures:
        _tell(failure.plan, failure.problem, chosen)
    return bool(found.failures)


def _one(plan: Plan, chosen: argparse.Namespace) -> int:
    with bites.put_back(chosen.bite):
        result = run(plan, log=chosen.log, trace=print if chosen.trace else None)
    print(plan.text())
    print(
        f"{result.samples} samples, {result.virtual_s:.0f} s in {result.took_s:.2f} s, {result.sessions} sessions, "
        f"{result.rows_sent} rows sent, {result.early} confirmed early, longest standstill {result.stall_share:.0%} "
        f"and the way home {result.drain_share:.0%} of their bounds"
    )
    if result.problem:
        _tell(plan, result.problem, chosen)
    return bool(result.problem)


def _tell(plan: Plan, problem: str, chosen: argparse.Namespace) -> None:
    print(f"\nseed {plan.seed}: {problem}")
    small = plan
    if not chosen.no_shrink:
        with bites.put_back(chosen.bite):
            small = shrink(plan, problem, lambda candidate: run(candidate).problem)
    bite = f" --bite {chosen.bite}" if chosen.bite else ""
    print(f"    python -m tests.delivery.simulation{bite} --no-shrink --plan {shlex.quote(small.text())}")


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # a run is the same in every process
        os.execve(sys.executable, [sys.executable, "-m", "tests.delivery.simulation", *sys.argv[1:]],  # noqa: S606
                  {**os.environ, "PYTHONHASHSEED": "0"})  # fmt: skip
    raise SystemExit(main())
