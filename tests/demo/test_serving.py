"""The demo meter on a real TCP port."""

import asyncio
from functools import partial

import pytest

from bridge.demo import Faults, MeterServer, serve
from bridge.demo.hdlc import build
from tests.demo.raw import aarq, get, wrapped

SNRM = bytes.fromhex("7EA0070303938C117E")
UA = MeterServer().answer(SNRM)


@pytest.fixture
async def plant():
    servers, writers = [], []

    class Plant:
        async def serve(self, meter=MeterServer, **arguments):
            servers.append(await serve(meter=meter, **arguments))
            self.port = servers[-1].sockets[0].getsockname()[1]

        async def connect(self):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writers.append(writer)
            return reader, writer

    yield Plant()
    for writer in writers:
        writer.close()
    for server in servers:
        server.close()


async def exchange(connection, request, expected):
    reader, writer = connection
    writer.write(request)
    assert await asyncio.wait_for(reader.readexactly(len(expected)), 5) == expected


async def is_silent(connection):
    try:
        return await asyncio.wait_for(connection[0].read(100), 0.1)
    except TimeoutError:
        return True


async def test_two_clients_are_served_at_once_each_with_an_association_of_its_own(plant):
    await plant.serve()
    connections = [await plant.connect() for _ in range(2)]
    for connection in connections:
        await exchange(connection, SNRM, UA)


async def test_one_session_refuses_a_second_connection_until_the_first_has_ended(plant):
    await plant.serve(partial(MeterServer, faults=Faults({"one-session": "refuse"})))
    first = await plant.connect()
    await exchange(first, SNRM, UA)
    second = await plant.connect()
    assert await asyncio.wait_for(second[0].read(), 5) == b""
    await exchange(first, SNRM, UA)
    first[1].close()
    async with asyncio.timeout(5):
        while True:
            reader, writer = await plant.connect()
            writer.write(SNRM)
            if answer := await reader.read(100):
                break
    assert answer == UA


async def test_one_session_may_ignore_a_second_connection(plant):
    await plant.serve(partial(MeterServer, faults=Faults({"one-session": "ignore"})))
    first, second = await plant.connect(), await plant.connect()
    await exchange(first, SNRM, UA)
    second[1].write(SNRM)
    assert await is_silent(second) is True


async def test_a_reset_is_one(plant):
    await plant.serve(partial(MeterServer, faults=Faults({"reset": 1})))
    reader, writer = await plant.connect()
    writer.write(SNRM)
    with pytest.raises(ConnectionResetError):
        assert await asyncio.wait_for(reader.readexactly(len(UA)), 5)


async def test_one_byte_a_segment_is_seen_as_such(plant):
    await plant.serve(partial(MeterServer, faults=Faults({"slow": 100})))
    reader, writer = await plant.connect()
    writer.write(SNRM)
    pieces = [await asyncio.wait_for(reader.read(100), 5) for _ in UA]
    assert pieces == [bytes((byte,)) for byte in UA]


async def test_several_meters_behind_one_port_answer_to_their_own_addresses(plant):
    await plant.serve(
        [
            partial(MeterServer, server=17),
            partial(MeterServer, server=18, faults=Faults({"silent": ""})),
            partial(MeterServer, server=19),
        ]
    )
    connection = await plant.connect()
    for server, answers in ((17, True), (19, True), (18, False), (20, False), (17, True)):
        address = bytes((server << 1 | 1,))
        snrm = build(address, b"\x03", 0x93)
        if answers:
            await exchange(connection, snrm, MeterServer(server=server).answer(snrm))
        else:
            connection[1].write(snrm)
            assert await is_silent(connection) is True


async def test_meters_behind_one_port_by_wrapper_address(plant):
    sides = [
        partial(MeterServer, framing="wrapper", server=n, load=lambda _, n=n: {"1.1.32.7.0.255": n}) for n in (1, 2)
    ]
    await plant.serve(sides, framing="wrapper")
    connection = await plant.connect()
    for server in (2, 1):
        request = wrapped(aarq(), server=server)
        await exchange(connection, request, sides[server - 1]().answer(request))
        connection[1].write(wrapped(get("1.1.32.7.0.255"), server=server))
        answer = await asyncio.wait_for(connection[0].read(100), 5)
        assert answer[-2:] == server.to_bytes(2)


async def test_mode_e_then_hdlc(plant):
    await plant.serve(partial(MeterServer, framing="hdlc-mode-e"), framing="hdlc-mode-e")
    connection = await plant.connect()
    await exchange(connection, b"/?!\r\n", b"/DEM5\\2O00000001\r\n")
    await exchange(connection, b"\x06252\r\n", b"\x06252\r\n")
    await exchange(connection, SNRM, UA)


async def test_an_echo_comes_back_before_the_answer_whoever_is_addressed(plant):
    await plant.serve(partial(MeterServer, faults=Faults({"echo": ""})))
    connection = await plant.connect()
    await exchange(connection, SNRM, SNRM + UA)
    stranger = build(b"\x05", b"\x03", 0x93)
    await exchange(connection, stranger, stranger)


async def test_a_meter_of_ones_own_making_answers_as_it_likes(plant):
    class Deaf(MeterServer):
        def answer(self, frame):
            return b"" if frame[5] == 0x53 else super().answer(frame)

    await plant.serve(Deaf)
    connection = await plant.connect()
    await exchange(connection, SNRM, UA)
    connection[1].write(build(b"\x03", b"\x03", 0x53))
    assert await is_silent(connection) is True
