"""Spaces out what many meters would begin in one instant: associations cost far more than readings do.

Those that already read are not starved by a fleet that comes back, and a meter that is silent holds nobody up: what is
spaced is the beginning alone.
"""

from __future__ import annotations

import asyncio


class Ramp:
    """Turns, one after the other.

    Args:
        gap_s: least time from one turn to the next; 0 spaces nothing.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._next_s = 0.0

    async def turn(self) -> None:
        """Wait until it is this one's turn; at once when nobody has begun of late."""
        if not self._gap_s:
            return
        now_s = asyncio.get_running_loop().time()
        mine_s = max(self._next_s, now_s)
        self._next_s = mine_s + self._gap_s
        if mine_s > now_s:
            await asyncio.sleep(mine_s - now_s)
