"""By way of the local Mosquitto: an answer accepts what was sent before its question, a receipt nothing.

A relay that is stuck is made to connect anew. That the real one behaves so is shown by ``test_upstream.py``.
"""

from __future__ import annotations

import asyncio

import pytest

from bridge.delivery import mosquitto as module
from bridge.delivery.messages import Message
from bridge.delivery.mosquitto import RENEW, STATE, MosquittoUpstream
from bridge.delivery.relay_queue import DROPPED, RETAINED, STORED
from tests.delivery.upstreams import Broker, Ear

ANSWER = "v1/devices/me/attributes/response/7"


def question(answer: str = ANSWER) -> Message:
    return Message("v1/devices/me/attributes/request/7", b"{}", answer=answer)


def sample(*ids: int) -> Message:
    return Message("v1/gateway/telemetry", b"{}", ids)


class Wired:
    def __init__(self, *, by_receipt: bool = False) -> None:
        self.broker, self.ear = Broker(), Ear()
        self.upstream = MosquittoUpstream(self.broker, by_receipt=by_receipt)

    async def begin(self):
        await self.upstream.run(self.ear)
        self.broker.connect(self.upstream)
        return self

    def session(self, *, up: bool) -> None:
        self.upstream.message(STATE, b"1" if up else b"0")

    def answer(self, topic: str = ANSWER, payload: bytes = b"{}") -> None:
        self.upstream.message(f"upstream/{topic}", payload)

    @property
    def renewals(self) -> list[bytes]:
        return [payload for topic, payload, *_ in self.broker.published if topic == RENEW]


def answered_session(wired) -> None:
    wired.session(up=True)
    wired.upstream.send(question())
    wired.answer()
    wired.session(up=False)


@pytest.fixture
async def wired():
    return await Wired().begin()


async def test_a_session_stands_when_mosquitto_says_so_not_when_the_local_broker_is_there(wired):
    assert wired.upstream.broker_connected
    assert not wired.upstream.is_up
    assert wired.ear.events == []
    wired.session(up=True)
    assert wired.upstream.is_up
    assert wired.ear.events == ["up"]


async def test_an_answer_accepts_every_message_that_was_sent_before_its_question_and_the_question(wired):
    wired.session(up=True)
    one, two, asked, later = sample(1), sample(2), question(), sample(3)
    for message in (one, two, asked, later):
        wired.upstream.send(message)
    wired.answer()
    assert wired.ear.accepted_messages == [one, two, asked]
    assert wired.ear.heard == [(ANSWER, b"{}")]


async def test_the_local_brokers_receipt_accepts_nothing(wired):
    wired.session(up=True)
    wired.upstream.send(sample(1))
    wired.upstream.puback(1)
    assert wired.ear.accepted_messages == []


async def test_the_gateways_answers_come_on_one_topic_and_are_told_apart_by_their_number(wired):
    wired.session(up=True)
    first, second = question("v1/gateway/attributes/response/1"), question("v1/gateway/attributes/response/2")
    wired.upstream.send(first)
    wired.upstream.send(second)
    for payload in (b"", b"[]", b"5", b'{"id":3}', b'{"id":"1"}x'):
        wired.answer("v1/gateway/attributes/response", payload)
    assert wired.ear.accepted_messages == []
    wired.answer("v1/gateway/attributes/response", b'{"id":2,"device":"A"}')
    assert wired.ear.accepted_messages == [first, second]


async def test_our_own_answers_on_the_same_topic_are_not_thingsboards(wired):
    wired.session(up=True)
    wired.upstream.send(question())
    wired.upstream.message(ANSWER, b"{}")
    assert wired.ear.accepted_messages == []
    assert wired.ear.heard == []


async def test_what_was_not_accepted_when_the_session_ended_never_is(wired):
    answered_session(wired)
    before = list(wired.ear.accepted_messages)
    wired.session(up=True)
    wired.upstream.send(question())
    wired.session(up=False)
    wired.session(up=True)
    wired.answer()
    assert wired.ear.accepted_messages == before
    assert wired.ear.events == ["up", "down"] * 2 + ["up"]


async def test_a_second_up_is_told_and_forgets_too(wired):
    wired.session(up=True)
    wired.upstream.send(question())
    wired.session(up=True)
    wired.answer()
    assert wired.ear.accepted_messages == []
    assert wired.ear.events == ["up", "up"]


async def test_a_local_broker_that_went_away_ends_the_session(wired):
    wired.session(up=True)
    wired.upstream.send(sample(1))
    wired.broker.disconnect(wired.upstream)
    assert wired.ear.events == ["up", "down"]
    assert "local broker" in wired.ear.why[0]
    assert not wired.upstream.is_up


