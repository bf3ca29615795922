"""The outbox's file: a SQLite database, its schema, its size. Synchronous; lives on the outbox's writer thread.

Owns every SQL statement. Knows nothing of asyncio, metrics or logs, and decides nothing about trying again: it
translates what SQLite raises into :class:`~bridge.errors.DiskError` or :class:`Damaged`.

How it holds against a power cut: WAL with ``synchronous=FULL``, so a commit is on the disk when it returns. Deletes
are committed without their own fsync (the next append's fsync covers them): a power cut may bring a confirmed sample
back, which is sent twice and does no harm. The lock is exclusive, so no shared-memory file exists whose mapping could
fail on a full disk, and a second bridge on the same file is refused.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from bridge.delivery.row import Row
from bridge.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

MIGRATIONS = (
    """
    CREATE TABLE samples (id INTEGER PRIMARY KEY, meter TEXT NOT NULL, ts_ms INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE quarantine (id INTEGER PRIMARY KEY, meter TEXT NOT NULL, ts_ms INTEGER NOT NULL, body TEXT NOT NULL,
                             reason TEXT NOT NULL);
    """,
)
"""Statement ``n`` brings a file from schema version ``n`` to ``n + 1``; ``user_version`` tells where a file stands."""

QUARANTINE_ROWS = 1000
"""The newest so many are kept: a table that nobody reads must not fill the disk."""

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_CHECK_BYTES = 64 << 20  # checking a larger file would delay the start by seconds; damage there is found when met
_ROOM_FOR = 500  # samples that may stand above the bound before the oldest go
_EXPIRE_AT_MOST = 10_000  # bounds how long the writer thread is away
_SHRINK_PAGES = 256  # 1 MB of free pages at the end is worth giving back


class Damaged(DiskError):  # noqa: N818 - a finding about the file, as ReplyTimeout is one about a meter
    """The file is no database, or one with holes. Set it aside and carry over what can be read."""


class Stats(NamedTuple):
    """What stands on disk.

    Args:
        depth: samples that wait.
        oldest_ts_ms: time stamp of the one that waits longest, None when none does.
        last_id: id of the newest sample ever stored.
        size_bytes: the file and its write-ahead log.
    """

    depth: int
    oldest_ts_ms: int | None
    last_id: int
    size_bytes: int


class Store:
    """One open outbox file.

    Args:
        path: the file; made when absent. Its folder must exist.
        max_bytes: bound on the file; the oldest samples go when an append would pass it.
        ids_after: new samples get ids greater than this.

    Raises:
        Damaged: the file cannot be trusted.
        DiskError: it cannot be opened for another reason: no room, no permission, in use. Try again later.
    """

    def __init__(self, path: Path, *, max_bytes: int, ids_after: int = 0) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._last_id = ids_after
        with _translated(path):
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        if self.path.stat().st_size == 0:
            self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._page_bytes = int(self._scalar("PRAGMA page_size"))
        # The log gets an eighth of the room, the tables the rest: together they stay under the bound.
        log_pages = max(16, min(1000, self._max_bytes // 8 // self._page_bytes))
        self._db.execute(f"PRAGMA wal_autocheckpoint = {log_pages}")
        self._db.execute(f"PRAGMA journal_size_limit = {log_pages * self._page_bytes}")
        self._max_pages = max(32, self._max_bytes // self._page_bytes - 2 * log_pages)
        self._migrate()
        if self.path.stat().st_size <= _CHECK_BYTES and self._scalar("PRAGMA quick_check(1)") != "ok":
            raise Damaged(f"{self.path}: the database has holes")
        self._depth = int(self._scalar("SELECT count(*) FROM samples"))
        self._last_id = max(self._last_id, int(self._scalar("SELECT coalesce(max(id), 0) FROM samples")))
        if self._used_pages() > self._max_pages:
            with self._transaction():
                self.evicted_at_open = self._evict(0, self._depth)
            self._depth -= self.evicted_at_open
            self._db.executescript("PRAGMA incremental_vacuum")  # execute() would free one page
        else:
            self.evicted_at_open = 0

    def _migrate(self) -> None:
        version = int(self._scalar("PRAGMA user_version"))
        if version > len(MIGRATIONS):
            raise Damaged(
                f"{self.path}: written by a newer bridge (schema {version}, this one knows {len(MIGRATIONS)})"
            )
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            self._db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
        tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"samples", "quarantine"} <= tables:
            raise Damaged(f"{self.path}: a database, but not the outbox's")

    @property
    def stats(self) -> Stats:
        """What stands on disk now.

        Raises:
            DiskError: it cannot be read.
        """
        with _translated(self.path):
            first = self._db.execute("SELECT ts_ms FROM samples ORDER BY id LIMIT 1").fetchone()
            log = self.path.with_name(self.path.name + "-wal")
            size = self.path.stat().st_size + (log.stat().st_size if log.exists() else 0)
        return Stats(self._depth, first[0] if first else None, self._last_id, size)

    def append(self, samples: Sequence[tuple[str, int, str]]) -> int:
        """Put samples (meter, ts_ms, body) on disk, all or none of them, and make room first where it is lacking.

        Returns:
            how many of the oldest samples had to go.

        Raises:
            DiskError: nothing was stored. Keep the samples and try again.
            Damaged: the same; set the file aside first.
        """
        numbered = ((number, *sample) for number, sample in enumerate(samples, start=self._last_id + 1))
        depth = self._depth + len(samples)
        evicted = 0
        with _translated(self.path), self._transaction():
            while chunk := list(islice(numbered, _ROOM_FOR)):
                self._db.executemany("INSERT INTO samples (id, meter, ts_ms, body) VALUES (?, ?, ?, ?)", chunk)
                evicted += self._evict(len(chunk), depth - evicted)
        self._last_id += len(samples)
        self._depth = depth - evicted
        return evicted

    def fetch(self, *, after: int, upto: int | None, limit: int) -> list[Row]:
        """Rows with ``after < id <= upto``, oldest first, at most ``limit``.

        Raises:
            DiskError: they cannot be read.
        """
        with _translated(self.path):
            found = self._db.execute(
                "SELECT id, meter, ts_ms, body FROM samples WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
                (after, self._last_id if upto is None else upto, limit),
            )
            return [Row(*row) for row in found]

    def delete(self, ids: Iterable[int]) -> int:
        """Remove rows; unknown ids are passed over.

        Returns:
            how many were there.

        Raises:
            DiskError: none was removed. Try again later.
        """
        with _translated(self.path), self._unsynced():
            with self._transaction():
                gone = self._delete(ids)
            self._depth -= gone
            if not self._depth:
                self._shrink()
        return gone

    def _delete(self, ids: Iterable[int]) -> int:
        return self._db.executemany("DELETE FROM samples WHERE id = ?", ((row_id,) for row_id in ids)).rowcount

    def expire(self, before_ts_ms: int) -> int:
        """Remove the samples at the front that were read before ``before_ts_ms``, at most 10,000 at a time.

        Returns:
            how many went.

        Raises:
            DiskError: none was removed. Try again later.
        """
        with _translated(self.path):
            last_id = None
            front = self._db.execute("SELECT id, ts_ms FROM samples ORDER BY id LIMIT ?", (_EXPIRE_AT_MOST,))
            for row_id, ts_ms in front:
                if ts_ms >= before_ts_ms:
                    break
                last_id = row_id
            if last_id is None:
                return 0
            with self._unsynced(), self._transaction():
                gone = self._db.execute("DELETE FROM samples WHERE id <= ?", (last_id,)).rowcount
            self._depth -= gone
        return gone

    def quarantine(self, ids: Sequence[int], reason: str) -> int:
        """Move rows to the table of samples that ThingsBoard will not take; the newest 1000 are kept there.

        Returns:
            how many were there.

        Raises:
            DiskError: none was moved. Try again later.
        """
        with _translated(self.path), self._transaction():
            self._db.executemany(
                "INSERT INTO quarantine (meter, ts_ms, body, reason) "
                "SELECT meter, ts_ms, body, ? FROM samples WHERE id = ?",
                ((reason, row_id) for row_id in ids),
            )
            self._db.execute(
                "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?",
                (QUARANTINE_ROWS,),
            )
            moved = self._delete(ids)
        self._depth -= moved
        return moved

    def close(self) -> None:
        """Fold the log into the file and let go of it. Never raises: what was committed stays committed."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error:
            pass  # a full disk: the log is folded in at the next opening
        finally:
            self._db.close()

    def _evict(self, incoming: int, depth: int) -> int:
        evicted = 0
        while self._used_pages() > self._max_pages:
            # A hundredth at a time, so that a full outbox does not pay for this in every commit.
            share = max(incoming, (depth - evicted) // 100, 1)
            gone = self._db.execute(
                "DELETE FROM samples WHERE id IN (SELECT id FROM samples ORDER BY id LIMIT ?)",
                (share,),
            ).rowcount
            if not gone:
                break
            evicted += gone
        return evicted

    def _used_pages(self) -> int:
        return int(self._scalar("PRAGMA page_count")) - int(self._scalar("PRAGMA freelist_count"))

    def _shrink(self) -> None:
        # Only an empty outbox shrinks: its free pages are cut off and none has to be moved, which spares flash.
        if int(self._scalar("PRAGMA freelist_count")) > _SHRINK_PAGES:
            self._db.executescript("PRAGMA incremental_vacuum")  # execute() would free one page
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # the file itself shrinks only then

    def _scalar(self, statement: str) -> int | str:
        value: int | str = self._db.execute(statement).fetchone()[0]
        return value

    @contextmanager
    def _unsynced(self) -> Iterator[None]:
        self._db.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after some errors, a full disk among them.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """SQLite's errors become the bridge's, here and nowhere else."""
    try:
        yield
    except sqlite3.Error as error:
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGE:
            raise Damaged(f"{path}: {error}") from error
        raise DiskError(f"{path}: {error}", hint=_hint(error)) from error
    except OSError as error:
        raise DiskError(
            f"{path}: {error.strerror or error}", hint="look at the disk and at the folder's owner"
        ) from error


def _hint(error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "make room on the disk; samples are kept in memory meanwhile"
        case sqlite3.SQLITE_BUSY:
            return "another process holds the outbox: is a second bridge running on this data folder?"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return "the data folder must exist and belong to the user that the bridge runs as"
        case _:
            return "look at the disk; samples are kept in memory meanwhile"
