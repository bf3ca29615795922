"""Where messages begin and end in what comes: framings in a row, pieces, gaps, garbage, lies about lengths, bounds."""

import pytest

from bridge.demo.hdlc import UI, build
from bridge.dlms.push import PushApdu, PushLimits, PushRefusal, PushStream
from tests.dlms.push.pushed_frames import KAIFA_MBUS, KAMSTRUP_HAN, LANDIS_GYR_E450

DATA = b"\x0f\x00\x00\x00\x07\x00\x02\x01\x11\x05"
LIMITS = PushLimits(message_bytes=1000, pieces=5, senders=3)


def wrapped(apdu, source=1, size=None):
    return b"\x00\x01" + source.to_bytes(2) + b"\x00\x01" + (len(apdu) if size is None else size).to_bytes(2) + apdu


def blocked(number, data, *, last=False, source=1):
    block = bytes((0xE0, 0x80 if last else 0x40)) + number.to_bytes(2) + bytes(2) + bytes((len(data),)) + data
    return wrapped(block, source)


def in_mbus(number, data, *, last=False):
    content = bytes((0x53, 0xFF, number | (0x10 if last else 0), 1, 103)) + data
    return bytes((0x68, len(content), len(content), 0x68)) + content + bytes((sum(content) & 0xFF, 0x16))


def kinds(messages):
    return [message.apdu if isinstance(message, PushApdu) else message.reason for message in messages]


def fed(stream, *pieces):
    return kinds([message for piece in pieces for message in stream.feed(piece)])


def test_framings_may_follow_each_other():
    stream = PushStream()
    assert fed(stream, wrapped(DATA) + DATA + in_mbus(0, DATA, last=True) + wrapped(DATA)) == 4 * [DATA]
    assert not stream.is_partial


def test_hdlc_frames_may_share_a_flag_and_stand_among_idle_ones():
    one = build(b"\x03", b"\x03", UI | 0x10, b"\xe6\xe7\x00" + DATA)
    for data in (one + one, one[:-1] + one, b"\x7e\x7e" + one + b"\x7e\x7e\x7e" + one + b"\x7e"):
        stream = PushStream()
        assert fed(stream, data) == 2 * [DATA]
        assert not stream.is_partial
        assert fed(PushStream(), *(bytes((octet,)) for octet in data)) == 2 * [DATA]


def test_a_modems_text_comes_out_as_such_and_what_follows_is_read():
    stream = PushStream()
    text = b"IMEI:861234567890123\r\n"
    [stray] = stream.feed(text)
    assert (stray.reason, stray.octets, stray.is_fatal) == ("stray", text, False)
    assert fed(stream, wrapped(DATA)) == [DATA]
    assert fed(stream, b"h", b"ello", wrapped(DATA)) == ["stray", DATA]


def test_text_without_an_end_is_partial_until_it_is_dropped():
    stream = PushStream()
    assert stream.feed(b"ID 7") == []
    assert stream.is_partial
    [stray] = stream.drop()
    assert stray.octets == b"ID 7"
    assert not stream.is_partial


def test_a_wrapper_that_keeps_the_connection_alive_is_nothing():
    assert fed(PushStream(), wrapped(b""), wrapped(DATA)) == [DATA]


def test_a_message_that_did_not_come_whole_is_dropped_in_words_and_the_next_is_read():
    stream = PushStream()
    for part in (wrapped(DATA)[:-1], DATA[:7], KAIFA_MBUS[:260], KAMSTRUP_HAN[:100], LANDIS_GYR_E450[0]):
        assert fed(stream, part) == []
        assert stream.is_partial
        refusals = stream.drop()
        assert refusals
        assert {refusal.reason for refusal in refusals} <= {"incomplete", "damaged"}
        assert not stream.is_partial
        assert fed(stream, wrapped(DATA)) == [DATA]


def test_a_damaged_frame_is_told_and_the_next_is_read():
    bent = bytearray(KAMSTRUP_HAN)
    bent[40] ^= 1
    assert kinds(PushStream().feed(bytes(bent) + KAMSTRUP_HAN))[-1] == "damaged"
    assert [type(one) for one in PushStream().feed(bytes(bent) + KAMSTRUP_HAN)] == [PushApdu, PushRefusal]
    first = bytearray(in_mbus(0, DATA, last=True))
    first[9] ^= 1
    assert fed(PushStream(), bytes(first), in_mbus(0, DATA, last=True)) == ["damaged", DATA]


@pytest.mark.parametrize("size", range(6))
def test_an_m_bus_frame_too_short_for_dlms_begins_no_message(size):
    frame = bytes((0x68, size, size, 0x68)) + bytes(size) + b"\x00\x16"
    assert fed(PushStream(), frame + b"\n", wrapped(DATA))[-1] == DATA
    assert "damaged" not in fed(PushStream(), frame + b"\n")


def test_m_bus_of_another_protocol_is_refused():
    content = b"\x08\x01\x72" + bytes(12)
    frame = bytes((0x68, len(content), len(content), 0x68)) + content + bytes((sum(content) & 0xFF, 0x16))
    [refusal] = PushStream().feed(frame)
    assert refusal.reason == "unsupported"
    assert "72" in refusal.said


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("123", [DATA]),
        ("1123", [DATA]),  # a repetition of the same counts once
        ("13", ["incomplete"]),
        ("23", ["incomplete"]),
        ("3", ["incomplete"]),
        ("2123", ["incomplete", DATA]),
        ("12123", ["incomplete", DATA]),
        ("13123", ["incomplete", DATA]),
        ("132", ["incomplete", "incomplete"]),  # the last one came: what comes then belongs to nothing
        ("123123", [DATA, DATA]),
    ],
)
def test_blocks_make_a_message_in_their_order_and_in_no_other(order, expected):
    parts = {"1": (1, DATA[:4], False), "2": (2, DATA[4:8], False), "3": (3, DATA[8:], True)}
    stream = PushStream()
    assert fed(stream, *(blocked(n, data, last=last) for n, data, last in (parts[one] for one in order))) == expected


