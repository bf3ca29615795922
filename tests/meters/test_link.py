"""One TCP connection: conversations carried, named errors, turns, gaps; against real sockets on loopback."""

import asyncio
import socket

import pytest

from bridge.errors import FramingError, ReplyTimeout
from tests.meters.by_hand import GET_RESPONSE, SNRM, UA
from tests.meters.link_peer import answered, ask

LOOPS = ("asyncio", "uvloop")


def ask_again(request, times):
    """A conversation that repeats its request when no answer came, ``times`` times."""
    while True:
        try:
            return (yield request)
        except ReplyTimeout as silence:
            if silence.final or not times:
                raise
            times -= 1


async def test_a_request_goes_out_and_the_whole_frame_comes_back_however_it_is_cut(opened):
    link, reader, writer = opened
    talk = asyncio.create_task(link.converse(ask(SNRM), 1.0))
    assert await reader.readexactly(len(SNRM)) == SNRM
    for byte in UA:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0)
    assert await talk == [UA]


async def test_request_after_request_is_carried_without_the_caller(opened):
    link, reader, writer = opened
    talk = asyncio.create_task(link.converse(ask(SNRM, UA, SNRM), 1.0))
    await answered(reader, writer, SNRM, UA)
    await answered(reader, writer, UA, GET_RESPONSE)
    await answered(reader, writer, SNRM, UA)
    assert await talk == [UA, GET_RESPONSE, UA]


async def test_an_empty_request_waits_for_one_more_frame(opened):
    link, reader, writer = opened
    talk = asyncio.create_task(link.converse(ask(SNRM, b""), 1.0))
    await answered(reader, writer, SNRM, UA + GET_RESPONSE)
    assert await talk == [UA, GET_RESPONSE]
    assert link.take_stale_bytes() == 0


async def test_a_conversation_that_only_listens_has_its_timeout_too(opened):
    link, _, _ = opened
    with pytest.raises(ReplyTimeout):
        await link.converse(ask(b""), 0.02)


async def test_delays_and_dead_peers_are_switched_for(opened):
    link, _, _ = opened
    sock = link._stream._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30


async def test_bytes_that_nobody_asked_for_are_counted_and_never_an_answer(opened):
    link, reader, writer = opened
    writer.write(b"noise" + GET_RESPONSE)
    await writer.drain()
    async with asyncio.timeout(5):
        while not link._stream._stale:
            await asyncio.sleep(0.001)
    talk = asyncio.create_task(link.converse(ask(SNRM), 1.0))
    await answered(reader, writer, SNRM, UA)
    assert await talk == [UA]
    assert link.take_stale_bytes() == 5 + len(GET_RESPONSE) - 1  # a flag at the end is fill
    assert link.take_stale_bytes() == 0


async def test_a_second_frame_is_not_the_answer_to_what_is_asked_only_now(opened):
    link, reader, writer = opened
    talk = asyncio.create_task(link.converse(ask(SNRM, SNRM), 1.0))
    await answered(reader, writer, SNRM, UA + GET_RESPONSE)
    await answered(reader, writer, SNRM, UA)
    assert await talk == [UA, UA]
    assert link.take_stale_bytes() == len(GET_RESPONSE)


async def test_a_frame_that_had_begun_before_the_request_is_not_its_answer(opened):
    link, reader, writer = opened
    talk = asyncio.create_task(link.converse(ask(SNRM, SNRM), 1.0))
    await answered(reader, writer, SNRM, UA + GET_RESPONSE[:10])
    assert await reader.readexactly(len(SNRM)) == SNRM
    writer.write(GET_RESPONSE[10:] + UA)
    assert await talk == [UA, UA]


async def test_silence_is_a_reply_timeout_that_names_the_link(opened):
    link, _, _ = opened
    with pytest.raises(ReplyTimeout, match=f"127.0.0.1:{link.port}: no answer within 0.01 s"):
        await link.converse(ask(SNRM), 0.01)


async def test_a_short_timeout_behind_a_long_one_is_kept(opened):
    link, reader, writer = opened
    talk = asyncio.create_task(link.converse(ask(SNRM), 60.0))
    await answered(reader, writer, SNRM, UA)
    await talk
    async with asyncio.timeout(5):
        with pytest.raises(ReplyTimeout):
            await link.converse(ask(SNRM), 0.01)


async def test_a_conversation_may_ask_again_and_that_is_counted(opened):
    link, reader, writer = opened
    talk = asyncio.create_task(link.converse(ask_again(SNRM, 2), 0.2))
    assert await reader.readexactly(3 * len(SNRM)) == 3 * SNRM
    writer.write(UA)
    assert await talk == UA
    assert link.take_repeats() == 2
    assert link.take_repeats() == 0


async def test_the_impatient_ask_again_only_once_something_was_heard(opened):
    link, reader, writer = opened
    with pytest.raises(ReplyTimeout):
        await link.converse(ask_again(SNRM, 2), 0.02, patient=False)
    assert await reader.readexactly(len(SNRM)) == SNRM

    def talk_then_ask_again():
        yield SNRM
        return (yield from ask_again(SNRM, 2))

    talk = asyncio.create_task(link.converse(talk_then_ask_again(), 0.3, patient=False))
    await answered(reader, writer, SNRM, UA)
    assert await reader.readexactly(2 * len(SNRM)) == 2 * SNRM
    writer.write(UA)
    assert await talk == UA


async def test_a_watch_that_raises_ends_its_conversation_and_no_other(opened):
    link, reader, writer = opened

    class Broken:
        def sent(self, data):
            raise ZeroDivisionError

        def came(self, frame):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await link.converse(ask(SNRM), 1.0, Broken())
    talk = asyncio.create_task(link.converse(ask(SNRM), 1.0))
    await answered(reader, writer, SNRM, UA)
    assert await talk == [UA]


async def test_the_watch_sees_every_request_and_every_whole_frame(opened):
    link, reader, writer = opened
    seen = []

    class Watch:
        def sent(self, data):
            seen.append(("sent", data))

        def came(self, frame):
            seen.append(("came", frame))

    talk = asyncio.create_task(link.converse(ask(SNRM, UA), 1.0, Watch()))
    await answered(reader, writer, SNRM, b"noise" + UA)
    await answered(reader, writer, UA, GET_RESPONSE)
    await talk
    assert seen == [("sent", SNRM), ("came", UA), ("sent", UA), ("came", GET_RESPONSE)]


async def test_a_timeout_says_what_came_instead_and_is_of_the_stage_that_follows(opened):
    link, reader, writer = opened
    talk = asyncio.create_task(link.converse(ask(SNRM), 0.05))
    await answered(reader, writer, SNRM, UA[:-2] + UA[-1:])
    with pytest.raises(
        FramingError, match=r"no whole answer within 0\.05 s: frames come, .* 1 of \d+ bytes missing"
    ) as caught:
        await talk
    assert caught.value.stage == "framing"
    assert "XON/XOFF" in caught.value.hint
