"""The outbox: samples on disk until they are confirmed.

Owns the group commit, the one writer thread, what waits in memory, and what happens when the disk fails. Knows
nothing of brokers; SQL is in ``store.py``.

A sample is *accepted* when its commit has returned: that is what no crash takes back. Until then it waits in memory,
at most ``commit_interval_s`` while the disk works. While it does not, the newest :data:`PENDING` samples stay there.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from loguru import logger

from bridge.delivery import messages
from bridge.delivery.outage import Outage
from bridge.delivery.salvage import salvage
from bridge.delivery.store import Damaged, Stats, Store
from bridge.errors import DiskError
from bridge.health.logs import is_said

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from bridge.delivery.row import Row
    from bridge.health.metrics import Metrics
    from bridge.sample import Sample
    from bridge.settings import OutboxSettings

PENDING = 20_000
"""Samples kept in memory while the disk cannot be written: about 10 MB, over half an hour of 50 meters at 5 s."""

_COMMIT_AT_MOST = 2000  # samples in one commit: bounds how long the thread is away
_NOTHING = Stats(0, None, 0, 0)

T = TypeVar("T")


class Outbox:
    """Samples on disk.

    Call :meth:`open` first, keep :meth:`run` running, :meth:`close` last; all on one event loop.

    Args:
        path: the file; its folder is made when absent.
        settings: bounds and the rhythm of commits.
        metrics: where accepted, confirmed and lost samples are counted.
        clock: Unix time in seconds.
    """

    def __init__(
        self, path: Path, *, settings: OutboxSettings, metrics: Metrics, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._settings = settings
        self._max_bytes = int(settings.max_mb * 1_000_000)
        self._metrics = metrics
        self._clock = clock
        self._store: Store | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._stats = _NOTHING
        self._pending: deque[tuple[str, int, str]] = deque()
        self._unremoved: set[int] = set()  # confirmed, but the disk would not let go of them yet
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._commit: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []
        self._writing = Outage("outbox")
        self._reading = Outage("outbox (reading)")
        metrics.outbox_limit_bytes.set(self._max_bytes)

    @property
    def depth(self) -> int:
        """Samples on disk that wait."""
        return self._stats.depth

    @property
    def oldest_ts_ms(self) -> int | None:
        """Time stamp of the sample that waits longest; None when none does."""
        return self._stats.oldest_ts_ms

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return self._stats.size_bytes

    @property
    def last_id(self) -> int:
        """Id of the newest sample on disk; rises with every commit."""
        return self._stats.last_id

    def listen(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called on the loop after every commit of samples."""
        self._listeners.append(callback)

    async def open(self) -> None:
        """Open or make the file, migrate it, set a damaged one aside and carry over what can be read.

        Raises nothing: a disk that fails is tried again by :meth:`run`, samples wait in memory meanwhile.
        """
        await self._guarded(lambda _: None)
        await self._expire()

    def put(self, sample: Sample) -> None:
        """Take a sample; never blocks. It is accepted once :meth:`run` has committed it."""
        body = messages.body(sample)
        if body == "{}":
            logger.warning("outbox | {} gave no value that can be sent", sample.meter)
            return
        # A name from the environment may hold bytes that are no UTF-8; SQLite takes text only.
        meter = sample.meter.encode("utf-8", "replace").decode("utf-8")
        self._pending.append((meter, sample.ts_ms, body))
        self._bound_pending()
        self._arrived.set()
        if len(self._pending) >= self._settings.commit_samples:
            self._full.set()

    async def run(self) -> None:
        """Commit what arrives: a lone sample at once, a stream of them in groups. Runs until cancelled."""
        loop = asyncio.get_running_loop()
        earliest = loop.time()
        while True:
            await self._arrived.wait()
            try:
                async with asyncio.timeout_at(earliest):
                    await self._full.wait()
            except TimeoutError:
                pass
            await self._flush()
            if self._writing.failures:
                await asyncio.sleep(self._settings.commit_interval_s)
            earliest = loop.time() + self._settings.commit_interval_s

    async def fetch(self, *, after: int = 0, upto: int | None = None, limit: int) -> list[Row]:
        """Rows with ``after < id <= upto``, oldest first, at most ``limit``; none while the disk cannot be read."""
        rows = await self._guarded(lambda store: store.fetch(after=after, upto=upto, limit=limit))
        return [row for row in rows or () if row.id not in self._unremoved]

    async def confirm(self, ids: Collection[int]) -> None:
        """Let go of rows that have arrived. When the disk does not allow it, they are removed later."""
        if not ids:
            return
        self._unremoved.update(ids)
        self._metrics.last_confirmed.set(self._clock())
        await self._remove()

    async def quarantine(self, ids: Iterable[int], reason: str) -> None:
        """Move rows to the table of samples that ThingsBoard will not take, and say so.

        Args:
            ids: the rows.
            reason: why, for the person who looks at the table.
        """
        aside = list(ids)
        moved = await self._guarded(lambda store: store.quarantine(aside, reason))
        if moved:
            self._metrics.outbox_quarantined.inc(moved)
            logger.bind(stage="upstream").error("outbox | {} samples set aside: {}", moved, reason)

    async def close(self) -> None:
        """Commit what waits in memory and let go of the file. Call once :meth:`run` has ended."""
        if self._commit is not None:
            await self._flush()
        while self._pending:
            await self._flush()
            if self._writing.failures:
                break
        if self._pending:
            logger.bind(stage="disk").error("outbox | {} samples in memory could not be written", len(self._pending))
        store, self._store = self._store, None
        if store is not None:
            await self._on_thread(store.close)
        self._thread.shutdown(wait=False)

    async def _flush(self) -> None:
        # A task of its own: cancelling run() must not lose track of what the thread is writing.
        if self._commit is None:
            self._commit = asyncio.create_task(self._write(), name="outbox commit")
        try:
            await asyncio.shield(self._commit)
        finally:
            if self._commit.done():
                self._commit = None

    async def _write(self) -> None:
        batch = list(islice(self._pending, _COMMIT_AT_MOST))
        for _ in batch:
            self._pending.popleft()
        evicted = await self._guarded(lambda store: store.append(batch), self._writing) if batch else 0
        if evicted is None:
            self._pending.extendleft(reversed(batch))
            self._bound_pending()
            return
        if not self._pending:
            self._arrived.clear()
        if len(self._pending) < self._settings.commit_samples:
            self._full.clear()
        self._metrics.outbox_pending.set(len(self._pending))
        if batch:
            self._metrics.outbox_commits.inc()
            self._metrics.outbox_accepted.inc(len(batch))
            if is_said("DEBUG"):
                for meter, ts_ms, _ in batch:
                    logger.debug("outbox | committed {} {}", meter, ts_ms)
        self._say_evicted(evicted)
        await self._expire()
        if self._unremoved:
            await self._remove()
        for callback in self._listeners:
            callback()

    async def _remove(self) -> None:
        ids = list(self._unremoved)
        gone = await self._guarded(lambda store: store.delete(ids))
        if gone is not None:
            self._unremoved.difference_update(ids)
            self._metrics.outbox_confirmed.inc(gone)

    async def _expire(self) -> None:
        """Let the samples go that are older than the settings allow: at the start, and with every commit."""
        days = self._settings.max_age_days
        if days is None:
            return
        before_ts_ms = int((self._clock() - days * 86400) * 1000)
        gone = await self._guarded(lambda store: store.expire(before_ts_ms))
        if gone:
            self._metrics.outbox_evicted.inc(gone)
            logger.bind(stage="disk").warning(
                "outbox | {} samples older than OUTBOX__MAX_AGE_DAYS={:g} were removed unsent", gone, days
            )

    def _bound_pending(self) -> None:
        surplus = len(self._pending) - PENDING
        for _ in range(surplus):
            self._pending.popleft()
        if surplus > 0:
            self._metrics.outbox_dropped.inc(surplus)
        self._metrics.outbox_pending.set(len(self._pending))

    def _say_evicted(self, evicted: int) -> None:
        if evicted:
            self._metrics.outbox_evicted.inc(evicted)
            logger.bind(stage="disk").warning(
                "outbox | full at {:g} MB: the {} oldest samples were removed unsent", self._settings.max_mb, evicted
            )

    async def _guarded(self, work: Callable[[Store], T], outage: Outage | None = None) -> T | None:
        """Do ``work`` on the writer thread, with the file opened, or replaced if damaged; None when the disk fails."""
        outage = outage if outage is not None else self._reading
        try:
            result, self._stats = await self._on_thread(lambda: self._with_store(work))
        except DiskError as error:
            self._metrics.outbox_errors.inc()
            outage.failed(error)
            return None
        outage.over()
        self._metrics.outbox_samples.set(self._stats.depth)
        self._metrics.outbox_oldest.set((self._stats.oldest_ts_ms or 0) / 1000)
        self._metrics.outbox_bytes.set(self._stats.size_bytes)
        return result

    def _with_store(self, work: Callable[[Store], T]) -> tuple[T, Stats]:
        try:
            store = self._opened()
            return work(store), store.stats
        except Damaged as damage:
            store = self._replaced(damage)
            return work(store), store.stats

    def _opened(self) -> Store:
        if self._store is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DiskError(
                    f"{self._path.parent}: {error.strerror}", hint="the data folder must belong to the bridge's user"
                ) from error
            self._store = Store(self._path, max_bytes=self._max_bytes)
            if self._store.evicted_at_open:
                self._say_evicted(self._store.evicted_at_open)
        return self._store

    def _replaced(self, damage: Damaged) -> Store:
        if self._store is not None:
            self._store.close()
            self._store = None
        # Ids go on where they were: what is in flight under an old one must not confirm another sample.
        saved = salvage(self._path, max_bytes=self._max_bytes, now_s=self._clock(), ids_after=self._stats.last_id)
        self._store = saved.store
        logger.bind(stage="disk").error(
            "outbox | damaged ({}): set aside as {}, {} samples carried over", damage, saved.aside.name, saved.carried
        )
        return self._store

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
