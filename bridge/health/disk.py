"""The outbox's disk: how much room it has, and since when it cannot be written. Looks on; touches no file."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prometheus_client import Counter

    from bridge.health.metrics import Metrics

_LOOK_EVERY_S = 1.0
_MEASURE_EVERY = 15  # looks: room changes slowly


class DiskWatch:
    """Watches the counters of the outbox: a write that fails begins a failure, a commit ends it.

    Args:
        folder: where the outbox is.
        metrics: the outbox's counters are read, the disk's gauges are set.
        clock_s: monotonic seconds.
    """

    def __init__(self, folder: Path, metrics: Metrics, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._metrics = metrics
        self._clock_s = clock_s
        self._errors = self._commits = 0.0
        self._failing_since_s: float | None = None

    @property
    def failing_for_s(self) -> float | None:
        """Seconds since the outbox could not be written; None when it can."""
        return None if self._failing_since_s is None else self._clock_s() - self._failing_since_s

    async def run(self) -> None:
        """Look every second until cancelled."""
        looks = 0
        while True:
            self.look()
            if looks % _MEASURE_EVERY == 0:
                await asyncio.to_thread(self.measure)
            looks += 1
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Compare the counters with those of the last look."""
        errors, commits = _count(self._metrics.outbox_errors), _count(self._metrics.outbox_commits)
        if commits > self._commits:
            self._failing_since_s = None
        elif errors > self._errors and self._failing_since_s is None:
            self._failing_since_s = self._clock_s()
        self._errors, self._commits = errors, commits

    def measure(self) -> None:
        """Set the gauges of the disk's room; a folder that cannot be asked leaves them as they were."""
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return
        self._metrics.disk_free.set(found.f_bavail * found.f_frsize)
        self._metrics.disk_size.set(found.f_blocks * found.f_frsize)


def _count(counter: Counter) -> float:
    (family,) = counter.collect()
    return float(family.samples[0].value)
