"""The file of the invocation counters: one small SQLite database with a checksum over its content. Holds no key.

Rules
    What is written is safely on disk when a call returns (journal, ``synchronous=EXTRA``).
    A seal, the CRC of all rows, is checked at every opening: SQLite itself does not notice every damage, and a number
    that comes back lower would be used again.
    A damaged file is set aside, never repaired; that it was lost is kept in the new one.
"""

from __future__ import annotations

import binascii
import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_TABLES = (
    "CREATE TABLE counter (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT",
    "CREATE TABLE title (id INTEGER PRIMARY KEY, title BLOB NOT NULL) STRICT",
    "CREATE TABLE lost (at_s REAL NOT NULL) STRICT",
    "CREATE TABLE seal (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL) STRICT",
)
_DAMAGE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}  # not: locked, full, read-only
_PATIENCE_S = 10


class CounterFile:
    """The file; opened anew for each call, for several processes share it.

    Args:
        path: the file.
        clock_s: Unix seconds.
    """

    def __init__(self, path: Path, clock_s: Callable[[], float]) -> None:
        self._path = path
        self._clock_s = clock_s
        self.lost = False
        """Whether the file was damaged and set aside by this object."""

    def next_of(self, name: str) -> int | None:
        """Return the number that stands under ``name``; None when there is none.

        Raises:
            sqlite3.Error, OSError: the disk does not say.
        """
        with closing(self._open()) as database:
            row = database.execute("SELECT next FROM counter WHERE name = ?", (name,)).fetchone()
            return int(row[0]) if row else None

    def was_lost(self) -> bool:
        """Return whether a file before this one was damaged."""
        with closing(self._open()) as database:
            return database.execute("SELECT 1 FROM lost").fetchone() is not None

    def advance(self, name: str, step: Callable[[int | None, bool], tuple[int, int]]) -> tuple[int, int]:
        """Let ``step`` say how the number under ``name`` goes on, and keep it.

        Args:
            name: which number.
            step: given the number (None: there is none) and whether a file was lost, returns where its caller begins
                and the number to keep. Nobody else writes in the meantime.

        Raises:
            sqlite3.Error, OSError: the disk does not take it; nothing is kept.
        """
        with self._writing() as database:
            row = database.execute("SELECT next FROM counter WHERE name = ?", (name,)).fetchone()
            lost = database.execute("SELECT 1 FROM lost").fetchone() is not None
            start, end = step(int(row[0]) if row else None, lost)
            database.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (name, end))
        return start, end

    def title(self, fresh: bytes) -> bytes:
        """Return the system title that is kept; ``fresh`` becomes it when there is none."""
        with self._writing() as database:
            database.execute("INSERT OR IGNORE INTO title VALUES (1, ?)", (fresh,))
            title: bytes = database.execute("SELECT title FROM title").fetchone()[0]
        return title

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with closing(self._open()) as database, database:
            database.execute("BEGIN IMMEDIATE")
            yield database
            _seal(database)

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        return self._replaced()

    def _connect(self) -> sqlite3.Connection:
        size = self._path.stat().st_size if self._path.exists() else None
        database = sqlite3.connect(self._path, timeout=_PATIENCE_S, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode=DELETE")
            database.execute("PRAGMA synchronous=EXTRA")  # the number must be on disk before it is used
            with database:
                database.execute("BEGIN IMMEDIATE")
                if database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                    self._furnish(database, size)
                else:
                    _check(database)
        except UnicodeDecodeError as error:  # SQLite's own words, with names out of the file in them
            database.close()
            raise sqlite3.DatabaseError("damaged") from error
        except BaseException:
            database.close()
            raise
        return database

    def _furnish(self, database: sqlite3.Connection, size: int | None) -> None:
        """Make the tables of a new file; one that was there and is empty has lost what was in it."""
        if size:
            raise sqlite3.DatabaseError("damaged: there is no table in it")
        for table in _TABLES:
            database.execute(table)
        if size == 0:
            self.lost = True
            database.execute("INSERT INTO lost VALUES (?)", (self._clock_s(),))
        _seal(database)

    def _replaced(self) -> sqlite3.Connection:
        """Set the damaged file aside and begin a new one; of several processes that find it, one does."""
        with closing(sqlite3.connect(f"{self._path}.guard", timeout=_PATIENCE_S, isolation_level=None)) as guard:
            guard.execute("BEGIN EXCLUSIVE")  # nothing is ever written there: it is a lock that dies with its process
            try:
                return self._connect()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
            aside = f"{self._path}.damaged-{int(self._clock_s() * 1e9)}"
            with suppress(FileNotFoundError):  # a journal left behind would be played into the new file
                os.replace(f"{self._path}-journal", f"{aside}-journal")  # noqa: PTH105 - atomic, and says so
            os.replace(self._path, aside)  # noqa: PTH105
            self._path.touch()  # empty: whoever opens it notes the loss, even when this process ends here
            return self._connect()


def _seal(database: sqlite3.Connection) -> None:
    database.execute("INSERT OR REPLACE INTO seal VALUES (1, ?)", (_crc(database),))


def _check(database: sqlite3.Connection) -> None:
    sealed = database.execute("SELECT crc FROM seal").fetchall()
    if sealed != [(_crc(database),)] or database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("damaged: the seal is broken")


def _crc(database: sqlite3.Connection) -> int:
    rows = [
        database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608 - names of our own
        for table in ("counter", "title", "lost")
    ]
    return binascii.crc32(repr(rows).encode())


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Return whether the file is damaged, and not just locked, full or read-only."""
    code = getattr(error, "sqlite_errorcode", None)  # None: said by this file
    return code is None or code & 0xFF in _DAMAGE
