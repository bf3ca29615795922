"""What the back-fill knows of one load profile or event log of one meter, and which slice of it is next.

Order: what the meter overwrites soon, then what has just ended, then the oldest. Decides; asks nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from loguru import logger

from bridge.dlms.obis_names import short_obis
from bridge.ledger.telemetry import Teller, keys_sent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from bridge.dlms.history import HistoryLayout
    from bridge.ledger.open_history import OpenHistory
    from bridge.ledger.reader import HistorySource
    from bridge.ledger.states import Range

DAY_MS = 86_400_000
_TAIL = 4
"""So many intervals at the end count as just ended."""


class Slice(NamedTuple):
    """A time to read at once.

    Args:
        course: of which epoch.
        start_ms: rows later than this.
        end_ms: and up to this.
        is_urgent: the meter overwrites it soon.
        is_again: read to see whether there is anything that was not there, or not seen, before.
    """

    course: OpenHistory
    start_ms: int
    end_ms: int
    is_urgent: bool = False
    is_again: bool = False


class ProfileCourse:
    """See the module.

    Args:
        source: what the profile says of it.
    """

    def __init__(self, source: HistorySource) -> None:
        self.source = source
        self.layout: HistoryLayout | None = None
        self.learnt: HistoryLayout | None = None
        """The layout of an examination that waits for room to go on."""
        self.course: OpenHistory | None = None
        self.earlier: list[OpenHistory] = []
        """Epochs before the present one whose columns were the same: what they want can still be read."""
        self._left_out: list[str] = []
        self.tellers: dict[int, Teller] = {}
        self.newest_ms = 0
        """The newest stamp that the meter is known to have."""
        self.oldest_due_s = 0.0
        self.examine_due_s = 0.0
        self.silences = 0
        """How often in a row the question how it is made came to nothing."""
        self.doubted: set[int] = set()
        self.tries: dict[int, int] = {}
        """How often a slice that begins there failed, or was not there yet."""
        self.again: list[tuple[int, int]] = []
        """Times to look at again."""
        self.look_due_s = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether the meter gives its whole buffer and nothing less."""
        return self.course is not None and self.course.ways.by == "whole"

    @property
    def courses(self) -> Iterator[OpenHistory]:
        """The epochs that can be read, the present one first."""
        if self.course is not None:
            yield self.course
            yield from self.earlier

    def settle_on(self, course: OpenHistory, layout: HistoryLayout) -> None:
        """Go on with this epoch and layout."""
        self.course, self.layout = course, layout
        self.tellers.clear()
        columns = self.teller(course).columns
        keys, units = keys_sent(columns, has_period=bool(course.history.period_s))
        if self.source.kind == "intervals":
            self._say_left_out(course, layout)
        else:
            keys, units = ("event", "event_code", "event_log"), ("", "", "")
        course.learn(keys=keys, units=units, capacity=layout.capacity or 0)

    def _say_left_out(self, course: OpenHistory, layout: HistoryLayout) -> None:
        left_out = [
            short_obis(column.logical_name)
            for number, column in enumerate(layout.columns)
            if number not in (layout.clock, layout.status) and column.logical_name not in self.source.keys
        ]
        if left_out and left_out != self._left_out:
            self._left_out = left_out
            logger.bind(meter=course.history.meter).info(
                "ledger | {} | {} also has {}, for which its profile has no key: left out",
                course.history.meter, short_obis(self.source.logical_name), ", ".join(left_out),
            )  # fmt: skip

    def teller(self, course: OpenHistory) -> Teller:
        """Return what makes the samples of an epoch."""
        teller = self.tellers.get(course.history.id)
        if teller is None:
            assert self.layout is not None  # noqa: S101 - for mypy: nothing is read before it was examined
            teller = self.tellers[course.history.id] = Teller(course.history, self.layout, self.source)
        return teller

    def next_slice(self, now_ms: int, rows: int) -> Slice | None:
        """Return what to read next; None when nothing is wanted now.

        Args:
            now_ms: the time.
            rows: how many rows a slice may have.
        """
        wanted = [(course, one) for course in self.courses for one in course.wanted()]
        for course, one in wanted:
            if self._is_urgent(course, one, now_ms):
                return self._slice(course, one, rows, is_urgent=True)
        if wanted:
            course, last = max(wanted, key=lambda pair: pair[1].end_ms)
            period_ms = course.history.period_ms
            if course is self.course and last.end_ms == course.end_ms and period_ms:
                tail_ms = max(last.start_ms, last.end_ms - _TAIL * period_ms)
                # Not where it was asked for already, and is not there.
                if not self.tries.get(last.end_ms - period_ms):
                    return self._slice(course, last._replace(start_ms=tail_ms), rows)
            return self._slice(*min(wanted, key=lambda pair: pair[1].start_ms), rows)
        if self.again and self.course is not None:
            start_ms, end_ms = self.again[0]
            upto_ms = min(end_ms, start_ms + self._span_ms(self.course, rows))
            return Slice(self.course, start_ms, upto_ms, is_again=True)
        return None

    def looked_again(self, upto_ms: int) -> None:
        """What was to be looked at again was, up to there."""
        if self.again:
            _, end_ms = self.again.pop(0)
            if upto_ms < end_ms:
                self.again.insert(0, (upto_ms, end_ms))

    def tried(self, start_ms: int) -> int:
        """Count an attempt that gave nothing, and return how many there were."""
        self.tries[start_ms] = self.tries.get(start_ms, 0) + 1
        return self.tries[start_ms]

    def answered(self, start_ms: int, end_ms: int, pending: Collection[int] = ()) -> None:
        """Forget the attempts at a time that was read, but for those that begin in ``pending``: not there yet."""
        self.tries = {at: count for at, count in self.tries.items() if at in pending or not start_ms <= at < end_ms}

    def _is_urgent(self, course: OpenHistory, one: Range, now_ms: int) -> bool:
        depth_ms = course.depth_ms
        left_ms = one.start_ms + course.history.period_ms + depth_ms - now_ms
        return bool(depth_ms) and left_ms < min(DAY_MS, depth_ms // 10)

    def _slice(self, course: OpenHistory, one: Range, rows: int, *, is_urgent: bool = False) -> Slice:
        start_ms = one.start_ms
        end_ms = one.end_ms if self.is_whole else min(one.end_ms, start_ms + self._span_ms(course, rows))
        return Slice(course, start_ms, end_ms, is_urgent)

    def _span_ms(self, course: OpenHistory, rows: int) -> int:
        period_ms = course.history.period_ms
        if not period_ms:
            return 30 * DAY_MS
        return max(period_ms, min(rows * period_ms, DAY_MS))
