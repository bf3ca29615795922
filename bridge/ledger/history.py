"""What the ledger keeps: histories (one epoch of one load profile or event log), orders, events, days. Plain."""

from __future__ import annotations

from typing import Literal, NamedTuple

EventState = Literal["wanted", "on its way", "confirmed", "refused"]
HistoryKind = Literal["intervals", "events"]


class History(NamedTuple):
    """One epoch of a load profile or event log of a meter: as long as it captured the same columns at the same period.

    Args:
        id: its number in the ledger; 0 before it has one.
        meter: the meter's name in the settings.
        logical_name: of the profile, such as ``1.0.99.1.0.255``.
        kind: rows at the end of each period, or when something happens.
        epoch: 1, 2, … of this meter and logical name.
        period_s: seconds from one row to the next; 0 when rows are captured otherwise.
        keys: telemetry keys that its rows give.
        units: the unit of each key, as text.
        ways: what was learnt about how this meter is asked, as JSON; empty while nothing was.
        oldest_ms: stamp of the oldest row that the meter still had when it was last asked; None while unknown.
        begin_ms: where the ledger of this epoch begins.
        phase_ms: where rows end within a period: the ends are ``phase_ms`` more than whole periods since 1970.
        columns: its columns as text, by which a changed layout is seen.
        capacity: how many rows the meter keeps; 0 when it does not say.
    """

    id: int
    meter: str
    logical_name: str
    kind: HistoryKind
    epoch: int
    period_s: int
    keys: tuple[str, ...]
    units: tuple[str, ...]
    ways: str = ""
    oldest_ms: int | None = None
    begin_ms: int = 0
    phase_ms: int = 0
    columns: str = ""
    capacity: int = 0

    @property
    def period_ms(self) -> int:
        """Milliseconds from one row to the next; 0 when rows are captured otherwise."""
        return self.period_s * 1000

    def end_at_or_before(self, ms: int) -> int:
        """Return the last end of a period that is not after ``ms``; ``ms`` itself where there are no periods."""
        return ms - (ms - self.phase_ms) % self.period_ms if self.period_s else ms

    def intervals_in(self, start_ms: int, end_ms: int) -> int:
        """Return how many intervals end after ``start_ms`` and not after ``end_ms``; 0 where there are no periods."""
        if not self.period_s or end_ms <= start_ms:
            return 0
        return (self.end_at_or_before(end_ms) - self.end_at_or_before(start_ms)) // self.period_ms


class HistoryOrder(NamedTuple):
    """A request to read a time again, whatever the ledger says of it.

    Args:
        id: its number.
        meter: whose.
        logical_name: of which profile; None for all of the meter's.
        start_ms: the beginning of the time.
        end_ms: its end.
        why: who asks, for the log: ``backfill``, ``audit``.
    """

    id: int
    meter: str
    logical_name: str | None
    start_ms: int
    end_ms: int
    why: str


class HistoryEvent(NamedTuple):
    """One row of an event log.

    Args:
        history_id: of which log.
        ts_ms: when, by the meter; as it was sent: of several in one second each has a millisecond of its own.
        code: what, as the meter says it.
        words: the same for a person; empty where nobody knows.
        log: the log's logical name.
        state: what became of it.
    """

    history_id: int
    ts_ms: int
    code: int
    words: str
    log: str
    state: EventState = "wanted"


class DaySum(NamedTuple):
    """What was confirmed of one telemetry key on one UTC day; for the sum check. No value counts twice.

    A register that adds up has two: its key, and that of its differences, whose ``total`` is to be compared with the
    difference of ``last`` and ``first``.

    Args:
        history_id: of which profile.
        key: the telemetry key as it was sent.
        day_ms: the day's beginning, UTC; a value belongs to the day in which its time stamp lies.
        values: how many.
        total: their sum.
        first_ms: the earliest time stamp.
        first: the value then.
        last_ms: the latest time stamp.
        last: the value then.
    """

    history_id: int
    key: str
    day_ms: int
    values: int
    total: float
    first_ms: int
    first: float
    last_ms: int
    last: float

    def plus(self, stamp_ms: int, value: float) -> DaySum:
        """Return the same with one more value."""
        first = min((self.first_ms, self.first), (stamp_ms, value))
        last = max((self.last_ms, self.last), (stamp_ms, value))
        return DaySum(*self[:3], self.values + 1, round(self.total + value, 9), *first, *last)
