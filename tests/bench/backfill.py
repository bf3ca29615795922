"""History of a fleet read back while it is read live: ``python -m tests.bench.backfill --meters 1000 --days 3``.

The real bridge in a process of its own on one processor, simulated meters with a load profile of 15 minutes and a real
mosquitto on another; nothing is upstream, so the broker's acknowledgement confirms. The same fleet is read twice, first
without back-fill for ``--seconds``, then with it until every meter's history is there. Tells the time to complete, how
late live cycles are and how old live samples at a subscriber, both ways. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.fleet import Fleet, show, wait_for_all
from tests.bench.fleet_processes import Arrivals, Bridge, Loads
from tests.bench.load import allow_files, files_allowed
from tests.bench.process import cpu_s, memory_mb, quantile
from tests.bench.rounds import LOAD_CPU, pin
from tests.fakes.broker import listener, running_broker

if TYPE_CHECKING:
    from typing import Any

LOOK_EVERY_S = 5.0
_LIVE = re.compile(rb'"ts":(\d+),"values":\{"voltage_l1"')


class LiveArrivals(Arrivals):
    """What a subscriber saw of live samples; history is passed over."""

    def take(self, _topic: str, payload: bytes, _retained: bool) -> None:
        """One message."""
        now_s = time.time()
        self.delays_s += [now_s - int(ts_ms) / 1000 for ts_ms in _LIVE.findall(payload)]


def run(fleet: Fleet, *, backfill: bool, seconds: float) -> dict[str, Any]:
    """Read a fleet and return its figures; with back-fill until all is there, ``seconds`` at the longest."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as alive:
        folder = Path(name)
        broker = alive.enter_context(running_broker(folder))
        pin(broker._process.pid, LOAD_CPU)
        load = Loads(fleet, alive)
        fleet.write(folder, load.port)
        arrivals = LiveArrivals()
        alive.enter_context(listener(broker.port, "v1/gateway/telemetry", on_message=arrivals.take))
        settings = {"LEDGER__ENABLED": str(backfill).lower(), "LEDGER__REQUESTS_PER_HOUR": "3600"}
        began_s = time.monotonic()
        bridge = alive.enter_context(Bridge(folder, broker, fleet, **settings))
        pid, used_s = bridge.process.pid, 0.0
        wait_for_all(load, bridge, fleet)
        left, series = -1, []
        while left and time.monotonic() - began_s < seconds:
            time.sleep(LOOK_EVERY_S)
            if backfill:
                left, done = progress(folder / "data" / "ledger.db", fleet)
                series.append((time.monotonic() - began_s, done))
        took_s = time.monotonic() - began_s
        live = sorted(arrivals.delays_s)
        counts, seen = load.counts(), load.lateness(skip=1)
        page = bridge.page()
        late = page.buckets("dlms_cycle_lateness_seconds")
        done = series[-1][1] if series else 0
        return {
            "seconds": took_s,
            "intervals had": done,
            "intervals left": left,
            "intervals a second": done / took_s,
            "30 days of these meters, minutes": fleet.meters * 2880 / (done / took_s) / 60 if done else None,
            "questions for history a second": counts["gets"] / took_s,
            "live cycles, late p50, ms": seen["p50_s"] * 1000,
            "live cycles, late p99, ms": seen["p99_s"] * 1000,
            "live cycles, late worst, ms": seen["max_s"] * 1000,
            "live cycles missed": seen["missed"],
            "late p50 by the bridge's histogram, below ms": quantile({}, late, 0.50) * 1000,
            "late p99 by the bridge's histogram, below ms": quantile({}, late, 0.99) * 1000,
            "event loop lag at the end, ms": page.value("dlms_bridge_event_loop_lag_seconds") * 1000,
            "live samples, old p50, s": live[len(live) // 2],
            "live samples, old p99, s": live[int(len(live) * 0.99)],
            "CPU, share of a core": (cpu_s(pid) - used_s) / took_s,
            "memory, MB": memory_mb(pid),
        }


def progress(path: Path, fleet: Fleet) -> tuple[int, int]:
    """Return how many intervals are still to come, and how many are had; -1 while some meter is not known."""
    if not path.exists():
        return -1, 0
    with sqlite3.connect(path, timeout=10) as db:
        meters = db.execute("SELECT count(*) FROM histories").fetchone()[0]
        states = dict(db.execute("SELECT state, sum(end_ms - start_ms) / 900000 FROM ranges GROUP BY state"))
    db.close()
    left = int(states.get(0, 0) + states.get(1, 0))
    # What ended within the last minutes is still to come for a while.
    had = int(states.get(2, 0))
    return (max(left - fleet.meters, 0) if meters == fleet.meters and had else -1), had


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=1000)
    parser.add_argument("--days", type=float, default=3)
    parser.add_argument("--interval", type=float, default=10)
    parser.add_argument("--behind", type=int, default=0, help="so many converters share the meters among them")
    parser.add_argument("--seconds", type=float, default=60, help="without back-fill")
    parser.add_argument("--longest", type=float, default=600, help="with back-fill, at the longest")
    arguments = parser.parse_args()
    allow_files(min(2 * arguments.meters + 200, files_allowed()))
    fleet = Fleet(
        arguments.meters, arguments.interval, 4, arguments.behind, framing="wrapper", history_days=arguments.days
    )
    for title, backfill, seconds in (
        ("without back-fill", False, arguments.seconds),
        (f"with back-fill of {arguments.days:g} days", True, arguments.longest),
    ):
        print(f"--- {title}")
        show(run(fleet, backfill=backfill, seconds=seconds))


if __name__ == "__main__":
    main()
