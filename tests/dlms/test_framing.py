"""Whole frames out of any stream: the length field rules, garbage is survived, nothing is dropped in silence."""

import itertools
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge.dlms.framing import HdlcFramer, WrapperFramer, check_sequence_holds, fcs16
from tests.meters.by_hand import GET_RESPONSE, SNRM, UA, hdlc_frame, wrapper_frame

__all__ = ["GET_RESPONSE", "SNRM", "UA", "hdlc_frame"]


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


def test_two_frames_may_share_the_flag_between_them_across_segments():
    framer = HdlcFramer()
    assert framer.feed(UA) == [UA]
    assert framer.feed(GET_RESPONSE[1:]) == [GET_RESPONSE]
    assert framer.feed(UA[1:-1]) == [UA]
    framer.reset()
    assert framer.feed(GET_RESPONSE[1:]) == []  # what was forgotten opens nothing


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


def test_an_address_that_never_ends_in_a_short_frame_with_its_check_sequence_right_is_none_either():
    """The frame is whole, and what its addresses lack is sought no further than its end."""
    for octets in itertools.product((0x02, 0x03), repeat=5):
        for filled in range(3, 6):
            body = b"\xa0" + bytes((4 + filled,)) + bytes(octets[:filled])
            for at_end in (0x00, 0x01):  # so that the check sequence is even, or odd
                frame = body[:-1] + bytes((body[-1] & 0xFE | at_end,))
                whole = b"\x7e" + frame + fcs16(frame).to_bytes(2, "little") + b"\x7e"
                framer = HdlcFramer()
                assert framer.feed(whole) == [one for one in (whole,) if is_well_addressed(frame)]


def is_well_addressed(frame):
    """Return whether two addresses and a control field, and no more, are behind the length."""
    ends = [n for n, octet in enumerate(frame) if n > 1 and octet & 1]
    return len(ends) > 1 and ends[1] == len(frame) - 2


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


informations = st.binary(min_size=1, max_size=120)
addresses = st.sampled_from((b"\x03", b"\x21", b"\x02\x23", b"\x00\x03", b"\x02\x02\x04\x23", b"\xfe\xfe\xfe\xff"))
hdlc_frames = st.builds(
    hdlc_frame, st.one_of(st.just(b""), informations), control=st.integers(0, 255), server=addresses, client=addresses
)
noise = st.one_of(st.binary(max_size=30), st.sampled_from((b"\x7e", b"\x7e\x7e\x7e", b"\x7e\xa0", b"\x7e\xa7\xff")))


def sequenced(body):
    """Close any bytes into something with flags, a length and a frame check sequence that all hold."""
    length = len(body) + 4
    whole = bytes((0xA0 | length >> 8, length & 0xFF)) + body
    return b"\x7e" + whole + fcs16(whole).to_bytes(2, "little") + b"\x7e"


@st.composite
def bent(draw, frames):
    frame = bytearray(draw(frames))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(frame) - 1))
        how = draw(st.integers(0, 3))
        if how == 0:
            frame[at] ^= 1 << draw(st.integers(0, 7))
        elif how == 1:
            del frame[at:]
        elif how == 2:
            frame[at:at] = draw(st.binary(min_size=1, max_size=4))
        else:
            frame[at] = 0x7E
        if not frame:
            break
    return bytes(frame)


hdlc_streams = st.lists(
    st.one_of(
        hdlc_frames,
        hdlc_frames.map(lambda frame: frame[:-1]),  # the next one's flag is this one's too
        bent(hdlc_frames),
        st.binary(min_size=3, max_size=40).map(sequenced),
        noise,
    ),
    max_size=8,
).map(b"".join)
wrapper_frames = st.builds(wrapper_frame, informations)
wrapper_streams = st.lists(
    st.one_of(wrapper_frames, bent(wrapper_frames), noise, st.just(b"\x00\x01" * 5), st.just(bytes(9))), max_size=8
).map(b"".join)


def in_one(framer, stream):
    return framer.feed(stream), framer.dropped


def byte_by_byte(framer, stream):
    frames = [frame for byte in stream for frame in framer.feed(bytes((byte,)))]
    return frames, framer.dropped


def sliced(framer, stream, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    frames = [frame for a, b in pairwise([0, *cuts, len(stream)]) for frame in framer.feed(stream[a:b])]
    return frames, framer.dropped


@given(st.lists(hdlc_frames, min_size=1, max_size=6), st.data())
def test_any_slicing_of_an_hdlc_stream_gives_the_frames_that_were_sent(sent, data):
    assert sliced(HdlcFramer(), b"".join(sent), data) == (sent, 0)


@given(st.lists(wrapper_frames, min_size=1, max_size=6), st.data())
def test_any_slicing_of_a_wrapper_stream_gives_the_frames_that_were_sent(sent, data):
    assert sliced(WrapperFramer(), b"".join(sent), data) == (sent, 0)


@given(hdlc_streams, st.data())
def test_any_slicing_of_any_hdlc_stream_gives_the_same_frames(stream, data):
    assert in_one(HdlcFramer(), stream) == byte_by_byte(HdlcFramer(), stream) == sliced(HdlcFramer(), stream, data)


@given(wrapper_streams, st.data())
def test_any_slicing_of_any_wrapper_stream_gives_the_same_frames(stream, data):
    assert (
        in_one(WrapperFramer(1000), stream)
        == byte_by_byte(WrapperFramer(1000), stream)
        == sliced(WrapperFramer(1000), stream, data)
    )


@given(hdlc_streams)
def test_every_frame_that_comes_out_has_both_sequences_right(stream):
    for frame in HdlcFramer().feed(stream):
        assert frame[0] == frame[-1] == 0x7E
        assert check_sequence_holds(frame[1:-1])
        assert len(frame) == ((frame[1] & 7) << 8 | frame[2]) + 2
        assert check_sequence_holds(frame[1 : header_end(frame)])


def header_end(frame):
    at = 3
    for _ in range(2):
        while not frame[at] & 1:
            at += 1
        at += 1
    return at + 3


@given(hdlc_frames, st.data())
def test_a_frame_behind_any_garbage_without_flags_is_found(frame, data):
    garbage = data.draw(st.binary(max_size=50)).replace(b"\x7e", b"")
    framer = HdlcFramer()
    assert framer.feed(garbage + frame) == [frame]
    assert framer.dropped == len(garbage)


@given(hdlc_frames, st.data())
def test_a_bit_that_is_flipped_anywhere_costs_that_frame_alone(frame, data):
    at = data.draw(st.integers(1, len(frame) - 2))
    damaged = bytearray(frame)
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    framer, last = HdlcFramer(), hdlc_frame(b"\xe6\xe7\x00\x11\x05")
    # What the damaged length field makes wait is let go of before the next request, as the link does.
    frames = framer.feed(bytes(damaged))
    framer.reset()
    assert frame not in frames
    assert framer.feed(last) == [last]


@given(st.binary(max_size=400))
def test_no_stream_makes_either_framer_fail_or_lose_count(stream):
    for framer in (HdlcFramer(), WrapperFramer()):
        frames = framer.feed(stream)
        framer.reset()
        # Flags are fill and may be shared; every other byte is in a frame or was dropped.
        assert sum(map(len, frames)) + framer.dropped <= len(stream) + len(frames)
