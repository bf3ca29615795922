"""The outbox: samples on disk until they have arrived.

What everyone else sees of it: samples in, rows out, what became of them. Knows nothing of brokers. Writing is in
``commits.py``, the file in ``disk.py``, what is not on it yet in ``rows_in_memory.py``, what the giver of a sample
learns in ``receipt.py``.

Rules
    A sample is *accepted* when its commit has returned: that is what no crash takes back. Until then it waits in
    memory, at most ``commit_interval_s`` while the disk works.
    While it does not, the newest :data:`PENDING` samples stay in memory, and are fetched, sent and confirmed there.
    Only what was accepted for the present destination is fetched; the rest is kept, and reported.
    Reading and writing fail apart.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from loguru import logger

from bridge.clock.boots import Time
from bridge.clock.machine import wall_s
from bridge.log_lines import counted
from bridge.outbox.age import AgeClock
from bridge.outbox.body import body, doubted
from bridge.outbox.commits import Commits
from bridge.outbox.dating import Dating
from bridge.outbox.destination import LOCAL
from bridge.outbox.disk import Disk
from bridge.outbox.receipt import Receipt, ReceiptBook
from bridge.outbox.row import Row
from bridge.outbox.rows_in_memory import RowsInMemory
from bridge.outbox.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from bridge.configuration.settings import OutboxSettings
    from bridge.outbox.kept import KeptSamples
    from bridge.outbox.rows_by_destination import RowsByDestination
    from bridge.outbox.state import Foreign, OutboxState
    from bridge.outbox.store import Store
    from bridge.sample import Sample

PENDING = 20_000
"""Samples kept in memory while the disk cannot be written: about 10 MB, over half an hour of 50 meters at 5 s."""


class Outbox:
    """Samples on disk.

    Call :meth:`open` first, keep :meth:`run` running, :meth:`close` last; all on one event loop.

    Args:
        path: the file; its folder is made when absent.
        settings: bounds and the rhythm of commits.
        destination: for whom samples are accepted, as ``destination.py`` writes it.
        devices: a meter's device name in ThingsBoard; a meter that is not in it goes by its own name.
        clock: Unix time in seconds; for names and reports, not for decisions.
        age: the outbox's clock, which decides what is too old.
    """

    def __init__(
        self,
        path: Path,
        *,
        settings: OutboxSettings,
        destination: str = LOCAL,
        devices: Mapping[str, str] | None = None,
        clock: Callable[[], float] = wall_s,
        age: AgeClock | None = None,
    ) -> None:
        self._destination = destination
        self._devices = devices or {}
        self._clock = clock
        self._limit_bytes = int(settings.max_mb * 1_000_000)
        age, most = age or AgeClock(), self._limit_bytes
        self._disk = Disk(path, max_bytes=most, destination=destination, devices=self._devices, age=age, clock_s=clock)
        self._memory = RowsInMemory(PENDING)
        self._receipts = ReceiptBook()
        self._tally = Tally()
        self._commits = Commits(self._disk, self._memory, self._receipts, self._tally, settings)
        self._receipts.hurry = self._commits.hurry
        parts = self._disk, self._memory, self._commits, self._receipts, self._tally
        self.undated = self._commits.undated = Dating(*parts, destination=destination, most=PENDING)
        """What waits for its time."""

    @property
    def depth(self) -> int:
        """Samples on disk that wait for the present destination."""
        return max(self._disk.stats.depth - len(self._commits.arrived_there), 0)

    @property
    def oldest_ts_ms(self) -> int | None:
        """Time stamp of the sample that waits longest for the present destination; None when none does."""
        return self._disk.stats.oldest_ts_ms if self.depth else self._memory.oldest_ts_ms

    @property
    def last_id(self) -> int:
        """Id of the newest sample that :meth:`fetch` may give; rises with every commit."""
        return self._memory.shown_id

    @property
    def is_open(self) -> bool:
        """Whether the file is this process's."""
        return self._disk.is_open

    @property
    def foreign(self) -> tuple[Foreign, ...]:
        """What waits for other destinations than the present one: kept, and not sent."""
        return self._disk.stats.foreign

    @property
    def state(self) -> OutboxState:
        """Everything that the outbox says of itself, now."""
        return self._tally.state(
            self._disk,
            destination=self._destination,
            depth=self.depth,
            pending=len(self._memory),
            oldest_ts_ms=self.oldest_ts_ms,
            limit_bytes=self._limit_bytes,
            undated=len(self.undated.held),
        )

    def keep(self, kept: KeptSamples) -> None:
        """Have live samples kept there after they were stored; it is closed with the outbox."""
        self._commits.kept = kept

    def listen(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called on the loop when there may be more to fetch."""
        self._commits.listeners.append(callback)

    async def open(self) -> None:
        """Open or make the file, take over an earlier version's, carry over what a damaged one still holds.

        Raises nothing: :meth:`run` tries again a disk that fails, samples wait in memory meanwhile.
        """
        await self._disk.read(lambda _: None)
        self._commits.opened()
        await self._commits.expire()

    def put(self, sample: Sample, time: Time | None = None, *, is_undated: bool = False) -> Receipt:
        """Take a sample; never blocks. It is accepted once :meth:`run` has committed it.

        Args:
            sample: what was read.
            time: when, where that is known better than the sample says.
            is_undated: nobody knows when; the sample says what the wall clock showed.
        """
        text, time = body(sample), time or Time(sample.ts_ms, is_estimated=False)
        if text == "{}":
            logger.warning("outbox | {} gave no value that can be sent", sample.meter)
            return self._receipts.useless("no value that can be sent")
        # A name from the environment may hold bytes that are no UTF-8; SQLite takes text only.
        meter = _clean(sample.meter)
        device = _clean(self._devices.get(sample.meter, meter))
        text, moment = doubted(text) if time.is_estimated else text, (sample.boot, sample.up_ns)
        row = Row(self._disk.numbers.give(), meter, time.ts_ms, text, device, self._destination, *moment)
        receipt = self._receipts.issue(row.id)
        (self.undated.hold if is_undated else self._commits.put)(row)
        return receipt

    async def run(self) -> None:
        """Commit what arrives: a lone sample at once, a stream of them in groups. Runs until cancelled."""
        await self._commits.run()

    async def fetch(self, *, after: int = 0, upto: int | None = None, limit: int) -> list[Row]:
        """Rows for the present destination with ``after < id <= upto``, oldest first, at most ``limit``.

        While the disk refuses, those in memory are among them, and what of the disk can be read.
        """
        in_memory = self._memory.shown(after=after, upto=upto, limit=limit)
        found: dict[int, Row] = {}
        begin = after
        while len(found) < limit:
            rows = await self._disk.read(partial(self._read, after=begin, upto=upto, limit=limit))
            found.update((row.id, row) for row in rows or () if row.id not in self._commits.arrived_there)
            if not rows or len(rows) < limit:
                break
            begin = rows[-1].id
        for row in in_memory:  # some of them may have reached the disk meanwhile
            if row.id not in self._commits.arrived_there:
                found.setdefault(row.id, row)
        return [found[row_id] for row_id in sorted(found)][:limit]

    def _read(self, store: Store, *, after: int, upto: int | None, limit: int) -> list[Row]:
        numbers = self._disk.numbers
        bound = None if upto is None else numbers.to_disk(upto)
        rows = store.fetch(after=numbers.to_disk(after), upto=bound, limit=limit)
        return [row._replace(id=numbers.from_disk(row.id)) for row in rows] if numbers.are_moved else rows

    async def index(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        """Id and device of the rows that :meth:`fetch` would give with ``id > after``, oldest first."""
        in_memory = [(row.id, row.device) for row in self._memory.shown(after=after, upto=None, limit=limit)]
        found: dict[int, str] = {}
        begin = after
        while len(found) < limit:
            rows = await self._disk.read(partial(self._read_index, after=begin, limit=limit))
            found.update((row_id, device) for row_id, device in rows or () if row_id not in self._commits.arrived_there)
            if not rows or len(rows) < limit:
                break
            begin = rows[-1][0]
        for row_id, device in in_memory:
            if row_id not in self._commits.arrived_there:
                found.setdefault(row_id, device)
        return sorted(found.items())[:limit]

    def _read_index(self, store: Store, *, after: int, limit: int) -> list[tuple[int, str]]:
        numbers = self._disk.numbers
        rows = store.index(after=numbers.to_disk(after), limit=limit)
        return [(numbers.from_disk(row_id), device) for row_id, device in rows] if numbers.are_moved else rows

    async def rows(self, ids: Sequence[int]) -> list[Row]:
        """Those of the rows that are still there, in the order of ``ids``; of the disk none while it cannot be read."""
        wanted = {row_id for row_id in ids if row_id not in self._commits.arrived_there}
        in_memory = self._memory.shown(after=0, upto=None, limit=len(self._memory))
        found = {row.id: row for row in in_memory if row.id in wanted}
        on_disk = [row_id for row_id in ids if row_id in wanted and row_id not in found]
        if on_disk:
            found.update((row.id, row) for row in await self._disk.read(partial(self._read_rows, ids=on_disk)) or ())
        return [found[row_id] for row_id in ids if row_id in found]

    def _read_rows(self, store: Store, *, ids: Sequence[int]) -> list[Row]:
        numbers = self._disk.numbers
        rows = store.rows([numbers.to_disk(row_id) for row_id in ids])
        return [row._replace(id=numbers.from_disk(row.id)) for row in rows] if numbers.are_moved else rows

    async def confirm(self, ids: Collection[int]) -> None:
        """Let go of confirmed rows. If the disk does not allow it now, they are removed later."""
        if not ids:
            return
        gone = self._memory.remove(set(ids))
        self._tally.last_stored = self._clock(), time.monotonic()
        fresh = set(ids) - self._commits.arrived_there
        self._commits.arrived_there |= fresh - gone
        self._tally.stored += len(gone)
        self._receipts.settle(fresh, "stored")
        if len(gone) < len(fresh):
            await self._commits.remove()

    async def set_aside(self, ids: Iterable[int], reason: str) -> None:
        """Move rows to the table of samples that ThingsBoard will not take, and say so.

        Args:
            ids: the rows.
            reason: why, for the person who looks at the table.
        """
        aside = set(ids)
        gone = self._memory.remove(aside)
        on_disk = sorted(map(self._disk.numbers.to_disk, aside - gone))
        moved = await self._disk.write(lambda store: store.set_aside(on_disk, reason)) if on_disk else 0
        count = (moved or 0) + len(gone)
        if count:
            self._tally.set_aside += count
            self._receipts.settle(aside, "set aside", reason)
            logger.bind(stage="upstream").error("outbox | {} set aside: {}", counted(count, "sample"), reason)
        if gone:
            said = "outbox | {} of them were only in memory, because the disk refuses writes, and are not kept"
            logger.bind(stage="disk").warning(said, len(gone))

    async def rename(self, old: str, new: str, *, spare: Collection[str] = ()) -> bool:
        """Have what waits under a device's old name go under its new one; who fetches must begin anew.

        Args:
            old: the device's name in ThingsBoard as it was.
            new: as it is.
            spare: meters whose rows stay as they are: theirs is another device.

        Returns:
            whether it is on disk; when the disk refuses, ask again.
        """
        old, new, spare = _clean(old), _clean(new), frozenset(map(_clean, spare))
        self._memory.rename(old, new, spare)
        self.undated.rename(old, new, spare)
        return (await self.tell(lambda held: held.rename(old, new, spare))) is not None

    async def tell(self, work: Callable[[RowsByDestination], object]) -> object | None:
        """Do ``work`` on what is held for others, on the writer thread; None when the disk refuses."""
        told = await self._disk.write(lambda store: store.tell(work))
        self._commits.tell_listeners()
        return told

    async def flush(self) -> bool:
        """Commit what waits in memory; return whether the disk takes it. For who puts more than memory holds."""
        return await self._commits.drain()

    async def close(self) -> None:
        """Commit what waits in memory and let go of the file. Call once :meth:`run` has ended."""
        await self._commits.close()
        if count := len(self._memory) + len(self.undated.held):
            logger.bind(stage="disk").error("outbox | lost, for the disk takes nothing: {}", counted(count, "sample"))
        await self._disk.close()


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
