"""The IEC 62056-21 mode E opening, line by line: the demo meter's, and meters with other manners."""

import pytest

from bridge.demo.mode_e import ModeE
from bridge.dlms.mode_e import LineFramer, opening
from bridge.errors import AssociationError, ReplyTimeout

REQUEST, ACKNOWLEDGEMENT = b"/?!\r\n", b"\x06252\r\n"
IDENTITY = b"/DEM5\\2METER\r\n"


def finished(step, value):
    with pytest.raises(StopIteration) as end:
        step(value)
    return end.value.value


def test_the_demo_meter_is_signed_on_to():
    side, framer, conversation = ModeE("DEM", "METER", "00000001"), LineFramer(), opening()
    [identity] = framer.feed(side.feed(next(conversation))[0])
    acknowledgement = conversation.send(identity)
    answer, rest = side.feed(acknowledgement)
    assert side.is_open
    assert rest == b""
    [line] = framer.feed(answer)
    assert finished(conversation.send, line) == "DEM5\\2METER"


def test_the_rate_that_the_meter_offers_is_acknowledged_with_hdlc_and_binary_mode():
    for rate in b"0123456789":
        conversation = opening()
        assert next(conversation) == REQUEST
        assert conversation.send(b"/ABC" + bytes((rate,)) + b"\\2X\r\n") == b"\x062" + bytes((rate,)) + b"2\r\n"


def test_a_meter_that_is_in_hdlc_without_confirming_is_taken_too():
    conversation = opening()
    next(conversation)
    assert conversation.send(IDENTITY) == ACKNOWLEDGEMENT
    assert finished(conversation.throw, ReplyTimeout("silence")) == "DEM5\\2METER"


def test_an_echo_of_each_line_is_passed_over():
    conversation = opening()
    assert conversation.send(next(conversation)) == b""
    assert conversation.send(IDENTITY) == ACKNOWLEDGEMENT
    assert finished(conversation.send, ACKNOWLEDGEMENT) == "DEM5\\2METER"  # the echo and the confirmation look the same


def test_wake_up_characters_and_other_lines_before_the_identification_are_passed_over():
    conversation = opening()
    next(conversation)
    assert conversation.send(b"\x00\x00\r\n") == b""
    assert conversation.send(b"noise\r\n") == b""
    assert conversation.send(b"\x00\x7f" + IDENTITY) == ACKNOWLEDGEMENT


def test_silence_to_the_request_is_let_out():
    conversation = opening()
    next(conversation)
    with pytest.raises(ReplyTimeout):
        conversation.throw(ReplyTimeout("silence"))


@pytest.mark.parametrize("line", [b"/\r\n", b"/AB\r\n", b"/ABC\r\n"])
def test_an_identification_that_is_too_short_is_refused(line):
    conversation = opening()
    next(conversation)
    with pytest.raises(AssociationError, match="no identification"):
        conversation.send(line)


def test_a_meter_of_another_mode_is_told_apart():
    conversation = opening()
    next(conversation)
    with pytest.raises(AssociationError, match="mode E"):
        conversation.send(b"/ABCCMETER\r\n")  # a letter for a rate: mode B


def test_lines_without_end_are_given_up():
    conversation = opening()
    next(conversation)
    with pytest.raises(AssociationError):
        send_all(conversation, [b"noise\r\n"] * 1000)


def send_all(conversation, lines):
    for line in lines:
        conversation.send(line)


def test_lines_come_whole_whatever_the_segments():
    framer = LineFramer()
    assert [line for byte in IDENTITY for line in framer.feed(bytes((byte,)))] == [IDENTITY]
    assert framer.feed(IDENTITY + ACKNOWLEDGEMENT + b"/AB") == [IDENTITY, ACKNOWLEDGEMENT]
    assert framer.feed(b"C5\n") == [b"/ABC5\n"]


def test_a_line_that_does_not_end_is_dropped_and_counted():
    framer = LineFramer()
    for _ in range(1000):
        assert framer.feed(b"x" * 100) == []
    assert len(framer.buffer) <= 400
    assert framer.dropped + len(framer.buffer) == 100_000
