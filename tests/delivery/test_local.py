from __future__ import annotations

import pytest

from bridge.delivery.local import LocalUpstream
from bridge.delivery.messages import Message
from tests.delivery.upstreams import Broker, Ear


@pytest.fixture
async def wired():
    broker, ear = Broker(), Ear()
    upstream = LocalUpstream(broker)
    await upstream.run(ear)
    return upstream, broker, ear


async def test_a_message_is_accepted_when_the_broker_has_it_whatever_the_order(wired):
    upstream, broker, ear = wired
    broker.connect(upstream)
    one, two = Message("t", b"1"), Message("t", b"2")
    upstream.send(one)
    upstream.send(two)
    upstream.puback(2)
    assert ear.accepted_messages == [two]
    upstream.puback(1)
    assert ear.accepted_messages == [two, one]


async def test_no_more_than_a_few_are_on_the_way(wired):
    upstream, broker, _ = wired
    broker.connect(upstream)
    before = upstream.room
    upstream.send(Message("t", b""))
    assert upstream.room == before - 1
    for _ in range(before):
        upstream.send(Message("t", b""))
    assert upstream.room == 0


async def test_a_receipt_from_before_the_break_accepts_nothing(wired):
    upstream, broker, ear = wired
    broker.connect(upstream)
    upstream.send(Message("t", b""))
    upstream.broker_down()
    broker.connect(upstream)
    upstream.puback(1)
    assert ear.accepted_messages == []
    assert ear.events == ["up", "down", "up"]


async def test_without_a_connection_a_message_is_dropped(wired):
    upstream, _, ear = wired
    upstream.send(Message("t", b""))
    assert not upstream.broker_connected
    assert ear.accepted_messages == []


async def test_to_renew_is_to_connect_anew_and_the_live_copy_is_retained(wired):
    upstream, broker, _ = wired
    broker.connect(upstream)
    upstream.show("meters/a", b"{}")
    upstream.renew("why")
    assert broker.published == [("meters/a", b"{}", 0, True)]
    assert broker.dropped == ["why"]
