"""Volleys under a key: every way of ciphering goes out as one, and nothing but the meter's own next answer is taken."""

import pytest

from bridge.dlms.sealed_volley import SealedVolley
from tests.dlms.secured_sides import BOTH, both_sides
from tests.dlms.test_volley import watched
from tests.meters.by_hand import READINGS, converse, read_as


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("security", ["authentication", "encryption", BOTH])
@pytest.mark.parametrize(("dedicated", "general"), [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("suite", [0, 2])
def test_every_way_of_ciphering_is_read_by_volleys_from_the_second_cycle_on(
    framing, security, dedicated, general, suite
):
    session, side = both_sides(framing, "ln", "low", suite, security, dedicated=dedicated, general=general)
    converse(session.associate(), side.answer)
    fired, asked = [], []
    for _ in range(4):
        readings, requests = converse(watched(session.read(), fired), side.answer)
        assert read_as(readings) == READINGS
        asked += requests
    assert [(type(one), one.request) for one in fired] == [(SealedVolley, b"")] * 3
    assert len(set(asked)) == len(asked)
    assert session.late == 0


def standing(framing, *, singles=False):
    session, side = both_sides(framing, authentication="low")
    session._plan._list_items = 0 if singles else session._plan._list_items
    converse(session.associate(), side.answer)
    converse(session.read(), side.answer)
    return session, side


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_no_answer_with_a_flipped_bit_is_taken_and_none_of_them_counts_as_received(framing):
    session, side = standing(framing)
    volley = next(session.read())
    [frame] = side.frames(volley.request)
    cipher = session._services.cipher
    before = cipher.last_received
    for bit in range(8 * len(frame)):
        bent = bytearray(frame)
        bent[bit // 8] ^= 0x80 >> bit % 8
        assert not volley.take(bytes(bent))
    assert cipher.last_received == before
    assert volley.take(frame)
    assert cipher.last_received > before


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_an_answer_that_was_received_before_is_not_taken_again(framing):
    session, side = standing(framing)
    volley = next(session.read())
    [frame] = side.frames(volley.request)
    session._services.cipher.last_received += 100  # as if others had come since
    assert not volley.take(frame)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_what_a_broken_volley_had_sealed_is_never_sent_and_counters_only_rise(framing):
    session, side = standing(framing, singles=True)
    lost, fired, sent = [], [], []

    def answer(request):
        """Lose the answer to the third request; what comes after it is answered."""
        sent.append(request)
        frame = b"".join(side.frames(request))
        if len(sent) == 3:
            lost.append(frame)
            return b""
        return frame or lost[0]

    for _ in range(2):
        readings, _ = converse(watched(session.read(), fired), answer)
        assert read_as(readings) == READINGS
    assert [one.answered for one in fired] == [2, 5]
    sealed = [request for request in sent if len(request) > 20]  # the others are RR
    at = 14 if framing == "hdlc" else 11
    counters = [int.from_bytes(request[at : at + 4]) for request in sealed]
    assert counters == sorted(set(counters))
    assert not set(fired[0]._requests[3:]) & set(sent)
