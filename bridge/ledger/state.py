"""What the back-fill says of itself: figures since the start. Health and metrics read them."""

from __future__ import annotations

from collections import Counter
from typing import Literal

RowResult = Literal["confirmed", "wanted again", "refused"]


class BackfillState:
    """One meter's figures since the start of the process."""

    def __init__(self) -> None:
        self.requests = 0
        """Slices asked for."""
        self.failures = 0
        """Those that failed."""
        self.rows: Counter[RowResult] = Counter()
        """Samples and intervals by what became of them."""
        self.without: dict[str, str] = {}
        """Logical names of what the profile names and the meter does not give, and why."""
        self.last_error = ""

    def settled(self, *, stored: int, wanted_again: int, refused: int) -> None:
        """Count what became of a batch."""
        self.rows["confirmed"] += stored
        self.rows["wanted again"] += wanted_again
        self.rows["refused"] += refused
