"""A plant in simulated time whose metrics are what the bridge's own parts make of it: observers, recovery, wellness.

Only the figures that a part sets on the run (the delivery's connections, the outbox's state) are set here. Its history
is text in OpenMetrics, a page for every scrape, with the time of each.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import NamedTuple

from bridge.clock.state import ClockState
from bridge.delivery.state import DeliveryState
from bridge.dlms.register import Register
from bridge.errors import MeterError
from bridge.health.metrics import Metrics
from bridge.health.outbox_metrics import OutboxFigures
from bridge.health.watched_meter import WatchedMeter
from bridge.health.wellness import Wellness
from bridge.ledger.bookkeeper import Stuck
from bridge.ledger.books import MeterBook
from bridge.meters.observer import MeterObserver
from bridge.meters.recovery import Recovery
from bridge.outbox.state import OutboxState
from bridge.sample import Layout

KEYS = ("voltage_l1", "current_l1", "active_power", "active_energy", "frequency")
UNITS = ("V", "A", "W", "Wh", "Hz")
REGISTERS = tuple(Register(key=key, obis=f"1-0:{n}.7.0") for n, key in enumerate(KEYS, 1))
INTERVAL_S = 5.0
UP_FOR_S = 3 * 86_400.0
NOT_SHOWN = "process_"
"""The page has the test's own process; a bridge's is written in its stead."""


class Reading(NamedTuple):
    register: Register
    refusal: str = ""


@dataclass
class Meter:
    """One meter, and why it does not answer now; None when it does."""

    name: str
    observer: MeterObserver
    recovery: Recovery
    layout: Layout
    state: object
    interval_s: float
    trouble: MeterError | None = None
    next_s: float = 0.0
    failures: int = 0
    energy_wh: float = 56_348.0


@dataclass
class Plant:
    """The bridge with its meters.

    Args:
        now_s: when the history begins, Unix seconds.
        meters: their names.
        interval_s: how often each is read.
        fleet: see ``Metrics``.
    """

    now_s: float
    meters: tuple[str, ...]
    interval_s: float = INTERVAL_S
    fleet: bool = False
    is_up: bool = True
    waiting: int = 2
    undated: int = 0
    oldest_s: float = 0.0
    delivery: DeliveryState = field(
        default_factory=lambda: DeliveryState(
            way="", needs_broker=True, broker_connected=True, upstream_configured=True, upstream_connected=True,
            upstream_why="", token_refused=False, token_shared=False, no_gateway=False, marks="moving", confirm="mark",
            unstored_samples=0, parked={}, last_stored_ago_s=1.0, entries_per_s=math.inf, drain_s=1.0,
        )
    )  # fmt: skip
    clock: ClockState = field(
        default_factory=lambda: ClockState("trusted", "synchronised", "", False, 9e5, 0.0, 0, True)  # type: ignore[arg-type]
    )
    keeps_books: Callable[[float], dict[str, MeterBook]] = field(default=lambda _now_s: {})
    """The books of the meters' load profiles, by meter."""
    stuck: Stuck | None = None

    def __post_init__(self) -> None:
        self.metrics = Metrics(fleet=self.fleet)
        self.metrics.lease.show(None, obtained=0)  # a bridge that is alone needs none
        self._rng = random.Random(1)
        self._began_s = self.now_s - UP_FOR_S
        self._stored_s = self.now_s
        self._stored = 0
        self._listeners: list[Callable[[], None]] = []
        self._wellness = Wellness(
            lambda: self._outbox,
            lambda: self.delivery,
            silence_s=lambda: 0.0,
            clock_s=lambda: self.now_s,
            monotonic_s=lambda: self.now_s,
            clock=lambda: self.clock,
            stuck=lambda: self.stuck,
        )
        self.all = [self._meter(name, n) for n, name in enumerate(self.meters)]
        self._wellness.watch([WatchedMeter(meter.name, meter.observer) for meter in self.all])
        self._figures = OutboxFigures(SimpleNamespace(state=None, listen=self._listeners.append), self.metrics.outbox)  # type: ignore[arg-type]

    def history(self, until_s: float, scrape_s: float, change: Callable[["Plant"], None]) -> Iterator[str]:
        """Yield what is scraped until ``until_s``; ``change`` may alter the plant before each scrape."""
        while self.now_s <= until_s:
            change(self)
            yield f'up{{job="bridge",instance="bridge"}} {int(self.is_up)} {self.now_s:.3f}\n'
            if self.is_up:
                for series, value in self.scrape().items():
                    name, brace, labels = series.partition("{")
                    labels = f"{labels[:-1]}," if brace else ""
                    yield f'{name}{{{labels}job="bridge",instance="bridge"}} {value} {self.now_s:.3f}\n'
            self.now_s += scrape_s

    def scrape(self) -> dict[str, str]:
        """Work until now, and return the page: figures by name and labels."""
        for meter in self.all:
            while meter.next_s <= self.now_s:
                self._cycle(meter)
        self._deliver()
        self._show()
        lines = [line for line in self.metrics.page.text().decode().splitlines() if line[0] != "#"]
        figures = {series: value for series, _, value in (line.rpartition(" ") for line in lines)}
        figures = {name: value for name, value in figures.items() if not name.startswith(NOT_SHOWN)}
        return figures | {name: str(value) for name, value in self._process().items()}

    def meter(self, name: str) -> Meter:
        """Return one of them."""
        return next(meter for meter in self.all if meter.name == name)

    def _meter(self, name: str, n: int) -> Meter:
        self.metrics.meters.expect(
            name, interval_s=self.interval_s, link=f"10.0.{n // 250}.{n % 250 + 1}:4059", profile="microstar"
        )
        observer = MeterObserver(name, self.metrics.meters, lambda: self.now_s, "DEBUG")
        layout = Layout(name, KEYS, tuple(register.obis for register in REGISTERS), UNITS)
        observer.interval_s = self.interval_s  # type: ignore[attr-defined] # as a poller has it
        return Meter(
            name, observer, Recovery(self._rng), layout, observer.state, self.interval_s, next_s=self.now_s + n % 5
        )

    def _deliver(self) -> None:
        if self.delivery.upstream_connected and self.delivery.broker_connected and self.clock.condition != "waiting":
            self._stored_s, self.waiting, self.oldest_s = self.now_s - 1, 2, self.now_s - 1
            self._stored += len(self.all)
        elif self.clock.condition == "waiting":
            self.waiting, self.oldest_s, self.undated = 0, 0.0, self.undated + len(self.all)
        else:
            self.waiting += len(self.all)

    def _cycle(self, meter: Meter) -> None:
        if meter.trouble is not None:
            wait_s = meter.recovery.failed(meter.trouble)
            meter.failures += 1
            meter.observer.failed(meter.trouble, meter.recovery, wait_s, left_alone=meter.trouble.stage == "auth")
            meter.next_s += 86_400.0 if meter.trouble.stage == "auth" else wait_s
            return
        meter.observer.associated(None) if meter.failures else None
        phase = meter.next_s / 97.0 + len(meter.name)
        watts = 900 + 700 * math.sin(phase) + self._rng.uniform(-40, 40)
        meter.energy_wh += watts * meter.interval_s / 3600
        volts = 127.4 + 0.6 * math.sin(phase / 3)
        scalars = (volts, watts / volts, watts, round(meter.energy_wh), 60 + 0.02 * math.sin(phase))
        sample = meter.layout.sample(round(meter.next_s * 1000), scalars)
        meter.observer.read(sample, [Reading(register) for register in REGISTERS], self._rng.uniform(0.2, 0.6))
        for _ in REGISTERS:
            self.metrics.meters.request_took(meter.name, self._rng.uniform(0.03, 0.1))
        meter.observer.began(self._rng.uniform(0, 0.004))
        meter.observer.succeeded(sample, meter.recovery.succeeded())
        meter.next_s += meter.interval_s

    @property
    def _outbox(self) -> OutboxState:
        return OutboxState(
            destination="", depth=self.waiting, pending=min(1, self.waiting), oldest_ts_ms=round(self.oldest_s * 1000),
            bytes=12_000_000,
            limit_bytes=512_000_000, accepted=self._stored + self.waiting, commits=self._stored, stored=self._stored,
            lost_full=0, lost_old=0, lost_memory=0, set_aside=0, last_stored_s=self._stored_s,
            last_stored_ago_s=self.now_s - self._stored_s, writing=None, reading=None, write_errors=0, read_errors=0,
            foreign=(), damaged_files=0, damaged_bytes=0,
            undated=self.undated,
        )  # fmt: skip

    def _show(self) -> None:
        metrics, way = self.metrics, self.delivery
        self._figures._outbox = SimpleNamespace(state=self._outbox)  # type: ignore[assignment]
        self._figures.look()
        self._wellness.look()
        self._wellness.show(metrics.process)
        metrics.clock.show(self.clock, 0)
        metrics.ledger.show(self.keeps_books(self.now_s))
        metrics.delivery.broker_connected.set(bool(way.broker_connected))
        metrics.delivery.upstream_configured.set(way.upstream_configured)
        metrics.delivery.upstream_connected.set(way.upstream_connected)
        metrics.delivery.delivery_marks.set(1)
        metrics.delivery.delivery_drain.set(way.drain_s or math.inf)
        metrics.delivery.fence_seconds.observe(0.2)
        metrics.process.disk_size.set(79e9)
        metrics.process.disk_free.set(52e9)

    def _process(self) -> dict[str, float]:
        return {
            "process_start_time_seconds": self._began_s,
            "process_resident_memory_bytes": 61e6,
            "process_cpu_seconds_total": 0.02 * (self.now_s - self._began_s),
            "process_open_fds": 20 + len(self.all),
            "process_max_fds": 65_536,
        }

    def loses_thingsboard(self, why: str) -> None:
        """Cut the connection to ThingsBoard."""
        self.delivery = replace(self.delivery, upstream_connected=False, upstream_why=why, drain_s=None)

    def loses_its_clock(self) -> None:
        """Take the time away: samples wait for it."""
        self.clock = ClockState("waiting", None, "it says 1970", True, 600.0, 0.0, 0, False)
