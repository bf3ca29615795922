"""Rows of a history as samples for the outbox: which value goes under which key and which time. Pure.

Rules
    A register goes under the interval's end, as ``lp_<key>``. What a register that adds up rose by in one period goes
    under the period's *start*, as ``lp_<key>_delta``: ThingsBoard aggregates ``start <= ts < end``.
    What shares a time goes in one sample. The status goes as text, ``lp_status``, where it says something.
    Of several rows with one stamp (the meter's clock was set back) each has a time of its own, a millisecond apart, and
    all say so. A difference is told only between two neighbours that stand alone.
    An event goes under its own time as ``event``, ``event_code``, ``event_log``.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.event_codes import event_log_name, event_words
from bridge.dlms.load_profile import RECOVERED
from bridge.ledger.history import HistoryEvent
from bridge.sample import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.dlms.history import HistoryLayout, HistoryRow
    from bridge.dlms.load_profile import ProfileCell
    from bridge.ledger.history import History
    from bridge.ledger.reader import HistorySource
    from bridge.sample import Sample, Scalar

PREFIX, DELTA, STATUS = "lp_", "_delta", "lp_status"
DOUBLED = "several rows of this time: the meter's clock was set back"
WENT_BACK = "the register went back"
_TIME_INTEGRAL = "8"
_VALUES = {(1, 2), (3, 2), (4, 2), (5, 2), (5, 3)}
"""Class and attribute of what a column may hold that is a value."""


class HistoryColumn(NamedTuple):
    """A column that is sent.

    Args:
        number: its place in the row.
        key: telemetry key.
        unit: as text.
        adds_up: whether it is a register that only rises, so that differences make sense.
    """

    number: int
    key: str
    unit: str
    adds_up: bool


class Telling(NamedTuple):
    """A sample, and of which intervals it tells: they are had once all samples that tell of them are stored."""

    sample: Sample
    ends: tuple[int, ...]

    @property
    def values(self) -> Mapping[str, Scalar | None]:
        """What it says, by key."""
        return dict(zip(self.sample.layout.keys, self.sample.scalars, strict=True))


def columns_sent(layout: HistoryLayout, keys: Mapping[str, str]) -> tuple[HistoryColumn, ...]:
    """Return the columns that are sent; of several with one key the first.

    Args:
        layout: the profile's.
        keys: telemetry key by logical name.
    """
    found: dict[str, HistoryColumn] = {}
    for number, column in enumerate(layout.columns):
        key = keys.get(column.logical_name)
        if key is None or number in (layout.clock, layout.status):
            continue
        if (column.class_id, column.attribute) in _VALUES:
            adds_up = column.class_id == 3 and column.logical_name.split(".")[3] == _TIME_INTEGRAL
            found.setdefault(key, HistoryColumn(number, PREFIX + key, column.unit, adds_up))
    return tuple(found.values())


def keys_sent(columns: Sequence[HistoryColumn], *, has_period: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the telemetry keys that the columns give, and their units."""
    plain = [(column.key, column.unit) for column in columns]
    deltas = [(column.key + DELTA, column.unit) for column in columns if column.adds_up and has_period]
    keys, units = zip(*(plain + deltas), strict=True) if plain else ((), ())
    return keys, units


