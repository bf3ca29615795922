"""Requests over an association: what is said in between, what is refused, long answers, late ones, endless ones."""

import pytest

from bridge.dlms import xdlms
from bridge.dlms.conversation import UNASKED
from bridge.dlms.gurux import reference
from bridge.dlms.security_keys import SecurityKeys
from bridge.dlms.services import Services
from bridge.dlms.xdlms import Result
from bridge.errors import AssociationError, DecodeError, ReplyTimeout, ServiceError
from bridge.meters.counter_store import CounterStore
from tests.dlms.hdlc_side import LLC, RR, connected, control_of, supervisory
from tests.dlms.push.gurux_pushes import protected as sealed
from tests.dlms.services_by_hand import VOLTAGE, asking, finished, protected, send_all, services, value
from tests.dlms.test_ciphering import meters
from tests.meters.by_hand import hdlc_frame, wrapper_frame

DATA_NOTIFICATION = b"\x0f\x00\x00\x00\x01\x00\x02\x02\x09\x01\x05\x06\x0b\xad\xba\xd0"


EVENT_NOTIFICATION = b"\xc2\x00\x00\x03\x01\x01\x20\x07\x00\xff\x02\x06\x0b\xad\xba\xd0"


INFORMATION_REPORT = b"\x18\x00\x01\xfa\x00\x01\x06\x0b\xad\xba\xd0"


PUSHED = [DATA_NOTIFICATION, EVENT_NOTIFICATION, INFORMATION_REPORT, sealed(DATA_NOTIFICATION)]


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


@pytest.mark.parametrize("pushed", PUSHED)
def test_a_notification_in_the_middle_of_a_request_is_no_answer(pushed):
    one = services()
    conversation, invoke_id = asking(one)
    assert conversation.send(wrapper_frame(pushed)) is UNASKED
    assert conversation.send(wrapper_frame(pushed)) is UNASKED
    assert conversation.send(value(invoke_id + 1 & 0x0F)) is not UNASKED, "late, and no message"
    assert finished(conversation, value(invoke_id)) == [Result(13519)]
    assert one.notifications == 2


@pytest.mark.parametrize("pushed", PUSHED)
def test_a_notification_while_associating_is_no_answer_either(pushed):
    one = services()
    conversation = one.association(b"\x60\x00")
    next(conversation)
    assert conversation.send(wrapper_frame(pushed)) is UNASKED
    assert finished(conversation, wrapper_frame(b"\x61\x00")) == b"\x61\x00"


@pytest.mark.parametrize("pushed", PUSHED)
def test_over_hdlc_a_notification_in_place_of_the_answer_is_followed_by_a_poll(pushed):
    one = Services(connected(), reference=reference)
    conversation = one.results(xdlms.get(VOLTAGE))
    next(conversation)
    assert control_of(conversation.send(hdlc_frame(LLC + pushed, control=0x30))) == 0x31
    assert finished(conversation, hdlc_frame(LLC + b"\xc4\x01\xc0\x00\x12\x34\xcf", control=0x32)) == [Result(13519)]
    assert one.notifications == 1


def test_over_hdlc_nothing_behind_a_notification_is_polled_for_and_given_up():
    one = Services(connected(retries=0), reference=reference)
    conversation = one.results(xdlms.get(VOLTAGE))
    next(conversation)
    conversation.send(hdlc_frame(LLC + DATA_NOTIFICATION, control=0x30))
    with pytest.raises((DecodeError, ReplyTimeout)):
        send_all(conversation, [supervisory(RR, 1)] * 1000)


def asked_under(one):
    conversation = one.results(xdlms.get(VOLTAGE))
    next(conversation)
    return conversation, one._invoke_id


@pytest.mark.parametrize("pushed", [DATA_NOTIFICATION, EVENT_NOTIFICATION])
@pytest.mark.parametrize("in_clear", [True, False])
def test_a_notification_in_a_ciphered_association_is_let_pass_in_clear_and_ciphered(pushed, in_clear):
    one = protected(general=pushed is DATA_NOTIFICATION)
    conversation, invoke_id = asked_under(one)
    more = {"general": pushed is DATA_NOTIFICATION}
    frame = pushed if in_clear else meters(one.cipher, pushed, first=5, **more)
    assert conversation.send(wrapper_frame(frame)) is UNASKED
    answer = meters(one.cipher, bytes((0xC4, 1, 0xC0 | invoke_id, 0)) + b"\x12\x34\xcf", first=6, **more)
    assert finished(conversation, wrapper_frame(answer)) == [Result(13519)]
    assert one.notifications == 1


@pytest.mark.parametrize(
    ("counter", "security", "with_keys"),
    [(1, 0x30, None), (9, 0x20, None), (9, 0x30, SecurityKeys(0x30, 0, bytes(16), bytes(16)))],
    ids=["an older counter", "another protection", "other keys"],
)
def test_what_is_pushed_under_a_counter_or_a_protection_of_its_own_ends_no_association(counter, security, with_keys):
    one = protected()
    conversation, invoke_id = asked_under(one)
    one.cipher.last_received = 5
    frame = sealed(DATA_NOTIFICATION, security=security, counter=counter, with_keys=with_keys)
    assert conversation.send(wrapper_frame(frame)) is UNASKED
    answer = meters(one.cipher, bytes((0xC4, 1, 0xC0 | invoke_id, 0)) + b"\x12\x34\xcf", first=6)
    assert finished(conversation, wrapper_frame(answer)) == [Result(13519)]


def test_an_answer_in_clear_is_not_taken_in_a_ciphered_association():
    conversation, invoke_id = asked_under(protected())
    with pytest.raises(DecodeError, match="not protected"):
        conversation.send(value(invoke_id))


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
    counter = CounterStore(None).of(SecurityKeys(0x30, 0, bytes(16), bytes(16)))
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
    conversation = services().results(xdlms.read([0x2000]))
    next(conversation)
    with pytest.raises(DecodeError):
        conversation.send(wrapper_frame(b"\xc4\x01\xc1\x00\x11\x05"))


def test_silence_in_clear_is_let_out_and_under_a_cipher_asked_anew_as_often_as_told():
    conversation, _ = asking(services(retries=2))
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))
    conversation = protected(retries=2).results(xdlms.get(VOLTAGE))
    sent = [next(conversation), *(conversation.throw(ReplyTimeout("silence")) for _ in range(2))]
    assert len(set(sent)) == 3
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))
