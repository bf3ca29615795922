"""The outbox's file: a SQLite database and its size. Synchronous; lives on the outbox's writer thread.

Owns the statements on rows that wait. Knows nothing of asyncio, metrics or logs, and decides nothing about trying
again. The tables are in ``schema.py``, what waits for other destinations in ``rows_by_destination.py``, what
waits for a time in ``undated.py``, what is dropped unsent in ``eviction.py``.

How it holds against a power cut: WAL with ``synchronous=FULL``, so a commit is on the disk when it returns. Deletes
are committed without their own fsync (the next append's fsync covers them): a power cut may bring a confirmed sample
back, which is sent twice and does no harm. The lock is exclusive, so no shared-memory file exists whose mapping could
fail on a full disk, and a second bridge on the same file is refused.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

from bridge.outbox import schema
from bridge.outbox.age import AgeClock
from bridge.outbox.destination import LOCAL
from bridge.outbox.eviction import Eviction
from bridge.outbox.file_room import FileRoom
from bridge.outbox.rows_by_destination import RowsByDestination
from bridge.outbox.sqlite_errors import Damaged, translated
from bridge.outbox.state import Stats
from bridge.outbox.transactions import transaction, unsynced
from bridge.outbox.undated import Undated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bridge.outbox.age import Anchor
    from bridge.outbox.row import Row

_CHECK_BYTES = 64 << 20  # checking a larger file would delay the start by seconds; damage there is found when met
_ROOM_FOR = 500  # samples by which the bound may be passed before the oldest are dropped
_RESERVE = 100_000  # ids at a time: written so seldom, it costs nothing


class Store:
    """One open outbox file.

    Args:
        path: the file; made when absent. Its folder must exist.
        max_bytes: bound on the file; the oldest samples are dropped when an append would pass it.
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
        self.path, self._log = path, path.with_name(path.name + "-wal")
        self._max_bytes = max_bytes
        self._age = age or AgeClock()
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
        room = FileRoom(self._db, self._max_bytes)
        self.was_new = schema.migrate(self._db, self.path) == 0
        self._inode = self.path.stat().st_ino
        if self.path.stat().st_size <= _CHECK_BYTES and self._scalar("PRAGMA quick_check(1)") != "ok":
            raise Damaged(f"{self.path}: the database has holes")
        if schema.has_version_1_rows(self._db, destination):
            with transaction(self._db):
                schema.take_over_version_1(self._db, destination, devices)
        self.held = RowsByDestination(self._db, destination)
        self.held.count()
        self.undated = Undated(self._db)
        self.eviction = Eviction(self._db, room, self.held, self.undated)
        self._reserved = schema.reserved_ids(self._db)
        self.last_id = max(self._reserved, int(self._scalar("SELECT coalesce(max(id), 0) FROM samples")))
        anchor, newest_s = schema.kept_age(self._db)
        held = self._age.go_on_from(anchor, newest_s)
        self._unnoted = held if held != anchor else None  # written with the next samples: a full disk can be opened
        self.evicted_at_open = self.eviction.at_open()

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
        """What is on disk now.

        Raises:
            DiskError: it cannot be read.
        """
        with translated(self.path):
            oldest_ts_ms = self.held.oldest_ts_ms(self.last_id)
            size = self.path.stat().st_size
            with suppress(FileNotFoundError):
                size += self._log.stat().st_size
        return Stats(self.held.depth, oldest_ts_ms, size, self.held.foreign, self.undated.count)

    def append(
        self,
        samples: Sequence[tuple[int, str, int, str, str]],
        *,
        stamps: Sequence[tuple[int, int]] = (),
        dated: Collection[int] = (),
    ) -> list[int]:
        """Put samples (id, meter, ts_ms, body, device) on disk, all or none of them; make room first where it lacks.

        Args:
            samples: at least one; their ids rise and are above all that are there.
            stamps: boot and BOOTTIME of each.
            dated: the numbers that some of them had while they were undated; they go from there in the same step.

        Returns:
            the ids of the oldest samples, which had to go.

        Raises:
            DiskError, Damaged: nothing was stored. Keep the samples and try again; salvage a damaged file first.
        """
        evicted: list[int] = []
        left = zip_longest(samples, stamps, fillvalue=(0, 0))
        with self.adding(samples[-1][0]) as (tag, accepted_s):
            while chunk := list(islice(left, _ROOM_FOR)):
                # One that is there already was committed by an attempt that was told to have failed.
                self.held.depth += self._db.executemany(
                    "INSERT OR IGNORE INTO samples (id, meter, ts_ms, body, device, tag, accepted_s, boot, up_ns) "
                    "VALUES (?, ?, ?, ?, nullif(?, ?), ?, ?, ?, ?)",
                    ((*sample, sample[1], tag, accepted_s, *stamp) for sample, stamp in chunk),
                ).rowcount
                evicted += self.eviction.make_room(len(chunk))
            self.undated.remove(dated)
        self.last_id = samples[-1][0]
        return evicted

    @contextmanager
    def adding(self, last_id: int) -> Iterator[tuple[int, int]]:
        """Add samples with ids up to ``last_id`` within: gives tag and reading of the outbox's clock for them."""
        with self.changing():
            tag = self.held.own_tag()
            if self._unnoted is not None:
                schema.keep_age(self._db, self._unnoted)
            reserved = self._reserved
            if last_id > reserved:  # this one, and many more, are kept from later starts
                reserved = last_id + _RESERVE
                schema.reserve_ids(self._db, reserved)
            yield tag, int(self._age.now_s())
        self._unnoted, self._reserved = None, reserved

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Change rows within, all of it or nothing; the counts follow."""
        memory, undated = self.held.memory(), self.undated.count
        with translated(self.path):
            try:
                with transaction(self._db):
                    yield
            except BaseException:
                self.undated.count = undated
                self.held.recall(memory)
                raise

    def trial(self) -> None:
        """Write what is there once more, to see whether the disk takes anything.

        Raises:
            DiskError: it does not.
        """
        with translated(self.path), transaction(self._db):
            schema.reserve_ids(self._db, self._reserved)

    def fetch(self, *, after: int, upto: int | None, limit: int) -> list[Row]:
        """Rows of the present destination with ``after < id <= upto``, oldest first, at most ``limit``.

        Raises:
            DiskError: they cannot be read.
        """
        with translated(self.path):
            return self.held.fetch(after=after, upto=self.last_id if upto is None else upto, limit=limit)

    def index(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        """Id and device of the rows that :meth:`fetch` would give; raises the same."""
        with translated(self.path):
            return self.held.index(after=after, limit=limit)

    def rows(self, ids: Sequence[int]) -> list[Row]:
        """Those of the rows that are there, in the order asked for; raises as :meth:`fetch`."""
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
            self.held.depth -= gone
            if not self.held.depth:
                self.eviction.shrink()
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
        with translated(self.path):
            return self.eviction.expire(int(self._age.now_s() - max_age_s))

    def set_aside(self, ids: Sequence[int], reason: str) -> int:
        """Move rows to the table of samples that ThingsBoard will not take; the newest 1000 are kept there.

        Returns:
            how many were there.

        Raises:
            DiskError: none was moved. Try again later.
        """
        with translated(self.path), transaction(self._db):
            self.held.quarantine(ids, reason)
            moved = self._delete(ids)
        self.held.depth -= moved
        return moved

    def tell(self, work: Callable[[RowsByDestination], object]) -> object:
        """Do ``work`` on what is held for others, in one transaction, and count anew.

        Raises:
            DiskError: nothing was changed.
        """
        with translated(self.path):
            with transaction(self._db):
                told = work(self.held)
            self.held.count()
        return told

    def close(self) -> None:
        """Fold the log into the file and let go of it. Never raises: what was committed stays committed."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error:
            pass  # a full disk: the log is folded in at the next opening
        finally:
            self._db.close()

    def _scalar(self, statement: str) -> int | str:
        value: int | str = self._db.execute(statement).fetchone()[0]
        return value
