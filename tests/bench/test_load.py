"""The simulated meters are true meters: gurux-dlms reads them, and what is not right gets no answer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager, redirect_stdout
from io import StringIO
from itertools import pairwise

import pytest

from tests.bench.addresses import address
from tests.bench.answers import REGISTERS, SYSTEM_TITLE, VERSIONS, Secrets
from tests.bench.frames import fcs16
from tests.bench.ledger import lateness
from tests.bench.load import Connection, Plant, listen
from tests.bench.reader_gurux import Reader

KINDS = [("hdlc", False), ("wrapper", False), ("hdlc", True), ("wrapper", True)]
AARQ = bytes.fromhex(
    "6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738BE10040E01000000065F1F0400FFFFFFFFFF"
)
GET = bytes.fromhex("C001C000030100200700FF0200")  # voltage L1


@asynccontextmanager
async def meters(plant, converters=1, behind=1):
    port, servers = await listen(plant, converters, behind)
    try:
        yield port
    finally:
        for server in servers:
            server.close()


class Wire:
    """A client's side of one connection, byte by byte."""

    def __init__(self, plant, behind=1):
        self.meter = Connection(plant, 0, behind)
        self.sent = []
        self.meter.connection_made(self)

    def write(self, data):
        self.sent.append(data)

    def ask(self, frame):
        self.sent = []
        self.meter.data_received(frame)
        return b"".join(self.sent)


def hdlc(control, apdu=b"", server=1):
    info = b"\xe6\xe6\x00" + apdu if apdu else b""
    size = 7 + (len(info) + 2 if info else 0)
    head = bytes((0xA0, size, server << 1 | 1, 0x03, control))
    body = head + fcs16(head)
    if info:
        body += info
        body += fcs16(body)
    return b"\x7e" + body + b"\x7e"


def associated(plant, behind=1):
    wire = Wire(plant, behind)
    for server in range(1, behind + 1):
        assert wire.ask(hdlc(0x93, server=server))[5] == 0x73
        assert bytes.fromhex("A203020100") in wire.ask(hdlc(0x10, AARQ, server))
    return wire


def test_the_checksum_is_that_of_the_standard():
    assert fcs16(b"123456789") == bytes.fromhex("6E90")  # CRC-16/X-25 of the check string is 906E, low byte first


@pytest.mark.parametrize(("framing", "ciphered"), KINDS)
async def test_gurux_reads_every_register_with_its_scaler(framing, ciphered):
    plant = Plant(framing, ciphered=ciphered)

    def read(port):
        with redirect_stdout(StringIO()), Reader(framing, address(0), port, ciphered=ciphered) as reader:
            reader.associate()
            return [reader.scalers(), reader.read(), reader.read(), reader.read_list(), reader.read_list()]

    async with meters(plant) as port:
        scalers, *cycles = await asyncio.to_thread(read, port)
    assert scalers == [(register.scaler, register.unit) for register in REGISTERS]
    for cycle in cycles:
        for register, value in zip(REGISTERS, cycle, strict=True):
            assert value in [pytest.approx(register.value(version)) for version in range(VERSIONS)]
    assert cycles[0] != cycles[1] != cycles[2] != cycles[3]
    counts = plant.ledger.counts()
    assert (counts["gets"], counts["lists"], counts["scalers"], counts["registers"]) == (20, 2, 10, 50)
    assert counts["out_of_order"] == counts["unknown"] == counts["repeated"] == 0
    assert counts["associations"] == 0  # released


async def test_a_meter_without_lists_does_not_negotiate_them():
    def read(port):
        with Reader("hdlc", address(0), port) as reader:
            reader.associate()
            with pytest.raises(ValueError, match="doesn't support multiple objects"):
                reader.read_list()

    async with meters(Plant(lists=False)) as port:
        await asyncio.to_thread(read, port)


def test_the_eight_sequence_numbers_go_round_and_an_answer_is_never_the_one_before():
    wire = associated(Plant())
    answers = []
    for number in range(1, 20):
        answer = wire.ask(hdlc((number & 7) << 5 | 0x10 | (number & 7) << 1, GET))
        assert answer[5] == (number + 1 & 7) << 5 | 0x10 | (number & 7) << 1
        assert fcs16(answer[1:-3]) == answer[-3:-1]
        answers.append(answer[15:-3])
    assert all(one != other for one, other in pairwise(answers))


