"""A peer on loopback for a link, and conversations that ask it."""

import asyncio

import pytest

from bridge.meters.link import Link


def link_to(port, host="127.0.0.1", framing="hdlc", **arguments):
    gap_s = arguments.pop("reconnect_gap_s", 0.0)
    arguments = {"connect_timeout_s": 1.0, "connecting": asyncio.Semaphore(10), **arguments}
    link = Link(host, port, framing, **arguments)
    link.join(reconnect_gap_s=gap_s)
    return link


def ask(*requests):
    """A conversation: each request in turn; returns the frames that came back."""
    frames = []
    for request in requests:
        frame = yield request
        frames.append(frame)
    return frames


@pytest.fixture
async def peer():
    """A server that hands each connection to the test."""
    connections, writers = asyncio.Queue(), []

    async def accept(reader, writer):
        writers.append(writer)
        await connections.put((reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    server_port = server.sockets[0].getsockname()[1]
    yield server_port, connections
    server.close()
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0.01)


@pytest.fixture
async def opened(peer):
    port, connections = peer
    link = link_to(port)
    await link.open()
    reader, writer = await connections.get()
    yield link, reader, writer
    link.close()
    writer.close()


async def answered(reader, writer, request, answer):
    """The peer's side of one request."""
    assert await reader.readexactly(len(request)) == request
    writer.write(answer)
