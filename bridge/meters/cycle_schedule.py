"""When a meter's next cycle is due: on a grid of its own, earlier when somebody asks, never before it may."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class CycleSchedule:
    """The cycles of one meter in time; times are the event loop's.

    Args:
        interval_s: seconds from one cycle to the next.
    """

    __slots__ = ("_due_s", "_not_before_s", "_sleeper", "_woken", "interval_s")

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self._due_s = 0.0
        self._not_before_s = 0.0  # whoever asks: a refused password is not tried in a hurry
        self._sleeper: asyncio.Future[None] | None = None
        self._woken = False

    def begin(self) -> None:
        """Begin the grid now."""
        self._due_s = asyncio.get_running_loop().time()

    @property
    def late_s(self) -> float:
        """For how long the cycle that is running has been due."""
        return asyncio.get_running_loop().time() - self._due_s

    @property
    def must_wait(self) -> bool:
        """Whether the meter is to be left alone now, whoever asks."""
        return asyncio.get_running_loop().time() < self._not_before_s

    def leave_alone(self, wait_s: float) -> None:
        """Let nobody wake the schedule for so long."""
        self._not_before_s = asyncio.get_running_loop().time() + wait_s

    async def sleep(self, wait_s: float, skipped: Callable[[int], None]) -> None:
        """Sleep until the next cycle is due, or somebody wakes the schedule.

        Args:
            wait_s: begin the next cycle after so long; 0 keeps to the grid.
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
        await self._sleep_until(self._due_s)
        self._due_s = min(self._due_s, loop.time())  # earlier when woken: the grid begins anew

    def wake(self) -> None:
        """End the sleep, or the next one before it begins; not when the meter must be left alone."""
        if self._sleeper is None:
            self._woken = True
        elif not self.must_wait:
            self._end_sleep()

    async def _sleep_until(self, due_s: float) -> None:
        loop = asyncio.get_running_loop()
        if self._woken:
            self._woken = False
            due_s = self._not_before_s
        if due_s <= loop.time():
            await asyncio.sleep(0)
            return
        self._sleeper = loop.create_future()
        timer = loop.call_at(due_s, self._end_sleep)
        try:
            await self._sleeper
        finally:
            timer.cancel()
            self._sleeper = None

    def _end_sleep(self) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)
