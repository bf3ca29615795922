"""One history in memory while the bridge runs: what became of which time, and what is to be left alone for a while.

Every change goes to the disk by itself. Knows no meter and no outbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.dlms.history import HistoryWays
from bridge.ledger.states import Range, painted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bridge.ledger.disk import LedgerDisk
    from bridge.ledger.history import History
    from bridge.ledger.states import IntervalState
    from bridge.ledger.store_changes import StoreChanges


class OpenHistory:
    """See the module.

    Args:
        history: as it is on disk.
        ranges: the same.
        disk: where changes go.
        clock_s: the loop's time.
    """

    def __init__(
        self, history: History, ranges: Sequence[Range], disk: LedgerDisk, clock_s: Callable[[], float]
    ) -> None:
        self.history = history
        self.ranges = list(ranges)
        self._disk = disk
        self._generation = disk.generation
        self._clock_s = clock_s
        self._postponed: dict[int, tuple[int, float]] = {}  # start → end and until when

    @property
    def end_ms(self) -> int:
        """Up to where it is known what became of the time."""
        return self.ranges[-1].end_ms if self.ranges else self.history.begin_ms

    @property
    def ways(self) -> HistoryWays:
        """How this meter is asked, as far as that is known."""
        return HistoryWays.from_text(self.history.ways)

    def learn_ways(self, ways: HistoryWays) -> None:
        """Remember how this meter is asked."""
        if ways != self.ways:
            self.learn(ways=ways.to_text())

    @property
    def depth_ms(self) -> int:
        """For how long the meter keeps a row; 0 when it does not say."""
        return self.history.capacity * self.history.period_ms

    def change(self, change: Callable[[StoreChanges], object]) -> None:
        """Have the file changed soon; not where that is another by now: what speaks of this history is void there."""
        if self._disk.generation == self._generation:
            self._disk.change(change)

    def paint(self, start_ms: int, end_ms: int, state: IntervalState, reason: str = "") -> None:
        """Note what became of a time."""
        new, history_id = Range(start_ms, end_ms, state, reason), self.history.id
        if new.start_ms >= new.end_ms:
            return
        self.ranges = painted(self.ranges, new)
        self.change(lambda changes: changes.paint(history_id, new))

    def extend(self, now_ms: int) -> None:
        """Want what has ended since."""
        end_ms = self.history.end_at_or_before(now_ms)
        if end_ms > self.end_ms:
            self.paint(self.end_ms, end_ms, "wanted")

    def learn(self, **news: object) -> None:
        """Note what was learnt of the history; see ``History``."""
        learnt = self.history._replace(**news)  # type: ignore[arg-type]
        if learnt != self.history:
            self.history = learnt
            self.change(lambda changes: changes.learnt(learnt))

    def reach_back(self, begin_ms: int) -> None:
        """Have it begin there, if that is earlier and the meter has anything of it; what comes with it is wanted.

        Only of the first epoch: what was before another one is that other one's.
        """
        history = self.history
        if history.oldest_ms is not None:
            begin_ms = max(begin_ms, history.end_at_or_before(history.oldest_ms) - history.period_ms)
        if self.depth_ms:  # since the oldest was asked for, and until it is read, the ring moves on
            begin_ms = max(begin_ms, self.end_ms - self.depth_ms + 2 * history.period_ms)
        if history.epoch == 1 and begin_ms < history.begin_ms:
            self.history = history._replace(begin_ms=begin_ms)
            self.change(lambda changes: changes.begin_earlier(history.id, begin_ms))
            self.paint(begin_ms, history.begin_ms, "wanted")

    def begin_later(self, begin_ms: int) -> None:
        """Have it begin there: the meter never had anything before."""
        history_id = self.history.id
        self.history = self.history._replace(begin_ms=begin_ms)
        self.ranges = [part for one in self.ranges if (part := one.within(begin_ms, one.end_ms))]
        self.change(lambda changes: changes.begin_later(history_id, begin_ms))

    def postpone(self, start_ms: int, end_ms: int, for_s: float) -> None:
        """Leave a time alone for so long."""
        self._postponed[start_ms] = end_ms, self._clock_s() + for_s

    def wanted(self) -> Iterator[Range]:
        """Yield what is wanted and may be asked for now, the oldest first."""
        now_s = self._clock_s()
        for start_ms, (_, until_s) in list(self._postponed.items()):
            if until_s <= now_s:
                del self._postponed[start_ms]
        for one in self.ranges:
            if one.state == "wanted":
                yield from self._without_postponed(one)

    def state_at(self, end_ms: int) -> IntervalState | None:
        """Return what became of the interval that ends then."""
        return next((one.state for one in self.ranges if one.start_ms < end_ms <= one.end_ms), None)

    def next_s(self) -> float | None:
        """Return the loop's time at which something that was postponed may be asked for; None when nothing was."""
        return min((until_s for _, until_s in self._postponed.values()), default=None)

    def _without_postponed(self, one: Range) -> Iterator[Range]:
        at_ms = one.start_ms
        for start_ms, (end_ms, _) in sorted(self._postponed.items()):
            if end_ms <= at_ms or start_ms >= one.end_ms:
                continue
            if start_ms > at_ms:
                yield one._replace(start_ms=at_ms, end_ms=start_ms)
            at_ms = max(at_ms, end_ms)
        if at_ms < one.end_ms:
            yield one._replace(start_ms=at_ms)
