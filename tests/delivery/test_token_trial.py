"""Why Mosquitto has no session: a trial of the token tells a deleted gateway from a server that is away."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from bridge.configuration.settings import ThingsBoardSettings
from bridge.delivery import token_trial
from bridge.delivery.token_trial import TokenTrial
from tests.fakes.ports import free_port
from tests.fakes.thingsboard import ThingsBoard


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    for name in ("_LOOK_EVERY_S", "_DOWN_FOR_S"):
        monkeypatch.setattr(token_trial, name, 0.01)


@contextlib.asynccontextmanager
async def running(port, token, *, is_up=lambda: False, is_down=lambda: True):
    said = []
    one = TokenTrial(ThingsBoardSettings(host="127.0.0.1", port=port), token)
    task = asyncio.create_task(one.run(is_up=is_up, is_down=is_down, say=said.append))
    try:
        yield one, said
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_token_that_is_not_known_is_told_and_forgotten_when_there_is_another():
    tokens = ["REVOKED"]
    async with ThingsBoard() as server, running(server.port, lambda: tokens[0]) as (trial, said):
        await until(lambda: said)
        assert "does not know the access token" in said[0]
        assert trial.is_refused
        tokens[0] = "TOKEN"
        assert not trial.is_refused


async def test_a_server_that_is_away_says_nothing_of_the_token():
    async with running(free_port(), lambda: "TOKEN") as (trial, said):
        await until(lambda: said)
        assert "no connection to ThingsBoard" in said[0]
        assert not trial.is_refused


async def test_while_mosquitto_has_its_session_or_is_away_itself_nothing_is_tried():
    """A session of ours would throw Mosquitto's out."""
    async with ThingsBoard() as server, running(server.port, lambda: "TOKEN", is_down=lambda: False) as (_, said):
        await asyncio.sleep(0.2)  # what must not happen needs time not to happen in
        assert server.counts["sessions"] == 0
        assert said == []


async def test_it_is_tried_rarely():
    async with ThingsBoard() as server, running(server.port, lambda: "TOKEN") as (trial, said):
        await until(lambda: server.counts["sessions"])
        await asyncio.sleep(0.2)
        assert server.counts["sessions"] == 1
        assert said == []
        assert not trial.is_refused
