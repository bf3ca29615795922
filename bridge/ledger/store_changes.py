"""What changes the ledger's file. Statements on the store's connection, within its transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.ledger.day_bits import day_of, packed, unpacked
from bridge.ledger.history import DaySum
from bridge.ledger.states import STATES, Range, painted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from bridge.ledger.history import History, HistoryEvent
    from bridge.ledger.live_totals import LiveTotal
    from bridge.sample import Scalar


class StoreChanges:
    """Writes.

    Args:
        db: the store's connection.
        history: returns a history by its number.
    """

    def __init__(self, db: sqlite3.Connection, history: Callable[[int], History | None]) -> None:
        self._db = db
        self._history = history

    def begin(self, history: History) -> int:
        """Note a new epoch and return its number."""
        texts = "\n".join(history.keys), "\n".join(history.units)
        inserted = self._db.execute(
            "INSERT INTO histories VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*history[1:6], *texts, *history[8:]),
        )
        return int(inserted.lastrowid or 0)

    def learnt(self, history: History) -> None:
        """Note what was learnt of a history: ways, oldest row, keys. Its grid stays: confirmed stamps lie on it."""
        texts = "\n".join(history.keys), "\n".join(history.units)
        self._db.execute(
            "UPDATE histories SET keys = ?, units = ?, ways = ?, oldest_ms = ?, capacity = ? WHERE id = ?",
            (*texts, history.ways, history.oldest_ms, history.capacity, history.id),
        )

    def paint(self, history_id: int, new: Range) -> None:
        """Note what became of a time."""
        touched = self._db.execute(
            "DELETE FROM ranges WHERE history = ? AND start_ms <= ? AND end_ms >= ? "
            "RETURNING start_ms, end_ms, state, reason",
            (history_id, new.end_ms, new.start_ms),
        ).fetchall()
        before = sorted(Range(start, end, STATES[state], reason) for start, end, state, reason in touched)
        self._db.executemany(
            "INSERT INTO ranges VALUES (?, ?, ?, ?, ?)",
            (
                (history_id, one.start_ms, one.end_ms, STATES.index(one.state), one.reason)
                for one in painted(before, new)
            ),
        )

    def want_again(self) -> None:
        """At the start: what was on its way is wanted."""
        on_its_way = self._db.execute(
            "SELECT history, start_ms, end_ms FROM ranges WHERE state = ?", (STATES.index("on its way"),)
        ).fetchall()
        for history_id, start_ms, end_ms in on_its_way:
            self.paint(history_id, Range(start_ms, end_ms, "wanted"))
        self._db.execute("UPDATE events SET state = 'wanted' WHERE state = 'on its way'")

    def want_events(self, history_id: int, start_ms: int, end_ms: int) -> None:
        """Have events of a time sent again."""
        self._db.execute(
            "UPDATE events SET state = 'wanted' WHERE history = ? AND ts_ms > ? AND ts_ms <= ?",
            (history_id, start_ms, end_ms),
        )

    def confirm(self, history_id: int, values: Mapping[str, Mapping[int, Scalar | None]]) -> None:
        """Note what was confirmed. What was before changes nothing.

        Args:
            history_id: of which history.
            values: by telemetry key and time stamp (ms).
        """
        history = self._history(history_id)
        if history is None:
            return
        grid = history.period_ms, history.phase_ms
        for key, by_stamp in values.items():
            for day_ms in sorted({day_of(stamp) for stamp in by_stamp}):
                where = history_id, key, day_ms
                kept = self._db.execute(
                    "SELECT stamps FROM had WHERE history = ? AND key = ? AND day_ms = ?", where
                ).fetchone()
                had = unpacked(kept[0], day_ms, *grid) if kept else set()
                new = {stamp for stamp in by_stamp if day_of(stamp) == day_ms} - had
                if new:
                    self._db.execute(
                        "INSERT OR REPLACE INTO had VALUES (?, ?, ?, ?)", (*where, packed(had | new, day_ms, *grid))
                    )
                    self._add_up(where, {stamp: by_stamp[stamp] for stamp in sorted(new)})

    def _add_up(self, where: tuple[int, str, int], values: Mapping[int, Scalar | None]) -> None:
        figures = {
            stamp: float(value)
            for stamp, value in values.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        if not figures:
            return
        kept = self._db.execute("SELECT * FROM days WHERE history = ? AND key = ? AND day_ms = ?", where).fetchone()
        stamp_ms, value = next(iter(figures.items()))
        day = DaySum(*kept) if kept else DaySum(*where, 0, 0.0, stamp_ms, value, stamp_ms, value)
        for stamp_ms, value in figures.items():
            day = day.plus(stamp_ms, value)
        self._db.execute("INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", day)

    def order(self, meter: str, logical_name: str | None, start_ms: int, end_ms: int, why: str) -> int:
        """Write an order and return its number."""
        inserted = self._db.execute(
            "INSERT INTO orders (meter, logical_name, start_ms, end_ms, why) VALUES (?, ?, ?, ?, ?)",
            (meter, logical_name, start_ms, end_ms, why),
        )
        return int(inserted.lastrowid or 0)

    def taken_up(self, order_ids: Iterable[int]) -> None:
        """These orders are the bridge's now."""
        self._db.executemany("DELETE FROM orders WHERE id = ?", ((one,) for one in order_ids))

    def put_events(self, events: Iterable[HistoryEvent]) -> None:
        """Note events, or what became of them."""
        self._db.executemany(
            "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?)",
            ((one.history_id, one.ts_ms, one.code, one.words, one.state) for one in events),
        )

    def begin_earlier(self, history_id: int, begin_ms: int) -> None:
        """Have a history begin there: more of what the meter has is wanted."""
        self._db.execute("UPDATE histories SET begin_ms = ? WHERE id = ?", (begin_ms, history_id))

    def begin_later(self, history_id: int, begin_ms: int) -> None:
        """Have a history begin there: the meter never had anything before."""
        self._db.execute("UPDATE histories SET begin_ms = ? WHERE id = ?", (begin_ms, history_id))
        self._db.execute("DELETE FROM ranges WHERE history = ? AND end_ms <= ?", (history_id, begin_ms))
        self._db.execute(
            "UPDATE OR REPLACE ranges SET start_ms = ? WHERE history = ? AND start_ms < ?",
            (begin_ms, history_id, begin_ms),
        )

    def forget(self, before_ms: int) -> None:
        """Let go of what is long ago, so that the file does not grow for ever; ranges stay, they are few.

        Args:
            before_ms: days, and events, before that.
        """
        self._db.execute("DELETE FROM events WHERE ts_ms < ?", (before_ms,))
        for table in ("had", "days"):
            self._db.execute(f"DELETE FROM {table} WHERE day_ms < ?", (before_ms,))
        self._db.execute("DELETE FROM live WHERE at_ms < ?", (before_ms,))
        self._db.execute("DELETE FROM told WHERE day_ms < ?", (before_ms,))

    def put_live(self, totals: Iterable[LiveTotal]) -> None:
        """Note live readings around a midnight."""
        self._db.executemany("INSERT OR REPLACE INTO live VALUES (?, ?, ?, ?, ?, ?)", totals)

    def put_told(self, meter: str, day_ms: int, ratio: float) -> None:
        """Note the completeness of a day that is stored in ThingsBoard."""
        self._db.execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?)", (meter, day_ms, ratio))
