"""Event loops for the tests: the bridge's own (uvloop), asyncio's, and one whose clock jumps over idle time.

A test module chooses with ``LOOPS = ("asyncio", "uvloop")``; each of its tests then runs on each of them.
"""

import asyncio
import selectors

import uvloop

_PATIENCE_S = 0.002
"""So long the clock stands still for bytes that are on their way on loopback."""


class _IdleSelector(selectors.DefaultSelector):
    """Waits a moment where it should wait long; what is missing is added to the clock."""

    skipped_s = 0.0
    threads_at_work = 0

    def select(self, timeout=None):
        if timeout is None or timeout <= _PATIENCE_S or self.threads_at_work:
            return super().select(timeout)
        ready = super().select(_PATIENCE_S)
        if not ready:
            self.skipped_s += timeout
        return ready


class WarpLoop(asyncio.SelectorEventLoop):
    """Real sockets, and hours that pass at once: when nothing is ready, it is the time of the next timer."""

    def __init__(self):
        self._idle = _IdleSelector()
        super().__init__(self._idle)

    def time(self):
        return super().time() + self._idle.skipped_s

    def run_in_executor(self, executor, func, *args):
        def at_rest(_):
            self._idle.threads_at_work -= 1

        self._idle.threads_at_work += 1  # real time for real work
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(at_rest)
        return future


FACTORIES = {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop, "warp": WarpLoop}
