"""The meters of one bridge: a poller each, and one link for all that share a connection.

Built once, at the start. Knows no outbox and no upstream: samples go to ``sink``, what is news to ``notice``.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from loguru import logger

from bridge.errors import AssociationError
from bridge.meters.association_spacing import AssociationSpacing
from bridge.meters.counter_store import CounterStore, passing_title
from bridge.meters.cycle_grid import CycleGrid
from bridge.meters.incoming_calls import IncomingCalls
from bridge.meters.link import Link
from bridge.meters.poller import Poller
from bridge.meters.recent_frames import RecentFrames
from bridge.meters.refused_secrets import RefusedSecrets
from bridge.meters.stopwatch import Stopwatch
from bridge.meters.trace import Trace

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from bridge.clock.clock import BridgeClock
    from bridge.configuration.meter import Meter
    from bridge.configuration.settings import Settings
    from bridge.log_lines import Level
    from bridge.meters.frame_watch import FrameWatch
    from bridge.meters.metrics import MeterMetrics
    from bridge.meters.send_fence import SendFence
    from bridge.sample import Presence, Sample

_START_SPREAD_S = 10.0
"""However long the interval, every meter is read for the first time soon after the start."""
_ASSOCIATIONS_GAP_S = 0.003
"""An association takes 1 to 2 ms of CPU, a reading 0.1: half of a core is left to those that already read."""


class Fleet:
    """Makes the pollers, and shows the frames of each meter.

    Args:
        settings: how links are opened, whose frames are traced, where counters and refused secrets are kept.
        sink: takes every sample.
        notice: is told when a meter is back or gone.
        metrics: the meters' figures.
        rng: jitter.
        clock: dates readings.
        fence: is asked before anything goes to a meter; None where nobody else may speak to them.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        sink: Callable[[Sample], None],
        notice: Callable[[Presence], None],
        metrics: MeterMetrics,
        rng: random.Random,
        clock: BridgeClock,
        fence: SendFence | None = None,
    ) -> None:
        self._clock, self._fence = clock, fence
        self._all_links: tuple[Link, ...] = ()
        self._link_settings = settings.link
        self._traced = settings.log.traced
        self._sink = sink
        self._notice = notice
        self._metrics = metrics
        self._rng = rng
        self._cycle_level: Level = (
            "DEBUG" if settings.health.fleet else "INFO"
        )  # nobody reads a thousand lines a second
        self._counters = CounterStore(settings.data_dir / "counters.db", clock.at_least_s, may_block=False)
        self._refusals = RefusedSecrets(settings.data_dir, clock_s=clock.shown_s, ago_s=clock.ago_s, forgiving=True)
        self._recent: dict[str, RecentFrames] = {}
        self._pollers: dict[str, Poller] = {}
        self.calls: dict[str, IncomingCalls] = {}
        """Where the calls of meters that dial in are handed in, by meter."""

    async def pollers(self, meters: Sequence[Meter]) -> dict[str, Poller]:
        """Return a poller for each meter that is read, by its name; none of them runs yet."""
        meters = [meter for meter in meters if not meter.calling.push_only]
        if any(meter.keys is not None for meter in meters):
            title = await self._system_title()
            meters = [meter.titled(title) for meter in meters]
        links = self._links(meters)
        self._all_links = tuple(links.values())
        spacing, grid = AssociationSpacing(_ASSOCIATIONS_GAP_S), CycleGrid()
        shares = _start_shares([_where(meter) for meter in meters])
        pollers = self._pollers = {}
        for meter, share in zip(meters, shares, strict=True):
            link = links[_where(meter)]
            self._metrics.expect(meter.name, interval_s=meter.interval_s, link=str(link), profile=meter.profile)
            pollers[meter.name] = Poller(
                meter,
                link,
                sink=self._sink,
                notice=self._notice,
                metrics=self._metrics,
                rng=self._rng,
                # A fleet must not connect in one instant: its cycles are spread, and its associations spaced.
                start_delay_s=min(meter.interval_s, _START_SPREAD_S) * share,
                clock_s=self._clock.steady_s,
                clock=self._clock,
                watch=self._watch(meter),
                counters=self._counters,
                spacing=spacing,
                grid=grid,
                refusals=self._refusals,
                cycle_level=self._cycle_level,
            )
        if unknown := self._traced - {name.lower() for name in pollers}:
            logger.warning("LOG__TRACE_METERS | there is no meter {}", ", ".join(sorted(unknown)))
        return pollers

    def hang_up(self) -> None:
        """Close every connection now, whatever is under way on it."""
        for link in self._all_links:
            link.close()

    def scalers(self, meter: str) -> Mapping[str, tuple[int, str]]:
        """Return scaler and unit by logical name as the meter stated them; nothing where it did not."""
        return self._pollers[meter].scalers if meter in self._pollers else {}

    def frames(self, name: str) -> str:
        """Return the last frames of a meter, masked; empty where none are kept. May be called on any thread."""
        recent = self._recent.get(name)
        return recent.text() if recent else ""

    def _links(self, meters: Sequence[Meter]) -> dict[tuple[str, int], Link]:
        connecting = asyncio.Semaphore(self._link_settings.max_connecting)
        doubtful = asyncio.Semaphore(max(self._link_settings.max_connecting // 2, 1))
        links: dict[tuple[str, int], Link] = {}
        ways: dict[tuple[str, int], IncomingCalls | None] = {}
        for meter in meters:
            where = _where(meter)
            if where not in links:
                calls = ways[where] = self._way(meter)
                link = links[where] = Link(
                    *where,
                    meter.framing,
                    connect_timeout_s=self._link_settings.connect_timeout_s,
                    connecting=connecting,
                    doubtful=doubtful,
                    fence=self._fence,
                    way=calls,
                )
                if calls is not None:
                    calls.wake = link.wake
            if (way := ways[where]) is not None:
                self.calls[meter.name] = way
            links[where].join(frame_gap_s=meter.frame_gap_s, reconnect_gap_s=meter.reconnect_gap_s)
        return links

    def _way(self, meter: Meter) -> IncomingCalls | None:
        """Return the calls over which the meter, and others behind its modem, are read; None for one that is called."""
        if not meter.calling.dial_in:
            return None
        return IncomingCalls(meter.calling.via or meter.name, self._clock.steady_s, fence=self._fence)

    async def _system_title(self) -> bytes:
        """Return the title of the bridge, for meters that cipher; the others are read whatever the disk does."""
        try:
            return await asyncio.to_thread(self._counters.system_title)
        except AssociationError as error:
            logger.bind(stage="disk").warning(
                "counters | meters that cipher {} | {}; they wait until it can be written", error, error.hint
            )
            return passing_title()  # without a counter from the disk nothing is sent under it

    def _watch(self, meter: Meter) -> FrameWatch | None:
        """Return who sees the meter's frames: the trace that was asked for, the last few, the clock of its requests."""
        trace = Trace(meter.name, meter.secrets) if meter.name.lower() in self._traced else None
        took = self._metrics.request_duration(meter.name)
        if took is None:  # a fleet: what every frame costs is not spent
            return trace
        recent = self._recent[meter.name] = RecentFrames(meter.secrets, trace, clock_s=self._clock.shown_s)
        return Stopwatch(took, recent)


def _where(meter: Meter) -> tuple[str, int]:
    return meter.host.lower(), meter.port


def _start_shares(links: Sequence[tuple[str, int]]) -> list[float]:
    """Return when each meter begins, as a share of the time over which a fleet does.

    Meters behind one converter take turns on it: they begin as far apart as they can, else the last one of twenty is
    late by nineteen readings, every cycle.

    Args:
        links: where each meter is.
    """
    sizes = Counter(links)
    numbers = {link: number for number, link in enumerate(sizes)}
    so_far: Counter[tuple[str, int]] = Counter()
    shares = []
    for link in links:
        shares.append((so_far[link] + numbers[link] / len(sizes)) / sizes[link])
        so_far[link] += 1
    return shares
