"""What bytes are called that answered nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dlms.framing import fcs16
from bridge.dlms.stray_bytes import identify, identify_push


def frame(control, info=b"", to=b"\x21", here=b"\x03"):
    head = bytes((0xA0, 7 + (len(info) + 2 if info else 0))) + to + here + bytes((control,))
    body = head + fcs16(head).to_bytes(2, "little") + info if info else head
    return b"\x7e" + body + fcs16(body).to_bytes(2, "little") + b"\x7e"


UA = frame(0x73, bytes.fromhex("8180140502008006020080070400000001080400000001"))
ANSWER = frame(0x30, b"\xe6\xe7\x00\xc4\x01\xc1\x00\x12\x11\x13\x55")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfb\x01\xff\xfb\x03",
        b"\xff\xfd\x2c",
        b"lantronix\r\n\xff\xfb\x01\xff\xfd\x03" + UA,
        frame(0x30, b"\xe6\xe7\x00\xc4\x01\xc1\x00\x09\x02\xff\x01").replace(b"\xff", b"\xff\xff"),
    ],
)
def test_telnet_is_known_by_its_options_and_by_doubled_bytes(data):
    assert identify(data).kind == "telnet"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (frame(0x13, b"\xe6\xe7\x00\x0f\x40\x00\x00\x00\x00"), "HDLC, DataNotification"),
        (frame(0x13, b"\xe6\xe7\x00\xe0\x40\x01\x00\x00"), "HDLC, general block transfer"),
        (frame(0x10, b"\xe6\xe7\x00\xdb\x08"), "HDLC, ciphered notification"),
        (bytes.fromhex("0001000100100005") + b"\x0f\x00\x00\x00\x01", "wrapper, DataNotification"),
        (b"/XMX5LGBBLB2410000001\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(261126063000W)\r\n", "P1, /XMX5LGBBLB2410000001"),
        (b"\x1b\x1b\x1b\x1b\x01\x01\x01\x01\x76\x07", "SML"),
        (b"\x68\x03\x03\x68\x53\xff\x0f\x61\x16", "M-Bus"),
    ],
)
def test_what_is_pushed_is_known_for_what_it_is(data, said):
    for around in (data, b"\x00\x7f" + data if data[:2] != b"\x00\x01" else data):
        assert (identify(around).kind, identify(around).said) == ("push", said)


def test_an_answer_is_no_push():
    assert identify_push(UA + ANSWER) is None


@pytest.mark.parametrize("lost", [b"\x11", b"\x13"])
def test_software_flow_control_is_told_from_a_lost_byte(lost):
    assert identify(ANSWER.replace(lost, b"", 1)).kind == "flow-control"
    assert identify(ANSWER.replace(b"\x11", b"").replace(b"\x13", b"")).kind == "flow-control"
    assert identify(UA[:-2] + UA[-1:]).kind == "short"
    assert identify(UA[:9] + UA[10:]).kind == "short"


def test_a_wrong_check_sequence_is_called_one():
    assert identify(UA[:12] + bytes((UA[12] ^ 4,)) + UA[13:]).kind == "damaged"


def test_text_is_text_and_parity_is_known():
    assert (identify(b"REG:0012345\r\n").kind, identify(b"REG:0012345\r\n").said) == ("text", "REG:0012345")
    with_parity = bytes(octet | (0x80 if octet.bit_count() & 1 else 0) for octet in b"/LGZ5\\2ZMD3104407\r\n")
    assert (identify(with_parity).kind, identify(with_parity).said) == ("parity", "/LGZ5\\2ZMD3104407")


@pytest.mark.parametrize("data", [b"", b"\x7e\x7e", b"\x00"])
def test_fill_is_nothing(data):
    assert identify(data) is None


def test_bytes_without_sense_are_shown():
    assert (identify(b"\x55\xaa\xd5").kind, identify(b"\x55\xaa\xd5").said) == ("other", "55 AA D5")


@given(st.binary(max_size=300))
def test_whatever_comes_is_called_something_or_nothing(data):
    found = identify(data)
    assert found is None or found.kind


@given(st.lists(st.sampled_from([UA, ANSWER, b"\x7e", b"\x7e\xa0", b"\x11", b"\xff\xff"]), max_size=8).map(b"".join))
def test_pieces_of_frames_are_called_something_too(data):
    found = identify(data)
    assert found is None or found.kind
