"""The meter's end of an HDLC link, by its bytes (IEC 62056-46)."""

import pytest

from bridge.demo import MeterServer
from bridge.demo.hdlc import HdlcStation, address, address_value, build, parse
from bridge.dlms.framing import HdlcFramer

SNRM = bytes.fromhex("7EA0070303938C117E")  # what the meter that the project began with is asked by


def request(control, information=b"", *, segmented=False):
    return parse(build(b"\x03", b"\x03", control, information, segmented=segmented))


def station(answer=b"", **arguments):
    heard, forgotten = [], []
    made = HdlcStation(
        lambda apdu: heard.append(apdu) or answer,
        lambda: forgotten.append(1),
        **{"max_info_bytes": 128, "window": 1, **arguments},
    )
    made.heard, made.forgotten = heard, forgotten
    return made


def connected(answer, parameters=b"", **arguments):
    made = station(answer, **arguments)
    made.answer(request(0x93, parameters))
    return made


def sizes(*, send=None, take=None, window_send=None, window_take=None):
    """Return SNRM's parameters, from the client's side."""
    given = {5: (send, 2), 6: (take, 2), 7: (window_send, 4), 8: (window_take, 4)}
    body = b"".join(bytes((n, size)) + value.to_bytes(size) for n, (value, size) in given.items() if value)
    return bytes((0x81, 0x80, len(body))) + body


@pytest.mark.parametrize(
    ("value", "size", "wire"),
    [(1, 1, "03"), (16, 1, "21"), (1 << 7 | 17, 2, "0223"), (1 << 14 | 1001, 4, "00020ed3"), (1, 4, "00000003")],
)
def test_addresses(value, size, wire):
    assert address(value, size).hex() == wire
    assert address_value(bytes.fromhex(wire)) == value


def test_ua_states_the_sizes_that_both_sides_can_do():
    assert parse(MeterServer().answer(SNRM)).information.hex() == "818012050180060180070400000001080400000001"
    made = station(max_info_bytes=1024, window=7)
    (frame,) = made.answer(request(0x93, sizes(send=300, take=200, window_send=2, window_take=3)))
    assert parse(frame).information.hex() == "8180130501c80602012c070400000003080400000002"


def test_nothing_but_snrm_is_carried_out_before_the_link_begins():
    made = station(b"\x01")
    for control in (0x10, 0x53, 0x11):
        assert [parse(frame).control for frame in made.answer(request(control, b""))] == [0x1F]  # DM
    assert made.heard == []


def test_disc_ends_the_link_and_the_association():
    made = connected(b"\x01")
    made.forgotten.clear()
    assert parse(made.answer(request(0x53))[0]).control == 0x73
    assert made.forgotten
    assert parse(made.answer(request(0x53))[0]).control == 0x1F


def test_an_answer_goes_in_segments_fetched_by_rr():
    made = connected(bytes(300))
    frames = [parse(frame) for frame in made.answer(request(0x10, b"\xe6\xe6\x00\xc0"))]
    assert [(len(frame.information), frame.segmented, frame.control) for frame in frames] == [(128, True, 0x30)]
    second = [parse(frame) for frame in made.answer(request(0x31))]  # RR, N(R) 1
    assert [(len(frame.information), frame.segmented, frame.control) for frame in second] == [(128, True, 0x32)]
    last = [parse(frame) for frame in made.answer(request(0x51))]
    assert [(len(frame.information), frame.segmented, frame.control) for frame in last] == [(47, False, 0x34)]
    whole = b"".join(frame.information for frame in frames + second + last)
    assert whole == b"\xe6\xe7\x00" + bytes(300)
    assert made.heard == [b"\xc0"]


def test_a_window_of_segments_comes_at_once_its_last_with_the_final_bit():
    made = connected(bytes(500), sizes(take=100, window_take=3), max_info_bytes=512, window=3)
    frames = [parse(frame) for frame in made.answer(request(0x10, b"\xe6\xe6\x00\xc0"))]
    assert [frame.control for frame in frames] == [0x20, 0x22, 0x34]
    frames = [parse(frame) for frame in made.answer(request(0x71))]
    assert [(frame.control, frame.segmented) for frame in frames] == [(0x26, True), (0x28, True), (0x3A, False)]


def test_what_was_not_acknowledged_is_sent_again():
    made = connected(bytes(500), sizes(take=100, window_take=3), max_info_bytes=512, window=3)
    first = made.answer(request(0x10, b"\xe6\xe6\x00\xc0"))
    again = [parse(frame).control for frame in made.answer(request(0x31))]  # RR, N(R) 1: it had the first only
    assert again == [0x22, 0x24, 0x36]
    assert len(first) == 3


def test_a_repeated_request_is_answered_again_and_not_carried_out_twice():
    made = connected(b"\x01\x02")
    first = made.answer(request(0x10, b"\xe6\xe6\x00\xc0"))
    assert made.answer(request(0x10, b"\xe6\xe6\x00\xc0")) == first
    assert made.heard == [b"\xc0"]
    assert made.answer(request(0x32, b"\xe6\xe6\x00\xc1")) != first
    assert made.heard == [b"\xc0", b"\xc1"]


def test_a_wrong_sequence_number_is_rejected():
    made = connected(b"\x01")
    assert parse(made.answer(request(0x16, b"\xe6\xe6\x00\xc0"))[0]).control == 0x97  # FRMR
    assert made.heard == []


def test_a_request_in_segments_is_put_together():
    made = connected(b"\x01")
    assert parse(made.answer(request(0x10, b"\xe6\xe6\x00\xc0\x01", segmented=True))[0]).control == 0x31  # RR
    made.answer(request(0x12, b"\x02\x03"))
    assert made.heard == [b"\xc0\x01\x02\x03"]


@pytest.mark.parametrize(("size", "wire"), [(1, "03"), (2, "0003"), (4, "00000003")])
def test_a_meter_answers_to_its_own_address_length_alone(size, wire):
    for other in ("03", "0003", "00000003"):
        snrm = build(bytes.fromhex(other), b"\x03", 0x93)
        answer = MeterServer(server_address_bytes=size).answer(snrm)
        assert bool(answer) == (other == wire)
        assert HdlcFramer().feed(answer) == ([answer] if answer else [])


def test_clients_have_links_of_their_own():
    side = MeterServer(strangers="refused")
    side.answer(SNRM)
    assert side.frames(build(b"\x03", b"\x21", 0x10, b"\xe6\xe6\x00\xc0"))[0][5] == 0x1F
