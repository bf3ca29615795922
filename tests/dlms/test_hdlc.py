"""The HDLC data link, driven frame by frame: what the standard says, and what broke the bridges before this one."""

import pytest

from bridge.demo.hdlc import parse
from bridge.dlms.conversation import UNASKED
from bridge.dlms.framing import HdlcFramer
from bridge.dlms.hdlc import Hdlc
from bridge.errors import AssociationError, DecodeError, ReplyTimeout
from tests.dlms.hdlc_side import (
    ANSWER,
    GET,
    LLC,
    REJ,
    RR,
    SILENCE,
    answer,
    connected,
    control_of,
    finished,
    send_all,
    station,
    supervisory,
)
from tests.meters.by_hand import converse, hdlc_frame


def test_n_r_acknowledges_the_frame_that_came_and_both_numbers_wrap_around():
    link = connected()
    for n in range(20):
        conversation = link.ask(GET)
        frame = next(conversation)
        assert control_of(frame) == (n % 8) << 5 | 0x10 | (n % 8) << 1  # N(R): the next expected, not the one received
        assert finished(conversation, answer(ns=n % 8, nr=(n + 1) % 8)) == ANSWER


def test_prepared_frames_are_the_eight_that_would_be_made_anew():
    link = connected()
    frames = []
    for n in range(24):
        conversation = link.ask(GET)
        frames.append(next(conversation))
        finished(conversation, answer(ns=n % 8, nr=(n + 1) % 8))
    assert frames[8] is frames[0]
    assert frames[:8] == frames[8:16] == frames[16:]
    assert len(set(frames)) == 8


def test_an_answer_to_an_earlier_request_is_dropped_as_late():
    link = connected()
    first = link.ask(GET)
    next(first)
    finished(first, answer(ns=0, nr=1))
    second = link.ask(GET)
    next(second)
    assert second.send(answer(ns=0, nr=1)) == b""  # the first answer once more
    assert finished(second, answer(LLC + b"\xc4\x01\xc1\x00\x11\x05", ns=1, nr=2)) == b"\xc4\x01\xc1\x00\x11\x05"
    assert link.late == 1


def test_every_wrong_pair_of_numbers_is_no_answer():
    for ns in range(8):
        for nr in range(8):
            if (ns, nr) == (0, 1):
                continue
            link = connected()
            conversation = link.ask(GET)
            next(conversation)
            said = conversation.send(answer(LLC + b"\xc4\x01\xc1\x00\x11\x63", ns=ns, nr=nr))
            assert said == b"" or control_of(said) == 0x11  # waits on, or asks for what is missing
            assert finished(conversation, answer()) == ANSWER


def test_a_duplicate_of_the_answer_is_not_the_next_answer():
    link = connected()
    for n in range(3):
        conversation = link.ask(GET)
        next(conversation)
        if n:
            assert conversation.send(answer(ns=n - 1, nr=n)) == b""
        assert finished(conversation, answer(ns=n, nr=n + 1)) == ANSWER


def test_after_a_silence_the_answer_is_asked_for_first_and_then_the_same_frame_goes_out_again():
    conversation = connected(retries=4).ask(GET)
    frame = next(conversation)
    for _ in range(2):
        assert control_of(conversation.throw(SILENCE)) == 0x11  # RR
        assert conversation.throw(SILENCE) == frame
    assert finished(conversation, answer()) == ANSWER


def test_an_answer_that_was_lost_is_had_by_asking_for_it_where_the_request_must_not_come_again():
    """As on servers with a window of 1 that take a frame which comes again for a fault."""
    conversation = connected().ask(GET)
    next(conversation)
    assert control_of(conversation.throw(SILENCE)) == 0x11
    assert finished(conversation, answer()) == ANSWER


def test_a_request_with_a_secret_goes_out_again_only_when_the_meter_did_not_get_it():
    conversation = connected(retries=3).ask(GET, secret=True)
    frame = next(conversation)
    assert [control_of(conversation.throw(SILENCE)) for _ in range(3)] == [0x11] * 3
    with pytest.raises(ReplyTimeout):
        conversation.throw(SILENCE)
    conversation = connected(retries=3).ask(GET, secret=True)
    next(conversation)
    conversation.throw(SILENCE)
    assert conversation.send(supervisory(REJ, 0)) == frame
    assert finished(conversation, answer()) == ANSWER


