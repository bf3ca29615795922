"""The disk: the outbox's one writer thread, its open file, and what happens when either fails.

Opens the file, has a damaged one salvaged, tries again a second after a failure at the earliest, waits no longer than
ten for an answer, and knows since when nothing can be written or read. Ids of memory and disk differ (``row_ids.py``).
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from loguru import logger

from bridge.errors import DiskError
from bridge.log_lines import Outage, counted
from bridge.outbox import salvage
from bridge.outbox.row_ids import RowIds
from bridge.outbox.sqlite_errors import Damaged, translated
from bridge.outbox.state import Failing, Stats
from bridge.outbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bridge.outbox.age import AgeClock

PATIENCE_S = 10.0
"""A disk silent for so long counts as one that refuses: samples go upstream from memory meanwhile."""
_AGAIN_S = 1.0
T = TypeVar("T")


class Trouble:
    """One kind of work that may fail for long: logs it, and knows since when.

    Args:
        what: opens the log line.
    """

    def __init__(self, what: str) -> None:
        self._outage = Outage(what)
        self._since_s: float | None = None
        self._last: DiskError | None = None
        self.errors = 0
        """Failed attempts, all of them."""

    def failed(self, error: DiskError) -> None:
        """It did not work."""
        if self._since_s is None:
            self._since_s = time.monotonic()
        self.errors += 1
        self._last = error
        self._outage.failed(error)

    def over(self) -> None:
        """It works."""
        self._since_s = None
        self._outage.over()

    @property
    def is_failing(self) -> bool:
        """Whether it does not work now."""
        return self._since_s is not None

    @property
    def now(self) -> Failing | None:
        """What is wrong now; None when nothing is."""
        if self._since_s is None or self._last is None:
            return None
        return Failing(time.monotonic() - self._since_s, self._outage.failures, str(self._last), self._last.hint)


class Disk:
    """The file and its thread.

    Args:
        path: the file; its folder is made when absent.
        max_bytes: its bound.
        destination: for whom samples are accepted.
        devices: a meter's device name.
        age: the outbox's clock.
        clock_s: Unix seconds, for the names of damaged files.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        destination: str,
        devices: Mapping[str, str],
        age: AgeClock,
        clock_s: Callable[[], float],
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._destination = destination
        self._devices = devices
        self._age = age
        self._clock_s = clock_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._store: Store | None = None
        self._again_s = 0.0
        self._is_closed = False
        self.numbers = RowIds()
        self.stats = Stats(0, None, 0, ())
        self.writing = Trouble("outbox (writing)")
        self.reading = Trouble("outbox (reading)")
        self._evicted_at_open = 0
        self.openings = 0
        """How often the file was opened: after damage it may hold less than before."""
        self.damaged_files = self.damaged_bytes = 0

    @property
    def is_open(self) -> bool:
        """Whether the file is open, and locked against others."""
        return self._store is not None

    async def write(self, work: Callable[[Store], T]) -> T | None:
        """Do ``work``, which changes the file, on the thread; None when the disk refuses."""
        return await self._guarded(work, self.writing)

    async def read(self, work: Callable[[Store], T]) -> T | None:
        """Do ``work``, which reads, on the thread; None when the disk refuses."""
        return await self._guarded(work, self.reading)

    def take_evicted_at_open(self) -> int:
        """Return how many samples did not fit a smaller bound than before, once."""
        evicted, self._evicted_at_open = self._evicted_at_open, 0
        return evicted

    async def close(self) -> None:
        """Let go of the file, for good."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)
        self._thread.shutdown(wait=False)

    async def _guarded(self, work: Callable[[Store], T], trouble: Trouble) -> T | None:
        try:
            if not self.numbers.is_open:  # no id can be translated before
                self.numbers.opened(await self._done(self._open))
            result, self.stats = await self._done(lambda: self._with_store(work))
        except _NotYet:
            return None
        except DiskError as error:
            trouble.failed(error)
            if self._store is None and trouble is not self.writing:
                self.writing.failed(error)  # what cannot be opened cannot be written either
            return None
        trouble.over()
        return result

    async def _done(self, work: Callable[[], T]) -> T:
        """Have ``work`` done on the thread, and wait so long; if that is not enough, it is done all the same.

        Raises:
            DiskError: it failed, or the disk has not answered yet. What was to be written may get there or not.
        """
        ended = asyncio.get_running_loop().run_in_executor(self._thread, work)
        done, _ = await asyncio.wait((ended,), timeout=PATIENCE_S)
        if done:
            return ended.result()
        ended.add_done_callback(lambda late: late.exception())  # nobody else looks
        raise DiskError(
            f"{self._path}: no answer for {PATIENCE_S:g} s",
            hint="the disk hangs or is slow, or a large damaged file is being read: look at dmesg",
        )

    # On the thread.

    def _with_store(self, work: Callable[[Store], T]) -> tuple[T, Stats]:
        store = self._store
        if store is None:
            self._open()
            store = self._store
        assert store is not None  # noqa: S101 - for mypy: _open raises or sets it
        if not store.is_in_place:
            store = self._put_back(store)
        try:
            result = work(store)
        except Damaged as damage:
            self._let_go()
            store = self._replaced(damage)
            result = work(store)
        try:
            return result, store.stats
        except DiskError:  # what was done is done
            return result, self.stats

    def _put_back(self, store: Store) -> Store:
        aside = salvage.put_back(self._path, store, now_s=self._clock_s())
        self._store = None
        logger.bind(stage="disk").error(
            "outbox | {} was removed or replaced while in use: all samples are back; what was there is now {}",
            self._path.name,
            aside,
        )
        return self._opened()

    def _open(self) -> int:
        """Open the file and return the id of its newest row, ever."""
        if self._store is not None:
            return self._store.last_id
        if time.monotonic() < self._again_s:
            raise _NotYet("tried a moment ago")
        try:
            with translated(self._path.parent):
                self._path.parent.mkdir(parents=True, exist_ok=True)
            ended = salvage.resume(self._path)
            try:
                salvage.look_for_orphan(self._path)
                store = self._opened()
            except Damaged as damage:
                store = self._replaced(damage)
            if ended is not None:
                _say_salvaged("", ended.aside, store.stats.depth)
        except BaseException:
            self._again_s = time.monotonic() + _AGAIN_S
            raise
        self._count_damaged()
        self._say_foreign(store)
        return store.last_id

    def _say_foreign(self, store: Store) -> None:
        for one in store.stats.foreign:
            logger.bind(stage="disk").warning(
                "outbox | {} for {!r} and kept; samples now go to {!r}. `bridge outbox list` shows "
                "them, `bridge outbox export FILE` gives them out, `bridge outbox readdress` sends them here",
                counted(one.count, "sample is waiting", "samples are waiting"),
                one.destination,
                self._destination,
            )

    def _opened(self) -> Store:
        was_there = self._path.exists()
        self._store = Store(
            self._path,
            max_bytes=self._max_bytes,
            destination=self._destination,
            devices=self._devices,
            age=self._age,
        )
        self._evicted_at_open += self._store.evicted_at_open
        self.openings += 1
        if was_there and self._store.was_new:
            logger.bind(stage="disk").error(
                "outbox | {} was empty, and had no log beside it: samples that were waiting in it are gone",
                self._path.name,
            )
        return self._store

    def _replaced(self, damage: Damaged) -> Store:
        saved = salvage.salvage(
            self._path, max_bytes=self._max_bytes, now_s=self._clock_s(), last_id=self.numbers.last_on_disk
        )
        _say_salvaged(f" ({damage})", saved.aside, saved.carried or 0)
        self._count_damaged()
        return self._opened()

    def _count_damaged(self) -> None:
        kept = salvage.set_aside_files(self._path)
        self.damaged_files, self.damaged_bytes = len(kept), sum(map(salvage.size_of, kept))

    def _let_go(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()


class _NotYet(DiskError):  # noqa: N818 - no error: nothing was tried
    """The last attempt to open the file is too recent."""


def _say_salvaged(why: str, aside: str, carried: int) -> None:
    logger.bind(stage="disk").error(
        "outbox | damaged{}: set aside as {}, {} carried over", why, aside, counted(carried, "sample")
    )
