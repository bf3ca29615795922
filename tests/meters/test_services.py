"""Requests over an association: what is said in between, what is refused, long answers, late ones, endless ones."""

import tracemalloc

import pytest

from bridge.demo import Faults
from bridge.errors import AssociationError, DecodeError, ReplyTimeout, ServiceError
from bridge.meters import prepared
from bridge.meters.keys import Counters, SecurityKeys
from bridge.meters.prepared import Attribute, Result
from bridge.meters.services import Services
from bridge.meters.session import Session
from bridge.meters.session_gurux import reference
from bridge.meters.wrapper import Wrapper
from tests.meters.by_hand import READINGS, converse, hdlc_frame, meter, read_as, server, wrapper_frame
from tests.meters.test_ciphering import cipher, meters
from tests.meters.test_hdlc import LLC, RR, connected, control_of, supervisory

VOLTAGE = Attribute(3, bytes((1, 1, 32, 7, 0, 255)), 2)
DATA_NOTIFICATION = b"\x0f\x00\x00\x00\x01\x00\x02\x02\x09\x01\x05\x06\x0b\xad\xba\xd0"
EVENT_NOTIFICATION = b"\xc2\x00\x00\x03\x01\x01\x20\x07\x00\xff\x02\x06\x0b\xad\xba\xd0"
INFORMATION_REPORT = b"\x18\x00\x01\xfa\x00\x01\x06\x0b\xad\xba\xd0"
PUSHED = [DATA_NOTIFICATION, EVENT_NOTIFICATION, INFORMATION_REPORT]


def services(*, retries=0, counter=None):
    return Services(Wrapper(client=16, server=1), reference=reference, retries=retries, counter=counter)


def asking(one, request=None):
    """Return a conversation that has asked, and the invoke-id under which it did."""
    conversation = one.results(request or prepared.get(VOLTAGE))
    sent = next(conversation)
    return conversation, sent[10] & 0x0F


def value(invoke_id, data=b"\x12\x34\xcf"):
    return wrapper_frame(bytes((0xC4, 1, 0xC0 | invoke_id, 0)) + data)


def finished(conversation, frame):
    with pytest.raises(StopIteration) as end:
        conversation.send(frame)
    return end.value.value


def test_an_answer_under_the_right_invoke_id_is_the_answer():
    conversation, invoke_id = asking(services())
    assert finished(conversation, value(invoke_id)) == [Result(13519)]


def test_the_invoke_id_goes_around():
    one, seen = services(), []
    for _ in range(20):
        conversation, invoke_id = asking(one)
        seen.append(invoke_id)
        finished(conversation, value(invoke_id))
    assert seen == [n % 16 for n in range(1, 21)]


def test_answers_under_other_invoke_ids_are_late_and_bounded():
    one = services()
    conversation, invoke_id = asking(one)
    for n in range(1, 15):
        assert conversation.send(value(invoke_id + n & 15, b"\x11\x63")) == b""
    assert finished(conversation, value(invoke_id)) == [Result(13519)]
    assert one.late == 14
    conversation, invoke_id = asking(one)
    with pytest.raises(DecodeError):
        send_all(conversation, [value(invoke_id + 1 & 15)] * 40)


def send_all(conversation, frames):
    for frame in frames:
        conversation.send(frame)


# What is said unasked.


@pytest.mark.parametrize("pushed", PUSHED)
def test_a_notification_in_the_middle_of_a_request_is_no_answer(pushed):
    one = services()
    conversation, invoke_id = asking(one)
    assert conversation.send(wrapper_frame(pushed)) == b""
    assert conversation.send(wrapper_frame(pushed)) == b""
    assert finished(conversation, value(invoke_id)) == [Result(13519)]
    assert one.notifications == 2


