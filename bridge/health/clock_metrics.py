"""What the clock says of itself, as metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from bridge.clock.state import Condition

if TYPE_CHECKING:
    from bridge.clock.state import ClockState


class ClockMetrics:
    """The instruments.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry if registry is not None else CollectorRegistry()
        self.clock_condition = Gauge(
            "dlms_clock_condition",
            "1 for what the clock is now: trusted, kept (this machine's is wrong and the bridge goes by its own time), "
            "estimated (by the meters' clocks) or waiting (samples wait for the time)",
            ("condition",),
            registry=registry,
        )
        self.clock_off = Gauge(
            "dlms_clock_wall_offset_seconds",
            "How far this machine's clock is ahead of the time that samples are given; 0 while they have none",
            registry=registry,
        )
        self.clock_steps = Counter(
            "dlms_clock_steps", "Steps of this machine's clock by more than two seconds", registry=registry
        )
        self.clock_sent_wrong = Counter(
            "dlms_clock_sent_wrong_samples",
            "Samples that had gone out when the clock by which they were dated turned out to have been wrong",
            registry=registry,
        )
        self._steps = self._sent_wrong = 0

    def show(self, state: ClockState, sent_wrong: int) -> None:
        """Show what is so now.

        Args:
            state: the clock's.
            sent_wrong: samples sent with a wrong time, since the start.
        """
        for condition in get_args(Condition):
            self.clock_condition.labels(condition).set(condition == state.condition)
        self.clock_off.set(state.wall_off_s)
        self.clock_steps.inc(state.steps - self._steps)
        self.clock_sent_wrong.inc(sent_wrong - self._sent_wrong)
        self._steps, self._sent_wrong = state.steps, sent_wrong