class Teller:
    """Makes the samples of one meter's history.

    Args:
        history: which.
        layout: how its rows are made.
        source: what the profile says of it.
    """

    def __init__(self, history: History, layout: HistoryLayout, source: HistorySource) -> None:
        self._history = history
        self._layout = layout
        self._source = source
        self.columns = columns_sent(layout, source.keys)
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._units = {column.key + end: column.unit for column in self.columns for end in ("", DELTA)}

    def intervals(
        self, rows: Mapping[int, Sequence[HistoryRow]], before: Mapping[int, Sequence[HistoryRow]], doubt: str = ""
    ) -> list[Telling]:
        """Return the samples of rows, in order of time.

        Args:
            rows: by the end of their interval.
            before: rows that were read with them and are not sent again: differences may begin there.
            doubt: what is to be said against all of their times; empty when nothing.
        """
        told: dict[int, tuple[dict[str, tuple[Scalar | None, str]], set[int]]] = {}
        period = self._history.period_ms
        for end, there in rows.items():
            for stamp, row in stamped(there):
                values, ends = told.setdefault(stamp, ({}, set()))
                values.update(self._values(row, doubt or (DOUBLED if _is_doubled(there, row) else "")))
                ends.add(end)
            start = rows.get(end - period) or before.get(end - period) or ()
            if len(there) == 1 and len(start) == 1:
                deltas = self._deltas(start[0], there[0])
                if deltas:
                    values, ends = told.setdefault(start[0].end_ms, ({}, set()))
                    values.update(deltas)
                    ends.add(end)
        return [
            Telling(self._sample(stamp, values), tuple(sorted(ends)))
            for stamp, (values, ends) in sorted(told.items())
            if values
        ]

    def loose(self, rows: Sequence[tuple[int, HistoryRow]], doubt: str = "") -> list[Sample]:
        """Return the samples of rows without a period, each under its time."""
        found = []
        for stamp, row in rows:
            if values := self._values(row, row.doubt or doubt):
                found.append(self._sample(stamp, values))
        return found

    def event(self, stamp_ms: int, row: HistoryRow, doubt: str = "") -> tuple[Sample, HistoryEvent] | None:
        """Return an event as a sample and as the ledger keeps it; None when the row has no code."""
        code = None if self._layout.code is None else row.cells[self._layout.code].value
        if not isinstance(code, int):
            return None
        words, log = event_words(code, self._source.codes), event_log_name(self._history.logical_name)
        said: dict[str, tuple[Scalar | None, str]] = {
            "event": (words, row.doubt or doubt), "event_code": (code, ""), "event_log": (log, ""),
        }  # fmt: skip
        kept = HistoryEvent(self._history.id, stamp_ms, code, words, self._history.logical_name)
        return self._sample(stamp_ms, said), kept

    def status_words(self, status: int | None) -> str:
        """Return what a status says, in words; empty for nothing. A bit whose words are empty is passed over."""
        bits = [bit for bit in range((status or 0).bit_length()) if (status or 0) >> bit & 1]
        return ", ".join(filter(None, (self._source.status.get(bit, f"bit {bit}") for bit in bits)))

    def _values(self, row: HistoryRow, doubt: str) -> dict[str, tuple[Scalar | None, str]]:
        values: dict[str, tuple[Scalar | None, str]] = {}
        for column in self.columns:
            cell = row.cells[column.number]
            quality = ", ".join(filter(None, ("" if cell.quality == RECOVERED else cell.quality, row.doubt, doubt)))
            if cell.value is not None or quality:
                values[column.key] = cell.value, quality
        if words := self.status_words(row.status):
            values[STATUS] = words, ""
        return values

    def _deltas(self, start: HistoryRow, end: HistoryRow) -> dict[str, tuple[Scalar | None, str]]:
        found: dict[str, tuple[Scalar | None, str]] = {}
        for column in self.columns:
            if column.adds_up:
                rose = _difference(start.cells[column.number], end.cells[column.number])
                if rose is not None:
                    found[column.key + DELTA] = (rose, "") if rose >= 0 else (None, WENT_BACK)
        return found

    def _sample(self, stamp_ms: int, values: Mapping[str, tuple[Scalar | None, str]]) -> Sample:
        keys = tuple(values)
        layout = self._layouts.get(keys)
        if layout is None:
            units = tuple(self._units.get(key, "") for key in keys)
            layout = self._layouts[keys] = Layout(self._history.meter, keys, ("",) * len(keys), units)
        scalars, qualities = zip(*values.values(), strict=True)
        return layout.sample(stamp_ms, scalars, qualities if any(qualities) else ())


def stamped(rows: Sequence[HistoryRow]) -> list[tuple[int, HistoryRow]]:
    """Return rows, each under a time of its own: of several with one stamp, each a millisecond after the one before."""
    found: list[tuple[int, HistoryRow]] = []
    taken: set[int] = set()
    for row in rows:
        stamp = row.end_ms
        while stamp in taken:
            stamp += 1
        taken.add(stamp)
        found.append((stamp, row))
    return found


def _is_doubled(there: Sequence[HistoryRow], row: HistoryRow) -> bool:
    return sum(one.end_ms == row.end_ms for one in there) > 1


def _difference(start: ProfileCell, end: ProfileCell) -> int | float | None:
    """Return how much a register rose, without the noise of binary fractions; None where one is no number."""
    first, last = start.value, end.value
    if isinstance(first, bool | str) or isinstance(last, bool | str) or first is None or last is None:
        return None
    if isinstance(first, int) and isinstance(last, int):
        return last - first
    try:
        return float(Decimal(repr(last)) - Decimal(repr(first)))
    except InvalidOperation:
        return None
