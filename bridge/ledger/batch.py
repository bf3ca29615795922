"""A batch: samples of one history on their way through the outbox, and what follows from their receipts.

An interval is confirmed once every sample that tells of it is stored: its value under its end, its difference under its
start. A sample that was lost makes its intervals wanted again, one that was set aside makes them refused.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bridge.ledger.history import EventState, HistoryEvent
    from bridge.ledger.open_history import OpenHistory
    from bridge.ledger.state import BackfillState
    from bridge.ledger.telemetry import Telling
    from bridge.outbox.receipt import Receipt
    from bridge.sample import Scalar


class Batch:
    """See the module.

    Args:
        course: whose.
        state: where it is counted.
        tellings: the samples, in order.
        spans: the time of each interval that they tell of, by the end that the samples name it by.
        events: what the samples are of, where they are events; as many as samples.
    """

    def __init__(
        self,
        course: OpenHistory,
        state: BackfillState,
        tellings: Sequence[Telling],
        spans: Mapping[int, tuple[int, int]],
        *,
        events: Sequence[HistoryEvent] = (),
    ) -> None:
        self._course = course
        self._state = state
        self._tellings = tellings
        self._spans = spans
        self._events = events
        self._left = len(tellings)
        self._stored: list[int] = []
        self._wanted: set[int] = set()
        self._refused: dict[int, str] = {}

    def begin(self) -> None:
        """All of it is on its way now."""
        for start_ms, end_ms in _joined(self._spans.values()):
            self._course.paint(start_ms, end_ms, "on its way")

    def settled(self, number: int, receipt: Receipt) -> None:
        """Note what became of one sample."""
        telling = self._tellings[number]
        if receipt.state == "stored":
            self._stored.append(number)
        elif receipt.state == "set aside":
            self._refused.update(dict.fromkeys(telling.ends, receipt.reason))
        else:
            self._wanted.update(telling.ends)
        self._gone(1)

    def unsent(self, first: int) -> None:
        """The samples from ``first`` on were not put into the outbox."""
        for telling in self._tellings[first:]:
            self._wanted.update(telling.ends)
        self._gone(len(self._tellings) - first)

    def _gone(self, count: int) -> None:
        self._left -= count
        if not self._left:
            self._settle()

    def _settle(self) -> None:
        course, spans = self._course, self._spans
        self._note_values()
        stored = [span for end, span in spans.items() if end not in self._wanted and end not in self._refused]
        for start_ms, end_ms in _joined(stored):
            course.paint(start_ms, end_ms, "confirmed")
        for start_ms, end_ms in _joined(spans[end] for end in self._wanted):
            course.paint(start_ms, end_ms, "wanted")
        for end, reason in self._refused.items():
            if end not in self._wanted:
                course.paint(*spans[end], "refused", reason)
        self._state.settled(
            stored=len(self._stored), wanted_again=len(self._wanted), refused=len(self._refused.keys() - self._wanted)
        )

    def _note_values(self) -> None:
        history_id = self._course.history.id
        values: defaultdict[str, dict[int, Scalar | None]] = defaultdict(dict)
        for number in self._stored:
            telling = self._tellings[number]
            for key, value in telling.values.items():
                values[key][telling.sample.ts_ms] = value
        if values:
            self._course.change(lambda changes: changes.confirm(history_id, values))
        if self._events:
            stored = set(self._stored)
            otherwise: EventState = "refused" if self._refused and not self._wanted else "wanted"
            events = [
                event._replace(state="confirmed" if number in stored else otherwise)
                for number, event in enumerate(self._events)
            ]
            self._course.change(lambda changes: changes.put_events(events))


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start_ms, end_ms in sorted(spans):
        if found and found[-1][1] == start_ms:
            found[-1] = found[-1][0], end_ms
        else:
            found.append((start_ms, end_ms))
    return found
