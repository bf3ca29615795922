"""Spaces out the associations that many meters would begin at once: they cost far more than readings.

A fleet that comes back does not starve the meters that already read, and a silent meter holds nobody up: only the start
is spaced.
"""

from __future__ import annotations

import asyncio


class AssociationSpacing:
    """Turns, one after another.

    Args:
        gap_s: least time from one turn to the next; 0 spaces nothing.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._next_s = 0.0

    async def turn(self) -> None:
        """Wait for this one's turn; return at once when nobody has begun recently."""
        if not self._gap_s:
            return
        now_s = asyncio.get_running_loop().time()
        mine_s = max(self._next_s, now_s)
        self._next_s = mine_s + self._gap_s
        if mine_s > now_s:
            await asyncio.sleep(mine_s - now_s)
