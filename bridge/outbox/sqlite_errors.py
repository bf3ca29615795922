"""SQLite's exceptions become the bridge's here, and nowhere else in the outbox."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bridge.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Damaged(DiskError):  # noqa: N818 - a finding about the file, as ReplyTimeout is one about a meter
    """The file is no database, or one with holes. Carry over what can be read, and set it aside."""


class Newer(DiskError):  # noqa: N818 - as above
    """A newer bridge wrote the file. Leave it alone; samples go upstream from memory meanwhile."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what SQLite and the system say within as :class:`Damaged` or ``DiskError``."""
    try:
        yield
    except sqlite3.Error as error:
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGE:
            raise Damaged(f"{path}: {error}") from error
        raise DiskError(f"{path}: {error}", hint=_hint(error, path)) from error
    except OSError as error:
        raise DiskError(
            f"{path}: {error.strerror or error}",
            hint="the data folder must exist, have room and belong, with all files in it, to the user that the bridge "
            "runs as; nothing in it need be removed",
        ) from error


def _hint(error: sqlite3.Error, path: Path) -> str:
    if _is_read_only(path):
        return (
            "its file system is read-only, after an outage often because the disk is damaged: look at dmesg, check the "
            "disk; nothing on it need be removed"
        )
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "make room on the disk"
        case sqlite3.SQLITE_BUSY:
            return f"another process holds {path.name}: is a second bridge running on this data folder?"
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return (
                "the data folder and all files in it must belong to the user that the bridge runs as, and its disk "
                "must be writable; nothing in it need be removed"
            )
        case _:
            return "look at the disk"


def _is_read_only(path: Path) -> bool:
    try:
        return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)
    except (OSError, AttributeError):  # Windows has none
        return False
