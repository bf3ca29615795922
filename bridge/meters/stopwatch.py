"""How long a meter's requests take: a watch on its conversations that hands on to another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.meters.frame_watch import FrameWatch


class Stopwatch:
    """Measures the time from a request to the first frame that comes back.

    Args:
        took: is told the seconds.
        then: sees the same bytes afterwards; None for nobody.
    """

    def __init__(self, took: Callable[[float], None], then: FrameWatch | None = None) -> None:
        self._took = took
        self._then = then
        self._asked_s: float | None = None

    def sent(self, data: bytes) -> None:
        """A request goes out now."""
        self._asked_s = time.perf_counter()
        if self._then is not None:
            self._then.sent(data)

    def came(self, frame: bytes) -> None:
        """A whole frame came back."""
        if self._asked_s is not None:
            self._took(time.perf_counter() - self._asked_s)
            self._asked_s = None
        if self._then is not None:
            self._then.came(frame)