@pytest.mark.parametrize("pushed", PUSHED)
def test_a_notification_while_associating_is_no_answer_either(pushed):
    one = services()
    conversation = one.association(b"\x60\x00")
    next(conversation)
    assert conversation.send(wrapper_frame(pushed)) == b""
    assert finished(conversation, wrapper_frame(b"\x61\x00")) == b"\x61\x00"


@pytest.mark.parametrize("pushed", PUSHED)
def test_over_hdlc_a_notification_in_place_of_the_answer_is_followed_by_a_poll(pushed):
    one = Services(connected(), reference=reference)
    conversation = one.results(prepared.get(VOLTAGE))
    next(conversation)
    assert control_of(conversation.send(hdlc_frame(LLC + pushed, control=0x30))) == 0x31
    assert finished(conversation, hdlc_frame(LLC + b"\xc4\x01\xc0\x00\x12\x34\xcf", control=0x32)) == [Result(13519)]
    assert one.notifications == 1


def test_over_hdlc_nothing_behind_a_notification_is_polled_for_and_given_up():
    one = Services(connected(retries=0), reference=reference)
    conversation = one.results(prepared.get(VOLTAGE))
    next(conversation)
    conversation.send(hdlc_frame(LLC + DATA_NOTIFICATION, control=0x30))
    with pytest.raises((DecodeError, ReplyTimeout)):
        send_all(conversation, [supervisory(RR, 1)] * 1000)


def protected(*, retries=0, **more):
    one = services(retries=retries)
    one.cipher = cipher(**more)
    return one


def asked_under(one):
    conversation = one.results(prepared.get(VOLTAGE))
    next(conversation)
    return conversation, one._invoke_id


@pytest.mark.parametrize("pushed", [DATA_NOTIFICATION, EVENT_NOTIFICATION])
@pytest.mark.parametrize("in_clear", [True, False])
def test_a_notification_in_a_ciphered_association_is_let_pass_in_clear_and_ciphered(pushed, in_clear):
    one = protected(general=pushed is DATA_NOTIFICATION)
    conversation, invoke_id = asked_under(one)
    more = {"general": pushed is DATA_NOTIFICATION}
    frame = pushed if in_clear else meters(one.cipher, pushed, first=5, **more)
    assert conversation.send(wrapper_frame(frame)) == b""
    answer = meters(one.cipher, bytes((0xC4, 1, 0xC0 | invoke_id, 0)) + b"\x12\x34\xcf", first=6, **more)
    assert finished(conversation, wrapper_frame(answer)) == [Result(13519)]
    assert one.notifications == 1


def test_an_answer_in_clear_is_not_taken_in_a_ciphered_association():
    conversation, invoke_id = asked_under(protected())
    with pytest.raises(DecodeError, match="not protected"):
        conversation.send(value(invoke_id))


# What is refused.


@pytest.mark.parametrize(
    ("apdu", "what"),
    [
        ("d80101", "service not allowed, operation not possible"),
        ("d80202", "service unknown, service not supported"),
        ("d80205", "deciphering error"),
        ("d8", "state 0, error 0"),
        ("d8ff99", "state 255, error 153"),
        ("0e050100", "confirmed service error: 05 01 00"),
        ("0e", "confirmed service error: empty"),
    ],
)
def test_an_exception_or_a_service_error_is_told_in_words(apdu, what):
    conversation, _ = asking(services())
    with pytest.raises(ServiceError, match=what):
        conversation.send(wrapper_frame(bytes.fromhex(apdu)))
    conversation = services().association(b"\x60\x00")
    next(conversation)
    with pytest.raises(ServiceError, match=what):
        conversation.send(wrapper_frame(bytes.fromhex(apdu)))


def counted():
    counter = Counters(None).of(SecurityKeys(0x30, 0, bytes(16), bytes(16)))
    counter.reserve()
    return counter


def test_an_exception_for_a_low_counter_raises_it_as_the_meter_says():
    counter = counted()
    conversation, _ = asking(services(counter=counter))
    with pytest.raises(AssociationError, match="4711"):
        conversation.send(wrapper_frame(b"\xd8\x01\x06" + (4711).to_bytes(4)))
    assert counter.take() == 4712


