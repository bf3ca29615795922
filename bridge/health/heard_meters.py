"""The meters that are only heard: how each is doing, in the words and figures of those that are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.health.watched_meter import WatchedMeter
from bridge.meters.state import MeterState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.clock.clock import BridgeClock
    from bridge.configuration.meter import Meter
    from bridge.meters.metrics import MeterMetrics
    from bridge.sample import Sample

LINK = "push"
"""What stands for the connection of such a meter in metrics: there is none to speak of."""


class HeardMeter:
    """One of them; what health asks of a meter's poller.

    Args:
        interval_s: how often it should push.
    """

    def __init__(self, interval_s: float) -> None:
        self.state = MeterState()
        self.interval_s = interval_s


class HeardMeters:
    """All of them.

    Args:
        meters: all that are configured.
        metrics: where the meters' figures are.
        clock: the bridge's.
        live: takes the copy for local subscribers.
    """

    def __init__(
        self,
        meters: Iterable[Meter],
        metrics: MeterMetrics,
        clock: BridgeClock,
        *,
        live: Callable[[Sample], None],
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._live = live
        self._all: dict[str, HeardMeter] = {}
        for meter in meters:
            if meter.calling.push_only:
                self._all[meter.name] = HeardMeter(meter.interval_s)
                metrics.expect(meter.name, interval_s=meter.interval_s, link=LINK, profile=meter.profile)

    @property
    def watched(self) -> tuple[WatchedMeter, ...]:
        """What status and wellness look at."""
        return tuple(WatchedMeter(name, meter) for name, meter in self._all.items())

    def heard(self, sample: Sample) -> None:
        """Note a sample that was pushed and is on disk; also of a meter that is read besides."""
        if not all(key.startswith("lp_") for key in sample.layout.keys):  # rows of a load profile are no news
            self._live(sample)
        meter = self._all.get(sample.meter)
        if meter is None:
            return
        metrics, name = self._metrics, sample.meter
        meter.state.succeeded(sample, self._clock.steady_s())
        metrics.meter_up.labels(name).set(1)
        metrics.meter_cycles.labels(name, "ok").inc()
        metrics.meter_last_success.labels(name).set(self._clock.shown_s())
