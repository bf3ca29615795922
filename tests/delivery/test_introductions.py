"""Which devices ThingsBoard has: opened, proven, or parked with its likely reason, and nobody waits for another."""

from __future__ import annotations

import json
import math

import pytest

from bridge.delivery.introductions import CONNECT, PROOF, PROOF_ANSWER, Introductions
from bridge.delivery.messages import TELEMETRY, Message

WIDE = math.inf
ANSWER_S, AGAIN_S, AGAIN_CAP_S, SPARE_S = 10.0, 30.0, 300.0, 30.0


@pytest.fixture
def intro() -> Introductions:
    one = Introductions(device_type="meter", first_id=7)
    one.began()
    return one


def question(message: Message) -> dict:
    assert message.topic == PROOF
    return json.loads(message.payload)


def introduce(intro: Introductions, now_s: float = 0, burst: float = WIDE) -> tuple[str, list[Message]]:
    device = intro.due(now_s)
    assert device is not None
    return device, intro.introduce(device, burst)


def answer(intro: Introductions, messages: list[Message]) -> str | None:
    asked = question(messages[-1])
    return intro.answered(json.dumps({"id": asked["id"], "device": asked["device"]}).encode())


def again(intro: Introductions, *devices: str) -> None:
    """The next session; these have something to be sent in it."""
    intro.began()
    intro.want(devices)


def prove(intro: Introductions, *devices: str, now_s: float = 0) -> None:
    intro.want(devices)
    while not all(intro.is_proven(device) for device in devices):
        _, messages = introduce(intro, now_s)
        answer(intro, messages)


def test_a_device_is_opened_with_its_type_and_then_asked_for_something_that_only_a_device_that_is_there_answers(intro):
    intro.want(["A"])
    device, (opening, proof) = introduce(intro)
    assert device == "A"
    assert (opening.topic, json.loads(opening.payload)) == (CONNECT, {"device": "A", "type": "meter"})
    asked = question(proof)
    assert (asked["device"], asked["client"]) == ("A", True)
    assert proof.answer == f"{PROOF_ANSWER}/{asked['id']}"
    assert not intro.is_proven("A")
    assert answer(intro, [proof]) == "A"
    assert intro.is_proven("A")


def test_opening_costs_what_thingsboard_counts_for_it(intro):
    intro.want(["A"])
    assert intro.cost("A", WIDE) == 3
    _, messages = introduce(intro)
    assert [message.regular for message in messages] == [2, 1]


def test_where_not_all_of_it_fits_at_once_it_goes_in_two_steps(intro):
    intro.want(["A"])
    assert intro.cost("A", 2) == 2
    _, (opening,) = introduce(intro, burst=2)
    assert (opening.topic, opening.regular) == (CONNECT, 2)
    assert intro.cost("A", 2) == 1
    _, (proof,) = introduce(intro, burst=2)
    assert proof.regular == 1
    assert answer(intro, [proof]) == "A"


def test_a_device_that_was_proven_before_is_opened_by_the_question_alone_in_the_next_session(intro):
    prove(intro, "A")
    intro.ended(10, silent=False)
    intro.began()
    assert not intro.is_proven("A")
    _, (proof,) = introduce(intro, 10)
    assert (proof.topic, proof.regular) == (PROOF, 3)


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"5", b"null", b'{"id":8}', b'{"id":9,"device":"A"}', b'{"id":8,"device":"B"}', b'{"device":"A"}'],
)
def test_what_answers_another_question_proves_nothing(intro, payload):
    intro.want(["A"])
    _, messages = introduce(intro)
    assert question(messages[-1])["id"] == 8
    assert intro.answered(payload) is None
    assert not intro.is_proven("A")
    assert answer(intro, messages) == "A"


def test_few_are_asked_for_at_a_time_and_twice_as_many_each_time_that_one_answers(intro):
    intro.want(f"m{number}" for number in range(100))
    widths = []
    for _ in range(6):
        asked = []
        while intro.due(0) is not None:
            asked.append(introduce(intro)[1])
        widths.append(intro.pending)
        answer(intro, asked[0])
        for one in asked[1:]:
            answer(intro, one)
    assert widths[:3] == [1, 2, 8]
    assert widths[-1] == 16


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


def test_in_a_new_session_one_that_is_there_goes_first_then_those_who_were_not_served(intro):
    prove(intro, "A", "B", "C")
    intro.want(["D"])
    intro.ended(0, silent=False)
    again(intro, "A", "B", "C", "D")
    order = []
    while intro.due(0) is not None:
        device, messages = introduce(intro, 0)
        order.append(device)
        answer(intro, messages)
    assert order == ["C", "D", "A", "B"]


def test_who_has_nothing_to_be_sent_has_no_turn_in_a_session_but_one_that_is_there(intro):
    prove(intro, "A", "B", "C")
    intro.ended(0, silent=False)
    again(intro, "A")
    order = []
    while intro.due(0) is not None:
        device, messages = introduce(intro, 0)
        order.append(device)
        answer(intro, messages)
    assert order == ["C", "A"]


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


def test_a_device_that_thingsboard_says_it_has_no_more_is_introduced_anew_with_its_type(intro):
    prove(intro, "A")
    intro.forget("A")
    assert not intro.is_proven("A")
    device, messages = introduce(intro)
    assert (device, messages[0].topic) == ("A", CONNECT)


def test_nobody_is_introduced_twice(intro):
    intro.want(["A", "A"])
    introduce(intro)
    intro.want(["A"])
    assert intro.due(0) is None


def test_numbers_stay_within_a_java_int():
    intro = Introductions(device_type="meter", first_id=(1 << 31) - 2)
    intro.want(["A", "B"])
    first = introduce(intro)[1]
    answer(intro, first)
    second = introduce(intro)[1]
    assert (question(first[-1])["id"], question(second[-1])["id"]) == ((1 << 31) - 1, 0)
