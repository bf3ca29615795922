"""The metrics of the meters' wing: counted by pollers and their observers, shown by ``/metrics``.

Each figure is a counted event or a measured state; nothing here is derived, smoothed or invented. Names follow
Prometheus's conventions: base units, ``_total`` for counters, labels from bounded sets only. Nobody reads one back:
what a meter's poller knows stands in ``state.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from collections.abc import Callable

CYCLE_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""From a meter on the same switch to a slow one at the end of an RS-485 bus."""
LATENESS_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From a timer of the event loop to a whole interval."""


class MeterMetrics:
    """The instruments, and how a meter's series begin.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
        fleet: for thousands of meters: durations of all meters together, none of each; series of what seldom happens
            are made when it first does.
        register_values: whether the values read are shown, a series per register.
    """

    def __init__(
        self, registry: CollectorRegistry | None = None, *, fleet: bool = False, register_values: bool = True
    ) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        self._fleet = fleet
        self._register_values = register_values
        self._build_cycles(self.registry)
        self._build_connections(self.registry)
        self._build_values(self.registry)

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
        if self._fleet:
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
        return None if self._fleet else self.meter_request_seconds.labels(meter).observe

    def durations(self, meter: str) -> tuple[Callable[[float], None], ...]:
        """Return what :meth:`cycle_took` of ``meter`` observes, for whoever reports at every cycle."""
        if self._fleet:
            return (self.cycle_seconds.observe,)
        return self.cycle_seconds.observe, self.meter_cycle_seconds.labels(meter).observe

    @property
    def is_fleet(self) -> bool:
        """Whether series per meter are kept few."""
        return self._fleet

    @property
    def shows_values(self) -> bool:
        """Whether the values read are to be set on ``meter_value``."""
        return self._register_values

    def _build_cycles(self, registry: CollectorRegistry) -> None:
        meter = ("meter",)
        self.cycle_seconds = Histogram(
            "dlms_cycle_duration_seconds",
            "From the first request of a cycle to its last answer, all meters together",
            buckets=CYCLE_BUCKETS_S,
            registry=registry,
        )
        self.cycle_lateness = Histogram(
            "dlms_cycle_lateness_seconds",
            "From a cycle's moment on the grid (20 ms, from when it is due on) to when it began, all meters together; "
            "after a failure the wait is not in it",
            buckets=LATENESS_BUCKETS_S,
            registry=registry,
        )
        self.meter_info = Gauge(
            "dlms_meter_info",
            "Always 1; says which connection (host:port) the meter is behind and which profile it is read by",
            ("meter", "link", "profile"),
            registry=registry,
        )
        self.meter_up = Gauge(
            "dlms_meter_up",
            "1 when the meter's last cycle gave a sample, 0 when it failed or has not been yet",
            meter,
            registry=registry,
        )
        self.meter_interval = Gauge(
            "dlms_meter_interval_seconds",
            "How often the meter is to be read, as configured",
            meter,
            registry=registry,
        )
        self.meter_cycles = Counter(
            "dlms_meter_cycles",
            "Reading cycles finished, by result (ok, failed)",
            ("meter", "result"),
            registry=registry,
        )
        self.meter_errors = Counter(
            "dlms_meter_errors",
            "Cycles that failed, by the stage where they failed",
            ("meter", "stage"),
            registry=registry,
        )
        self.meter_last_error = Gauge(
            "dlms_meter_last_error_timestamp_seconds",
            "When a cycle of the meter last failed, Unix time, by the stage where; the newest says why it is down",
            ("meter", "stage"),
            registry=registry,
        )
        self.meter_refused = Counter(
            "dlms_meter_refused_registers",
            "Registers that the meter refused while the others of the cycle were read",
            meter,
            registry=registry,
        )
        self.meter_doubtful = Counter(
            "dlms_meter_doubtful_values",
            "Values published with a quality flag: no value, a clock that is not to be trusted, a scaler without sense",
            meter,
            registry=registry,
        )
        self.meter_cycle_seconds = Histogram(
            "dlms_meter_cycle_duration_seconds",
            "From the first request of a cycle to its last answer",
            meter,
            buckets=CYCLE_BUCKETS_S,
            registry=registry,
        )
        self.meter_request_seconds = Histogram(
            "dlms_meter_request_duration_seconds",
            "From one request to its whole answer; what stayed unanswered is not in it",
            meter,
            buckets=CYCLE_BUCKETS_S,
            registry=registry,
        )
        self.meter_clock_drift = Gauge(
            "dlms_meter_clock_drift_seconds",
            "The meter's clock less the bridge's when the cycle began; for profiles that read the clock",
            meter,
            registry=registry,
        )
        self.meter_last_success = Gauge(
            "dlms_meter_last_success_timestamp_seconds",
            "When the meter last gave a sample, Unix time",
            meter,
            registry=registry,
        )
        self.meter_recovered = Gauge(
            "dlms_meter_recovered_timestamp_seconds",
            "When the meter last gave a sample after failed attempts, Unix time",
            meter,
            registry=registry,
        )

    def _build_connections(self, registry: CollectorRegistry) -> None:
        meter = ("meter",)
        self.meter_connects = Counter(
            "dlms_meter_connects",
            "Associations opened with the meter, the first one included",
            meter,
            registry=registry,
        )
        self.meter_reconnects = Counter(
            "dlms_meter_reconnects",
            "Associations opened again after one was lost, by the stage of the error that ended it",
            ("meter", "reason"),
            registry=registry,
        )
        self.meter_retries = Counter(
            "dlms_meter_retries",
            "Tried again, by level: request (asked again within a cycle), connection (connected to again after a wait)",
            ("meter", "level"),
            registry=registry,
        )
        self.meter_stale_bytes = Counter(
            "dlms_meter_stale_bytes",
            "Bytes dropped because nobody had asked for them or no frame could be made of them",
            meter,
            registry=registry,
        )
        self.meter_notifications = Counter(
            "dlms_meter_notifications",
            "Notifications that came amid its answers; taken where it opened the connection (DIAL_IN), else dropped",
            meter,
            registry=registry,
        )
        self.meter_late_answers = Counter(
            "dlms_meter_late_answers",
            "Answers dropped because the request had been given up",
            meter,
            registry=registry,
        )

    def _build_values(self, registry: CollectorRegistry) -> None:
        meter = ("meter",)
        self.meter_list_refused = Gauge(
            "dlms_meter_list_refused",
            "1 for a meter that agrees to GET-WITH-LIST and fails on it, so that each register is read by itself",
            meter,
            registry=registry,
        )
        self.meter_left_out = Gauge(
            "dlms_meter_left_out_objects",
            "Objects that a meter does not answer, so that they are left out and tried again now and then",
            meter,
            registry=registry,
        )
        self.meter_counter_remaining = Gauge(
            "dlms_meter_invocation_counter_remaining_ratio",
            "Share of the invocation counters left under the present key; at 0 the key can encrypt nothing more",
            meter,
            registry=registry,
        )
        self.meter_overruns = Counter(
            "dlms_meter_overruns",
            "Cycles skipped because the one before was still running",
            meter,
            registry=registry,
        )
        self.meter_value = Gauge(
            "dlms_meter_value",
            "Last value of a register in the unit that the meter states",
            ("meter", "key", "unit"),
            registry=registry,
        )
