"""The outbox's own figures as metrics. Looks on; the outbox knows nothing of it, and nobody learns of it from here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter

    from bridge.health.metrics import Metrics
    from bridge.outbox.outbox import Outbox

_LOOK_EVERY_S = 1.0


class OutboxFigures:
    """Shows the outbox's state in the metrics.

    Args:
        outbox: is asked.
        metrics: are set.
    """

    def __init__(self, outbox: Outbox, metrics: Metrics) -> None:
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
