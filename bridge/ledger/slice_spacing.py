"""Spaces the slices of all meters out: what many answers at once take of the loop, live cycles would wait for."""

from __future__ import annotations

import asyncio

SPACING_S = 0.04
"""A slice of a day takes some 5 ms of the loop from its bytes to the outbox."""


class SliceSpacing:
    """Shared by all meters.

    Args:
        least_s: least time between the beginnings of two slices.
    """

    def __init__(self, least_s: float = SPACING_S) -> None:
        self._least_s = least_s
        self._next_s = 0.0

    async def turn(self) -> None:
        """Wait until the next slice may begin."""
        loop = asyncio.get_running_loop()
        begin_s = max(self._next_s, loop.time())
        self._next_s = begin_s + self._least_s
        if (wait_s := begin_s - loop.time()) > 0:
            await asyncio.sleep(wait_s)