async def test_messages_that_mosquitto_dropped_end_the_session_for_us_and_begin_it_anew(wired):
    wired.session(up=True)
    wired.upstream.message(DROPPED, b"3")
    wired.upstream.message(DROPPED, b"3")
    assert wired.ear.events == ["up"]
    wired.upstream.message(DROPPED, b"4")
    assert wired.ear.events == ["up", "down", "up"]
    assert "dropped" in wired.ear.why[0]


async def test_it_takes_no_more_than_the_relay_should_hold(wired):
    wired.session(up=True)
    before = wired.upstream.room
    assert 16 < before < 1000  # past which Mosquitto drops the newest and says nothing
    for _ in range(before):
        wired.upstream.send(sample(1))
    assert wired.upstream.room == 0


async def test_to_renew_mosquitto_is_told_on_its_topic_and_the_session_is_over_at_once(wired):
    wired.session(up=True)
    wired.upstream.send(question())
    wired.upstream.renew("nothing was answered")
    assert wired.renewals == [b"nothing was answered"]
    assert wired.ear.events == ["up", "down"]
    wired.answer()
    assert wired.ear.accepted_messages == []


async def test_a_mosquitto_that_says_nothing_after_that_is_asked_by_connecting_anew(wired, monkeypatch):
    monkeypatch.setattr(module, "_RENEWED_WITHIN_S", 0.01)
    wired.session(up=True)
    wired.upstream.renew("stuck")
    await asyncio.sleep(0.05)
    assert wired.broker.dropped == ["Mosquitto does not say whether it has a session with ThingsBoard"]


async def test_one_that_says_so_is_not(wired, monkeypatch):
    monkeypatch.setattr(module, "_RENEWED_WITHIN_S", 0.01)
    wired.session(up=True)
    wired.upstream.renew("stuck")
    wired.session(up=False)
    wired.session(up=True)
    await asyncio.sleep(0.05)
    assert wired.broker.dropped == []


async def test_what_mosquitto_still_holds_of_earlier_sessions_is_got_rid_of_when_another_one_ends_on_it(wired):
    answered_session(wired)
    wired.session(up=True)
    wired.upstream.send(sample(1))
    wired.session(up=False)
    assert wired.renewals == []
    wired.session(up=True)  # Mosquitto sends what it held first: perhaps that is what ends sessions
    wired.session(up=False)
    assert len(wired.renewals) == 1


async def test_but_not_when_the_session_answered_something_or_nothing_was_held(wired):
    answered_session(wired)
    wired.session(up=True)
    wired.session(up=False)
    wired.session(up=True)
    wired.session(up=False)
    wired.session(up=True)
    wired.upstream.send(sample(1))
    wired.session(up=False)
    answered_session(wired)
    assert wired.renewals == []


async def test_what_it_holds_of_an_earlier_run_is_not_known_and_got_rid_of_the_same_way_once(wired):
    for _ in range(3):
        wired.session(up=True)
        wired.session(up=False)
    assert len(wired.renewals) == 1


async def test_what_was_sent_before_the_local_broker_was_lost_may_still_be_held(wired):
    answered_session(wired)
    wired.session(up=True)
    wired.upstream.send(sample(1))
    wired.broker.disconnect(wired.upstream)
    wired.broker.connect(wired.upstream)
    wired.session(up=True)  # it stood all the while
    wired.session(up=False)
    assert len(wired.renewals) == 1


async def test_nothing_is_held_any_more_once_the_connection_is_made_anew(wired):
    answered_session(wired)
    wired.session(up=True)
    wired.upstream.send(sample(1))
    wired.upstream.renew("nothing was answered")
    wired.session(up=False)
    wired.session(up=True)
    wired.session(up=False)
    assert wired.renewals == [b"nothing was answered"]


async def test_with_puback_the_local_receipt_accepts_and_a_long_queue_is_left_to_drain():
    wired = await Wired(by_receipt=True).begin()
    wired.session(up=True)
    one = sample(1)
    wired.upstream.send(one)
    wired.upstream.puback(1)
    assert wired.ear.accepted_messages == [one]
    room = wired.upstream.room
    wired.upstream.message(STORED, b"67")
    wired.upstream.message(RETAINED, b"60")
    assert wired.upstream.room == room - 7


async def test_without_a_connection_nothing_is_kept(wired):
    wired.broker.disconnect(wired.upstream)
    wired.upstream.send(question())
    wired.upstream.show("meters/a", b"{}")
    wired.broker.connect(wired.upstream)
    wired.session(up=True)
    wired.answer()
    assert wired.ear.accepted_messages == []
    assert wired.broker.published == []
