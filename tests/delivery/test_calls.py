"""Remote calls are carried out beside one another, answered once and in time, and end with the bridge."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from loguru import logger

from bridge.delivery import calls as module
from bridge.delivery.calls import Calls, no_commands
from bridge.delivery.names import Names
from bridge.delivery.rpc import CALLS, DEVICE_CALLS


@pytest.fixture
def lines():
    said = []
    number = logger.add(lambda message: said.append(str(message)), format="{level} {message}")
    yield said
    logger.remove(number)


def asked(method: str, number: int = 1, device: str = "Hall 2") -> bytes:
    return json.dumps({"device": device, "data": {"id": number, "method": method}}).encode()


class Session:
    number = 1


@asynccontextmanager
async def running(commands, *, session=Session, **more):
    published: asyncio.Queue[tuple[str, bytes, int]] = asyncio.Queue()
    calls = Calls(
        commands,
        names=Names({"main": "Hall 2"}),
        answer=lambda *message: published.put_nowait(message),
        session=lambda: session.number,
        **more,
    )
    task = asyncio.create_task(calls.run())
    yield calls, published
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def answer(published) -> dict:
    return json.loads((await asyncio.wait_for(published.get(), 10))[1])


async def test_a_slow_call_holds_up_no_other():
    slow = asyncio.Event()

    async def commands(meter, method, params):
        if method == "read":
            await slow.wait()
        return {"did": method, "with": meter}

    async with running(commands) as (calls, published):
        calls.hear(CALLS, asked("read", 1))
        calls.hear(CALLS, asked("getStats", 2))
        assert await answer(published) == {"device": "Hall 2", "id": 2, "data": {"did": "getStats", "with": "main"}}
        slow.set()
        assert await answer(published) == {"device": "Hall 2", "id": 1, "data": {"did": "read", "with": "main"}}


async def test_a_call_to_the_gateway_itself_is_answered_on_its_own_topic():
    async def commands(meter, method, params):
        return {"of": meter, "params": params}

    async with running(commands) as (calls, published):
        calls.hear(f"{DEVICE_CALLS}7", b'{"method":"status","params":{"a":1}}')
        topic, payload, session = await asyncio.wait_for(published.get(), 10)
        assert (topic, json.loads(payload), session) == (
            "v1/devices/me/rpc/response/7", {"of": "", "params": {"a": 1}}, 1,
        )  # fmt: skip


async def test_what_thingsboard_only_notifies_is_taken_and_never_answered():
    heard = []

    def notified(method, params):
        heard.append((method, params))
        return method == "gateway_device_deleted"

    async with running(no_commands, notified=notified) as (calls, published):
        calls.hear(f"{DEVICE_CALLS}0", b'{"method":"gateway_device_deleted","params":"A"}')
        calls.hear(f"{DEVICE_CALLS}1", b'{"method":"boom"}')
        assert "error" in await answer(published)
        assert published.empty()
    assert heard == [("gateway_device_deleted", "A"), ("boom", None)]


async def test_a_call_to_a_device_of_nobodys_is_answered_with_an_error():
    async with running(no_commands) as (calls, published):
        calls.hear(CALLS, asked("read", device="Attic"))
        assert "no meter of this bridge has the device 'Attic'" in (await answer(published))["data"]["error"]


async def test_a_call_that_comes_again_is_carried_out_once_and_in_another_session_anew():
    counted = []

    async def commands(meter, method, params):
        counted.append(method)
        return {}

    session = Session()
    async with running(commands, session=session) as (calls, published):
        for _ in range(3):
            calls.hear(CALLS, asked("read", 1))
        assert (await published.get())[2] == 1
        calls.hear(CALLS, asked("read", 1))
        session.number = 2
        calls.hear(CALLS, asked("read", 1))
        assert (await published.get())[2] == 2
        assert published.empty()
    assert len(counted) == 2


async def test_an_answer_keeps_the_session_that_its_call_came_in():
    done = asyncio.Event()

    async def commands(meter, method, params):
        await done.wait()
        return {}

    session = Session()
    async with running(commands, session=session) as (calls, published):
        calls.hear(CALLS, asked("read", 1))
        await asyncio.sleep(0)
        session.number = 5
        done.set()
        assert (await published.get())[2] == 1


async def test_a_call_that_is_not_done_at_the_end_is_cancelled():
    begun, ended = asyncio.Event(), []

    async def commands(meter, method, params):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(method)

    async with running(commands) as (calls, _):
        calls.hear(CALLS, asked("read"))
        await begun.wait()
    assert ended == ["read"]


async def test_a_call_that_is_never_done_is_answered_before_thingsboard_gives_up(monkeypatch):
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.01)

    async def commands(meter, method, params):
        await asyncio.Event().wait()

    async with running(commands) as (calls, published):
        calls.hear(CALLS, asked("read"))
        assert (await answer(published))["data"]["error"].startswith("busy: not done within")


@pytest.mark.parametrize("said", [ZeroDivisionError, {"value": float("nan")}, {"value": {1, 2}}])
async def test_a_call_that_fails_as_nobody_expected_is_answered_logged_and_ends_nothing(lines, said):
    async def commands(meter, method, params):
        if method == "read":
            if isinstance(said, dict):
                return said
            raise said
        return {}

    async with running(commands) as (calls, published):
        calls.hear(CALLS, asked("read"))
        assert "error" in (await answer(published))["data"]
        calls.hear(CALLS, asked("getStats", 2))
        assert (await answer(published))["data"] == {}
    assert any("Hall 2: read failed" in line for line in lines)


async def test_more_calls_than_can_be_carried_out_are_answered_busy_and_the_next_ones_are_not(monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 3)
    done = asyncio.Event()

    async def commands(meter, method, params):
        await done.wait()
        return {}

    async with running(commands) as (calls, published):
        for number in range(5):
            calls.hear(CALLS, asked("read", number))
        for number in (3, 4):
            said = await answer(published)
            assert said["id"] == number
            assert said["data"]["error"].startswith("busy: 3 calls")
        done.set()
        assert {(await answer(published))["id"] for _ in range(3)} == {0, 1, 2}
        calls.hear(CALLS, asked("read", 5))
        assert (await answer(published))["data"] == {}
