"""The process that reads meters: its event loop, its garbage collector, and the app anew where a lease was lost."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import TYPE_CHECKING

from prometheus_client import disable_created_metrics

from bridge.app import App

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.configuration.settings import Settings

_GC_THRESHOLDS = (50_000, 20, 20)
"""Samples that wait a second for their group commit look like lasting growth to Python's collector; with its defaults
it went through all that a fleet holds every few seconds: 4,000 meters stood still for a quarter of a second."""


def run(settings: Settings, *, log: Callable[[], str] = lambda: "") -> int:
    """Run the bridge until SIGTERM or SIGINT and return the exit code: 0.

    Args:
        settings: what to do.
        log: the recent lines of the log, for ``/log``.

    Raises:
        ConfigError: a profile cannot be read, or the health server's port cannot be listened on.
        Exception: anything unexpected; let it end the process, Docker starts it again.
    """
    # They would be a second series per counter that nobody looks at.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    gc.set_threshold(*_GC_THRESHOLDS)
    stop = asyncio.Event()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        while runner.run(App(settings, log, stop).run()):
            pass  # the lease of the shard was lost: begun anew, like a process that was just started
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's, where there is one: Windows has none."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - as above

    return uvloop.new_event_loop