def test_an_exception_for_a_low_counter_that_names_none_or_an_absurd_one_moves_nothing():
    for tail in (b"", b"\x00\x00", b"\xff\xff\xff\xff", b"\xff\xff\xff\x00", b"\x00\x00\x00\x00"):
        counter = counted()
        conversation, _ = asking(services(counter=counter))
        with pytest.raises(AssociationError):
            conversation.send(wrapper_frame(b"\xd8\x01\x06" + tail))
        assert counter.take() == 1


@pytest.mark.parametrize("apdu", ["c501c000", "c701c00000", "0c010011 05", "60 00", "ff", "61 03 80 01 00", "00", ""])
def test_an_answer_of_another_service_is_a_decode_error(apdu):
    conversation, _ = asking(services())
    with pytest.raises(DecodeError):
        conversation.send(wrapper_frame(bytes.fromhex(apdu.replace(" ", ""))))


def test_by_short_names_a_get_response_is_none():
    conversation = services().results(prepared.read([0x2000]))
    next(conversation)
    with pytest.raises(DecodeError):
        conversation.send(wrapper_frame(b"\xc4\x01\xc1\x00\x11\x05"))


# Long answers.


def block(invoke_id, number, data, *, last=False):
    size = bytes((len(data),)) if len(data) < 128 else b"\x82" + len(data).to_bytes(2)
    return wrapper_frame(bytes((0xC4, 2, 0xC0 | invoke_id, last)) + number.to_bytes(4) + b"\x00" + size + data)


def test_a_long_answer_is_fetched_block_by_block_under_one_invoke_id():
    conversation, invoke_id = asking(services())
    whole = b"\x09\x06abcdef"
    for number in range(1, len(whole)):
        sent = conversation.send(block(invoke_id, number, whole[number - 1 : number]))
        assert sent[8:] == bytes((0xC0, 2, 0xC0 | invoke_id)) + number.to_bytes(4)
    assert finished(conversation, block(invoke_id, len(whole), whole[-1:], last=True)) == [Result(b"abcdef")]


def test_a_list_comes_in_blocks_too():
    request = prepared.get_list([VOLTAGE] * 3)
    conversation, invoke_id = asking(services(), request)
    whole = b"\x03\x00\x12\x34\xcf\x01\x03\x00\x00"
    conversation.send(block(invoke_id, 1, whole[:4]))
    got = finished(conversation, block(invoke_id, 2, whole[4:], last=True))
    assert got == [Result(13519), Result(None, 3), Result(None)]


def test_a_read_by_short_names_comes_in_blocks_too():
    conversation = services().results(prepared.read([0x2000, 0x2008]))
    next(conversation)
    whole = b"\x02\x00\x12\x34\xcf\x01\x03"
    sent = conversation.send(wrapper_frame(b"\x0c\x01\x02\x00\x00\x01\x04" + whole[:4]))
    assert sent[8:] == b"\x05\x01\x05\x00\x01"
    got = finished(conversation, wrapper_frame(b"\x0c\x01\x02\x01\x00\x02\x03" + whole[4:]))
    assert got == [Result(13519), Result(None, 3)]


def test_a_rare_type_in_blocks_goes_to_gurux_too():
    conversation, invoke_id = asking(services())
    conversation.send(block(invoke_id, 1, bytes.fromhex("130202121106")))
    rest = block(invoke_id, 2, bytes.fromhex("000102000304"), last=True)
    assert finished(conversation, rest) == [Result([[1, 2], [3, 4]])]


def test_blocks_may_be_counted_from_nought():
    conversation, invoke_id = asking(services())
    conversation.send(block(invoke_id, 0, b"\x12"))
    assert finished(conversation, block(invoke_id, 1, b"\x34\xcf", last=True)) == [Result(13519)]


