"""Invocation counters of an association: none goes out twice, and the meter's word raises them."""

import re

import pytest

from bridge.demo import PUBLIC_CLIENT, Client, MeterMemory
from bridge.errors import AssociationError, MeterError, ReplyTimeout
from bridge.meters.counter_store import CounterStore
from tests.dlms.secured_sides import BOTH, PAIRS, both_sides
from tests.meters.by_hand import READINGS, converse, read_as


def numbers_used(requests, framing):
    """Return the invocation counter of every protected APDU that went out, the initiate request in AARQ included."""
    at = {"hdlc": 11, "wrapper": 8}[framing]
    for request in requests:
        apdu = request[at:]
        if apdu[:1] == b"\x60" and (initiate := re.search(rb"\x21.[\x10\x20\x30](....)", apdu, re.DOTALL)):
            yield int.from_bytes(initiate[1])
        elif apdu[:1] in b"\xc8\xcb\xdb\x25\xd0\xdc\x45" and apdu:
            skip = 10 if apdu[0] in (0xDB, 0xDC) else 1
            skip += 1 if apdu[skip] < 0x80 else 1 + (apdu[skip] & 0x7F)
            yield int.from_bytes(apdu[skip + 1 : skip + 5])


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("authentication", ["low", "gmac", "sha256"])
def test_no_invocation_counter_goes_out_twice_and_each_is_higher(framing, authentication):
    session, side = both_sides(framing, authentication=authentication)
    sent = []

    def answer(request):
        sent.append(request)
        return side.answer(request)

    for _ in range(3):
        converse(session.associate(), answer)
        converse(session.read(), answer)
        converse(session.read(), answer)
    numbers = list(numbers_used(sent, framing))
    assert len(numbers) >= 12
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_a_ciphered_request_that_stays_unanswered_goes_out_under_a_new_counter(framing):
    session, side = both_sides(framing)
    converse(session.associate(), side.answer)
    conversation = session.read()
    first = next(conversation)
    sent = [first, *(conversation.throw(ReplyTimeout("silence")) for _ in range(2))]
    if framing == "hdlc":
        assert sent.pop(1)[5] & 0x0F == 0x01  # RR asks for the answer first
        assert sent[0][5] == sent[1][5]  # the same N(S): a meter that had it does not carry it out again
    numbers = list(numbers_used(sent, framing))
    assert len(set(numbers)) == len(sent)
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_a_ciphered_association_request_is_never_repeated(framing):
    session, _ = both_sides(framing)
    conversation = session.associate()
    sent = [next(conversation)]
    if framing == "hdlc":
        ua = bytes.fromhex("7ea01e03037340cc818014050180060180070400000001080400000001d6487e")
        sent.append(conversation.send(ua))
        for _ in range(2):
            assert conversation.throw(ReplyTimeout("silence"))[5] & 0x0F == 0x01  # RR asks for the answer alone
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))
    assert len(set(sent)) == len(sent)


def test_a_long_association_request_in_segments_is_never_repeated_either():
    session, side = both_sides("hdlc", dedicated=True, suite=2)
    conversation = session.associate()
    segment = conversation.send(side.answer(next(conversation)))
    assert segment[1] & 0x08
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))


CLIENTS = (PUBLIC_CLIENT, Client(1, "gmac", b"", security=BOTH))


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("silent", [False, True])
def test_the_counter_that_the_meter_offers_is_read_before_the_first_association(framing, silent):
    memory = MeterMemory(received={1: 5_000_000})
    session, side = both_sides(
        framing, counter_obis="0-0:43.1.0", clients=CLIENTS, memory=memory, silent_on_low_counter=silent
    )
    assert read_as(read_once(session, side)) == READINGS
    assert memory.refused_counters == 0
    assert memory.received[1] > 5_000_000


