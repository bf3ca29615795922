"""The status report as plain data: what is in it, and how it reads as one line. Built by ``status.py``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.health.verdict import Verdict
    from bridge.health.wrong import Wrong
    from bridge.lease.state import LeaseState
    from bridge.thingsboard.state import AuditState


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
        failing_for_s: since the first failure in a row.
        last_error_stage: empty without an error since the start.
        last_error: what it said.
        last_error_ago_s: since then.
        next_attempt_in_s: while failing or left alone.
        clock_drift_s: the meter's clock less ours; None where its profile does not read it.
        doubts: key → what is wrong with its last value; empty when all is well.
        device: what its device is called in ThingsBoard; empty where that is what the settings say.
        shared: what ThingsBoard sets of it by shared attributes.
        completeness_day: share of the last day's intervals of its load profiles that is stored; None without any.
        intervals_missing: that are due, are not stored and can still be had; None without a load profile.
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
    device: str = ""
    shared: Mapping[str, Any] = field(default_factory=dict)
    completeness_day: float | None = None
    intervals_missing: int | None = None


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A device that ThingsBoard does not accept; its samples wait."""

    device: str
    reason: str
    for_s: float
    next_try_in_s: float | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way from the outbox to ThingsBoard.

    Args:
        broker: ``up``, ``down``, or ``none`` where there is none and none is needed.
        way: which way it goes to ThingsBoard; empty where none is configured.
        upstream: ``up``, ``down`` or ``none`` when no ThingsBoard is configured.
        upstream_why: why it is down; empty where nobody knows.
        token_shared: whether something else seems to use ThingsBoard's token.
        confirm: what proves that a sample is stored: ``mark``, ``accepted``, ``puback`` or ``local``.
        marks: whether ThingsBoard is seen to store: ``moving``, ``standing still``, ``unavailable`` or ``none``.
        unstored_samples: that ThingsBoard accepted and that are not known to be stored.
        parked: devices that ThingsBoard does not accept.
        last_confirmed_ago_s: since samples were last stored; None when none was since the start.
        standing_s: for how long samples have waited while none was stored; None while nothing stands.
        destination: for whom samples are accepted now.
        waiting_samples: on disk, for that destination.
        in_memory_samples: not on disk yet.
        oldest_waiting_s: age of the oldest sample on disk.
        foreign_samples: destination → samples that wait for it, are kept and not sent.
        bytes: size of the outbox.
        limit_bytes: the size at which the oldest samples are dropped.
        lost_samples: evicted or dropped since the start.
        lost_last_hour: of those, in the last hour.
        set_aside_samples: that ThingsBoard would not take, since the start.
        damaged_files: outboxes that were damaged, set aside and are still there.
        damaged_bytes: their size.
        drain_s: until nothing waits, at the pace of the last minute; None while the backlog does not shrink.
        entries_per_s: telemetry messages per second that ThingsBoard's limits allow; None without a limit.
        unwritable_for_s: since the outbox could not be written; None when it can.
        unreadable_for_s: since it could not be read; None when it can.
        disk_free_bytes: on the outbox's disk; None when unknown.
    """

    broker: str
    way: str
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
class ClockRow:
    """Whose time samples are given.

    Args:
        condition: ``trusted``, ``kept``, ``estimated`` or ``waiting``; see ``clock/clock.py``.
        grade: how surely the time is known; None while it is not.
        why: why this machine's clock is trusted or not.
        wall_off_s: how far it is ahead of the time that samples are given.
        steps: how often it was stepped since the start.
        undated_samples: that wait for the time.
    """

    condition: str
    grade: str | None
    why: str
    wall_off_s: float
    steps: int
    undated_samples: int


@dataclass(frozen=True, slots=True)
class ShardRow:
    """Which part of the fleet this bridge reads.

    Args:
        number: of the shard, from 1 on.
        count: how many there are.
        node: the machine that it runs on; empty where nobody said.
    """

    number: int
    count: int
    node: str


@dataclass(frozen=True, slots=True)
class StatusReport:
    """All of it.

    Args:
        version: of the bridge.
        time_s: when it was made, Unix seconds.
        uptime_s: since the process began to work.
        verdict: all of it in a few words.
        wrong: what needs a look; empty when all is well.
        delivery: the way to ThingsBoard.
        meters: a row each, in the settings' order.
        clock: whose time samples are given; None where nobody watches it.
        audit: what the audit found; None where ThingsBoard's REST API is not set.
        lease: of this bridge's shard; None where none is needed.
        shard: which one it is; None for a bridge that reads the whole fleet.
    """

    version: str
    time_s: float
    uptime_s: float
    verdict: Verdict
    wrong: tuple[Wrong, ...]
    delivery: Delivery
    meters: tuple[MeterRow, ...]
    clock: ClockRow | None = None
    audit: AuditState | None = None
    lease: LeaseState | None = None
    shard: ShardRow | None = None

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
        undated = self.clock.undated_samples if self.clock else 0
        undated_text = f", {undated} for the clock" if undated else ""
        wrong = f"{self.verdict}, {len(self.wrong)} wrong: {self.wrong[0].said}" if self.wrong else self.verdict
        return (
            f"SYSTEM STATUS REPORT | {wrong} | meters {reading}/{len(meters)} reading | broker {to.broker} | "
            f"upstream {to.upstream} | waiting {to.waiting_samples}{drain}{undated_text} | lost {to.lost_samples} | "
            f"up {self.uptime_s:.0f} s"
        )
