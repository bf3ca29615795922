"""The HDLC data link, driven frame by frame: what the standard says, and what broke the bridges before this one."""

import pytest
from gurux_dlms import GXDLMSClient
from gurux_dlms.enums import Authentication, InterfaceType

from bridge.demo.hdlc import HdlcStation, parse
from bridge.errors import AssociationError, DecodeError, ReplyTimeout
from bridge.meters.framing import HdlcFramer, check_sequence_holds
from bridge.meters.hdlc import Hdlc, address
from tests.meters.by_hand import SNRM, UA, converse, hdlc_frame

LLC = b"\xe6\xe7\x00"
GET = bytes.fromhex("c001c1000301012007 00ff0200".replace(" ", ""))
ANSWER = b"\xc4\x01\xc1\x00\x12\x34\xcf"
SILENCE = ReplyTimeout("silence")


def answer(information=LLC + ANSWER, *, ns=0, nr=1, final=True, segmented=False, **more):
    return hdlc_frame(information, control=nr << 5 | final << 4 | ns << 1, segmented=segmented, **more)


def supervisory(kind, nr):
    return hdlc_frame(control=nr << 5 | 0x10 | kind)


RR, RNR, REJ = 0x01, 0x05, 0x09


def connected(ua=UA, **arguments):
    link = Hdlc(**{"client": 1, "server": 1} | arguments)
    conversation = link.connect()
    next(conversation)
    assert finished(conversation, ua) is None
    return link


def finished(conversation, frame):
    """Send the last frame and return what the conversation returns."""
    with pytest.raises(StopIteration) as end:
        conversation.send(frame)
    return end.value.value


def control_of(frame):
    assert check_sequence_holds(frame[1:-1])
    return parse(frame).control


# Addresses.


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


# Connecting.


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


# Sequence numbers.


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


# Echo.


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


def test_a_long_answer_through_a_converter_that_echoes_is_whole():
    link = connected()
    conversation = link.ask(GET)
    request = next(conversation)
    for n in range(60):
        assert conversation.send(request) == b""  # the echo of what was just sent
        last = n == 59
        frame = answer((LLC if n == 0 else b"") + bytes((n,)), ns=n % 8, nr=1, segmented=not last)
        if last:
            assert finished(conversation, frame) == bytes(range(60))
        else:
            request = conversation.send(frame)
            assert control_of(request) == ((n + 1) % 8) << 5 | 0x11


# Segments and windows.


def station(apdu, **sizes):
    """The meter's end of a link: answers any request with ``apdu``."""
    asked = []

    def respond(request):
        asked.append(request)
        return apdu

    side = HdlcStation(respond, lambda: None, **{"max_info_bytes": 128, "window": 1} | sizes)
    return asked, lambda frame: b"".join(side.answer(parse(frame)))


@pytest.mark.parametrize("size", [1, 124, 125, 126, 127, 251, 252, 253, 254, 1000, 5000])
@pytest.mark.parametrize("window", [1, 3, 7])
@pytest.mark.parametrize("info", [0, 32, 128, 512, 2030])
def test_apdus_of_any_length_pass_both_ways(size, window, info):
    apdu = bytes(n % 251 for n in range(size))
    asked, side = station(apdu[::-1], max_info_bytes=info or 128, window=window)
    link = Hdlc(client=1, server=1, max_info_bytes=info, window=window)
    converse(link.connect(), side)
    for _ in range(9):  # once around
        got, _ = converse(link.ask(apdu), side)
        assert got == apdu[::-1]
    assert asked == [apdu] * 9
    assert link.late == 0


@pytest.mark.parametrize("window", [1, 2, 3, 7])
@pytest.mark.parametrize("lost", range(8))
def test_a_lost_frame_of_a_window_is_asked_for_and_nothing_is_had_twice(window, lost):
    apdu = bytes(n % 251 for n in range(900))
    _, side = station(apdu, max_info_bytes=128, window=window)
    link = Hdlc(client=1, server=1, max_info_bytes=128, window=window)
    converse(link.connect(), side)
    count = [0]

    def lossy(request):
        kept = []
        for frame in HdlcFramer().feed(side(request)):
            if count[0] != lost:
                kept.append(frame)
            count[0] += 1
        return b"".join(kept)

    assert converse(link.ask(GET), lossy)[0] == apdu
    assert converse(link.ask(GET), side)[0] == apdu