def test_a_frame_that_is_sent_again_gets_the_same_answer_again():
    plant = Plant()
    wire = associated(plant)
    request = hdlc(0x32, GET)
    assert wire.ask(request) == wire.ask(request) != b""
    assert plant.ledger.repeated == 1


@pytest.mark.parametrize(
    ("frame", "count"),
    [
        (hdlc(0x54, GET), "out_of_order"),
        (hdlc(0x30, GET), "out_of_order"),
        (hdlc(0x32, GET, server=9), "unknown"),
        (hdlc(0x32, GET)[:-3] + b"\x00\x00\x7e", None),
        (hdlc(0x32, GET)[:-1], None),
    ],
    ids=["N(S) ahead", "N(S) behind", "another's address", "wrong checksum", "cut short"],
)
def test_a_frame_that_is_not_right_gets_no_answer(frame, count):
    plant = Plant()
    wire = associated(plant)
    before = plant.ledger.counts()
    assert wire.ask(frame) == b""
    after = plant.ledger.counts()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == ({count} if count else set())


def test_a_frame_that_is_known_to_one_meter_is_refused_by_one_that_is_not_associated():
    plant = Plant()
    assert associated(plant).ask(hdlc(0x32, GET))
    stranger = Wire(plant)
    assert stranger.ask(hdlc(0x32, GET)) == b""
    stranger.ask(hdlc(0x93))
    assert stranger.ask(hdlc(0x10, GET))[11:14] == b"\xd8\x01\x01"


def test_a_wrong_password_is_refused():
    wire = Wire(Plant())
    wire.ask(hdlc(0x93))
    answer = wire.ask(hdlc(0x10, AARQ.replace(b"12345678", b"12345679")))
    assert bytes.fromhex("A203020101A305A10302010D") in answer
    assert wire.ask(hdlc(0x32, GET))[11:14] == b"\xd8\x01\x01"


def test_bytes_that_come_one_by_one_and_frames_that_come_together_are_answered():
    wire = associated(Plant())
    answers = [wire.ask(bytes((byte,))) for byte in b"\x00\x7e" + hdlc(0x32, GET)]
    assert [bool(answer) for answer in answers] == [False] * (len(answers) - 1) + [True]
    wire.ask(hdlc(0x54, GET) + hdlc(0x76, GET))
    assert len(wire.sent) == 2


def test_meters_behind_one_connection_count_their_frames_apart():
    wire = associated(Plant(), behind=3)
    assert wire.ask(hdlc(0x32, GET, server=2))
    assert wire.ask(hdlc(0x54, GET, server=2))
    assert wire.ask(hdlc(0x32, GET, server=3))
    assert wire.ask(hdlc(0x32, GET, server=4)) == b""


def test_ciphered_bytes_that_come_again_or_were_changed_are_refused():
    secrets, title = Secrets(), SYSTEM_TITLE
    sealed = secrets.protect(0xC8, GET, title, 7)
    assert secrets.open(sealed, title, 7) == (7, GET)
    assert secrets.open(sealed, title, 8) is None
    assert secrets.open(sealed, b"OTHER\x00\x00\x01", 0) is None
    for at in range(6, len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        assert secrets.open(bytes(changed), title, 7) is None, at


def test_lateness_is_told_against_the_earliest_cycle_of_each_meter():
    begun = [(1, 10.0), (2, 10.5), (1, 20.25), (2, 20.5), (1, 40.0), (2, 30.5)]
    found = lateness(begun, 10.0)
    assert (found["meters"], found["cycles"], found["missed"]) == (2, 6, 1)
    assert found["max_s"] == pytest.approx(0.25)
    assert found["p50_s"] == 0
    assert lateness(begun, 10.0, skip=1)["max_s"] == pytest.approx(0.25)


def test_the_process_says_where_it_listens_obeys_and_ends_with_its_input():
    command = [sys.executable, "-m", "tests.bench.load", "--meters", "4", "--behind", "2", "--interval", "10"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        listening = json.loads(load.stdout.readline())
        assert (listening["converters"], listening["behind"]) == (2, 2)
        with Reader("hdlc", address(1), listening["port"]) as reader:
            reader.associate()
            reader.read()
        load.stdin.write("counts\nbegun\nclear\ncounts\n")
        load.stdin.flush()
        counts, begun, _, cleared = (json.loads(load.stdout.readline()) for _ in range(4))
        assert (counts["gets"], counts["associations"], cleared["gets"]) == (len(REGISTERS), 0, 0)
        assert [number for number, _ in begun] == [2]
        load.stdin.close()
        assert load.wait(10) == 0
