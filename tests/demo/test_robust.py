"""Whatever is said to the demo meter, it answers or is silent; it never breaks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.demo import Faults, MeterMemory, MeterServer
from bridge.demo.fault_table import TABLE
from bridge.demo.hdlc import build
from bridge.demo.line_faults import LineFaults
from bridge.dlms.framing import HdlcFramer
from tests.demo.raw import aarq, asked, get, get_list

KNOWN = [
    aarq(),
    get("1.1.32.7.0.255"),
    get_list("1.1.32.7.0.255", "0.0.1.0.0.255"),
    bytes.fromhex("c301c1000f0000280000ff010109020102"),
    bytes.fromhex("c001c100070100630100ff0201") + bytes.fromhex("0204020412000809060000010000ff0f02120000"),
    bytes.fromhex("c001c100070100630100ff0202") + bytes.fromhex("02040600000001060000000a120001120000"),
    bytes.fromhex("c001c1000701006301bcff020202190600000001060000000a1200"),  # a date where an entry is expected
    bytes.fromhex("0501022008"),
    bytes.fromhex("6200"),
    bytes.fromhex("c81e30000000010102030405060708090a0b0c0d0e0f101112131415161718191a"),
]


@st.composite
def apdus(draw):
    """A request that makes sense with some of its bytes changed, cut off or added; or any bytes."""
    if draw(st.booleans()):
        return draw(st.binary(min_size=1, max_size=60))
    apdu = bytearray(draw(st.sampled_from(KNOWN)))
    for _ in range(draw(st.integers(0, 4))):
        apdu[draw(st.integers(0, len(apdu) - 1))] = draw(st.integers(0, 255))
    return bytes(apdu[: draw(st.integers(1, len(apdu)))] + draw(st.binary(max_size=4)))


@pytest.mark.parametrize("referencing", ["ln", "sn"])
@pytest.mark.parametrize("security", ["none", "authenticated-encryption"])
@settings(max_examples=300, deadline=None)
@given(st.lists(apdus(), min_size=1, max_size=5))
def test_any_apdu(referencing, security, requests):
    side = MeterServer(
        framing="wrapper",
        referencing=referencing,
        security=security,
        memory=MeterMemory(lock_after=0),
        max_pdu_bytes=100,
    )
    asked(side, aarq(context=1 if referencing == "ln" else 2))
    for request in requests:
        assert isinstance(asked(side, request), bytes)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40), st.booleans()), max_size=6))
def test_any_hdlc_frames(frames):
    side = MeterServer(window=3, max_info_bytes=64)
    side.answer(build(b"\x03", b"\x03", 0x93))
    for control, information, segmented in frames:
        frame = build(b"\x03", b"\x03", control, information, segmented=segmented)
        answer = side.answer(frame)
        assert b"".join(HdlcFramer().feed(answer)) == answer


@settings(max_examples=200, deadline=None)
@given(st.sets(st.sampled_from(sorted(TABLE))), st.integers(0, 1000))
def test_any_faults_together(names, seed):
    faults = Faults(dict.fromkeys(names, ""), seed=seed)
    side, line = MeterServer(framing="wrapper", faults=faults), LineFaults(faults)
    for request in KNOWN:
        frame = b"\x00\x01\x00\x01\x00\x01" + len(request).to_bytes(2) + request
        line.acts(frame, side.frames(frame))
