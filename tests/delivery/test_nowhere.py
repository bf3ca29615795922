"""Neither a ThingsBoard nor a broker: every sample is accepted, none piles up."""

from __future__ import annotations

import asyncio

import pytest

from bridge.delivery.messages import Message
from bridge.delivery.nowhere import NowhereUpstream
from tests.delivery.upstreams import Ear


@pytest.fixture
async def wired():
    upstream, ear = NowhereUpstream(), Ear()
    running = asyncio.create_task(upstream.run(ear))
    await asyncio.sleep(0)
    yield upstream, ear
    running.cancel()


async def test_what_is_sent_is_accepted_once_the_sender_is_done(wired):
    upstream, ear = wired
    one, two = Message("t", b"1"), Message("t", b"2")
    upstream.send(one)
    upstream.send(two)
    assert (ear.events, ear.accepted_messages) == (["up"], [])
    await asyncio.sleep(0)
    assert ear.accepted_messages == [one, two]


async def test_it_takes_a_few_at_a_time(wired):
    upstream, ear = wired
    room = upstream.room
    for _ in range(room):
        upstream.send(Message("t", b""))
    assert upstream.room == 0
    await asyncio.sleep(0)
    assert (upstream.room, len(ear.accepted_messages)) == (room, room)


async def test_what_was_sent_before_it_was_renewed_is_not_accepted(wired):
    upstream, ear = wired
    upstream.send(Message("t", b""))
    upstream.renew("a test")
    await asyncio.sleep(0)
    assert (ear.events, ear.accepted_messages) == (["up", "down", "up"], [])
    assert upstream.broker_connected is None
    assert not upstream.needs_broker