def read_once(session, side):
    converse(session.associate(), side.answer)
    return converse(session.read(), side.answer)[0]


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("silent", [False, True])
def test_an_association_that_is_refused_for_its_counter_is_recovered_from_by_asking_again(framing, silent):
    memory = MeterMemory()
    session, side = both_sides(
        framing, counter_obis="0-0:43.1.0", clients=CLIENTS, memory=memory, silent_on_low_counter=silent
    )
    assert read_as(read_once(session, side)) == READINGS
    memory.received[1] = 777_777  # another head-end used the key in the meantime
    with pytest.raises(MeterError):
        converse(session.associate(), side.answer)
    assert read_as(read_once(session, side)) == READINGS
    assert memory.received[1] > 777_777


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_a_read_that_is_refused_for_its_counter_raises_it_as_the_meter_says(framing):
    memory = MeterMemory()
    session, side = both_sides(framing, counter_obis="none", clients=CLIENTS, memory=memory)
    converse(session.associate(), side.answer)
    memory.received[1] = 777_777
    with pytest.raises(AssociationError, match="too low"):
        converse(session.read(), side.answer)
    assert read_as(read_once(session, side)) == READINGS
    assert memory.received[1] > 777_777


def test_a_process_that_draws_in_between_is_recovered_from_without_the_public_client(tmp_path):
    memory = MeterMemory()
    sides = [both_sides(counters=CounterStore(tmp_path / "counters.db"), memory=memory) for _ in range(2)]
    for session, side in sides:  # the second one draws a higher block, and the meter sees it
        assert read_as(read_once(session, side)) == READINGS
    session, side = sides[0]
    with pytest.raises(MeterError):
        converse(session.associate(), side.answer)
    assert read_as(read_once(session, side)) == READINGS


def test_failures_that_are_not_the_counters_use_none_up(tmp_path):
    session, side = both_sides(counters=CounterStore(tmp_path / "counters.db"))
    silent = lambda request: b"" if len(request) > 12 else side.answer(request)  # noqa: E731 - only the link answers
    for _ in range(50):
        with pytest.raises(MeterError):
            converse(session.associate(), silent)
    assert read_as(read_once(session, side)) == READINGS
    assert session.counter.next < 200


def test_a_public_client_that_is_silent_costs_one_timeout_and_the_association_goes_on():
    session, side = both_sides(counter_obis="0-0:43.1.0", clients=CLIENTS[1:])
    assert read_as(read_once(session, side)) == READINGS


def test_a_public_client_that_may_not_see_the_counter_is_left_in_order():
    blind = Client(16, sees=frozenset({"0.0.42.0.0.255"}))
    session, side = both_sides(counter_obis="0-0:43.1.0", clients=(blind, CLIENTS[1]))
    _, requests = converse(session.associate(), side.answer)
    assert [request[4:6] for request in requests[:5]][-1] == b"\x21\x53"  # DISC of client 16, before the other connects
    assert read_as(converse(session.read(), side.answer)[0]) == READINGS


def test_behind_a_shared_line_the_public_clients_silence_is_the_end_of_this_turn():
    session, side = both_sides(counter_obis="0-0:43.1.0", clients=CLIENTS[1:])
    conversation = session.associate()
    next(conversation)
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("others wait", final=True))
    assert read_as(read_once(session, side)) == READINGS  # the next turn does without


def test_the_meters_word_for_the_counter_never_uses_up_the_key():
    memory = MeterMemory(received={1: 0xFFFF_FFF0})
    session, side = both_sides(counter_obis="0-0:43.1.0", clients=CLIENTS, memory=memory)
    with pytest.raises(MeterError):
        converse(session.associate(), side.answer)
    assert session.counter.remaining_ratio > 0.99


def test_no_key_and_no_secret_is_in_any_representation():
    session, _ = both_sides(authentication="ecdsa", suite=1)
    text = repr(session._meter) + str(session._meter)
    for secret in (bytes(range(16)), bytes(range(0xD0, 0xE0)), PAIRS[1][0][0]):
        assert secret.hex() not in text.lower()
        assert repr(secret)[2:-1] not in text
