"""Send queue: which samples go next, and in which message.

The outbox has all of them. Their numbers are kept by device and taken out in this order (``waiting_rows.py``):

1. *fresh*: of a device that was just proven the newest sample, so that its latest value over there is of today before
   its history follows (an old value as the first raises ThingsBoard's alarms);
2. *live*: what came since the last break;
3. *backlog*: what was there before, the oldest first. For ThingsBoard a device's rows in a message are one telemetry
   message, whatever their number.

Rules:

* A device's samples go only while the device is *open* (``introductions.py`` has proven it). The others' wait on disk,
  and cost eight bytes each here.
* :meth:`SendQueue.rewind` begins anew with all that is on disk: what was sent and not confirmed is sent again.
* Rows under suspicion (``poison.py``) are held out and tried alone, between messages of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bridge.delivery.messages import MAX_BYTES, Message, Room, TelemetryBuilder
from bridge.delivery.poison import Poison
from bridge.delivery.waiting_rows import WaitingRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bridge.outbox.row import Row

_INDEX_ROWS = 4_000  # fetched at a time
_INDEX_AT_ONCE = 2
_TAIL_ROWS = 20_000  # the newest on disk, looked through for each device's newest
_ROW_BYTES = 150.0  # at first


class Shelf(Protocol):
    """What the queue needs of the outbox."""

    @property
    def last_id(self) -> int:
        """Id of the newest row."""

    async def index(self, *, after: int, limit: int) -> list[tuple[int, str]]:
        """Id and device of the rows with ``id > after``, oldest first."""

    async def rows(self, ids: Sequence[int]) -> list[Row]:
        """Those of the rows that are still there, in the order of ``ids``."""

    async def set_aside(self, ids: Iterable[int], reason: str) -> None:
        """Take rows out for good."""


class SendQueue:
    """See the module's rules.

    Args:
        shelf: the outbox.
        as_device: whether the session is the meter's own and no gateway's.
        all_open: whether devices need not be proven: there is no gateway, or no ThingsBoard.
    """

    def __init__(self, shelf: Shelf, *, as_device: bool = False, all_open: bool = False) -> None:
        self._shelf = shelf
        self._as_device = as_device
        self._waiting = WaitingRows(all_open=all_open)
        self._poison = Poison()
        self._row_bytes = _ROW_BYTES
        self._sent: set[int] = set()
        self._horizon = self._live_upto = self._indexed_upto = 0
        self._has_tail = False
        self._begin()

    def new_devices(self) -> list[str]:
        """Devices that were found to have something waiting since this was asked the last time, or since a rewind."""
        return self._waiting.new_devices()

    @property
    def ready_devices(self) -> int:
        """How many open devices have something waiting, about."""
        return self._waiting.devices

    @property
    def ready_rows(self) -> int:
        """How many rows of open devices are known to wait, about; no fewer than devices."""
        return self._waiting.rows

    @property
    def is_searching(self) -> bool:
        """Whether part of the backlog was not looked at yet, and nothing to send is known of."""
        return not self._waiting.has_any and self._indexed_upto < self._horizon

    def open(self, device: str) -> None:
        """The device's samples may go."""
        self._waiting.open(device)

    def close(self, device: str) -> None:
        """They may not."""
        self._waiting.close(device)

    def close_all(self) -> None:
        """No session: nobody's may go."""
        self._waiting.close_all()

    def rewind(self, *, keep: Iterable[int] = ()) -> None:
        """Begin anew with all that is on disk.

        Args:
            keep: rows that were sent and still count as sent.
        """
        self._begin(keep)

    async def look(self) -> None:
        """Take note of what came to the outbox, and of as much of the backlog as will be wanted soon."""
        if not self._has_tail:
            await self._find_newest()
        if self._live_upto < self._shelf.last_id:
            await self._find_live()
        if self._indexed_upto < self._horizon and not self._waiting.has_enough:
            await self._find_old()

    def has_next(self, now_s: float) -> bool:
        """Whether a row of an open device is known to wait, or one under suspicion may be tried."""
        return self._waiting.has_any or self.has_trial(now_s)

    def has_trial(self, now_s: float) -> bool:
        """Whether rows under suspicion, whose devices are open, may be tried as soon as nothing is on the way."""
        return self._poison.may_try(now_s, self._waiting.is_open)

    def next_trial_s(self) -> float | None:
        """When a row under suspicion may be tried alone; None when there is none."""
        return self._poison.next_trial_s()

    async def take(
        self, room: Room, now_s: float, *, rows: int, may: Callable[[str], bool], is_idle: bool
    ) -> Message | None:
        """The next message; None when nothing of an open device waits, or none of it fits.

        Rows that fit no message are set aside on the way.

        Args:
            room: what the message may have.
            now_s: the time.
            rows: how many rows at most.
            may: whether a device's limits let it have a row now.
            is_idle: whether nothing is on the way; only then a row under suspicion is tried.
        """
        await self.look()
        others = self._poison.others_first and self._waiting.has_any
        may_try = is_idle and not others and room.entries >= 1 and room.points >= 1
        if may_try and (trial := self._poison.trial(now_s, self._waiting.is_open)):
            return await self._built([row.id for row in trial], room, alone=True)
        if room.entries < 1 or room.points < 1:
            return None
        rows = min(rows, max(1, int(min(room.max_bytes, MAX_BYTES) / self._row_bytes)))
        chosen = self._waiting.choose(rows, room.entries, may)
        return await self._built(chosen, room) if chosen else None

    def accepted(self, message: Message) -> None:
        """ThingsBoard has taken it over."""
        if message.is_alone:
            self._poison.accepted(message.ids)

    def stored(self, message: Message) -> None:
        """It arrived."""
        self._poison.stored(message.ids, message.devices)

    async def failed(self, messages: Sequence[Message], now_s: float) -> None:
        """The session ended on these, and one of their rows may be the reason. Call :meth:`rewind` as well."""
        rows = await self._shelf.rows([row_id for message in messages for row_id in message.ids])
        condemned = self._poison.failed(rows, now_s)
        if condemned is not None:
            await self._shelf.set_aside(
                [condemned.id],
                f"ThingsBoard ends the session on {condemned.device} at {condemned.ts_ms} each time that it is sent "
                "alone, and takes the others of this device",
            )

    async def unreadable(self, messages: Sequence[Message], now_s: float) -> None:
        """ThingsBoard said that it cannot read something of these; the session stands. Call :meth:`rewind` as well."""
        for message in messages:
            rows = await self._shelf.rows(message.ids)
            condemned = self._poison.unreadable(rows, now_s)
            if condemned is not None:
                await self._shelf.set_aside(
                    [condemned.id],
                    f"ThingsBoard says each time that it cannot read {condemned.device} at {condemned.ts_ms}, sent "
                    "alone, and takes the others of this device",
                )

    def excuse(self) -> None:
        """There was another reason for the last session's end: none of its rows is under suspicion for it."""
        self._poison.excuse()

    # What is kept.

    def _begin(self, sent: Iterable[int] = ()) -> None:
        self._sent = set(sent)
        self._poison.given_up()
        self._horizon = self._live_upto = self._shelf.last_id
        self._waiting.begin(self._horizon, self._poison.devices)  # a trial needs the device open, too
        self._indexed_upto = 0
        self._has_tail = False

    async def _find_newest(self) -> None:
        self._has_tail = True
        tail = await self._shelf.index(after=max(0, self._horizon - _TAIL_ROWS), limit=_TAIL_ROWS)
        self._waiting.note_newest(
            (row_id, device) for row_id, device in tail if row_id <= self._horizon and self._may_wait(row_id)
        )

    async def _find_live(self) -> None:
        while self._live_upto < self._shelf.last_id:
            found = await self._shelf.index(after=self._live_upto, limit=_INDEX_ROWS)
            if not found:
                self._live_upto = self._shelf.last_id
            for row_id, device in found:
                self._live_upto = row_id
                if row_id not in self._poison:
                    self._waiting.note_live(row_id, device)

    async def _find_old(self) -> None:
        for _ in range(_INDEX_AT_ONCE):
            if self._indexed_upto >= self._horizon or self._waiting.has_enough:
                break
            found = await self._shelf.index(after=self._indexed_upto, limit=_INDEX_ROWS)
            if not found:
                self._indexed_upto = self._horizon
            for row_id, device in found:
                if row_id > self._horizon:
                    self._indexed_upto = self._horizon
                    break
                self._indexed_upto = row_id
                if self._may_wait(row_id):
                    self._waiting.note_old(row_id, device)

    def _may_wait(self, row_id: int) -> bool:
        return row_id not in self._sent and row_id not in self._poison

    async def _built(self, ids: list[int], room: Room, *, alone: bool = False) -> Message | None:
        builder = TelemetryBuilder(room, as_device=self._as_device)
        rows = await self._shelf.rows(ids)
        left: list[Row] = []
        full: set[str] = set()  # devices of which no more fits; of others there may
        for row in rows:
            try:
                if row.device not in full and builder.add(row):
                    continue
            except ValueError as error:
                await self._shelf.set_aside([row.id], str(error))
                continue
            full.add(row.device)
            left.append(row)
        self._waiting.give_back(row for row in left if row.id not in self._poison)
        if builder.is_empty:
            return None
        message = builder.message()
        message.is_alone = alone
        self._row_bytes = max(20.0, 0.9 * self._row_bytes + 0.1 * len(message.payload) / len(message.ids))
        return message
