"""The outbox's file: a SQLite database and its size. Synchronous; lives on the outbox's writer thread.

Owns the statements on rows that wait. Knows nothing of asyncio, metrics or logs, and decides nothing about trying
again. The tables are in ``schema.py``, what waits for others in ``held.py``.

How it holds against a power cut: WAL with ``synchronous=FULL``, so a commit is on the disk when it returns. Deletes
are committed without their own fsync (the next append's fsync covers them): a power cut may bring a confirmed sample
back, which is sent twice and does no harm. The lock is exclusive, so no shared-memory file exists whose mapping could
fail on a full disk, and a second bridge on the same file is refused.
"""

from __future__ import annotations

import sqlite3
from itertools import islice
from typing import TYPE_CHECKING

from bridge.outbox import schema
from bridge.outbox.age import AgeClock
from bridge.outbox.destination import LOCAL
from bridge.outbox.held import Held
from bridge.outbox.room import Room
from bridge.outbox.sqlite_errors import Damaged, translated
from bridge.outbox.state import Stats
from bridge.outbox.transactions import transaction, unsynced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from bridge.outbox.age import Anchor
    from bridge.outbox.row import Row

QUARANTINE_ROWS = 1000
"""The newest so many are kept: a table that nobody reads must not fill the disk."""

_CHECK_BYTES = 64 << 20  # checking a larger file would delay the start by seconds; damage there is found when met
_ROOM_FOR = 500  # samples that may stand above the bound before the oldest go
_EXPIRE_AT_MOST = 10_000  # bounds how long the writer thread is away
_RESERVE = 100_000  # ids at a time: written so seldom, it costs nothing


