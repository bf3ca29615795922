"""The disk under the outbox: the real store on a real SQLite file, with the faults of a disk, watched by the book.

Rules
    A full disk refuses whatever changes the file; what is there can be read.
    After a power cut of the process's machine the files are what fsync covered, and of the rest any part: commits that
    only deleted may be taken back (the store asks no fsync for them), and what lies behind the last commit is torn
    (``torn.py`` tells what is fair).
    A dead process writes nothing any more, whatever its tasks still do.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from bridge.errors import DiskError
from tests.outbox.torn import committed, tear

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from tests.delivery.simulation.book import Book, Key


class Disk:
    """One life's folder and what may go wrong with it.

    Args:
        folder: of this life.
        book: hears what the store did.
        time: the clock.
    """

    def __init__(self, folder: Path, book: Book, time: Callable[[], float]) -> None:
        self.folder = folder
        self.path = folder / "outbox.db"
        self._log = folder / "outbox.db-wal"
        self.book = book
        self.time = time
        self.is_full = False
        self.is_dead = False
        self.synced_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)

    def note_sync(self) -> None:
        """The log is on the disk up to here."""
        with suppress(FileNotFoundError):
            self.synced_bytes = self._log.stat().st_size

    def left_behind(self, to: Path, rng: random.Random, *, power_cut: bool) -> None:
        """Copy what the next life finds."""
        to.mkdir(parents=True, exist_ok=True)
        for file in self.folder.iterdir():
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, to / file.name)
        if power_cut and rng.random() < 0.6:
            _take_back(to / self.path.name, self.synced_bytes, rng)
            tear(to / self.path.name, rng)


def _take_back(database: Path, synced: int, rng: random.Random) -> None:
    """Cut the log somewhere behind what was synced: the commits that follow never reached the disk."""
    log = database.with_name(database.name + "-wal")
    raw = log.read_bytes() if log.exists() else b""
    end, page_bytes, _ = committed(raw)
    if synced < end and page_bytes and synced >= 32:
        frame = 24 + page_bytes
        frames = (end - synced) // frame
        with log.open("r+b") as file:
            file.truncate(synced + frame * rng.randint(0, frames))


@contextmanager
def watched(modules: Iterable[Any], disks: Mapping[Path, Disk]) -> Iterator[None]:
    """While it lasts, whoever opens a store by one of the modules' ``Store`` opens it on the disk of that folder."""
    modules = list(modules)
    real = [module.Store for module in modules]
    classes: dict[Path, Any] = {}

    def opened(path: Path, **more: Any) -> Any:
        if path.parent not in classes:
            classes[path.parent] = type("Watched", (_Watched, real[0]), {"disk": disks[path.parent]})
        return classes[path.parent](path, **more)

    for module in modules:
        module.Store = opened
    try:
        yield
    finally:
        for module, store in zip(modules, real, strict=True):
            module.Store = store


class _Watched:
    """Goes before the real store's class: tells the book what it did, and lets the disk refuse."""

    disk: Disk
    path: Path
    _db: sqlite3.Connection

    def __init__(self, path: Path, **more: Any) -> None:
        if self.disk.is_dead:
            raise DiskError("the process is dead")
        super().__init__(path, **more)
        self._keys: dict[int, Key] = {}
        self._seen = 0
        found = self._look()
        if not any("corrupt" in file.name for file in self.disk.folder.iterdir()):
            self.disk.book.found_on_disk(set(found))

    def append(self, samples: Any, **more: Any) -> Any:
        self._may_change()
        evicted = super().append(samples, **more)
        self._look()
        if evicted:
            self._note_gone()
        self.disk.note_sync()
        return evicted

    def delete(self, ids: Iterable[int]) -> Any:
        self._may_change()
        ids = list(ids)
        gone = super().delete(ids)
        self.disk.book.were_confirmed(self._popped(ids), self.disk.time())
        return gone

    def set_aside(self, ids: Any, reason: str) -> Any:
        self._may_change()
        moved = super().set_aside(ids, reason)
        self.disk.book.set_aside(self._popped(ids), reason)
        return moved

    def expire(self, bound: Any) -> Any:
        self._may_change()
        return super().expire(bound)

    def fetch(self, **which: Any) -> Any:
        if self.disk.is_dead:
            raise DiskError("the process is dead")
        return super().fetch(**which)

    def index(self, **which: Any) -> Any:
        if self.disk.is_dead:
            raise DiskError("the process is dead")
        return super().index(**which)

    def rows(self, ids: Any) -> Any:
        if self.disk.is_dead:
            raise DiskError("the process is dead")
        return super().rows(ids)

    def _may_change(self) -> None:
        if self.disk.is_dead or self.disk.is_full:
            raise DiskError(f"{self.path}: database or disk is full", hint="make room on the disk")

    def _look(self) -> list[Key]:
        rows = self._db.execute("SELECT id, meter, ts_ms FROM samples WHERE id > ? ORDER BY id", (self._seen,))
        keys = []
        for row_id, meter, ts_ms in rows.fetchall():
            self._keys[row_id] = (meter, ts_ms)
            keys.append((meter, ts_ms))
            self._seen = row_id
        self.disk.book.on_disk(keys, self.disk.time())
        return keys

    def _popped(self, ids: Iterable[int]) -> list[Key]:
        return [self._keys.pop(row_id) for row_id in ids if row_id in self._keys]

    def _note_gone(self) -> None:
        there = {row_id for (row_id,) in self._db.execute("SELECT id FROM samples")}
        self.disk.book.went(self._popped([row_id for row_id in self._keys if row_id not in there]), "evicted")


def rows_left(path: Path) -> set[Key]:
    """What a file holds; for the end of a run."""
    with sqlite3.connect(path) as db:
        return set(db.execute("SELECT meter, ts_ms FROM samples"))
