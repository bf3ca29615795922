"""Free space on the data volume. Only looks, touches no file; whether the disk can be written, the outbox knows."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.health.process_metrics import ProcessMetrics

_EVERY_S = 15.0  # room changes slowly


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """Bytes free, and bytes in all."""

    free: int
    size: int


class DiskWatch:
    """Measures every few seconds.

    Args:
        folder: where the outbox is.
        metrics: where it is shown as well.
    """

    def __init__(self, folder: Path, metrics: ProcessMetrics) -> None:
        self._folder = folder
        self._metrics = metrics
        self.room: DiskRoom | None = None
        """As last measured; None if it never could be."""

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            await asyncio.to_thread(self.measure)
            await asyncio.sleep(_EVERY_S)

    def measure(self) -> None:
        """Measure once; if the folder cannot be asked, everything stays as it was."""
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return
        self.room = DiskRoom(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
        self._metrics.disk_free.set(self.room.free)
        self._metrics.disk_size.set(self.room.size)
