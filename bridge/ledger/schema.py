"""The ledger's tables, and how a file of an earlier version becomes one of this.

histories   one row per meter, logical name and epoch (``history.py``)
ranges      what became of which time (``states.py``); of one history none overlap
had         per history, telemetry key and UTC day: which time stamps were confirmed (``day_bits.py``)
orders      times to read again; the command line writes them, the bridge takes them up
events      the rows of event logs
days        per history, key and UTC day: what the sum check needs
live        per meter, key and midnight: the live readings around it (``live_totals.py``)
told        per meter and UTC day: the completeness that is stored in ThingsBoard
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.errors import DiskError
from bridge.outbox.sqlite_errors import Damaged, Newer

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

MIGRATIONS = (
    """
    CREATE TABLE histories (id INTEGER PRIMARY KEY, meter TEXT NOT NULL, logical_name TEXT NOT NULL,
                            kind TEXT NOT NULL, epoch INTEGER NOT NULL, period_s INTEGER NOT NULL, keys TEXT NOT NULL,
                            units TEXT NOT NULL, ways TEXT NOT NULL, oldest_ms INTEGER, begin_ms INTEGER NOT NULL,
                            phase_ms INTEGER NOT NULL, columns TEXT NOT NULL, capacity INTEGER NOT NULL,
                            UNIQUE (meter, logical_name, epoch));
    CREATE TABLE ranges (history INTEGER NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,
                         state INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (history, start_ms)) WITHOUT ROWID;
    CREATE TABLE had (history INTEGER NOT NULL, key TEXT NOT NULL, day_ms INTEGER NOT NULL, stamps BLOB NOT NULL,
                      PRIMARY KEY (history, key, day_ms)) WITHOUT ROWID;
    CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, meter TEXT NOT NULL, logical_name TEXT,
                         start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, why TEXT NOT NULL);
    CREATE TABLE events (history INTEGER NOT NULL, ts_ms INTEGER NOT NULL, code INTEGER NOT NULL, words TEXT NOT NULL,
                         state TEXT NOT NULL, PRIMARY KEY (history, ts_ms)) WITHOUT ROWID;
    CREATE TABLE days (history INTEGER NOT NULL, key TEXT NOT NULL, day_ms INTEGER NOT NULL, value_count INTEGER,
                       total REAL, first_ms INTEGER, first REAL, last_ms INTEGER, last REAL,
                       PRIMARY KEY (history, key, day_ms)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE live (meter TEXT NOT NULL, key TEXT NOT NULL, at_ms INTEGER NOT NULL, unit TEXT NOT NULL,
                       before REAL NOT NULL, after REAL NOT NULL, PRIMARY KEY (meter, key, at_ms)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE told (meter TEXT NOT NULL, day_ms INTEGER NOT NULL, ratio REAL NOT NULL,
                       PRIMARY KEY (meter, day_ms)) WITHOUT ROWID;
    """,
)
"""Script ``n`` brings a file from version ``n`` to ``n + 1``, whole or not at all; ``user_version`` tells which."""


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the file to this version.

    Raises:
        Newer, Damaged: as ``version_of``; nothing was changed.
    """
    version = version_of(db, path)
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")


def must_be_readable(db: sqlite3.Connection, path: Path) -> None:
    """See that the file can be read as it is.

    Raises:
        DiskError: nobody has written anything yet, or a bridge of an earlier version.
        Newer, Damaged: as ``version_of``.
    """
    version = version_of(db, path)
    if not version:
        raise DiskError(f"{path}: there is no ledger yet", hint="the bridge makes it when it starts")
    if version < len(MIGRATIONS):
        raise DiskError(
            f"{path}: written by an older bridge (schema {version}, this one has {len(MIGRATIONS)})",
            hint="start this bridge: it brings the file up to date",
        )


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """Return of which version the file is; 0 for an empty one.

    Raises:
        Newer: it is of a later one.
        Damaged: it is a database, but no ledger.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise Newer(
            f"{path}: written by a newer bridge (schema {version}, this one knows {len(MIGRATIONS)})",
            hint="run the newer bridge again, or move the file away: what the meters still have is read again",
        )
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if (version or tables) and not {"histories", "ranges"} <= tables:
        raise Damaged(f"{path}: a database, but not the ledger's")
    return version
