"""Lines that are out of order, and converters that talk: named for what they are, soon, and a meter behind is found."""

import asyncio

import pytest

from bridge.cli.probe.likely_addresses import ServerAddress, hdlc_address
from bridge.cli.probe.port_identification import identify_port
from bridge.cli.probe.search_scope import Patience, SearchScope
from tests.cli.probe.test_port_identification import serving
from tests.cli.strangers import UA, Stranger, hdlc, listening

QUICK = Patience(connect_s=1.0, answer_s=0.1, between_s=0.02)
CLIENTS = SearchScope(clients=(16, 1))
AIDON = hdlc(b"\x41", bytes.fromhex("0883"), 0x13, bytes.fromhex("E6E7000F40000000000103020209060101000281FF"))
E450 = hdlc(b"\xce\xff", b"\x03", 0x13, bytes.fromhex("E6E700E04000010000280F00A1B2C3"))
P1 = b"/XMX5LGBBLB2410000001\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(261126063000W)\r\n1-0:1.7.0(00.993*kW)\r\n!A1B2\r\n"


async def knocked(stranger, scope=CLIENTS, patience=QUICK):
    """Knock at it; returns what was found and how many questions it took."""
    questions = []
    async with listening(stranger) as place:
        host, port = place.split(":")
        found = await identify_port(host, int(port), patience, scope, lambda *asked: questions.append(asked))
    return found, len(questions)


@pytest.mark.parametrize("greeting", [b"REG:0012345678\r\n", b"*IMEI 356938035643809*", b"\r\nCONNECT 9600\r\n"])
async def test_a_converter_that_registers_does_not_hide_the_meter_behind_it(greeting):
    class Talker(Stranger):
        def greeting(self):
            return greeting

    found, questions = await knocked(Talker())
    assert (found.kind, found.greeting) == ("hdlc", greeting.decode().strip())
    assert questions == 1


async def test_a_registration_that_comes_late_does_not_either():
    async def talk(reader, writer, heard):
        await reader.read(100)
        writer.write(b"REG:0012345678\r\n")
        while data := await reader.read(100):
            if data[:6] == bytes.fromhex("7EA007032193"):
                writer.write(hdlc(b"\x21", b"\x03", 0x73, UA))

    async with serving(talk) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, CLIENTS)
    assert found.kind == "hdlc"


async def test_text_and_nothing_else_is_quoted():
    class Talker(Stranger):
        def greeting(self):
            return b"NET-MODEM V2\r\n"

    found, _ = await knocked(Talker(clients=()))
    assert (found.kind, found.said) == ("talks", "NET-MODEM V2")


async def test_telnet_is_named_before_anything_is_asked():
    class Telnet(Stranger):
        def greeting(self):
            return b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x00"

    found, questions = await knocked(Telnet())
    assert (found.kind, questions) == ("telnet", 0)


async def test_telnet_that_begins_with_the_first_byte_it_gets_is_named_too():
    async def negotiate(reader, writer, heard):
        while await reader.read(100):
            writer.write(b"\xff\xfd\x03\xff\xfb\x01")

    async with serving(negotiate) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, CLIENTS)
    assert found.kind == "telnet"


@pytest.mark.parametrize(("pushed", "said"), [(AIDON, "HDLC, Data"), (E450, "HDLC, general block"), (P1, "P1, /XMX5")])
@pytest.mark.parametrize("every_s", [0.05, 0.35])
async def test_a_port_that_only_pushes_is_named_after_a_few_questions(pushed, said, every_s):
    async def push(reader, writer, heard):
        async def again():
            while True:
                await asyncio.sleep(every_s)
                for at in range(0, len(pushed), 16):  # a slow line
                    writer.write(pushed[at : at + 16])
                    await asyncio.sleep(0.005)

        task = asyncio.create_task(again())
        try:
            while data := await reader.read(100):
                heard.append(data)
        finally:
            task.cancel()

    questions = []
    async with serving(push) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, SearchScope(), lambda *asked: questions.append(asked))
    assert found.kind == "push"
    assert found.said.startswith(said)
    assert len(questions) < 25  # of about a hundred


async def test_a_meter_that_pushes_and_answers_is_a_meter():
    class Both(Stranger):
        def greeting(self):
            return AIDON

    found, _ = await knocked(Both())
    assert found.kind == "hdlc"


@pytest.mark.parametrize(
    ("kind", "bent"),
    [
        ("flow-control", lambda frame: frame.replace(b"\x13", b"").replace(b"\x11", b"")),
        ("short", lambda frame: frame[:-2] + frame[-1:]),
        ("damaged", lambda frame: frame[:8] + bytes((frame[8] ^ 1,)) + frame[9:]),
    ],
)
async def test_frames_that_come_damaged_are_named_with_their_damage(kind, bent):
    class Bent(Stranger):
        def linked(self, to, here, frame):
            return hdlc(to, here, 0x73, bytes.fromhex("81801405020080060200801304000000010804000000111181"))

        def out(self, data):
            return bent(data)

    found, questions = await knocked(Bent(clients=(16, 1)))
    assert found.kind == kind
    assert questions <= 2


@pytest.mark.parametrize("late_s", [0.07, 0.17])
async def test_an_answer_that_comes_after_the_next_question_still_says_whose_it_is(late_s):
    address = hdlc_address(0, 1, 2)

    async def slow(reader, writer, heard):
        while data := await reader.read(100):
            if data[3:6] == bytes.fromhex("000321"):
                await asyncio.sleep(late_s)
                writer.write(hdlc(b"\x21", b"\x00\x03", 0x73, UA))

    async with serving(slow) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, CLIENTS)
    assert (found.kind, found.address, found.client) == ("hdlc", address, 16)


@pytest.mark.parametrize("octets", [2, 4])
@pytest.mark.parametrize("source", [b"\x03", b"\x21"])
async def test_an_answer_from_the_same_address_in_one_byte_is_taken_and_said(octets, source):
    asked = hdlc_address(1, 16, octets)

    class OneByte(Stranger):
        def linked(self, to, here, frame):
            return hdlc(to, source, 0x73, UA) if len(here) == octets else None

    found, _ = await knocked(OneByte(), SearchScope(hdlc=(asked,), clients=(16,)))
    assert (found.kind, found.address, found.answers_from) == ("hdlc", asked, ServerAddress(source[0] >> 1, 1))
