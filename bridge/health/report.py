"""The status report as plain data: what stands in it, and how it reads in one line. Built by ``status.py``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.health.wellness import Wrong


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
class ParkedRow:
    """A device that ThingsBoard will not have, whose samples wait."""

    device: str
    reason: str
    for_s: float
    next_try_in_s: float | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way from the outbox to ThingsBoard.

    Args:
        broker: ``up`` or ``down``.
        upstream: ``up``, ``down`` or ``none`` when no ThingsBoard is configured.
        upstream_why: why it is down; empty where nobody knows.
        token_shared: whether something else seems to use ThingsBoard's token.
        confirm: what proves that a sample is stored: ``mark``, ``accepted``, ``puback`` or ``local``.
        marks: whether ThingsBoard is seen to store: ``moving``, ``standing still``, ``unavailable`` or ``none``.
        unstored_samples: that ThingsBoard accepted and that are not known to be stored.
        parked: devices that ThingsBoard will not have.
        last_confirmed_ago_s: since samples were last stored; None when none was since the start.
        standing_s: for how long samples have waited while none was stored; None while nothing stands.
        destination: for whom samples are accepted now.
        waiting_samples: on disk, for that destination.
        in_memory_samples: not on disk yet.
        oldest_waiting_s: age of the oldest sample on disk.
        foreign_samples: destination → samples that wait for it, are kept and not sent.
        bytes: size of the outbox.
        limit_bytes: where the oldest samples go.
        lost_samples: evicted or dropped since the start.
        lost_last_hour: of those, in the last hour.
        set_aside_samples: that ThingsBoard would not take, since the start.
        damaged_files: outboxes that were damaged, set aside and are still there.
        damaged_bytes: their size.
        drain_s: until nothing waits, at the pace of the last minute; None while it is not getting less.
        entries_per_s: telemetry messages a second that ThingsBoard's limits allow; None without a limit.
        unwritable_for_s: since the outbox could not be written; None when it can.
        unreadable_for_s: since it could not be read; None when it can.
        disk_free_bytes: on the outbox's disk; None when unknown.
    """

    broker: str
    upstream: str
    upstream_why: str
    token_shared: bool
    confirm: str
    marks: str
    unstored_samples: int
    parked: tuple[ParkedRow, ...]
    last_confirmed_ago_s: float | None
    standing_s: float | None
    destination: str
    waiting_samples: int
    in_memory_samples: int
    oldest_waiting_s: float
    foreign_samples: Mapping[str, int]
    bytes: int
    limit_bytes: int
    lost_samples: int
    lost_last_hour: int
    set_aside_samples: int
    damaged_files: int
    damaged_bytes: int
    drain_s: float | None
    entries_per_s: float | None
    unwritable_for_s: float | None
    unreadable_for_s: float | None
    disk_free_bytes: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """All of it.

    Args:
        version: of the bridge.
        time_s: when it was made, Unix seconds.
        uptime_s: since the process began to work.
        wrong: what needs a look; empty when all is well.
        delivery: the way to ThingsBoard.
        meters: a row each, in the settings' order.
    """

    version: str
    time_s: float
    uptime_s: float
    wrong: tuple[Wrong, ...]
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
            "wrong": len(self.wrong),
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
        wrong = f"{len(self.wrong)} wrong: {self.wrong[0].said}" if self.wrong else "all well"
        return (
            f"SYSTEM STATUS REPORT | {wrong} | meters {reading}/{len(meters)} reading | broker {to.broker} | "
            f"upstream {to.upstream} | waiting {to.waiting_samples}{drain} | lost {to.lost_samples} | "
            f"up {self.uptime_s:.0f} s"
        )
