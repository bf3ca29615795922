"""What came of a meter's cycles, reported to metrics, log and state. Decides nothing.

Work that can be done once is not done every cycle: instruments are bound to the meter here, and a line that nobody
reads is not built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

from bridge.clock.moment import Moment
from bridge.log_lines import counted, is_said
from bridge.meters import clock_offset as clock
from bridge.meters.state import MeterState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from loguru import Logger
    from prometheus_client import Gauge

    from bridge.clock.clock import BridgeClock
    from bridge.dlms.association import MeterSession
    from bridge.dlms.reading_plan import Reading
    from bridge.errors import MeterError
    from bridge.log_lines import Level
    from bridge.meters.metrics import MeterMetrics
    from bridge.meters.recovery import Recovery
    from bridge.sample import Layout, Sample, Scalar

_LONG_S = 600.0
"""A meter that is left alone this long is logged each time."""


class MeterObserver:
    """One meter's account.

    Args:
        name: the meter's name.
        metrics: where events are counted.
        clock_s: seconds that pass as they do; for ages.
        level: at which the line of a good cycle is logged.
        bridge_clock: hears what the meter's clock says, and tells the time; None where ``clock_s`` is all there is.
    """

    def __init__(
        self,
        name: str,
        metrics: MeterMetrics,
        clock_s: Callable[[], float],
        level: Level = "INFO",
        bridge_clock: BridgeClock | None = None,
    ) -> None:
        self.state = MeterState()
        self._name = name
        self._metrics = metrics
        self._clock_s = clock_s
        self._bridge_clock = bridge_clock
        # What is compared with the time of day elsewhere goes by the host's wall clock, right or wrong.
        self._shown_s = clock_s if bridge_clock is None else bridge_clock.shown_s
        self._level = level
        self._refused: frozenset[str] = frozenset()
        self._late = self._notifications = 0  # of the session, as counted so far
        self._reads_singly = False
        self._layout: Layout | None = None
        self._labels: tuple[str, ...] = ()
        self._clock: int | None = None  # which of the values is the meter's clock
        self._gauges: list[
            Gauge | None
        ] = []  # one per value, from its first number on; empty where values are not shown
        self._durations = metrics.durations(name)
        self._cycles_ok = metrics.meter_cycles.labels(name, "ok")
        self._up = metrics.meter_up.labels(name)
        self._last_success: Gauge | None = None  # no series before there was one

    def began(self, late_s: float) -> None:
        """Report how late a cycle began, seconds after it was due."""
        self._metrics.cycle_late(late_s)

    def read(self, sample: Sample, readings: Sequence[Reading], took_s: float) -> None:
        """Report what a cycle gave, in a line that a person can read.

        Args:
            sample: made of the readings, one value for each.
            readings: what the meter said.
            took_s: from the first request to the last answer.
        """
        if sample.layout is not self._layout:
            self._bind(sample.layout, readings)
        for observe in self._durations:
            observe(took_s)
        for gauge, value in zip(self._gauges, sample.scalars, strict=False):
            if isinstance(value, int | float):
                if gauge is None:
                    self._show_numbers(sample)
                    break
                gauge.set(value)
        if self._clock is not None:
            quality = sample.qualities[self._clock] if sample.qualities else ""
            moment = Moment(sample.boot, sample.up_ns)
            self.note_clock(sample.scalars[self._clock], quality, moment, sample.ts_ms)
        self._note_doubts(sample)
        self._note_refusals(readings)
        if is_said(self._level):
            self._log.log(self._level, "{} | {} | {:.2f} s", self._name, " | ".join(self._shown(sample)), took_s)

    def succeeded(self, sample: Sample, failures: int) -> None:
        """Count a good cycle, and report that the meter is back if ``failures`` came before it."""
        state, now_s = self.state, self._clock_s()
        failing_since_s = state.failing_since_s
        if state.condition != "reading":
            self._up.set(1)
        state.succeeded(sample, now_s)
        self._cycles_ok.inc()
        if self._last_success is None:
            self._last_success = self._metrics.meter_last_success.labels(self._name)
        self._last_success.set(self._shown_s())
        if failures and failing_since_s is not None:
            self._metrics.meter_recovered.labels(self._name).set(self._shown_s())
            self._log.info(
                "{} | back after {}, {:.0f} s", self._name, counted(failures, "failed attempt"), now_s - failing_since_s
            )

    def failed(self, error: MeterError, recovery: Recovery, wait_s: float, *, left_alone: bool = False) -> None:
        """Count a failed cycle; log what is new, and each time the meter is left alone because of its secret."""
        name, metrics = self._name, self._metrics
        self._up.set(0)
        metrics.meter_cycles.labels(name, "failed").inc()
        metrics.meter_errors.labels(name, error.stage).inc()
        metrics.meter_last_error.labels(name, error.stage).set(self._shown_s())
        self.state.failed(error, self._clock_s(), wait_s=wait_s, left_alone=left_alone)
        if recovery.is_worth_a_line or (left_alone and wait_s >= _LONG_S):
            line = " | ".join(part for part in (name, error.stage, str(error), error.hint) if part)
            self._log.bind(stage=error.stage).warning(
                "{} | failed attempt {}, the next in {:.0f} s", line, recovery.failures, wait_s
            )

    def unforeseen(self, error: Exception) -> None:
        """Log an unexpected error with its traceback."""
        self._log.opt(exception=error).error("{} | unexpected error; please report it", self._name)

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

    def dropped(self, repeats: int, session: MeterSession) -> None:
        """Count what came of a conversation beside its answers.

        Args:
            repeats: requests that were asked again.
            session: what it has counted since it was made, of late answers and notifications; how it reads by now.
        """
        name, metrics = self._name, self._metrics
        if repeats:
            metrics.meter_retries.labels(name, "request").inc(repeats)
        late, notifications = session.late, session.notifications
        if late > self._late:
            metrics.meter_late_answers.labels(name).inc(late - self._late)
        if notifications > self._notifications:
            metrics.meter_notifications.labels(name).inc(notifications - self._notifications)
        self._late, self._notifications = late, notifications
        if session.plan.lies_about_lists != self._reads_singly:
            self._reads_singly = not self._reads_singly
            metrics.meter_list_refused.labels(name).set(self._reads_singly)
            if self._reads_singly:
                self._log.info("{} | offers GET-WITH-LIST and fails at it | registers are read one by one", name)
        if (left_out := session.plan.left_out).keys() != self.state.left_out.keys():
            self._say_left_out(left_out)
        if session.counter is not None:
            metrics.meter_counter_remaining.labels(name).set(session.counter.remaining_ratio)

    def _say_left_out(self, left_out: Mapping[str, str]) -> None:
        """Log which objects are left out from now on, and which answer again."""
        before, self.state.left_out = self.state.left_out, left_out
        self._metrics.meter_left_out.labels(self._name).set(len(left_out))
        for obis in left_out.keys() - before.keys():
            self._log.bind(stage="access").warning(
                "{} | {} is left out: {}; the others are read, this one is retried now and then | does "
                "this meter have it? check the profile", self._name, obis, left_out[obis],
            )  # fmt: skip
        for obis in before.keys() - left_out.keys():
            self._log.info("{} | {} answers again", self._name, obis)

    def stale(self, count: int) -> None:
        """Count bytes that nobody asked for."""
        if count:
            self._metrics.meter_stale_bytes.labels(self._name).inc(count)

    def overrun(self, cycles: int) -> None:
        """Count cycles that were skipped because the one before was still running."""
        self._metrics.meter_overruns.labels(self._name).inc(cycles)

    @property
    def _log(self) -> Logger:
        return logger.bind(meter=self._name)  # not kept: half a kilobyte per meter, for a line now and then

    def _bind(self, layout: Layout, readings: Sequence[Reading]) -> None:
        """Look up what every sample of this layout needs."""
        self._layout = layout
        registers = [reading.register for reading in readings]
        self._labels = tuple(register.label or register.key for register in registers)
        self._clock = next((n for n, register in enumerate(registers) if clock.is_clock(register)), None)
        self._gauges = [None] * len(registers) if self._metrics.shows_values else []

    def _show_numbers(self, sample: Sample) -> None:
        """Show values from their first number on: a series made earlier would say 0."""
        layout = sample.layout
        for n, (key, unit, value) in enumerate(zip(layout.keys, layout.units, sample.scalars, strict=True)):
            if isinstance(value, int | float):
                gauge = self._gauges[n] = self._gauges[n] or self._metrics.meter_value.labels(self._name, key, unit)
                gauge.set(value)

    def _shown(self, sample: Sample) -> list[str]:
        units, qualities = sample.layout.units, sample.qualities or ("",) * len(sample.scalars)
        shown = []
        for label, value, unit, quality in zip(self._labels, sample.scalars, units, qualities, strict=True):
            if value is not None:
                shown.append(f"{label}: {value} {unit}".rstrip() + (f" ({quality})" if quality else ""))
            elif quality:
                shown.append(f"{label}: {quality}")
        return shown

    def note_clock(self, stated: Scalar | None, quality: str, moment: Moment, at_ms: int) -> bool:
        """Note what the meter's clock stated at a moment; return whether it is off by more than it should."""
        stated_s = clock.stated_s(stated, quality)
        if stated_s is None:
            return False
        at_s = at_ms / 1000
        if self._bridge_clock is not None:
            self._bridge_clock.heard(self._name, stated_s, moment)
            time = self._bridge_clock.time_of(moment)
            if time is None or time.is_estimated:
                return False  # nobody knows by how much it is off
            at_s = time.ts_ms / 1000
        drift_s = clock.drift_s(stated, at_s, quality) or 0.0
        if not self._metrics.is_fleet or max(abs(drift_s), abs(self.state.clock_drift_s or 0.0)) > clock.TOLERANCE_S:
            self._metrics.meter_clock_drift.labels(self._name).set(drift_s)  # of a fleet those that are off
        self._say_drift(drift_s)
        return abs(drift_s) > clock.TOLERANCE_S

    def _say_drift(self, drift_s: float) -> None:
        """Log when the clock goes wrong and when it is right again."""
        was_off = abs(self.state.clock_drift_s or 0.0) > clock.TOLERANCE_S
        is_off = abs(drift_s) > clock.TOLERANCE_S
        self.state.clock_drift_s = drift_s
        if is_off and not was_off:
            self._log.warning(
                "{} | its clock differs from ours by {:+.0f} s | set the meter's, or this host's (timedatectl)",
                self._name,
                drift_s,
            )
        elif was_off and not is_off:
            self._log.info("{} | its clock is right again", self._name)

    def _note_doubts(self, sample: Sample) -> None:
        """Count values with a quality; log one when it begins, changes and ends."""
        if not sample.qualities and not self.state.doubts:
            return
        doubts = {key: said for key, said in zip(sample.layout.keys, sample.qualities, strict=False) if said}
        if doubts:
            self._metrics.meter_doubtful.labels(self._name).inc(len(doubts))
        for key, said in doubts.items():
            if self.state.doubts.get(key) != said:
                self._log.bind(stage="decode").warning(
                    "{} | {} is doubtful: {} | it is published with {}_quality", self._name, key, said, key
                )
        for key in self.state.doubts.keys() - doubts.keys():
            self._log.info("{} | {} is no longer doubtful", self._name, key)
        self.state.doubts = doubts

    def _note_refusals(self, readings: Sequence[Reading]) -> None:
        refused = {reading.register.obis: reading.refusal for reading in readings if reading.refusal}
        if refused:
            self._metrics.meter_refused.labels(self._name).inc(len(refused))
        if self._refused != refused.keys():
            self._refused = frozenset(refused)
            for obis, reason in refused.items():
                self._log.bind(stage="access").warning(
                    "{} | access | refuses {}: {}; the others are read | does this meter have it? check the profile",
                    self._name, obis, reason,
                )  # fmt: skip
