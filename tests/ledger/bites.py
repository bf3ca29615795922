"""Faults put into the ledger, one at a time: with each of them the simulation must fail."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

from bridge.ledger import slice_reading
from bridge.ledger.batch import Batch
from bridge.ledger.meter_backfill import MeterBackfill
from bridge.ledger.open_history import OpenHistory
from bridge.ledger.store_changes import StoreChanges
from bridge.ledger.telemetry import Teller

if TYPE_CHECKING:
    from collections.abc import Iterator

_begin, _settled, _classify, _run, _intervals = (
    Batch.begin, Batch.settled, slice_reading.classify, MeterBackfill.run, Teller.intervals,
)  # fmt: skip


def _put_is_stored(batch: Batch) -> None:
    _begin(batch)
    for span in batch._spans.values():
        batch._course.paint(*span, "confirmed")


def _lost_is_stored(batch: Batch, number: int, receipt: Any) -> None:
    receipt._state = "stored"
    _settled(batch, number, receipt)


def _not_there_is_off(*args: Any, **more: Any) -> Any:
    return _classify(*args, **{**more, "newest_ms": 1 << 62})


async def _before_live(meter: MeterBackfill) -> None:
    meter.live()
    await _run(meter)


def _no_row_before(teller: Teller, rows: Any, before: Any, doubt: str = "") -> Any:
    return _intervals(teller, rows, {}, doubt)


BITES: dict[str, list[tuple[Any, str, Any]]] = {
    "on its way for ever": [(StoreChanges, "want_again", lambda _: None)],
    "put is stored": [(Batch, "begin", _put_is_stored)],
    "lost is stored": [(Batch, "settled", _lost_is_stored)],
    "not there yet is off": [(slice_reading, "classify", _not_there_is_off)],
    "history before live": [(MeterBackfill, "run", _before_live)],
    "no difference across slices": [(Teller, "intervals", _no_row_before)],
    "what ends meanwhile is not wanted": [(OpenHistory, "extend", lambda _course, _now_ms: None)],
}
"""Owner, name, and what stands there instead, by what the ledger then does wrong."""


@contextmanager
def put_back(name: str | None) -> Iterator[None]:
    """While it lasts the ledger has the fault; none without a name."""
    with ExitStack() as stack:
        for owner, attribute, instead in BITES[name] if name else ():
            stack.enter_context(mock.patch.object(owner, attribute, instead))
        yield
