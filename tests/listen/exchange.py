"""A listener on loopback with a real outbox behind it, and callers that are sockets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from loguru import logger

from bridge.clock.assembly import open_clock
from bridge.configuration.load import load
from bridge.configuration.meter import resolve_all
from bridge.configuration.settings import OutboxSettings
from bridge.listen.assembly import listener
from bridge.listen.metrics import ListenMetrics
from bridge.outbox.outbox import Outbox
from bridge.outbox.timekeeper import Timekeeper
from tests.fakes.ports import free_port

KEYS = {"ENCRYPTION_KEY": "000102030405060708090A0B0C0D0E0F", "AUTHENTICATION_KEY": "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"}


class Fleet:
    """The meters that are read, as far as a listener is concerned."""

    def __init__(self):
        self.calls, self.stated = {}, {}

    def scalers(self, meter):
        return self.stated.get(meter, {})


class Exchange:
    """See the module. ``settings`` are variables without their prefix for a meter."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.metrics = ListenMetrics()
        self.fleet = Fleet()
        self.heard, self.lines, self.writers = [], [], []
        self.tasks = []
        self.listener = None

    async def open(self, *, writes=True, on_loop_time=False, **environ):
        """Open the port; ``writes``: whether the outbox reaches its disk."""
        self.port = free_port()
        given = {"LISTEN__PORT": str(self.port), "LISTEN__HOST": "127.0.0.1", "DATA_DIR": str(self.folder)}
        given |= {name.upper(): value for name, value in environ.items()}
        if not any(name.startswith("METERS__") for name in given):
            given["METERS__NOBODY__HOST"] = "10.255.255.1"
        self.settings = load(given, Path("/nonexistent"))
        clock, file = open_clock(self.folder, patience_s=0)
        self.clock = clock
        self.outbox = Outbox(self.folder / "outbox.db", settings=OutboxSettings(commit_interval=0.01))
        await self.outbox.open()
        self.keeper = Timekeeper(clock, file, self.outbox)
        await self.keeper.look()
        self.listener = listener(
            self.settings,
            resolve_all(self.settings),
            self.keeper.put,
            self.heard.append,
            self.fleet,
            clock=clock,
            metrics=self.metrics,
        )
        if on_loop_time:
            self.listener._board.clock_s = asyncio.get_running_loop().time
        await self.listener.bind()
        self.tasks.append(asyncio.create_task(self.listener.run()))
        if writes:
            self.write()
        while not self.listener._server.is_serving():
            await asyncio.sleep(0)
        return self

    def write(self):
        """Have the outbox reach its disk from now on."""
        self.tasks.append(asyncio.create_task(self.outbox.run()))

    async def close(self):
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        if self.listener is not None:
            await self.outbox.close()
            await self.keeper.close()
        await asyncio.sleep(0.01)

    async def call(self, data=b""):
        """Call, and send ``data``."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(data)
        return reader, writer

    async def rows(self):
        """What is in the outbox, as dictionaries with ``ts`` and ``meter``."""
        rows = await self.outbox.fetch(limit=10_000)
        return [json.loads(row.body) | {"ts": row.ts_ms, "meter": row.meter} for row in rows]

    def figure(self, name, **labels):
        return self.metrics.registry.get_sample_value(f"dlms_listen_{name}", labels) or 0.0

    async def until(self, name, figure=1, patience_s=20, **labels):
        """Wait until a metric has come to ``figure``."""
        async with asyncio.timeout(patience_s):
            while self.figure(name, **labels) < figure:
                await asyncio.sleep(0.01)

    async def stored(self, count=1):
        """Wait until so many messages are on disk, and return the rows."""
        await self.until("messages_total", count, result="stored")
        return await self.rows()

    async def refused(self, reason, count=1):
        await self.until("refused_total", count, reason=reason)

    @property
    def callers(self):
        return list(self.listener._unknown)


def wrapped(apdu, source=1, destination=1):
    """An APDU behind the wrapper's header."""
    return bytes((0, 1)) + source.to_bytes(2) + destination.to_bytes(2) + len(apdu).to_bytes(2) + apdu


def meter(name="main", **settings):
    """The variables of one meter that only pushes."""
    given = {"PUSH_ONLY": "true", "INTERVAL": "60"} | {field.upper(): value for field, value in settings.items()}
    return {f"METERS__{name.upper()}__{field}": value for field, value in given.items() if value is not None}


@pytest.fixture
async def exchange(tmp_path):
    made = Exchange(tmp_path)
    handler = logger.add(lambda line: made.lines.append(line.strip()), format="{level} {message}", level="INFO")
    yield made
    await made.close()
    logger.remove(handler)
