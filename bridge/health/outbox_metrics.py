"""The outbox's own figures as metrics. The outbox knows nothing of this, and nobody learns of the outbox from here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge

if TYPE_CHECKING:
    from bridge.outbox.outbox import Outbox

_LOOK_EVERY_S = 1.0


class OutboxMetrics:
    """The instruments.

    Args:
        registry: where to register; a fresh one by default, so that tests never share a figure.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry if registry is not None else CollectorRegistry()
        self.outbox_samples = Gauge(
            "dlms_outbox_samples", "Samples on disk that wait to be confirmed", registry=registry
        )
        self.outbox_oldest = Gauge(
            "dlms_outbox_oldest_timestamp_seconds",
            "Unix time of the oldest sample that waits; 0 when none does",
            registry=registry,
        )
        self.outbox_bytes = Gauge("dlms_outbox_bytes", "Size of the outbox on disk", registry=registry)
        self.outbox_limit_bytes = Gauge(
            "dlms_outbox_limit_bytes", "Size at which the outbox drops its oldest samples", registry=registry
        )
        self.outbox_accepted = Counter(
            "dlms_outbox_accepted_samples",
            "Samples committed to disk",
            registry=registry,
        )
        self.outbox_confirmed = Counter(
            "dlms_outbox_confirmed_samples",
            "Samples removed from disk because they were confirmed",
            registry=registry,
        )
        self.outbox_evicted = Counter(
            "dlms_outbox_evicted_samples",
            "Samples lost because the outbox was full, oldest first",
            registry=registry,
        )
        self.outbox_dropped = Counter(
            "dlms_outbox_dropped_samples",
            "Samples lost in memory, oldest first, because the disk could not be written for too long",
            registry=registry,
        )
        self.outbox_quarantined = Counter(
            "dlms_outbox_quarantined_samples",
            "Samples set aside because ThingsBoard takes the others and not them",
            registry=registry,
        )
        self.outbox_commits = Counter("dlms_outbox_commits", "Group commits, one fsync each", registry=registry)
        self.outbox_errors = Counter("dlms_outbox_errors", "Writes to the outbox that failed", registry=registry)
        self.outbox_read_errors = Counter(
            "dlms_outbox_read_errors", "Reads of the outbox that failed", registry=registry
        )
        self.outbox_pending = Gauge(
            "dlms_outbox_pending_samples",
            "Samples in memory that wait for the next commit",
            registry=registry,
        )
        self.outbox_undated = Gauge(
            "dlms_outbox_undated_samples",
            "Samples that wait for the time: they were read while this machine's clock was not trusted",
            registry=registry,
        )
        self.last_confirmed = Gauge(
            "dlms_delivery_last_confirmed_timestamp_seconds",
            "When samples were last confirmed, Unix time",
            registry=registry,
        )


class OutboxFigures:
    """Shows the outbox's state in the metrics.

    Args:
        outbox: is asked.
        metrics: are set.
    """

    def __init__(self, outbox: Outbox, metrics: OutboxMetrics) -> None:
        self._outbox = outbox
        self._metrics = metrics
        self._shown: dict[Counter, float] = {}
        outbox.listen(self.look)

    async def run(self) -> None:
        """Look every second until cancelled; with every commit too."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Show what is so now."""
        m, state = self._metrics, self._outbox.state
        m.outbox_samples.set(state.depth)
        m.outbox_pending.set(state.pending)
        m.outbox_undated.set(state.undated)
        m.outbox_oldest.set((state.oldest_ts_ms or 0) / 1000)
        m.outbox_bytes.set(state.bytes)
        m.outbox_limit_bytes.set(state.limit_bytes)
        m.last_confirmed.set(state.last_stored_s or 0)
        self._count(m.outbox_accepted, state.accepted)
        self._count(m.outbox_confirmed, state.stored)
        self._count(m.outbox_evicted, state.lost_full + state.lost_old)
        self._count(m.outbox_dropped, state.lost_memory)
        self._count(m.outbox_quarantined, state.set_aside)
        self._count(m.outbox_commits, state.commits)
        self._count(m.outbox_errors, state.write_errors)
        self._count(m.outbox_read_errors, state.read_errors)

    def _count(self, counter: Counter, total: float) -> None:
        counter.inc(total - self._shown.get(counter, 0.0))
        self._shown[counter] = total
