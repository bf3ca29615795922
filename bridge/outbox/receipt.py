"""The receipt of a sample: what became of it. Given by ``Outbox.put``; kept only by whoever wants to know.

=============  ==========================================================  =====
state          means                                                       final
=============  ==========================================================  =====
``waiting``    in memory; a crash takes it                                 no
``on disk``    committed; no crash takes it                                no
``stored``     its destination has it                                      yes
``set aside``  ThingsBoard will never take it as it is: do not repeat it   yes
``lost``       dropped unsent; the same reading may get through again      yes
=============  ==========================================================  =====

Ten thousand meters make a receipt each every few seconds, and a backlog is millions of rows: the book holds
receipts weakly, except those that somebody is waiting for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

ReceiptState = Literal["waiting", "on disk", "stored", "set aside", "lost"]
Outcome = Literal["stored", "set aside", "lost"]


class Receipt:
    """What became of one sample. Used on the event loop alone.

    Args:
        book: who keeps it.
        id: the sample's row.
    """

    __slots__ = ("__weakref__", "_book", "_callbacks", "_kept", "_state", "id", "reason")

    def __init__(self, book: ReceiptBook, id: int) -> None:  # noqa: A002 - as in Row
        self._book = book
        self._callbacks: list[Callable[[Receipt], None]] | None = None
        self._kept: asyncio.Future[None] | None = None
        self._state: ReceiptState = "waiting"
        self.id = id
        self.reason = ""
        """Why it was set aside or lost, for a person; empty otherwise."""

    @property
    def state(self) -> ReceiptState:
        """See the module's table."""
        return self._state

    @property
    def is_final(self) -> bool:
        """Whether the state changes no more."""
        return self._state in ("stored", "set aside", "lost")

    def then(self, callback: Callable[[Receipt], None]) -> None:
        """Have ``callback`` called with this receipt, once, when its state is final; at once when it is already."""
        if self.is_final:
            _call(callback, self)
            return
        if self._callbacks is None:
            self._callbacks = []
            self._book.hold(self)
        self._callbacks.append(callback)

    async def kept(self) -> Receipt:
        """Return this receipt once no crash takes the sample any more, or once it is known to be lost.

        The outbox hurries for it. While the disk refuses, it may be long.
        """
        while self._state == "waiting":
            self._book.hurry()
            if self._kept is None or self._kept.cancelled():
                self._kept = asyncio.get_running_loop().create_future()
            await self._kept
        return self

    def __await__(self) -> Generator[None, None, Receipt]:
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def settle(_: Receipt) -> None:
            if not settled.done():
                settled.set_result(None)

        self.then(settle)
        yield from settled.__await__()
        return self

    def advance(self, state: ReceiptState, reason: str = "") -> None:
        """Note what became of the sample; for the book alone. What is final stays."""
        if self.is_final:
            return
        self._state, self.reason = state, reason
        if self._kept is not None and not self._kept.done():
            self._kept.set_result(None)
        if self.is_final:
            callbacks, self._callbacks = self._callbacks, None
            for callback in callbacks or ():
                _call(callback, self)


class ReceiptBook:
    """Finds a row's receipt, as long as anybody has it."""

    def __init__(self) -> None:
        self._all: WeakValueDictionary[int, Receipt] = WeakValueDictionary()
        self._held: dict[int, Receipt] = {}
        self._recalled: WeakValueDictionary[int, Receipt] = WeakValueDictionary()
        self.hurry: Callable[[], None] = lambda: None
        """Is called when somebody waits for a sample to be on disk."""

    def issue(self, row_id: int) -> Receipt:
        """Return the receipt of a new row."""
        receipt = self._all[row_id] = Receipt(self, row_id)
        return receipt

    def useless(self, reason: str) -> Receipt:
        """Return the receipt of a sample that there is no row for."""
        receipt = Receipt(self, 0)
        receipt.advance("set aside", reason)
        return receipt

    def hold(self, receipt: Receipt) -> None:
        """Keep a receipt that somebody waits for until it is final."""
        self._held[receipt.id] = receipt

    def awaited_on_disk(self) -> list[int]:
        """Return the rows on disk of which somebody waits to hear."""
        return [row_id for row_id, receipt in self._held.items() if receipt.state == "on disk"]

    def on_disk(self, row_ids: Iterable[int]) -> None:
        """These were committed."""
        if self._all:
            for row_id in row_ids:
                if (receipt := self._all.get(row_id)) is not None:
                    receipt.advance("on disk")

    def recalled(self, row_ids: Iterable[int]) -> None:
        """These had a wrong time and are to get another: what becomes of those on the way is not their end."""
        for row_id in row_ids:
            if (receipt := self._all.pop(row_id, None)) is not None:
                self._recalled[row_id] = receipt

    def dated(self, row_id: int, new_id: int) -> None:
        """A sample that was undated goes on as another row."""
        receipt = self._recalled.pop(row_id, None) or self._all.pop(row_id, None)
        if receipt is not None:
            receipt.id = new_id
            self._all[new_id] = receipt
            if self._held.pop(row_id, None) is not None:
                self._held[new_id] = receipt

    def settle(self, row_ids: Iterable[int], outcome: Outcome, reason: str = "") -> None:
        """This became of these."""
        if not self._all and not self._recalled:
            return
        for row_id in row_ids:
            receipt = self._all.pop(row_id, None) or (self._recalled.pop(row_id, None) if outcome == "lost" else None)
            self._held.pop(row_id, None)
            if receipt is not None:
                receipt.advance(outcome, reason)


def _call(callback: Callable[[Receipt], None], receipt: Receipt) -> None:
    try:
        callback(receipt)
    except Exception as error:  # noqa: BLE001 - a listener's mistake must not cost the outbox its thread of work
        logger.opt(exception=error).error("outbox | a receipt's listener failed")
