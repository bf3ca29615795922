"""A hung event loop ends the process, so that Docker restarts it: Docker does not restart what is merely unhealthy.

Each beat postpones the end. When no beat comes, a thread of the C library writes the stack of every thread to standard
error and ends the process. That thread takes no lock and needs no Python, because the log's own lock, or a library that
never returns, may be what hangs. Its output is not in our words; the runbook explains it (BridgeHangs).
"""

from __future__ import annotations

import asyncio
import faulthandler
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.health.process_metrics import ProcessMetrics

_BEAT_S = 1.0
HUNG_EXIT_CODE = 1  # faulthandler's


def _put_off(patience_s: float) -> None:
    """End the process in ``patience_s`` unless called again by then. No clean-up is needed: all is on disk."""
    # Not sys.stderr: it may be anything by now, and need not have a descriptor.
    faulthandler.dump_traceback_later(patience_s, exit=True, file=sys.__stderr__ or 2)


class Watchdog:
    """Beats on the loop, and ends the process when the beat stops.

    Args:
        metrics: where the lag of the loop is shown.
        patience_s: silence after which the process is ended.
        put_off: postpones the end by so many seconds; tests pass their own.
        take_back: cancels the end.
        clock_s: monotonic seconds.
    """

    def __init__(
        self,
        metrics: ProcessMetrics,
        *,
        patience_s: float = 60.0,
        put_off: Callable[[float], None] = _put_off,
        take_back: Callable[[], None] = faulthandler.cancel_dump_traceback_later,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience_s = patience_s
        self._put_off = put_off
        self._take_back = take_back
        self._clock_s = clock_s
        self._last_beat_s = clock_s()
        self._last_lag_s = 0.0
        # Asked at each scrape: a loop that hangs now sets no gauge.
        metrics.loop_lag.set_function(lambda: max(self._last_lag_s, self.silence_s - _BEAT_S))

    @property
    def silence_s(self) -> float:
        """Seconds since the loop last ran the beat."""
        return self._clock_s() - self._last_beat_s

    async def run(self) -> None:
        """Beat every second until cancelled."""
        try:
            while True:
                self._last_beat_s = self._clock_s()
                self._put_off(self._patience_s)
                await asyncio.sleep(_BEAT_S)
                self._last_lag_s = max(0.0, self.silence_s - _BEAT_S)
        finally:
            self._take_back()
