"""A meter that keeps a load profile and an event log, and a way to ask it: models for the simulation of the ledger.

The meter is its buffer: rows that fall out of it are gone, periods without power give none. What a row holds follows
from its meter and its time, so what lies upstream says itself whether it is right.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.dlms.history import HistoryLayout, HistoryRow, HistoryWays, SliceRead
from bridge.dlms.load_profile import ProfileCell, ProfileColumn
from bridge.errors import AccessError, LinkError, NotNow
from bridge.ledger.reader import HistorySource

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

PROFILE, EVENTS = "1.0.99.1.0.255", "0.0.99.98.0.255"
QUARTER_MS = 900_000
POWER_DOWN_BIT = 1 << 7
SOURCES = (
    HistorySource(PROFILE, "intervals", {"1.0.1.8.0.255": "energy"}, status={7: "power down", 5: "clock adjusted"}),
    HistorySource(EVENTS, "events", {}),
)


_CLOCK = ProfileColumn(8, "0.0.1.0.0.255", 2)
_STATUS = ProfileColumn(1, "0.0.96.10.1.255", 2)
_ENERGY = ProfileColumn(3, "1.0.1.8.0.255", 2, unit="Wh")
_CODE = ProfileColumn(1, "0.0.96.11.0.255", 2)


def energy(number: int, end_ms: int) -> int:
    """What the register of meter ``number`` was at the time."""
    return end_ms // 60_000 * (number + 1) + (end_ms // QUARTER_MS) % 7


class ModelMeter:
    """See the module.

    Args:
        number: which.
        capacity: rows of its load profile.
        starts_ms: rows up to here are there at the beginning.
        offs: when it had no power.
        tells_power: whether the rows beside such a time, and the event log, say so.
        lag_ms: so much later than its end a row is there.
    """

    def __init__(
        self,
        number: int,
        capacity: int,
        starts_ms: int,
        offs: list[tuple[int, int]],
        *,
        tells_power: bool,
        lag_ms: int = 0,
    ) -> None:
        self.number = number
        self.name = f"meter{number}"
        self.capacity = capacity
        self.rows: deque[HistoryRow] = deque(maxlen=capacity)
        self.events: deque[HistoryRow] = deque(maxlen=200)
        self.ever: dict[int, HistoryRow] = {}
        self.absent: set[int] = set()
        self.statuses: dict[int, int] = {}
        """What the status of a row will be, where it is said beforehand."""
        self._offs = offs
        self._tells = tells_power
        self._done_ms = starts_ms - capacity * QUARTER_MS
        self._lag_ms = lag_ms
        self._told: set[tuple[int, int]] = set()
        self.go_on(starts_ms)

    def go_on(self, now_ms: int) -> None:
        """Capture what has ended by now."""
        for off in self._offs:
            for at_ms, code in zip(off, (1, 2), strict=True):
                if self._tells and at_ms <= now_ms and (at_ms, code) not in self._told:
                    self._told.add((at_ms, code))
                    self.events.append(HistoryRow(at_ms, (ProfileCell(""), ProfileCell(code))))
        end_ms, now_ms = self._done_ms - self._done_ms % QUARTER_MS + QUARTER_MS, now_ms - self._lag_ms
        while end_ms <= now_ms:
            self._done_ms = end_ms
            if any(down <= end_ms - QUARTER_MS and end_ms <= up for down, up in self._offs):
                self.absent.add(end_ms)
            elif not any(down < end_ms <= up for down, up in self._offs):
                touched = any(end_ms - QUARTER_MS < up and down < end_ms for down, up in self._offs)
                status = POWER_DOWN_BIT if touched and self._tells else 0
                status = self.statuses.get(end_ms, status)
                row = HistoryRow(
                    end_ms, (ProfileCell(""), ProfileCell(status), ProfileCell(energy(self.number, end_ms))), status
                )
                self.rows.append(row)
                self.ever[end_ms] = row
            else:
                self.absent.add(end_ms)
            end_ms += QUARTER_MS

    def is_off(self, at_ms: int) -> bool:
        """Whether it has no power then."""
        return any(down <= at_ms < up for down, up in self._offs)


class ModelReader:
    """Asks a meter over a network that may be cut.

    Args:
        meter: which.
        now_ms: the time.
        is_cut: whether the network is, now.
        rng: what goes wrong.
    """

    drift_s: float | None = None

    def __init__(
        self, meter: ModelMeter, now_ms: Callable[[], int], is_cut: Callable[[], bool], rng: random.Random
    ) -> None:
        self._meter = meter
        self._now_ms = now_ms
        self._is_cut = is_cut
        self._rng = rng
        self.free_s = 4.0
        self.breaks = 0.01
        """Share of questions at which the connection breaks."""
        self.asked = 0
        self.refuses: Exception | None = None
        """What rows are answered with; None for rows."""
        self.questions = 1
        """How many it takes for anything."""
        self.no_room_for_rows = 0
        """So many questions for rows in a row find no room before the next live cycle."""
        self.examined = 0
        self.silent_to = ""
        """The history whose layout it does not answer for; the connection is closed for that."""
        self.silences = 0

    def zone_doubt(self, layout: HistoryLayout) -> str:
        """As the protocol says."""
        return "its clock states no time zone and is +60 min off UTC, as this machine's never is"

    async def examine(self, source: HistorySource, known: HistoryLayout | None, now_ms: int) -> HistoryLayout:
        """As the protocol says."""
        await self._ask(3)
        self.examined += 1
        if source.logical_name == self.silent_to:
            self.silences += 1
            raise LinkError("no answer within 5 s")
        if source.logical_name == PROFILE:
            return HistoryLayout(PROFILE, (_CLOCK, _STATUS, _ENERGY), 900, 0, 1, capacity=self._meter.capacity)
        if source.logical_name == EVENTS:
            return HistoryLayout(EVENTS, (_CLOCK, _CODE), 0, 0, None)
        raise AccessError("has none")

    async def read(
        self, layout: HistoryLayout, start_ms: int, end_ms: int, ways: HistoryWays, *, needs_s: float | None = None
    ) -> SliceRead:
        """As the protocol says."""
        rows = tuple(row for row in self._buffer(layout) if start_ms < row.end_ms <= end_ms)
        self._wants_room()
        await self._ask(len(rows))
        return SliceRead(rows, replace(ways, by="range"), is_whole=True, undated=0, requests=1)

    async def oldest(self, layout: HistoryLayout, ways: HistoryWays, now_ms: int) -> int | None:
        """As the protocol says."""
        self._wants_room()
        await self._ask(1)
        return next((row.end_ms for row in self._buffer(layout)), None)

    def _buffer(self, layout: HistoryLayout) -> deque[HistoryRow]:
        self._meter.go_on(self._now_ms())
        return self._meter.rows if layout.period_s else self._meter.events

    def _wants_room(self) -> None:
        if self.no_room_for_rows:
            self.no_room_for_rows -= 1
            raise NotNow("no room for a question of 0.5 s before the next reading", after_s=0.2)

    async def _ask(self, rows: int) -> None:
        if self._is_cut() or self._meter.is_off(self._now_ms()):
            raise NotNow("is not associated", after_s=5.0)
        self.asked += self.questions
        if self.refuses is not None:
            raise self.refuses
        await asyncio.sleep(0.05 + 0.01 * rows)
        if self._is_cut() or self._rng.random() < self.breaks:
            raise LinkError("the connection broke")
