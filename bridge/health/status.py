"""The status report: how every meter and the way to ThingsBoard are doing, as plain data. Judges what is wrong.

One report, three readers: ``GET /status`` has it as JSON, ``bridge status`` (``commissioning/status.py``) as a table,
the log as a line a minute. The meters' rows come from their pollers' states, everything else from the metrics, so that
the report and the dashboards can never disagree.

May be built on any thread. The event loop replaces each field of a state whole, so a row may show a meter between two
figures of one cycle, never half a figure; and a loop that hangs is reported on instead of waited for.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from loguru import logger

from bridge import __version__
from bridge.meters.clock import TOLERANCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prometheus_client import Counter, Gauge

    from bridge.health.disk import DiskWatch
    from bridge.health.metrics import Metrics
    from bridge.meters.state import MeterState

_SAY_EVERY_S = 60.0
_GRACE_S = 60.0
_LATE_INTERVALS = 3
_NEARLY_FULL = 0.8


class Read(Protocol):
    """What a report asks of a meter's poller."""

    @property
    def state(self) -> MeterState:
        """Its figures."""

    @property
    def interval_s(self) -> float:
        """How often it is read now."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One meter to report on, by its name in the settings."""

    name: str
    poller: Read


@dataclass(frozen=True, slots=True)
class MeterRow:
    """One meter's line. Seconds ago or ahead count from the report's own time; None for never.

    Args:
        name: its name in the settings.
        state: ``starting``, ``reading``, ``late``, ``failing`` or ``left alone``.
        interval_s: how often it is to be read.
        last_value_ago_s: since its last sample.
        success_5min: share of its cycles that gave a sample; None without cycles.
        success_1h: the same, of the last hour.
        reconnects: since the start.
        failing_for_s: since the first failure of the row it is in.
        last_error_stage: empty without an error since the start.
        last_error: what it said.
        last_error_ago_s: since then.
        next_attempt_in_s: while failing or left alone.
        clock_drift_s: the meter's clock less ours; None where its profile does not read it.
        doubts: key → what is to be said against its last value; empty when all is well.
    """

    name: str
    state: str
    interval_s: float
    last_value_ago_s: float | None
    success_5min: float | None
    success_1h: float | None
    reconnects: int
    failing_for_s: float | None
    last_error_stage: str
    last_error: str
    last_error_ago_s: float | None
    next_attempt_in_s: float | None
    clock_drift_s: float | None
    doubts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way from the outbox to ThingsBoard.

    Args:
        broker: ``up`` or ``down``.
        upstream: ``up``, ``down`` or ``none`` when no ThingsBoard is configured.
        token_shared: whether something else seems to use ThingsBoard's token.
        last_confirmed_ago_s: since samples were last confirmed; None when none was since the start.
        waiting_samples: on disk.
        in_memory_samples: not on disk yet.
        oldest_waiting_s: age of the oldest sample on disk.
        bytes: size of the outbox.
        limit_bytes: where the oldest samples go.
        lost_samples: evicted or dropped since the start.
        set_aside_samples: that ThingsBoard would not take, since the start.
        drain_s: until nothing waits, at the pace of the last minute; None while it is not getting less.
        disk_failing_for_s: since the outbox could not be written; None when it can.
        disk_free_bytes: on the outbox's disk; None when unknown.
    """

    broker: str
    upstream: str
    token_shared: bool
    last_confirmed_ago_s: float | None
    waiting_samples: int
    in_memory_samples: int
    oldest_waiting_s: float
    bytes: int
    limit_bytes: int
    lost_samples: int
    set_aside_samples: int
    drain_s: float | None
    disk_failing_for_s: float | None
    disk_free_bytes: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """All of it.

    Args:
        version: of the bridge.
        time_s: when it was made, Unix seconds.
        uptime_s: since the process began to work.
        wrong: what needs a look, a line each; empty when all is well.
        delivery: the way to ThingsBoard.
        meters: a row each, in the settings' order.
    """

    version: str
    time_s: float
    uptime_s: float
    wrong: tuple[str, ...]
    delivery: Delivery
    meters: tuple[MeterRow, ...]

    def plain(self) -> dict[str, Any]:
        """Return it as what JSON knows."""
        return asdict(self)

    def figures(self) -> dict[str, float]:
        """Return the few figures that are telemetry of the gateway device itself in ThingsBoard."""
        shares = [meter.success_5min for meter in self.meters if meter.success_5min is not None]
        figures: dict[str, float] = {
            "backlog": self.delivery.waiting_samples,
            "meters": len(self.meters),
            "meters_reading": sum(meter.state == "reading" for meter in self.meters),
            "lost_samples": self.delivery.lost_samples,
            "uptime_s": round(self.uptime_s),
        }
        if shares:
            figures["read_success"] = round(sum(shares) / len(shares), 4)
        return figures

    def line(self) -> str:
        """Return it as one line for the log."""
        to, meters = self.delivery, self.meters
        reading = sum(meter.state == "reading" for meter in meters)
        drain = "" if not to.drain_s else f", gone in {to.drain_s:.0f} s"
        wrong = f"{len(self.wrong)} wrong: {self.wrong[0]}" if self.wrong else "all well"
        return (
            f"SYSTEM STATUS REPORT | {wrong} | meters {reading}/{len(meters)} reading | broker {to.broker} | "
            f"upstream {to.upstream} | waiting {to.waiting_samples}{drain} | lost {to.lost_samples} | "
            f"up {self.uptime_s:.0f} s"
        )


class Status:
    """Makes reports.

    Args:
        metrics: where delivery's figures are.
        disk: how the outbox's disk is doing.
        silence_s: since the event loop last ran.
        clock_s: wall clock, Unix seconds.
        monotonic_s: for the uptime.
    """

    def __init__(
        self,
        metrics: Metrics,
        disk: DiskWatch,
        *,
        silence_s: Callable[[], float],
        clock_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._disk = disk
        self._silence_s = silence_s
        self._clock_s = clock_s
        self._monotonic_s = monotonic_s
        self._began_s = monotonic_s()
        self._meters: tuple[Watched, ...] = ()

    def watch(self, meters: Sequence[Watched]) -> None:
        """Report on these meters from now on."""
        self._meters = tuple(meters)

    async def run(self) -> None:
        """Say it in the log every minute until cancelled."""
        while True:
            await asyncio.sleep(_SAY_EVERY_S)
            report = await asyncio.to_thread(self.report)  # a fleet's takes a moment
            logger.log("WARNING" if report.wrong else "INFO", "{}", report.line())

    def report(self) -> Report:
        """Return how things are now."""
        now_s, uptime_s = self._clock_s(), self._monotonic_s() - self._began_s
        meters = tuple(_row(meter, now_s) for meter in self._meters)
        delivery = self._delivery(now_s)
        wrong = []
        if (silence_s := self._silence_s()) > 10:
            wrong.append(f"bridge: the event loop has not run for {silence_s:.0f} s")
        wrong += _wrong_delivery(delivery)
        wrong += [said for meter in meters if (said := _wrong_meter(meter, uptime_s))]
        return Report(__version__, now_s, uptime_s, tuple(wrong), delivery, meters)

    def _delivery(self, now_s: float) -> Delivery:
        m = self._metrics
        oldest_s, confirmed_s = _figure(m.outbox_oldest), _figure(m.last_confirmed)
        drain_s = _figure(m.delivery_drain)
        upstream = "none" if not _figure(m.upstream_configured) else "up" if _figure(m.upstream_connected) else "down"
        return Delivery(
            broker="up" if _figure(m.broker_connected) else "down",
            upstream=upstream,
            token_shared=bool(_figure(m.upstream_token_shared)),
            last_confirmed_ago_s=_ago(confirmed_s or None, now_s),
            waiting_samples=int(_figure(m.outbox_samples)),
            in_memory_samples=int(_figure(m.outbox_pending)),
            oldest_waiting_s=_ago(oldest_s or None, now_s) or 0.0,
            bytes=int(_figure(m.outbox_bytes)),
            limit_bytes=int(_figure(m.outbox_limit_bytes)),
            lost_samples=int(_figure(m.outbox_evicted) + _figure(m.outbox_dropped)),
            set_aside_samples=int(_figure(m.outbox_quarantined)),
            drain_s=drain_s if drain_s < float("inf") else None,
            disk_failing_for_s=self._disk.failing_for_s,
            disk_free_bytes=int(_figure(m.disk_free)) if _figure(m.disk_size) else None,
        )


def _row(meter: Watched, now_s: float) -> MeterRow:
    state, interval_s = meter.poller.state, meter.poller.interval_s
    error = state.last_error
    condition: str = state.condition
    last_value_ago_s = _ago(state.last_success_s, now_s)
    if condition == "reading" and (last_value_ago_s or 0.0) > _LATE_INTERVALS * interval_s + _GRACE_S:
        condition = "late"
    next_attempt_s = state.next_attempt_s if condition in ("failing", "left alone") else None
    return MeterRow(
        name=meter.name,
        state=condition,
        interval_s=interval_s,
        last_value_ago_s=last_value_ago_s,
        success_5min=state.success(5, now_s),
        success_1h=state.success(60, now_s),
        reconnects=state.reconnects,
        failing_for_s=_ago(state.failing_since_s, now_s),
        last_error_stage="" if error is None else error.stage,
        last_error="" if error is None else str(error),
        last_error_ago_s=_ago(state.last_error_s, now_s),
        next_attempt_in_s=None if next_attempt_s is None else max(0.0, next_attempt_s - now_s),
        clock_drift_s=state.clock_drift_s,
        doubts=state.doubts,
    )


def _wrong_meter(meter: MeterRow, uptime_s: float) -> str:
    if meter.state in ("failing", "left alone"):
        return f"{meter.name}: {meter.state}, {meter.last_error_stage}: {meter.last_error}"
    if meter.state == "late":
        return f"{meter.name}: does not fail, and yet no sample for {meter.last_value_ago_s:.0f} s"
    if meter.state == "starting" and uptime_s > meter.interval_s + _GRACE_S:
        return f"{meter.name}: has not answered since the start"
    if abs(meter.clock_drift_s or 0.0) > TOLERANCE_S:
        return f"{meter.name}: its clock and ours differ by {meter.clock_drift_s:+.0f} s"
    return ""


def _wrong_delivery(to: Delivery) -> list[str]:
    wrong = []
    if to.broker == "down":
        wrong.append("broker: not connected; samples wait on disk")
    elif to.upstream == "down":
        wrong.append("upstream: the broker has no connection to ThingsBoard; samples wait on disk")
    if to.token_shared:
        wrong.append("upstream: something else uses the same ThingsBoard token")
    if to.disk_failing_for_s is not None:
        wrong.append(f"disk: the outbox could not be written for {to.disk_failing_for_s:.0f} s; samples wait in memory")
    if to.limit_bytes and to.bytes > _NEARLY_FULL * to.limit_bytes:
        wrong.append(f"outbox: {to.bytes / to.limit_bytes:.0%} full; when it is full the oldest samples go")
    if to.lost_samples:
        wrong.append(f"outbox: {to.lost_samples} samples were lost since the start")
    return wrong


def _figure(instrument: Gauge | Counter) -> float:
    """Return the figure of an instrument without labels."""
    (family,) = instrument.collect()
    return float(family.samples[0].value)


def _ago(then_s: float | None, now_s: float) -> float | None:
    return None if then_s is None else max(0.0, now_s - then_s)
