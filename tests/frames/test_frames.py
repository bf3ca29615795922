"""The corpus: recorded conversations are played back, octet by octet, and must give the readings that stand in them."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.demo.hdlc import parse as parse_hdlc
from bridge.dlms import xdlms
from bridge.dlms.association import MeterSession
from bridge.dlms.conversation import NEW_CONNECTION
from bridge.dlms.framing import HdlcFramer, framer
from bridge.dlms.hdlc import Hdlc
from bridge.dlms.xdlms import Attribute, Result, ServiceRequest
from bridge.errors import MeterError
from bridge.meters.counter_store import CounterStore
from bridge.meters.recording import parse
from tests.frames.kinds import KINDS, counted_instead_of_random

HERE = Path(__file__).parent
READING = re.compile(r"^# reading: (.*)$", re.MULTILINE)


def corpus(name):
    text = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    return parse(text), [json.loads(found) for found in READING.findall(text)]


class Playback:
    """Answers as the meter did; what is asked must be what was asked then."""

    def __init__(self, lines):
        self._lines = list(lines)

    def converse(self, conversation):
        try:
            request = next(conversation)
            while True:
                if request is NEW_CONNECTION:  # a new connection: no octets of it stand in the file
                    request = conversation.send(None)
                    continue
                if request:
                    line = self._lines.pop(0)
                    assert line.direction == ">", f"asked {request.hex(' ')} where the meter still spoke"
                    assert line.matches(request), f"asked {request.hex(' ')} instead of {line.data.hex(' ')}"
                assert self._lines, "waits for more than was recorded"
                answer = self._lines.pop(0)
                assert answer.direction == "<"
                request = conversation.send(answer.data)
        except StopIteration as done:
            return done.value

    @property
    def is_at_its_end(self):
        return not self._lines


@pytest.mark.parametrize("name", KINDS)
def test_every_conversation_is_held_word_for_word_and_gives_its_readings(name):
    conversation, expected = corpus(name)
    playback = Playback(conversation.lines)
    with counted_instead_of_random():
        session = MeterSession(KINDS[name].meter(), CounterStore(None))
        playback.converse(session.associate())
        readings = playback.converse(session.read())
        playback.converse(session.release())
    assert [[one.register.key, *one[1:]] for one in readings] == expected
    assert len(expected) >= 5
    assert playback.is_at_its_end


@pytest.mark.parametrize("name", KINDS)
def test_what_the_file_says_of_the_meter_is_so(name):
    facts = corpus(name)[0].facts
    meter = KINDS[name].meter()
    assert (facts["framing"], facts["referencing"], facts["authentication"]) == (
        meter.framing, meter.referencing, meter.authentication,
    )  # fmt: skip
    assert (int(facts["client"]), int(facts["server"])) == (meter.client, meter.server)


def test_every_file_is_a_conversation_that_is_played_back():
    assert {file.stem for file in HERE.glob("*.txt")} == {*KINDS, "microstar"}
    assert len(KINDS) >= 10


@pytest.mark.parametrize("name", [*KINDS, "microstar"])
def test_every_recorded_frame_passes_the_framer_whole(name):
    conversation, _ = corpus(name)
    cut = framer(conversation.facts["framing"])
    for line in conversation.lines:
        if not line.hidden:  # what is hidden has no check sequence that holds
            assert b"".join(cut.feed(line.data)) == line.data


def test_no_password_and_no_key_stands_in_the_corpus():
    for name, kind in KINDS.items():
        text = (HERE / f"{name}.txt").read_text(encoding="utf-8")
        octets = bytes(
            0 if pair == "**" else int(pair, 16) for pair in re.findall(r"(?<= )(?:[0-9A-F]{2}|\*\*)(?=\s)", text)
        )
        for secret in kind.meter().secrets:
            assert secret not in octets


@pytest.mark.parametrize("name", [name for name in KINDS if name.startswith("hdlc")])
def test_no_recorded_frame_passes_the_framer_with_one_octet_bent(name):
    for line in corpus(name)[0].lines:
        for at in range(1, len(line.data) - 1):
            bent = bytearray(line.data)
            bent[at] ^= 0x10
            assert line.hidden or HdlcFramer().feed(bytes(bent)) == []


@pytest.mark.parametrize("name", ["wrapper_suite_2", "wrapper_authenticated", "wrapper_ded_general"])
def test_no_protected_answer_is_taken_with_one_octet_bent(name):
    lines = corpus(name)[0].lines
    read = len(lines) - 3  # the cycle's answer, before the release
    for at in range(9, len(lines[read].data)):
        bent = bytearray(lines[read].data)
        bent[at] ^= 0x10
        playback = Playback([*lines[:read], replace(lines[read], data=bytes(bent)), *lines[read + 1 :]])
        with counted_instead_of_random(), pytest.raises(MeterError):
            associate_and_read(playback, MeterSession(KINDS[name].meter(), CounterStore(None)))


def associate_and_read(playback, session):
    playback.converse(session.associate())
    playback.converse(session.read())


# The meter that the bridge began with.


def test_the_microstar_is_asked_as_it_was_then_and_its_answer_is_135_19_v():
    lines = corpus("microstar")[0].lines
    link = Hdlc(client=1, server=1, server_address_bytes=1)
    conversation = link.connect()
    assert next(conversation) == lines[0].data
    with pytest.raises(StopIteration):
        conversation.send(lines[1].data)
    assert link.max_request_bytes == 125
    link._send_number = link._receive_number = 6
    request = xdlms.get(Attribute(3, bytes((1, 1, 32, 7, 0, 255)), 2))
    conversation = link.ask(request.apdu(6))
    assert next(conversation) == lines[2].data
    with pytest.raises(StopIteration) as answer:
        conversation.send(lines[3].data)
    assert xdlms.answer(answer.value.value, ServiceRequest(b"", b"", 1)) == [Result(13519)]
    assert parse_hdlc(lines[3].data).control == 0xFC  # N(R) 7: the next, not the one that came
