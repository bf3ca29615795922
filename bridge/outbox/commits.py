"""Commits: what waits in memory is written in groups, and what is confirmed is removed.

Owns the rhythm of writing, and everything that follows from a write that worked or did not: receipts, counts, lines in
the log. One commit at a time; cancelling :meth:`Commits.run` loses nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from loguru import logger

from bridge.errors import DiskError
from bridge.log_lines import counted, is_said
from bridge.outbox.sqlite_errors import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sized

    from bridge.configuration.settings import OutboxSettings
    from bridge.outbox.disk import Disk
    from bridge.outbox.kept import KeptSamples
    from bridge.outbox.receipt import ReceiptBook
    from bridge.outbox.row import Row
    from bridge.outbox.rows_in_memory import RowsInMemory
    from bridge.outbox.store import Store
    from bridge.outbox.tally import Tally

_HURRIED_S = 0.1
_COMMIT_AT_MOST = 2000  # samples in one commit: bounds how long the thread is away
_SAY_EVERY = 60  # failed writes
_DAY_S = 86_400


class Alongside(Protocol):
    """What else is written with every commit."""

    @property
    def held(self) -> Sized:
        """What is not on disk yet."""

    async def write(self) -> None:
        """Put it there, as far as the disk takes it."""


class Commits:
    """The writing side of the outbox.

    Args:
        disk: the file and its thread.
        memory: what is not on it yet.
        receipts: told what becomes of samples.
        tally: counts it.
        settings: rhythm and bounds.
    """

    def __init__(
        self, disk: Disk, memory: RowsInMemory, receipts: ReceiptBook, tally: Tally, settings: OutboxSettings
    ) -> None:
        self._disk = disk
        self._memory = memory
        self._receipts = receipts
        self._tally = tally
        self._settings = settings
        self._limit_bytes = int(settings.max_mb * 1_000_000)
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._commit: asyncio.Task[None] | None = None
        self._is_hurried, self._committed_s = False, 0.0
        self._openings = 1
        self.arrived_there: set[int] = set()
        """Confirmed, and not yet removed from the disk."""
        self.listeners: list[Callable[[], None]] = []
        self.kept: KeptSamples | None = None
        """Where live samples go for a while after they were stored."""
        self.undated: Alongside | None = None
        """Writes what has no time yet with every commit."""

    def put(self, row: Row) -> None:
        """Take a row to commit."""
        self._memory.add(row)
        self._bound_memory()
        self._arrived.set()
        if len(self._memory) >= self._settings.commit_samples:
            self._full.set()
        if self._disk.writing.is_failing:
            self._show_memory()

    def hurry(self) -> None:
        """Somebody waits for what is in memory to be on disk: commit soon, and not at the end of the interval."""
        if not self._is_hurried:
            self._is_hurried = True
            asyncio.get_running_loop().call_at(self._committed_s + _HURRIED_S, self._full.set)

    def wake(self) -> None:
        """There is something to write."""
        self._arrived.set()

    def tell_listeners(self) -> None:
        """There may be more to fetch."""
        for callback in self.listeners:
            callback()

    async def drain(self) -> bool:
        """Commit all that is in memory, as far as the disk takes it; return whether it does."""
        if self._commit is not None:
            await self.flush()
        while self._memory or (self.undated is not None and self.undated.held):
            await self.flush()
            if self._disk.writing.is_failing:
                break
        return not self._disk.writing.is_failing

    async def close(self) -> None:
        """Commit all that is in memory: the last thing that is done."""
        await self.drain()
        if self.kept is not None:
            self.kept.close()

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
            await self.flush()
            if self._disk.writing.is_failing:
                await asyncio.sleep(self._settings.commit_interval_s)
            earliest = loop.time() + self._settings.commit_interval_s

    async def flush(self) -> None:
        """Commit what is there now."""
        # A task of its own: cancelling run() must not lose track of what the thread is writing.
        if self._commit is None:
            self._commit = asyncio.create_task(self._write(), name="outbox commit")
        commit = self._commit
        try:
            await asyncio.shield(commit)
        finally:
            if commit.done() and self._commit is commit:  # several may wait for it
                self._commit = None

    async def _write(self) -> None:
        if self.undated is not None:
            await self.undated.write()
        self._is_hurried, self._committed_s = False, asyncio.get_running_loop().time()
        batch = self._memory.begin(_COMMIT_AT_MOST)
        if batch:
            evicted = await self._disk.write(lambda store: self._append(store, batch))
            self._memory.ended(on_disk=evicted is not None)
            self.opened()
            if evicted is None:
                gone = self._memory.remove(self.arrived_there)  # confirmed while the disk was at them
                self.arrived_there -= gone
                self._tally.stored += len(gone)
                self._bound_memory()
                self._refused()
                return
            self._committed(batch, evicted)
        elif self._disk.writing.is_failing:
            # Everything was sent from memory: without a trial write nobody would notice that the disk works again.
            await self._disk.write(lambda store: store.trial())
        if not self._memory and not (self.undated is not None and self.undated.held):
            self._arrived.clear()
        if len(self._memory) < self._settings.commit_samples and not self._is_hurried:
            self._full.clear()
        await self.expire()
        await self.remove()
        await self._miss()
        self.tell_listeners()

    async def _miss(self) -> None:
        """The file was opened again: what damage took is lost, and whoever waits for it must hear that."""
        openings = self._disk.openings
        if openings <= self._openings:
            return
        ids = {self._disk.numbers.to_disk(row_id): row_id for row_id in self._receipts.awaited_on_disk()}
        there = await self._disk.read(lambda store: _there(store, list(ids)))
        if there is not None:
            self._openings = openings
            self._receipts.settle([ids[one] for one in ids.keys() - there], "lost", "the outbox was damaged")

    def _append(self, store: Store, batch: list[Row]) -> list[int]:
        to_disk = self._disk.numbers.to_disk
        try:
            return store.append(
                [(to_disk(row.id), row.meter, row.ts_ms, row.body, row.device) for row in batch],
                stamps=[(row.boot, row.up_ns) for row in batch],
                dated=[row.was_undated for row in batch if row.was_undated],
            )
        except DiskError:
            if self.kept is not None:
                self.kept.give_way()
            raise

    def _committed(self, batch: list[Row], evicted: list[int]) -> None:
        self._tally.commits += 1
        self._tally.accepted += len(batch)
        self._receipts.on_disk(row.id for row in batch)
        if is_said("DEBUG"):
            for row in batch:
                logger.debug("outbox | committed {} {}", row.meter, row.ts_ms)
        self.evicted(evicted)

    def evicted(self, ids_on_disk: list[int]) -> None:
        """These had to go from the disk, for others."""
        if ids_on_disk:
            self._lost(ids_on_disk, "the outbox was full")
            self._tally.lost_full += len(ids_on_disk)
            self._say_full(len(ids_on_disk))

    def _say_full(self, evicted: int) -> None:
        logger.bind(stage="disk").warning(
            "outbox | full at {:g} MB: the oldest {} removed unsent",
            self._settings.max_mb,
            counted(evicted, "sample was", "samples were"),
        )

    def _refused(self) -> None:
        """The disk refuses: what is in memory goes upstream from there."""
        self._show_memory()
        trouble = self._disk.writing.now
        if trouble is not None and trouble.times % _SAY_EVERY == 1:
            logger.bind(stage="disk").warning(
                "outbox | {} only in memory, and sent from there; a restart of the bridge loses what has not arrived",
                counted(len(self._memory), "sample is", "samples are"),
            )  # fmt: skip

    def _show_memory(self) -> None:
        self._memory.show_all()
        self.tell_listeners()

    def opened(self) -> None:
        """What is on disk by now may be fetched; what had to be evicted is lost."""
        numbers, evicted = self._disk.numbers, self._disk.take_evicted_at_open()
        if evicted:
            self._tally.lost_full += evicted
            self._say_full(evicted)
        if not self._memory.shown_id and numbers.is_open:
            self._memory.shown_id = numbers.first_last_id

    async def remove(self) -> None:
        """Remove what is confirmed from the disk; what could not be removed is tried again."""
        ids = list(self.arrived_there)
        written = {row.id for row in self._memory.written}  # in a moment: then with the next commit
        on_disk = [self._disk.numbers.to_disk(row_id) for row_id in ids if row_id not in written]
        if not on_disk:
            return
        gone = await self._disk.write(lambda store: self._delete(store, on_disk))
        if gone is None:
            self._arrived.set()  # run() tries again
        else:
            self.arrived_there.difference_update(row_id for row_id in ids if row_id not in written)
            self._tally.stored += gone

    def _delete(self, store: Store, on_disk: list[int]) -> int:
        if self.kept is not None:
            with translated(store.path):
                stored = store.held.live(on_disk)
            self.kept.add(stored, needed_bytes=max(0, self._limit_bytes - self._disk.stats.size_bytes))
        return store.delete(on_disk)

    async def expire(self) -> None:
        """Drop samples that have waited longer than the settings allow: at the start, and with every commit."""
        days = self._settings.max_age_days
        if days is None:
            return
        gone = await self._disk.write(lambda store: store.expire(days * _DAY_S))
        if gone:
            self._lost(gone, f"older than OUTBOX__MAX_AGE_DAYS={days:g}")
            self._tally.lost_old += len(gone)
            logger.bind(stage="disk").warning(
                "outbox | {} than OUTBOX__MAX_AGE_DAYS={:g}: removed unsent",
                counted(len(gone), "sample older", "samples older"),
                days,
            )

    def _lost(self, ids_on_disk: Iterable[int], reason: str) -> None:
        ids = [self._disk.numbers.from_disk(row_id) for row_id in ids_on_disk]
        self.arrived_there.difference_update(ids)
        self._receipts.settle(ids, "lost", reason)

    def _bound_memory(self) -> None:
        surplus = self._memory.surplus()
        if surplus:
            self._tally.lost_memory += len(surplus)
            self._receipts.settle((row.id for row in surplus), "lost", "the disk refused and memory was full")


def _there(store: Store, ids: list[int]) -> set[int]:
    with translated(store.path):
        return store.held.there(ids)
