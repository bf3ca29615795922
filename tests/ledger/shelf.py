"""A real ledger's file with what a test puts in it."""

from __future__ import annotations

from bridge.ledger.books import MeterBook
from bridge.ledger.completeness import timeline
from bridge.ledger.history import History, HistoryEvent
from bridge.ledger.states import Range
from bridge.ledger.store import LedgerStore

HOUR_MS = 3_600_000
NOON_MS = 1_795_435_200_000  # 2026-11-23 12:00 UTC
LOAD_PROFILE, EVENT_LOG = "1.0.99.1.0.255", "0.0.99.98.0.255"


def ago(hours: float) -> int:
    """Return the time so many hours before noon, UTC milliseconds."""
    return int(NOON_MS - hours * HOUR_MS)


class Shelf:
    """The ledger of a data folder.

    Args:
        folder: where it is.
    """

    def __init__(self, folder) -> None:
        folder.mkdir(exist_ok=True)
        self.store = LedgerStore(folder / "ledger.db")

    def profile(self, meter="main", *parts, begin=48.0, capacity=0, name=LOAD_PROFILE, epoch=1, period_s=900) -> int:
        """Begin a load profile; ``parts`` are (from, to) in hours before noon, state, and perhaps a reason."""
        history = History(
            0, meter, name, "intervals", epoch, period_s, ("active_energy",), ("Wh",),
            begin_ms=ago(begin), capacity=capacity,
        )  # fmt: skip
        with self.store.changing() as changes:
            number = changes.begin(history)
            for start, end, *state in parts:
                changes.paint(number, Range(ago(start), ago(end), *state))
        return number

    def paint(self, number: int, start: float, end: float, *state: str) -> None:
        """Note what became of a time, in hours before noon."""
        with self.store.changing() as changes:
            changes.paint(number, Range(ago(start), ago(end), *state))

    def log(self, meter="main", *events, name=EVENT_LOG) -> int:
        """Begin an event log; ``events`` are hours before noon, code, words and perhaps the state."""
        history = History(0, meter, name, "events", 1, 0, (), ())
        with self.store.changing() as changes:
            number = changes.begin(history)
            changes.put_events(
                HistoryEvent(number, ago(hours), code, words, name, *state or ("confirmed",))
                for hours, code, words, *state in events
            )
        return number


def book(meter: str, *parts: tuple, capacity=0) -> MeterBook:
    """Return the book of a load profile of two days, as of noon; ``parts`` as :meth:`Shelf.profile` has them."""
    of = History(
        1, meter, LOAD_PROFILE, "intervals", 1, 900, ("lp_active_energy",), ("Wh",), begin_ms=ago(48), capacity=capacity
    )
    ranges = [Range(ago(start), ago(end), *state) for start, end, *state in parts]
    return MeterBook(meter, NOON_MS, (timeline(of, ranges, now_ms=NOON_MS),))
