"""What came instead of an answer is told in words that name it."""

import pytest

from bridge.dlms.overheard import Overheard, explain
from tests.meters.by_hand import hdlc_frame, wrapper_frame

REQUEST = hdlc_frame(b"\xe6\xe6\x00\xc0\x01\xc1", control=0x10)
ANSWER = hdlc_frame(b"\xe6\xe7\x00\xc4\x01\xc1\x00\x06\x00\x00\x03\xe1", control=0x30)
WRAPPED = wrapper_frame(b"\xc0\x01\xc1", source=16, destination=1)


def told(raw=b"", *frames, framing="hdlc", request=REQUEST):
    return explain(Overheard(framing, request, raw, len(raw), frames))


def test_nothing_is_nothing():
    assert told() is None
    assert told(b"\x7e\x7e") is None  # flags are fill


@pytest.mark.parametrize(
    ("raw", "said", "hint"),
    [
        (ANSWER[:-2] + ANSWER[-1:], "check sequence is wrong: 1 of 23 bytes missing", "XON/XOFF"),
        (ANSWER[:9] + b"\x00" + ANSWER[10:], "their check sequence is wrong (", "baud rate"),
        (REQUEST, "the request itself came back", "echo"),
        (b"\xff\xfb\x01\xff\xfb\x03", "speaks Telnet", "raw TCP"),
        (b"login: ", '7 bytes of text came: "login:"', "login"),
        (b"/XMX5LGBBLB2410000001\r\n\r\n1-0:1.8.1(001234.567*kWh)\r\n", "of text came", "P1"),
        (bytes(octet | 0x80 for octet in b"NO CARRIER"), 'text came: "NO CARRIER"', "registration"),
        (b"\x9f\x03\x88\xf1\x1c", "5 bytes came that make no frame: 9F 03 88 F1 1C", "FRAMING"),
    ],
)
def test_bytes_that_make_no_frame(raw, said, hint):
    one = told(raw)
    assert said in one.said
    assert hint in one.hint
    assert one.unframed


def test_bytes_that_make_no_frame_behind_the_wrapper():
    cut = told(wrapper_frame(b"\xc4\x01\xc1\x00\x06")[:-1], framing="wrapper", request=WRAPPED)
    assert "a frame announces 5 bytes and 4 came" in cut.said
    other = told(ANSWER, framing="wrapper", request=WRAPPED)
    assert "HDLC frames come" in other.said
    assert other.hint == "set FRAMING=hdlc"


def test_an_echo_that_makes_frames_is_one():
    assert "the request itself came back" in told(b"", REQUEST).said


def test_whole_frames_of_others_and_pushed_ones_are_no_framing_error():
    foreign = told(b"", hdlc_frame(b"\xe6\xe7\x00\xc4", control=0x30, server=b"\x21"))
    assert "frames come from address 21 to 03, not from 03 to 03" in foreign.said
    pushed = told(b"", hdlc_frame(b"\xe6\xe7\x00\x0f", control=0x13, server=b"\x21"))
    assert "the port pushes by itself" in pushed.said
    port = told(b"", wrapper_frame(b"\xc4", source=7, destination=16), framing="wrapper", request=WRAPPED)
    assert "frames come from wrapper port 7 to 16, none for us" in port.said
    assert not any(one.unframed for one in (foreign, pushed, port))
