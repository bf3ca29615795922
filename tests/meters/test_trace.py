"""Frames in the log, and no secret among them."""

import pytest
from loguru import logger

from bridge.demo import DEMO_PASSWORD
from bridge.meters.session import Session
from bridge.meters.trace import Trace
from tests.meters.test_session import converse, meter, server


@pytest.fixture
def lines():
    said = []
    handler = logger.add(lambda line: said.append(line.strip()), format="{message}")
    yield said
    logger.remove(handler)


def test_frames_are_shown_in_hex_with_their_direction(lines):
    trace = Trace("main", ())
    trace.sent(bytes.fromhex("7EA0070303938C117E"))
    trace.came(b"\x00\xff")
    assert lines == ["main | -> 7E A0 07 03 03 93 8C 11 7E", "main | <- 00 FF"]


def test_a_secret_is_masked_wherever_it_stands(lines):
    Trace("main", (b"aa", b"")).sent(b"\x01aaa\x02aa")
    assert lines == ["main | -> 01 ** ** ** 02 ** **"]


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_an_association_is_shown_whole_but_for_its_password(lines, framing):
    read, side = meter(framing), server(framing)
    trace = Trace("main", (read.password,))

    def answer(request):
        trace.sent(request)
        frame = side.answer(request)
        trace.came(frame)
        return frame

    converse(Session(read).associate(), answer)
    password = DEMO_PASSWORD.encode().hex(" ").upper()
    assert not any(password in line for line in lines)
    assert sum("** ** ** ** ** ** ** **" in line for line in lines) == 1