def test_a_meter_that_has_the_request_and_never_answers_it_is_asked_something_else_and_a_late_answer_is_told():
    link = connected()
    conversation = link.ask(GET)
    next(conversation)
    with pytest.raises(ReplyTimeout) as silence:
        send_all(conversation, [supervisory(RR, 1)] * 1000)
    assert silence.value.stands
    conversation = link.ask(GET)
    assert control_of(next(conversation)) == 0x12
    assert conversation.send(answer(LLC + b"late", ns=0, nr=1)) == b""
    assert finished(conversation, answer(ns=1, nr=2)) == ANSWER
    assert link.late == 1


def test_text_in_a_frame_is_told_as_text():
    conversation = connected().ask(GET)
    next(conversation)
    with pytest.raises(DecodeError, match='text in a frame: "login:"'):
        conversation.send(hdlc_frame(b"login: ", control=0x30))


def test_after_all_repetitions_silence_is_told():
    for retries in (0, 1, 3):
        conversation = connected(retries=retries).ask(GET)
        next(conversation)
        for _ in range(retries):
            conversation.throw(SILENCE)
        with pytest.raises(ReplyTimeout):
            conversation.throw(SILENCE)


def test_a_frame_that_is_made_anew_keeps_its_sequence_number():
    link, made = connected(), iter((b"second", b"third"))
    link._retries = 4
    conversation = link.ask(b"first", again=lambda: next(made))
    frames = [next(conversation), *(conversation.throw(SILENCE) for _ in range(4))]
    assert [control_of(frame) for frame in frames[1::2]] == [0x11] * 2
    frames = frames[::2]
    assert [parse(frame).information for frame in frames] == [
        b"\xe6\xe6\x00" + text for text in (b"first", b"second", b"third")
    ]
    assert {control_of(frame) for frame in frames} == {0x10}
    assert finished(conversation, answer()) == ANSWER


def test_a_request_that_the_meter_did_not_get_goes_out_again():
    for kind in (RR, REJ):
        conversation = connected().ask(GET)
        request = next(conversation)
        assert conversation.send(supervisory(kind, 0)) == request
        assert finished(conversation, answer()) == ANSWER


@pytest.mark.parametrize(("control", "what"), [(0x1F, "disconnected"), (0x97, "FRMR")])
def test_a_meter_that_ends_the_link_says_so(control, what):
    conversation = connected().ask(GET)
    next(conversation)
    with pytest.raises(AssociationError, match=what):
        conversation.send(hdlc_frame(b"\x10\x30\x01" if control == 0x97 else b"", control=control))


def test_a_notification_in_the_middle_of_a_request_is_counted_and_let_pass():
    link = connected()
    conversation = link.ask(GET)
    next(conversation)
    assert conversation.send(hdlc_frame(LLC + b"\x0f" + ANSWER, control=0x13)) is UNASKED
    assert conversation.send(hdlc_frame(LLC + b"\xc2\x00", control=0x03)) is UNASKED
    assert conversation.send(hdlc_frame(LLC + b"\xc2\x00", control=0x03, client=b"\x21")) is UNASKED, "to another"
    assert conversation.send(hdlc_frame(LLC + ANSWER, server=b"\x21")) is not UNASKED, "another meter's answer"
    assert finished(conversation, answer()) == ANSWER
    assert link.notifications == 2


def test_an_answer_without_the_llc_header_is_a_decode_error():
    for information in (ANSWER, b"\xe6\xe6\x00" + ANSWER, b"", LLC[:2]):
        conversation = connected().ask(GET)
        next(conversation)
        with pytest.raises(DecodeError, match="LLC"):
            conversation.send(answer(information))


def test_a_flag_inside_an_answer_is_no_boundary():
    apdu = b"\xc4\x01\xc1\x00\x06\x7e\x7e\xa0\x7e"
    _, side = station(apdu)
    link = Hdlc(client=1, server=1)
    converse(link.connect(), side)
    assert converse(link.ask(GET), side)[0] == apdu


@pytest.mark.parametrize("cut", [1, 2, 3, 7])
def test_answers_in_pieces_of_any_size_are_whole(cut):
    framer, link = HdlcFramer(), connected()
    stream = answer()
    conversation = link.ask(GET)
    next(conversation)
    frames = [frame for at in range(0, len(stream), cut) for frame in framer.feed(stream[at : at + cut])]
    assert len(frames) == 1
    assert finished(conversation, frames[0]) == ANSWER


def test_an_answer_without_its_last_byte_is_taken_and_a_damaged_one_is_not():
    framer = HdlcFramer()
    assert framer.feed(answer()[:-1]) == [answer()]
    bent = bytearray(answer())
    bent[12] ^= 0x10
    framer.reset()
    assert framer.feed(bytes(bent)) == []
    assert framer.feed(b"\x00garbage" + answer()) == [answer()]
