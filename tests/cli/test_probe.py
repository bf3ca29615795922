"""``bridge probe`` as a technician types it: what it prints is what the bridge then reads the meter with."""

import asyncio
import re
import signal
import sys

import pytest

from bridge.demo import PUBLIC_CLIENT, Faults, MeterServer
from bridge.dlms.framing import framer
from tests.cli.meters_on_loopback import meter, pasted, running_bridge, sampled, typed
from tests.cli.probed import EXPECTED, PASSWORD, SECRET, associations, client

GMAC_NAME = bytes.fromhex("60857405080205")
"""The name of the mechanism that probe asks for first, as it stands in an AARQ."""


async def test_a_profile_that_it_writes_is_one_that_the_bridge_reads_the_meter_with(tmp_path):
    file = tmp_path / "profiles" / "hall.toml"
    file.parent.mkdir()
    async with meter(clients=[PUBLIC_CLIENT, client(1)]) as served:
        code, printed = await typed(
            "probe", served.place, "--timeout", "0.3", "--profile-out", file, "--name", "hall_2",
            DATA_DIR=str(tmp_path), PROBE_PASSWORD=PASSWORD, LANG="C",
        )  # fmt: skip
        assert code == 0, printed
        variables = pasted(printed, password=PASSWORD)
        assert variables["METERS__HALL_2__PROFILE"] == "hall"
        variables["PROFILES_DIR"] = str(file.parent)
        assert await sampled(variables, tmp_path) == EXPECTED


async def test_what_the_meter_says_of_itself_is_shown(tmp_path):
    async with meter(clients=[PUBLIC_CLIENT, client(1)]) as served:
        _, printed = await typed(
            "probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), PROBE_PASSWORD=PASSWORD, LANG="C"
        )
    for said in (
        r"logical device name +DEMO00000001",
        r"serial number +00000001",
        r"firmware +DEMO-1\.0",
        r"clock +20\d\d-",
        r"round trip +[\d.]+ ms",
        r"several per request +yes \(GET-WITH-LIST",
        r"long answers +in blocks",
        r"longest message +65535 bytes",
        r"1-1:32\.7\.0 +voltage_l1 +135\.19 +V +[\d.]+",
        r"microstar: the meter has 5 of its 5 registers",
        r"client 16: let in without authentication",
        r"client 1: authentication low",
    ):
        assert re.search(said, printed), f"{said}\n{printed}"


async def test_it_speaks_spanish_to_who_reads_spanish(tmp_path):
    async with meter(clients=[client(1)]) as served:
        _, printed = await typed(
            "probe", served.place, "--timeout", "0.3",
            DATA_DIR=str(tmp_path), PROBE_PASSWORD=PASSWORD, LC_ALL="es_CO.UTF-8",
        )  # fmt: skip
    assert "cliente 1: entra con low" in printed
    assert "número de serie" in printed


async def test_a_meter_that_promises_lists_and_fails_gets_a_profile_without_them(tmp_path):
    file = tmp_path / "honest.toml"
    async with meter(clients=[client(16, "none")], faults=Faults.parse(["lies-list"])) as served:
        code, printed = await typed(
            "probe", served.place, "--timeout", "0.3", "--profile-out", file, DATA_DIR=str(tmp_path), LANG="C"
        )
    assert code == 0, printed
    assert "promised, but fails" in printed
    assert "list_items = 0" in file.read_text()


# Passwords and locks.


async def test_a_meter_that_takes_one_session_at_a_time_is_probed_and_free_afterwards(tmp_path):
    faults = Faults({"one-session": "refuse"})
    async with meter(clients=[PUBLIC_CLIENT, client(1)], faults=faults) as served:
        for _ in range(2):
            code, printed = await typed(
                "probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), PROBE_PASSWORD=PASSWORD, LANG="C"
            )
            assert code == 0, printed


async def test_a_meter_that_is_not_done_with_the_last_connection_is_waited_for(tmp_path):
    connections = 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        dozes, side, frames = connections == 2, MeterServer(clients=[client(16, "none")]), framer("hdlc")
        while data := await reader.read(4096):
            for frame in frames.feed(data):
                writer.write(b"" if dozes else side.answer(frame))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        code, printed = await typed(
            "probe", f"127.0.0.1:{server.sockets[0].getsockname()[1]}", "--timeout", "0.3", "--client", "16",
            DATA_DIR=str(tmp_path), LANG="C",
        )  # fmt: skip
    assert code == 0, printed
    assert connections == 5  # knocked at, dozing, asked, looked at, and the lines tried


