"""Composition of a drain: sends what waits in a data folder that no bridge has in use, and reads no meter.

Where a shard moved to another machine, what waited on this one's disk is sent by nobody else. It goes through the
shard's own broker, beside the bridge that reads the shard now: with a client id and a mark of its own, and silent to
whatever ThingsBoard asks. As soon as a bridge wants the folder, it lets go.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from random import SystemRandom
from typing import TYPE_CHECKING

from loguru import logger
from prometheus_client import CollectorRegistry

from bridge.clock.assembly import open_clock
from bridge.delivery.assembly import publisher
from bridge.delivery.metrics import DeliveryMetrics
from bridge.delivery.names import Names, names_file
from bridge.errors import ConfigError
from bridge.lease.folder_lock import FolderLock
from bridge.log_lines import counted
from bridge.outbox.assembly import open_outbox
from bridge.outbox.destination import destination_of
from bridge.outbox.timekeeper import Timekeeper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bridge.configuration.settings import Settings

_LOOK_EVERY_S = 10.0
_STEP_S = 0.5
_TURN_S = 120.0
"""So long one folder is drained where others wait: its broker may be away."""


def run(folders: Sequence[Settings]) -> int:
    """Drain until SIGTERM or SIGINT, and return the exit code: 0.

    Args:
        folders: settings with a ``data_dir`` each.

    Raises:
        ConfigError: there is no broker to go through.
    """
    if any(one.via != "mosquitto" for one in folders):
        why = "a drain goes through the broker of the shard: a second session with its token would throw out the first"
        raise ConfigError([f"BROKER__HOST: missing, or THINGSBOARD__VIA=direct; {why}"])
    asyncio.run(_run(folders))
    return 0


async def _run(folders: Sequence[Settings]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    logger.info("drain | looks after {}", counted(len(folders), "data folder"))
    done: dict[Path, int] = {}
    while not stop.is_set():
        for one in folders:
            if not stop.is_set() and done.get(one.data_dir) != (written := _written_ns(one.data_dir)) and written:
                lock = FolderLock(one.data_dir)
                if lock.take():
                    try:
                        if await _drain(one, lock, stop):
                            done[one.data_dir] = _written_ns(one.data_dir)
                    finally:
                        lock.give_back()
        await _for_at_most(stop, _LOOK_EVERY_S)


def _written_ns(folder: Path) -> int:
    """Return when the outbox there was last written to; 0 where there is none."""
    files = [folder / name for name in ("outbox.db", "outbox.db-wal")]
    return max((file.stat().st_mtime_ns for file in files if file.exists()), default=0)


async def _drain(settings: Settings, lock: FolderLock, stop: asyncio.Event) -> bool:
    """Send what waits; return whether that is all of it."""
    data_dir, rng = settings.data_dir, SystemRandom()
    clock, boots = open_clock(data_dir, patience_s=settings.clock.patience_s)
    destination = destination_of(settings.thingsboard, "")
    devices = Names({}, names_file(data_dir, destination))
    outbox = open_outbox(settings, destination, devices=devices, clock_s=clock.shown_s)
    timekeeper = Timekeeper(clock, boots, outbox)
    await outbox.open()
    try:
        await timekeeper.look()
        if not (waiting := outbox.state.waiting):
            return True
        logger.info("drain | {} | {} here: sending", data_dir, counted(waiting, "sample waits", "samples wait"))
        delivery = publisher(
            settings.broker,
            settings.thingsboard,
            outbox=outbox,
            device_names=devices,
            memory_path=data_dir / "upstream.json",
            metrics=DeliveryMetrics(CollectorRegistry()),
            rng=rng,
            commands=_not_here,
            beside=f"drain_{_word(settings.shard.node or socket.gethostname())}",
        )
        until_s = asyncio.get_running_loop().time() + _TURN_S
        async with asyncio.TaskGroup() as tasks:
            lasting = [
                tasks.create_task(outbox.run(), name="outbox"),
                tasks.create_task(timekeeper.run(), name="timekeeper"),
                tasks.create_task(delivery.run(), name="publisher"),
            ]
            while outbox.state.waiting and not stop.is_set() and asyncio.get_running_loop().time() < until_s:
                if lock.is_wanted():
                    logger.info("drain | {} | a bridge wants it: letting go", data_dir)
                    break
                await _for_at_most(stop, _STEP_S)
            for task in lasting:
                task.cancel()
        left = outbox.state.waiting
        logger.info("drain | {} | {} sent, {} left", data_dir, counted(max(0, waiting - left), "sample"), left)
        return left == 0
    finally:
        await outbox.close()
        await timekeeper.close()


async def _not_here(_meter: str, _method: str, _params: object) -> dict[str, object]:
    return {"error": "a drain reads no meter"}


def _word(name: str) -> str:
    return re.sub("[^A-Za-z0-9]", "_", name)


async def _for_at_most(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
