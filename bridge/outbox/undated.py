"""Undated samples: read while nobody knew the time, on disk until somebody does. Statements on the store's connection.

They stand in a table of their own, which nobody sends from, with the moment of their reading (``clock/moment.py``) and
what the wall clock showed. A sample gets here when it is read without a time, or is *recalled*: it had a wrong one
and is still here. It leaves when it is dated: as a new row at the end of ``samples``, in the transaction that takes it
from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.outbox.body import undoubted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence


class UndatedRow(NamedTuple):
    """One of them.

    Args:
        id: its number here, which was its row's.
        meter: the meter's name in the settings.
        shown_ms: what the wall clock showed when it was read, or the wrong time that it had; milliseconds.
        body: the telemetry values as a JSON object.
        device: its device name in ThingsBoard; empty where that is the meter's.
        tag: of its destination.
        boot: which boot of the machine; 0 when nobody kept that.
        up_ns: BOOTTIME then.
    """

    id: int
    meter: str
    shown_ms: int
    body: str
    device: str
    tag: int
    boot: int
    up_ns: int


class Undated:
    """The table.

    Args:
        db: the store's connection.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.count = int(db.execute("SELECT count(*) FROM undated").fetchone()[0])
        """How many there are; the store sets it right when a transaction is taken back."""

    def add(self, samples: Iterable[tuple[int, str, int, str, str, int, int]], *, tag: int, accepted_s: int) -> None:
        """Put samples (id, meter, shown_ms, body, device, boot, up_ns) here. Within a transaction."""
        self.count += self._db.executemany(
            "INSERT OR IGNORE INTO undated (id, meter, ts_ms, body, device, tag, accepted_s, boot, up_ns) "
            "VALUES (?, ?, ?, ?, nullif(?, ?), ?, ?, ?, ?)",
            (
                (row_id, meter, shown_ms, body, device, meter, tag, accepted_s, boot, up_ns)
                for row_id, meter, shown_ms, body, device, boot, up_ns in samples
            ),
        ).rowcount

    def page(self, *, after: int, limit: int) -> list[UndatedRow]:
        """Return samples with ``id > after``, oldest first."""
        found = self._db.execute(
            "SELECT id, meter, ts_ms, body, coalesce(device, ''), tag, boot, up_ns FROM undated WHERE id > ? "
            "ORDER BY id LIMIT ?",
            (after, limit),
        )
        return [UndatedRow(*row) for row in found]

    def remove(self, ids: Iterable[int]) -> None:
        """Let go of samples that are dated. Within a transaction."""
        gone = self._db.executemany("DELETE FROM undated WHERE id = ?", ((row_id,) for row_id in ids)).rowcount
        self.count -= max(gone, 0)

    def date_foreign(self, dated: Sequence[tuple[UndatedRow, int, str]]) -> None:
        """Give samples (row, ts_ms, body) of other destinations their time: they keep their number."""
        self._db.executemany(
            "INSERT OR IGNORE INTO samples (id, meter, ts_ms, body, device, tag, accepted_s, boot, up_ns) "
            "SELECT id, meter, ?, ?, device, tag, accepted_s, boot, up_ns FROM undated WHERE id = ?",
            ((ts_ms, body, row.id) for row, ts_ms, body in dated),
        )
        self.remove(row.id for row, _, _ in dated)

    def recall(self, boots: Sequence[int], *, after_ms: int, limit: int) -> list[tuple[int, int]]:
        """Take samples back that have a wrong time: of these boots, and dated after ``after_ms``. Within a transaction.

        Returns:
            ids and tags of those that were taken, at most ``limit``.
        """
        marks = ", ".join("?" * len(boots))
        taken = self._db.execute(
            f"SELECT id, meter, ts_ms, body, device, tag, accepted_s, boot, up_ns FROM samples "
            f"WHERE (boot IN ({marks}) AND boot <> 0) OR ts_ms > ? ORDER BY id LIMIT ?",
            (*boots, after_ms, limit),
        ).fetchall()
        self.count += self._db.executemany(
            "INSERT OR REPLACE INTO undated (id, meter, ts_ms, body, device, tag, accepted_s, boot, up_ns) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((*row[:3], undoubted(row[3]), *row[4:]) for row in taken),
        ).rowcount
        self._db.executemany("DELETE FROM samples WHERE id = ?", ((row[0],) for row in taken))
        return [(row[0], row[5]) for row in taken]

    def oldest_go(self, which: str, bound: int) -> list[int]:
        """Remove samples unsent: ``which`` is a condition with one bound. Return their ids."""
        gone = self._db.execute(f"DELETE FROM undated WHERE {which} RETURNING id", (bound,)).fetchall()
        self.count -= len(gone)
        return [row_id for (row_id,) in gone]
