"""``bridge probe RANGE``: what a network holds; within bounds, and only where one may."""

import asyncio
from contextlib import AsyncExitStack
from unittest import mock

import pytest

from bridge.cli.probe.likely_addresses import ServerAddress
from bridge.cli.probe.scan import Scan
from bridge.cli.probe.search_scope import Patience, SearchScope
from bridge.demo import PUBLIC_CLIENT, Client, MeterMemory
from tests.cli.meters_on_loopback import Keyboard, meter, typed

QUICK = Patience(connect_s=0.5, answer_s=0.1, between_s=0.01)
FEW = SearchScope(hdlc=(ServerAddress(1, 1),), wrapper=(ServerAddress(1),), clients=(16, 1))
LOCKABLE = Client(1, "low", b"secret")


async def test_meters_and_other_things_are_found_in_a_range_and_named_for_what_they_are(tmp_path):
    async def greet(reader, writer):
        writer.write(b"SSH-2.0-Test\r\n")
        await reader.read(1)
        writer.close()

    memory = MeterMemory(lock_after=3)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(
            meter(host="127.0.9.1", clients=[PUBLIC_CLIENT, LOCKABLE], memory=memory)
        )
        port = first.port
        await stack.enter_async_context(
            meter(host="127.0.9.3", port=port, framing="wrapper", clients=[PUBLIC_CLIENT, LOCKABLE], memory=memory)
        )
        await stack.enter_async_context(meter(host="127.0.9.4", port=port, clients=[LOCKABLE], memory=memory))
        await stack.enter_async_context(await asyncio.start_server(greet, "127.0.9.5", port))
        code, printed = await typed(
            "probe", f"127.0.9.0/29:{port}", "--timeout", "0.2", "--rate", "500", DATA_DIR=str(tmp_path), LANG="C"
        )
    assert code == 0
    rows = [line.split() for line in printed.splitlines() if line.startswith("  127.")]
    assert rows[0][:4] == [f"127.0.9.1:{port}", "hdlc", "1", "DEMO00000001"]
    assert rows[1][:4] == [f"127.0.9.3:{port}", "wrapper", "1", "DEMO00000001"]
    assert rows[2] == [f"127.0.9.4:{port}", "hdlc", "1"]  # no public client: no name, and none is made up
    assert "an SSH server, not a meter: SSH-2.0-Test" in printed
    assert len(rows) == 4
    assert "addresses: 6, open ports: 4, meters: 3" in printed
    assert memory.wrong_secrets == 0


async def test_an_empty_range_is_said_to_be_empty(tmp_path):
    code, printed = await typed("probe", "127.0.10.0/30:4059", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 1
    assert "nothing answers in 127.0.10.0/30:4059" in printed


async def test_more_than_256_addresses_want_a_yes(tmp_path):
    code, printed = await typed("probe", "127.1.0.0/23:4059", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 2
    assert "510 addresses: to scan more than 256, add --yes" in printed
    code, printed = await typed(
        "probe", "127.1.0.0/23:4059", "--yes", "--rate", "2000", DATA_DIR=str(tmp_path), LANG="C"
    )
    assert code == 1
    assert "addresses: 510, open ports: 0" in printed


@pytest.mark.parametrize(("answer", "scanned"), [("y", True), ("n", False), ("", False)])
async def test_somebody_at_a_terminal_is_asked(tmp_path, answer, scanned):
    with mock.patch("builtins.input", return_value=answer) as asked:
        code, printed = await typed(
            "probe", "127.1.4.0/23:4059", "--rate", "2000", stdin=Keyboard(), DATA_DIR=str(tmp_path), LANG="C"
        )
    assert "510 connections" in asked.call_args.args[0]
    assert (code, "open ports: 0" in printed) == (1 if scanned else 2, scanned)


@pytest.mark.parametrize("target", ["192.0.2.0/28", "203.0.113.1-9", "172.31.255.250-172.32.0.5"])
async def test_networks_of_others_are_not_scanned(tmp_path, target):
    with mock.patch("asyncio.open_connection", side_effect=AssertionError("must not connect")):
        code, printed = await typed("probe", target, DATA_DIR=str(tmp_path), LANG="C")
    assert code == 2
    assert "not a private network" in printed


async def test_a_password_is_never_given_to_a_network(tmp_path):
    with mock.patch("asyncio.open_connection", side_effect=AssertionError("must not connect")):
        code, printed = await typed("probe", "127.0.9.0/30", "--password", "x", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 2
    assert "never for a whole network" in printed


async def test_a_password_in_the_environment_is_not_used_by_a_scan(tmp_path):
    async with meter(host="127.0.11.1", clients=[LOCKABLE]) as served:
        await typed(
            "probe", f"127.0.11.0/30:{served.port}", "--timeout", "0.2",
            DATA_DIR=str(tmp_path), PROBE_PASSWORD="wrong", LANG="C",
        )  # fmt: skip
    assert served.memory.wrong_secrets == 0


async def test_no_more_connections_stand_at_one_time_than_allowed():
    standing = peak = 0
    times = []
    release = asyncio.Event()

    async def hold(reader, writer):
        nonlocal standing, peak
        times.append(asyncio.get_running_loop().time())
        standing += 1
        peak = max(peak, standing)
        await release.wait()
        standing -= 1
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        scan = Scan(FEW, Patience(connect_s=0.5, answer_s=0.05, between_s=5.0), rate=100.0, at_once=4)
        # Every host is the same server here; each look holds its place through the long pause before the questions.
        running = asyncio.create_task(scan.run(["127.0.0.1"], [port] * 12))
        async with asyncio.timeout(5):
            while len(times) < 4:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.3)  # room is full: no fifth may come however long one waits
        assert len(times) == 4
        running.cancel()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_scan_at_full_rate_stays_below_it():
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    scan = Scan(FEW, QUICK, rate=200.0)
    hosts = [f"127.0.12.{number}" for number in range(1, 101)]
    assert await scan.run(hosts, [4059]) == []
    assert loop.time() - start_s >= 99 / 200
