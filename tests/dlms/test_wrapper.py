"""The wrapper's data link: exact lengths, both addresses, APDU after APDU, and late answers told by invoke-id."""

import pytest

from bridge.dlms.association import MeterSession
from bridge.dlms.conversation import MOST_STRAY_FRAMES
from bridge.dlms.framing import WrapperFramer
from bridge.dlms.wrapper import Wrapper
from bridge.errors import DecodeError, ReplyTimeout
from tests.dlms.secured_sides import both_sides
from tests.meters.by_hand import READINGS, converse, meter, one_by_one, read_as, server, wrapper_frame

ANSWER = b"\xc4\x01\xc1\x00\x12\x34\xcf"
REQUEST = b"\xc0\x01\xc1\x00\x03\x01\x01\x20\x07\x00\xff\x02\x00"


def link(client=16, server=1):
    return Wrapper(client=client, server=server)


def frame(apdu=ANSWER, source=1, destination=16):
    return wrapper_frame(apdu, source=source, destination=destination)


def finished(conversation, answer):
    with pytest.raises(StopIteration) as end:
        conversation.send(answer)
    return end.value.value


def test_a_request_has_version_addresses_and_length_in_front():
    sent = next(link(client=0x1234, server=0xABCD).ask(REQUEST))
    assert sent == bytes.fromhex("00011234abcd000d") + REQUEST


def test_connecting_and_disconnecting_sends_nothing():
    for conversation in (link().connect(), link().disconnect()):
        with pytest.raises(StopIteration):
            next(conversation)


def test_the_answer_is_what_is_behind_the_header():
    conversation = link().ask(REQUEST)
    next(conversation)
    assert finished(conversation, frame()) == ANSWER


@pytest.mark.parametrize(("source", "destination"), [(2, 16), (1, 17), (16, 1), (0x0101, 16), (1, 0x1010)])
def test_an_answer_with_another_address_on_either_side_is_dropped(source, destination):
    one = link()
    conversation = one.ask(REQUEST)
    next(conversation)
    assert conversation.send(frame(b"\xc4\x01\xc1\x00\x11\x63", source, destination)) == b""
    assert finished(conversation, frame()) == ANSWER
    assert one.late == 1


def test_an_echo_is_dropped_even_when_both_have_the_same_address():
    one = link(client=1)
    conversation = one.ask(REQUEST)
    assert conversation.send(next(conversation)) == b""
    assert finished(conversation, frame(destination=1)) == ANSWER


def test_strangers_without_end_are_given_up():
    conversation = link().ask(REQUEST)
    next(conversation)
    for _ in range(MOST_STRAY_FRAMES):
        assert conversation.send(frame(destination=99)) == b""
    with pytest.raises(DecodeError):
        conversation.send(frame(destination=99))


def test_silence_is_the_layer_aboves_to_answer():
    conversation = link().ask(REQUEST)
    next(conversation)
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))


def test_several_apdus_in_one_segment_come_one_by_one():
    stream = frame(b"\x0f\x00\x00\x00\x01\x00\x11\x05") + frame() + frame(b"\xc2\x00")
    frames = WrapperFramer().feed(stream)
    assert len(frames) == 3
    one = link()
    conversation = one.ask(REQUEST)
    next(conversation)
    assert finished(conversation, frames[0]) == b"\x0f\x00\x00\x00\x01\x00\x11\x05"
    conversation = one.more()
    assert next(conversation) == b""  # nothing is sent: it comes by itself
    assert finished(conversation, frames[1]) == ANSWER


@pytest.mark.parametrize("size", [1, 255, 256, 1500, 0xFFFF])
def test_lengths_are_exact_to_the_byte(size):
    framer, apdu = WrapperFramer(), bytes(n % 250 + 2 for n in range(size))
    whole = frame(apdu)
    assert framer.feed(whole[:-1]) == []
    assert framer.feed(whole[-1:] + frame()) == [whole, frame()]
    assert framer.dropped == 0


@pytest.mark.parametrize("length", [0, 1201, 0xFFFF])
def test_an_absurd_length_is_refused_before_anything_is_kept_for_it(length):
    framer = WrapperFramer(max_apdu_bytes=1200)
    header = b"\x00\x01\x00\x01\x00\x10" + length.to_bytes(2)
    assert framer.feed(header) == []
    assert len(framer.buffer) == 0
    assert framer.dropped == 8
    assert framer.feed(frame()) == [frame()]


def singles(**arguments):
    session, side = MeterSession(meter("wrapper", profile={"list_items": 0}, retries=3)), server("wrapper", **arguments)
    converse(session.associate(), side.answer)
    return session, side


def test_a_late_answer_of_the_cycle_before_is_not_taken_in_the_next():
    session, side = singles()
    converse(session.read(), side.answer)
    conversation = one_by_one(session.read())
    stale = side.answer(next(conversation))  # of the first register, and the cycle ends here
    conversation.close()
    conversation = one_by_one(session.read())
    request = next(conversation)
    assert conversation.send(stale) == b""
    assert conversation.send(side.answer(request)) != b""


def test_a_late_ciphered_answer_is_told_by_its_invoke_id_too():
    session, side = both_sides("wrapper")
    converse(session.associate(), side.answer)
    conversation = session.read()
    first = next(conversation)
    late = side.answer(first)
    second = conversation.throw(ReplyTimeout("silence"))
    assert conversation.send(late) == b""
    assert read_as(finished(conversation, side.answer(second))) == READINGS
    assert session.late == 1


def test_a_replayed_ciphered_answer_is_dropped_and_the_true_one_waited_for():
    session, side = both_sides("wrapper")
    converse(session.associate(), side.answer)
    answers = []
    converse(session.read(), lambda request: answers.append(side.answer(request)) or answers[-1])
    for _ in range(15):
        converse(session.read(), side.answer)
    conversation = one_by_one(session.read())  # the same invoke-id as sixteen cycles ago
    request = next(conversation)
    assert conversation.send(answers[0]) == b""
    assert session.late == 1
    assert read_as(finished(conversation, side.answer(request))) == READINGS


def test_by_short_names_nothing_is_repeated_for_a_late_answer_could_not_be_told():
    session = MeterSession(meter("wrapper", referencing="sn", profile={"conformance": ""}))
    side = server("wrapper", referencing="sn")
    converse(session.associate(), side.answer)
    conversation = session.read()
    next(conversation)
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))
