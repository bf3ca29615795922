"""A hung event loop ends the process, so that Docker restarts it: Docker does not restart what is merely unhealthy."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.health.metrics import Metrics

_BEAT_S = 1.0
HUNG_EXIT_CODE = 70  # EX_SOFTWARE


def _end() -> None:
    """End the process at once. A hung loop runs no clean-up; what counts is on disk."""
    faulthandler.dump_traceback(sys.__stderr__ if sys.__stderr__ is not None else 2)
    os._exit(HUNG_EXIT_CODE)


class Watchdog:
    """Beats on the loop, watches from a thread.

    Args:
        metrics: where the lag of the loop is shown.
        patience_s: silence after which the process is ended.
        end: what ends the process; another one in tests.
        clock_s: monotonic seconds.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        patience_s: float = 60.0,
        end: Callable[[], None] = _end,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience_s = patience_s
        self._end = end
        self._clock_s = clock_s
        self._last_beat_s = clock_s()
        self._last_lag_s = 0.0
        # Asked at each scrape: a loop that hangs now sets no gauge.
        metrics.loop_lag.set_function(lambda: max(self._last_lag_s, self.silence_s - _BEAT_S))
        self._stopped = threading.Event()

    @property
    def silence_s(self) -> float:
        """Seconds since the loop last ran the beat."""
        return self._clock_s() - self._last_beat_s

    async def run(self) -> None:
        """Beat every second until cancelled, with a thread that watches."""
        thread = threading.Thread(target=self.watch, name="watchdog", daemon=True)
        thread.start()
        try:
            while True:
                self._last_beat_s = self._clock_s()
                await asyncio.sleep(_BEAT_S)
                self._last_lag_s = max(0.0, self.silence_s - _BEAT_S)
        finally:
            self._stopped.set()

    def watch(self) -> None:
        """Look every second until stopped; end the process when the loop was silent too long."""
        while not self._stopped.wait(_BEAT_S):
            if self.silence_s > self._patience_s:
                logger.critical(
                    "bridge | hung: the event loop did not run for {:.0f} s | the process ends, Docker starts it again",
                    self.silence_s,
                )
                self._end()
                return
