"""How much disk space the outbox's file takes, asked on the store's connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_SHRINK_PAGES = 256  # 1 MB of free pages at the end is worth giving back


class FileRoom:
    """The pages of the file and of its log.

    Args:
        db: the store's connection.
        max_bytes: bound on both together. The log gets an eighth of it, the tables the rest.
    """

    def __init__(self, db: sqlite3.Connection, max_bytes: int) -> None:
        self._db = db
        page_bytes = self._ask("page_size")
        log_pages = max(16, min(1000, max_bytes // 8 // page_bytes))
        db.execute(f"PRAGMA wal_autocheckpoint = {log_pages}")
        db.execute(f"PRAGMA journal_size_limit = {log_pages * page_bytes}")
        self._max_pages = max(32, max_bytes // page_bytes - 2 * log_pages)

    @property
    def is_over(self) -> bool:
        """Whether rows must be dropped."""
        return self._ask("page_count") - self._ask("freelist_count") > self._max_pages

    def shrink(self) -> None:
        """Cut free pages off; for an empty outbox: none has to be moved then, which spares flash."""
        if self._ask("freelist_count") > _SHRINK_PAGES:
            self.give_back()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # the file itself shrinks only then

    def give_back(self) -> None:
        """Cut free pages off."""
        self._db.executescript("PRAGMA incremental_vacuum")  # execute() would free one page

    def _ask(self, what: str) -> int:
        return int(self._db.execute(f"PRAGMA {what}").fetchone()[0])
