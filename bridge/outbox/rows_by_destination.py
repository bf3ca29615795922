"""Rows by destination: fetches those of the present one, counts and hands out those of others.

Statements only, on the store's connection and within its transactions. The hot path costs no more than with a single
destination: no statement filters while there are no others, and others' rows at the front are skipped once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from bridge.outbox.destination import EARLIER, LOCAL, UNKNOWN, tag_of
from bridge.outbox.kept import KeptSample
from bridge.outbox.row import Row
from bridge.outbox.schema import VERSION_1_TAG
from bridge.outbox.state import Foreign

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence

QUARANTINE_ROWS = 1000
"""The newest so many are kept: a table that nobody reads must not fill the disk."""


class ExportedRow(NamedTuple):
    """One sample that is handed to a person.

    Args:
        row: the sample.
        reason: why ThingsBoard will not take it; empty for one that waits for another destination.
    """

    row: Row
    reason: str


class RowsByDestination:
    """The rows by destination.

    Args:
        db: the store's connection.
        destination: the present one.
    """

    def __init__(self, db: sqlite3.Connection, destination: str) -> None:
        self._db = db
        self._destination = destination
        self._names: dict[int, str] = dict(db.execute("SELECT tag, name FROM destinations"))
        self._devices: dict[str, str] = dict(db.execute("SELECT meter, device FROM devices"))
        self._tag = tag_of(destination)
        while self._names.get(self._tag, destination) != destination:
            self._tag += 1  # that number was given to others since
        self._own = {self._tag} | {tag for tag, name in self._names.items() if name == destination}
        self.depth = 0
        """Rows of the present destination; counted once, then kept up to date by every addition and removal."""
        self._foreign: dict[int, Foreign] = {}
        self._condition = ""
        self._first_id = 0

    @property
    def destination(self) -> str:
        """The present one."""
        return self._destination

    @property
    def foreign(self) -> tuple[Foreign, ...]:
        """What waits for other destinations. Counts are exact; times are those of when it was last counted."""
        return tuple(self._foreign.values())

    @property
    def foreign_count(self) -> int:
        """Rows that wait for other destinations."""
        return sum(one.count for one in self._foreign.values())

    def memory(self) -> tuple[int, dict[int, str], dict[int, Foreign]]:
        """Return what is known of the file, for :meth:`recall` when a transaction is taken back."""
        return self.depth, dict(self._names), dict(self._foreign)

    def recall(self, memory: tuple[int, dict[int, str], dict[int, Foreign]]) -> None:
        """Know again what was known then."""
        self.depth, self._names, self._foreign = memory

    def count(self) -> None:
        """Count all rows by destination. Reads the whole table."""
        self._first_id = 0
        own = ", ".join(map(str, sorted(self._own)))
        total, depth = self._db.execute(f"SELECT count(*), coalesce(sum(tag IN ({own})), 0) FROM samples").fetchone()
        self._foreign = {}
        if total > depth:
            self._foreign = {
                tag: Foreign(self.name_of(tag), *rest)
                for tag, *rest in self._db.execute(
                    f"SELECT tag, count(*), min(ts_ms), max(ts_ms) FROM samples WHERE tag NOT IN ({own}) GROUP BY tag"
                )
            }
        self._condition = f"AND tag IN ({own})" if self._foreign else ""
        self.depth = int(depth)

    def name_of(self, tag: int) -> str:
        """Return the destination of a row's tag."""
        if tag in self._own:
            return self._destination
        known = {tag_of(LOCAL): LOCAL, VERSION_1_TAG: EARLIER}
        return self._names.get(tag) or known.get(tag, UNKNOWN)

    def own_tag(self) -> int:
        """Return the tag of new rows; its name is in the file when the transaction ends."""
        if self._tag not in self._names:
            self._db.execute("INSERT OR REPLACE INTO destinations VALUES (?, ?)", (self._tag, self._destination))
            self._names[self._tag] = self._destination
        return self._tag

    def gone(self, tags: Sequence[int]) -> None:
        """Note that rows with these tags went."""
        self.depth -= len(tags)
        for tag in tags if self._foreign else ():
            if (one := self._foreign.get(tag)) is not None:
                self.depth += 1
                self._foreign[tag] = one = Foreign(one.destination, one.count - 1, one.oldest_ts_ms, one.newest_ts_ms)
                if not one.count:
                    del self._foreign[tag]

    def oldest_ts_ms(self, last_id: int) -> int | None:
        """Return the time stamp of the present destination's first row."""
        first = self._db.execute(
            f"SELECT id, ts_ms FROM samples WHERE id >= ? {self._condition} ORDER BY id LIMIT 1",
            (self._first_id,),
        ).fetchone()
        self._first_id = first[0] if first else last_id + 1
        return first[1] if first else None

    def fetch(self, *, after: int, upto: int, limit: int) -> list[Row]:
        """Return rows of the present destination, oldest first."""
        found = self._db.execute(
            f"SELECT id, meter, ts_ms, body, device, tag FROM samples WHERE id > ? AND id <= ? {self._condition} "
            "ORDER BY id LIMIT ?",
            (max(after, self._first_id - 1), upto, limit),
        )
        return [
            Row(row_id, meter, ts_ms, body, device or self._device(meter, tag), self._destination)
            for row_id, meter, ts_ms, body, device, tag in found
        ]

    def index(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        """Return id and device of rows of the present destination, oldest first."""
        found = self._db.execute(
            f"SELECT id, meter, device, tag FROM samples WHERE id > ? {self._condition} ORDER BY id LIMIT ?",
            (max(after, self._first_id - 1), limit),
        )
        return [(row_id, device or self._device(meter, tag)) for row_id, meter, device, tag in found]

    def rows(self, ids: Sequence[int]) -> list[Row]:
        """Return those of the rows that are there, in the order asked for."""
        found: list[Row] = []
        for row_id in ids:
            for meter, ts_ms, body, device, tag in self._db.execute(
                f"SELECT meter, ts_ms, body, device, tag FROM samples WHERE id = ? {self._condition}", (row_id,)
            ):
                found.append(Row(row_id, meter, ts_ms, body, device or self._device(meter, tag), self._destination))
        return found

    def there(self, ids: Collection[int]) -> set[int]:
        """Return those of these ids that are there, for whomever, dated or not."""
        given = json.dumps(list(ids))
        return {
            row_id
            for table in ("samples", "undated")
            for (row_id,) in self._db.execute(
                f"SELECT id FROM {table} WHERE id IN (SELECT value FROM json_each(?))", (given,)
            )
        }

    def live(self, ids: Collection[int]) -> list[KeptSample]:
        """Return those of the rows that bear a stamp of their reading, as a meter's history does not."""
        found = self._db.execute(
            "SELECT meter, ts_ms, body FROM samples WHERE id IN (SELECT value FROM json_each(?)) AND boot != 0",
            (json.dumps(list(ids)),),
        )
        return [KeptSample(*row) for row in found]

    def _device(self, meter: str, tag: int) -> str:
        return self._devices.get(meter, meter) if tag == VERSION_1_TAG else meter

    def rename(self, old: str, new: str, spare: Collection[str]) -> int:
        """Have what was accepted under a device name that is no more go under another one; return how many rows.

        Args:
            old: the device's name in ThingsBoard as it was.
            new: as it is.
            spare: meters whose rows stay as they are: theirs is another device.
        """
        own = ", ".join(map(str, sorted(self._own)))
        named = (
            "coalesce(device, CASE tag WHEN 0 THEN (SELECT d.device FROM devices d WHERE d.meter = {0}.meter) END, "
            "meter)"
        )
        moved = 0
        for table in ("samples", "undated", "quarantine"):
            moved += self._db.execute(
                f"UPDATE {table} SET device = ?1 WHERE {named.format(table)} = ?2 AND tag IN ({own}) "
                "AND meter NOT IN (SELECT value FROM json_each(?3))",
                (new, old, json.dumps(list(spare))),
            ).rowcount
        return moved

    def waiting(self) -> tuple[int, int | None, int | None]:
        """Return what waits for the present destination: how many, the oldest and the newest time stamp."""
        own = ", ".join(map(str, sorted(self._own)))
        count, oldest, newest = self._db.execute(
            f"SELECT count(*), min(ts_ms), max(ts_ms) FROM samples WHERE tag IN ({own})"
        ).fetchone()
        return count, oldest, newest

    def undated(self) -> tuple[int, int | None, int | None]:
        """Return what waits for its time: how many, and what the wall clock showed at the oldest and the newest."""
        count, oldest, newest = self._db.execute("SELECT count(*), min(ts_ms), max(ts_ms) FROM undated").fetchone()
        return count, oldest, newest

    def kept(self, *, after: int, limit: int) -> list[ExportedRow]:
        """Return rows of others, oldest first."""
        own = ", ".join(map(str, sorted(self._own)))
        return [
            ExportedRow(Row(row_id, meter, ts_ms, body, device or self._device(meter, tag), self.name_of(tag)), "")
            for row_id, meter, ts_ms, body, device, tag in self._db.execute(
                f"SELECT id, meter, ts_ms, body, device, tag FROM samples WHERE id > ? AND tag NOT IN ({own}) "
                "ORDER BY id LIMIT ?",
                (after, limit),
            )
        ]

    def quarantine(self, ids: Iterable[int], reason: str) -> None:
        """Copy rows to the table of samples that ThingsBoard will not take. Within a transaction."""
        self._db.executemany(
            "INSERT INTO quarantine (meter, ts_ms, body, reason, device, tag) "
            "SELECT meter, ts_ms, body, ?, device, tag FROM samples WHERE id = ?",
            ((reason, row_id) for row_id in ids),
        )
        self._db.execute("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", (QUARANTINE_ROWS,))

    def refused(self) -> Iterator[ExportedRow]:
        """Yield what ThingsBoard will not take, oldest first."""
        for row_id, meter, ts_ms, body, device, tag, reason in self._db.execute(
            "SELECT id, meter, ts_ms, body, device, tag, reason FROM quarantine ORDER BY id"
        ):
            yield ExportedRow(Row(row_id, meter, ts_ms, body, device or meter, self.name_of(tag)), reason)

    def discard(self) -> int:
        """Remove all that is others', and all that ThingsBoard will not take; return how many."""
        own = ", ".join(map(str, sorted(self._own)))
        gone = self._db.execute(f"DELETE FROM samples WHERE tag NOT IN ({own})").rowcount
        return gone + self._db.execute("DELETE FROM quarantine").rowcount

    def readdress(self, device: str | None) -> int:
        """Make what was accepted for another ThingsBoard the present one's; return how many rows that were.

        Args:
            device: in device mode, the one device's name: only its own rows come, for one token is one device.
        """
        others = [tag for tag, one in self._foreign.items() if one.destination != LOCAL]
        if not others or self._destination == LOCAL:
            return 0
        own, marks = self.own_tag(), ", ".join(map(str, others))
        moved = self._db.execute(
            f"UPDATE samples SET tag = ?1, device = coalesce(device, (SELECT device FROM devices WHERE tag = 0 AND "
            f"devices.meter = samples.meter)) WHERE tag IN ({marks}) AND (?2 IS NULL OR coalesce(device, meter) = ?2)",
            (own, device),
        )
        return moved.rowcount
