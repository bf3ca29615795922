"""Row ids: given out before the file has been opened, and still valid once the rows are in it. Pure.

Samples may arrive while the file cannot be opened, and go upstream from memory; which ids the file holds is not known
yet. Theirs start above any that a file can hold, and all ids given from then on are shifted by the same amount.

    on disk    1 … last            last + 1, last + 2 …
    outside    1 … last            BEYOND + 1, BEYOND + 2 …        (opened at once: BEYOND is last, nothing is shifted)
"""

from __future__ import annotations

BEYOND = 1 << 40


class RowIds:
    """Gives ids, and translates those of the disk."""

    def __init__(self) -> None:
        self._base: int | None = None  # outside, of the last row that was on disk when it was first opened
        self._last_on_disk: int | None = None
        self._last = BEYOND

    @property
    def is_open(self) -> bool:
        """Whether the disk's ids are known."""
        return self._last_on_disk is not None

    @property
    def first_last_id(self) -> int:
        """The newest row's id when the file was first opened."""
        return self._last_on_disk or 0

    @property
    def are_moved(self) -> bool:
        """Whether outside and disk differ."""
        return self._shift != 0

    def give(self) -> int:
        """Return the next id."""
        if self._base is None:
            self._base = self._last
        self._last += 1
        return self._last

    def opened(self, last_on_disk: int) -> None:
        """The file was opened for the first time, and the newest row in it has this id."""
        if self._last_on_disk is not None:
            return
        self._last_on_disk = last_on_disk
        if self._base is None:
            self._base = self._last = last_on_disk

    @property
    def last_on_disk(self) -> int:
        """No row on disk has a greater id than this."""
        if self._last_on_disk is None:
            return BEYOND
        return self.to_disk(self._last)

    @property
    def _shift(self) -> int:
        return (self._base or 0) - (self._last_on_disk or 0)

    def to_disk(self, row_id: int) -> int:
        """Return the id that a row outside has on disk; for a bound between rows, the row before it."""
        last = self._last_on_disk or 0
        if row_id <= last:
            return row_id
        return max(row_id - self._shift, last)

    def from_disk(self, row_id: int) -> int:
        """Return the id that a row on disk has outside."""
        return row_id if row_id <= (self._last_on_disk or 0) else row_id + self._shift
