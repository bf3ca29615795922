"""An HDLC link opened and closed: addresses, sizes, refusals."""

import pytest
from gurux_dlms import GXDLMSClient
from gurux_dlms.enums import Authentication, InterfaceType

from bridge.demo.hdlc import parse
from bridge.dlms.framing import HdlcFramer
from bridge.dlms.hdlc import Hdlc
from bridge.dlms.hdlc_frames import address
from bridge.errors import AssociationError, ReplyTimeout
from tests.dlms.hdlc_side import ANSWER, GET, LLC, RR, SILENCE, answer, connected, control_of, finished, supervisory
from tests.meters.by_hand import SNRM, UA, hdlc_frame


@pytest.mark.parametrize(
    ("server", "octets"),
    [(1, 0), (1, 1), (127, 1), (128, 0), (1 << 7 | 17, 2), (16383, 2), (16384, 0), (1 << 14 | 17, 4), (0xFFFFFFF, 4)],
)
def test_addresses_stand_on_the_wire_as_gurux_writes_them(server, octets):
    gurux = GXDLMSClient(True, 17, server, Authentication.NONE, None, InterfaceType.HDLC)
    gurux.serverAddressSize = octets
    link = Hdlc(client=17, server=server, server_address_bytes=octets)
    assert next(link.connect()) == bytes(gurux.snrmRequest())


def test_an_address_may_be_longer_than_it_must():
    assert address(1, 2) == b"\x00\x03"
    assert address(1, 4) == b"\x00\x00\x00\x03"  # gurux drops zeros in front


def test_an_address_that_does_not_fit_is_refused_when_the_link_is_made():
    for value, octets in ((128, 1), (16384, 2), (1 << 28, 4), (1 << 28, 0)):
        with pytest.raises(ValueError, match="does not fit"):
            address(value, octets)


@pytest.mark.parametrize("octets", [1, 2, 4])
def test_answers_from_addresses_of_every_length_are_taken(octets):
    wire = address(17, octets)
    link = connected(ua=hdlc_frame(control=0x73, server=wire), server=17, server_address_bytes=octets)
    conversation = link.ask(GET)
    next(conversation)
    assert conversation.send(answer(server=address(18, octets))) == b""  # another meter
    assert conversation.send(answer(server=wire, client=b"\x21")) == b""  # for another client
    assert finished(conversation, answer(server=wire)) == ANSWER
    assert link.late == 2


def test_snrm_goes_without_parameters_unless_sizes_are_proposed():
    assert next(Hdlc(client=1, server=1).connect()) == SNRM


@pytest.mark.parametrize(
    ("size", "window", "parameters"),
    [
        (128, 1, "818012 0501800601800704000000010804 00000001"),
        (0, 3, "818012 0501800601800704000000010804 00000003"),
        (1024, 7, "818014 050204000602040007040000000108 04 00000007"),
    ],
)
def test_sizes_and_windows_are_proposed_both_ways(size, window, parameters):
    frame = next(Hdlc(client=1, server=1, max_info_bytes=size, window=window).connect())
    assert parse(frame).information == bytes.fromhex(parameters)


def test_the_sizes_of_ua_hold_for_what_is_sent():
    parameters = b"\x81\x80\x08\x05\x02\x01\x00\x06\x02\x02\x00"
    link = connected(ua=hdlc_frame(parameters, control=0x73))
    assert link.max_request_bytes == 512 - 3
    assert connected(ua=hdlc_frame(control=0x73)).max_request_bytes == 125
    assert connected().max_request_bytes == 125


@pytest.mark.parametrize("size", [0, 1, 3])
def test_an_information_field_that_nothing_fits_in_is_not_agreed_on(size):
    assert connected(ua=hdlc_frame(bytes((0x81, 0x80, 3, 6, 1, size)), control=0x73)).max_request_bytes == 125


def test_an_information_field_longer_than_a_frame_is_cut_to_what_the_length_field_holds():
    link = connected(ua=hdlc_frame(b"\x81\x80\x04\x06\x02\xff\xff", control=0x73))
    conversation = link.ask(bytes(1900))
    frame = next(conversation)
    assert HdlcFramer().feed(frame) == [frame]


@pytest.mark.parametrize(
    "information", [b"\x81", b"\x81\x80\x05\x06", b"\x00\x01\x02\x03", b"\x81\x80\x14\x06\x04\x00"]
)
def test_an_agreement_in_words_unknown_leaves_the_defaults(information):
    assert connected(ua=hdlc_frame(information, control=0x73)).max_request_bytes == 125


@pytest.mark.parametrize(("control", "what"), [(0x1F, "DM"), (0x97, "FRMR")])
def test_a_refused_connection_is_an_association_error(control, what):
    conversation = Hdlc(client=1, server=1).connect()
    next(conversation)
    with pytest.raises(AssociationError, match=what):
        conversation.send(hdlc_frame(control=control))


def test_what_is_left_of_the_link_before_is_not_taken_for_ua():
    link = Hdlc(client=1, server=1)
    conversation = link.connect()
    next(conversation)
    assert conversation.send(answer()) == b""
    assert conversation.send(supervisory(RR, 3)) == b""
    assert conversation.send(hdlc_frame(b"\x0f\x00", control=0x13)) == b""  # UI: a notification
    finished(conversation, UA)
    assert (link.late, link.notifications) == (2, 1)


def test_the_connection_is_asked_for_again_and_then_given_up():
    conversation = Hdlc(client=1, server=1, retries=2).connect()
    assert [next(conversation), conversation.throw(SILENCE), conversation.throw(SILENCE)] == [SNRM] * 3
    with pytest.raises(ReplyTimeout):
        conversation.throw(SILENCE)


def test_disconnecting_is_done_when_the_meter_says_that_it_is():
    for control in (0x73, 0x1F):
        link = connected()
        conversation = link.disconnect()
        assert control_of(next(conversation)) == 0x53
        finished(conversation, hdlc_frame(control=control))


@pytest.mark.parametrize(("asked", "octets", "says"), [(1, 2, b"\x03"), (1, 4, b"\x03"), (0x81, 2, b"\x03")])
def test_a_meter_that_answers_from_a_shorter_address_is_known_by_it(asked, octets, says):
    link = Hdlc(client=1, server=asked, server_address_bytes=octets)
    conversation = link.connect()
    next(conversation)
    assert finished(conversation, hdlc_frame(control=0x73, server=says)) is None
    conversation = link.ask(GET)
    next(conversation)
    assert finished(conversation, hdlc_frame(LLC + ANSWER, control=0x30, server=says)) == ANSWER


def test_another_meter_is_not_taken_for_it():
    link = Hdlc(client=1, server=0x81, server_address_bytes=2)
    conversation = link.connect()
    next(conversation)
    assert conversation.send(hdlc_frame(control=0x73, server=b"\x05")) == b""
    assert conversation.send(hdlc_frame(control=0x73, server=b"\x03", client=b"\x21")) == b""


def test_an_echo_is_dropped_even_when_client_and_server_have_the_same_address():
    link = connected()
    for n in range(10):
        conversation = link.ask(GET)
        request = next(conversation)
        assert conversation.send(request) == b""
        assert finished(conversation, answer(ns=n % 8, nr=(n + 1) % 8)) == ANSWER


def test_an_echo_of_snrm_and_disc_is_no_answer():
    link = Hdlc(client=1, server=1)
    conversation = link.connect()
    assert conversation.send(next(conversation)) == b""
    finished(conversation, UA)
    conversation = link.disconnect()
    assert conversation.send(next(conversation)) == b""
    finished(conversation, UA)
