"""A connection that breaks, and conversations that end with it, go on elsewhere, or are cut off."""

import asyncio

import pytest

from bridge.dlms.conversation import NEW_CONNECTION
from bridge.errors import AssociationError, LinkError, MeterError
from bridge.meters import stream as stream_module
from tests.meters.by_hand import GET_RESPONSE, SNRM, UA
from tests.meters.link_peer import answered, ask, link_to

LOOPS = ("asyncio", "uvloop")


async def test_a_connection_that_breaks_while_waiting_is_a_link_error(opened):
    link, _, writer = opened
    waiting = asyncio.create_task(link.converse(ask(SNRM), 5.0))
    await asyncio.sleep(0)
    writer.close()
    with pytest.raises(LinkError, match="closed the connection") as caught:
        await waiting
    assert "one client at a time" in caught.value.hint
    assert not link.is_open
    with pytest.raises(LinkError):
        await link.converse(ask(SNRM), 1.0)
    link.close()
    with pytest.raises(LinkError, match="is closed"):
        await link.converse(ask(SNRM), 1.0)


async def test_an_answer_that_came_before_the_break_still_counts(opened):
    link, reader, writer = opened
    talk = asyncio.create_task(link.converse(ask(SNRM), 5.0))
    await answered(reader, writer, SNRM, UA)
    writer.close()
    assert await talk == [UA]


async def test_a_converter_that_greeted_in_telnet_is_named_at_a_later_silence(opened):
    """It opens the data link all the same, and then eats a byte of what is asked next: the meter says nothing."""
    link, reader, writer = opened
    writer.write(b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x00")
    while not link.take_stale_bytes():
        await asyncio.sleep(0.001)
    talk = asyncio.create_task(link.converse(ask(SNRM, SNRM), 0.2))
    await answered(reader, writer, SNRM, UA)
    with pytest.raises(MeterError, match=r"the converter speaks Telnet \(FF FB 01") as caught:
        await talk
    assert "raw TCP" in caught.value.hint


async def test_text_that_came_before_anything_was_asked_explains_no_silence(opened):
    """A converter says its name when it is connected to: that is no fault, and a meter without power is silent."""
    link, reader, writer = opened
    writer.write(b"converter 3 ready\r\n")
    while not link.take_stale_bytes():
        await asyncio.sleep(0.001)
    talk = asyncio.create_task(link.converse(ask(SNRM), 0.2))
    await answered(reader, writer, SNRM, b"")
    with pytest.raises(MeterError, match=r"no answer within 0\.2 s"):
        await talk


async def test_what_a_conversation_raises_is_raised_where_it_is_awaited(opened):
    link, reader, writer = opened

    def refuse():
        yield SNRM
        raise AssociationError("no")

    talk = asyncio.create_task(link.converse(refuse(), 1.0))
    await answered(reader, writer, SNRM, UA)
    with pytest.raises(AssociationError, match="no"):
        await talk
    assert link.is_open


async def test_a_conversation_that_will_not_end_keeps_nobody_waiting(opened):
    link, _, writer = opened

    def stubborn():
        try:
            yield SNRM
        finally:
            yield b"more"  # a bug: closed generators must not go on

    # What it deserves reaches the loop's exception handler; the caller is told of the broken connection all the same.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    talk = asyncio.create_task(link.converse(stubborn(), 5.0))
    await asyncio.sleep(0)
    writer.transport.abort()
    async with asyncio.timeout(5):
        with pytest.raises(LinkError):
            await talk


async def test_a_conversation_cut_off_leaves_the_link_ready_for_the_next(opened):
    link, reader, writer = opened
    ended = []

    def noted():
        try:
            yield SNRM
        finally:
            ended.append(True)

    talk = asyncio.create_task(link.converse(noted(), 5.0))
    await reader.readexactly(len(SNRM))
    talk.cancel()
    with pytest.raises(asyncio.CancelledError):
        await talk
    assert ended == [True]
    assert link._stream._done is None
    writer.write(GET_RESPONSE)  # the late answer to what was cut off
    await asyncio.sleep(0.02)
    talk = asyncio.create_task(link.converse(ask(SNRM), 1.0))
    await answered(reader, writer, SNRM, UA)
    assert await talk == [UA]


@pytest.mark.parametrize("asked", [True, False])
async def test_who_babbles_without_end_is_cut_off(opened, asked, monkeypatch):
    monkeypatch.setattr(stream_module, "_FLOOD_BYTES", 10_000)
    link, _, writer = opened
    talk = asyncio.create_task(link.converse(ask(SNRM), 5.0)) if asked else None
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while link.is_open:
            writer.write(bytes(range(0x80)) * 10)
            await asyncio.sleep(0)
    if talk is not None:
        with pytest.raises(LinkError, match="floods the connection"):
            await talk


async def test_a_request_to_a_connection_that_was_closed_a_moment_ago_is_a_link_error(opened):
    """uvloop raises RuntimeError there, and asyncio says nothing."""
    link, _, _ = opened
    stream = link._stream

    class Closed:
        def write(self, data):
            raise RuntimeError("the handler is closed")

        def abort(self):
            transport.abort()

    transport, stream._transport = stream._transport, Closed()
    with pytest.raises(LinkError, match="closed the connection"):
        await link.converse(ask(SNRM), 1.0)
    assert not link.is_open


async def test_a_connection_that_breaks_is_told_to_the_conversation_which_may_have_another_way(opened):
    link, reader, writer = opened
    heard = []

    def with_a_way_out():
        try:
            yield SNRM
        except LinkError as error:
            heard.append(str(error))
        return "another way"

    talk = asyncio.create_task(link.converse(with_a_way_out(), 1.0))
    await reader.readexactly(len(SNRM))
    writer.close()
    assert await talk == "another way"
    assert heard == [f"127.0.0.1:{link.port}: the other side closed the connection"]


async def test_a_conversation_that_goes_on_asking_on_a_broken_connection_is_ended(opened):
    link, reader, writer = opened

    def stubborn():
        while True:
            try:
                yield SNRM
            except LinkError:
                continue

    talk = asyncio.create_task(link.converse(stubborn(), 1.0))
    await reader.readexactly(len(SNRM))
    writer.close()
    with pytest.raises(LinkError):
        await talk


@pytest.mark.parametrize("breaks", [False, True])
async def test_a_conversation_may_ask_for_another_connection_and_goes_on_there(peer, breaks):
    port, connections = peer
    link = link_to(port)
    await link.open()

    def twice():
        if breaks:
            with pytest.raises(LinkError):
                yield SNRM
        else:
            assert (yield SNRM) == UA
        assert (yield NEW_CONNECTION) is None
        return (yield SNRM)

    talk = asyncio.create_task(link.converse(twice(), 1.0))
    reader, writer = await connections.get()
    await answered(reader, writer, SNRM, b"" if breaks else UA)
    if breaks:
        writer.close()
    else:
        assert await reader.read() == b""  # this side closed it
    reader, writer = await connections.get()
    await answered(reader, writer, SNRM, UA)
    assert await talk == UA
    assert link.generation == 2
    link.close()
