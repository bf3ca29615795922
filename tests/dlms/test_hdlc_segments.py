"""Long APDUs in segments, windows, and a meter that is not ready yet."""

import pytest

from bridge.demo.hdlc import parse
from bridge.dlms.framing import HdlcFramer
from bridge.dlms.hdlc import Hdlc
from bridge.errors import DecodeError, ReplyTimeout
from tests.dlms.hdlc_side import (
    ANSWER,
    GET,
    LLC,
    REJ,
    RNR,
    RR,
    SILENCE,
    answer,
    connected,
    control_of,
    finished,
    send_all,
    station,
    supervisory,
)
from tests.meters.by_hand import converse


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


@pytest.mark.parametrize("has_a_part", [False, True])
@pytest.mark.parametrize(
    "frame",
    [
        answer(ns=5, segmented=True), answer(ns=6, nr=1), answer(ns=6, nr=3), answer(ns=6, final=False),
        supervisory(RR, 0), supervisory(RR, 1), supervisory(RR, 5), supervisory(REJ, 0), supervisory(REJ, 1),
    ],
)  # fmt: skip
def test_what_is_said_for_ever_after_a_silence_is_given_up_too(frame, has_a_part):
    conversation = connected().ask(GET)
    next(conversation)
    if has_a_part:
        conversation.send(answer(LLC + b"a", segmented=True))
    conversation.throw(SILENCE)
    with pytest.raises((DecodeError, ReplyTimeout)):
        send_all(conversation, [frame] * 1000)


def test_an_answer_that_hardly_goes_on_is_given_up_after_so_many_frames_in_all():
    conversation = connected().ask(GET)
    next(conversation)
    frames = [
        frame for n in range(50) for frame in (answer(b"x", ns=n % 8, segmented=True), *[supervisory(REJ, 1)] * 200)
    ]
    with pytest.raises(DecodeError, match="does not come to an end"):
        send_all(conversation, frames)


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
