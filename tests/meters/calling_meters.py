"""A meter that calls, and the bridge's port as far as a call is concerned."""

from __future__ import annotations

import asyncio

from bridge.meters.link import Link

CALL = 1  # where the plant looks the link up: nobody connects to it
WRAPPED = bytes.fromhex("0001000100010002aabb")


class Answering:
    """The bridge's port, as far as a call is concerned: every connection is the meter's."""

    def __init__(self, calls):
        self.calls, self.unasked, self.gone, self.writers = calls, [], 0, []
        self.taken = asyncio.Queue()

    async def __aenter__(self):
        outer = self

        class Accepting(asyncio.Protocol):
            def connection_made(self, transport):
                transport.pause_reading()
                outer.calls.take(transport, outer.unasked.append, outer._end)
                outer.taken.put_nowait(transport)

        self.server = await asyncio.get_running_loop().create_server(Accepting, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def called(self):
        """Call the bridge, as a modem does."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer

    def _end(self):
        self.gone += 1

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


async def a_meter_calls(bridge, meter_port, pushes=bytes):
    """A modem: what the bridge says goes to the meter, and back; ``pushes`` makes what comes before each answer."""
    to_bridge = await bridge.called()
    to_meter = await asyncio.open_connection("127.0.0.1", meter_port)

    async def carry(reader, writer, first=bytes):
        while data := await reader.read(4096):
            writer.write(first() + data)
        writer.close()

    ways = [
        asyncio.create_task(carry(to_bridge[0], to_meter[1])),
        asyncio.create_task(carry(to_meter[0], to_bridge[1], pushes)),
    ]
    return to_bridge[1], ways


def link_on(calls, framing="hdlc"):
    link = Link("call of main", 0, framing, connect_timeout_s=1, connecting=asyncio.Semaphore(1), way=calls)
    calls.wake = link.wake
    return link
