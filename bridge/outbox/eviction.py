"""Which rows are dropped unsent: the oldest when the file is full, and those older than the settings allow.

Statements on the store's connection; the caller counts and reports what is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.outbox.transactions import transaction, unsynced

if TYPE_CHECKING:
    import sqlite3

    from bridge.outbox.file_room import FileRoom
    from bridge.outbox.rows_by_destination import RowsByDestination
    from bridge.outbox.undated import Undated

_EXPIRE_AT_MOST = 10_000  # bounds how long the writer thread is away


class Eviction:
    """Removes rows to keep the bounds.

    Args:
        db: the store's connection.
        room: how much of the disk the file takes.
        held: told what went.
        undated: samples that wait for a time; when there are no others they go.
    """

    def __init__(self, db: sqlite3.Connection, room: FileRoom, held: RowsByDestination, undated: Undated) -> None:
        self._db = db
        self._room = room
        self._held = held
        self._undated = undated

    def at_open(self) -> int:
        """Keep a bound that is smaller than it was; return how many rows went."""
        if not self._room.is_over:
            return 0
        with transaction(self._db):
            gone = self.make_room(0)
        self._room.give_back()
        return len(gone)

    def make_room(self, incoming: int) -> list[int]:
        """Remove the oldest rows until the file is within its bound; return their ids. Within a transaction."""
        gone: list[int] = []
        while self._room.is_over:
            # A hundredth at a time, so that a full outbox does not pay for this in every commit.
            share = max(incoming, (self._held.depth + self._held.foreign_count) // 100, 1)
            oldest = self._remove("id IN (SELECT id FROM samples ORDER BY id LIMIT ?)", share)
            oldest = oldest or self._undated.oldest_go("id IN (SELECT id FROM undated ORDER BY id LIMIT ?)", share)
            if not oldest:
                break
            gone += oldest
        return gone

    def expire(self, before_s: int) -> list[int]:
        """Remove the rows at the front that were accepted before that, at most 10,000; return their ids.

        Args:
            before_s: a reading of the outbox's clock.
        """
        last_id = None
        front = self._db.execute("SELECT id, accepted_s FROM samples ORDER BY id LIMIT ?", (_EXPIRE_AT_MOST,))
        for row_id, accepted_s in front:
            if accepted_s >= before_s:
                break
            last_id = row_id
        if last_id is None and not self._undated.count:
            return []
        with unsynced(self._db), transaction(self._db):
            gone = [] if last_id is None else self._remove("id <= ?", last_id)
            return gone + self._undated.oldest_go("accepted_s < ?", before_s)

    def shrink(self) -> None:
        """Give free pages back to the disk; for an empty outbox."""
        self._room.shrink()

    def _remove(self, which: str, bound: int) -> list[int]:
        gone = self._db.execute(f"DELETE FROM samples WHERE {which} RETURNING id, tag", (bound,)).fetchall()
        self._held.gone([tag for _, tag in gone])
        return [row_id for row_id, _ in gone]
