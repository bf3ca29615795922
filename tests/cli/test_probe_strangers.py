"""``bridge probe`` at meters with manners of their own: what it claims is so, and its lines are those to read with."""

import asyncio

import pytest

from bridge.demo import Client, MeterServer
from bridge.dlms.framing import framer
from tests.cli.meters_on_loopback import pasted, sampled, typed
from tests.cli.strangers import (
    ShortNames,
    Stranger,
    aare,
    challenge,
    hdlc,
    listening,
    taken_apart,
    wants_short_names,
)

EXPECTED = {
    "voltage_l1": 230.12,
    "current_l1": 4.321,
    "frequency": 50.01,
    "active_power": 993,
    "active_energy": 23456789,
}


async def probe(place, folder, *options, **environ):
    return await typed("probe", place, "--timeout", "0.3", *options, DATA_DIR=str(folder), LANG="C", **environ)


# Short names.


SAYS_SHORT_NAMES = {
    "lets logical names in and states context 2": lambda: aare(context=2, conformance="1C0320", vaa="FA00"),
    "lets logical names in and states its association's short name alone": lambda: aare(context=1, vaa="FA00"),
    "refuses the context": lambda: aare(result=1, diagnostic=2, initiate=False),
    "refuses without a reason and states context 2": lambda: aare(result=1, diagnostic=1, context=2, initiate=False),
    "refuses without a reason": lambda: aare(result=1, diagnostic=1, initiate=False),
    "answers an exception": lambda: bytes.fromhex("D80102"),
    "answers a service error": lambda: bytes.fromhex("0E010603"),
    "answers FRMR": lambda: hdlc(b"\x21", b"\x03", 0x97, bytes.fromhex("100000")),
    "answers DM": lambda: hdlc(b"\x21", b"\x03", 0x1F),
    "says nothing": lambda: None,
}


@pytest.mark.parametrize("how", SAYS_SHORT_NAMES)
async def test_short_names_are_found_however_the_meter_takes_a_request_by_logical_ones(tmp_path, how):
    class Meter(ShortNames):
        def associated(self, apdu):
            return super().associated(apdu) if wants_short_names(apdu) else SAYS_SHORT_NAMES[how]()

    async with listening(Meter(clients=(16,))) as place:
        code, printed = await probe(place, tmp_path, "--client", "16")
        assert code == 0, printed
        assert "ciphered" not in printed
        variables = pasted(printed)
        assert variables["METERS__METER1__REFERENCING"] == "sn"
        assert await sampled(variables, tmp_path) == EXPECTED


async def test_the_naming_can_be_given_and_no_other_is_tried(tmp_path):
    meter = ShortNames(clients=(16,))
    async with listening(meter) as place:
        code, printed = await probe(place, tmp_path, "--client", "16", "--referencing", "sn")
    assert code == 0, printed
    assert not [apdu for apdu in meter.asked if apdu[0] == 0x60 and not wants_short_names(apdu)]
    assert not [apdu for apdu in meter.asked if apdu[0] == 0xC0]


@pytest.mark.parametrize(
    "how", [one for one in SAYS_SHORT_NAMES if "FRMR" not in one and "DM" not in one and "nothing" not in one]
)
async def test_short_names_behind_the_wrapper_are_found_too(tmp_path, how):
    class Meter(ShortNames):
        def associated(self, apdu):
            return super().associated(apdu) if wants_short_names(apdu) else SAYS_SHORT_NAMES[how]()

    async with listening(Meter(clients=(16,), framing="wrapper")) as place:
        code, printed = await probe(place, tmp_path, "--client", "16")
        assert code == 0, printed
        assert await sampled(pasted(printed), tmp_path) == EXPECTED


# Ciphers.


async def test_a_context_refused_for_want_of_authentication_is_no_call_for_keys(tmp_path):
    class Meter(Stranger):
        def associated(self, apdu):
            if b"\xac" not in apdu:
                return aare(result=1, diagnostic=2, initiate=False)
            return aare(diagnostic=14, more=challenge(2))

    async with listening(Meter(clients=(1,))) as place:
        code, printed = await probe(place, tmp_path, "--client", "1")
    assert code == 1
    assert "ciphered" not in printed
    assert "KEY" not in printed
    assert "AUTHENTICATION=high" in printed
    assert "client 1 needs its password" in printed


async def test_a_meter_that_refuses_every_context_is_not_said_to_want_keys(tmp_path):
    class Meter(Stranger):
        def associated(self, apdu):
            return aare(result=1, diagnostic=2, initiate=False)

    async with listening(Meter(clients=(1,))) as place:
        _, printed = await probe(place, tmp_path, "--client", "1")
    assert "ciphered" not in printed
    assert "KEY" not in printed
    assert "client 1 needs its password" in printed


@pytest.mark.parametrize("context", [1, 3])
async def test_a_meter_that_knows_the_ciphered_context_is_said_to_want_keys(tmp_path, context):
    class Meter(Stranger):
        def associated(self, apdu):
            known = bytes.fromhex("60857405080103") in apdu
            return aare(result=1, diagnostic=3 if known else 2, context=context, initiate=False)

    async with listening(Meter(clients=(1,))) as place:
        _, printed = await probe(place, tmp_path, "--client", "1")
    assert "client 1: must cipher its messages" in printed
    assert "ENCRYPTION_KEY=" in printed


