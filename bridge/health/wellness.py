"""Is all well? The one place that decides; ``/readyz``, status, doctor, log, ThingsBoard's report and Grafana quote it.

Judges what the parts report of themselves, and how that has changed lately (``trends.py``). Keeps no figure of its own,
and never reads a metric back.

May be asked on any thread, even while the event loop hangs: that is then the first thing wrong.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from bridge.clock.machine import wall_s
from bridge.health.trends import Lately, Standstill
from bridge.health.verdict import VERDICTS, Verdict, verdict_of
from bridge.health.wrong import WHATS, What, Wrong
from bridge.log_lines import counted
from bridge.meters.clock_offset import TOLERANCE_S
from bridge.outbox.state import Failing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bridge.clock.state import ClockState
    from bridge.delivery.state import DeliveryState
    from bridge.health.process_metrics import ProcessMetrics
    from bridge.health.watched_meter import WatchedMeter
    from bridge.ledger.bookkeeper import Stuck
    from bridge.outbox.state import OutboxState

_NOT_MOVING: Final = ("standing still", "never come back")
_HUNG_S = 10.0
_STANDING_S = 60.0
_GRACE_S = 60.0
_DATING_S = 120.0
_LATE_INTERVALS = 3
_NEARLY_FULL = 0.8
_MOST_NAMES = 3

State: TypeAlias = Literal["starting", "reading", "late", "failing", "left alone"]


class Wellness:
    """Judges.

    Args:
        outbox: what the outbox says of itself now.
        delivery: what the delivery does.
        silence_s: since the event loop last ran.
        clock_s: wall clock, Unix seconds.
        monotonic_s: the clock of the parts' states.
        clock: what the clock says of itself; None for one that is always right.
        stuck: which intervals stay missing, or why the ledger cannot be used. Called on any thread.
        waits_for: why the bridge may not work at present; empty while it may. Called on any thread.
    """

    def __init__(
        self,
        outbox: Callable[[], OutboxState],
        delivery: Callable[[], DeliveryState],
        *,
        silence_s: Callable[[], float],
        clock_s: Callable[[], float] = wall_s,
        monotonic_s: Callable[[], float] = time.monotonic,
        clock: Callable[[], ClockState] | None = None,
        stuck: Callable[[], Stuck | Failing | None] = lambda: None,
        waits_for: Callable[[], str] = str,
    ) -> None:
        self._waits_for = waits_for
        self._clock = clock
        self._stuck = stuck
        self._outbox = outbox
        self._delivery = delivery
        self._silence_s = silence_s
        self._clock_s = clock_s
        self._monotonic_s = monotonic_s
        self._began_s = monotonic_s()
        self._meters: tuple[WatchedMeter, ...] = ()
        self._standstill = Standstill()
        self._lost = Lately()

    @property
    def uptime_s(self) -> float:
        """Seconds since the bridge began to work."""
        return self._monotonic_s() - self._began_s

    @property
    def lost_last_hour(self) -> int:
        """Samples lost in the last hour."""
        return self._lost.of_last_hour(self._monotonic_s())

    @property
    def standing_s(self) -> float | None:
        """For how long samples have waited while none was stored; None within the first minute."""
        since_s = self._standstill.since_s
        standing_s = 0.0 if since_s is None else self._monotonic_s() - since_s
        return standing_s if standing_s > _STANDING_S else None

    def watch(self, meters: Sequence[WatchedMeter]) -> None:
        """Judge these meters from now on; the bridge begins to work."""
        self._meters = tuple(meters)
        self._began_s = self._monotonic_s()

    def look(self) -> None:
        """Remember the figures of now; on the event loop, once a second."""
        now_s, outbox = self._monotonic_s(), self._outbox()
        self._standstill.look(now_s, waiting=outbox.waiting, stored=outbox.stored)
        self._lost.look(now_s, outbox.lost)

    def wrong(self) -> tuple[Wrong, ...]:
        """Return what is wrong now, what matters most first; nothing when all is well."""
        if waits := self._waits_for():  # all else is another's, or follows from it
            return (*self._of_bridge(), Wrong("lease", f"bridge: {waits}"))
        return (
            *self._of_bridge(),
            *self._of_delivery(self._delivery()),
            *self._of_time(self._outbox().undated),
            *self._of_outbox(self._outbox()),
            *self._of_intervals(),
            *self._of_meters(),
        )

    def ready(self) -> tuple[bool, str]:
        """Return whether samples get through, and if not, why."""
        said = [wrong.said for wrong in self.wrong() if wrong.of_the_way]
        return not said, "\n".join(said) or "ok"

    def verdict(self, wrong: Sequence[Wrong] | None = None) -> Verdict:
        """Return all of it in a few words.

        Args:
            wrong: what is wrong, where the caller has just asked.
        """
        starting = sum(meter.poller.state.condition == "starting" for meter in self._meters)
        return verdict_of(self.wrong() if wrong is None else wrong, meters=len(self._meters), starting=starting)

    def show(self, metrics: ProcessMetrics) -> None:
        """Set the verdict, and how many things of each kind are wrong."""
        wrong = self.wrong()
        verdict, found = self.verdict(wrong), [one.what for one in wrong]
        for one in VERDICTS:
            metrics.verdict.labels(one).set(one == verdict)
        for what in WHATS:
            metrics.wrong.labels(what).set(found.count(what))

    def state_of(self, meter: WatchedMeter) -> State:
        """Return how a meter is doing: what its poller says, or ``late`` when nothing fails and yet no sample comes."""
        state, interval_s = meter.poller.state, meter.poller.interval_s
        if state.condition == "reading" and self._age_s(meter) > _LATE_INTERVALS * interval_s + _GRACE_S:
            return "late"
        return state.condition

    def _age_s(self, meter: WatchedMeter) -> float:
        return max(0.0, self._clock_s() - (meter.poller.state.last_success_s or 0.0))

    def _of_bridge(self) -> Iterator[Wrong]:
        if (silence_s := self._silence_s()) > _HUNG_S:
            yield Wrong("bridge", f"bridge: the event loop has not run for {silence_s:.0f} s")

    def _of_delivery(self, to: DeliveryState) -> Iterator[Wrong]:
        if to.needs_broker and not to.broker_connected:
            yield Wrong("broker", "broker: not connected; samples wait on disk")
        elif to.upstream_configured and not to.upstream_connected:
            why = to.upstream_why or "no connection to ThingsBoard"
            yield Wrong("upstream", f"upstream: {why}; samples wait on disk")
        elif to.no_gateway:
            yield Wrong(
                "gateway", "upstream: ThingsBoard answers but accepts nothing: is the device marked Is gateway?"
            )
        elif (standing_s := self.standing_s) is not None:
            stored = "stored" if to.upstream_configured else "confirmed"
            marks = " (ThingsBoard accepts, but its database stands still)" if to.marks in _NOT_MOVING else ""
            yield Wrong("stored", f"upstream: samples are waiting, and none was {stored} for {standing_s:.0f} s{marks}")
        if to.token_shared:
            yield Wrong("token", "upstream: something else uses the same ThingsBoard token")
        for device, parked in to.parked.items():
            yield Wrong("parked", f"upstream: {device} is not accepted: {parked.reason}; its samples wait on disk")

    def _of_time(self, undated: int) -> Iterator[Wrong]:
        clock = None if self._clock is None else self._clock()
        if clock is None:
            return
        waiting = counted(undated, "sample waits", "samples wait")
        if clock.condition == "waiting":
            yield Wrong("time", f"clock: {waiting} for the clock, which is not trusted: {clock.why}")
        elif clock.condition == "kept":
            off = f"this machine's is off by {clock.wall_off_s:+.0f} s"
            yield Wrong("time", f"clock: {off}, the bridge goes by its own time: {clock.why}; set it (timedatectl)")
        elif clock.condition == "estimated":
            said = "samples are dated by the meters' clocks, for this machine's is not trusted"
            yield Wrong("time", f"clock: {said}: {clock.why}; set it (timedatectl)")
        elif undated and clock.for_s > _DATING_S:
            yield Wrong("time", f"clock: {waiting} for the clock: their time is ahead of now")

    def _of_outbox(self, outbox: OutboxState) -> Iterator[Wrong]:
        for verb, failing in (("written", outbox.writing), ("read", outbox.reading)):
            if failing is not None:
                hint = f"; {failing.hint}" if failing.hint else ""
                yield Wrong(
                    "disk", f"disk: the outbox cannot be {verb} for {failing.for_s:.0f} s: {failing.error}{hint}"
                )
        if outbox.limit_bytes and outbox.bytes > _NEARLY_FULL * outbox.limit_bytes:
            full = outbox.bytes / outbox.limit_bytes
            yield Wrong("outbox", f"outbox: {full:.0%} full; once full, it drops the oldest samples")
        if lost := self.lost_last_hour:
            yield Wrong("lost", f"outbox: {counted(lost, 'sample was', 'samples were')} lost in the last hour")
        for foreign in outbox.foreign:
            waiting = counted(foreign.count, "sample waits", "samples wait")
            yield Wrong("foreign", f"outbox: {waiting} for {foreign.destination}, kept; `bridge outbox list`")

    def _of_intervals(self) -> Iterator[Wrong]:
        stuck = self._stuck()
        if stuck is None:
            return
        if isinstance(stuck, Failing):
            hint = f"; {stuck.hint}" if stuck.hint else ""
            said = f"ledger: it cannot be used for {stuck.for_s:.0f} s, and no history is read: {stuck.error}{hint}"
            yield Wrong("intervals", said)
            return
        names = ", ".join(stuck.meters[:_MOST_NAMES]) + (", …" if len(stuck.meters) > _MOST_NAMES else "")
        said = f"intervals: {stuck.intervals} of {names} stay missing, and can be had; `bridge gaps` says why"
        if stuck.overwritten_ms is not None:
            at = datetime.fromtimestamp(stuck.overwritten_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
            said += f"; the first is overwritten on {at}"
        yield Wrong("intervals", said)

    def _of_meters(self) -> Iterator[Wrong]:
        uptime_s = self.uptime_s
        for meter in self._meters:
            if found := self._of_meter(meter, uptime_s):
                what, said = found
                yield Wrong(what, f"{meter.name}: {said}", meter.name)

    def _of_meter(self, meter: WatchedMeter, uptime_s: float) -> tuple[What, str] | None:
        state, condition = meter.poller.state, self.state_of(meter)
        if condition in ("failing", "left alone"):
            error = state.last_error
            return "meter", condition if error is None else f"{condition}, {error.stage}: {error}"
        if condition == "late":
            return "meter", f"no failure, but no sample for {self._age_s(meter):.0f} s"
        if condition == "starting" and uptime_s > meter.poller.interval_s + _GRACE_S:
            return "meter", "has not answered since the start"
        if abs(state.clock_drift_s or 0.0) > TOLERANCE_S:
            return "clock", f"its clock differs from ours by {state.clock_drift_s:+.0f} s"
        return None
