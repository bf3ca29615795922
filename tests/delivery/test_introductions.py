"""In every session a device is opened and proven before anything of it goes; few at a time, and all in their turn."""

from __future__ import annotations

import json

import pytest

from bridge.delivery.introductions import Introductions
from bridge.delivery.opening import CONNECT, PROOF, PROOF_ANSWER
from tests.delivery.introducing import WIDE, again, answer, introduce, prove, question


@pytest.fixture
def intro() -> Introductions:
    one = Introductions(device_type="meter", first_id=7)
    one.began()
    return one


def test_a_device_is_opened_with_its_type_and_then_asked_for_something_that_only_a_device_that_is_there_answers(intro):
    intro.want(["A"])
    device, (opening, proof) = introduce(intro)
    assert device == "A"
    assert (opening.topic, json.loads(opening.payload)) == (CONNECT, {"device": "A", "type": "meter"})
    asked = question(proof)
    assert (asked["device"], asked["client"], asked["key"]) == ("A", False, "interval")
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
