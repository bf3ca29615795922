"""The status report: everything at a glance.

``GET /status`` has it as JSON, ``bridge status`` as a table, the log as one line per minute. Gathers what the parts
report of themselves; what is wrong is for ``wellness.py`` to say.

May be built on any thread. The event loop replaces each field of a state whole, so a row may show a meter between two
figures of one cycle, never half a figure; and a loop that hangs is reported, not waited for.
"""

from __future__ import annotations

import asyncio
import time
from math import isfinite
from typing import TYPE_CHECKING

from loguru import logger

from bridge import __version__
from bridge.clock.machine import wall_s
from bridge.health.report import ClockRow, Delivery, MeterRow, ParkedRow, StatusReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.clock.state import ClockState
    from bridge.delivery.state import DeliveryState
    from bridge.health.disk_room import DiskRoom
    from bridge.health.report import ShardRow
    from bridge.health.watched_meter import WatchedMeter
    from bridge.health.wellness import Wellness
    from bridge.lease.state import LeaseState
    from bridge.ledger.books import MeterBook
    from bridge.outbox.state import OutboxState
    from bridge.sample import Sample
    from bridge.thingsboard.state import AuditState

_LOOK_EVERY_S = 1.0
_SAY_EVERY_S = 60.0


class Status:
    """Makes reports.

    Args:
        wellness: what is wrong.
        outbox: what the outbox says of itself now.
        delivery: what the delivery does.
        room: how much room the disk has; None while unknown.
        clock_s: the clock of the meters' states, for ages.
        wall_s: Unix seconds; the same clock by default.
        clock: what the clock says of itself; None for one that is always right.
        monotonic_s: the clock of the parts' states.
        books: what the ledger has of each meter that it knows.
        audit: what the audit found; None where there is none.
        lease: of this bridge's shard; None where none is needed.
        shard: which one it is; None for a bridge that reads the whole fleet.
    """

    def __init__(
        self,
        wellness: Wellness,
        outbox: Callable[[], OutboxState],
        delivery: Callable[[], DeliveryState],
        *,
        room: Callable[[], DiskRoom | None],
        clock_s: Callable[[], float] = wall_s,
        wall_s: Callable[[], float] | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        clock: Callable[[], ClockState] | None = None,
        books: Callable[[], Mapping[str, MeterBook]] = dict,
        audit: Callable[[], AuditState | None] = lambda: None,
        lease: Callable[[], LeaseState | None] = lambda: None,
        shard: ShardRow | None = None,
    ) -> None:
        self._shard = shard
        self._lease = lease
        self._audit = audit
        self._books = books
        self._wall_s = wall_s or clock_s
        self._clock = clock
        self._wellness = wellness
        self._outbox = outbox
        self._delivery = delivery
        self._room = room
        self._clock_s = clock_s
        self._monotonic_s = monotonic_s
        self._meters: tuple[WatchedMeter, ...] = ()

    def watch(self, meters: tuple[WatchedMeter, ...]) -> None:
        """Report on these meters from now on, and have them judged."""
        self._meters = meters
        self._wellness.watch(meters)

    async def run(self) -> None:
        """Look every second, and log a summary every minute, until cancelled."""
        said_s = self._monotonic_s()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            self._wellness.look()
            if self._monotonic_s() - said_s >= _SAY_EVERY_S:
                said_s = self._monotonic_s()
                report = await asyncio.to_thread(self.report)  # a fleet's takes a moment
                logger.log("WARNING" if report.wrong else "INFO", "{}", report.line())

    def samples(self) -> dict[str, Sample]:
        """Return the last sample of each meter that was read."""
        found = ((meter.name, meter.poller.state.last_sample) for meter in self._meters)
        return {name: sample for name, sample in found if sample is not None}

    def report(self) -> StatusReport:
        """Return how things are now."""
        now_s, to, wrong, books = self._clock_s(), self._delivery(), self._wellness.wrong(), self._books()
        return StatusReport(
            version=__version__,
            time_s=self._wall_s(),
            uptime_s=self._wellness.uptime_s,
            verdict=self._wellness.verdict(wrong),
            wrong=wrong,
            delivery=self._way(self._outbox(), to, self._wall_s()),
            meters=tuple(self._row(meter, to, now_s, books.get(meter.name)) for meter in self._meters),
            clock=self._time(self._outbox().undated),
            audit=self._audit(),
            lease=self._lease(),
            shard=self._shard,
        )

    def _time(self, undated: int) -> ClockRow | None:
        clock = None if self._clock is None else self._clock()
        if clock is None:
            return None
        return ClockRow(clock.condition, clock.grade, clock.why, clock.wall_off_s, clock.steps, undated)

    def _way(self, outbox: OutboxState, to: DeliveryState, now_s: float) -> Delivery:
        room = self._room()
        oldest_s = None if outbox.oldest_ts_ms is None else outbox.oldest_ts_ms / 1000
        return Delivery(
            broker="none" if to.broker_connected is None else "up" if to.broker_connected else "down",
            way=to.way,
            upstream="none" if not to.upstream_configured else "up" if to.upstream_connected else "down",
            upstream_why=to.upstream_why,
            token_shared=to.token_shared,
            confirm=to.confirm,
            marks=to.marks,
            unstored_samples=to.unstored_samples,
            parked=tuple(
                ParkedRow(device, parked.reason, parked.for_s, parked.next_try_in_s)
                for device, parked in to.parked.items()
            ),
            last_confirmed_ago_s=to.last_stored_ago_s,
            standing_s=self._wellness.standing_s,
            destination=outbox.destination,
            waiting_samples=outbox.depth,
            in_memory_samples=outbox.pending,
            oldest_waiting_s=_ago(oldest_s, now_s) or 0.0,
            foreign_samples={one.destination: one.count for one in outbox.foreign},
            bytes=outbox.bytes,
            limit_bytes=outbox.limit_bytes,
            lost_samples=outbox.lost,
            lost_last_hour=self._wellness.lost_last_hour,
            set_aside_samples=outbox.set_aside,
            damaged_files=outbox.damaged_files,
            damaged_bytes=outbox.damaged_bytes,
            drain_s=to.drain_s,
            entries_per_s=to.entries_per_s if isfinite(to.entries_per_s) else None,
            unwritable_for_s=outbox.writing.for_s if outbox.writing else None,
            unreadable_for_s=outbox.reading.for_s if outbox.reading else None,
            disk_free_bytes=room.free if room else None,
        )

    def _row(self, meter: WatchedMeter, to: DeliveryState, now_s: float, book: MeterBook | None) -> MeterRow:
        state, condition = meter.poller.state, self._wellness.state_of(meter)
        error = state.last_error
        next_attempt_s = state.next_attempt_s if condition in ("failing", "left alone") else None
        return MeterRow(
            name=meter.name,
            state=condition,
            interval_s=meter.poller.interval_s,
            last_value_ago_s=_ago(state.last_success_s, now_s),
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
            device=to.renamed.get(meter.name, ""),
            shared=to.shared.get(meter.name, {}),
            completeness_day=None if book is None else book.windows.get("day"),
            intervals_missing=None if book is None else book.missing,
        )


def _ago(then_s: float | None, now_s: float) -> float | None:
    return None if then_s is None else max(0.0, now_s - then_s)
