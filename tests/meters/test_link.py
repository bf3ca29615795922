"""One TCP connection: conversations carried, named errors, turns, gaps; against real sockets on loopback."""

import asyncio
import gc
import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.errors import AssociationError, DnsError, FramingError, LinkError, ReplyTimeout
from bridge.meters import link as link_module
from bridge.meters import stream as stream_module
from bridge.meters.conversation import ANEW
from bridge.meters.link import Link
from tests.meters.test_framing import GET_RESPONSE, SNRM, UA

LOOPS = ("asyncio", "uvloop")


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


def ask_again(request, times):
    """A conversation that repeats its request when no answer came, ``times`` times."""
    while True:
        try:
            return (yield request)
        except ReplyTimeout as silence:
            if silence.final or not times:
                raise
            times -= 1


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


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def names_found_by(look_up):
    """Let the loop's name resolution be ``look_up``; uvloop's own cannot be replaced, so a loop is put around it."""
    loop = asyncio.get_running_loop()

    class Around:
        getaddrinfo = staticmethod(look_up)

        def __getattr__(self, name):
            return getattr(loop, name)

    around = Around()
    patch = pytest.MonkeyPatch()
    patch.setattr(link_module.asyncio, "get_running_loop", lambda: around)
    try:
        yield
    finally:
        patch.undo()


async def answered(reader, writer, request, answer):
    """The peer's side of one request."""
    assert await reader.readexactly(len(request)) == request
    writer.write(answer)


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


async def test_each_opening_is_a_new_generation(peer):
    link = link_to(peer[0])
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
    async def unknown(host, port, **_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with names_found_by(unknown), pytest.raises(DnsError, match=r"meter\.plant\.example:4059: the name has no address"):
        await link_to(4059, host="meter.plant.example").open()


async def test_a_host_may_be_a_name(peer):
    link = link_to(peer[0], host="localhost")
    await link.open()
    assert link.is_open
    link.close()


async def test_a_name_server_that_is_slow_is_asked_once_and_its_answer_is_of_use(peer):
    asked = []

    async def slow(host, port, **_):
        asked.append(host)
        await asyncio.sleep(0.5)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with names_found_by(slow):
        link = link_to(peer[0], host="meter.plant.example", connect_timeout_s=0.2)
        for _ in range(2):
            with pytest.raises(LinkError, match=r"within 0\.2 s"):
                await link.open()
        await link.open()
    assert asked == ["meter.plant.example"]
    link.leave()


async def test_every_address_of_a_name_is_tried(peer):
    async def two(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.9.9.9", "127.0.0.1")]

    with names_found_by(two):
        link = link_to(peer[0], host="meter.plant.example")
        await link.open()  # nothing listens on the first
    assert link.is_open
    link.close()


async def test_a_look_up_that_nobody_waits_for_any_more_is_dropped_with_the_link():
    async def never(host, port, **_):
        await asyncio.Event().wait()

    with names_found_by(never):
        link = link_to(4059, host="meter.plant.example", connect_timeout_s=0.02)
        with pytest.raises(LinkError):
            await link.open()
        lookup = link._lookup
        link.leave()
        await asyncio.sleep(0)
    assert lookup.cancelled()


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
    writer.transport.abort()
    async with asyncio.timeout(5):
        while link.is_open:
            await asyncio.sleep(0.001)
    lost_s = loop.time()
    await link.open()
    assert loop.time() - lost_s >= 0.09
    link.close()


async def test_the_longest_gaps_of_all_meters_behind_a_link_are_kept():
    link = link_to(4059)
    link.join(frame_gap_s=0.03, reconnect_gap_s=5)
    link.join(frame_gap_s=0.01, reconnect_gap_s=10)
    assert (link._frame_gap_s, link._reconnect_gap_s) == (0.03, 10)


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
        with pytest.raises(LinkError, match="sends without end"):
            await talk


def mode_e_opening(reader, writer, confirm):
    async def serve():
        assert await reader.readexactly(5) == b"/?!\r\n"
        writer.write(b"/DLB5\\2METER\r\n")
        assert await reader.readexactly(6) == b"\x06252\r\n"
        if confirm:
            writer.write(b"\x06252\r\n")

    return serve()


async def test_mode_e_is_opened_first_and_then_it_is_hdlc(peer):
    port, connections = peer
    link = link_to(port, framing="hdlc-mode-e", connect_timeout_s=0.3)
    opening = asyncio.create_task(link.open())
    reader, writer = await connections.get()
    await mode_e_opening(reader, writer, confirm=True)
    await opening
    talk = asyncio.create_task(link.converse(ask(SNRM), 1.0))
    await answered(reader, writer, SNRM, UA)
    assert await talk == [UA]
    link.close()
    writer.close()


async def test_a_meter_that_does_not_confirm_mode_e_is_in_hdlc_all_the_same(peer):
    port, connections = peer
    link = link_to(port, framing="hdlc-mode-e", connect_timeout_s=0.3)
    opening = asyncio.create_task(link.open())
    reader, writer = await connections.get()
    await mode_e_opening(reader, writer, confirm=False)
    await opening
    assert link.is_open
    link.close()
    writer.close()


async def test_silence_to_the_mode_e_opening_is_named(peer):
    link = link_to(peer[0], framing="hdlc-mode-e", connect_timeout_s=0.05)
    with pytest.raises(ReplyTimeout, match="no answer to the IEC 62056-21 opening"):
        await link.open()
    assert not link.is_open


async def test_neither_failed_nor_cut_off_openings_leave_a_descriptor(peer):
    port, connections = peer
    before = open_files()
    links = [link_to(port, framing=framing) for framing in ("hdlc", "hdlc-mode-e") for _ in range(20)]
    openings = [asyncio.create_task(link.open()) for link in links]
    for steps in range(20):
        openings[steps].cancel()
        openings[-1 - steps].cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*openings, return_exceptions=True)
    for link in links:
        link.close()
    await asyncio.sleep(0.01)
    while not connections.empty():
        connections.get_nowait()[1].transport.abort()
    await asyncio.sleep(0.05)
    gc.collect()
    assert open_files() <= before


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


# Conversations that have another way.


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
        assert (yield ANEW) is None
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


async def test_a_line_that_others_share_stays_when_another_connection_is_asked_for(peer):
    port, connections = peer
    link = link_to(port)
    link.join()
    await link.open()

    def anew():
        yield ANEW
        return (yield SNRM)

    talk = asyncio.create_task(link.converse(anew(), 1.0))
    await answered(*await connections.get(), SNRM, UA)
    assert await talk == UA
    assert link.generation == 1
    link.close()


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
