"""The ledger's disk: its one thread, its open file, and what happens when either fails.

Changes are gathered and committed together: a thousand meters' intervals end in one minute. Until then they are in
memory, and a crash takes them: what it takes is read again. While the disk refuses they wait, in order, and the
back-fill reads nothing new. A damaged file is set aside and begun anew: the meters are the source. A change that no
disk would take is left out and said: others must not wait behind it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from loguru import logger

from bridge.errors import DiskError
from bridge.ledger.store import LedgerStore
from bridge.outbox.disk import Trouble
from bridge.outbox.sqlite_errors import Damaged, translated

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bridge.ledger.store_changes import StoreChanges

T = TypeVar("T")
_COMMIT_EVERY_S = 0.5
_AGAIN_S = 5.0
_MOST_AT_ONCE = 5000
"""Bounds how long the file is busy for the command line."""


class LedgerDisk:
    """The file and its thread.

    Args:
        path: the file; its folder is made when absent.
        clock_s: Unix seconds, for the name of a damaged file.
        lost: is called on the loop when the file was damaged and everything begins anew.
    """

    def __init__(self, path: Path, *, clock_s: Callable[[], float], lost: Callable[[], None] = lambda: None) -> None:
        self._path = path
        self._clock_s = clock_s
        self.lost = lost
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._store: LedgerStore | None = None
        self._queue: list[Callable[[StoreChanges], object]] = []
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._files = 0  # begun anew so often: the thread's count
        self.trouble = Trouble("ledger")
        self.generation = 0
        """Which file this is: a damaged one is followed by another, and histories have other numbers there."""

    @property
    def is_failing(self) -> bool:
        """Whether the disk refuses: nothing new is to be begun."""
        return self.trouble.is_failing

    @property
    def waiting(self) -> int:
        """Changes that are not on disk yet."""
        return len(self._queue)

    def change(self, change: Callable[[StoreChanges], object]) -> None:
        """Have the file changed soon; in order."""
        self._queue.append(change)
        self._wake.set()

    async def write(self, work: Callable[[StoreChanges], T]) -> T | None:
        """Change the file now, after all that waits; None when the disk refuses: then nothing was changed by this."""
        if not await self.flush():
            return None
        async with self._writing:
            return await self._guarded(lambda store: _changed(store, [work])[0])

    async def read(self, work: Callable[[LedgerStore], T]) -> T | None:
        """Read the file; None when it cannot be. What waits to be written is written first."""
        if not await self.flush():
            return None
        return await self._guarded(work)

    async def run(self) -> None:
        """Commit what gathers, until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(_COMMIT_EVERY_S)
            if not await self.flush():
                await asyncio.sleep(_AGAIN_S)

    async def flush(self) -> bool:
        """Commit what waits; return whether nothing does any more."""
        async with self._writing:
            while self._queue:
                part = self._queue[:_MOST_AT_ONCE]
                done = await self._guarded(lambda store, part=part: _committed(store, part))  # type: ignore[misc]
                if done is None:
                    return False
                del self._queue[: len(part)]
            self._wake.clear()
        return True

    async def close(self) -> None:
        """Commit what waits, and let go of the file."""
        await self.flush()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)
        self._thread.shutdown(wait=False)

    async def _guarded(self, work: Callable[[LedgerStore], T]) -> T | None:
        file = self.generation
        try:
            result = await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: self._with_store(work, file)
            )
        except DiskError as error:
            self.trouble.failed(error)
            return None
        finally:
            if self.generation != self._files:
                self.generation = self._files
                self._queue.clear()  # it speaks of histories that are no more
                self.lost()
        self.trouble.over()
        return result

    # On the thread.

    def _with_store(self, work: Callable[[LedgerStore], T], file: int) -> T:
        if file != self._files:  # it speaks of the file before
            raise DiskError(f"{self._path}: begun anew meanwhile")
        try:
            return work(self._store or self._opened())
        except Damaged as damage:
            self._let_go()
            self._set_aside(damage)
            self._files += 1
            self._opened()
            raise DiskError(f"{self._path}: begun anew") from damage

    def _opened(self) -> LedgerStore:
        with translated(self._path.parent):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        self._store = store = LedgerStore(self._path)
        return store

    def _set_aside(self, damage: Damaged) -> None:
        aside = self._path.with_name(f"{self._path.name}.damaged-{int(self._clock_s())}")
        with translated(self._path):
            self._path.rename(aside)
            journal = self._path.with_name(self._path.name + "-journal")
            journal.unlink(missing_ok=True)  # it belongs to the other file
            for old in sorted(self._path.parent.glob(f"{self._path.name}.damaged-*"))[:-_DAMAGED_KEPT]:
                old.unlink(missing_ok=True)
        logger.bind(stage="disk").error(
            "ledger | damaged ({}): set aside as {} and begun anew; what the meters still have is read again",
            damage,
            aside.name,
        )

    def _let_go(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()


_DAMAGED_KEPT = 3
_IMPOSSIBLE = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


def _committed(store: LedgerStore, changes: list[Callable[[StoreChanges], object]]) -> bool:
    """Make changes; those that can never be made, whatever the disk, are left out."""
    try:
        _changed(store, changes)
    except Exception as error:
        if isinstance(error, DiskError) and not isinstance(error.__cause__, _IMPOSSIBLE):
            raise
        if len(changes) > 1:
            half = len(changes) // 2
            return _committed(store, changes[:half]) and _committed(store, changes[half:])
        logger.opt(exception=error).error("ledger | a change that cannot be made is left out; please report it")
    return True


def _changed(store: LedgerStore, changes: list[Callable[[StoreChanges], T]]) -> list[T]:
    with store.changing() as writing:
        return [change(writing) for change in changes]
