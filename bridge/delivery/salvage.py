"""Salvage: a damaged outbox file is set aside and what can be read of it is carried into a fresh one.

The damaged file is only renamed and read, never changed or removed: a person may want to look at it.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from bridge.delivery.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 5000  # samples carried over in one commit
_PROBES = 20_000  # failed reads after which the rest is given up: the bridge must start
_COMPANIONS = ("", "-wal", "-shm")  # SQLite finds the log of a database by its name, so they keep together


class Salvaged(NamedTuple):
    """What became of a damaged file.

    Args:
        store: the fresh outbox, with the carried samples in it.
        aside: where the damaged file is now.
        carried: how many samples could be read.
    """

    store: Store
    aside: Path
    carried: int


def salvage(path: Path, *, max_bytes: int, now_s: float, ids_after: int = 0) -> Salvaged:
    """Set the damaged file aside as ``<stem>.corrupt-<time>`` and carry over what can be read of it.

    Args:
        path: the outbox file; nobody may have it open.
        max_bytes: bound on the fresh file.
        now_s: Unix time, for the name.
        ids_after: the fresh file's ids are greater than this.

    Raises:
        DiskError: the disk does not allow it. Try again later; nothing is lost by that.
    """
    aside = _set_aside(path, now_s)
    store = Store(path, max_bytes=max_bytes, ids_after=ids_after)
    carried = 0
    chunk: list[tuple[str, int, str]] = []
    try:
        for sample in _readable(aside):
            chunk.append(sample)
            if len(chunk) == _CHUNK:
                carried += len(chunk) - store.append(chunk)
                chunk = []
        if chunk:
            carried += len(chunk) - store.append(chunk)
    except BaseException:
        store.close()
        raise
    return Salvaged(store, aside, carried)


def _set_aside(path: Path, now_s: float) -> Path:
    stamp = datetime.fromtimestamp(now_s, tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.stem}.corrupt-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.stem}.corrupt-{stamp}-{number}")
    # The database last: a power cut between the renames leaves a database without its log, which opens.
    for companion in reversed(_COMPANIONS):
        source = path.with_name(path.name + companion)
        if source.exists():
            source.rename(aside.with_name(aside.name + companion))
    return aside


def _readable(aside: Path) -> Iterator[tuple[str, int, str]]:
    """Every sample that can be read and makes sense, oldest first."""
    with closing(sqlite3.connect(aside, isolation_level=None, timeout=0)) as db:
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            low = db.execute("SELECT id FROM samples ORDER BY id LIMIT 1").fetchone()
            high = db.execute("SELECT id FROM samples ORDER BY id DESC LIMIT 1").fetchone()
        except sqlite3.Error:
            low, high = None, None
        first, last = (low[0] if low else 0), (high[0] if high else (1 << 31))
        yield from _between(db, first, last)


def _between(db: sqlite3.Connection, first: int, last: int) -> Iterator[tuple[str, int, str]]:
    """Rows of a range of ids. A range that cannot be read is halved until the hole is found and stepped over."""
    ranges = [(first, last)]
    failures = 0
    while ranges and failures < _PROBES:
        low, high = ranges.pop()
        done = low - 1
        try:
            for row in db.execute(
                "SELECT id, meter, ts_ms, body FROM samples WHERE id BETWEEN ? AND ? ORDER BY id", (low, high)
            ):
                done = row[0]
                if _sensible(row):
                    yield row[1:]
        except sqlite3.Error:
            failures += 1
            low = done + 1
            if low < high:
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)]


def _sensible(row: tuple[object, ...]) -> bool:
    _, meter, ts_ms, body = row
    if not (isinstance(meter, str) and isinstance(ts_ms, int) and isinstance(body, str)):
        return False
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False
