"""Health as the settings want it: the server, what its pages ask, how a reading is asked for from its threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError
from functools import partial
from typing import TYPE_CHECKING, Any

from bridge.errors import ConfigError
from bridge.health.page import HomePage
from bridge.health.report import ShardRow
from bridge.health.server import Check, HealthServer
from bridge.lease.assembly import node_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bridge.configuration.health_settings import HealthSettings
    from bridge.configuration.shard_settings import ShardSettings
    from bridge.health.status import Status
    from bridge.health.watchdog import Watchdog
    from bridge.health.wellness import Wellness

_LOOP_SILENCE_S = 10.0
_READ_PATIENCE_S = 10.0


def health_server(
    settings: HealthSettings,
    *,
    page: Callable[[], bytes],
    watchdog: Watchdog,
    wellness: Wellness,
    status: Status,
    log: Callable[[], str],
    frames: Callable[[str], str],
    read: Callable[[str], Coroutine[Any, Any, dict[str, Any]]],
) -> HealthServer:
    """Open the health server. Called on the event loop that ``read`` belongs to.

    Args:
        settings: where it listens.
        page: what ``/metrics`` shows.
        watchdog: knows since when the event loop has not run.
        wellness: says whether the bridge is ready.
        status: what ``/status`` and ``/`` show.
        log: the recent lines of the log.
        frames: the last frames of a meter, masked.
        read: reads the meter of a name now.

    Raises:
        ConfigError: it cannot be listened there; the text says which setting to change.
    """
    try:
        return HealthServer(
            settings.host,
            settings.port,
            page=page,
            healthy=partial(_healthy, watchdog),
            ready=wellness.ready,
            status=lambda: status.report().plain(),
            log=log,
            home=HomePage(status.report, status.samples, log).html,
            frames=frames,
            names=settings.known_names,
            read=partial(_read_on, asyncio.get_running_loop(), read),
        )
    except OSError as error:
        where = f"HEALTH__HOST={settings.host} HEALTH__PORT={settings.port}"
        why = f"cannot listen there: {error.strerror}; every address is 0.0.0.0, or :: where there is IPv6"
        raise ConfigError([f"{where}: {why}"]) from error


def shard_row(shard: ShardSettings) -> ShardRow | None:
    """Return which part of the fleet this bridge reads; None for one that is alone."""
    if not shard.several and not shard.witnesses:
        return None
    return ShardRow(shard.number, shard.count, node_of(shard) if shard.witnesses else "")


def _healthy(watchdog: Watchdog) -> Check:
    if watchdog.silence_s > _LOOP_SILENCE_S:
        return False, f"the event loop has not run for {watchdog.silence_s:.0f} s"
    return True, "ok"


def _read_on(
    loop: asyncio.AbstractEventLoop, read: Callable[[str], Coroutine[Any, Any, dict[str, Any]]], name: str
) -> dict[str, Any]:
    """Read a meter now, for a request from this machine; called on the health server's thread."""
    asked = asyncio.run_coroutine_threadsafe(read(name), loop)
    try:
        return asked.result(_READ_PATIENCE_S)
    except (TimeoutError, CancelledError):
        return {"error": "the event loop does not answer"}
