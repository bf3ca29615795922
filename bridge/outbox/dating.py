"""Dating: what waits for its time, from the reading until it has one. The table is in ``undated.py``.

Rules
    A sample without a time goes to the disk with the next commit, as every other. It is never sent, wherever it is.
    A sample that is dated becomes a new row behind all others: whoever sends has passed its old place. One step of the
    disk makes the new row and removes the old one.
    A sample that is recalled is sent again with its new time although it may be on the way with the old one.
    While the disk refuses, samples without a time stay in memory, the newest of them, and are dated there.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from bridge.clock.moment import Moment
from bridge.outbox import undated_steps
from bridge.outbox.body import doubted
from bridge.outbox.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from bridge.clock.boots import Time
    from bridge.outbox.commits import Commits
    from bridge.outbox.disk import Disk
    from bridge.outbox.receipt import ReceiptBook
    from bridge.outbox.rows_in_memory import RowsInMemory
    from bridge.outbox.store import Store
    from bridge.outbox.tally import Tally
    from bridge.outbox.undated import UndatedRow

    TimeOf = Callable[[Moment, int], Time | None]

_PAGE = 2000
_WRITE_AT_MOST = 2000
"""Samples a turn of the writer thread."""


class Dating:
    """Samples without a time.

    Args:
        disk: the file and its thread.
        memory: what has a time and is not on disk yet.
        commits: takes what has one.
        receipts: told what becomes of samples.
        tally: counts what is lost.
        destination: the present one.
        most: so many stay in memory while the disk refuses.
    """

    def __init__(
        self,
        disk: Disk,
        memory: RowsInMemory,
        commits: Commits,
        receipts: ReceiptBook,
        tally: Tally,
        *,
        destination: str,
        most: int,
    ) -> None:
        self._disk = disk
        self._memory = memory
        self._commits = commits
        self._receipts = receipts
        self._tally = tally
        self._destination = destination
        self._most = most
        self.held: list[Row] = []
        """Those that are not on disk yet."""

    @property
    def count(self) -> int:
        """How many there are, on disk and in memory."""
        return self._disk.stats.undated + len(self.held)

    def hold(self, row: Row) -> None:
        """Take a sample whose ``ts_ms`` is only what the wall clock showed."""
        self.held.append(row)
        if surplus := max(0, len(self.held) - self._most):
            gone, self.held = self.held[:surplus], self.held[surplus:]
            self._tally.lost_memory += len(gone)
            self._receipts.settle((one.id for one in gone), "lost", "the disk refused and memory was full")
        self._commits.wake()

    def rename(self, old: str, new: str, spare: Collection[str]) -> None:
        """Have samples in memory go under another device name, but for those of the meters ``spare``."""
        self.held = [
            row._replace(device=new) if row.device == old and row.meter not in spare else row for row in self.held
        ]

    async def write(self) -> None:
        """Put on disk what is in memory, as far as the disk takes it. Called with every commit."""
        while batch := self.held[:_WRITE_AT_MOST]:
            evicted = await self._disk.write(partial(self._hold, batch=batch))
            if evicted is None:
                return
            written = {row.id for row in batch}
            self.held = [row for row in self.held if row.id not in written]
            self._tally.accepted += len(batch)
            self._receipts.on_disk(written)
            self._commits.evicted(evicted)

    def _hold(self, store: Store, *, batch: list[Row]) -> list[int]:
        to_disk = self._disk.numbers.to_disk
        return undated_steps.hold(
            store, [(to_disk(row.id), row.meter, row.ts_ms, row.body, row.device, row.boot, row.up_ns) for row in batch]
        )

    async def recall(self, boots: Sequence[int], *, after_ms: int) -> int | None:
        """Make undated what has a wrong time: samples of these boots, and those dated later than that.

        Returns:
            how many; None when the disk refuses: try again.
        """
        await self._write_what_is_here()
        await self._commits.remove()
        count = 0
        while ids := await self._disk.write(partial(undated_steps.recall, boots=boots, after_ms=after_ms)):
            count += len(ids)
            self._receipts.recalled(map(self._disk.numbers.from_disk, ids))
        return None if ids is None else count

    async def date(self, time_of: TimeOf) -> int:
        """Give a time to all that can have one now, oldest first; return how many that were.

        Args:
            time_of: the time of a stamp; None while it is not known. Is also told what the wall clock showed.
        """
        await self._write_what_is_here()
        if self._disk.writing.is_failing:
            return self._date_held(time_of)
        count, after = 0, 0
        while page := await self._disk.read(partial(undated_steps.page, after=after, limit=_PAGE)):
            after = page[-1][0].id
            being_written = {row.was_undated for row in self._memory}
            foreign = []
            for row, is_ours in page:
                time = None if row.id in being_written else time_of(Moment(row.boot, row.up_ns), row.shown_ms)
                if time is None:
                    continue
                count += 1
                body = doubted(row.body) if time.is_estimated else row.body
                if is_ours:
                    self._go_on(row, time.ts_ms, body)
                else:
                    foreign.append((row, time.ts_ms, body))
            if foreign:
                await self._disk.write(partial(undated_steps.date_foreign, dated=foreign))
            await self._write_what_is_here()
            if self._disk.writing.is_failing:
                break
        return count

    async def _write_what_is_here(self) -> None:
        """Have on disk what is in memory now, as far as the disk takes it; what comes meanwhile is not waited for."""
        last_id = max((row.id for row in (*self._memory, *self.held)), default=0)
        while any(row.id <= last_id for row in (*self.held[:1], *islice(self._memory, 1))):
            await self._commits.flush()
            if self._disk.writing.is_failing:
                break

    def _go_on(self, row: UndatedRow, ts_ms: int, body: str) -> None:
        new_id = self._disk.numbers.give()
        self._receipts.dated(self._disk.numbers.from_disk(row.id), new_id)
        device = row.device or row.meter
        self._commits.put(
            Row(new_id, row.meter, ts_ms, body, device, self._destination, row.boot, row.up_ns, was_undated=row.id)
        )

    def _date_held(self, time_of: TimeOf) -> int:
        """The disk refuses: what is in memory goes upstream from there."""
        held, self.held = self.held, []
        for row in held:
            time = time_of(Moment(row.boot, row.up_ns), row.ts_ms)
            if time is None:
                self.held.append(row)
                continue
            new_id = self._disk.numbers.give()
            self._receipts.dated(row.id, new_id)
            body = doubted(row.body) if time.is_estimated else row.body
            self._commits.put(row._replace(id=new_id, ts_ms=time.ts_ms, body=body))
        return len(held) - len(self.held)
