"""Send queue: which samples go next, and in which message.

The outbox has all of them; this keeps their numbers by device and takes them out in this order:

1. *fresh*: of a device that was just proven the newest sample, so that its latest value over there is of today before
   its history follows (an old value as the first raises ThingsBoard's alarms);
2. *live*: what came since the last break;
3. *backlog*: what was there before, the oldest first. Each device that is in a message already gives as many rows as
   there is room for: for ThingsBoard that is one telemetry message, whatever their number.

Rules:

* A device's samples go only while the device is *open* (``introductions.py`` has proven it). The others' wait on disk,
  and cost eight bytes each here.
* A device whose live samples pile up is behind: they become backlog, but for the newest.
* :meth:`SendQueue.rewind` begins anew with all that is on disk: what was sent and not confirmed is sent again.
* Rows under suspicion (``poison.py``) are held out and tried alone, between messages of others.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Protocol

from bridge.delivery.messages import MAX_BYTES, Message, Room, TelemetryBuilder
from bridge.delivery.poison import Poison

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bridge.outbox.row import Row

_INDEX_ROWS = 4_000  # fetched at a time
_INDEX_AT_ONCE = 2
_KNOWN_ROWS = 4_000  # rows of open devices that are known of before one is chosen: a day is not read for one message
_TAIL_ROWS = 20_000  # the newest on disk, looked through for each device's newest
_PILE = 50
_PASS_OVER = 64  # devices with older rows that may not go now, before the search for others ends
_LEAST_ROWS_AN_ENTRY = 8
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
        self._all_open = all_open
        self._poison = Poison()
        self._row_bytes = _ROW_BYTES
        self._open: set[str] = set()
        self._sent: set[int] = set()
        self._lanes: dict[str, _Lane] = {}
        self._found: list[str] = []
        self._hurry: dict[str, None] = {}  # devices with fresh or live rows, the one that waited longest first
        self._heap: list[tuple[int, str]] = []  # devices with backlog, by their oldest row
        self._horizon = self._live_upto = self._indexed_upto = 0
        self._has_tail = False
        self._known = 0
        self._begin()

    def new_devices(self) -> list[str]:
        """Devices that were found to have something waiting since this was asked the last time, or since a rewind."""
        found, self._found = self._found, []
        return found

    @property
    def ready_devices(self) -> int:
        """How many open devices have something waiting, about."""
        return len(self._hurry) + len(self._heap)

    @property
    def ready_rows(self) -> int:
        """How many rows of open devices are known to wait, about; no fewer than devices."""
        return len(self._hurry) + self._known

    @property
    def is_searching(self) -> bool:
        """Whether part of the backlog was not looked at yet, and nothing to send is known of."""
        return not (self._hurry or self._heap) and self._indexed_upto < self._horizon

    def open(self, device: str) -> None:
        """The device's samples may go."""
        if device not in self._open:
            self._open.add(device)
            self._ready(device)

    def _is_open(self, device: str) -> bool:
        return self._all_open or device in self._open

    def close(self, device: str) -> None:
        """They may not."""
        self._open.discard(device)

    def close_all(self) -> None:
        """No session: nobody's may go."""
        self._open.clear()

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
        while self._live_upto < self._shelf.last_id:
            found = await self._shelf.index(after=self._live_upto, limit=_INDEX_ROWS)
            if not found:
                self._live_upto = self._shelf.last_id
            for row_id, device in found:
                self._live_upto = row_id
                self._note_live(row_id, device)
        for _ in range(_INDEX_AT_ONCE):
            if self._indexed_upto >= self._horizon or (self._heap and self._known >= _KNOWN_ROWS):
                break
            found = await self._shelf.index(after=self._indexed_upto, limit=_INDEX_ROWS)
            if not found:
                self._indexed_upto = self._horizon
            for row_id, device in found:
                if row_id > self._horizon:
                    self._indexed_upto = self._horizon
                    break
                self._indexed_upto = row_id
                self._note_old(row_id, device)

    def has_next(self, now_s: float) -> bool:
        """Whether a row of an open device is known to wait, or one under suspicion may be tried."""
        return bool(self._hurry or self._heap) or self.has_trial(now_s)

    def has_trial(self, now_s: float) -> bool:
        """Whether rows under suspicion may be tried, as soon as nothing is on the way."""
        return self._poison.may_try(now_s)

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
        others = self._poison.others_first and (self._hurry or self._heap)
        may_try = is_idle and not others and room.entries >= 1 and room.points >= 1
        if may_try and (trial := self._poison.trial(now_s, self._is_open)):
            return await self._built([row.id for row in trial], room, alone=True)
        chosen = self._choose(room, rows, may)
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

    def excuse(self) -> None:
        """There was another reason for the last session's end: none of its rows is under suspicion for it."""
        self._poison.excuse()

    # What is kept.

    def _begin(self, sent: Iterable[int] = ()) -> None:
        self._sent = set(sent)
        self._poison.given_up()
        self._lanes, self._hurry, self._heap = {}, {}, []
        self._found = self._poison.devices  # no lane has them, and their trial needs the device open
        self._horizon = self._live_upto = self._shelf.last_id
        self._indexed_upto = 0
        self._has_tail = False
        self._known = 0

    async def _find_newest(self) -> None:
        self._has_tail = True
        for row_id, device in await self._shelf.index(after=max(0, self._horizon - _TAIL_ROWS), limit=_TAIL_ROWS):
            if row_id <= self._horizon and row_id not in self._sent and row_id not in self._poison:
                self._lane(device).newest = row_id
        for device in self._lanes:
            self._ready(device)

    def _note_live(self, row_id: int, device: str) -> None:
        if row_id in self._poison:
            return
        lane = self._lane(device)
        lane.live.append(row_id)
        if len(lane.live) > _PILE:
            self._known += len(lane.live) - 1 if lane.is_heaped else 0
            while len(lane.live) > 1:
                lane.old.append(lane.live.popleft())
        self._ready(device)

    def _note_old(self, row_id: int, device: str) -> None:
        if row_id in self._sent or row_id in self._poison:
            return
        lane = self._lane(device)
        if row_id in (lane.newest, lane.went_first):
            return
        lane.old.append(row_id)
        if lane.is_heaped:
            self._known += 1
        else:
            self._ready(device)

    def _lane(self, device: str) -> _Lane:
        lane = self._lanes.get(device)
        if lane is None:
            lane = self._lanes[device] = _Lane()
            self._found.append(device)
        return lane

    def _ready(self, device: str) -> None:
        lane = self._lanes.get(device)
        if lane is None or not self._is_open(device):
            return
        if lane.newest is not None or lane.live:
            self._hurry.setdefault(device)
        if lane.old_count and not lane.is_heaped:
            lane.is_heaped = True
            self._known += lane.old_count
            heappush(self._heap, (lane.oldest, device))

    # What is chosen.

    def _choose(self, room: Room, rows: int, may: Callable[[str], bool]) -> list[int]:
        if room.entries < 1 or room.points < 1:
            return []
        rows = min(rows, max(1, int(min(room.max_bytes, MAX_BYTES) / self._row_bytes)))
        pick = _Pick(rows, room.entries, may)
        waiting: list[str] = []
        for device in list(self._hurry):
            if pick.is_full or not pick.has_entry:
                break
            del self._hurry[device]
            if not self._is_open(device):
                continue
            lane = self._lanes[device]
            if pick.enter(device):
                pick.ids += lane.take_live(pick.left)
            if lane.newest is not None or lane.live:
                waiting.append(device)
        for device in waiting:
            self._hurry[device] = None
        self._fill(pick)
        return pick.ids

    def _fill(self, pick: _Pick) -> None:
        if pick.is_dear:  # another row of a device that is in it costs no telemetry message
            for device in list(pick.devices):
                self._take_old(device, min(pick.each, pick.left), pick.ids)
        passed_over: list[tuple[int, str]] = []
        while self._heap and not pick.is_full and len(passed_over) <= _PASS_OVER:
            oldest, device = heappop(self._heap)
            lane = self._lanes.get(device)
            if lane is None or not self._is_open(device) or not lane.old_count:
                if lane is not None:
                    lane.is_heaped = False
                continue
            if not pick.enter(device):
                passed_over.append((oldest, device))
                continue
            self._take_old(device, min(pick.each, pick.left), pick.ids)
            lane.is_heaped = bool(lane.old_count)
            if lane.is_heaped:
                heappush(self._heap, (lane.oldest, device))
        for item in passed_over:
            heappush(self._heap, item)

    def _take_old(self, device: str, count: int, chosen: list[int]) -> None:
        lane = self._lanes[device]
        taken = lane.take_old(count)
        self._known -= len(taken)
        chosen += taken

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
        self._return(left)
        if builder.is_empty:
            return None
        message = builder.message()
        message.is_alone = alone
        self._row_bytes = max(20.0, 0.9 * self._row_bytes + 0.1 * len(message.payload) / len(message.ids))
        return message

    def _return(self, rows: list[Row]) -> None:
        """What did not fit goes first the next time."""
        by_device: dict[str, list[int]] = {}
        for row in rows:
            if row.id not in self._poison:
                by_device.setdefault(row.device, []).append(row.id)
        for device, ids in by_device.items():
            lane = self._lane(device)
            live = [row_id for row_id in ids if row_id > self._horizon or row_id == lane.went_first]
            old = [row_id for row_id in ids if row_id not in live]
            lane.live.extendleft(reversed(live))
            lane.give_back(old)
            self._known += len(old) if lane.is_heaped else 0
            self._ready(device)


