"""The ledger's file: what became of which interval, on disk. Synchronous: the bridge uses it on a thread of its own.

The command line opens the same file beside the bridge, and without it. So there is a rollback journal and no shared
memory file, transactions are short, and whoever finds the file busy waits. Reading is here, writing in
``store_changes.py``; a damaged file is dealt with in ``disk.py``.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bridge.ledger.day_bits import unpacked
from bridge.ledger.history import DaySum, History, HistoryEvent, HistoryOrder
from bridge.ledger.live_totals import LiveTotal
from bridge.ledger.schema import migrate, must_be_readable
from bridge.ledger.states import STATES, Range
from bridge.ledger.store_changes import StoreChanges
from bridge.outbox.sqlite_errors import Damaged, translated
from bridge.outbox.transactions import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BUSY_S = 5.0
_CHECK_BYTES = 64_000_000
_HISTORY = (
    "id, meter, logical_name, kind, epoch, period_s, keys, units, ways, oldest_ms, begin_ms, phase_ms, columns, "
    "capacity"
)
_EVERYTHING = 1 << 62


class LedgerStore:
    """The open file.

    Args:
        path: where it is; made when absent, unless ``read_only``.
        read_only: nothing is written, and the file must be there.

    Raises:
        Damaged: it is no database, no ledger, or one with holes.
        Newer: a newer bridge wrote it.
        DiskError: it cannot be opened or made for another reason.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        with translated(path):
            if read_only and not path.exists():
                raise FileNotFoundError(2, "there is no ledger yet")
            self._db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
            try:
                self._prepare(read_only=read_only)
            except BaseException:
                self._db.close()
                raise
        self._changes = StoreChanges(self._db, self.history)

    def _prepare(self, *, read_only: bool) -> None:
        self._db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        if read_only:  # a journal that a power cut left may have to be played back, so the file itself is writable
            self._db.execute("PRAGMA query_only = ON")
            must_be_readable(self._db, self.path)
            return
        self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.execute("PRAGMA synchronous = FULL")
        migrate(self._db, self.path)
        small = self.path.stat().st_size <= _CHECK_BYTES
        if small and self._db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise Damaged(f"{self.path}: the database has holes")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def changing(self) -> Iterator[StoreChanges]:
        """Change the ledger within, all of it or nothing.

        Raises:
            DiskError, Damaged: nothing was changed.
        """
        with translated(self.path), transaction(self._db):
            yield self._changes

    def histories(self, meter: str | None = None) -> list[History]:
        """Return the present epoch of every load profile and event log, by meter and logical name.

        Args:
            meter: of this one alone.

        Raises:
            DiskError: as all that reads here: it cannot be read.
        """
        newest = (
            "epoch = (SELECT max(epoch) FROM histories h WHERE (h.meter, h.logical_name) = (o.meter, o.logical_name))"
        )
        whose, values = ("", ()) if meter is None else (" AND meter = ?", (meter,))
        return self._histories(f"histories o WHERE {newest}{whose} ORDER BY meter, logical_name", values)

    def epochs(self, meter: str, logical_name: str) -> list[History]:
        """Return all epochs of one history, the first one first."""
        return self._histories("histories WHERE meter = ? AND logical_name = ? ORDER BY epoch", (meter, logical_name))

    def all_epochs(self, meters: Sequence[str] | None = None) -> list[History]:
        """Return all epochs of all histories, or of those of some meters: by meter, logical name and epoch."""
        whose = "" if meters is None else f" WHERE meter IN ({', '.join('?' * len(meters))})"
        return self._histories(f"histories{whose} ORDER BY meter, logical_name, epoch", tuple(meters or ()))

    def history(self, history_id: int) -> History | None:
        """Return the one with this number."""
        return next(iter(self._histories("histories WHERE id = ?", (history_id,))), None)

    def _histories(self, which: str, values: tuple[Any, ...]) -> list[History]:
        return [
            History(*row[:6], *(tuple(text.split("\n")) if text else () for text in row[6:8]), *row[8:])
            for row in self._rows(f"SELECT {_HISTORY} FROM {which}", values)
        ]

    def ranges(self, history_id: int, start_ms: int = 0, end_ms: int = _EVERYTHING) -> list[Range]:
        """Return what became of that time, in order; what is before the ledger's beginning or to come has no range."""
        found = self._rows(
            "SELECT start_ms, end_ms, state, reason FROM ranges WHERE history = ? AND start_ms < ? AND end_ms > ? "
            "ORDER BY start_ms",
            (history_id, end_ms, start_ms),
        )
        ranges = (
            Range(start, end, STATES[state], reason).within(start_ms, end_ms) for start, end, state, reason in found
        )
        return [one for one in ranges if one is not None]

    def ranges_of(self, history_ids: Sequence[int]) -> dict[int, list[Range]]:
        """Return what became of all time, by history, in order; histories without any are absent."""
        numbers = ", ".join(map(str, history_ids))
        found: dict[int, list[Range]] = {}
        for history_id, start_ms, end_ms, state, reason in self._rows(
            "SELECT history, start_ms, end_ms, state, reason FROM ranges "
            f"WHERE history IN ({numbers}) ORDER BY history, start_ms",
            (),
        ):
            found.setdefault(history_id, []).append(Range(start_ms, end_ms, STATES[state], reason))
        return found

    def had(self, history_id: int, key: str, day_ms: int) -> set[int]:
        """Return the time stamps (ms) of a UTC day under which a value of ``key`` was confirmed.

        Args:
            history_id: which history.
            key: the telemetry key as it was sent: ``lp_active_energy``, stamped with the intervals' ends;
                ``lp_active_energy_delta`` with their beginnings.
            day_ms: the day's beginning.
        """
        kept = self._rows(
            "SELECT stamps FROM had WHERE history = ? AND key = ? AND day_ms = ?", (history_id, key, day_ms)
        )
        history = self.history(history_id)
        return unpacked(kept[0][0], day_ms, history.period_ms, history.phase_ms) if kept and history else set()

    def keys_had(self, history_id: int) -> list[str]:
        """Return the telemetry keys of which something was confirmed."""
        return [key for (key,) in self._rows("SELECT DISTINCT key FROM had WHERE history = ?", (history_id,))]

    def orders(self) -> list[HistoryOrder]:
        """Return the orders that the bridge has not taken up yet, the oldest first."""
        return [
            HistoryOrder(*row)
            for row in self._rows("SELECT id, meter, logical_name, start_ms, end_ms, why FROM orders ORDER BY id", ())
        ]

    def order(self, meter: str, logical_name: str | None, start_ms: int, end_ms: int, why: str) -> int:
        """Have the bridge read a time again, whatever the ledger says of it; return the order's number.

        Raises:
            DiskError: it was not written.
        """
        with self.changing() as changes:
            return changes.order(meter, logical_name, start_ms, end_ms, why)

    def events(self, meter: str | None = None, since_ms: int = 0, limit: int = 1000) -> list[HistoryEvent]:
        """Return the newest ``limit`` rows of event logs from ``since_ms`` on, oldest first."""
        whose, values = ("", ()) if meter is None else (" AND meter = ?", (meter,))
        found = self._rows(
            "SELECT history, ts_ms, code, words, logical_name, state FROM events JOIN histories ON history = id "
            f"WHERE ts_ms >= ?{whose} ORDER BY ts_ms DESC LIMIT ?",
            (since_ms, *values, limit),
        )
        return [HistoryEvent(*row) for row in reversed(found)]

    def days(self, history_id: int, start_ms: int = 0, end_ms: int = _EVERYTHING) -> list[DaySum]:
        """Return what the sum check needs, by key and day."""
        return [
            DaySum(*row)
            for row in self._rows(
                "SELECT history, key, day_ms, value_count, total, first_ms, first, last_ms, last FROM days "
                "WHERE history = ? AND day_ms >= ? AND day_ms < ? ORDER BY key, day_ms",
                (history_id, start_ms, end_ms),
            )
        ]

    def live(self, meter: str, start_ms: int = 0) -> list[LiveTotal]:
        """Return the live readings of a meter around each midnight from ``start_ms`` on."""
        found = self._rows(
            "SELECT meter, key, at_ms, unit, before, after FROM live WHERE meter = ? AND at_ms >= ?", (meter, start_ms)
        )
        return [LiveTotal(*row) for row in found]

    def told(self, meter: str) -> dict[int, float]:
        """Return the completeness of each UTC day of a meter, as far as it is stored in ThingsBoard."""
        return dict(self._rows("SELECT day_ms, ratio FROM told WHERE meter = ?", (meter,)))

    def _rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with translated(self.path):
            return self._db.execute(statement, values).fetchall()
