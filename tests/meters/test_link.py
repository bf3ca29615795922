"""One TCP connection: whole frames, named errors, turns; against real sockets on loopback."""

import asyncio
import socket

import pytest

from bridge.errors import DnsError, LinkError, ReplyTimeout
from bridge.meters.link import Link
from tests.meters.test_framing import GET_RESPONSE, SNRM, UA


def link_to(port, host="127.0.0.1", **arguments):
    arguments = {"connect_timeout_s": 1.0, "connecting": asyncio.Semaphore(10), **arguments}
    link = Link(host, port, "hdlc", **arguments)
    link.join()
    return link


@pytest.fixture
async def peer():
    """A server that hands each connection to the test."""
    connections = asyncio.Queue()

    async def accept(reader, writer):
        await connections.put((reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    server.connections = connections
    server.port = server.sockets[0].getsockname()[1]
    yield server
    server.close()
    while not connections.empty():
        connections.get_nowait()[1].close()


@pytest.fixture
async def opened(peer):
    link = link_to(peer.port)
    await link.open()
    reader, writer = await peer.connections.get()
    yield link, reader, writer
    link.close()
    writer.close()


async def test_a_request_goes_out_and_whole_frames_come_back(opened):
    link, reader, writer = opened
    await link.send(SNRM)
    assert await reader.readexactly(len(SNRM)) == SNRM
    for byte in UA:
        writer.write(bytes((byte,)))
        await writer.drain()
    assert await link.receive(1.0) == UA


async def test_delays_and_dead_peers_are_switched_for(opened):
    link, _, _ = opened
    sock = link._stream._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_bytes_that_nobody_asked_for_are_counted_and_dropped_before_the_next_request(opened):
    link, reader, writer = opened
    writer.write(b"noise" + GET_RESPONSE)
    await writer.drain()
    while not link._stream._frames:
        await asyncio.sleep(0)
    await link.send(SNRM)
    await reader.readexactly(len(SNRM))
    writer.write(UA)
    assert await link.receive(1.0) == UA
    assert link.take_stale_bytes() == len(GET_RESPONSE) + 5
    assert link.take_stale_bytes() == 0


async def test_silence_is_a_reply_timeout_that_names_the_link(opened):
    link, _, _ = opened
    with pytest.raises(ReplyTimeout, match=f"127.0.0.1:{link.port}: no answer within 0.01 s"):
        await link.receive(0.01)


async def test_a_connection_that_breaks_while_waiting_is_a_link_error(opened):
    link, _, writer = opened
    waiting = asyncio.create_task(link.receive(5.0))
    await asyncio.sleep(0)
    writer.close()
    with pytest.raises(LinkError, match="closed the connection"):
        await waiting
    assert not link.is_open
    with pytest.raises(LinkError):
        await link.send(SNRM)


async def test_a_frame_that_came_before_the_break_is_still_handed_out(opened):
    link, _, writer = opened
    writer.write(UA)
    writer.close()
    while link.is_open:
        await asyncio.sleep(0)
    assert await link.receive(1.0) == UA


async def test_each_opening_is_a_new_generation(peer):
    link = link_to(peer.port)
    await link.open()
    await link.open()
    assert link.generation == 1
    link.close()
    await link.open()
    assert link.generation == 2
    link.close()


async def test_a_refused_connection_says_what_to_check():
    with socket.socket() as taken:  # bound, not listening: refused
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(LinkError, match="connection refused") as caught:
            await link_to(taken.getsockname()[1]).open()
    assert "check the port" in caught.value.hint


async def test_a_name_without_an_address_is_a_dns_error():
    with pytest.raises(DnsError, match="no address"):
        await link_to(4059, host="meter.invalid", connect_timeout_s=20).open()


async def test_a_peer_that_never_accepts_is_given_up():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        crowd = []
        try:
            for _ in range(4):  # fill the backlog, so that the kernel drops the next SYN
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(("127.0.0.1", port))
                crowd.append(sock)
            with pytest.raises(LinkError, match=r"no answer to the connection within 0\.05 s"):
                await link_to(port, connect_timeout_s=0.05).open()
        finally:
            for sock in crowd:
                sock.close()


async def test_meters_on_one_link_take_turns(opened):
    link, _, _ = opened
    order = []

    async def talk(name):
        async with link.turn():
            order.append(name)
            await asyncio.sleep(0)
            order.append(name)

    await asyncio.gather(talk("a"), talk("b"), talk("c"))
    assert order == ["a", "a", "b", "b", "c", "c"]


async def test_one_silent_meter_does_not_close_the_connection_of_its_neighbours(opened):
    link, _, _ = opened
    link.join()
    link.failed(ReplyTimeout("silent"))
    assert link.is_open
    link.answered()
    link.failed(ReplyTimeout("silent"))
    assert link.is_open
    link.failed(ReplyTimeout("all silent now"))
    assert not link.is_open


async def test_a_broken_way_closes_the_connection_for_all(opened):
    link, _, _ = opened
    link.join()
    link.failed(LinkError("broken"))
    assert not link.is_open


async def test_the_connection_closes_when_the_last_meter_leaves(opened):
    link, _, _ = opened
    link.join()
    link.leave()
    assert link.is_open
    link.leave()
    assert not link.is_open


async def test_no_more_links_open_at_one_time_than_allowed(peer):
    connecting = asyncio.Semaphore(1)
    await connecting.acquire()
    link = link_to(peer.port, connecting=connecting)
    opening = asyncio.create_task(link.open())
    await asyncio.sleep(0.02)
    assert not opening.done()
    connecting.release()
    await opening
    link.close()


async def test_the_gap_that_a_slow_meter_needs_is_kept(opened):
    link, reader, writer = opened
    link._frame_gap_s = 0.05
    await link.send(SNRM)
    await reader.readexactly(len(SNRM))
    writer.write(UA)
    await link.receive(1.0)
    answered_s = asyncio.get_running_loop().time()
    await link.send(SNRM)
    assert asyncio.get_running_loop().time() >= answered_s + 0.04
