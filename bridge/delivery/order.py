"""Order: which samples go next. Live ones first, the backlog behind them, both oldest first.

Rules:

* What was stored before the last break (or start) is backlog, what came after is live. Live rows fill a window first.
* A live lane that falls behind by :data:`LIVE_ROWS` becomes backlog too: what is fresh now goes first.
* After rows were put back, everything unconfirmed is sent again: the outbox still has it.
* Rows under suspicion (``suspects.py``) are held out of both lanes and tried alone, between windows of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bridge.delivery.messages import MAX_BYTES, Message, Unfit, batches
from bridge.delivery.suspects import Suspects

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from bridge.delivery.pace import Pace
    from bridge.delivery.row import Row

LIVE_ROWS = 20_000
_ROWS_A_MESSAGE = 400  # about what 60 kB hold; a window's rows are fetched at once


class Shelf(Protocol):
    """What the order needs of the outbox."""

    @property
    def last_id(self) -> int:
        """Id of the newest row."""

    async def fetch(self, *, after: int = 0, upto: int | None = None, limit: int) -> list[Row]:
        """Rows with ``after < id <= upto``, oldest first."""

    async def quarantine(self, ids: Iterable[int], reason: str) -> None:
        """Set rows aside for good."""


class Order:
    """Takes windows off the outbox, in the order of the module's rules.

    Args:
        shelf: the outbox.
        pace: the limits that messages keep to.
        devices: a meter's device name in ThingsBoard.
        as_device: whether the session is the meter's own and no gateway's.
    """

    def __init__(self, shelf: Shelf, pace: Pace, devices: Mapping[str, str], *, as_device: bool = False) -> None:
        self._as_device = as_device
        self._shelf = shelf
        self._pace = pace
        self._devices = devices
        self._horizon = 0  # the newest row of the backlog
        self._live_after = 0
        self._backlog_after = 0
        self._suspects = Suspects()
        self.wait_s = 0.0
        """Seconds until the limits allow a message that :meth:`take` had to leave; 0 when it left none."""

    @property
    def live_waiting(self) -> int:
        """Upper bound of the live rows that were not taken yet."""
        return self._shelf.last_id - self._live_after

    def rewind(self) -> None:
        """Begin anew with all that is on the shelf: it is backlog now, and what comes from now on is live."""
        self._horizon = self._live_after = self._shelf.last_id
        self._backlog_after = 0

    async def take(self, count: int, now_s: float) -> list[Message]:
        """The next messages, at most ``count`` and as many as the limits allow; note them as sent.

        Rows that fit no message are set aside on the way.
        """
        self.wait_s = 0.0
        trial = self._suspects.trial()
        if trial:
            return await self._packed(trial, 1, now_s)
        if self.live_waiting > LIVE_ROWS:
            self._horizon = self._live_after = self._shelf.last_id
        return await self._packed(await self._rows(count * _ROWS_A_MESSAGE), count, now_s) or await self._packed(
            self._suspects.trial(alone=True), 1, now_s
        )

    def confirmed(self, ids: Iterable[int]) -> None:
        """These arrived."""
        for row_id in ids:
            self._suspects.acquit(row_id)
        self._suspects.something_arrived()

    async def put_back(self, ids: Collection[int], *, blamed: bool) -> None:
        """These did not arrive, as far as anyone knows: send them again.

        Args:
            ids: the rows.
            blamed: one of them may be the reason.
        """
        self.rewind()
        if blamed:
            condemned = self._suspects.failed(await self._fetched(ids))
            if condemned is not None:
                await self._shelf.quarantine(
                    [condemned.id],
                    f"ThingsBoard fails on {condemned.meter} at {condemned.ts_ms} and takes what comes after it",
                )

    async def _rows(self, limit: int) -> list[Row]:
        limit += len(self._suspects)  # they are on the shelf too, and must not fill a window's place
        live = await self._shelf.fetch(after=self._live_after, limit=limit)
        backlog = []
        if len(live) < limit:
            backlog = await self._shelf.fetch(after=self._backlog_after, upto=self._horizon, limit=limit - len(live))
        return [row for row in live + backlog if row.id not in self._suspects]

    async def _fetched(self, ids: Collection[int]) -> list[Row]:
        rows: list[Row] = []
        wanted = set(ids)
        for first, last in _runs(sorted(wanted)):
            found = await self._shelf.fetch(after=first - 1, upto=last, limit=last - first + 1)
            rows += [row for row in found if row.id in wanted]
        return rows

    async def _packed(self, rows: list[Row], count: int, now_s: float) -> list[Message]:
        taken: list[Message] = []
        limits = self._pace.limits
        for item in batches(
            rows,
            self._devices,
            max_bytes=min(MAX_BYTES, limits.max_payload_bytes or MAX_BYTES),
            max_points=self._pace.message_points,
            max_device_points=self._pace.message_device_points,
            as_device=self._as_device,
        ):
            if isinstance(item, Unfit):
                await self._shelf.quarantine([item.id], item.reason)
                continue
            if len(taken) == count:
                break
            self.wait_s = self._pace.wait_s(now_s, item)
            if self.wait_s > 0:
                break
            self._pace.spend(now_s, item)
            taken.append(item)
            self._advance(item.ids)
        return taken

    def _advance(self, ids: Iterable[int]) -> None:
        for row_id in ids:
            if row_id > self._horizon:
                self._live_after = max(self._live_after, row_id)
            else:
                self._backlog_after = max(self._backlog_after, row_id)


def _runs(ids: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of every run of neighbours; gaps shorter than a message do not divide."""
    start = previous = None
    for row_id in ids:
        if start is None or previous is None:
            start = row_id
        elif row_id - previous > _ROWS_A_MESSAGE:
            yield start, previous
            start = row_id
        previous = row_id
    if start is not None and previous is not None:
        yield start, previous
