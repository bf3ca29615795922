"""When a meter's next cycle is due: at its own interval, earlier when somebody asks, never before it may.

It begins with those of other meters that are due at nearly the same time: see ``cycle_grid.py``. An interval of less
than a second is kept to the millisecond instead.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.meters.cycle_grid import CycleGrid

_LEAST_ON_GRID_S = 1.0
"""A step of the grid is little beside an interval of this length."""


class CycleSchedule:
    """The cycles of one meter in time; times are the event loop's.

    Args:
        interval_s: seconds from one cycle to the next.
        grid: when cycles begin; shared by all meters.
    """

    __slots__ = ("_begins_s", "_due_s", "_grid", "_not_before_s", "_sleeper", "_woken", "interval_s")

    def __init__(self, interval_s: float, grid: CycleGrid) -> None:
        self.interval_s = interval_s
        self._grid = grid
        self._due_s = 0.0
        self._begins_s = 0.0  # the moment of the grid for what is due
        self._not_before_s = 0.0  # whoever asks: a refused password is not tried in a hurry
        self._sleeper: asyncio.Future[None] | None = None
        self._woken = False

    def begin(self) -> None:
        """Be due now, and every interval from now on."""
        self._due_s = self._begins_s = asyncio.get_running_loop().time()

    @property
    def late_s(self) -> float:
        """How long ago the cycle that is running should have begun, by the grid."""
        return asyncio.get_running_loop().time() - self._begins_s

    @property
    def free_s(self) -> float:
        """Seconds before the next cycle is due; 0 while one is running."""
        return max(self._due_s - asyncio.get_running_loop().time(), 0.0)

    @property
    def must_wait(self) -> bool:
        """Whether the meter is to be left alone now, whoever asks."""
        return asyncio.get_running_loop().time() < self._not_before_s

    def leave_alone(self, wait_s: float) -> None:
        """Let nobody wake the schedule for so long."""
        self._not_before_s = asyncio.get_running_loop().time() + wait_s

    async def sleep(self, wait_s: float, skipped: Callable[[int], None]) -> None:
        """Sleep until the next cycle begins, or somebody wakes the schedule.

        Args:
            wait_s: begin the next cycle after so long; 0 keeps to the interval.
            skipped: is told how many cycles are skipped because the one before was still running.
        """
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if wait_s:
            self._due_s = now_s + wait_s
        else:
            self._due_s += self.interval_s
            if self._due_s < now_s:
                missed = int((now_s - self._due_s) // self.interval_s) + 1
                skipped(missed)
                self._due_s += missed * self.interval_s
        grid = self._grid if self.interval_s >= _LEAST_ON_GRID_S else None
        self._begins_s = self._due_s if grid is None else grid.begins_s(self._due_s)
        await self._sleep_until(self._due_s, grid)
        now_s = loop.time()  # earlier when woken: the interval counts from here
        self._due_s, self._begins_s = min(self._due_s, now_s), min(self._begins_s, now_s)

    def wake(self) -> None:
        """End the sleep, or the next one before it begins; not when the meter must be left alone."""
        if self._sleeper is None:
            self._woken = True
        elif not self.must_wait:
            self._end_sleep()

    async def _sleep_until(self, due_s: float, grid: CycleGrid | None) -> None:
        loop = asyncio.get_running_loop()
        if self._woken:
            self._woken = False
            due_s = self._not_before_s
        if due_s <= loop.time():
            await asyncio.sleep(0)
            return
        sleeper = self._sleeper = loop.create_future()
        timer = loop.call_at(due_s, self._end_sleep) if grid is None else None
        try:
            await (sleeper if grid is None else grid.wait(due_s, sleeper))
        finally:
            self._sleeper = None
            if timer is not None:
                timer.cancel()

    def _end_sleep(self) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)
