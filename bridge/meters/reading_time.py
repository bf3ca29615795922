"""When a meter is read: the moment, as the machine counts it, and its time as well as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.clock.moment import Moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.clock.clock import BridgeClock


class ReadingTime:
    """Gives the moments of one meter's readings; no two of them share a time.

    Args:
        clock: the bridge's; None where ``clock_s`` is all there is.
        clock_s: Unix seconds.
    """

    def __init__(self, clock: BridgeClock | None, clock_s: Callable[[], float]) -> None:
        self._clock = clock
        self._clock_s = clock_s
        self._last: Moment | None = None

    def take(self) -> tuple[Moment, int]:
        """Return this moment, and its time in milliseconds since 1970-01-01 UTC."""
        if self._clock is None:
            return Moment(0, 0), round(self._clock_s() * 1000)
        self._last = self._clock.moment().no_sooner_than(self._last)
        return self._last, self._clock.best_ms(self._last)
