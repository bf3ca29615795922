"""A meter that dials in is read over the connection that it opened itself: gurux's server on the other end of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random

import pytest

from bridge.errors import LinkError
from bridge.meters.incoming_calls import IncomingCalls
from bridge.meters.link import Link
from bridge.sample import Sample
from tests.meters.link_peer import ask
from tests.meters.plant import plant, values_of  # noqa: F401 - a fixture


class Answering:
    """The bridge's port, as far as a call is concerned: every connection is the meter's."""

    def __init__(self, calls: IncomingCalls) -> None:
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


async def a_meter_calls(bridge, meter_port):
    """A modem: what the bridge says goes to the meter, and back."""
    to_bridge = await bridge.called()
    to_meter = await asyncio.open_connection("127.0.0.1", meter_port)

    async def carry(reader, writer):
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()

    ways = [
        asyncio.create_task(carry(to_bridge[0], to_meter[1])),
        asyncio.create_task(carry(to_meter[0], to_bridge[1])),
    ]
    return to_bridge[1], ways


def link_on(calls, framing="hdlc"):
    link = Link("call of main", 0, framing, connect_timeout_s=1, connecting=asyncio.Semaphore(1), way=calls)
    calls.wake = link.wake
    return link


LOOPS = ("asyncio", "uvloop")
CALL = 1  # where the plant looks the link up: nobody connects to it
WRAPPED = bytes.fromhex("0001000100010002aabb")


async def test_a_meter_is_read_over_its_own_call_and_over_the_next_one(plant):  # noqa: F811
    meter_port = await plant.meter()
    calls = IncomingCalls("main", asyncio.get_running_loop().time)
    link = plant.links[CALL] = link_on(calls)
    async with Answering(calls) as bridge:
        plant.read("main", CALL, interval=0.2)
        first, ways = await a_meter_calls(bridge, meter_port)
        sample = await plant.sample("main")
        assert isinstance(sample, Sample)
        assert values_of(sample)
        first.transport.abort()  # the network takes it
        second, more = await a_meter_calls(bridge, meter_port)
        while not plant.samples.empty():
            plant.samples.get_nowait()
        await plant.sample("main")
        assert link.generation == 2
        assert bridge.gone == 1
        await plant.stop()
        second.transport.abort()
        await asyncio.gather(*ways, *more, return_exceptions=True)


async def test_without_a_call_the_wait_ends_and_says_what_is_waited_for():
    now = [100.0]
    calls = IncomingCalls("main", lambda: now[0], patience_s=0.01)
    link = link_on(calls)
    with pytest.raises(LinkError, match="call of main: waits for the meter's call; it has not called since the start"):
        await link.open()
    async with Answering(calls) as bridge:
        _, writer = await bridge.called()
        await bridge.taken.get()
        writer.transport.abort()
        while not bridge.gone:
            await asyncio.sleep(0)
        now[0] += 90
        with pytest.raises(LinkError, match="waits for the meter's call; the last one was 90 s ago") as told:
            await link.open()
        assert "LISTEN__PORT" in told.value.hint


async def test_the_newest_call_counts_and_the_one_before_is_hung_up_on():
    calls = IncomingCalls("main", asyncio.get_running_loop().time)
    link = link_on(calls, "wrapper")
    async with Answering(calls) as bridge:
        first, _ = await bridge.called()
        await link.open()
        reader, writer = await bridge.called()
        with suppress(ConnectionResetError):  # or an orderly end: the system's choice
            assert await first.read() == b""
        await bridge.taken.get()
        await bridge.taken.get()
        assert not link.is_open
        await link.open()
        assert link.generation == 2
        asked = asyncio.create_task(link.converse(ask(WRAPPED), 5))
        assert await reader.readexactly(len(WRAPPED)) == WRAPPED
        writer.write(WRAPPED)
        assert await asked == [WRAPPED]
        link.close()


async def test_what_comes_between_two_conversations_is_passed_on():
    calls = IncomingCalls("main", asyncio.get_running_loop().time)
    link = link_on(calls, "wrapper")
    async with Answering(calls) as bridge:
        _, writer = await bridge.called()
        writer.write(b"held")
        while b"".join(bridge.unasked) != b"held":
            await asyncio.sleep(0)
        await link.open()
        writer.write(b"used")
        while b"".join(bridge.unasked) != b"heldused":
            await asyncio.sleep(0)
        assert link.take_stale_bytes() == 0
        writer.close()
        while not bridge.gone:
            await asyncio.sleep(0)
        assert bridge.gone == 1
        link.close()


async def test_a_call_ends_the_wait_for_the_next_attempt(plant):  # noqa: F811
    """A modem that calls for a minute a day must not meet a bridge that waits for its back-off."""
    meter_port = await plant.meter()
    calls = IncomingCalls("main", asyncio.get_running_loop().time, patience_s=0.01)
    plant.links[CALL] = link_on(calls)
    async with Answering(calls) as bridge:
        plant.read("main", CALL, interval=3600, poller={"rng": Random(1)})
        await plant.until("dlms_meter_errors_total", 1, meter="main", stage="tcp")
        plant.pollers["main"]._recovery.failures = 50  # from now on a minute to the next attempt
        await plant.until("dlms_meter_errors_total", 2, meter="main", stage="tcp")
        _, ways = await a_meter_calls(bridge, meter_port)
        await plant.sample("main", patience_s=20)
        await plant.stop()
        await asyncio.gather(*ways, return_exceptions=True)