@pytest.mark.parametrize("number", [1, 3, 0, 0xFFFFFFFF])
def test_a_block_out_of_turn_is_a_decode_error(number):
    conversation, invoke_id = asking(services())
    conversation.send(block(invoke_id, 1, b"\x12"))
    with pytest.raises(DecodeError, match="instead of 2"):
        conversation.send(block(invoke_id, number, b"\x34\xcf", last=True))


def test_a_refusal_in_place_of_a_block_is_the_refusal():
    conversation, invoke_id = asking(services())
    conversation.send(block(invoke_id, 1, b"\x12"))
    refusal = wrapper_frame(bytes((0xC4, 2, 0xC0 | invoke_id, 1)) + (2).to_bytes(4) + b"\x01\x0f")
    assert finished(conversation, refusal) == [Result(None, 15)]


def test_a_long_answer_that_is_broken_off_is_a_decode_error():
    conversation, invoke_id = asking(services())
    conversation.send(block(invoke_id, 1, b"\x12"))
    with pytest.raises(DecodeError, match="broke off"):
        conversation.send(value(invoke_id))


def test_blocks_without_end_are_given_up_and_keep_no_memory():
    for data in (b"", bytes(60_000)):
        conversation, invoke_id = asking(services())
        tracemalloc.start()
        with pytest.raises(DecodeError, match="end"):
            send_all(conversation, (block(invoke_id, n & 0xFFFFFFFF, data) for n in range(1, 1 << 20)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 40 << 20


def test_a_silence_among_blocks_is_the_end_of_it():
    conversation, invoke_id = asking(services(retries=1))
    conversation.send(block(invoke_id, 1, b"\x12"))
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))


def test_over_hdlc_blocks_are_repeated_by_the_link_alone():
    one = Services(connected(), reference=reference, retries=5)
    conversation = one.results(prepared.get(VOLTAGE))
    next(conversation)
    more = conversation.send(hdlc_frame(LLC + b"\xc4\x02\xc0\x00\x00\x00\x00\x01\x00\x01\x12", control=0x30))
    assert conversation.throw(ReplyTimeout("silence"))[5] & 0x0F == 0x01  # RR
    assert conversation.throw(ReplyTimeout("silence")) == more
    last = LLC + b"\xc4\x02\xc0\x01\x00\x00\x00\x02\x00\x02\x34\xcf"
    assert finished(conversation, hdlc_frame(last, control=0x52)) == [Result(13519)]


# Silence.


def test_silence_in_clear_is_let_out_and_under_a_cipher_asked_anew_as_often_as_told():
    conversation, _ = asking(services(retries=2))
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))
    conversation = protected(retries=2).results(prepared.get(VOLTAGE))
    sent = [next(conversation), *(conversation.throw(ReplyTimeout("silence")) for _ in range(2))]
    assert len(set(sent)) == 3
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))


def test_ciphered_blocks_are_each_asked_for_under_a_new_counter():
    one = protected()
    conversation = one.results(prepared.get(VOLTAGE))
    sent, number = [next(conversation)], 0
    for number in range(1, 5):
        apdu = bytes((0xC4, 2, 0xC0 | one._invoke_id, 0)) + number.to_bytes(4) + b"\x00\x01\x12"
        sent.append(conversation.send(wrapper_frame(meters(one.cipher, apdu, first=number))))
    counters = [int.from_bytes(frame[11:15]) for frame in sent]
    assert counters == sorted(set(counters))


def test_the_demo_meters_tiny_blocks_are_put_together():
    for framing in ("hdlc", "wrapper"):
        for referencing in ("ln", "sn"):
            session = Session(meter(framing, referencing=referencing, profile={"conformance": ""}))
            side = server(framing, referencing=referencing, faults=Faults({"tiny-blocks": "3"}))
            converse(session.associate(), side.answer)
            readings, requests = converse(session.read(), side.answer)
            assert read_as(readings) == READINGS
            assert len(requests) > 5
