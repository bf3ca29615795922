"""Every metric of the bridge, in one object that ``app.py`` makes once and hands round.

Each figure is a counted event or a measured state; nothing here is derived, smoothed or invented. Names follow
Prometheus's conventions: base units, ``_total`` for counters, labels from bounded sets only.
"""

from __future__ import annotations

import math
import platform
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.metrics import MetricWrapperBase

from bridge import __version__
from bridge.health.exposition import Page

if TYPE_CHECKING:
    from collections.abc import Callable

CYCLE_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""From a meter on the same switch to a slow one at the end of an RS-485 bus."""
LATENESS_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From a timer of the event loop to a whole interval."""
FENCE_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
"""From a server on the same switch to the longest that a question waits."""


class Metrics:
    """The registry and the instruments on it.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
        fleet: for thousands of meters: durations of all meters together, none of each; series of what seldom happens
            are made when it first does.
        register_values: whether the values read are shown, a series a register.
    """

    def __init__(
        self, registry: CollectorRegistry | None = None, *, fleet: bool = False, register_values: bool = True
    ) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        self.fleet = fleet
        """Whether there are thousands of meters: what is told of each one costs too much."""
        self._register_values = register_values
        self._build_process(self.registry)
        self._build_meters(self.registry)
        self._build_outbox(self.registry)
        self._build_upstream(self.registry)
        process = ProcessCollector(registry=self.registry)
        instruments = [it for it in vars(self).values() if isinstance(it, MetricWrapperBase)]
        self.page = Page((*instruments, process))
        """What ``/metrics`` shows."""

    def expect(self, meter: str, *, interval_s: float, link: str = "", profile: str = "") -> None:
        """Make the series of ``meter`` before its first cycle, all at zero and the meter not up.

        A counter that is born at 1 hides its first event from ``rate()``, and a meter that has not answered since the
        start must not count as one that is read. For a fleet only what every meter counts is made before: a series
        takes 600 bytes and a line of every page.
        """
        self.meter_info.labels(meter, link, profile).set(1)
        self.meter_up.labels(meter).set(0)
        self.meter_interval.labels(meter).set(interval_s)
        self.meter_connects.labels(meter)
        for result in ("ok", "failed"):
            self.meter_cycles.labels(meter, result)
        if self.fleet:
            return
        for level in ("request", "connection"):
            self.meter_retries.labels(meter, level)
        for counter in (
            self.meter_refused,
            self.meter_doubtful,
            self.meter_stale_bytes,
            self.meter_notifications,
            self.meter_late_answers,
            self.meter_overruns,
        ):
            counter.labels(meter)
        self.meter_left_out.labels(meter)
        self.meter_cycle_seconds.labels(meter)
        self.meter_request_seconds.labels(meter)

    def cycle_took(self, meter: str, seconds: float) -> None:
        """Count the duration of a cycle that gave a sample."""
        for observe in self.durations(meter):
            observe(seconds)

    def cycle_late(self, seconds: float) -> None:
        """Count how long after it was due a cycle began."""
        self.cycle_lateness.observe(seconds)

    def request_took(self, meter: str, seconds: float) -> None:
        """Count the time from one request to its whole answer."""
        if observe := self.request_duration(meter):
            observe(seconds)

    def request_duration(self, meter: str) -> Callable[[float], None] | None:
        """Return what :meth:`request_took` of ``meter`` observes; None for a fleet, where nobody need measure it."""
        return None if self.fleet else self.meter_request_seconds.labels(meter).observe

    def durations(self, meter: str) -> tuple[Callable[[float], None], ...]:
        """Return what :meth:`cycle_took` of ``meter`` observes, for whoever reports at every cycle."""
        if self.fleet:
            return (self.cycle_seconds.observe,)
        return self.cycle_seconds.observe, self.meter_cycle_seconds.labels(meter).observe

    @property
    def shows_values(self) -> bool:
        """Whether the values read are to be set on ``meter_value``."""
        return self._register_values

    def _build_process(self, r: CollectorRegistry) -> None:
        self.build = Info("dlms_bridge_build", "Version of the bridge and of the Python it runs on", registry=r)
        self.build.info({"version": __version__, "python": platform.python_version()})
        self.loop_lag = Gauge(
            "dlms_bridge_event_loop_lag_seconds",
            "How late the event loop ran its last one-second timer, or is with the present one",
            registry=r,
        )
        self.wrong = Gauge(
            "dlms_bridge_wrong",
            "How many things of a kind are wrong, as status says it; all zero when all is well",
            ("what",),
            registry=r,
        )

        self.disk_free = Gauge("dlms_data_disk_free_bytes", "Free on the disk that the outbox is on", registry=r)
        self.disk_size = Gauge("dlms_data_disk_size_bytes", "Size of the disk that the outbox is on", registry=r)

    def _build_meters(self, r: CollectorRegistry) -> None:
        self.cycle_seconds = Histogram(
            "dlms_cycle_duration_seconds",
            "From the first request of a cycle to its last answer, all meters together",
            buckets=CYCLE_BUCKETS_S,
            registry=r,
        )
        self.cycle_lateness = Histogram(
            "dlms_cycle_lateness_seconds",
            "From when a cycle was due to when it began, all meters together; after a failure the wait is not in it",
            buckets=LATENESS_BUCKETS_S,
            registry=r,
        )
        meter = ("meter",)
        self.meter_info = Gauge(
            "dlms_meter_info",
            "Always 1; says which connection (host:port) the meter is behind and which profile it is read by",
            ("meter", "link", "profile"),
            registry=r,
        )
        self.meter_up = Gauge(
            "dlms_meter_up",
            "1 when the meter's last cycle gave a sample, 0 when it failed or has not been yet",
            meter,
            registry=r,
        )
        self.meter_interval = Gauge(
            "dlms_meter_interval_seconds",
            "How often the meter is to be read, as configured",
            meter,
            registry=r,
        )
        self.meter_cycles = Counter(
            "dlms_meter_cycles",
            "Reading cycles finished, by result (ok, failed)",
            ("meter", "result"),
            registry=r,
        )
        self.meter_errors = Counter(
            "dlms_meter_errors",
            "Cycles that failed, by the stage where they failed",
            ("meter", "stage"),
            registry=r,
        )
        self.meter_refused = Counter(
            "dlms_meter_refused_registers",
            "Registers that the meter refused while the others of the cycle were read",
            meter,
            registry=r,
        )
        self.meter_doubtful = Counter(
            "dlms_meter_doubtful_values",
            "Values published with a quality flag: no value, a clock that is not to be trusted, a scaler without sense",
            meter,
            registry=r,
        )
        self.meter_cycle_seconds = Histogram(
            "dlms_meter_cycle_duration_seconds",
            "From the first request of a cycle to its last answer",
            meter,
            buckets=CYCLE_BUCKETS_S,
            registry=r,
        )
        self.meter_request_seconds = Histogram(
            "dlms_meter_request_duration_seconds",
            "From one request to its whole answer; what stayed unanswered is not in it",
            meter,
            buckets=CYCLE_BUCKETS_S,
            registry=r,
        )
        self.meter_clock_drift = Gauge(
            "dlms_meter_clock_drift_seconds",
            "The meter's clock less the bridge's when the cycle began; for profiles that read the clock",
            meter,
            registry=r,
        )
        self.meter_last_success = Gauge(
            "dlms_meter_last_success_timestamp_seconds",
            "When the meter last gave a sample, Unix time",
            meter,
            registry=r,
        )
        self.meter_recovered = Gauge(
            "dlms_meter_recovered_timestamp_seconds",
            "When the meter last gave a sample after failed attempts, Unix time",
            meter,
            registry=r,
        )
        self.meter_connects = Counter(
            "dlms_meter_connects",
            "Associations opened with the meter, the first one included",
            meter,
            registry=r,
        )
        self.meter_reconnects = Counter(
            "dlms_meter_reconnects",
            "Associations opened again after one was lost, by the stage of the error that ended it",
            ("meter", "reason"),
            registry=r,
        )
        self.meter_retries = Counter(
            "dlms_meter_retries",
            "Tried again, by level: request (asked again within a cycle), connection (connected to again after a wait)",
            ("meter", "level"),
            registry=r,
        )
        self.meter_stale_bytes = Counter(
            "dlms_meter_stale_bytes",
            "Bytes dropped because nobody had asked for them or no frame could be made of them",
            meter,
            registry=r,
        )
        self.meter_notifications = Counter(
            "dlms_meter_notifications",
            "Notifications that the meter sent unasked, dropped",
            meter,
            registry=r,
        )
        self.meter_late_answers = Counter(
            "dlms_meter_late_answers",
            "Answers dropped because the request had been given up",
            meter,
            registry=r,
        )
        self.meter_list_refused = Gauge(
            "dlms_meter_list_refused",
            "1 for a meter that agrees to GET-WITH-LIST and fails on it, so that each register is read by itself",
            meter,
            registry=r,
        )
        self.meter_left_out = Gauge(
            "dlms_meter_left_out_objects",
            "Objects that a meter does not answer, so that they are left out and tried again now and then",
            meter,
            registry=r,
        )
        self.meter_counter_remaining = Gauge(
            "dlms_meter_invocation_counter_remaining_ratio",
            "Share of the invocation counters left under the present key; at 0 the key can encrypt nothing more",
            meter,
            registry=r,
        )
        self.meter_overruns = Counter(
            "dlms_meter_overruns",
            "Cycles skipped because the one before was still running",
            meter,
            registry=r,
        )
        self.meter_value = Gauge(
            "dlms_meter_value",
            "Last value of a register in the unit that the meter states",
            ("meter", "key", "unit"),
            registry=r,
        )

    def _build_outbox(self, r: CollectorRegistry) -> None:
        self.outbox_samples = Gauge("dlms_outbox_samples", "Samples on disk that wait to be confirmed", registry=r)
        self.outbox_oldest = Gauge(
            "dlms_outbox_oldest_timestamp_seconds",
            "Unix time of the oldest sample that waits; 0 when none does",
            registry=r,
        )
        self.outbox_bytes = Gauge("dlms_outbox_bytes", "Size of the outbox on disk", registry=r)
        self.outbox_limit_bytes = Gauge("dlms_outbox_limit_bytes", "Size at which the oldest samples go", registry=r)
        self.outbox_accepted = Counter(
            "dlms_outbox_accepted_samples",
            "Samples committed to disk",
            registry=r,
        )
        self.outbox_confirmed = Counter(
            "dlms_outbox_confirmed_samples",
            "Samples removed from disk because they were confirmed",
            registry=r,
        )
        self.outbox_evicted = Counter(
            "dlms_outbox_evicted_samples",
            "Samples lost because the outbox was full, oldest first",
            registry=r,
        )
        self.outbox_dropped = Counter(
            "dlms_outbox_dropped_samples",
            "Samples lost in memory, oldest first, because the disk could not be written for too long",
            registry=r,
        )
        self.outbox_quarantined = Counter(
            "dlms_outbox_quarantined_samples",
            "Samples set aside because ThingsBoard takes the others and not them",
            registry=r,
        )
        self.outbox_commits = Counter("dlms_outbox_commits", "Group commits, one fsync each", registry=r)
        self.outbox_errors = Counter("dlms_outbox_errors", "Writes to the outbox that failed", registry=r)
        self.outbox_read_errors = Counter("dlms_outbox_read_errors", "Reads of the outbox that failed", registry=r)
        self.outbox_pending = Gauge(
            "dlms_outbox_pending_samples",
            "Samples in memory that wait for the next commit",
            registry=r,
        )

    def _build_upstream(self, r: CollectorRegistry) -> None:
        self.broker_connected = Gauge("dlms_broker_connected", "1 while connected to the local broker", registry=r)
        self.broker_connects = Counter("dlms_broker_connects", "Connections made to the local broker", registry=r)
        self.broker_messages = Counter(
            "dlms_broker_messages",
            "Telemetry messages that the local broker acknowledged",
            registry=r,
        )
        self.upstream_configured = Gauge(
            "dlms_upstream_configured",
            "1 when a ThingsBoard host is set, 0 when samples are confirmed locally",
            registry=r,
        )
        self.upstream_connected = Gauge(
            "dlms_upstream_connected",
            "1 while the broker says that its bridge to ThingsBoard is up",
            registry=r,
        )
        self.upstream_sessions = Counter(
            "dlms_upstream_sessions",
            "Sessions with ThingsBoard that the broker opened",
            registry=r,
        )
        self.upstream_short_sessions = Counter(
            "dlms_upstream_short_sessions",
            "Sessions with ThingsBoard that ended soon after they began",
            registry=r,
        )
        self.upstream_token_shared = Gauge(
            "dlms_upstream_token_shared",
            "1 while sessions end in the way they do when something else uses the same token",
            registry=r,
        )
        self.fence_seconds = Histogram(
            "dlms_fence_round_trip_seconds",
            "From a question about the mark to ThingsBoard's answer",
            buckets=FENCE_BUCKETS_S,
            registry=r,
        )
        self.delivery_replayed = Counter(
            "dlms_delivery_replayed_samples",
            "Samples sent again because it was not sure that they had arrived",
            registry=r,
        )
        self.delivery_rate_limit = Gauge(
            "dlms_delivery_rate_limit_messages_per_second",
            "Messages a second that ThingsBoard's limits allow in the long run; +Inf while it has set none",
            registry=r,
        )
        self.delivery_rate_limit.set(math.inf)
        self.delivery_marks = Gauge(
            "dlms_delivery_marks_moving",
            "1 while marks come back from ThingsBoard's database, 0 while they do not: it accepts and stores nothing",
            registry=r,
        )
        self.delivery_marks.set(math.nan)
        self.delivery_unstored = Gauge(
            "dlms_delivery_unstored_samples",
            "Samples that ThingsBoard accepted and that are not known to be stored yet",
            registry=r,
        )
        self.delivery_devices_parked = Gauge(
            "dlms_delivery_devices_parked",
            "Devices that ThingsBoard does not take at present; their samples wait on disk",
            registry=r,
        )
        self.delivery_drain = Gauge(
            "dlms_delivery_drain_seconds",
            "Until the outbox has emptied at the pace of the last minute; +Inf while it is not getting less",
            registry=r,
        )
        self.last_confirmed = Gauge(
            "dlms_delivery_last_confirmed_timestamp_seconds",
            "When samples were last confirmed, Unix time",
            registry=r,
        )