async def test_an_answer_lost_while_the_mechanism_is_found_out_does_not_send_the_secret_in_plain(tmp_path):
    lost = []

    async def serve(reader, writer):
        side, frames = MeterServer(clients=[PUBLIC_CLIENT, client(1, "sha256", SECRET)]), framer("hdlc")
        while data := await reader.read(4096):
            for frame in frames.feed(data):
                answer = side.answer(frame)
                if not lost and GMAC_NAME in frame:
                    lost.append(answer)
                else:
                    writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        code, printed = await typed(
            "probe", f"127.0.0.1:{server.sockets[0].getsockname()[1]}", "--timeout", "0.5",
            DATA_DIR=str(tmp_path), PROBE_PASSWORD=SECRET, LANG="C",
        )  # fmt: skip
    assert lost
    assert code == 0, printed
    assert "AUTHENTICATION=sha256" in printed


async def test_a_port_without_a_meter_is_named_for_what_it_is(tmp_path):
    async def greet(reader, writer):
        writer.write(b"SSH-2.0-Test\r\n")
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        code, printed = await typed("probe", f"127.0.0.1:{port}", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 1
    assert "an SSH server, not a meter: SSH-2.0-Test" in printed


async def test_without_a_port_the_listed_ones_are_tried(tmp_path):
    async with meter(host="127.0.7.1", clients=[client(16, "none")]) as served:
        code, printed = await typed(
            "probe", "127.0.7.1", "--ports", f"4059,{served.port}", "--timeout", "0.3", DATA_DIR=str(tmp_path), LANG="C"
        )
    assert code == 0
    assert f"127.0.7.1: open: {served.port}" in printed
    assert "4059: refuses the connection" in printed


async def test_a_bridge_that_runs_here_is_said_to_perhaps_hold_the_meter(tmp_path):
    with running_bridge() as (server, _):
        async with meter(clients=[client(16, "none")]) as served:
            code, printed = await typed(
                "probe", served.place, "--timeout", "0.3", "--client", "16",
                DATA_DIR=str(tmp_path), HEALTH__PORT=str(server.port), LANG="C",
            )  # fmt: skip
    assert code == 0
    assert "a bridge is running here" in printed


async def test_a_host_without_an_open_port_is_said_to_have_none(tmp_path):
    code, printed = await typed("probe", "127.0.7.2", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 1
    assert "none of the usual ports is open" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://192.0.2.1"], "http://192.0.2.1"),
        (["127.0.0.1:0"], "1 to 65535"),
        (["127.0.0.1/40"], "127.0.0.1/40"),
        (["127.0.0.1:1", "--server", "200", "--server-address-bytes", "1"], "--server 200"),
        (["127.0.0.1:1", "--client", "0"], "--client 0"),
        (["127.0.0.1:1", "--timeout", "0"], "--timeout 0"),
        (["127.0.0.1:1", "--rate", "-1"], "--rate -1"),
        (["127.0.0.1", "--ports", "4059,x"], "--ports 4059,x"),
        (["127.0.0.1:1", "--profile-out", "my meter.txt"], "--profile-out my meter.txt"),
    ],
)
async def test_what_cannot_be_probed_is_refused(arguments, said, tmp_path):
    code, printed = await typed("probe", *arguments, DATA_DIR=str(tmp_path), LANG="C")
    assert code == 2
    assert said in printed


# Leaving.


async def test_ctrl_c_leaves_the_meter_released(tmp_path):
    """A real process, a real signal, while an association stands: the meter must be free after it."""
    async with meter(clients=[client(16, "none")], faults=Faults.parse(["delay=0.2"])) as served:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge", "probe", served.place, "--timeout", "2",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={"DATA_DIR": str(tmp_path), "LANG": "C", "PATH": ""},
        )  # fmt: skip
        async with asyncio.timeout(30):
            while not any(association.is_open for side in served.connections for association in associations(side)):
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        assert process.returncode == 130, errors.decode()
        assert not any(association.is_open for side in served.connections for association in associations(side))
