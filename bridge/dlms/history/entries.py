"""A slice by the numbers of its rows: for meters that take no range. Where it begins is guessed, then found by halving.

Rows are numbered from the buffer's first on. That is the oldest, or the newest where the sort method says so; and in
some meters whatever stands first in a ring that has come round. The numbers here count from the oldest in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.history.rows import BufferRows, HistoryRow, buffer_of, rows_of
from bridge.dlms.load_profile import ENTRIES_IN_USE
from bridge.dlms.selective_access import by_number

if TYPE_CHECKING:
    from datetime import tzinfo

    from bridge.dlms.axdr import Raw
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.history.asking import ProfileQuestions
    from bridge.dlms.history.layout import HistoryLayout
    from bridge.dlms.history.ways import HistoryWays

ROWS_A_REQUEST, _FEW_ROWS = 128, 16
_LEAST_SLACK_S = 3600
_MOST_GUESSES = 6


class EntriesRead(NamedTuple):
    """What reading by numbers gave."""

    rows: list[HistoryRow]
    undated: int = 0


class Entries:
    """The rows of one profile by their numbers. What it returns is None where the meter refuses that.

    Args:
        questions: asks the meter.
        layout: how the profile is made.
        here: the time zone to take where the meter states none.
        last_column: whether the last column must be said; learnt here.
        if_silent: what is learnt when it does not answer; None where this way is proven.
    """

    def __init__(
        self,
        questions: ProfileQuestions,
        layout: HistoryLayout,
        here: tzinfo,
        *,
        last_column: bool,
        if_silent: HistoryWays | None,
    ) -> None:
        self._questions, self._layout, self._here = questions, layout, here
        self._if_silent = if_silent
        self.last_column = last_column
        self._count = 0
        self._turned = 0  # how many rows stand in a ring before its oldest
        # A clock that was set back puts later rows before earlier ones: so far it is looked around a slice.
        self._slack_ms = 1000 * max(layout.period_s, _LEAST_SLACK_S)

    def within(self, start_ms: int, end_ms: int) -> Conversation[EntriesRead | None]:
        """Read the rows later than ``start_ms`` and no later than ``end_ms``, and perhaps some around them."""
        edges = yield from self._edges()
        if edges is None:
            return None
        if not edges or edges[1] <= start_ms or edges[0] > end_ms:
            return EntriesRead([])
        at = yield from self._first_after(start_ms - self._slack_ms, *edges)
        return (yield from self._from(at, end_ms + self._slack_ms))

    def all(self) -> Conversation[EntriesRead | None]:
        """Read all rows, part by part: those of a buffer whose order says nothing about time."""
        count = yield from self._questions.number(ENTRIES_IN_USE)
        if count is None:
            return None
        self._count, self._turned = count, 0
        return (yield from self._from(0, None))

    def _from(self, at: int, until_ms: int | None) -> Conversation[EntriesRead | None]:
        """Read from number ``at`` on until rows are later than ``until_ms``; None for all."""
        raw: list[Raw] = []
        may_lead, most = at > 0, ROWS_A_REQUEST
        while at < self._count:
            part = yield from self._read(at, min(at + most, self._count))
            if part is None and most > _FEW_ROWS:  # perhaps the answer would be too long for it
                most = _FEW_ROWS
                continue
            if part is None:
                return None
            rows = self._rows(part)
            if may_lead and rows.is_headless:  # it keeps its rows without what follows from those before
                at, may_lead = max(at - ROWS_A_REQUEST, 0), False
                continue
            may_lead = False
            # Together, and not each by itself: null-data goes by the row before, whichever part that was in.
            raw = part + raw if self._layout.is_newest_first else raw + part
            at += most
            if until_ms is not None and rows.rows and rows.rows[-1].end_ms > until_ms:
                break
        found = self._rows(raw)
        return EntriesRead(found.rows, found.undated)

    def oldest(self) -> Conversation[int | None]:
        """Read the time of the oldest row; None where there is none, too."""
        edges = yield from self._edges()
        return edges[0] if edges else None

    def _edges(self) -> Conversation[tuple[int, int] | tuple[()] | None]:
        """Learn how many rows there are and where the oldest is; return the times of the oldest and the newest."""
        count = yield from self._questions.number(ENTRIES_IN_USE)
        if count is None:
            return None
        self._count, self._turned = count, 0
        if count <= 0:
            return ()
        edges = yield from self._first_and_last()
        if edges is not None and edges[0] > edges[1]:
            self._turned = yield from self._place_of_the_oldest(edges[0])
            edges = yield from self._first_and_last()
        return edges

    def _first_and_last(self) -> Conversation[tuple[int, int] | None]:
        first_ms = yield from self._time(0)
        last_ms = None if first_ms is None else (yield from self._time(self._count - 1))
        return None if first_ms is None or last_ms is None else (first_ms, last_ms)

    def _place_of_the_oldest(self, first_ms: int) -> Conversation[int]:
        """Return where in a ring the oldest row stands: the first one that is older than number 0."""
        low, high = 0, self._count - 1  # low is not older than number 0, high is
        while high - low > 1:
            middle = (low + high) // 2
            at_ms = yield from self._time(middle)
            low, high = (low, middle) if at_ms is None or at_ms < first_ms else (middle, high)
        return high

    def _first_after(self, start_ms: int, oldest_ms: int, newest_ms: int) -> Conversation[int]:
        """Return the number of the first row later than ``start_ms``; the newest row is."""
        if oldest_ms > start_ms:
            return 0
        low, low_ms, high, high_ms = 0, oldest_ms, self._count - 1, newest_ms
        guesses_left = _MOST_GUESSES  # rows come at even times, but for gaps
        while high - low > 1:
            between = (low + high) // 2
            if guesses_left and high_ms > low_ms:
                guesses_left -= 1
                share = (start_ms - low_ms) / (high_ms - low_ms)
                between = min(max(low + int(share * (high - low)), low + 1), high - 1)
            at_ms = yield from self._time(between)
            if at_ms is None or at_ms > start_ms:
                high, high_ms = between, high_ms if at_ms is None else at_ms
            else:
                low, low_ms = between, at_ms
        return high

    def _time(self, number: int) -> Conversation[int | None]:
        """Return when row ``number`` was captured; None where that cannot be read."""
        part = yield from self._read(number, number + 1)
        rows = [] if part is None else self._rows(part).rows
        if part is not None and not rows:  # its time was not sent: it follows from a row before, or after
            first = max(number + 1 - ROWS_A_REQUEST, 0)
            part = yield from self._read(first, number + 1 if number else min(ROWS_A_REQUEST, self._count))
            rows = [] if part is None else self._rows(part).rows
        return rows[-1 if number else 0].end_ms if rows else None

    def _rows(self, part: list[Raw]) -> BufferRows:
        return rows_of(part, self._layout, self._here)

    def _read(self, first: int, end: int) -> Conversation[list[Raw] | None]:
        """Read the rows from number ``first`` to before ``end``, counted from the oldest."""
        first, end = first + self._turned, end + self._turned
        if first >= self._count:
            first, end = first - self._count, end - self._count
        if end <= self._count:
            return (yield from self._ask(first, end))
        one = yield from self._ask(first, self._count)
        other = yield from self._ask(0, end - self._count)
        if one is None or other is None:
            return None
        return other + one if self._layout.is_newest_first else one + other

    def _ask(self, first: int, end: int) -> Conversation[list[Raw] | None]:
        if self._layout.is_newest_first:
            first, end = self._count - end, self._count - first
        for says_last in (True,) if self.last_column else (False, True):
            selection = by_number(first + 1, end, last_column=len(self._layout.columns) if says_last else 0)
            result = yield from self._questions.buffer(selection, if_silent=self._if_silent)
            if not result.refusal:
                self.last_column = says_last
                return buffer_of(result.value, self._layout)
        return None
