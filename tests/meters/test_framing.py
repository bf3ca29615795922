"""Whole frames out of any stream: the length field rules, garbage is survived, nothing is dropped in silence."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge.meters.framing import HdlcFramer, WrapperFramer, check_sequence_holds, fcs16

SNRM = bytes.fromhex("7EA0070303938C117E")  # the meter of FACTS: server 1, client 1
UA = bytes.fromhex("7ea01e03037340cc818014050180060180070400000001080400000001d6487e")
GET_RESPONSE = bytes.fromhex("7ea0130303747033e6e700c401c10012321090247e")


def hdlc_frame(information: bytes, *, control: int = 0x30, server: bytes = b"\x03", client: bytes = b"\x03") -> bytes:
    header = server + client + bytes((control,))
    length = 2 + len(header) + 2 + (len(information) + 2 if information else 0)
    head = bytes((0xA0 | length >> 8, length & 0xFF)) + header
    head += fcs16(head).to_bytes(2, "little")
    body = head + information + (fcs16(head + information).to_bytes(2, "little") if information else b"")
    return b"\x7e" + body + b"\x7e"


def wrapper_frame(apdu: bytes) -> bytes:
    return b"\x00\x01\x00\x01\x00\x10" + len(apdu).to_bytes(2) + apdu


def test_the_check_sequence_is_that_of_frames_from_real_meters():
    assert fcs16(b"123456789") == 0x906E  # the check value of CRC-16/X-25
    assert check_sequence_holds(SNRM[1:-1])
    assert check_sequence_holds(UA[1:-1])


def test_a_flag_byte_inside_a_frame_does_not_end_it():
    frame = hdlc_frame(b"\xe6\xe7\x00\xc4\x01\xc1\x00\x12\x7e\x7e")
    assert HdlcFramer().feed(frame) == [frame]


def test_frames_come_one_byte_a_segment():
    framer = HdlcFramer()
    frames = [frame for byte in UA for frame in framer.feed(bytes((byte,)))]
    assert frames == [UA]
    assert framer.dropped == 0


def test_two_frames_in_one_segment_come_as_two():
    assert HdlcFramer().feed(UA + GET_RESPONSE) == [UA, GET_RESPONSE]


def test_two_frames_may_share_the_flag_between_them():
    assert HdlcFramer().feed(UA[:-1] + GET_RESPONSE) == [UA, GET_RESPONSE]


def test_a_frame_without_its_last_flag_is_whole_when_its_check_sequence_holds():
    assert HdlcFramer().feed(GET_RESPONSE[:-1]) == [GET_RESPONSE]


def test_garbage_before_between_and_after_is_counted_and_survived():
    framer = HdlcFramer()
    assert framer.feed(b"\x00\xff" + UA + b"noise" + GET_RESPONSE + b"\x7e\x7e") == [UA, GET_RESPONSE]
    assert framer.dropped == 7


def test_a_corrupt_frame_is_dropped_and_the_next_one_found():
    broken = bytearray(UA)
    broken[12] ^= 0x40
    framer = HdlcFramer()
    assert framer.feed(bytes(broken) + GET_RESPONSE) == [GET_RESPONSE]
    assert framer.dropped == len(UA) - 2


def test_a_header_that_lies_about_the_length_does_not_swallow_the_next_frame():
    lying = bytearray(SNRM)
    lying[2] = 0xFF  # its header check sequence no longer holds
    assert HdlcFramer().feed(bytes(lying) + UA) == [UA]


def test_two_and_four_byte_addresses_are_measured_by_their_last_bit():
    for server in (b"\x02\x23", b"\x02\x02\x04\x23"):
        frame = hdlc_frame(b"\xe6\xe7\x00\xc4", server=server)
        assert HdlcFramer().feed(frame) == [frame]


def test_an_address_that_never_ends_is_no_frame():
    framer = HdlcFramer()
    assert framer.feed(b"\x7e\xa0\x20\x02\x02\x02\x02\x02\x02\x02\x02\x02" + UA) == [UA]


def test_a_reset_forgets_half_a_frame_and_counts_it():
    framer = HdlcFramer()
    assert framer.feed(UA[:10]) == []
    framer.reset()
    assert framer.dropped == 9  # the flag is no loss
    assert framer.feed(UA) == [UA]


def test_the_wrapper_cuts_by_its_length_and_resynchronises_on_its_version():
    first, second = wrapper_frame(b"\xc4\x01\xc1\x00\x12\x00\x01"), wrapper_frame(b"\x00\x01" * 9)
    framer = WrapperFramer()
    assert framer.feed(b"\xff\xfe" + first + second) == [first, second]
    assert framer.dropped == 2


def test_a_wrapper_header_that_announces_too_much_is_refused_before_anything_is_kept_for_it():
    framer = WrapperFramer(max_apdu_bytes=1000)
    frame = wrapper_frame(b"\xc4\x01\xc1\x00\x0f\x05")
    assert framer.feed(b"\x00\x01\x00\x01\x00\x10\xff\xff" + frame) == [frame]
    assert framer.dropped == 8


informations = st.lists(st.binary(min_size=1, max_size=120), min_size=1, max_size=6)


@given(informations, st.data())
def test_any_slicing_of_an_hdlc_stream_gives_the_same_frames(parts, data):
    sent = [hdlc_frame(part) for part in parts]
    assert sliced(HdlcFramer(), b"".join(sent), data) == sent


@given(informations, st.data())
def test_any_slicing_of_a_wrapper_stream_gives_the_same_frames(parts, data):
    sent = [wrapper_frame(part) for part in parts]
    assert sliced(WrapperFramer(), b"".join(sent), data) == sent


@given(st.binary(max_size=400))
def test_no_stream_makes_either_framer_fail_or_lose_count(stream):
    for framer in (HdlcFramer(), WrapperFramer()):
        frames = framer.feed(stream)
        framer.reset()
        # Flags are fill and may be shared; every other byte is in a frame or was dropped.
        assert sum(map(len, frames)) + framer.dropped <= len(stream) + len(frames)


def sliced(framer, stream, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    edges = [0, *cuts, len(stream)]
    return [frame for a, b in pairwise(edges) for frame in framer.feed(stream[a:b])]
