"""The doctor on the data volume: can it be written, is there room, is the outbox's file sound. Changes nothing on it.

A bridge that runs holds the file's lock, and then its word is taken: it checked the file when it started. Otherwise
the file is opened read-only and checked within a bound of time.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from bridge.commissioning.finding import Finding, bad, good, left_out, warn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUTBOX = "outbox.db"
_TRIAL = b"\0" * 65_536
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM)
_CHECK_PATIENCE_S = 20.0
_STEPS = 10_000  # of SQLite's machine, between two looks at the clock


@dataclass(frozen=True, slots=True)
class Outbox:
    """What the file tells from outside.

    Args:
        state: ``absent``, ``sound``, ``held`` by a bridge that runs, ``damaged``, ``foreign`` (no outbox), ``unread``
            (cannot be opened) or ``large`` (not checked within the time).
        said: what SQLite said.
        waiting: samples in it; 0 where they cannot be counted.
        newest_s: when the newest of them was read, Unix seconds; None without any.
    """

    state: Literal["absent", "sound", "held", "damaged", "foreign", "unread", "large"]
    said: str = ""
    waiting: int = 0
    newest_s: float | None = None


def look_at_outbox(folder: Path) -> Outbox:
    """Return what the outbox's file tells, without a lasting lock and without a write."""
    path = folder / OUTBOX
    try:
        if not path.exists():
            return Outbox("absent")
        return _looked_at(path, "mode=ro")
    except OSError as error:
        return Outbox("unread", error.strerror or str(error))
    except sqlite3.Error as error:
        return _unopened(path, error)


def _looked_at(path: Path, how: str) -> Outbox:
    until_s = time.monotonic() + _CHECK_PATIENCE_S
    with closing(sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=0, isolation_level=None)) as db:
        db.execute("PRAGMA query_only = 1")
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "samples" not in tables:
            return Outbox("foreign", "no table of samples")
        db.set_progress_handler(lambda: time.monotonic() > until_s, _STEPS)
        try:
            (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            said = ""
        db.set_progress_handler(None, 0)
        if said not in ("ok", ""):
            return Outbox("damaged", said)
        waiting, newest_ms = db.execute("SELECT count(*), max(ts_ms) FROM samples").fetchone()
        newest_s = newest_ms / 1000 if isinstance(newest_ms, int) else None
        return Outbox("sound" if said else "large", said, waiting, newest_s)


def _unopened(path: Path, error: sqlite3.Error) -> Outbox:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Outbox("held")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Outbox("damaged", str(error))
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY if os.access(path, os.R_OK):
            # A folder that cannot be written has no room for SQLite's own companions of the file.
            try:
                return _looked_at(path, "immutable=1")
            except sqlite3.Error as second:
                return Outbox("unread", str(second))
        case _:
            return Outbox("unread", str(error))


def volume(folder: Path, outbox: Outbox, max_bytes: float) -> Iterator[Finding]:
    """Yield whether the folder can be written and has room for an outbox of ``max_bytes``."""
    if not folder.exists():
        yield left_out("doctor.disk.absent", folder=folder)
        return
    trial = folder / f".doctor-{os.getpid()}"
    try:
        with trial.open("wb") as file:
            file.write(_TRIAL)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield _unwritable(folder, error)
        return
    finally:
        with suppress(OSError):
            trial.unlink(missing_ok=True)
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    used = (folder / OUTBOX).stat().st_size if outbox.state not in ("absent", "unread") else 0
    free_mb, max_mb = round(free / 1e6), round(max_bytes / 1e6)
    if free + used < max_bytes:
        yield warn("doctor.disk.tight", "doctor.disk.tight.fix", "disk", folder=folder, free_mb=free_mb, max_mb=max_mb)
    else:
        yield good("doctor.disk.writable", folder=folder, free_mb=free_mb)


def _unwritable(folder: Path, error: OSError) -> Finding:
    said = error.strerror or str(error)
    if error.errno in _FULL:
        return bad("doctor.disk.full", "doctor.disk.full.fix", "disk", said, folder=folder)
    if error.errno == errno.EROFS:
        return bad("doctor.disk.read_only", "doctor.disk.read_only.fix", "disk", said, folder=folder)
    if error.errno in _DENIED:
        user = os.getuid()
        return bad("doctor.disk.denied", "doctor.disk.denied.fix", "disk", said, folder=folder, user=user)
    return bad("doctor.disk.broken", "doctor.disk.broken.fix", "disk", said, folder=folder)


def file(folder: Path, outbox: Outbox, *, running: bool) -> Iterator[Finding]:
    """Yield how the outbox's file is, and which damaged ones were set aside.

    Args:
        folder: the data volume.
        outbox: what the file told.
        running: whether a bridge answers that may hold it.
    """
    said = outbox.said
    match outbox.state:
        case "absent":
            yield left_out("doctor.file.absent")
        case "sound":
            yield good("doctor.file.sound", waiting=outbox.waiting)
        case "large":
            yield left_out("doctor.file.large", waiting=outbox.waiting)
        case "held" if running:
            yield good("doctor.file.held")
        case "held":
            yield bad("doctor.file.held_unknown", "doctor.file.held_unknown.fix", "disk")
        case "damaged":
            yield bad("doctor.file.damaged", "doctor.file.damaged.fix", "disk", said)
        case "foreign":
            yield bad("doctor.file.foreign", "doctor.file.foreign.fix", "disk", said, folder=folder)
        case "unread":
            yield bad("doctor.file.unread", "doctor.file.unread.fix", "disk", said, user=os.getuid())
    aside = sorted(path.name for path in _listed(folder) if ".corrupt-" in path.name and path.suffix != "-wal")
    if aside:
        yield warn("doctor.file.aside", "doctor.file.aside.fix", "disk", count=len(aside), newest=aside[-1])


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
