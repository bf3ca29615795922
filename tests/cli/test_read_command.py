"""``bridge read``: one reading of a configured meter, as a technician types it."""

import asyncio
import json
import re
import signal
import sys

import pytest

from bridge.demo import PUBLIC_CLIENT, Client, Faults, MeterMemory
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from bridge.meters.recording import parse
from tests.cli.meters_on_loopback import meter, running_bridge, typed
from tests.fakes.ports import free_port

PASSWORD = "87654321"
READER = Client(1, "low", PASSWORD.encode())


def settings(served, tmp_path, **more):
    given = {
        "HOST": served.host,
        "PORT": str(served.port),
        "PROFILE": "single_phase",
        "CLIENT": "1",
        "PASSWORD": PASSWORD,
        "FRAMING": "hdlc",
        "TIMEOUT": "2",
    }
    given |= {name.upper(): value for name, value in more.items()}
    places = {"DATA_DIR": str(tmp_path), "PROFILES_DIR": str(tmp_path), "HEALTH__PORT": str(free_port()), "LANG": "C"}
    (tmp_path / "hall.toml").write_text(
        "".join(
            f'[[registers]]\nkey = "{key}"\nobis = "{obis}"\n'
            for key, obis in (("voltage_l1", "1-1:32.7.0"), ("active_energy", "1-1:1.8.0"))
        )
    )
    given["PROFILE"] = "hall"
    return {f"METERS__MAIN__{name}": value for name, value in given.items()} | places


async def test_the_registers_of_the_profile_are_shown_with_unit_and_time(tmp_path):
    async with meter(clients=[READER]) as served:
        code, printed = await typed("read", "main", **settings(served, tmp_path))
    assert code == 0, printed
    assert re.search(r"1-1:32\.7\.0 +voltage_l1 +135\.19 +V +\d+\.\d", printed)
    assert re.search(r"1-1:1\.8\.0 +active_energy +56348 +Wh +\d+\.\d", printed)
    assert "ms in all" in printed


async def test_as_json_it_is_one_document(tmp_path):
    async with meter(clients=[READER]) as served:
        code, printed = await typed("read", "MAIN", "--json", **settings(served, tmp_path))
    assert code == 0
    document = json.loads(printed)
    assert document["meter"] == "main"
    first = document["readings"][0]
    assert (first["obis"], first["key"], first["value"], first["unit"]) == ("1-1:32.7.0", "voltage_l1", 135.19, "V")
    assert first["ms"] > 0


async def test_registers_can_be_named_and_their_class_is_found_out(tmp_path):
    async with meter(clients=[READER]) as served:
        code, printed = await typed(
            "read", "main", "--obis", "1-1:14.7.0,0-0:96.1.0", "--obis", "1-1:1.6.0,1-0:99.99.9",
            **settings(served, tmp_path),
        )  # fmt: skip
    assert code == 0
    assert re.search(r"1-1:14\.7\.0 +frequency +59\.98 +Hz", printed)
    assert re.search(r"0-0:96\.1\.0 +\S+ +00000001", printed)  # class 1
    assert re.search(r"1-1:1\.6\.0 +active_power_max +-156 +W", printed)  # class 4
    assert re.search(r"1-0:99\.99\.9 .*object un", printed)


async def test_a_register_that_is_refused_is_shown_with_the_reason_and_the_others_with_their_values(tmp_path):
    async with meter(clients=[READER], faults=Faults({"refuse": ["1.1.32.7.0.255"]})) as served:
        code, printed = await typed("read", "main", **settings(served, tmp_path))
    assert code == 0
    assert re.search(r"1-1:32\.7\.0 +voltage_l1 .*read-write denied", printed)
    assert "56348" in printed


async def test_without_any_value_the_exit_code_says_so(tmp_path):
    async with meter(clients=[READER]) as served:
        code, _ = await typed("read", "main", "--obis", "1-0:99.99.9", **settings(served, tmp_path))
    assert code == 1


