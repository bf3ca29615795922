"""The data volume's room. Looks on; touches no file. Whether it can be written the outbox knows, which writes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.health.metrics import Metrics

_EVERY_S = 15.0  # room changes slowly


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that are free, and all there are."""

    free: int
    size: int


class DiskWatch:
    """Measures now and then.

    Args:
        folder: where the outbox is.
        metrics: where it is shown, too.
    """

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        self._folder = folder
        self._metrics = metrics
        self.room: Room | None = None
        """As measured last; None while it never could be."""

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            await asyncio.to_thread(self.measure)
            await asyncio.sleep(_EVERY_S)

    def measure(self) -> None:
        """Measure once; a folder that cannot be asked leaves everything as it was."""
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return
        self.room = Room(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
        self._metrics.disk_free.set(self.room.free)
        self._metrics.disk_size.set(self.room.size)
