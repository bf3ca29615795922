"""The copy that a salvage makes: what the database's tree still leads to and, where that is not all, what is carved.

Reads the damaged file and writes the copy; renames and removes nothing.
"""

from __future__ import annotations

import json
import mmap
import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from bridge.outbox.carving import carve
from bridge.outbox.schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_PROBES = 20_000  # failed reads after which carving does the rest: the bridge must start
_COLUMNS = "id, meter, ts_ms, body, device, tag, accepted_s, boot, up_ns"
_EARLIER_COLUMNS = {
    1: "id, meter, ts_ms, body, NULL, 0, 0, 0, 0",
    2: "id, meter, ts_ms, body, device, tag, accepted_s, 0, 0",
}
_TABLES = ("destinations", "devices", "age", "ids")


def write_copy(path: Path, copy: Path, last_id: int, *, opens: bool) -> int:
    """Write what can be read of a damaged file into a new one, and return how many samples that is.

    Args:
        path: the damaged file.
        copy: the new one; there is none of the name.
        last_id: no row has a greater id.
        opens: whether SQLite may be let near the damaged file.

    Raises:
        sqlite3.Error, OSError: the disk does not allow it.
    """
    with closing(sqlite3.connect(copy, isolation_level=None)) as fresh:
        fresh.execute("PRAGMA auto_vacuum = INCREMENTAL")
        fresh.execute("PRAGMA journal_mode = OFF")  # a copy that is cut off is thrown away whole
        fresh.execute("PRAGMA synchronous = OFF")
        fresh.executescript("BEGIN;" + "".join(MIGRATIONS) + f"PRAGMA user_version = {len(MIGRATIONS)};")
        shelf = _Shelf(fresh, last_id)
        if not (opens and _read_whole(path, fresh, shelf)):
            with _mapped(path) as database, _mapped(path.with_name(f"{path.name}-wal")) as log:
                for *row, is_undated in carve(database, log):
                    shelf.add(tuple(row), "undated" if is_undated else "samples")
        carried = int(
            fresh.execute("SELECT (SELECT count(*) FROM samples) + (SELECT count(*) FROM undated)").fetchone()[0]
        )
        fresh.execute("COMMIT")
    return carried


def _read_whole(path: Path, fresh: sqlite3.Connection, shelf: _Shelf) -> bool:
    """Copy all that the tree still leads to; return whether that is certain to be all."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as db:
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            whole: bool = db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            ends = {
                table: tuple(
                    db.execute(f"SELECT id FROM {table} ORDER BY id {way} LIMIT 1").fetchone()
                    for way in ("ASC", "DESC")
                )
                for table in ("samples", "undated")[: 1 if version < 3 else 2]
            }
        except sqlite3.Error as error:
            _raise_unless_damage(error)
            return False
        if version > 1:
            for table in _TABLES:
                with suppress(sqlite3.Error):
                    _insert(fresh, table, db.execute(f"SELECT * FROM {table}").fetchall())
        with suppress(sqlite3.Error):
            _insert(fresh, "quarantine", db.execute("SELECT * FROM quarantine").fetchall(), pad=version == 1)
        for table, (low, high) in ends.items():
            if low and high:
                columns = _EARLIER_COLUMNS.get(version, _COLUMNS)
                reading = _Ranges(db, f"SELECT {columns} FROM {table} WHERE id BETWEEN ? AND ? ORDER BY id")
                for row in reading.rows(low[0], high[0]):
                    whole = shelf.add(row, table) and whole
                whole = whole and not reading.failures
    return whole


class _Ranges:
    """Reads a range of ids; one that cannot be read is halved until the hole is found and skipped."""

    def __init__(self, db: sqlite3.Connection, statement: str) -> None:
        self._db = db
        self._statement = statement
        self.failures = 0

    def rows(self, low: int, high: int) -> Iterator[tuple[object, ...]]:
        ranges = [(low, high)]
        while ranges and self.failures < _PROBES:
            low, high = ranges.pop()
            done = low - 1
            try:
                for row in self._db.execute(self._statement, (low, high)):
                    done = row[0]
                    yield row
            except sqlite3.Error as error:
                _raise_unless_damage(error)
                self.failures += 1
                low = done + 1
                if low < high:
                    middle = (low + high) // 2
                    ranges += [(middle + 1, high), (low, middle)]


def _raise_unless_damage(error: sqlite3.Error) -> None:
    """Raise unless it is damage: a full or broken disk is not a hole in the file."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        raise error


def _insert(fresh: sqlite3.Connection, table: str, rows: Iterable[tuple[object, ...]], *, pad: bool = False) -> None:
    for row in rows:
        values = (*row, None, 0) if pad else row
        fresh.execute(f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(values))})", values)


class _Shelf:
    """The samples of the copy. A duplicate or impossible id does not cost a sample its place."""

    def __init__(self, fresh: sqlite3.Connection, last_id: int) -> None:
        self._fresh = fresh
        self._last_id = last_id
        self._free_id = 1

    def add(self, row: tuple[object, ...], table: str) -> bool:
        """Take a sample into its table; return whether it made sense."""
        if not _is_sensible(row):
            return False
        row_id = row[0] if isinstance(row[0], int) else 0
        if self._sample(row_id, table) == row[1:4]:
            return True
        if not 0 < row_id <= self._last_id or self._sample(row_id, table) is not None:
            while self._sample(self._free_id, table) is not None:
                self._free_id += 1
            row_id = self._free_id
        if row_id <= self._last_id:
            marks = ", ".join("?" * len(row))
            self._fresh.execute(f"INSERT INTO {table} ({_COLUMNS}) VALUES ({marks})", (row_id, *row[1:]))
        return True

    def _sample(self, row_id: int, table: str) -> tuple[object, ...] | None:
        found: tuple[object, ...] | None = self._fresh.execute(
            f"SELECT meter, ts_ms, body FROM {table} WHERE id = ?", (row_id,)
        ).fetchone()
        return found


def _is_sensible(row: tuple[object, ...]) -> bool:
    _, meter, ts_ms, body, device, *numbers = row
    if not (isinstance(meter, str) and isinstance(ts_ms, int) and isinstance(body, str)):
        return False
    if not (isinstance(device, str | None) and all(isinstance(number, int) for number in numbers)):
        return False
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap | bytes]:
    """The bytes of a file, which may be larger than memory; none when it is not there."""
    if not path.exists() or not path.stat().st_size:
        yield b""
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped
