"""A meter that dials in is read over the connection that it opened itself: gurux's server on the other end of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from random import Random

import pytest

from bridge.errors import LinkError
from bridge.meters.incoming_calls import IncomingCalls
from bridge.sample import Sample
from tests.meters.calling_meters import CALL, WRAPPED, Answering, a_meter_calls, link_on
from tests.meters.link_peer import ask
from tests.meters.plant import plant, values_of  # noqa: F401 - a fixture

LOOPS = ("asyncio", "uvloop")


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


async def test_a_call_is_used_at_once_whatever_gap_a_converter_would_want():
    """A modem that hangs up after some seconds of silence would never be read."""
    calls = IncomingCalls("main", asyncio.get_running_loop().time)
    link = link_on(calls, "wrapper")
    link.join(reconnect_gap_s=3600)
    async with Answering(calls) as bridge:
        _, writer = await bridge.called()
        await link.open()
        writer.transport.abort()
        while not bridge.gone:
            await asyncio.sleep(0)
        await bridge.called()
        async with asyncio.timeout(30):
            await link.open()
        assert link.generation == 2
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
