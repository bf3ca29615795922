"""What the outbox reports of itself: plain figures. Health reads them and sets the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Foreign:
    """Samples that wait for another destination than the present one. They are kept, and not sent.

    Args:
        destination: for whom they were accepted.
        count: how many.
        oldest_ts_ms: time stamp of the first of them.
        newest_ts_ms: of the last.
    """

    destination: str
    count: int
    oldest_ts_ms: int
    newest_ts_ms: int


class Stats(NamedTuple):
    """What is on disk.

    Args:
        depth: samples that wait for the present destination.
        oldest_ts_ms: time stamp of the one that waits longest, None when none does.
        size_bytes: the file and its write-ahead log.
        foreign: what waits for other destinations.
        undated: samples that wait for their time.
    """

    depth: int
    oldest_ts_ms: int | None
    size_bytes: int
    foreign: tuple[Foreign, ...]
    undated: int = 0


@dataclass(frozen=True, slots=True)
class Failing:
    """Something that does not work now.

    Args:
        for_s: seconds since it last worked.
        times: attempts that failed since then.
        error: what the last one said.
        hint: what a technician can do about it.
    """

    for_s: float
    times: int
    error: str
    hint: str


@dataclass(frozen=True, slots=True)
class OutboxState:
    """The outbox now. Counts are since the start of the process.

    Args:
        destination: for whom samples are accepted now.
        depth: samples on disk that wait for the present destination.
        pending: samples in memory that are not on disk yet: a restart would lose them.
        oldest_ts_ms: time stamp of the sample that waits longest; None when none does.
        bytes: the file and its log.
        limit_bytes: their bound.
        accepted: samples committed.
        commits: group commits.
        stored: samples confirmed.
        lost_full: samples that went unsent because the outbox was full.
        lost_old: because of ``OUTBOX__MAX_AGE_DAYS``.
        lost_memory: because the disk refused and memory was full.
        set_aside: samples that ThingsBoard will not take.
        last_stored_s: when the last sample was confirmed, Unix seconds; None when none was.
        last_stored_ago_s: the same as an age.
        writing: why nothing can be written now; None when it can.
        reading: why nothing can be read now; None when it can.
        write_errors: failed attempts, all of them.
        read_errors: the same of reading.
        foreign: what waits for other destinations.
        damaged_files: damaged files that were set aside and are still there.
        damaged_bytes: their size.
        undated: samples that wait for their time, on disk or in memory.
    """

    destination: str
    depth: int
    pending: int
    oldest_ts_ms: int | None
    bytes: int
    limit_bytes: int
    accepted: int
    commits: int
    stored: int
    lost_full: int
    lost_old: int
    lost_memory: int
    set_aside: int
    last_stored_s: float | None
    last_stored_ago_s: float | None
    writing: Failing | None
    reading: Failing | None
    write_errors: int
    read_errors: int
    foreign: tuple[Foreign, ...]
    damaged_files: int
    damaged_bytes: int
    undated: int = 0

    @property
    def waiting(self) -> int:
        """Samples that wait for the present destination, wherever they are."""
        return self.depth + self.pending

    @property
    def lost(self) -> int:
        """Samples lost since the start."""
        return self.lost_full + self.lost_old + self.lost_memory
