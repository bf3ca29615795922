"""Opening a link: names, addresses, refusals, mode E."""

import asyncio
import gc
import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.errors import DnsError, LinkError, ReplyTimeout
from bridge.meters import link as link_module
from tests.meters.by_hand import SNRM, UA
from tests.meters.link_peer import answered, ask, link_to

LOOPS = ("asyncio", "uvloop")


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
        lookup = link._way.lookup._lookup
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
    async with asyncio.timeout(20):
        while open_files() > before:  # the other side takes note of each in its own time
            await asyncio.sleep(0.01)
            while not connections.empty():
                connections.get_nowait()[1].transport.abort()
            gc.collect()
