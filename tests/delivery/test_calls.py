"""Remote calls are carried out beside one another, answered, and end with the bridge."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from loguru import logger

from bridge.delivery import calls as module
from bridge.delivery.calls import Calls, no_commands
from bridge.delivery.rpc import CALLS, CHANGES


@pytest.fixture
def lines():
    said = []
    number = logger.add(lambda message: said.append(str(message)), format="{level} {message}")
    yield said
    logger.remove(number)


def asked(method: str, number: int = 1) -> bytes:
    return json.dumps({"device": "main", "data": {"id": number, "method": method}}).encode()


@asynccontextmanager
async def running(commands):
    published: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    calls = Calls(commands, publish=lambda *message: published.put_nowait(message), own="")
    task = asyncio.create_task(calls.run())
    yield calls, published
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def answer(published) -> dict:
    return json.loads((await asyncio.wait_for(published.get(), 10))[1])


async def test_a_slow_call_holds_up_no_other():
    slow = asyncio.Event()

    async def commands(device, method, params):
        if method == "read":
            await slow.wait()
        return {"did": method}

    async with running(commands) as (calls, published):
        calls.hear(CALLS, asked("read", 1))
        calls.hear(CALLS, asked("getStats", 2))
        assert await answer(published) == {"device": "main", "id": 2, "data": {"did": "getStats"}}
        slow.set()
        assert await answer(published) == {"device": "main", "id": 1, "data": {"did": "read"}}


async def test_a_call_that_is_not_done_at_the_end_is_cancelled():
    begun, ended = asyncio.Event(), []

    async def commands(device, method, params):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(method)

    async with running(commands) as (calls, published):
        calls.hear(CALLS, asked("read"))
        await begun.wait()
    assert ended == ["read"]
    assert published.empty()


async def test_a_call_that_fails_as_nobody_expected_is_answered_logged_and_ends_nothing(lines):
    async def commands(device, method, params):
        if method == "read":
            raise ZeroDivisionError
        return {}

    async with running(commands) as (calls, published):
        calls.hear(CALLS, asked("read"))
        assert "error" in (await answer(published))["data"]
        calls.hear(CALLS, asked("getStats"))
        assert (await answer(published))["data"] == {}
    assert any("main: read failed" in line for line in lines)


async def test_a_change_that_cannot_be_carried_out_is_said_and_not_answered(lines):
    async with running(no_commands) as (calls, published):
        calls.hear(CHANGES, b'{"device":"main","data":{"interval":7,"colour":"red"}}')
        calls.hear(CALLS, asked("read"))
        assert (await answer(published))["data"] == {"error": "unknown method 'read'"}
        assert published.empty()
    assert any("main: unknown method 'setInterval'" in line for line in lines)


async def test_a_flood_of_calls_is_bounded_and_said(monkeypatch, lines):
    monkeypatch.setattr(module, "WAITING", 3)
    calls = Calls(no_commands, publish=lambda *_: None, own="")  # not running: nothing is taken from the queue
    for number in range(5):
        calls.hear(CALLS, asked("read", number))
    assert sum("is not carried out, 3 calls wait already" in line for line in lines) == 2
