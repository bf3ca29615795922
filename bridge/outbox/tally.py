"""Tally: counts what became of samples since the start, and puts the outbox's state together."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.outbox.state import OutboxState

if TYPE_CHECKING:
    from bridge.outbox.disk import Disk


@dataclass(slots=True)
class Tally:
    """Counts; see :class:`~bridge.outbox.state.OutboxState`.

    Args:
        last_stored: when the last sample was confirmed, Unix and monotonic seconds.
    """

    accepted: int = 0
    commits: int = 0
    stored: int = 0
    set_aside: int = 0
    lost_full: int = 0
    lost_old: int = 0
    lost_memory: int = 0
    last_stored: tuple[float, float] | None = None

    def state(
        self,
        disk: Disk,
        *,
        destination: str,
        depth: int,
        pending: int,
        oldest_ts_ms: int | None,
        limit_bytes: int,
        undated: int,
    ) -> OutboxState:
        """Return everything that the outbox says of itself, now."""
        stored = self.last_stored
        return OutboxState(
            destination=destination,
            depth=depth,
            pending=pending,
            oldest_ts_ms=oldest_ts_ms,
            bytes=disk.stats.size_bytes,
            limit_bytes=limit_bytes,
            accepted=self.accepted,
            commits=self.commits,
            stored=self.stored,
            lost_full=self.lost_full,
            lost_old=self.lost_old,
            lost_memory=self.lost_memory,
            set_aside=self.set_aside,
            last_stored_s=stored[0] if stored else None,
            last_stored_ago_s=time.monotonic() - stored[1] if stored else None,
            writing=disk.writing.now,
            reading=disk.reading.now,
            write_errors=disk.writing.errors,
            read_errors=disk.reading.errors,
            foreign=disk.stats.foreign,
            damaged_files=disk.damaged_files,
            damaged_bytes=disk.damaged_bytes,
            undated=disk.stats.undated + undated,
        )
