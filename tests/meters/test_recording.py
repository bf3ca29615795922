"""A recorded conversation: whole, readable again, and without a secret."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.configuration.meter import resolve
from bridge.configuration.profile import load_profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.demo import Client, MeterServer
from bridge.demo.access import DEMO_AUTHENTICATION_KEY
from bridge.dlms.association import MeterSession
from bridge.dlms.framing import FLAG
from bridge.meters.counter_store import CounterStore
from bridge.meters.recording import TITLE, RecordedFrame, Recorder, parse

SECRET = "correct horse"
KEY = bytes(range(16)).hex()


def recorded(authentication="low", framing="hdlc", referencing="ln", **settings):
    """Associate, read and release under a recorder; returns the text and what went over the line."""
    security = "authenticated-encryption" if settings else "none"
    side = MeterServer(
        framing=framing,
        referencing=referencing,
        clients=[Client(1, authentication, SECRET.encode(), security)],
    )
    given = MeterSettings.model_validate(
        {
            "host": "meter",
            "framing": framing,
            "referencing": referencing,
            "client": 1,
            "authentication": authentication,
            "password": SECRET,
            **settings,
        }
    )
    meter = resolve("m", given, load_profile("microstar" if referencing == "ln" else "single_phase"), PollSettings())
    out, over, waiting, time_s = io.StringIO(), [], [], [10.0]
    recorder = Recorder(out, meter, remark="a test", clock_s=lambda: time_s[0])
    session = MeterSession(meter, CounterStore(None))
    for conversation in (session.connect(), session.get(1, "0.0.42.0.0.255", 2), session.release()):
        try:
            request = next(conversation)
            while True:
                if request:
                    recorder.sent(request)
                    over.append((">", request))
                    waiting.extend(side.frames(request))
                time_s[0] += 0.0123
                frame = waiting.pop(0)
                recorder.came(frame)
                over.append(("<", frame))
                request = conversation.send(frame)
        except StopIteration:
            pass
    return out.getvalue(), over


def test_every_request_and_frame_is_there_in_order_with_its_time():
    text, over = recorded("none")
    found = parse(text)
    assert [(line.direction, line.data) for line in found.lines] == over
    assert [line.at_ms for line in found.lines[:3]] == [0.0, 12.3, 12.3]
    assert not any(line.hidden for line in found.lines)


def test_the_header_says_how_the_meter_is_talked_to_and_not_where_it_is():
    text, _ = recorded()
    assert text.startswith(TITLE + "\n")
    assert parse(text).facts == {
        "framing": "hdlc",
        "referencing": "ln",
        "client": "1",
        "server": "1",
        "server_address_bytes": "1",
        "authentication": "low",
        "profile": "single_phase",
    }
    assert "# a test\n" in text
    assert "host" not in text


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
def test_the_password_of_the_aarq_is_hidden_and_so_is_the_check_sequence_that_would_betray_it(framing):
    text, over = recorded("low", framing)
    assert SECRET.encode().hex(" ").upper() not in text
    assert SECRET.encode().hex(" ").upper()[:11] not in text
    [line] = [line for line in parse(text).lines if line.hidden]
    sent = next(data for direction, data in over if SECRET.encode() in data)
    start = sent.index(SECRET.encode())
    hidden = set(range(start, start + len(SECRET)))
    if framing == "hdlc":
        assert sent[-1] == FLAG
        hidden |= {len(sent) - 3, len(sent) - 2}
    assert line.hidden == hidden
    assert line.matches(sent)


@pytest.mark.parametrize("referencing", ["ln", "sn"])
@pytest.mark.parametrize("authentication", ["high", "md5", "sha1", "sha256"])
def test_the_proofs_from_which_a_password_could_be_guessed_are_hidden(authentication, referencing):
    text, over = recorded(authentication, referencing=referencing)
    lines = parse(text).lines
    hidden = [line for line in lines if line.hidden]
    assert [line.direction for line in hidden] == [">", "<"]
    for line, (_, data) in zip(lines, over, strict=True):
        assert line.matches(data)
        for at in line.hidden:
            assert line.data[at] == 0
    size = {"high": 16, "md5": 16, "sha1": 20, "sha256": 32}[authentication]
    assert {len(line.hidden) for line in hidden} == {size + 2}


def test_keys_are_hidden_wherever_they_stand():
    text, _ = recorded("low", encryption_key=KEY, authentication_key=DEMO_AUTHENTICATION_KEY.hex(), counter_obis="none")
    assert parse(text).facts["security"] == "30"
    assert KEY.upper() not in text.replace(" ", "")
    out = io.StringIO()
    given = MeterSettings.model_validate({"host": "m", "framing": "wrapper", "encryption_key": KEY})
    recorder = Recorder(out, resolve("m", given, load_profile("single_phase"), PollSettings()))
    recorder.sent(b"\x00\x01" + bytes.fromhex(KEY) + b"\xff")
    assert re.search(r"^> 0\.0 00 01 (\*\* ){16}FF$", out.getvalue(), re.MULTILINE)


def test_remarks_and_empty_lines_may_stand_anywhere():
    found = parse(f"{TITLE}\n\n# framing: hdlc\n> 0.0 7E 7E\n# what is this?\n\n< 5 7E ** 7E\n")
    assert found.facts == {"framing": "hdlc"}
    assert found.lines == (
        RecordedFrame(">", 0.0, b"\x7e\x7e"),
        RecordedFrame("<", 5.0, b"\x7e\x00\x7e", frozenset({1})),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", None),
        ("> 0.0 7E", "line 1"),
        (f"{TITLE}\n> 0.0 7e", "line 2"),
        (f"{TITLE}\n= 0.0 7E", "line 2"),
        (f"{TITLE}\n> 7E", "line 2"),
    ],
)
def test_what_is_no_conversation_is_refused(text, said):
    if said is None:
        assert parse(text).lines == ()
        return
    with pytest.raises(ValueError, match=said):
        parse(text)


@given(
    st.lists(st.tuples(st.sampled_from("<>"), st.binary(min_size=1, max_size=60)), max_size=8), st.binary(max_size=12)
)
def test_what_is_written_is_read_again_and_no_four_octets_of_a_secret_stand_in_it(frames, secret):
    given = MeterSettings.model_validate({"host": "m", "password": "hex:" + secret.hex() if secret else None})
    out = io.StringIO()
    recorder = Recorder(out, resolve("m", given, load_profile("single_phase"), PollSettings()))
    for direction, data in frames:
        (recorder.sent if direction == ">" else recorder.came)(data + secret)
    lines = parse(out.getvalue()).lines
    for line, (direction, data) in zip(lines, frames, strict=True):
        assert line.direction == direction
        assert line.matches(data + secret)
        assert set(range(len(data), len(data + secret))) <= line.hidden
