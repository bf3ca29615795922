"""Salvage: what can still be read of a damaged outbox is copied beside it, and takes its place in one step.

    1  ``outbox.salvage``             a copy in progress; thrown away when found
    2  ``outbox.salvaged-<time>``     the copy, whole and on the disk; renamed from 1
    3  ``outbox.corrupt-<time>…``     the damaged file and its log, renamed one after the other
    4  ``outbox.db``                  renamed from 2

A cut before 2 leaves the damaged file as it was, and salvage begins again. A cut after it leaves the copy, and
:func:`resume` goes on: nobody writes to the damaged file in between. The damaged file is read, and folded together with
its log as SQLite does at every opening; it is never changed otherwise.

A log without its database (or with one of no bytes, which is all that SQLite needs to throw the log away) is damage
too: :func:`look_for_orphan` must be asked before anybody opens the file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from bridge.errors import DiskError
from bridge.outbox.carving import has_beginning
from bridge.outbox.row_ids import BEYOND
from bridge.outbox.salvage_copy import write_copy
from bridge.outbox.sqlite_errors import Damaged, translated

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.outbox.store import Store

KEPT_FILES = 3
"""Damaged files that are kept for a person to look at; what could be read of them has been carried over."""

_COMPANIONS = ("-shm", "-wal", "")  # the database last: a log alone is known to be one
_LOG_HEADER = 32


class Salvaged(NamedTuple):
    """What became of a damaged file.

    Args:
        aside: the name that the damaged file has now.
        carried: how many samples could be read; None when the process that counted them has ended.
    """

    aside: str
    carried: int | None


def look_for_orphan(path: Path) -> None:
    """Find a log that SQLite would throw away: without its database, or without its own beginning.

    Raises:
        Damaged: there is one. Salvage it before the file is opened.
        DiskError: the folder cannot be looked at.
    """
    log = path.with_name(f"{path.name}-wal")
    with translated(path):
        if not log.exists() or log.stat().st_size <= _LOG_HEADER:
            return
        if not (path.exists() and path.stat().st_size):
            raise Damaged(f"{path} is {'empty' if path.exists() else 'gone'}, and its log is there")
        if not _begins(log):
            raise Damaged(f"{log} has lost its beginning")


def _begins(log: Path) -> bool:
    with log.open("rb") as file:
        return has_beginning(file.read(_LOG_HEADER))


def resume(path: Path) -> Salvaged | None:
    """End a salvage that was cut off; None when there was none, or it begins again.

    Raises:
        DiskError: the disk does not allow it. Try again later; nothing is lost by that.
    """
    with translated(path):
        for unfinished in path.parent.glob(f"{path.stem}.salvage*"):
            if not unfinished.name.startswith(f"{path.stem}.salvaged-"):
                unfinished.unlink(missing_ok=True)
        for whole in sorted(path.parent.glob(f"{path.stem}.salvaged-*")):
            return Salvaged(_put_in_place(path, whole), None)
    return None


def salvage(path: Path, *, now_s: float, max_bytes: int, last_id: int = BEYOND) -> Salvaged:
    """Carry over what can be read of the damaged file, and set it aside as ``<stem>.corrupt-<time>``.

    Args:
        path: the outbox file; nobody may have it open.
        now_s: Unix time, for the name.
        max_bytes: bound on the damaged files that are kept, all together; the newest is kept whatever its size.
        last_id: no row has a greater id than this: what says so is damaged, and gets another.

    Raises:
        DiskError: the disk does not allow it. Try again later; nothing is lost by that.
    """
    copy = path.with_name(f"{path.stem}.salvage")
    with translated(path):
        _need_room(path)
        copy.unlink(missing_ok=True)
        try:
            carried = write_copy(path, copy, last_id, opens=_opens(path))
            _sync(copy)
            whole = copy.with_name(f"{path.stem}.salvaged-{_free_stamp(path, now_s)}")
            copy.rename(whole)
            _sync(path.parent)
        except BaseException:
            with suppress(OSError):
                copy.unlink(missing_ok=True)
            raise
        aside = _put_in_place(path, whole)
        _forget_old(path, max_bytes)
    return Salvaged(aside, carried)


def put_back(path: Path, store: Store, *, now_s: float) -> str:
    """Give an open outbox its name again that somebody took from it; close it, and return what was set aside.

    Raises:
        DiskError: the disk does not allow it; the outbox is open as before.
    """
    copy = path.with_name(f"{path.stem}.salvage")
    with translated(path):
        copy.unlink(missing_ok=True)
        store.copy_to(copy)
        _sync(copy)
        whole = copy.with_name(f"{path.stem}.salvaged-{_free_stamp(path, now_s)}")
        copy.rename(whole)
        _sync(path.parent)
        store.close()  # what has no name is gone with this
        return _put_in_place(path, whole)


def set_aside_files(path: Path) -> list[Path]:
    """Return the damaged files that were set aside, oldest first; logs count with the file that they belong to."""
    with suppress(OSError):
        names = {
            one.name.removesuffix("-wal").removesuffix("-shm") for one in path.parent.glob(f"{path.stem}.corrupt-*")
        }
        return [path.with_name(name) for name in sorted(names)]
    return []


def size_of(aside: Path) -> int:
    """Return the bytes of a damaged file and what belongs to it."""
    size = 0
    for companion in _COMPANIONS:
        with suppress(OSError):
            size += aside.with_name(f"{aside.name}{companion}").stat().st_size
    return size


def _opens(path: Path) -> bool:
    """Whether SQLite may be let near, and would not throw the log away."""
    try:
        look_for_orphan(path)
    except Damaged:
        return False
    return path.exists()


def _need_room(path: Path) -> None:
    """The copy is at most as large as the file. Damaged files of before make room for it.

    Raises:
        DiskError: there is none.
    """
    needed = sum(len_of(path, companion) for companion in ("", "-wal"))
    older = set_aside_files(path)
    while (free := _free(path.parent)) < needed and older:
        _remove(older.pop(0))
    if free < needed:
        raise DiskError(
            f"{path}: damaged, and carrying over what can be read takes {needed / 1e6:.1f} MB, of which "
            f"{free / 1e6:.1f} MB are free",
            hint="make room on the disk; the file is left as it is until then, and nothing in it need be removed",
        )


def len_of(path: Path, companion: str) -> int:
    """Return the size of a file or its companion; 0 when it is not there."""
    one = path.with_name(f"{path.name}{companion}")
    return one.stat().st_size if one.exists() else 0


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _free_stamp(path: Path, now_s: float) -> str:
    stamp = datetime.fromtimestamp(now_s, tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    number, free = 1, stamp
    while any(path.with_name(f"{path.stem}.corrupt-{free}{companion}").exists() for companion in _COMPANIONS):
        number += 1
        free = f"{stamp}-{number}"
    return free


def _put_in_place(path: Path, whole: Path) -> str:
    """Set the damaged file aside and give the copy its name; also after a cut anywhere in here."""
    aside = whole.with_name(whole.name.replace(".salvaged-", ".corrupt-"))
    for companion in _COMPANIONS:
        source = path.with_name(f"{path.name}{companion}")
        if source.exists():
            source.rename(aside.with_name(f"{aside.name}{companion}"))
    _sync(path.parent)
    whole.rename(path)
    _sync(path.parent)
    return aside.name


def _forget_old(path: Path, max_bytes: int) -> None:
    kept = set_aside_files(path)
    while len(kept) > 1 and (len(kept) > KEPT_FILES or sum(map(size_of, kept)) > max_bytes):
        _remove(kept.pop(0))


def _remove(aside: Path) -> None:
    for companion in _COMPANIONS:
        aside.with_name(f"{aside.name}{companion}").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have a file, or a folder's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
