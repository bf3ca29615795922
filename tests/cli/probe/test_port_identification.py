"""What listens on a port is named for what it is: meters by their framing, everything else plainly."""

import asyncio
import http.server
import socket
import ssl
import threading
from contextlib import asynccontextmanager

import pytest

from bridge.cli.probe.likely_addresses import ServerAddress
from bridge.cli.probe.port_identification import identify_port
from bridge.cli.probe.search_scope import Patience, SearchScope
from bridge.dlms.framing import fcs16

QUICK = Patience(connect_s=1.0, answer_s=0.1, between_s=0.02)
FEW = SearchScope(hdlc=(ServerAddress(1, 1), ServerAddress(144, 2)), wrapper=(ServerAddress(1),), clients=(16, 1))


@asynccontextmanager
async def serving(converse):
    """Serve ``converse(reader, writer)`` on loopback; yields the port and the list of what came in."""
    heard = []

    async def handle(reader, writer):
        try:
            await converse(reader, writer, heard)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


async def silent(reader, writer, heard):
    while data := await reader.read(4096):
        heard.append(data)


async def test_a_port_that_takes_everything_and_says_nothing_is_called_silent():
    async with serving(silent) as (port, heard):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
    assert (found.kind, found.is_meter) == ("silent", False)
    everything = b"".join(heard)
    assert bytes.fromhex("7EA0070321930F017E") in everything  # SNRM from the public client to server 1
    assert b"/?!\r\n" in everything
    assert b"\x00\x01\x00\x10\x00\x01\x00\x1f\x60" in everything  # the wrapper's AARQ, without authentication


async def test_what_is_sent_carries_no_authentication():
    async with serving(silent) as (port, heard):
        await identify_port("127.0.0.1", port, QUICK, FEW)
    assert bytes.fromhex("60857405080201") not in b"".join(heard)


async def test_a_web_server_is_called_one():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        found = await identify_port("127.0.0.1", server.server_port, QUICK, FEW)
    finally:
        server.shutdown()
        server.server_close()
    assert found.kind == "http"


class _Page(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass


async def test_a_server_that_greets_is_quoted():
    async def greet(reader, writer, heard):
        writer.write(b"220 ftp.example ready\r\n")
        await reader.read(1)
        heard.append(b"")

    async with serving(greet) as (port, heard):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
        assert (found.kind, found.said) == ("banner", "220 ftp.example ready")
        assert heard == []  # and is asked nothing


async def test_ssh_is_called_ssh():
    async def greet(reader, writer, heard):
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await reader.read(1)

    async with serving(greet) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
    assert (found.kind, found.said) == ("ssh", "SSH-2.0-OpenSSH_9.2")


async def test_a_port_that_closes_at_once_is_said_to_and_is_left_alone_after_two_tries():
    connections = 0

    async def close(reader, writer, heard):
        nonlocal connections
        connections += 1

    async with serving(close) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
    assert found.kind == "closes"
    assert connections == 2


async def test_a_loop_that_sends_back_what_it_gets_is_called_an_echo():
    async def echo(reader, writer, heard):
        while data := await reader.read(4096):
            writer.write(data)

    async with serving(echo) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
    assert found.kind == "echo"


async def test_bytes_that_mean_nothing_are_shown_in_hex():
    async def babble(reader, writer, heard):
        while await reader.read(4096):
            writer.write(b"\x01\x84\x0a\xff")

    async with serving(babble) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
    assert (found.kind, found.said[:11]) == ("other", "01 84 0A FF")


async def test_a_server_that_speaks_tls_is_called_so():
    async def alert(reader, writer, heard):
        await reader.read(4096)
        writer.write(bytes.fromhex("15030100020246"))

    async with serving(alert) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
    assert found.kind == "tls"


async def test_a_real_tls_server_is_told_from_a_meter(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate it refuses every handshake

    async def never(reader, writer):
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0, ssl=context)
    async with server:
        found = await identify_port("127.0.0.1", server.sockets[0].getsockname()[1], QUICK, FEW)
    assert not found.is_meter
    assert found.kind in ("tls", "closes")


async def test_a_refused_connection_is_told_from_silence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        found = await identify_port("127.0.0.1", taken.getsockname()[1], QUICK, FEW)
    assert found.kind == "refused"


async def test_a_host_that_drops_connections_is_told_from_a_refusal():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        filling = [socket.socket() for _ in range(4)]
        try:
            for one in filling:  # with its queue full the kernel drops further ones, as a firewall does
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            found = await identify_port("127.0.0.1", full.getsockname()[1], Patience(connect_s=0.3), FEW)
        finally:
            for one in filling:
                one.close()
    assert found.kind == "unanswered"


async def test_a_name_without_an_address_is_said_to_have_none():
    found = await identify_port("no-such-meter.invalid", 4059, QUICK, FEW)
    assert found.kind == "unknown-name"


@pytest.mark.parametrize("answer", [b"/LGZ5\\2ZMD3104407.B32\r\n", b"\x7f/KFM5MT174\r\n"])
async def test_a_meter_that_waits_for_the_mode_e_opening_is_known_by_its_identification(answer):
    async def optical(reader, writer, heard):
        while data := await reader.read(4096):
            if data == b"/?!\r\n":
                writer.write(answer)

    async with serving(optical) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
    assert found.kind == "hdlc-mode-e"
    assert answer.strip(b"\x7f/\r\n").decode() == found.said


async def test_a_wrapper_meter_that_closes_at_everything_else_is_found_all_the_same():
    """Without a public client, so that its first answer is to the second question of its own framing."""

    async def strict(reader, writer, heard):
        while frame := await reader.read(4096):
            heard.append(frame)
            if frame[:2] != b"\x00\x01":
                return  # closes
            if frame[2:4] == b"\x00\x01":  # client 1
                refused = bytes.fromhex("6117A109060760857405080101A203020101A305A10302010E")
                writer.write(b"\x00\x01" + frame[4:6] + frame[2:4] + len(refused).to_bytes(2) + refused)

    async with serving(strict) as (port, heard):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
    assert (found.kind, found.address, found.client) == ("wrapper", ServerAddress(1), 1)
    assert sum(frame[:1] == b"\x7e" for frame in heard) <= 2


async def test_a_port_that_closes_at_every_question_is_asked_little_and_called_so():
    async def touchy(reader, writer, heard):
        heard.append(await reader.read(4096))

    async with serving(touchy) as (port, heard):
        found = await identify_port("127.0.0.1", port, QUICK, SearchScope())
    assert found.kind == "closes"
    assert len(heard) <= 5  # two of each framing, and one of mode E


async def test_an_answer_that_comes_in_pieces_behind_an_echo_is_understood():
    async def echoing(reader, writer, heard):
        while frame := await reader.read(4096):
            writer.write(frame)
            if frame[:2] == b"\x7e\xa0" and frame[3:5] == b"\x03\x21":
                body = b"\xa0\x07\x21\x03\x73"
                answer = b"\x7e" + body + fcs16(body).to_bytes(2, "little") + b"\x7e"
                for octet in answer:
                    writer.write(bytes((octet,)))
                    await writer.drain()
                    await asyncio.sleep(0.002)

    async with serving(echoing) as (port, _):
        found = await identify_port("127.0.0.1", port, QUICK, FEW)
    assert (found.kind, found.said, found.address, found.client) == ("hdlc", "UA", ServerAddress(1, 1), 16)
