"""The outbox's tables, and how a file of an earlier version becomes one of this.

    samples       what waits: id, meter, time stamp, body; device (NULL: named like the meter), tag of the destination,
                  the outbox's clock when it was accepted
                  and the stamp of its reading: boot (0: none was kept) and BOOTTIME
    undated       what waits for its time (``undated.py``); ts_ms is what the wall clock showed
    quarantine    what ThingsBoard will not take, with the reason
    destinations  tag → text (``destination.py``); a row whose tag is not here is of an unknown one
    devices       meter → device name, for rows with tag 0
    age           the outbox's clock (``age.py``)
    ids           no id up to this one is given by a later start: none is given twice while the file lives

Version 1 knew no destination. Its rows have tag 0 and belong to the first ThingsBoard that the settings name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.outbox.age import Anchor
from bridge.outbox.destination import EARLIER, LOCAL, tag_of
from bridge.outbox.sqlite_errors import Damaged, Newer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

MIGRATIONS = (
    """
    CREATE TABLE samples (id INTEGER PRIMARY KEY, meter TEXT NOT NULL, ts_ms INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE quarantine (id INTEGER PRIMARY KEY, meter TEXT NOT NULL, ts_ms INTEGER NOT NULL, body TEXT NOT NULL,
                             reason TEXT NOT NULL);
    """,
    """
    ALTER TABLE samples ADD COLUMN device TEXT;
    ALTER TABLE samples ADD COLUMN tag INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE samples ADD COLUMN accepted_s INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE quarantine ADD COLUMN device TEXT;
    ALTER TABLE quarantine ADD COLUMN tag INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE destinations (tag INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE devices (meter TEXT PRIMARY KEY, device TEXT NOT NULL);
    CREATE TABLE age (boot_id TEXT NOT NULL, boottime_s REAL NOT NULL, age_s REAL NOT NULL);
    CREATE TABLE ids (reserved INTEGER NOT NULL);
    """,
    """
    ALTER TABLE samples ADD COLUMN boot INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE samples ADD COLUMN up_ns INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE undated (id INTEGER PRIMARY KEY, meter TEXT NOT NULL, ts_ms INTEGER NOT NULL, body TEXT NOT NULL,
                          device TEXT, tag INTEGER NOT NULL, accepted_s INTEGER NOT NULL, boot INTEGER NOT NULL,
                          up_ns INTEGER NOT NULL, is_undated INTEGER NOT NULL DEFAULT 1);
    """,
)
"""Script ``n`` brings a file from version ``n`` to ``n + 1``, whole or not at all; ``user_version`` tells which."""

VERSION_1_TAG = 0


def migrate(db: sqlite3.Connection, path: Path) -> int:
    """Bring the file to this version and return the one that it was of; 0 when there was nothing in it.

    Raises:
        Newer: it is of a later one; nothing was changed.
        Damaged: it is a database, but no outbox.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise Newer(
            f"{path}: written by a newer bridge (schema {version}, this one knows {len(MIGRATIONS)})",
            hint="run the newer bridge again, or let this one have a data folder of its own; the file is left alone",
        )
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if (version or tables) and not {"samples", "quarantine"} <= tables:
        raise Damaged(f"{path}: a database, but not the outbox's")
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
    return version


def has_version_1_rows(db: sqlite3.Connection, destination: str) -> bool:
    """Return whether there are rows of version 1 that ``destination``, a ThingsBoard, is the first to be named for."""
    if destination == LOCAL or db.execute("SELECT 1 FROM destinations WHERE tag = ?", (VERSION_1_TAG,)).fetchone():
        return False
    return any(
        db.execute(f"SELECT 1 FROM {table} WHERE tag = ? LIMIT 1", (VERSION_1_TAG,)).fetchone()
        for table in ("samples", "quarantine")
    )


def take_over_version_1(db: sqlite3.Connection, destination: str, devices: Mapping[str, str]) -> None:
    """Give the rows of version 1 to ``destination``, a ThingsBoard. Within a transaction.

    Args:
        db: the file.
        destination: the present one.
        devices: the device name of each meter.
    """
    if " device " in destination:
        # That is one meter's own token: what others gave was accepted for a gateway, and must not become this one's.
        marks = ", ".join("?" * len(devices))
        moved = db.execute(
            f"UPDATE samples SET tag = ? WHERE tag = ? AND meter NOT IN ({marks})",
            (tag_of(EARLIER), VERSION_1_TAG, *devices),
        )
        if moved.rowcount:
            db.execute("INSERT OR REPLACE INTO destinations VALUES (?, ?)", (tag_of(EARLIER), EARLIER))
    db.execute("INSERT INTO destinations VALUES (?, ?)", (VERSION_1_TAG, destination))
    db.executemany("INSERT OR REPLACE INTO devices VALUES (?, ?)", devices.items())


def kept_age(db: sqlite3.Connection) -> tuple[Anchor | None, float]:
    """Return the outbox's clock as it was kept, and the highest reading that a row has."""
    kept = db.execute("SELECT boot_id, boottime_s, age_s FROM age").fetchone()
    newest = db.execute("SELECT accepted_s FROM samples ORDER BY id DESC LIMIT 1").fetchone()
    return Anchor(*kept) if kept else None, float(newest[0]) if newest else 0.0


def keep_age(db: sqlite3.Connection, anchor: Anchor) -> None:
    """Keep the outbox's clock. Within a transaction."""
    db.execute("DELETE FROM age")
    db.execute("INSERT INTO age VALUES (?, ?, ?)", anchor)


def reserved_ids(db: sqlite3.Connection) -> int:
    """Return the last id that only an earlier start may have given."""
    return int(db.execute("SELECT coalesce(max(reserved), 0) FROM ids").fetchone()[0])


def reserve_ids(db: sqlite3.Connection, last_id: int) -> None:
    """Keep ids up to ``last_id`` from later starts. Within a transaction."""
    db.execute("DELETE FROM ids")
    db.execute("INSERT INTO ids VALUES (?)", (last_id,))