def test_the_same_block_under_the_next_number_is_no_repetition():
    stream = PushStream()
    data = b"\x0f\x00\x00\x00\x07\x00\x09\x04" + 2 * b"ab"
    assert fed(stream, blocked(1, data[:8]), blocked(2, b"ab"), blocked(3, b"ab", last=True)) == [data]


def test_segments_of_m_bus_too():
    stream = PushStream()
    assert fed(stream, in_mbus(0, DATA[:4]), in_mbus(1, DATA[4:], last=True)) == [DATA]
    assert fed(stream, in_mbus(0, DATA[:4]), in_mbus(2, DATA[4:], last=True)) == ["incomplete"]
    assert fed(stream, in_mbus(1, DATA, last=True)) == ["incomplete"]
    assert not stream.is_partial


@pytest.mark.parametrize("count", [15, 16, 17, 33])
def test_segments_of_m_bus_are_numbered_anew_after_sixteen(count):
    long = DATA[:7] + b"\x09\x82" + (count * 10 - 10).to_bytes(2) + bytes(count * 10 - 10)
    pieces = [long[at : at + 10] for at in range(0, len(long), 10)]
    segments = [in_mbus(n % 16, piece, last=piece is pieces[-1]) for n, piece in enumerate(pieces)]
    stream = PushStream()
    assert fed(stream, *segments) == [long]
    if len(segments) != 17:  # the seventeenth is what a first one would be
        assert fed(stream, *segments[:-1]) == []
        assert fed(stream, *segments) == ["incomplete", long]  # the last one was lost
    del segments[5]
    assert fed(stream, *segments, in_mbus(0, DATA, last=True))[-1] == DATA


def test_a_block_that_lies_about_its_length_or_has_no_number_is_refused():
    for block in (b"\xe0\x80\x00\x01\x00\x00\x05ab", b"\xe0\x80\x00\x00\x00\x00\x01a", b"\xe0\x80\x00", b"\xe0"):
        assert fed(PushStream(), wrapped(block)) == ["malformed"]


def test_what_is_announced_as_too_long_is_refused_before_it_comes():
    for begins in (wrapped(b"", size=1001), b"\xdb\x08" + bytes(8) + b"\x82\x03\xe9", b"\xdb\x00\x84\xff\xff\xff\xff"):
        [refusal] = PushStream(LIMITS).feed(begins)
        assert (refusal.reason, refusal.is_fatal) == ("too-long", True)


def test_a_bare_message_without_an_end_is_refused_at_the_bound():
    stream = PushStream(LIMITS)
    out = []
    for _ in range(100):
        out += stream.feed(
            b"\x0f\x00\x00\x00\x07\x00\x01\x83\xff\xff\xff" if not out and not stream.is_partial else bytes(90)
        )
        if out:
            break
    assert kinds(out) == ["too-long"]
    assert out[0].is_fatal
    assert not stream.is_partial


def test_a_bare_message_that_makes_no_sense_is_fatal_for_nobody_knows_where_the_next_begins():
    for data in (b"\x0f\x00\x00\x00\x07\x00\x07", b"\xdd\x00", b"\x0f" + bytes(4) + b"\x00" + 40 * b"\x01\x01"):
        refusal = PushStream().feed(data)[-1]
        assert (refusal.reason, refusal.is_fatal) == ("malformed", True)


def test_a_message_in_too_many_or_too_long_pieces_is_refused_once_and_holds_nothing():
    stream = PushStream(LIMITS)
    assert fed(stream, *(blocked(n, b"\x00") for n in range(1, 9))) == ["too-long"]
    assert fed(stream, blocked(9, b"\x00", last=True), wrapped(DATA)) == [DATA]
    assert fed(stream, *(blocked(n, bytes(120), source=s) for n in (1, 2, 3) for s in (1, 2, 3))) == ["too-long"]


def test_more_senders_than_may_be_are_refused():
    stream = PushStream(LIMITS)
    out = fed(stream, *(blocked(1, b"\x0f", source=source) for source in range(1, 7)))
    assert out == 3 * ["too-long"]
    assert fed(stream, blocked(2, DATA[1:], last=True)) == [DATA]


def test_segments_of_hdlc_without_an_end_are_bounded():
    stream = PushStream(LIMITS)
    segment = build(b"\x03", b"\x03", UI | 0x10, b"\xe6\xe7\x00" + bytes(100), segmented=True)
    assert fed(stream, *(segment for _ in range(20))) == ["too-long"]
    assert stream.is_partial
    stream.drop()
    assert not stream.is_partial


def test_frames_of_a_link_are_refused_with_their_control_field():
    [refusal] = PushStream().feed(build(b"\x03", b"\x03", 0x93))
    assert (refusal.reason, "93" in refusal.said) == ("unsupported", True)


def test_an_association_request_is_handed_on_and_is_no_notification():
    assert fed(PushStream(), wrapped(b"\x61\x03\xa1\x01\x00")) == [b"\x61\x03\xa1\x01\x00"]