class _Pick:
    """The rows of a message that is being chosen."""

    def __init__(self, rows: int, entries: float, may: Callable[[str], bool]) -> None:
        self.ids: list[int] = []
        self.devices: dict[str, None] = {}
        self._rows = rows
        self._entries = entries
        self._may = may
        self.is_dear = not math.isinf(entries)
        """Whether a device more in the message costs something."""
        self.each = max(_LEAST_ROWS_AN_ENTRY, math.ceil(rows / entries)) if self.is_dear else _LEAST_ROWS_AN_ENTRY
        """Rows that a device gives at a time."""

    @property
    def left(self) -> int:
        return self._rows - len(self.ids)

    @property
    def is_full(self) -> bool:
        return self.left <= 0

    @property
    def has_entry(self) -> bool:
        return len(self.devices) + 1 <= self._entries

    def enter(self, device: str) -> bool:
        """Whether the device may give rows; from now on it is in the message."""
        if (device not in self.devices and not self.has_entry) or not self._may(device):
            return False
        self.devices[device] = None
        return True


class _Lane:
    """One device's rows that wait, by their ids."""

    __slots__ = ("_head", "is_heaped", "live", "newest", "old", "went_first")

    def __init__(self) -> None:
        self.live: deque[int] = deque()
        self.old = array("q")
        self._head = 0  # what is before it has been taken
        self.newest: int | None = None
        self.went_first: int | None = None
        self.is_heaped = False

    def __bool__(self) -> bool:
        return bool(self.live or self.old_count or self.newest is not None)

    @property
    def old_count(self) -> int:
        return len(self.old) - self._head

    @property
    def oldest(self) -> int:
        return self.old[self._head]

    def take_live(self, count: int) -> list[int]:
        if self.newest is not None and count:
            self.went_first, self.newest = self.newest, None
            return [self.went_first]
        return [self.live.popleft() for _ in range(min(count, len(self.live)))]

    def take_old(self, count: int) -> list[int]:
        taken = list(self.old[self._head : self._head + count])
        self._head += len(taken)
        if self._head > 4096 and self._head * 2 > len(self.old):
            del self.old[: self._head]
            self._head = 0
        return taken

    def give_back(self, ids: list[int]) -> None:
        if ids:
            self.old = array("q", ids) + self.old[self._head :]
            self._head = 0
