"""The demo meter that calls: what it pushes is what it measures, and over a connection of its own it is read."""

import argparse
import asyncio

import pytest

from bridge.demo import DEMO_PASSWORD, MeterServer, call_command
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from bridge.demo.calling import dial_in_forever, push_forever
from bridge.demo.load import KINDS
from bridge.demo.pushing import PushingMeter
from bridge.dlms.push import PushStream, names_in, open_notification, pushed_body
from bridge.dlms.security_keys import SecurityKeys
from tests.demo.test_command import demo_meter

NOW_S = 1_800_000_000.0
BITS = {"none": 0, "authentication": 0x10, "encryption": 0x20, "authenticated-encryption": 0x30}


def opened(frames, security="none"):
    stream = PushStream()
    messages = [message for frame in frames for message in stream.feed(frame)]
    [message] = messages
    keys = SecurityKeys(BITS[security], 0, DEMO_ENCRYPTION_KEY, DEMO_AUTHENTICATION_KEY)
    return open_notification(message.apdu, lambda title: keys)


@pytest.mark.parametrize("framing", ["wrapper", "hdlc", "m-bus", "bare"])
@pytest.mark.parametrize("security", list(BITS))
@pytest.mark.parametrize("block_bytes", [0, 1, 60, 4096])
def test_in_every_framing_under_every_security_whole_and_in_blocks_it_says_what_it_measures(
    framing, security, block_bytes
):
    meter = PushingMeter(framing=framing, security=security, block_bytes=block_bytes, kind="three_phase")
    told = opened(meter.message(NOW_S), security)
    assert (told.security, told.counter) == (security, None if security == "none" else meter.counter)
    body = pushed_body(told)
    measured = {value.logical_name: (value.value, value.scaler, value.unit) for value in body.values if value.unit}
    kind = KINDS["three_phase"]
    raw = kind.load(NOW_S)
    assert measured == {spec.obis: (raw[spec.obis], spec.scaler, int(spec.unit)) for spec in kind.registers}
    assert names_in(body) == ("DEMO00000001",)


@pytest.mark.parametrize("body", ["pairs", "values"])
def test_each_shape_of_body_has_the_same_values(body):
    told = pushed_body(opened(PushingMeter(body=body).message(NOW_S)))
    raw = list(KINDS["single_phase"].load(NOW_S).values())
    got = [value.value for value in told.values if value.scaler is not None] if body == "pairs" else told.unnamed[1:]
    assert sorted(got) == sorted(raw)


def test_an_event_is_one_attribute():
    told = opened(PushingMeter(body="event", security="authentication").message(NOW_S), "authentication")
    [value] = pushed_body(told).values
    assert (told.kind, value.logical_name, value.class_id, value.attribute, value.value) == (
        "event", "0.0.96.11.0.255", 1, 2, 40,
    )  # fmt: skip


def test_its_counter_rises_from_message_to_message_and_from_start_to_start():
    meter = PushingMeter(security="encryption")
    counters = []
    for n in range(3):
        meter.message(NOW_S + n / 10)
        counters.append(meter.counter)
    later = PushingMeter(security="encryption")
    later.message(NOW_S + 60)
    assert counters[0] < counters[1] < counters[2] < later.counter


async def test_it_pushes_on_one_connection_and_opens_another_when_that_ends():
    connections, came = [], asyncio.Queue()

    async def listen(reader, writer):
        connections.append(writer)
        stream = PushStream()
        while data := await reader.read(4096):
            for message in stream.feed(data):
                came.put_nowait((len(connections), message))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        at = server.sockets[0].getsockname()
        pushing = asyncio.create_task(push_forever(at, PushingMeter(), every_s=0.01, clock=lambda: NOW_S))
        assert [(await came.get())[0] for _ in range(3)] == [1, 1, 1]
        connections[0].close()
        while (await came.get())[0] == 1:
            pass
        pushing.cancel()
        connections[-1].close()


async def test_it_is_read_over_the_connection_that_it_opened_after_it_said_who_it_is():
    calls = asyncio.Queue()
    async with await asyncio.start_server(lambda *ends: calls.put_nowait(ends), "127.0.0.1", 0) as server:
        at = server.sockets[0].getsockname()
        calling = asyncio.create_task(
            dial_in_forever(
                at, [lambda: MeterServer(framing="wrapper")], framing="wrapper", says=b"ID:7\r\n", every_s=0.01
            )
        )
        for _ in range(2):  # and calls again
            reader, writer = await calls.get()
            assert await reader.readline() == b"ID:7\r\n"
            aarq = (
                b"\x60\x36\xa1\x09\x06\x07\x60\x85\x74\x05\x08\x01\x01\x8a\x02\x07\x80\x8b\x07\x60\x85\x74\x05\x08\x02"
            )
            aarq += b"\x01\xac\x0a\x80\x08" + DEMO_PASSWORD.encode() + b"\xbe\x10\x04\x0e\x01\x00\x00\x00\x06\x5f\x1f"
            aarq += b"\x04\x00\x00\x1e\x1d\xff\xff"
            writer.write(b"\x00\x01\x00\x01\x00\x01" + len(aarq).to_bytes(2) + aarq)
            head = await reader.readexactly(8)
            assert (await reader.readexactly(int.from_bytes(head[6:])))[:1] == b"\x61"
            writer.close()
        calling.cancel()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--push", "127.0.0.1:1"], ["LOGICAL_DEVICE_NAME=DEMO00000001", "PROFILE=microstar", "PUSH_ONLY=true"]),
        (
            ["--push", "127.0.0.1:1", "--ciphered", "--suite", "2"],
            ["AUTHENTICATION_KEY=", "ENCRYPTION_KEY=", "METER_SYSTEM_TITLE=44454D0000000001", "PROFILE=microstar",
             "SECURITY=authenticated-encryption", "SUITE=2", "PUSH_ONLY=true"],
        ),
        (
            ["--dial-in", "127.0.0.1:1", "--framing", "wrapper", "--says", r"ID:7\r\n"],
            ["CALLER_ID=ID:7", "FRAMING=wrapper", "HOST=127.0.0.1", "PASSWORD=12345678", "PROFILE=microstar",
             "DIAL_IN=true"],
        ),
    ],
)  # fmt: skip
def test_it_says_the_lines_for_env_by_which_it_is_taken(options, expected):
    with demo_meter(*options) as (_, lines):
        said = [line.removeprefix("METERS__DEMO__") for line in lines if line.startswith("METERS__")]
    assert [
        one if not one.partition("=")[0].endswith("_KEY") else one.partition("=")[0] + "=" for one in said
    ] == expected


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:0", ":4059", "127.0.0.1:x", "127.0.0.1:70000"])
def test_an_address_that_is_none_is_a_mistake(address):
    with pytest.raises(argparse.ArgumentTypeError, match="must look like"):
        call_command._address(address)


@pytest.mark.parametrize(("address", "at"), [("127.0.0.1:4059", ("127.0.0.1", 4059)), ("[::1]:9", ("::1", 9))])
def test_an_address_is_host_and_port(address, at):
    assert call_command._address(address) == at