async def test_a_load_profile_is_shown_row_by_row(tmp_path):
    async with meter(clients=[READER], clock=lambda: 1_795_000_020) as served:
        code, printed = await typed(
            "read", "main", "--profile-generic", "1-0:99.1.0", "--from", "2026-11-18T10:00Z", "--to",
            "2026-11-18T11:00Z", **settings(served, tmp_path),
        )  # fmt: skip
        assert code == 0, printed
        assert "1-0:99.1.0, 5 rows" in printed
        assert re.search(r"time .*active_energy Wh +active_power W", printed)
        assert printed.count("2026-11-18T10:") == 4
        code, printed = await typed(
            "read", "main", "--profile-generic", "1-0:99.1.0", "--last", "3", "--json", **settings(served, tmp_path)
        )
    document = json.loads(printed)
    assert [column["unit"] for column in document["columns"]] == ["", "", "Wh", "W"]
    assert len(document["rows"]) == 3
    assert document["rows"][-1][2] == 56348


async def test_a_recording_holds_the_conversation_without_the_password(tmp_path):
    file = tmp_path / "frames.txt"
    async with meter(clients=[READER]) as served:
        code, _ = await typed("read", "main", "--record", file, **settings(served, tmp_path))
    assert code == 0
    text = file.read_text()
    conversation = parse(text)
    assert conversation.facts["authentication"] == "low"
    assert conversation.lines[0].data == bytes.fromhex("7EA0070303938C117E")
    assert conversation.lines[-1].direction == "<"
    assert PASSWORD.encode().hex(" ").upper() not in text
    assert sum(bool(line.hidden) for line in conversation.lines) == 1


async def test_a_ciphered_meter_is_read_with_counters_that_never_repeat(tmp_path):
    reader = Client(1, "low", PASSWORD.encode(), "authenticated-encryption")
    async with meter(clients=[PUBLIC_CLIENT, reader]) as served:
        given = settings(
            served,
            tmp_path,
            encryption_key=DEMO_ENCRYPTION_KEY.hex(),
            authentication_key=DEMO_AUTHENTICATION_KEY.hex(),
        )
        for _ in range(3):
            code, printed = await typed("read", "main", **given)
            assert code == 0, printed
    assert served.memory.refused_counters == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "no meter 'nope' in the configuration; there are: main"),
        (["main", "--obis", "1.8.0"], "--obis 1.8.0: must look like"),
        (["main", "--profile-generic", "1-0:99.1.0", "--from", "yesterday"], "--from yesterday: write a time like"),
        (
            ["main", "--profile-generic", "1-0:99.1.0", "--from", "2026-11-25", "--to", "2026-11-24"],
            "--to is before --from",
        ),
        (
            ["main", "--profile-generic", "1-0:99.1.0", "--from", "2026-11-24", "--to", "2026-11-25T00:00Z"],
            "both with a time zone",
        ),
    ],
)
async def test_what_cannot_be_read_is_said_before_anything_is_sent(tmp_path, capfd, arguments, said):
    async with meter(clients=[READER]) as served:
        code, printed = await typed("read", *arguments, **settings(served, tmp_path))
    assert code == 2
    assert said in printed + capfd.readouterr().err
    assert served.connections == []


async def test_a_mistake_in_the_configuration_is_named(tmp_path, capfd):
    code, printed = await typed("read", "main", METERS__MAIN__PORT="x", DATA_DIR=str(tmp_path), LANG="C")
    assert code == 2
    assert "METERS__MAIN__PORT" in printed + capfd.readouterr().err


async def test_a_meter_that_is_away_is_said_to_be(tmp_path):
    async with meter(clients=[READER]) as served:
        pass
    code, printed = await typed("read", "main", **settings(served, tmp_path))
    assert code == 1
    assert "connection refused" in printed


