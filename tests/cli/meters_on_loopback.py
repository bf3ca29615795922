"""Demo meters on loopback and the command line run against them, for the tests of probe, read and scan."""

import asyncio
import io
import os
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest import mock

from bridge.__main__ import main
from bridge.configuration.load import read as read_configuration
from bridge.demo import MeterMemory, MeterServer, serve
from bridge.dlms.association import MeterSession
from bridge.dlms.framing import framer
from bridge.health.server import HealthServer
from bridge.meters.counter_store import CounterStore
from bridge.meters.link import Link
from tests.fakes.gurux_meter import GuruxMeter

ROOT = Path(__file__).parents[2]
LOAD = {
    "1.1.32.7.0.255": 13519,
    "1.1.31.7.0.255": 1230,
    "1.1.14.7.0.255": 5998,
    "1.1.1.7.0.255": -156,
    "1.1.1.8.0.255": 56348,
}


def fixed_load(now_s):
    return LOAD


@dataclass
class Served:
    """A demo meter that listens."""

    host: str
    port: int
    memory: MeterMemory
    connections: list

    @property
    def place(self):
        return f"{self.host}:{self.port}"


@asynccontextmanager
async def gurux_meter(make=GuruxMeter, **arguments):
    """Serve a meter whose protocol is gurux's server side alone; yields its place."""
    framing = arguments.get("framing", "hdlc")

    async def converse(reader, writer):
        side, frames = make(load=fixed_load, **arguments), framer(framing)
        try:
            while data := await reader.read(4096):
                for frame in frames.feed(data):
                    writer.write(side.answer(frame))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def meter(host="127.0.0.1", port=0, framing="hdlc", **arguments):
    """Serve one demo meter; yields where it is and what it remembers."""
    memory = arguments.pop("memory", None) or MeterMemory(lock_after=3)
    sides = []

    def side():
        sides.append(MeterServer(framing=framing, load=fixed_load, memory=memory, **arguments))
        return sides[-1]

    server = await serve(host=host, port=port, framing=framing, meter=side)
    async with server:
        yield Served(host, server.sockets[0].getsockname()[1], memory, sides)


@contextmanager
def running_bridge():
    """A real health server that says it is a running bridge; yields it, and what it was asked to read."""
    asked = []

    def read(name):
        asked.append(name)
        return {"ts": 1_795_000_020_000, "values": {"voltage_l1": 135.19, "active_energy": 56348}}

    server = HealthServer(
        "127.0.0.1",
        0,
        page=bytes,
        healthy=lambda: (True, "ok"),
        ready=lambda: (True, "ok"),
        status=lambda: {"meters": [], "delivery": {}},
        read=read,
    )
    try:
        yield server, asked
    finally:
        server.close()


class Keyboard(io.StringIO):
    """Somebody who types."""

    def isatty(self):
        return True


async def typed(*arguments, stdin="", **environ):
    """Type ``bridge ARGUMENTS``; returns the exit code and what was printed. The servers go on meanwhile."""
    out = io.StringIO()
    with (
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stdin", stdin if isinstance(stdin, Keyboard) else io.StringIO(stdin)),
        mock.patch.dict(os.environ, environ),
    ):
        code = await asyncio.to_thread(partial(main, [str(one) for one in arguments]))
    return code, out.getvalue()


def pasted(printed, **secrets):
    """Return the variables of the lines that a probe printed, with the secrets filled in."""
    lines = [line for line in printed.splitlines() if line.startswith("METERS__")]
    variables = dict(line.split("=", 1) for line in lines)
    for name, value in variables.items():
        setting = name.rpartition("__")[2].lower()
        if setting in secrets:
            assert value == "", "a secret is never printed"
            variables[name] = secrets[setting]
    return {name: value.strip("'") for name, value in variables.items()}


async def sampled(variables, data_dir: Path):
    """Read the one meter of these settings as the bridge does; returns values by key."""
    reading = read_configuration(variables, data_dir / "no-secrets")
    assert reading.problems == []
    [found] = reading.resolved.values()
    link = Link(found.host, found.port, found.framing, connect_timeout_s=2, connecting=asyncio.Semaphore(1))
    session = MeterSession(found, CounterStore(data_dir / "counters.db"))
    await link.open()
    try:
        await link.converse(session.associate(), 2)
        readings = await link.converse(session.read(), 2)
        await link.converse(session.release(), 2)
    finally:
        link.close()
    return {one.register.key: one.value for one in readings}
