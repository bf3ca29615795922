"""How far an order to read a time again has got, by the ledger's ranges of that time. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.ledger.history import History
    from bridge.ledger.states import IntervalState
    from bridge.ledger.store import LedgerStore

_OPEN: tuple[IntervalState, ...] = ("wanted", "on its way")


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands. Intervals are those of load profiles with a period.

    Args:
        is_taken_up: whether the bridge has begun with it.
        is_open: whether anything of that time is still to be read or stored, event logs included.
        had: intervals that are stored.
        off: that never were, for the meter was off.
        wanted: still to be read.
        on_its_way: read, and not stored yet.
        overwritten: that the meter has no more.
        refused: that it does not give, or ThingsBoard does not take.
        reasons: why, of what cannot be had; each once.
    """

    is_taken_up: bool
    is_open: bool
    had: int
    off: int
    wanted: int
    on_its_way: int
    overwritten: int
    refused: int
    reasons: tuple[str, ...]

    @property
    def missing(self) -> int:
        """Intervals that are still to be read or stored."""
        return self.wanted + self.on_its_way

    @property
    def done(self) -> int:
        """Intervals of which it is known what became of them."""
        return self.had + self.off + self.overwritten + self.refused

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to come of the order."""
        return self.is_taken_up and not self.is_open


def reaches_back_to(history: History, start_ms: int) -> int:
    """Return from when an order that begins at ``start_ms`` can be carried out.

    The first epoch of a history reaches back as far as the meter's rows did when it was last asked, a later one to its
    own beginning; and what the ledger has already may be older than what the meter still has.
    """
    if history.epoch > 1:
        return max(start_ms, history.begin_ms)
    oldest_ms = history.begin_ms if history.oldest_ms is None else history.oldest_ms - history.period_ms
    return max(start_ms, min(oldest_ms, history.begin_ms) if history.period_s else 0)


class OrderProgress:
    """Watches one order.

    Args:
        store: the ledger.
        order: its number.
        histories: what it is of.
        start_ms: the time's beginning.
        end_ms: its end.
    """

    def __init__(
        self, store: LedgerStore, order: int, histories: Sequence[History], start_ms: int, end_ms: int
    ) -> None:
        self._store = store
        self._order = order
        self._histories = histories
        self._span = start_ms, end_ms

    @property
    def total(self) -> int:
        """Intervals in that time, as far as the meter has them; 0 where there are no periods to count."""
        start_ms, end_ms = self._span
        return sum(one.intervals_in(reaches_back_to(one, start_ms), end_ms) for one in self._histories)

    def look(self) -> Standing:
        """Return how it stands now.

        Raises:
            DiskError: the ledger cannot be read.
        """
        # The order first: what is painted with its taking up is then seen, too.
        is_taken_up = all(one.id != self._order for one in self._store.orders())
        count: Counter[IntervalState] = Counter()
        reasons: dict[str, None] = {}
        is_open = False
        for history in self._histories:
            for part in self._store.ranges(history.id, *self._span):
                count[part.state] += history.intervals_in(part.start_ms, part.end_ms)
                is_open = is_open or part.state in _OPEN
                if part.state in ("overwritten", "refused") and part.reason:
                    reasons[part.reason] = None
        return Standing(
            is_taken_up,
            is_open,
            had=count["confirmed"],
            off=count["meter was off"],
            wanted=count["wanted"],
            on_its_way=count["on its way"],
            overwritten=count["overwritten"],
            refused=count["refused"],
            reasons=tuple(reasons),
        )
