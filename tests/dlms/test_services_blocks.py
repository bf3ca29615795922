"""Long answers in blocks, and what breaks them off."""

import tracemalloc

import pytest

from bridge.demo import Faults
from bridge.dlms import xdlms
from bridge.dlms.association import MeterSession
from bridge.dlms.gurux import reference
from bridge.dlms.services import Services
from bridge.dlms.xdlms import Result
from bridge.errors import DecodeError, ReplyTimeout
from tests.dlms.hdlc_side import LLC, connected
from tests.dlms.services_by_hand import VOLTAGE, asking, finished, protected, send_all, services, value
from tests.dlms.test_ciphering import meters
from tests.meters.by_hand import READINGS, converse, hdlc_frame, meter, read_as, server, wrapper_frame


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
    request = xdlms.get_list([VOLTAGE] * 3)
    conversation, invoke_id = asking(services(), request)
    whole = b"\x03\x00\x12\x34\xcf\x01\x03\x00\x00"
    conversation.send(block(invoke_id, 1, whole[:4]))
    got = finished(conversation, block(invoke_id, 2, whole[4:], last=True))
    assert got == [Result(13519), Result(None, 3), Result(None)]


def test_a_read_by_short_names_comes_in_blocks_too():
    conversation = services().results(xdlms.read([0x2000, 0x2008]))
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


def test_empty_blocks_are_not_asked_on_for_long():
    conversation, invoke_id = asking(services())
    with pytest.raises(DecodeError, match="does not come to an end"):
        send_all(conversation, (block(invoke_id, n, b"\x12" if n == 9 else b"") for n in range(1, 30)))


def test_a_silence_among_blocks_is_the_end_of_it():
    conversation, invoke_id = asking(services(retries=1))
    conversation.send(block(invoke_id, 1, b"\x12"))
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))


def test_over_hdlc_blocks_are_repeated_by_the_link_alone():
    one = Services(connected(), reference=reference, retries=5)
    conversation = one.results(xdlms.get(VOLTAGE))
    next(conversation)
    more = conversation.send(hdlc_frame(LLC + b"\xc4\x02\xc0\x00\x00\x00\x00\x01\x00\x01\x12", control=0x30))
    assert conversation.throw(ReplyTimeout("silence"))[5] & 0x0F == 0x01  # RR
    assert conversation.throw(ReplyTimeout("silence")) == more
    last = LLC + b"\xc4\x02\xc0\x01\x00\x00\x00\x02\x00\x02\x34\xcf"
    assert finished(conversation, hdlc_frame(last, control=0x52)) == [Result(13519)]


def test_ciphered_blocks_are_each_asked_for_under_a_new_counter():
    one = protected()
    conversation = one.results(xdlms.get(VOLTAGE))
    sent, number = [next(conversation)], 0
    for number in range(1, 5):
        apdu = bytes((0xC4, 2, 0xC0 | one._invoke_id, 0)) + number.to_bytes(4) + b"\x00\x01\x12"
        sent.append(conversation.send(wrapper_frame(meters(one.cipher, apdu, first=number))))
    counters = [int.from_bytes(frame[11:15]) for frame in sent]
    assert counters == sorted(set(counters))


def test_the_demo_meters_tiny_blocks_are_put_together():
    for framing in ("hdlc", "wrapper"):
        for referencing in ("ln", "sn"):
            session = MeterSession(meter(framing, referencing=referencing, profile={"conformance": ""}))
            side = server(framing, referencing=referencing, faults=Faults({"tiny-blocks": "3"}))
            converse(session.associate(), side.answer)
            readings, requests = converse(session.read(), side.answer)
            assert read_as(readings) == READINGS
            assert len(requests) > 5