class Store:
    """One open outbox file.

    Args:
        path: the file; made when absent. Its folder must exist.
        max_bytes: bound on the file; the oldest samples go when an append would pass it.
        destination: for whom samples are accepted; only theirs are fetched.
        devices: the meters' device names, for rows of version 1.
        age: the outbox's clock; set by what the file holds.

    Raises:
        Damaged: the file cannot be trusted.
        Newer: a newer bridge wrote it.
        DiskError: it cannot be opened for another reason: no room, no permission, in use. Try again later.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        destination: str = LOCAL,
        devices: Mapping[str, str] | None = None,
        age: AgeClock | None = None,
    ) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._age = age or AgeClock()
        self._depth = 0
        self._unnoted: Anchor | None = None
        with translated(path):
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)
            try:
                self._prepare(destination, devices or {})
            except BaseException:
                self._db.close()
                raise

    def _prepare(self, destination: str, devices: Mapping[str, str]) -> None:
        self._db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        if self.path.stat().st_size == 0:
            self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._room = Room(self._db, self._max_bytes)
        self.was_new = schema.migrate(self._db, self.path) == 0
        self._inode = self.path.stat().st_ino
        if self.path.stat().st_size <= _CHECK_BYTES and self._scalar("PRAGMA quick_check(1)") != "ok":
            raise Damaged(f"{self.path}: the database has holes")
        if schema.has_version_1_rows(self._db, destination):
            with transaction(self._db):
                schema.take_over_version_1(self._db, destination, devices)
        self.held = Held(self._db, destination)
        self._depth = self.held.count()
        self._reserved = int(self._scalar("SELECT coalesce(max(reserved), 0) FROM ids"))
        self.last_id = max(self._reserved, int(self._scalar("SELECT coalesce(max(id), 0) FROM samples")))
        self._go_on_counting()
        self.evicted_at_open = 0
        if self._room.is_over:
            with transaction(self._db):
                self.evicted_at_open = len(self._evict(0))
            self._room.give_back()

    def _go_on_counting(self) -> None:
        anchor, newest_s = schema.kept_age(self._db)
        held = self._age.go_on_from(anchor, newest_s)
        self._unnoted = held if held != anchor else None  # written with the next samples: a full disk can be opened

    @property
    def is_in_place(self) -> bool:
        """Whether the file still has its name. One that was removed or replaced works on, until it is closed."""
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False
        except OSError:
            return True  # nobody knows

    def copy_to(self, path: Path) -> None:
        """Write everything into another file.

        Raises:
            DiskError: the disk does not take it.
        """
        with translated(path):
            self._db.execute("VACUUM INTO ?", (str(path),))

    @property
    def stats(self) -> Stats:
        """What stands on disk now.

        Raises:
            DiskError: it cannot be read.
        """
        with translated(self.path):
            oldest_ts_ms = self.held.oldest_ts_ms(self.last_id)
            log = self.path.with_name(self.path.name + "-wal")
            size = self.path.stat().st_size + (log.stat().st_size if log.exists() else 0)
        return Stats(self._depth, oldest_ts_ms, size, self.held.foreign)

    def append(self, samples: Sequence[tuple[int, str, int, str, str]]) -> list[int]:
        """Put samples (id, meter, ts_ms, body, device) on disk, all or none of them; make room first where it lacks.

        Args:
            samples: at least one; their ids rise and are above all that are there.

        Returns:
            the ids of the oldest samples, which had to go.

        Raises:
            DiskError: nothing was stored. Keep the samples and try again.
            Damaged: the same; salvage the file first.
        """
        accepted_s = int(self._age.now_s())
        depth, memory, left = self._depth, self.held.memory(), iter(samples)
        evicted: list[int] = []
        with translated(self.path):
            try:
                with transaction(self._db):
                    tag = self.held.own_tag()
                    if self._unnoted is not None:
                        schema.keep_age(self._db, self._unnoted)
                    reserved = self._reserve(samples[-1][0])
                    while chunk := list(islice(left, _ROOM_FOR)):
                        # One that is there already was committed by an attempt that was told to have failed.
                        self._depth += self._db.executemany(
                            "INSERT OR IGNORE INTO samples (id, meter, ts_ms, body, device, tag, accepted_s) "
                            "VALUES (?, ?, ?, ?, nullif(?, ?), ?, ?)",
                            ((*sample, sample[1], tag, accepted_s) for sample in chunk),
                        ).rowcount
                        evicted += self._evict(len(chunk))
            except BaseException:
                self._depth = depth
                self.held.recall(memory)
                raise
        self._unnoted, self._reserved = None, reserved
        self.last_id = samples[-1][0]
        return evicted

    def trial(self) -> None:
        """Write what is there once more, to see whether the disk takes anything.

        Raises:
            DiskError: it does not.
        """
        with translated(self.path), transaction(self._db):
            self._db.execute("DELETE FROM ids")
            self._db.execute("INSERT INTO ids VALUES (?)", (self._reserved,))

    def _reserve(self, row_id: int) -> int:
        """Keep ids up to ``row_id``, and many more, from later starts; return the last of them."""
        if row_id <= self._reserved:
            return self._reserved
        self._db.execute("DELETE FROM ids")
        self._db.execute("INSERT INTO ids VALUES (?)", (row_id + _RESERVE,))
        return row_id + _RESERVE

    def fetch(self, *, after: int, upto: int | None, limit: int) -> list[Row]:
        """Rows of the present destination with ``after < id <= upto``, oldest first, at most ``limit``.

        Raises:
            DiskError: they cannot be read.
        """
        with translated(self.path):
            return self.held.fetch(after=after, upto=self.last_id if upto is None else upto, limit=limit)

    def index(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        """Id and device of the present destination's rows with ``id > after``, oldest first, at most ``limit``.

        Raises:
            DiskError: they cannot be read.
        """
        with translated(self.path):
            return self.held.index(after=after, limit=limit)

    def rows(self, ids: Sequence[int]) -> list[Row]:
        """Those of the rows that are there, in the order asked for.

        Raises:
            DiskError: they cannot be read.
        """
        with translated(self.path):
            return self.held.rows(ids)

    def delete(self, ids: Iterable[int]) -> int:
        """Remove rows; unknown ids are passed over.

        Returns:
            how many were there.

        Raises:
            DiskError: none was removed. Try again later.
        """
        with translated(self.path), unsynced(self._db):
            with transaction(self._db):
                gone = self._delete(ids)
            self._depth -= gone
            if not self._depth:
                self._room.shrink()
        return gone

    def _delete(self, ids: Iterable[int]) -> int:
        return self._db.executemany("DELETE FROM samples WHERE id = ?", ((row_id,) for row_id in ids)).rowcount

    def expire(self, max_age_s: float) -> list[int]:
        """Remove the samples at the front that were accepted longer ago than that, at most 10,000 at a time.

        Returns:
            their ids.

        Raises:
            DiskError: none was removed. Try again later.
        """
        before_s = int(self._age.now_s() - max_age_s)
        with translated(self.path):
            last_id = None
            front = self._db.execute("SELECT id, accepted_s FROM samples ORDER BY id LIMIT ?", (_EXPIRE_AT_MOST,))
            for row_id, accepted_s in front:
                if accepted_s >= before_s:
                    break
                last_id = row_id
            if last_id is None:
                return []
            with unsynced(self._db), transaction(self._db):
                return self._removed("id <= ?", last_id)

    def set_aside(self, ids: Sequence[int], reason: str) -> int:
        """Move rows to the table of samples that ThingsBoard will not take; the newest 1000 are kept there.

        Returns:
            how many were there.

        Raises:
            DiskError: none was moved. Try again later.
        """
        with translated(self.path), transaction(self._db):
            self._db.executemany(
                "INSERT INTO quarantine (meter, ts_ms, body, reason, device, tag) "
                "SELECT meter, ts_ms, body, ?, device, tag FROM samples WHERE id = ?",
                ((reason, row_id) for row_id in ids),
            )
            self._db.execute(
                "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?",
                (QUARANTINE_ROWS,),
            )
            moved = self._delete(ids)
        self._depth -= moved
        return moved

    def tell(self, work: Callable[[Held], object]) -> object:
        """Do ``work`` on what is held for others, in one transaction, and count anew.

        Raises:
            DiskError: nothing was changed.
        """
        with translated(self.path):
            with transaction(self._db):
                told = work(self.held)
            self._depth = self.held.count()
        return told

    def close(self) -> None:
        """Fold the log into the file and let go of it. Never raises: what was committed stays committed."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error:
            pass  # a full disk: the log is folded in at the next opening
        finally:
            self._db.close()

    def _evict(self, incoming: int) -> list[int]:
        evicted: list[int] = []
        while self._room.is_over:
            # A hundredth at a time, so that a full outbox does not pay for this in every commit.
            share = max(incoming, (self._depth + self.held.foreign_count) // 100, 1)
            gone = self._removed("id IN (SELECT id FROM samples ORDER BY id LIMIT ?)", share)
            if not gone:
                break
            evicted += gone
        return evicted

    def _removed(self, which: str, bound: int) -> list[int]:
        gone = self._db.execute(f"DELETE FROM samples WHERE {which} RETURNING id, tag", (bound,)).fetchall()
        foreign = self.held.gone(tag for _, tag in gone)
        self._depth -= len(gone) - foreign
        return [row_id for row_id, _ in gone]

    def _scalar(self, statement: str) -> int | str:
        value: int | str = self._db.execute(statement).fetchone()[0]
        return value
