"""A device that ThingsBoard does not take is found and parked with its likely reason, and nobody waits for it."""

from __future__ import annotations

import json

import pytest

from bridge.delivery.introductions import Introductions
from bridge.delivery.messages import TELEMETRY
from tests.delivery.introducing import WIDE, again, answer, introduce, prove

ANSWER_S, AGAIN_S, SPARE_S = 10.0, 30.0, 30.0


@pytest.fixture
def intro() -> Introductions:
    one = Introductions(device_type="meter", first_id=7)
    one.began()
    return one


def test_a_device_that_is_acknowledged_and_not_answered_is_parked_and_the_others_go_on(intro):
    prove(intro, "A")
    intro.want(["B", "C"])
    _, asked = introduce(intro, 0)
    _, other = introduce(intro, 0)
    assert answer(intro, other) == "C"
    intro.accepted(asked, 1)
    assert intro.overdue(1 + ANSWER_S - 0.1, 0.1) == []
    assert intro.overdue(1 + ANSWER_S, 0.1) == ["B"]
    assert "limit of devices" in intro.parked["B"].reason
    assert not intro.is_proven("B")
    assert intro.is_proven("A")
    assert intro.is_proven("C")


def test_it_is_not_parked_while_its_question_may_still_be_on_its_way(intro):
    intro.want(["A"])
    introduce(intro, 0)
    assert intro.overdue(1000, 0.1) == []


def test_a_long_line_has_more_patience(intro):
    intro.want(["A"])
    _, asked = introduce(intro, 0)
    intro.accepted(asked, 0)
    assert intro.next_s(0, 5.0) == 20
    assert intro.overdue(19.9, 5.0) == []
    assert intro.overdue(20, 5.0) == ["A"]


def test_a_parked_device_is_tried_again_by_itself_later_and_later(intro):
    prove(intro, "A")
    intro.want(["B"])
    now_s, pauses = 0.0, []
    for _ in range(7):
        _, asked = introduce(intro, now_s)
        intro.accepted(asked, now_s)
        now_s += ANSWER_S
        assert intro.overdue(now_s, 0.1) == ["B"]
        assert intro.due(now_s) is None
        then_s = intro.next_s(now_s, 0.1)
        pauses.append(then_s - now_s)
        now_s = then_s
    assert pauses == [30, 60, 120, 240, 300, 300, 300]
    assert intro.parked["B"].tries == 7
    assert intro.parked["B"].since_s == ANSWER_S


def test_a_parked_device_that_is_taken_in_the_end_is_parked_no_more(intro):
    intro.want(["A"])
    _, asked = introduce(intro, 0)
    intro.accepted(asked, 0)
    intro.overdue(ANSWER_S, 0.1)
    _, asked = introduce(intro, ANSWER_S + AGAIN_S)
    assert answer(intro, asked) == "A"
    assert intro.parked == {}


def test_a_device_whose_introduction_ends_the_session_three_times_is_parked(intro):
    prove(intro, "A")
    now_s = 0.0
    for strike in range(3):
        intro.want(["B"])
        while (device := intro.due(now_s)) != "B":
            if device is None:
                now_s += 1
            else:
                answer(intro, intro.introduce(device, WIDE))
        intro.introduce("B", WIDE)
        parked = intro.ended(now_s, silent=False)
        assert parked == (["B"] if strike == 2 else [])
        intro.began()
    assert "ends the session" in intro.parked["B"].reason


def test_after_an_introduction_that_ended_the_session_an_empty_row_opens_the_device_for_it_passes_where_no_connect_does(
    intro,
):
    intro.want(["A"])
    introduce(intro, 0, burst=2)
    intro.ended(0, silent=False)
    again(intro, "A")
    device, (opening,) = introduce(intro, 0, burst=2)
    assert (device, opening.topic) == ("A", TELEMETRY)
    assert json.loads(opening.payload) == {"A": [{"ts": 1, "values": {}}]}
    assert opening.devices == {"A": 0}


def test_when_several_were_asked_for_as_the_session_ended_none_is_blamed_and_one_goes_first_next_time(intro):
    prove(intro, "A", "B", "C")
    intro.want(["D", "E"])
    introduce(intro, 0)
    introduce(intro, 0)
    assert intro.ended(0, silent=False) == []
    intro.began()
    introduce(intro, 0)
    assert intro.due(0) is None  # one at a time again


def test_of_several_that_were_asked_for_when_a_session_went_silent_the_one_that_it_is_is_found(intro):
    prove(intro, "A")
    intro.want(["bad", "B", "C"])
    introduce(intro, 0)
    introduce(intro, 0)
    assert intro.pending == 2
    now_s, parked = 20.0, intro.ended(20, silent=True)
    for _ in range(5):
        if parked:
            break
        again(intro, "A", "bad", "B", "C")
        now_s += 1
        while (device := intro.due(now_s)) is not None:
            messages = intro.introduce(device, WIDE)
            if device != "bad":
                answer(intro, messages)
        now_s += 20
        parked = intro.ended(now_s, silent=True) if intro.pending else []
    assert parked == ["bad"]


def test_silence_on_one_device_alone_where_others_were_proven_parks_it_at_once(intro):
    prove(intro, "A")
    intro.want(["B"])
    introduce(intro, 0)
    assert intro.ended(20, silent=True) == ["B"]
    assert "not acknowledged" in intro.parked["B"].reason
    assert not intro.no_gateway


def test_silence_before_any_device_was_proven_is_no_fault_of_a_device_and_after_two_of_them_it_is_no_gateway(intro):
    intro.want(["A", "B"])
    tried, now_s = [], 0.0
    for _ in range(4):
        device, _ = introduce(intro, now_s)
        tried.append(device)
        assert intro.ended(now_s, silent=True) == []
        again(intro, "A", "B")
        assert intro.due(now_s) is None  # not at once
        now_s = intro.next_s(now_s, 0.1)
    assert intro.no_gateway
    assert intro.parked == {}
    prove(intro, "A", now_s=now_s)
    assert not intro.no_gateway


def test_no_gateway_is_tried_later_and_later_but_every_minute_at_least(intro):
    intro.want(["A"])
    now_s, pauses = 0.0, []
    for _ in range(9):
        introduce(intro, now_s)
        intro.ended(now_s, silent=True)
        again(intro, "A")
        then_s = intro.next_s(now_s, 0.1)
        pauses.append(then_s - now_s)
        now_s = then_s
    assert pauses == sorted(pauses)
    assert pauses[-1] == 60


def test_once_a_device_has_cost_a_session_others_that_may_are_not_tried_for_a_while_and_the_known_ones_are(intro):
    prove(intro, "A", "B")
    intro.want(["X", "Y"])
    introduce(intro, 0)
    intro.ended(0, silent=True)
    again(intro, "A", "B", "X", "Y")
    known = [introduce(intro, 1) for _ in range(1)]
    answer(intro, known[0][1])
    while intro.due(1) is not None:
        device, messages = introduce(intro, 1)
        assert device in ("A", "B")
        answer(intro, messages)
    assert intro.next_s(1, 0.1) == SPARE_S
    assert introduce(intro, SPARE_S)[0] == "Y"
