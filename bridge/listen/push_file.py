"""The invocation counters of what meters push, on disk: a message under one that did not rise is a replay.

Rules
    Kept by system title and key: with a new key a meter may begin anew.
    A counter goes to the disk after its message, never before: a power cut between the two lets that one message pass
    once more, where the other way round it would be lost. Whoever took a message waits for both.
    While the disk refuses, counters are kept in memory, and that is said; no message waits for it.
    A damaged file is set aside, and a new one begun with all that is known: at the start that is nothing, what was
    pushed before may pass once more, and that is said.
    What could not be read at the start is read as soon as the disk gives it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from hashlib import blake2b
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "pushes.db"
_DAMAGE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_TABLE = "CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT"
_KEEP = "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)"


class PushCounters:
    """The last counter of each sender. Used on one event loop.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[str, int] = {}
        self._safe: dict[str, int] = {}  # their messages are on disk
        self._fresh: dict[str, int] = {}  # not on disk yet
        self._noted = self._written = 0
        self._writing: asyncio.Task[bool] | None = None
        self._database: sqlite3.Connection | None = None
        self._is_failing = False

    @staticmethod
    def name(title: bytes, encryption_key: bytes) -> str:
        """Return under what the counters of a sender stand; tells nothing of its key."""
        return f"{title.hex()}:{blake2b(encryption_key, digest_size=8, key=title).hexdigest()}"

    def last(self, name: str) -> int | None:
        """Return the last counter of a sender; None where there was none."""
        return self._last.get(name)

    def claim(self, name: str, counter: int) -> None:
        """Let nothing under this counter pass any more, for as long as the process lives."""
        self._last[name] = max(counter, self._last.get(name, 0))

    def note(self, name: str, counter: int) -> None:
        """Note that the message under this counter is on disk; :meth:`keep` puts the counter there."""
        self._fresh[name] = self._safe[name] = max(counter, self._safe.get(name, 0))
        self._noted += 1

    async def open(self) -> None:
        """Read what was kept; raises nothing."""
        try:
            self._learn(await asyncio.to_thread(self._read))
        except (sqlite3.Error, OSError) as error:
            self._say(error)

    async def keep(self) -> bool:
        """Return once all that was noted until now is on disk: True; False when the disk refuses."""
        wanted = self._noted
        while self._written < wanted:
            if self._writing is None:
                self._writing = asyncio.create_task(self._write(), name="push counters")
            if not await asyncio.shield(self._writing):
                return False
        return True

    async def close(self) -> None:
        """Put the rest on disk and let go of the file."""
        await self.keep()
        await asyncio.to_thread(self._close)

    async def _write(self) -> bool:
        batch, self._fresh, upto = self._fresh, {}, self._noted
        try:
            self._learn(await asyncio.to_thread(self._store, batch, dict(self._safe)))
        except (sqlite3.Error, OSError) as error:
            self._fresh = {**batch, **self._fresh}
            self._say(error)
            return False
        finally:
            self._writing = None
        self._written = upto
        if self._is_failing:
            self._is_failing = False
            logger.info("push counters | can be written again")
        return True

    def _learn(self, kept: Mapping[str, int]) -> None:
        for name, counter in kept.items():
            self._safe[name] = max(counter, self._safe.get(name, 0))
            self.claim(name, counter)

    def _store(self, batch: Mapping[str, int], known: Mapping[str, int]) -> dict[str, int]:
        """Put a batch on disk and return what was found there, if it was opened for that."""
        found: dict[str, int] = {}
        if self._database is None:
            found, batch = self._read(), known
        try:
            self._put(batch)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._close()
            self._set_aside(f"{len(known)} counters go into a new one")
            self._rows()
            self._put(known)
        return found

    def _put(self, counters: Mapping[str, int]) -> None:
        assert self._database is not None  # noqa: S101 - for mypy: it was just opened
        with self._database as database:
            database.executemany(_KEEP, counters.items())

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _read(self) -> dict[str, int]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._rows()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        self._set_aside("what was pushed before may pass once more")
        return self._rows()

    def _set_aside(self, follows: str) -> None:
        aside = self._path.with_suffix(".damaged")
        self._path.replace(aside)
        for rest in ("-wal", "-shm"):
            self._path.with_name(self._path.name + rest).unlink(missing_ok=True)
        logger.bind(stage="disk").error(
            "push counters | {} was damaged and lies beside as {} | {}", self._path, aside.name, follows
        )

    def _rows(self) -> dict[str, int]:
        database = self._opened()
        try:
            rows = dict(database.execute("SELECT name, last FROM counter").fetchall())
        except sqlite3.Error:
            database.close()
            raise
        self._database = database
        return rows

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, check_same_thread=False)  # one thread at a time
        try:
            with closing(database.execute("PRAGMA journal_mode = WAL")):
                pass
            database.execute("PRAGMA synchronous = FULL")
            database.execute(_TABLE)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _say(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            logger.bind(stage="disk").warning(
                "push counters | {} cannot be written: {} | kept in memory; after a restart a message may pass twice",
                self._path, error,
            )  # fmt: skip


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGE
