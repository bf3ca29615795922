"""``bridge probe`` as a technician types it: what it prints is what the bridge then reads the meter with."""

import asyncio
import re
import signal
import sys

import pytest
from gurux_dlms.enums import SourceDiagnostic

from bridge.demo import PUBLIC_CLIENT, Client, Faults, Memory, MeterServer
from bridge.meters.framing import framer
from tests.commissioning.meters_on_loopback import gurux_meter, meter, pasted, running_bridge, sampled, typed
from tests.fakes.gurux_meter import GuruxMeter

PASSWORD = "87654321"
SECRET = "0123456789abcdef"
EXPECTED = {
    "voltage_l1": 135.19,
    "current_l1": 1.23,
    "frequency": 59.98,
    "active_power": -156,
    "active_energy": 56348,
}


def client(address, authentication="low", secret=PASSWORD, security="none", **more):
    return Client(address, authentication, secret.encode(), security, **more)


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
        r"several at once +yes \(GET-WITH-LIST",
        r"long answers +in blocks",
        r"longest message +65535 bytes",
        r"1-1:32\.7\.0 +voltage_l1 +135\.19 +V +[\d.]+",
        r"microstar: 5 of its 5 registers are there",
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
    assert "promised, and fails" in printed
    assert "list_items = 0" in file.read_text()


# Passwords and locks.


async def test_without_a_password_it_says_which_client_needs_one_and_tries_none(tmp_path):
    async with meter(clients=[PUBLIC_CLIENT, client(1, "sha256", SECRET)]) as served:
        code, printed = await typed("probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 1
    assert "client 1: authentication sha256" in printed
    assert "client 1 needs its password" in printed
    assert "AUTHENTICATION=sha256" in printed
    assert served.memory.wrong_secrets == 0


async def test_a_meter_that_wants_ciphering_is_said_to_need_keys(tmp_path):
    async with meter(clients=[PUBLIC_CLIENT, client(1, "gmac", "", "authenticated-encryption")]) as served:
        code, printed = await typed("probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 1
    assert "client 1: wants ciphered messages" in printed
    assert "client 1 needs its keys" in printed


@pytest.mark.parametrize("authentication", ["low", "md5"])
async def test_a_wrong_password_is_tried_once_and_never_again(tmp_path, authentication):
    known = [PUBLIC_CLIENT, client(1, authentication, SECRET)]
    async with meter(clients=known) as served:
        for _ in range(3):
            code, printed = await typed(
                "probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), PROBE_PASSWORD="wrong", LANG="C"
            )
            assert code == 1
            assert "wrong" not in re.sub(r"wrong (?:secret|password)", "", printed)
    assert served.memory.wrong_secrets == 1
    assert "this secret was refused" in printed


async def test_a_meter_that_locks_after_three_wrong_passwords_is_never_locked(tmp_path):
    """Every client has its own password here, and the meter counts them together; four wrong ones are given."""
    known = [PUBLIC_CLIENT, *(client(address, "low", f"secret {address}") for address in (1, 2, 3, 17, 32))]
    memory = Memory(lock_after=3)
    async with meter(clients=known, memory=memory) as served:
        for number in range(4):
            code, printed = await typed(
                "probe", served.place, "--timeout", "0.3", "--authentication", "low",
                DATA_DIR=str(tmp_path), PROBE_PASSWORD=f"guess {number}", LANG="C",
            )  # fmt: skip
            assert code == 1
            assert memory.locks == 0
        assert memory.wrong_secrets == 2
        assert "secrets went out without success within a day" in printed


async def test_a_meter_that_counts_every_refused_association_is_not_locked_either(tmp_path):
    """It answers "authentication failure" to whoever offers no password, and counts that as a wrong one."""
    counted = []

    class Counting(GuruxMeter):
        def onValidateAuthentication(self, authentication, password):  # noqa: N802 - gurux's name
            if bytes(password or b"") == self._password:
                counted.clear()
                return SourceDiagnostic.NONE
            counted.append(bytes(password or b""))
            return SourceDiagnostic.AUTHENTICATION_FAILURE

    async with gurux_meter(Counting, client=1, password=PASSWORD.encode()) as place:
        for given in ("", "wrong", "wrong too", ""):
            await typed("probe", place, "--timeout", "0.3", DATA_DIR=str(tmp_path), PROBE_PASSWORD=given, LANG="C")
            assert len(counted) <= 2
        assert counted == [b"", b"wrong"]


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


async def test_the_right_password_works_after_a_wrong_one_and_clears_the_account(tmp_path):
    async with meter(clients=[PUBLIC_CLIENT, client(1)]) as served:
        for password, expected in (("wrong", 1), (PASSWORD, 0), ("wrong", 1), (PASSWORD, 0)):
            code, _ = await typed(
                "probe", served.place, "--timeout", "0.3", DATA_DIR=str(tmp_path), PROBE_PASSWORD=password, LANG="C"
            )
            assert code == expected
    assert (served.memory.wrong_secrets, served.memory.locks) == (2, 0)


async def test_where_a_refusal_could_not_be_remembered_no_password_is_tried(tmp_path):
    (tmp_path / "file").write_text("")
    async with meter(clients=[PUBLIC_CLIENT, client(1)]) as served:
        code, printed = await typed(
            "probe", served.place, "--timeout", "0.3",
            DATA_DIR=str(tmp_path / "file"), PROBE_PASSWORD=PASSWORD, LANG="C",
        )  # fmt: skip
    assert code == 1
    assert "no secret is tried" in printed
    assert (served.memory.wrong_secrets, served.memory.associations) == (0, 2)  # both of the public client


async def test_a_password_can_be_asked_for_instead_of_typed_on_the_command_line(tmp_path):
    async with meter(clients=[client(1)]) as served:
        code, printed = await typed(
            "probe", served.place, "--timeout", "0.3", "--password", "-",
            stdin=f"{PASSWORD}\n", DATA_DIR=str(tmp_path), LANG="C",
        )  # fmt: skip
    assert code == 0
    assert "can be seen" not in printed


async def test_a_key_of_the_wrong_length_is_refused_before_anything_is_sent(tmp_path, capfd):
    async with meter(clients=[client(1)]) as served:
        code, printed = await typed("probe", served.place, "--key", "0011", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 2
    assert "--encryption-key: must be 32 hexadecimal digits" in printed + capfd.readouterr().err
    assert served.connections == []


# What is no meter.


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
    assert "an SSH server, no meter: SSH-2.0-Test" in printed


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
    assert "no usual port is open" in printed


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


def associations(side):
    return side._associations.values()