async def test_a_meter_that_locks_after_three_wrong_passwords_is_not_locked_by_reading_it_again_and_again(tmp_path):
    memory = MeterMemory(lock_after=3)
    async with meter(clients=[READER], memory=memory) as served:
        for number in range(6):  # the same wrong one twice each, then another
            code, printed = await typed("read", "main", **settings(served, tmp_path, password=f"wrong {number // 2}"))
            assert code == 1, printed
        assert (memory.wrong_secrets, memory.locks) == (2, 0)
        assert "No other is sent until a day after that" in printed


async def test_probe_and_read_share_their_memory_of_refusals(tmp_path):
    memory = MeterMemory(lock_after=3)
    async with meter(clients=[READER], memory=memory) as served:
        for number in range(2):
            await typed(
                "probe", served.place, "--timeout", "0.2", "--client", "1",
                DATA_DIR=str(tmp_path), PROBE_PASSWORD=f"guess {number}", LANG="C",
            )  # fmt: skip
        assert memory.wrong_secrets == 2
        code, _ = await typed("read", "main", **settings(served, tmp_path, password="a third"))
        assert code == 1
    assert (memory.wrong_secrets, memory.locks) == (2, 0)


# Beside a running bridge.


@pytest.fixture
def bridge():
    with running_bridge() as (server, asked):
        yield server.port, asked


async def test_a_running_bridge_is_asked_so_that_the_meter_has_one_session_alone(tmp_path, bridge):
    async with meter(clients=[READER]) as served:
        given = settings(served, tmp_path) | {"HEALTH__PORT": str(bridge[0])}
        code, printed = await typed("read", "main", **given)
        assert code == 0, printed
        assert bridge[1] == ["main"]
        assert re.search(r"1-1:32\.7\.0 +voltage_l1 +135\.19", printed)
        assert "by the running bridge" in printed
        assert served.connections == []


async def test_what_a_running_bridge_cannot_do_is_refused_with_what_to_do(tmp_path, bridge):
    async with meter(clients=[READER]) as served:
        given = settings(served, tmp_path) | {"HEALTH__PORT": str(bridge[0])}
        code, printed = await typed("read", "main", "--obis", "1-1:14.7.0", **given)
        assert code == 1
        assert "stop the bridge" in printed
        assert served.connections == []
        code, _ = await typed("read", "main", "--obis", "1-1:14.7.0", "--direct", **given)
        assert code == 0


async def test_ctrl_c_leaves_the_meter_released(tmp_path):
    async with meter(clients=[READER], faults=Faults({"delay": 0.2})) as served:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge", "read", "main",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**settings(served, tmp_path), "PATH": ""},
        )  # fmt: skip
        async with asyncio.timeout(30):
            while not is_associated(served):
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        assert process.returncode == 130, errors.decode()
        assert not is_associated(served)


def is_associated(served):
    return any(association.is_open for side in served.connections for association in side._associations.values())


@pytest.mark.parametrize("command", ["read", "objects"])
async def test_where_no_meter_is_configured_the_demo_meter_can_be_visited(tmp_path, command, capfd):
    places = {"DATA_DIR": str(tmp_path), "HEALTH__PORT": str(free_port()), "LANG": "C"}
    code, printed = await typed(command, "demo", **places)
    assert code == 0, printed
    assert "1-1:1.8.0" in printed
    assert "Traceback" not in capfd.readouterr().err
    assert (await typed(command, "main", **places))[0] == 2, "that is the demo meter's name and no other's"


async def test_where_meters_are_configured_there_is_no_demo_meter(tmp_path):
    async with meter(clients=[READER]) as served:
        code, _ = await typed("read", "demo", **settings(served, tmp_path))
    assert code == 2


async def test_how_many_mistakes_there_are_is_said_in_the_technicians_language(tmp_path, capfd):
    places = {"DATA_DIR": str(tmp_path), "HEALTH__PORT": "none", "LANG": "es"}
    code, _ = await typed("read", "demo", **places)
    assert code == 2
    assert "1 error en la configuración; corregir" in capfd.readouterr().err
