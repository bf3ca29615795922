"""A broker, what arrives at it, meters, and bridges as processes."""

from __future__ import annotations

import asyncio
import queue
import threading
from functools import partial

import pytest

from bridge.demo import MeterServer, serve
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.broker import listener, running_broker


@pytest.fixture
def broker(tmp_path):
    with running_broker(tmp_path) as broker:
        yield broker


@pytest.fixture
def messages(broker):
    """What arrives at the broker: (topic, payload, retained)."""
    arrived = queue.Queue()
    with listener(broker.port, "v1/#", "meters/#", on_message=lambda *message: arrived.put(message)):
        yield arrived


@pytest.fixture
def meters():
    """Starts meters on a loop of their own thread and returns their ports."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers = []

    def start(framing, **arguments):
        make = partial(arguments.pop("kind", MeterServer), framing=framing, **arguments)
        made = asyncio.run_coroutine_threadsafe(serve(framing=framing, meter=make), loop).result(10)
        servers.append(made)
        return made.sockets[0].getsockname()[1]

    async def end():
        for server in servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    yield start
    asyncio.run_coroutine_threadsafe(end(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def bridge(tmp_path, broker):
    """Starts bridges with these settings."""
    started = []

    def start(**environ):
        started.append(BridgeProcess(tmp_path, broker, LOG__LEVEL="DEBUG", **environ))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.kill()
