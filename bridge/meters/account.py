"""What came of a meter's cycles, told to everyone who looks on: metrics, log and state. Decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

from bridge.meters import clock
from bridge.meters.state import MeterState

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.errors import MeterError
    from bridge.health.metrics import Metrics
    from bridge.meters.recovery import Recovery
    from bridge.meters.session import Reading
    from bridge.sample import Sample


class Account:
    """One meter's account.

    Args:
        name: the meter's name.
        metrics: where events are counted.
        clock_s: wall clock, Unix seconds.
    """

    def __init__(self, name: str, metrics: Metrics, clock_s: Callable[[], float]) -> None:
        self.state = MeterState()
        self._name = name
        self._metrics = metrics
        self._clock_s = clock_s
        self._refused: frozenset[str] = frozenset()
        self._log = logger.bind(meter=name)

    def read(self, sample: Sample, readings: list[Reading], took_s: float) -> None:
        """Tell what a cycle gave, in a line that a person can read."""
        self._metrics.cycle_took(self._name, took_s)
        for value in sample.values:
            if isinstance(value.value, int | float):
                self._metrics.value_read(self._name, value.key, value.unit, value.value)
        self._note_clock(readings, sample.ts_ms / 1000)
        self._note_refusals(readings)
        shown = (
            f"{reading.register.label or reading.register.key}: {reading.value} {reading.unit}".rstrip()
            for reading in readings
            if reading.value is not None
        )
        self._log.info("{} | {} | {:.2f} s", self._name, " | ".join(shown), took_s)

    def succeeded(self, sample: Sample, failures: int) -> None:
        """Count a good cycle, and tell that the meter is back if ``failures`` came before it."""
        name, metrics, now_s = self._name, self._metrics, self._clock_s()
        failing_since_s = self.state.failing_since_s
        self.state.succeeded(sample, now_s)
        metrics.meter_up.labels(name).set(1)
        metrics.meter_cycles.labels(name, "ok").inc()
        metrics.meter_last_success.labels(name).set(now_s)
        if failures and failing_since_s is not None:
            metrics.meter_recovered.labels(name).set(now_s)
            self._log.info("{} | back after {} failed attempts, {:.0f} s", name, failures, now_s - failing_since_s)

    def failed(self, error: MeterError, recovery: Recovery, wait_s: float) -> None:
        """Count a failed cycle; log the first of a row, every 60th, and each refusal of the credentials."""
        name, metrics, left_alone = self._name, self._metrics, recovery.is_locked_out
        metrics.meter_up.labels(name).set(0)
        metrics.meter_cycles.labels(name, "failed").inc()
        metrics.meter_errors.labels(name, error.stage).inc()
        self.state.failed(error, self._clock_s(), wait_s=wait_s, left_alone=left_alone)
        if recovery.is_worth_a_line or left_alone:
            line = " | ".join(part for part in (name, error.stage, str(error), error.hint) if part)
            self._log.bind(stage=error.stage).warning(
                "{} | failed attempt {}, the next in {:.0f} s", line, recovery.failures, wait_s
            )

    def unforeseen(self, error: Exception) -> None:
        """Log, with its traceback, what nobody foresaw."""
        self._log.opt(exception=error).error("{} | an error that nobody foresaw; please report it", self._name)

    def associated(self, lost_at: str | None) -> None:
        """Count an association.

        Args:
            lost_at: the stage of the error that ended the one before; None for the first.
        """
        if lost_at is not None:
            self._metrics.meter_reconnects.labels(self._name, lost_at or "tcp").inc()
            self.state.reconnects += 1
        self._metrics.meter_connects.labels(self._name).inc()

    def asked_again(self, level: str) -> None:
        """Count a retry: of a ``request`` within a cycle, of a ``connection`` after a failed one."""
        self._metrics.meter_retries.labels(self._name, level).inc()

    def stale(self, count: int) -> None:
        """Count bytes that nobody asked for."""
        if count:
            self._metrics.meter_stale_bytes.labels(self._name).inc(count)

    def overrun(self, cycles: int) -> None:
        """Count cycles that were skipped because the one before was still running."""
        self._metrics.meter_overruns.labels(self._name).inc(cycles)

    def _note_clock(self, readings: list[Reading], read_at_s: float) -> None:
        for reading in readings:
            if clock.is_clock(reading.register):
                drift_s = clock.drift_s(reading.value, read_at_s)
                if drift_s is not None:
                    self._metrics.meter_clock_drift.labels(self._name).set(drift_s)
                    self._say_drift(drift_s)

    def _say_drift(self, drift_s: float) -> None:
        """Log when the clock begins and when it ceases to be off."""
        was_off = abs(self.state.clock_drift_s or 0.0) > clock.TOLERANCE_S
        is_off = abs(drift_s) > clock.TOLERANCE_S
        self.state.clock_drift_s = drift_s
        if is_off and not was_off:
            self._log.warning(
                "{} | its clock and ours differ by {:+.0f} s | set the meter's, or this host's (timedatectl)",
                self._name,
                drift_s,
            )
        elif was_off and not is_off:
            self._log.info("{} | its clock is right again", self._name)

    def _note_refusals(self, readings: list[Reading]) -> None:
        refused = {reading.register.obis: reading.refusal for reading in readings if reading.value is None}
        if refused:
            self._metrics.meter_refused.labels(self._name).inc(len(refused))
        if self._refused != refused.keys():
            self._refused = frozenset(refused)
            for obis, reason in refused.items():
                self._log.bind(stage="access").warning(
                    "{} | access | refuses {}: {}; the other registers go on | is it in this meter? see the profile",
                    self._name, obis, reason,
                )  # fmt: skip
