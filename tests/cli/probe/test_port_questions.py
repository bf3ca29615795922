"""What an answer proves, whatever bytes come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.cli.probe import port_questions
from bridge.cli.probe.likely_addresses import ServerAddress, hdlc_address
from bridge.dlms.framing import HdlcFramer, WrapperFramer, fcs16

FRAMINGS = ("hdlc", "wrapper", "hdlc-mode-e")


def hdlc(destination, source, control):
    body = bytes((0xA0, 5 + len(destination + source))) + destination + source + bytes((control,))
    return b"\x7e" + body + fcs16(body).to_bytes(2, "little") + b"\x7e"


@given(st.binary(max_size=200), st.sampled_from(FRAMINGS))
def test_noise_proves_nothing_and_breaks_nothing(heard, framing):
    found = port_questions.judge_answer(heard, framing, ServerAddress(1, 1), 16, 0.1)
    assert found is None or found.kind == framing
    said = port_questions.judge_text(heard)
    assert said is None or not said.is_meter
    assert port_questions.quotation(heard).isprintable()


@pytest.mark.parametrize(("control", "word"), [(0x73, "UA"), (0x1F, "DM"), (0x97, "FRMR")])
@pytest.mark.parametrize("address", [ServerAddress(1, 1), hdlc_address(1, 16, 2), hdlc_address(1, 16, 4)])
def test_an_unnumbered_answer_of_the_address_that_was_asked_proves_it(address, control, word):
    octets = {1: b"\x03", 2: b"\x02\x21", 4: b"\x00\x02\x00\x21"}[address.octets]
    found = port_questions.judge_answer(b"\xff\x00" + hdlc(b"\x21", octets, control), "hdlc", address, 16, 0.25)
    assert (found.kind, found.said, found.address, found.client) == ("hdlc", word, address, 16)
    assert found.answer_s == 0.25


@pytest.mark.parametrize(
    "frame",
    [
        hdlc(b"\x21", b"\x05", 0x73),  # another server
        hdlc(b"\x03", b"\x03", 0x73),  # to another client
        hdlc(b"\x21", b"\x03", 0x30),  # an information frame: of the link before this one
    ],
)
def test_a_frame_of_somebody_else_proves_no_address(frame):
    assert port_questions.judge_answer(frame, "hdlc", ServerAddress(1, 1), 16, 0.1) is None


@given(st.sampled_from([ServerAddress(1, 1), ServerAddress(144, 2), ServerAddress(16400, 4)]), st.integers(1, 127))
def test_every_question_is_a_whole_frame_of_its_framing(address, client):
    for make in (port_questions.request, port_questions.farewell):
        assert len(HdlcFramer().feed(make("hdlc", address, client))) == 1
        assert len(WrapperFramer().feed(make("wrapper", ServerAddress(address.server & 0xFFFF or 1), client))) == 1


def test_nothing_is_to_be_closed_after_a_mode_e_request():
    assert port_questions.request("hdlc-mode-e", ServerAddress(0), 0) == b"/?!\r\n"
    assert port_questions.farewell("hdlc-mode-e", ServerAddress(0), 0) == b""
