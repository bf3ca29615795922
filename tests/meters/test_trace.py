"""Frames in the log, and no secret among them."""

import pytest
from loguru import logger

from bridge.configuration.meter import resolve
from bridge.configuration.profile import load_profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.demo import DEMO_PASSWORD
from bridge.dlms.association import MeterSession
from bridge.meters.trace import Trace
from tests.meters.by_hand import converse, meter, server


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


@pytest.mark.parametrize("cut", range(4, 9))
def test_a_secret_that_two_segments_share_is_masked_in_both(lines, cut):
    secret = b"\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb"
    trace = Trace("main", (secret,))
    trace.sent(b"\x01" + secret[:cut])
    trace.sent(secret[cut:] + b"\x02")
    assert not any(f"{byte:02X}" in line for line in lines for byte in secret)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_an_association_is_shown_whole_but_for_its_password(lines, framing):
    read, side = meter(framing), server(framing)
    trace = Trace("main", read.secrets)

    def answer(request):
        trace.sent(request)
        frame = side.answer(request)
        trace.came(frame)
        return frame

    converse(MeterSession(read).associate(), answer)
    password = DEMO_PASSWORD.encode().hex(" ").upper()
    assert not any(password in line for line in lines)
    assert sum("** ** ** ** ** ** ** **" in line for line in lines) == 1


def test_every_secret_of_a_meter_is_masked_its_keys_too(lines):
    settings = MeterSettings.model_validate(
        {
            "host": "meter",
            "password": "hex:00FF1122334455AA",
            "encryption_key": "0A" * 16,
            "authentication_key": "0B" * 16,
        }
    )
    secrets = resolve("main", settings, load_profile("microstar"), PollSettings()).secrets
    trace = Trace("main", secrets)
    for secret in secrets:
        trace.sent(secret)
    assert len(lines) == 3
    assert not any(character in "".join(line.split("->")[1] for line in lines) for character in "0123456789ABCDEF")


@pytest.mark.parametrize("referencing", ["ln", "sn"])
@pytest.mark.parametrize("authentication", ["high", "md5", "sha1", "sha256"])
def test_the_proofs_of_high_level_security_are_masked_and_the_check_sequence_that_would_betray_them(
    lines, authentication, referencing
):
    read = meter(authentication=authentication, referencing=referencing)
    side = server(authentication=authentication, referencing=referencing)
    trace, over = Trace("main", read.secrets), []

    def answer(request):
        trace.sent(request)
        frame = side.answer(request)
        trace.came(frame)
        over.extend((request, frame))
        return frame

    converse(MeterSession(read).associate(), answer)
    masked = [(line, data) for line, data in zip(lines, over, strict=True) if "**" in line]
    assert ["->" in line for line, _ in masked] == [True, False]
    size = {"high": 16, "md5": 16, "sha1": 20, "sha256": 32}[authentication]
    for line, _ in masked:
        assert line.count("**") == size + 2
        assert line.endswith("** ** 7E")
