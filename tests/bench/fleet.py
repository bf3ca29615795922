"""Thousands of meters in one bridge: ``python -m tests.bench.fleet --meters 10000 --seconds 60``.

The real bridge in a process of its own on one processor; simulated meters and a real mosquitto on another. Nothing is
upstream, so the broker's acknowledgement confirms. ``/metrics`` is fetched every 5 s meanwhile, as the stack's
Prometheus does. A small fleet runs first: memory a meter is the difference between the two.

Lateness is told twice: by the bridge's own histogram (an upper bound, the bucket's), and by what the meters saw, each
against the earliest of its own cycles. The timed window begins when all are associated and have settled; cycles of
those that read already while the others associate are told apart. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.addresses import address
from tests.bench.answers import PASSWORD, REGISTERS
from tests.bench.fleet_processes import Arrivals, Bridge, Loads
from tests.bench.load import allow_files, files_allowed
from tests.bench.process import cpu_s, memory_mb, quantile
from tests.bench.rounds import LOAD_CPU, pin
from tests.fakes.broker import listener, running_broker

if TYPE_CHECKING:
    from typing import Any


SCRAPE_EVERY_S = 5.0


RAMP_PATIENCE_S, RAMP_PATIENCE_A_METER_S = 30.0, 0.03


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many meters, where, and how they are read."""

    meters: int
    interval_s: float = 10.0
    registers: int = 10
    behind: int = 0
    """Converters that share the meters among them; 0 gives each meter a connection of its own."""
    lists: bool = True
    framing: str = "hdlc"
    history_days: float = 0
    """How far the meters' load profiles reach back; 0 for meters without."""

    @property
    def each(self) -> int:
        """Meters on one connection."""
        return self.meters // self.behind if self.behind else 1

    def resized(self, meters: int) -> Fleet:
        """The same fleet with about so many meters."""
        converters = max(1, meters // self.each)
        return Fleet(
            converters * self.each,
            self.interval_s,
            self.registers,
            converters if self.behind else 0,
            self.lists,
            self.framing,
            self.history_days,
        )

    def write(self, folder: Path, port: int) -> None:
        """Write the profile and the list of meters for the bridge."""
        (folder / "profiles").mkdir()
        lines = [f'framing = "{self.framing}"', "client = 1", *([] if self.lists else ["list_items = 0"])]
        for register in REGISTERS[: self.registers]:
            lines += ["[[registers]]", f'key = "{register.key}"', f'obis = "{register.obis}"']
        if self.history_days:
            lines += ["[[load_profiles]]", 'obis = "1-0:99.1.0"', 'keys = { "1-0:1.8.0" = "energy" }']
        (folder / "profiles" / "simulated.toml").write_text("\n".join(lines) + "\n")
        rows = [
            f"m{n:05d},{address(n // self.each)},{port},simulated,{1 + n % self.each},{PASSWORD}"
            for n in range(self.meters)
        ]
        (folder / "meters.csv").write_text("name,host,port,profile,server,password\n" + "\n".join(rows) + "\n")


def run(fleet: Fleet, seconds: float) -> dict[str, Any]:
    """Run a fleet and return its figures."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as alive:
        folder = Path(name)
        broker = alive.enter_context(running_broker(folder))
        pin(broker._process.pid, LOAD_CPU)
        load = Loads(fleet, alive)
        fleet.write(folder, load.port)
        arrivals = Arrivals()
        alive.enter_context(listener(broker.port, "v1/gateway/telemetry", on_message=arrivals.take))
        began_s = time.monotonic()
        bridge = alive.enter_context(Bridge(folder, broker, fleet))
        wait_for_all(load, bridge, fleet)
        ramp_s = time.monotonic() - began_s
        ramp = load.lateness(skip=1)
        time.sleep(fleet.interval_s)
        return window(fleet, seconds, load, bridge, arrivals) | {"ramp_s": ramp_s, "ramp": ramp}


def wait_for_all(load: Loads, bridge: Bridge, fleet: Fleet) -> None:
    """Wait until every meter is associated.

    Raises:
        TimeoutError: they take several times what the bridge's own spacing asks for; the end of its log says why.
    """
    deadline_s = time.monotonic() + RAMP_PATIENCE_S + fleet.meters * RAMP_PATIENCE_A_METER_S
    while load.counts()["associations"] < fleet.meters:
        if time.monotonic() > deadline_s or bridge.process.poll() is not None:
            raise TimeoutError(f"{load.counts()}\n{bridge.log()}")
        time.sleep(0.25)


def window(fleet: Fleet, seconds: float, load: Loads, bridge: Bridge, arrivals: Arrivals) -> dict[str, Any]:
    """Measure for so long what a fleet that stands costs."""
    pid = bridge.process.pid
    before = bridge.page()
    load.clear()
    arrivals.delays_s.clear()
    began_s, used_s = time.monotonic(), cpu_s(pid)
    lags_s = []
    while (rest_s := began_s + seconds - time.monotonic()) > 0:
        time.sleep(min(SCRAPE_EVERY_S, rest_s))
        lags_s.append(bridge.page().value("dlms_bridge_event_loop_lag_seconds"))
    took_s, used_s = time.monotonic() - began_s, cpu_s(pid) - used_s
    counts, seen, delays_s = load.counts(), load.lateness(), sorted(arrivals.delays_s)
    after = bridge.page()
    late_before, late_after = (page.buckets("dlms_cycle_lateness_seconds") for page in (before, after))

    def came(name: str) -> float:
        return after.value(name) - before.value(name)

    share = used_s / took_s
    return {
        "meters": fleet.meters,
        "connections": fleet.meters // fleet.each,
        "interval_s": fleet.interval_s,
        "registers": fleet.registers,
        "lists": fleet.lists,
        "framing": fleet.framing,
        "seconds": took_s,
        "cpu_share": share,
        "meters_a_core": fleet.meters / share,
        "memory_mb": memory_mb(pid),
        "memory_peak_mb": memory_mb(pid, "VmHWM"),
        "registers_per_s": counts["registers"] / took_s,
        "requests_a_cycle": (counts["gets"] + counts["lists"]) / counts["cycles"] if counts["cycles"] else None,
        "scalers_again": counts["scalers"],
        "cycles_expected": fleet.meters * took_s / fleet.interval_s,
        "seen": seen,
        "lateness_p50_below_s": quantile(late_before, late_after, 0.50),
        "lateness_p99_below_s": quantile(late_before, late_after, 0.99),
        "loop_lag_p50_s": statistics.median(lags_s),
        "loop_lag_max_s": max(lags_s),
        "commits_per_s": came("dlms_outbox_commits_total") / took_s,
        "samples_committed": came("dlms_outbox_accepted_samples_total"),
        "samples_confirmed": came("dlms_outbox_confirmed_samples_total"),
        "samples_waiting": after.value("dlms_outbox_samples"),
        "samples_subscribed": len(delays_s),
        "delay_p50_s": delays_s[len(delays_s) // 2] if delays_s else None,
        "delay_p99_s": delays_s[int(len(delays_s) * 0.99)] if delays_s else None,
    }


def measure(fleet: Fleet, seconds: float) -> dict[str, Any]:
    """Run a tenth of the fleet for a moment and all of it for ``seconds``."""
    small = run(fleet.resized(fleet.meters // 10), max(5.0, seconds / 6))
    large = run(fleet, seconds)
    grown_mb = large["memory_mb"] - small["memory_mb"]
    kilobytes = grown_mb * 1000 / (large["meters"] - small["meters"])
    return large | {"memory_kb_a_meter": kilobytes, "small": {key: small[key] for key in ("meters", "memory_mb")}}


def show(figures: dict[str, Any]) -> None:
    """Print the figures, one a line."""
    for name, value in figures.items():
        text = ", ".join(f"{key} {part:,.4g}" for key, part in value.items()) if isinstance(value, dict) else value
        print(f"{name:22} {text:,.4g}" if isinstance(value, float) else f"{name:22} {text}")


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meters", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--interval", type=float, default=10)
    parser.add_argument("--registers", type=int, default=10, choices=range(1, len(REGISTERS) + 1), metavar="1-10")
    parser.add_argument("--behind", type=int, default=0, help="so many converters share the meters among them")
    parser.add_argument("--list", action=argparse.BooleanOptionalAction, default=True, help="use GET-WITH-LIST")
    parser.add_argument("--framing", choices=("hdlc", "wrapper"), default="hdlc")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    allow_files(min(2 * arguments.meters + 200, files_allowed()))
    fleet = Fleet(
        arguments.meters, arguments.interval, arguments.registers, arguments.behind, arguments.list, arguments.framing
    )
    figures = measure(fleet, arguments.seconds)
    show(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
