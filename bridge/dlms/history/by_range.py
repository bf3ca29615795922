"""A slice by range: the ends are said in the way that is proven, or in one way after the other until one is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.dlms.history.ranges import AskedRange, trials, way_name
from bridge.dlms.history.rows import HistoryRow, rows_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from bridge.dlms.conversation import Conversation
    from bridge.dlms.history.asking import ProfileQuestions
    from bridge.dlms.history.layout import HistoryLayout
    from bridge.dlms.history.rows import BufferRows
    from bridge.dlms.history.ways import Ends, HistoryWays

_LEAD_S = 86_400
"""Meters that keep their rows without what follows from those before keep those of midnight whole."""
_NO_LEAD = "lead"
_MOST_PARTS = 64
_SHORTER_S = (6 * 3600, 3600)
"""Tried where no range of the slice's length is answered."""


class SliceByRange:
    """One slice of a profile by its times.

    Args:
        questions: asks the meter.
        layout: how the profile is made.
        start_ms, end_ms: the slice.
        ways: what is known of how this meter is asked.
        here: the time zone to take where the meter states none.
    """

    def __init__(
        self,
        questions: ProfileQuestions,
        layout: HistoryLayout,
        start_ms: int,
        end_ms: int,
        *,
        ways: HistoryWays,
        here: tzinfo,
    ) -> None:
        self._questions, self._layout, self._here = questions, layout, here
        self._start_ms, self._end_ms = start_ms, end_ms
        self.ways = ways
        """What is known by now."""
        self.undated = 0
        self.is_refused = True
        """Whether no range was answered at all, not even by nothing."""

    def read(self) -> Conversation[tuple[HistoryRow, ...] | None]:
        """Read the slice and return its rows; None where no range proves to work."""
        longest_ms = 1000 * self.ways.longest_s
        if longest_ms and self._end_ms - self._start_ms > longest_ms:
            return (yield from self._in_parts(longest_ms))
        if self.ways.by == "range":
            rows = yield from self._proven()
            if rows is not None:
                return rows
            self.ways = replace(self.ways, by="", ends="", whole_hours=False)  # no longer: tried like any other
        before = self.ways
        found = yield from self._found_out()
        if found is not None or not self.is_refused:
            return found
        # Perhaps the answer would be too long for it.
        for longest_s in _SHORTER_S:
            if self._end_ms - self._start_ms > 1000 * longest_s:
                part = self._part(self._end_ms - 1000 * longest_s, self._end_ms, before)
                rows = yield from part.read()
                if rows is not None:
                    self.ways, self.is_refused = replace(part.ways, longest_s=longest_s), False
                    return (yield from self._in_parts(1000 * longest_s))
        return None

    def _in_parts(self, longest_ms: int) -> Conversation[tuple[HistoryRow, ...] | None]:
        """Read the slice in ranges that are no longer than the meter answers."""
        rows: tuple[HistoryRow, ...] = ()
        for start_ms in range(self._start_ms, self._end_ms, longest_ms):
            part = self._part(start_ms, min(start_ms + longest_ms, self._end_ms), self.ways)
            more = yield from part.read()
            self.ways, self.is_refused = part.ways, part.is_refused
            if more is None:
                return None
            rows += more
            self.undated += part.undated
        return rows

    def _part(self, start_ms: int, end_ms: int, ways: HistoryWays) -> SliceByRange:
        return SliceByRange(self._questions, self._layout, start_ms, end_ms, ways=ways, here=self._here)

    def _found_out(self) -> Conversation[tuple[HistoryRow, ...] | None]:
        """Ask in one way after the other until an answer covers the slice, and learn the best one."""
        best: tuple[HistoryRow, ...] | None = None
        best_ways, best_fits = self.ways, False
        for ends, whole_hours in trials(self._layout, self.ways):
            if whole_hours and self._is_whole_anyway(ends):
                continue
            found, fits = yield from self._tried(ends, whole_hours=whole_hours)
            if found is None:
                continue
            rows = self._inside(found)
            # A question that was taken for another one has rows beside the slice, too; so has one that was rounded.
            if (fits or rows) and (best is None or (fits, len(rows)) > (best_fits, len(best))):
                best, best_fits = rows, fits
                best_ways = replace(self.ways, by="range", ends=ends, whole_hours=whole_hours)
                self.undated = found.undated
            if fits and self._is_covered(found.rows):
                break
        if best is None:
            return None
        self.ways = replace(best_ways, dead=self.ways.dead)
        best = yield from self._with_lead(best)
        return (yield from self._to_the_end(best))

    def _proven(self) -> Conversation[tuple[HistoryRow, ...] | None]:
        """Ask in the way that is proven; None where it does not work any more."""
        ways = self.ways
        for lead_s in (ways.lead_s, ways.lead_s + _LEAD_S):  # some refuse a range without rows: more has some
            asked = self._asked(ways.ends, whole_hours=ways.whole_hours, lead_s=lead_s)
            result = yield from self._questions.buffer(asked.selection())
            if result.refusal:
                continue
            self.is_refused = False
            found = rows_of(result.value, self._layout, self._here)
            if found.rows and not asked.fits(found.rows):
                return None
            self.undated = found.undated
            rows = yield from self._with_lead(self._inside(found), found)
            return (yield from self._to_the_end(rows))
        return None

    def _tried(self, ends: Ends, *, whole_hours: bool) -> Conversation[tuple[BufferRows | None, bool]]:
        """Ask in a way that is not proven; return an answer with rows, if there is one, and whether it fits."""
        name = way_name(ends, whole_hours=whole_hours)
        asked = self._asked(ends, whole_hours=whole_hours, lead_s=self.ways.lead_s)
        result = yield from self._questions.buffer(asked.selection(), if_silent=self.ways.without(name))
        if result.refusal:
            self.ways = self.ways.without(name)
            return None, False
        self.is_refused = False
        found = rows_of(result.value, self._layout, self._here)
        return (found, asked.fits(found.rows)) if found.rows else (None, False)

    def _with_lead(
        self, rows: tuple[HistoryRow, ...], found: BufferRows | None = None
    ) -> Conversation[tuple[HistoryRow, ...]]:
        """Ask once more from earlier on, where the first rows lack what stands in those before them."""
        ways = self.ways
        lacks = any(cell.value is None for row in rows[:1] for cell in row.cells)
        if not lacks or (found is not None and not found.is_headless) or ways.lead_s or _NO_LEAD in ways.dead:
            return rows
        asked = self._asked(ways.ends, whole_hours=ways.whole_hours, lead_s=_LEAD_S)
        result = yield from self._questions.buffer(asked.selection())
        more = () if result.refusal else self._inside(rows_of(result.value, self._layout, self._here))
        if len(more) < len(rows) or any(cell.value is None for row in more[:1] for cell in row.cells):
            self.ways = ways.without(_NO_LEAD)
            return rows
        self.ways = replace(ways, lead_s=_LEAD_S)
        return more

    def _to_the_end(self, rows: tuple[HistoryRow, ...]) -> Conversation[tuple[HistoryRow, ...]]:
        """Ask for what is behind the last row, as long as there is more: some meters cut a long answer short.

        Of a buffer that is sorted newest first: for what is before the first one.
        """
        period_ms = self._layout.period_s * 1000
        for _ in range(_MOST_PARTS):
            if not rows:
                break
            # From the last time on, and not behind it: where a clock was set back there may be another row of it.
            if self._layout.is_newest_first:
                start_ms, end_ms = self._start_ms, rows[0].end_ms
                is_covered = end_ms <= start_ms + period_ms
                known = tuple(row for row in rows if row.end_ms > end_ms)
            else:
                start_ms, end_ms = rows[-1].end_ms - 1, self._end_ms
                is_covered = start_ms >= end_ms - max(period_ms, 1)
                known = tuple(row for row in rows if row.end_ms <= start_ms)
            if is_covered:
                break
            more = yield from self._between(start_ms, end_ms)
            if len(more) <= len(rows) - len(known):
                break
            rows = (*more, *known) if self._layout.is_newest_first else (*known, *more)
        return rows

    def _between(self, start_ms: int, end_ms: int) -> Conversation[tuple[HistoryRow, ...]]:
        """Read a part of the slice; nothing where that is refused."""
        ways = self.ways
        asked = self._asked(ways.ends, whole_hours=ways.whole_hours, lead_s=ways.lead_s, span_ms=(start_ms, end_ms))
        result = yield from self._questions.buffer(asked.selection())
        if result.refusal:
            return ()
        found = rows_of(result.value, self._layout, self._here)
        return tuple(row for row in found.rows if start_ms < row.end_ms <= end_ms)

    def _asked(
        self, ends: Ends, *, whole_hours: bool, lead_s: int, span_ms: tuple[int, int] | None = None
    ) -> AskedRange:
        return AskedRange(
            self._layout,
            *(span_ms or (self._start_ms, self._end_ms)),
            ends=ends,
            whole_hours=whole_hours,
            lead_s=lead_s,
            here=self._here,
        )

    def _is_whole_anyway(self, ends: Ends) -> bool:
        """Return whether the ends are whole hours already: the same question is not asked twice."""
        lead_s = self.ways.lead_s
        as_it_is, rounded = (self._asked(ends, whole_hours=whole, lead_s=lead_s) for whole in (False, True))
        return as_it_is.selection() == rounded.selection()

    def _inside(self, found: BufferRows) -> tuple[HistoryRow, ...]:
        return tuple(row for row in found.rows if self._start_ms < row.end_ms <= self._end_ms)

    def _is_covered(self, rows: list[HistoryRow]) -> bool:
        """Return whether rows reach from the slice's start to its end, as far as a period lets it be told."""
        period_ms = self._layout.period_s * 1000
        return rows[0].end_ms <= self._start_ms + period_ms and rows[-1].end_ms > self._end_ms - max(period_ms, 1)