# Clients.


class LetsInAndShowsNothing(Stranger):
    """Without a password it lets everybody in and refuses every object; with the right one it shows them."""

    is_opened = False

    def associated(self, apdu):
        self.is_opened = b"\x80\x08password" in apdu
        return super().associated(apdu)

    def value(self, class_id, logical_name, attribute):
        return super().value(class_id, logical_name, attribute) if self.is_opened else b"\x01\x03"


async def test_a_password_is_tried_at_a_client_that_is_let_in_without_one_and_reads_nothing(tmp_path):
    async with listening(LetsInAndShowsNothing(clients=(1,))) as place:
        code, printed = await probe(place, tmp_path, PROBE_PASSWORD="password")
        assert code == 0, printed
        assert "client 1: let in with low" in printed
        assert await sampled(pasted(printed, password="password"), tmp_path) == EXPECTED


async def test_the_ending_does_not_say_that_nobody_is_let_in_when_somebody_is(tmp_path):
    async with listening(LetsInAndShowsNothing(clients=(1,))) as place:
        code, printed = await probe(place, tmp_path)
    assert code == 1
    assert "client 1: let in without authentication" in printed
    assert "no client is let in" not in printed
    assert "client 1 is let in without a password but may read no register" in printed


async def test_text_where_an_association_is_to_be_answered_is_quoted(tmp_path):
    class Meter(Stranger):
        def apdu(self, apdu):
            return hdlc(b"\x03", b"\x03", 0x30, b"ERROR 12: use port B") if apdu[0] == 0x60 else super().apdu(apdu)

    async with listening(Meter(clients=(1,))) as place:
        _, printed = await probe(place, tmp_path, "--client", "1")
    assert "ERROR 12: use port B" in printed


# IEC 62056-21 without DLMS.

READOUT = b"/ISK5MT174-0001\r\n\x020.0.0(12345678)\r\n1.8.0(0001234.5*kWh)\r\n!\r\n\x03\x1a"


@pytest.mark.parametrize(
    ("identification", "after", "said"),
    [
        (b"/ISK5\\2MT174-0001\r\n", b"\x01P0\x02(00000000)\x03\x60", "does not switch to HDLC"),
        (
            b"/ISK5\\2MT174-0001\r\n",
            b"\x020.0.0(12345678)\r\n1.8.0(0001234.5*kWh)\r\n!\r\n\x03\x1a",
            "does not switch to HDLC",
        ),
        (b"/ISK5MT174-0001\r\n", b"", "offers no mode E"),
        (READOUT, b"", "readings as text when asked"),
    ],
)
async def test_a_meter_that_speaks_text_alone_is_named_as_one(tmp_path, identification, after, said):
    async def serve(reader, writer):
        while data := await reader.read(4096):
            if data == b"/?!\r\n":
                writer.write(identification)
            elif data[:1] == b"\x06":
                writer.write(after)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        code, printed = await probe(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", tmp_path)
    assert code == 1
    assert said in printed, printed


# Connections.


async def test_a_meter_that_closes_after_the_release_is_asked_on_a_new_connection(tmp_path):
    """Two visits at least: whom it lets in, and what that one may read."""

    async def serve(reader, writer):
        side, frames = MeterServer(clients=[Client(16, "none", b"", "none")]), framer("hdlc")
        while data := await reader.read(4096):
            for frame in frames.feed(data):
                writer.write(side.answer(frame))
                if taken_apart(frame)[2] == 0x53:  # DISC
                    writer.close()
                    return
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        code, printed = await probe(
            f"127.0.0.1:{server.sockets[0].getsockname()[1]}", tmp_path, "--client", "16", "--framing", "hdlc"
        )
    assert code == 0, printed


async def test_a_meter_that_wants_its_mode_e_opening_after_each_release_gets_it(tmp_path):
    openings = []

    async def serve(reader, writer):
        side, frames, is_open = MeterServer(clients=[Client(1, "low", b"12345678", "none")]), framer("hdlc"), False
        while data := await reader.read(4096):
            if data == b"/?!\r\n":
                openings.append(data)
                writer.write(b"/XYZ5\\2METER\r\n")
            elif data == b"\x06252\r\n":
                writer.write(data)
                is_open = True
            elif is_open:
                for frame in frames.feed(data):
                    writer.write(side.answer(frame))
                    if taken_apart(frame)[2] == 0x53:
                        is_open = False  # hears nothing but an opening now
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        code, printed = await probe(
            f"127.0.0.1:{server.sockets[0].getsockname()[1]}", tmp_path, "--client", "1", "--framing", "hdlc-mode-e",
            PROBE_PASSWORD="12345678",
        )  # fmt: skip
    assert code == 0, printed
    assert "client 1: let in with low" in printed
    assert len(openings) >= 3