@pytest.mark.parametrize("every", [2, 4, 5])
def test_an_answer_of_many_segments_survives_a_line_that_loses_every_other_frame(every):
    apdu = bytes(n % 251 for n in range(4000))
    _, side = station(apdu, max_info_bytes=128, window=3)
    link = Hdlc(client=1, server=1, max_info_bytes=128, window=3, retries=2)
    converse(link.connect(), side)
    count = [0]

    def lossy(request):
        frames = HdlcFramer().feed(side(request))
        count[0] += len(frames)
        return b"".join(frame for n, frame in enumerate(frames, count[0]) if n % every)

    assert converse(link.ask(GET), lossy)[0] == apdu


def test_a_part_that_is_there_is_not_asked_for_again_after_a_silence():
    link = connected()
    conversation = link.ask(GET)
    next(conversation)
    assert control_of(conversation.send(answer(LLC + b"one ", segmented=True))) == 0x31
    assert control_of(conversation.throw(SILENCE)) == 0x31  # RR, not the request
    assert finished(conversation, answer(b"two", ns=1)) == b"one two"


def test_frames_of_a_window_come_without_being_asked_for_each():
    conversation = connected(window=3).ask(GET)
    next(conversation)
    assert conversation.send(answer(LLC + b"a", ns=0, final=False, segmented=True)) == b""
    assert conversation.send(answer(b"b", ns=1, final=False, segmented=True)) == b""
    assert control_of(conversation.send(answer(b"c", ns=2, segmented=True))) == 3 << 5 | 0x11
    assert finished(conversation, answer(b"d", ns=3)) == b"abcd"


def test_a_whole_apdu_without_the_final_bit_is_taken_and_the_next_one_waited_for():
    link = connected()
    conversation = link.ask(GET)
    next(conversation)
    assert finished(conversation, answer(LLC + b"\x0fpush", final=False)) == b"\x0fpush"
    conversation = link.more()
    assert next(conversation) == b""
    assert finished(conversation, answer(ns=1)) == ANSWER


def test_one_more_apdu_is_polled_for_when_the_meter_has_passed_the_turn():
    link = connected()
    conversation = link.ask(GET)
    next(conversation)
    finished(conversation, answer())
    conversation = link.more()
    assert control_of(next(conversation)) == 0x31
    assert control_of(conversation.throw(SILENCE)) == 0x31
    assert finished(conversation, answer(ns=1)) == ANSWER


def test_a_segmented_request_waits_for_each_acknowledgement():
    link = connected()
    conversation = link.ask(bytes(300))
    first = next(conversation)
    assert (first[1] & 0x08, control_of(first)) == (0x08, 0x10)
    assert conversation.throw(SILENCE) == first
    assert conversation.send(supervisory(RR, 0)) == first  # not yet had
    second = conversation.send(supervisory(RR, 1))
    assert (second[1] & 0x08, control_of(second)) == (0x08, 0x12)
    last = conversation.send(supervisory(RR, 2))
    assert (last[1] & 0x08, control_of(last)) == (0, 0x14)
    assert finished(conversation, answer(nr=3)) == ANSWER
    assert b"".join(parse(frame).information for frame in (first, second, last)) == b"\xe6\xe6\x00" + bytes(300)


def test_a_segment_that_is_never_acknowledged_is_given_up():
    conversation = connected().ask(bytes(300))
    next(conversation)
    with pytest.raises((DecodeError, ReplyTimeout)):
        send_all(conversation, [supervisory(RR, 0)] * 30)


def send_all(conversation, frames):
    for frame in frames:
        conversation.send(frame)


def test_segments_that_must_not_go_out_twice_do_not():
    conversation = connected().ask(bytes(300), again=lambda: b"anew")
    first = next(conversation)
    with pytest.raises(ReplyTimeout):
        conversation.throw(SILENCE)
    conversation = connected().ask(bytes(300), again=lambda: b"anew")
    next(conversation)
    conversation.send(supervisory(RR, 1))
    last = conversation.send(supervisory(RR, 2))
    assert control_of(conversation.throw(SILENCE)) == 0x11
    with pytest.raises(ReplyTimeout):
        conversation.throw(SILENCE)
    assert first != last


