"""What ThingsBoard should have of load profiles and event logs, by the ledger; and ordering it from the meter again."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bridge.ledger.store import LedgerStore
from bridge.thingsboard.expected import DAY_MS, Expected, day_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from bridge.ledger.history import History
    from bridge.thingsboard.expected import AuditSource, MissingValues

_DIFFERENCE: Final = "_delta"
_SECOND_MS: Final = 1000
"""Of several events in one second each was given a millisecond of its own; the meter's rows know seconds."""


class LedgerExpectation:
    """Reads the ledger's file, which a running bridge may write meanwhile.

    Args:
        path: of the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def expected(self, meter: str, since_ms: int, until_ms: int) -> list[Expected]:
        """See :class:`~bridge.thingsboard.expected.AuditExpectation`. Days are whole, even those not over yet."""
        if not self._path.exists():
            return []
        with closing(LedgerStore(self._path, read_only=True)) as store:
            return [
                Expected(
                    meter, key, day_ms, day_ms + DAY_MS, len(stamps), _source(history), history.logical_name,
                    history.period_ms,
                )
                for history in _epochs(store, meter)
                for key in _keys(store, history)
                for day_ms in range(day_of(max(since_ms, history.begin_ms - DAY_MS)), until_ms, DAY_MS)
                if (stamps := store.had(history.id, key, day_ms))
            ]  # fmt: skip

    def stamps(self, ones: Collection[Expected]) -> Mapping[Expected, Collection[int]]:
        """See :class:`~bridge.thingsboard.expected.AuditExpectation`."""
        found: dict[Expected, set[int]] = {}
        ours = [one for one in ones if one.source != "samples"]
        if not ours:
            return found
        with closing(LedgerStore(self._path, read_only=True)) as store:
            for one in ours:
                for history in store.epochs(one.meter, one.logical_name):
                    stamps = store.had(history.id, one.key, day_of(one.start_ms))
                    found.setdefault(one, set()).update(stamps)
        return found

    def send_again(self, missing: Sequence[MissingValues]) -> int:
        """Order the missing rows from the meter; the ledger reads and sends them, if the meter still has them."""
        ours = [one for one in missing if one.expected.source != "samples"]
        spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for one in ours:
            expected = one.expected
            where = spans.setdefault((expected.meter, expected.logical_name), [])
            where += (_row_span(expected, stamp) for stamp in one.stamps)
        if spans:
            with closing(LedgerStore(self._path)) as store:
                for (meter, logical_name), of_one in spans.items():
                    for start_ms, end_ms in _joined(of_one):
                        store.order(meter, logical_name, start_ms, end_ms, "audit")
        return sum(len(one.stamps) for one in ours)


def _epochs(store: LedgerStore, meter: str) -> Iterator[History]:
    for present in store.histories(meter):
        yield from store.epochs(meter, present.logical_name)


def _source(history: History) -> AuditSource:
    return "events" if history.kind == "events" else "intervals"


def _keys(store: LedgerStore, history: History) -> list[str]:
    return [key for key in store.keys_had(history.id) if "," not in key]  # ThingsBoard would take it for two


def _row_span(expected: Expected, stamp_ms: int) -> tuple[int, int]:
    """Return the time of the row that gave a value; a row belongs to the time before its end, its end included."""
    period_ms = expected.period_ms
    if period_ms and expected.key.endswith(_DIFFERENCE):  # stands under its period's beginning, and needs two rows
        return stamp_ms - period_ms, stamp_ms + period_ms
    return stamp_ms - (period_ms or _SECOND_MS), stamp_ms


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the spans in order, those that touch as one."""
    spans = sorted(spans)
    joined = spans[:1]
    for _, (start_ms, end_ms) in pairwise(spans):
        if start_ms <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end_ms, joined[-1][1])
        else:
            joined.append((start_ms, end_ms))
    return joined
