"""The doctor on the data volume: is it writable, is there room, is the outbox's file sound? Changes nothing on it.

A bridge that runs holds the file's lock, and then its word is taken: it checked the file when it started. Otherwise
the file is opened read-only and checked within a bound of time. What is not certain is not judged: a file whose log
cannot be taken into account may hold more than it shows.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from bridge.cli.doctor.finding import Finding, bad, good, left_out, warn
from bridge.errors import DiskError
from bridge.health.size import size_text
from bridge.outbox import salvage
from bridge.outbox.schema import MIGRATIONS
from bridge.outbox.sqlite_errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUTBOX = "outbox.db"
_TRIAL = b"\0" * 65_536
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EPERM)
_CHECK_PATIENCE_S = 20.0
_STEPS = 10_000  # of SQLite's machine, between two looks at the clock


_BAD: Final = {
    "damaged": ("doctor.file.damaged", "doctor.file.damaged.fix"),
    "alone": ("doctor.file.alone", "doctor.file.alone.fix"),
    "foreign": ("doctor.file.foreign", "doctor.file.foreign.fix"),
    "newer": ("doctor.file.newer", "doctor.file.newer.fix"),
    "unread": ("doctor.file.unread", "doctor.file.unread.fix"),
}


@dataclass(frozen=True, slots=True)
class OutboxFile:
    """What the file tells from outside.

    Args:
        state: ``absent``, ``sound``, ``held`` by a bridge that runs, ``damaged``, ``alone`` (a log without its
            database), ``foreign`` (no outbox), ``newer`` (a later bridge's), ``unread`` (cannot be opened) or
            ``large`` (not checked within the time).
        said: what SQLite said.
        waiting: samples in it; 0 where they cannot be counted.
        newest_s: when the newest of them was read, Unix seconds; None without any.
    """

    state: Literal["absent", "sound", "held", "damaged", "alone", "foreign", "newer", "unread", "large"]
    said: str = ""
    waiting: int = 0
    newest_s: float | None = None


def look_at_outbox(folder: Path) -> OutboxFile:
    """Return what the outbox's file tells, without a lasting lock and without a write."""
    path = folder / OUTBOX
    try:
        # Before anything is opened: SQLite throws the log of an empty file away, even where it only reads.
        salvage.look_for_orphan(path)
        if not path.exists():
            return OutboxFile("absent")
        return _looked_at(path, "mode=ro")
    except Damaged as alone:
        return OutboxFile("alone", str(alone))
    except DiskError as error:
        return OutboxFile("unread", str(error))
    except sqlite3.Error as error:
        return _unopened(path, error)


def _looked_at(path: Path, how: str) -> OutboxFile:
    until_s = time.monotonic() + _CHECK_PATIENCE_S
    with closing(sqlite3.connect(f"file:{quote(str(path))}?{how}", uri=True, timeout=0, isolation_level=None)) as db:
        db.execute("PRAGMA query_only = 1")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            return OutboxFile("newer", f"schema {version}, this version knows {len(MIGRATIONS)}")
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "samples" not in tables:
            return OutboxFile("foreign", "no table of samples")
        db.set_progress_handler(lambda: time.monotonic() > until_s, _STEPS)
        try:
            (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            said = ""
        db.set_progress_handler(None, 0)
        if said not in ("ok", ""):
            return OutboxFile("damaged", said)
        waiting, newest_ms = db.execute("SELECT count(*), max(ts_ms) FROM samples").fetchone()
        newest_s = newest_ms / 1000 if isinstance(newest_ms, int) else None
        return OutboxFile("sound" if said else "large", said, waiting, newest_s)


def _unopened(path: Path, error: sqlite3.Error) -> OutboxFile:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return OutboxFile("held")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return OutboxFile("damaged", str(error))
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY if os.access(path, os.R_OK):
            return _without_companions(path, str(error))
        case _:
            return OutboxFile("unread", str(error))


def _without_companions(path: Path, said: str) -> OutboxFile:
    """Look at a file in a folder that cannot be written, where SQLite has no room for its own companions of it.

    It then takes no notice of the log. With one there the file alone tells nothing: new tables may be in the log only.
    """
    log = path.with_name(f"{path.name}-wal")
    try:
        if log.exists() and log.stat().st_size:
            return OutboxFile("unread", f"{said}; its log {log.name} holds more than can be seen")
        return _looked_at(path, "immutable=1")
    except (OSError, sqlite3.Error) as error:
        return OutboxFile("unread", str(error))


def volume(folder: Path, max_bytes: float) -> Iterator[Finding]:
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
    used = 0
    with suppress(OSError):
        used = (folder / OUTBOX).stat().st_size
    room = {"free": size_text(free), "most": size_text(max_bytes)}
    if free + used < max_bytes:
        yield warn("doctor.disk.tight", "doctor.disk.tight.fix", "disk", folder=folder, **room)
    else:
        yield good("doctor.disk.writable", folder=folder, **room)


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


def file(folder: Path, outbox: OutboxFile, *, running: bool) -> Iterator[Finding]:
    """Yield how the outbox's file is, and which damaged ones were set aside.

    Args:
        folder: the data volume.
        outbox: what the file told.
        running: whether a bridge answers that may hold it.
    """
    if outbox.state in _BAD:
        yield bad(*_BAD[outbox.state], "disk", outbox.said, folder=folder, user=os.getuid())
    elif outbox.state == "held" and not running:
        yield bad("doctor.file.held_unknown", "doctor.file.held_unknown.fix", "disk")
    elif outbox.state == "held":
        yield good("doctor.file.held")
    elif outbox.state == "sound":
        yield good("doctor.file.sound", waiting=outbox.waiting)
    elif outbox.state == "large":
        yield left_out("doctor.file.large", waiting=outbox.waiting)
    else:
        yield left_out("doctor.file.absent")
    if aside := salvage.set_aside_files(folder / OUTBOX):
        yield warn("doctor.file.aside", "doctor.file.aside.fix", "disk", count=len(aside), newest=aside[-1].name)
