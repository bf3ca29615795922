"""Several meters behind one link: turns, failures, gaps between requests and connections."""

import asyncio

import pytest

from bridge.dlms.conversation import NEW_CONNECTION
from bridge.errors import LinkError, ReplyTimeout
from tests.meters.by_hand import GET_RESPONSE, SNRM, UA
from tests.meters.link_peer import answered, ask, link_to

LOOPS = ("asyncio", "uvloop")


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
    link = link_to(peer[0], connecting=connecting, connect_timeout_s=0.05)
    opening = asyncio.create_task(link.open())
    await asyncio.sleep(0.1)  # waiting for a place does not count as waiting for the meter
    assert not opening.done()
    connecting.release()
    await opening
    link.close()


async def test_dead_hosts_leave_places_to_those_that_come_back(peer):
    connecting, doubtful = asyncio.Semaphore(2), asyncio.Semaphore(1)
    dead = link_to(peer[0], connecting=connecting, doubtful=doubtful)
    for _ in range(3):
        dead.failed(LinkError("no answer"))
    await doubtful.acquire()  # another dead one is trying
    opening = asyncio.create_task(dead.open())
    fresh = link_to(peer[0], connecting=connecting, doubtful=doubtful)
    await fresh.open()
    assert not opening.done()
    doubtful.release()
    await opening
    dead.close()
    fresh.close()


async def test_the_gap_that_a_slow_meter_needs_before_a_request_is_kept(peer):
    port, connections = peer
    link = link_to(port, frame_gap_s=0.05)
    await link.open()
    reader, writer = await connections.get()
    came_s, sent_s = [], []

    class Watch:
        def sent(self, data):
            sent_s.append(asyncio.get_running_loop().time())

        def came(self, frame):
            came_s.append(asyncio.get_running_loop().time())

    talk = asyncio.create_task(link.converse(ask(SNRM, SNRM), 1.0, Watch()))
    await answered(reader, writer, SNRM, UA)
    await answered(reader, writer, SNRM, UA)
    await talk
    talk = asyncio.create_task(link.converse(ask(SNRM), 1.0, Watch()))
    await answered(reader, writer, SNRM, UA)
    await talk
    assert [round(sent - came, 3) >= 0.048 for came, sent in zip(came_s, sent_s[1:], strict=False)] == [True, True]
    link.close()
    writer.close()


async def test_a_frame_that_comes_within_the_gap_answers_nothing_and_the_silence_begins_anew(peer):
    port, connections = peer
    link = link_to(port, frame_gap_s=0.4)
    await link.open()
    reader, writer = await connections.get()
    loop = asyncio.get_running_loop()
    talk = asyncio.create_task(link.converse(ask(SNRM, SNRM), 5.0))
    await answered(reader, writer, SNRM, UA)
    await asyncio.sleep(0.05)
    writer.write(GET_RESPONSE)  # late, and the second request has not gone out
    disturbed_s = loop.time()
    assert await reader.readexactly(len(SNRM)) == SNRM
    assert loop.time() - disturbed_s >= 0.38
    writer.write(UA)
    assert await talk == [UA, UA]
    assert link.take_stale_bytes() == len(GET_RESPONSE)
    link.close()
    writer.close()


async def test_noise_without_end_does_not_hold_a_request_back_for_ever(peer):
    port, connections = peer
    link = link_to(port, frame_gap_s=0.05)
    await link.open()
    reader, writer = await connections.get()

    async def babble():
        while True:
            writer.write(b"noise")
            await asyncio.sleep(0.005)

    talk = asyncio.create_task(link.converse(ask(SNRM, SNRM), 0.1))
    await answered(reader, writer, SNRM, UA)
    babbling = asyncio.create_task(babble())
    async with asyncio.timeout(5):
        with pytest.raises(ReplyTimeout):
            await talk
    babbling.cancel()
    link.close()
    writer.close()


async def test_the_time_between_two_connections_is_kept_however_the_first_ended(peer):
    port, connections = peer
    loop = asyncio.get_running_loop()
    link = link_to(port, reconnect_gap_s=0.1)
    await link.open()
    link.close()
    closed_s = loop.time()
    await link.open()
    assert loop.time() - closed_s >= 0.098
    await connections.get()
    _, writer = await connections.get()
    lost_s = loop.time()  # it is lost from here on, however late that is seen
    writer.transport.abort()
    async with asyncio.timeout(5):
        while link.is_open:
            await asyncio.sleep(0.001)
    await link.open()
    assert loop.time() - lost_s >= 0.098
    link.close()


async def test_the_longest_gaps_of_all_meters_behind_a_link_are_kept():
    link = link_to(4059)
    link.join(frame_gap_s=0.03, reconnect_gap_s=5)
    link.join(frame_gap_s=0.01, reconnect_gap_s=10)
    assert (link._frame_gap_s, link._reconnect_gap_s) == (0.03, 10)


async def test_a_line_that_others_share_stays_when_another_connection_is_asked_for(peer):
    port, connections = peer
    link = link_to(port)
    link.join()
    await link.open()

    def anew():
        yield NEW_CONNECTION
        return (yield SNRM)

    talk = asyncio.create_task(link.converse(anew(), 1.0))
    await answered(*await connections.get(), SNRM, UA)
    assert await talk == UA
    assert link.generation == 1
    link.close()
