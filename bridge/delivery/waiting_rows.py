"""Waiting rows: what is known to wait, by device, and the order in which it goes.

1. *fresh*: of each device the newest row that was there at the beginning;
2. *live*: what came since;
3. *backlog*: the rest of what was there, the oldest first.

Rules:

* Only rows of *open* devices are chosen; the others' are kept until their device is open.
* A device whose live rows pile up is behind: they become backlog, but for the newest.
* Each device that is in a message already gives as many rows as there is room for, where one more device costs
  something.

It knows ids and devices alone; what is in a row, on disk, sent, or under suspicion is ``send_queue.py``'s.
"""

from __future__ import annotations

import math
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from bridge.delivery.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.outbox.row import Row

_KNOWN_ROWS = 4_000  # rows of open devices that are known of before one is chosen: a day is not read for one message
_PILE = 50
_PASS_OVER = 64  # devices with older rows that may not go now, before the search for others ends
_LEAST_ROWS_AN_ENTRY = 8


class WaitingRows:
    """See the module's rules.

    Args:
        all_open: whether devices need not be opened.
    """

    def __init__(self, *, all_open: bool = False) -> None:
        self._all_open = all_open
        self._open: set[str] = set()
        self._lanes: dict[str, Lane] = {}
        self._found: list[str] = []
        self._hurry: dict[str, None] = {}  # devices with fresh or live rows, the one that waited longest first
        self._heap: list[tuple[int, str]] = []  # devices with backlog, by their oldest row
        self._horizon = 0
        self._known = 0

    def begin(self, horizon: int, found: list[str]) -> None:
        """Nothing is known to wait any more; who is open stays so.

        Args:
            horizon: the newest row that is there.
            found: devices of which something waits elsewhere.
        """
        self._lanes, self._hurry, self._heap = {}, {}, []
        self._found = found
        self._horizon = horizon
        self._known = 0

    def new_devices(self) -> list[str]:
        """Devices that were found to have something waiting since this was asked the last time, or :meth:`begin`."""
        found, self._found = self._found, []
        return found

    @property
    def devices(self) -> int:
        """How many open devices have something waiting, about."""
        return len(self._hurry) + len(self._heap)

    @property
    def rows(self) -> int:
        """How many rows of open devices are known to wait, about; no fewer than devices."""
        return len(self._hurry) + self._known

    @property
    def has_any(self) -> bool:
        """Whether a row of an open device is known to wait."""
        return bool(self._hurry or self._heap)

    @property
    def has_enough(self) -> bool:
        """Whether so much of the backlog is known that no more need be looked up for the next message."""
        return bool(self._heap) and self._known >= _KNOWN_ROWS

    def open(self, device: str) -> None:
        """The device's rows may go."""
        if device not in self._open:
            self._open.add(device)
            self._ready(device)

    def is_open(self, device: str) -> bool:
        """Whether they may."""
        return self._all_open or device in self._open

    def close(self, device: str) -> None:
        """They may not."""
        self._open.discard(device)

    def close_all(self) -> None:
        """Nobody's may."""
        self._open.clear()

    def note_newest(self, rows: Iterable[tuple[int, str]]) -> None:
        """The newest rows that were there at the beginning, the oldest of them first: each device's last is fresh."""
        for row_id, device in rows:
            self._lane(device).newest = row_id
        for device in self._lanes:
            self._ready(device)

    def note_live(self, row_id: int, device: str) -> None:
        """A row that came since the beginning."""
        lane = self._lane(device)
        lane.live.append(row_id)
        if len(lane.live) > _PILE:
            self._known += len(lane.live) - 1 if lane.is_heaped else 0
            while len(lane.live) > 1:
                lane.old.append(lane.live.popleft())
        self._ready(device)

    def note_old(self, row_id: int, device: str) -> None:
        """A row that was there at the beginning; they are told the oldest first."""
        lane = self._lane(device)
        if row_id in (lane.newest, lane.went_first):
            return
        lane.old.append(row_id)
        if lane.is_heaped:
            self._known += 1
        else:
            self._ready(device)

    def choose(self, rows: int, entries: float, may: Callable[[str], bool]) -> list[int]:
        """Take out what goes next.

        Args:
            rows: how many rows at most.
            entries: how many devices at most.
            may: whether a device's limits let it have a row now.
        """
        pick = _Pick(rows, entries, may)
        waiting: list[str] = []
        for device in list(self._hurry):
            if pick.is_full or not pick.has_entry:
                break
            del self._hurry[device]
            if not self.is_open(device):
                continue
            lane = self._lanes[device]
            if pick.enter(device):
                pick.ids += lane.take_live(pick.left)
                if pick.is_dear:  # another row of a device that is in it costs no telemetry message
                    pick.ids += lane.take_live(pick.left)
            if lane.newest is not None or lane.live:
                waiting.append(device)
        for device in waiting:
            self._hurry[device] = None
        self._fill(pick)
        return pick.ids

    def _fill(self, pick: _Pick) -> None:
        if pick.is_dear:
            for device in list(pick.devices):
                self._take_old(device, min(pick.each, pick.left), pick.ids)
        passed_over: list[tuple[int, str]] = []
        while self._heap and not pick.is_full and len(passed_over) <= _PASS_OVER:
            oldest, device = heappop(self._heap)
            lane = self._lanes.get(device)
            if lane is None or not self.is_open(device) or not lane.old_count:
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

    def give_back(self, rows: Iterable[Row]) -> None:
        """What did not fit goes first the next time."""
        by_device: dict[str, list[int]] = {}
        for row in rows:
            by_device.setdefault(row.device, []).append(row.id)
        for device, ids in by_device.items():
            lane = self._lane(device)
            live = [row_id for row_id in ids if row_id > self._horizon or row_id == lane.went_first]
            old = [row_id for row_id in ids if row_id not in live]
            lane.live.extendleft(reversed(live))
            lane.give_back(old)
            self._known += len(old) if lane.is_heaped else 0
            self._ready(device)

    def _lane(self, device: str) -> Lane:
        lane = self._lanes.get(device)
        if lane is None:
            lane = self._lanes[device] = Lane()
            self._found.append(device)
        return lane

    def _ready(self, device: str) -> None:
        lane = self._lanes.get(device)
        if lane is None or not self.is_open(device):
            return
        if lane.newest is not None or lane.live:
            self._hurry.setdefault(device)
        if lane.old_count and not lane.is_heaped:
            lane.is_heaped = True
            self._known += lane.old_count
            heappush(self._heap, (lane.oldest, device))


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
