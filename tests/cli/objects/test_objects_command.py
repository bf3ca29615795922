"""``bridge objects`` and ``bridge probe --objects`` as a technician types them."""

import json
import re

import pytest

from bridge.demo import PUBLIC_CLIENT, Client
from tests.cli.meters_on_loopback import meter, running_bridge, sampled, typed
from tests.cli.strangers import ShortNames, Stranger, listening
from tests.fakes.ports import free_port

READER = Client(1, "low", b"87654321")


def settings(place, tmp_path, **more):
    host, port = place.split(":")
    given = {"HOST": host, "PORT": port, "PROFILE": "microstar", "CLIENT": "1", "PASSWORD": "87654321", "TIMEOUT": "2"}
    given |= {name.upper(): value for name, value in more.items()}
    places = {"DATA_DIR": str(tmp_path), "PROFILES_DIR": str(tmp_path), "HEALTH__PORT": str(free_port()), "LANG": "C"}
    return {f"METERS__MAIN__{name}": value for name, value in given.items() if value} | places


async def test_every_object_is_listed_with_class_version_code_name_and_rights(tmp_path):
    async with meter(clients=[READER]) as served:
        code, printed = await typed("objects", "main", **settings(served.place, tmp_path))
    assert code == 0, printed
    for line in (
        r"8 Clock +0 +0-0:1\.0\.0 +clock +r 1-9",
        r"7 Profile generic +1 +1-0:99\.1\.0 +load profile 1 +r 1-8",
        r"3 Register +0 +1-1:32\.7\.0 +voltage L1 +r 1-3",
        r"1 Data +0 +0-128:96\.99\.3 +obis_0_128_96_99_3",
    ):
        assert re.search(line, printed), printed


async def test_a_choice_with_values_in_spanish(tmp_path):
    async with meter(clients=[READER]) as served:
        environ = settings(served.place, tmp_path) | {"LANG": "es_ES.UTF-8"}
        code, printed = await typed("objects", "main", "--only", "1-1:*.7.0,1-1:1.8.*", "--value", **environ)
    assert code == 0, printed
    assert "objetos: 5 de" in printed
    assert re.search(r"tensión L1 +r 1-3 +135\.19 +V", printed)
    assert "reloj" not in printed


async def test_as_json_it_is_one_document(tmp_path):
    async with meter(clients=[READER]) as served:
        _, printed = await typed(
            "objects", "main", "--only", "1-1:1.8.0,0-0:1.0.0", "--value", "--json", **settings(served.place, tmp_path)
        )
    document = json.loads(printed)
    clock, energy = document["objects"]
    assert (clock["class"], clock["class_name"], clock["name"]) == (8, "Clock", "clock")
    assert energy["access"] == {"read": [1, 2, 3], "write": [], "methods": []}
    assert (energy["value"], energy["unit"], energy["key"]) == (56348, "Wh", "active_energy")


async def test_enums_say_what_they_mean(tmp_path):
    async with meter(clients=[READER]) as served:
        environ = settings(served.place, tmp_path)
        _, clock = await typed("read", "main", "--obis", "0-0:1.0.0", "--class", "8", "--attribute", "9", **environ)
        _, data = await typed("read", "main", "--obis", "0-128:96.99.22", "--class", "1", **environ)
    assert re.search(r"1 .*enum: internal crystal", clock)
    assert re.search(r" 3 +.*enum", data)


async def test_a_profile_of_a_choice_is_one_that_the_bridge_reads_by(tmp_path):
    file = tmp_path / "mine.toml"
    async with meter(clients=[READER]) as served:
        environ = settings(served.place, tmp_path)
        code, printed = await typed(
            "objects", "main", "--only", "1-1:3?.7.0,1-1:1.4.0,0-0:96.1.0", "--profile-out", file, **environ
        )
        assert code == 0, printed
        read = await sampled(environ | {"METERS__MAIN__PROFILE": "mine"}, tmp_path)
    assert read == {
        "voltage_l1": 135.19, "current_l1": 1.23, "active_power_average": -156, "obis_0_0_96_1_0": "00000001",
    }  # fmt: skip
    assert "frame_gap_s" in file.read_text()  # as microstar has it


async def test_short_names_are_shown(tmp_path):
    async with listening(ShortNames(clients=(16,))) as place:
        code, printed = await typed(
            "objects", "main", "--value",
            **settings(place, tmp_path, client="16", password="", referencing="sn", authentication="none"),
        )  # fmt: skip
    assert code == 0, printed
    assert re.search(r"1-0:1\.8\.0 +active energy import \(\+P\) +2[0-9A-F]{3} +23456789 +Wh", printed)


async def test_one_object_that_stays_silent_costs_none_of_the_others(tmp_path):
    class Meter(ShortNames):
        def short(self, short):
            base = self.bases[3, bytes((1, 0, 14, 7, 0, 255))]
            if short == base + 8:
                raise ConnectionError
            return super().short(short)

    async with listening(Meter(clients=(16,))) as place:
        _, printed = await typed(
            "objects", "main", "--value",
            **settings(place, tmp_path, client="16", password="", referencing="sn", authentication="none"),
        )  # fmt: skip
    assert re.search(r"frequency .*ends the connection", printed), printed
    assert "23456789" in printed


async def test_a_meter_that_shows_none_says_so(tmp_path):
    async with listening(Stranger(clients=(16,))) as place:
        code, printed = await typed(
            "objects", "main", **settings(place, tmp_path, client="16", password="", authentication="none")
        )
    assert code == 1
    assert "does not show its object list" in printed


async def test_while_the_bridge_runs_the_meter_is_left_to_it(tmp_path):
    async with meter(clients=[READER]) as served:
        with running_bridge() as (server, _):
            environ = settings(served.place, tmp_path) | {"HEALTH__PORT": str(server.port)}
            code, printed = await typed("objects", "main", **environ)
    assert code == 1
    assert "--direct" in printed
    assert served.connections == []


@pytest.mark.parametrize("wrong", ["1.8.0", "voltage", "1-0:1.8.0;"])
async def test_a_pattern_that_is_none_is_said(tmp_path, capfd, wrong):
    code, printed = await typed("objects", "main", "--only", wrong, **settings("127.0.0.1:1", tmp_path))
    assert code == 2
    assert f"--only {wrong}" in printed + capfd.readouterr().err


async def test_probe_lists_them_on_request(tmp_path):
    async with meter(clients=[PUBLIC_CLIENT, READER]) as served:
        code, printed = await typed(
            "probe", served.place, "--timeout", "0.3", "--objects",
            DATA_DIR=str(tmp_path), PROBE_PASSWORD="87654321", LANG="C",
        )  # fmt: skip
    assert code == 0, printed
    assert re.search(r"7 Profile generic +1 +1-0:99\.1\.0 +load profile 1 +r 1-8", printed)
    assert re.search(r"voltage L1 +r 1-3 +135\.19 +V", printed)
