"""Samples that are not on disk yet, oldest first, and which of them may be sent from here.

While the disk works nothing is sent from memory: a sample is on disk first. While it refuses, everything here is shown,
so that it goes upstream; what was shown once stays shown, because it may be in flight.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bridge.outbox.row import Row


class RowsInMemory:
    """The rows.

    Args:
        most: bound on them; the oldest go.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: deque[Row] = deque()
        self._written: list[Row] = []  # the front of them, while the disk is at it
        self.shown_id = 0
        """Rows up to this one may be sent from here, or are on disk."""

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @property
    def oldest_ts_ms(self) -> int | None:
        """Time stamp of the oldest."""
        return self._rows[0].ts_ms if self._rows else None

    @property
    def written(self) -> list[Row]:
        """The rows being written."""
        return self._written

    def add(self, row: Row) -> None:
        """Take a row; :meth:`surplus` must follow."""
        self._rows.append(row)

    def surplus(self) -> list[Row]:
        """Drop the oldest beyond the bound and return them; what is being written stays."""
        gone = []
        while len(self._rows) - len(self._written) > self._most:
            self._rows.rotate(-len(self._written))
            gone.append(self._rows.popleft())
            self._rows.rotate(len(self._written))
        return gone

    def show_all(self) -> None:
        """The disk refuses: what is here may be sent."""
        if self._rows:
            self.shown_id = max(self.shown_id, self._rows[-1].id)

    def begin(self, count: int) -> list[Row]:
        """Return the oldest rows, at most ``count``, for the disk to write; :meth:`ended` must follow."""
        self._written = list(islice(self._rows, count))
        return self._written

    def ended(self, *, on_disk: bool) -> None:
        """The disk has those rows, or it refused and they stay."""
        if on_disk and self._written:
            last_id = self._written[-1].id
            self.shown_id = max(self.shown_id, last_id)
            while self._rows and self._rows[0].id <= last_id:
                self._rows.popleft()
        self._written = []

    def shown(self, *, after: int, upto: int | None, limit: int) -> list[Row]:
        """Return rows that may be sent from here, oldest first."""
        if not self._rows or self._rows[0].id > self.shown_id:
            return []
        last = self.shown_id if upto is None else min(upto, self.shown_id)
        return list(islice((row for row in self._rows if after < row.id <= last), limit))

    def rename(self, old: str, new: str, spare: Collection[str]) -> None:
        """Have rows go under another device name, but for those of the meters ``spare``."""
        self._rows = deque(
            row._replace(device=new) if row.device == old and row.meter not in spare else row for row in self._rows
        )

    def remove(self, ids: Collection[int]) -> set[int]:
        """Drop rows and return the ids of those that were here; what is being written stays."""
        if not self._rows or self._rows[0].id > self.shown_id:
            return set()
        kept_ids = {row.id for row in self._written}
        gone = {row.id for row in self._rows if row.id in ids} - kept_ids
        if gone:
            self._rows = deque(row for row in self._rows if row.id not in gone)
        return gone