# Supervisory and unnumbered frames in the middle of a request.


def test_a_meter_that_is_not_ready_yet_is_polled_until_it_is():
    conversation = connected().ask(GET)
    next(conversation)
    for _ in range(100):
        assert control_of(conversation.send(supervisory(RR, 1))) == 0x11
    assert finished(conversation, answer()) == ANSWER


def test_polling_comes_to_an_end():
    conversation = connected().ask(GET)
    next(conversation)
    with pytest.raises(ReplyTimeout, match="has the request and does not answer it"):
        send_all(conversation, [supervisory(RR, 1)] * 1000)


def test_a_request_that_the_meter_did_not_get_goes_out_again():
    for kind in (RR, REJ):
        conversation = connected().ask(GET)
        request = next(conversation)
        assert conversation.send(supervisory(kind, 0)) == request
        assert finished(conversation, answer()) == ANSWER


def test_a_busy_meter_is_given_its_time():
    conversation = connected().ask(GET)
    request = next(conversation)
    assert conversation.send(supervisory(RNR, 0)) == b""
    assert control_of(conversation.throw(SILENCE)) == 0x11
    assert conversation.throw(SILENCE) == request
    assert finished(conversation, answer()) == ANSWER


def test_a_reject_in_the_middle_of_a_long_answer_goes_on_where_it_was():
    conversation = connected().ask(GET)
    next(conversation)
    conversation.send(answer(LLC + b"a", segmented=True))
    assert control_of(conversation.send(supervisory(REJ, 1))) == 0x31
    assert finished(conversation, answer(b"b", ns=1)) == b"ab"


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
    assert conversation.send(hdlc_frame(LLC + b"\x0f" + ANSWER, control=0x13)) == b""
    assert conversation.send(hdlc_frame(LLC + b"\xc2\x00", control=0x03)) == b""
    assert finished(conversation, answer()) == ANSWER
    assert link.notifications == 2


def test_an_answer_without_the_llc_header_is_a_decode_error():
    for information in (ANSWER, b"\xe6\xe6\x00" + ANSWER, b"", LLC[:2]):
        conversation = connected().ask(GET)
        next(conversation)
        with pytest.raises(DecodeError, match="LLC"):
            conversation.send(answer(information))


def test_segments_without_end_are_given_up():
    conversation = connected().ask(GET)
    next(conversation)
    with pytest.raises(DecodeError, match="end"):
        send_all(conversation, [answer(b"x", ns=n % 8, segmented=True) for n in range(10_000)])


def test_frames_with_wrong_numbers_without_end_are_given_up():
    for frame in (answer(ns=3), answer(ns=3, nr=4), answer(ns=0, nr=5, final=False)):
        conversation = connected().ask(GET)
        next(conversation)
        with pytest.raises(DecodeError):
            send_all(conversation, [frame] * 1000)


# What broke the earlier bridges: the stream behind the frames.


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


def test_an_answer_behind_its_late_predecessor_in_one_segment_is_the_one_that_counts():
    link = connected()
    conversation = link.ask(GET)
    next(conversation)
    finished(conversation, answer(LLC + b"\xc4\x01\xc1\x00\x11\x01"))
    conversation = link.ask(GET)
    next(conversation)
    late, timely = HdlcFramer().feed(
        answer(LLC + b"\xc4\x01\xc1\x00\x11\x01")[:-1] + answer(ns=1, nr=2)
    )  # a shared flag
    assert conversation.send(late) == b""
    assert finished(conversation, timely) == ANSWER


def test_an_answer_without_its_last_byte_is_taken_and_a_damaged_one_is_not():
    framer = HdlcFramer()
    assert framer.feed(answer()[:-1]) == [answer()]
    bent = bytearray(answer())
    bent[12] ^= 0x10
    framer.reset()
    assert framer.feed(bytes(bent)) == []
    assert framer.feed(b"\x00garbage" + answer()) == [answer()]
