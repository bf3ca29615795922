"""``bridge probe`` finds load profiles and event logs, and writes them as lines that a profile takes."""

import re

import pytest

from bridge.cli.load_profile_text import history_of, load_profile_lines
from bridge.configuration.profile import load_profile
from bridge.demo import PUBLIC_CLIENT, Faults
from bridge.dlms.history import HistoryLayout
from bridge.dlms.load_profile import ProfileColumn
from tests.cli.meters_on_loopback import meter, typed
from tests.cli.probed import PASSWORD, client

LOAD_PROFILE = r"1-0:99\.1\.0 +load profile +15 min +60 days +active_energy, active_power"
EVENT_LOG = r"0-0:99\.98\.0 +event log +100 rows"


async def probed(tmp_path, *arguments, faults="", **variables):
    async with meter(clients=[PUBLIC_CLIENT, client(1)], faults=Faults.parse([faults])) as served:
        code, printed = await typed(
            "probe", served.place, "--timeout", "0.3", *arguments,
            **{"DATA_DIR": str(tmp_path), "PROBE_PASSWORD": PASSWORD, "LANG": "C", **variables},
        )  # fmt: skip
    assert code == 0, printed
    return printed


async def test_what_the_built_in_profile_reads_is_shown_and_needs_no_lines(tmp_path):
    printed = await probed(tmp_path)
    assert re.search(LOAD_PROFILE, printed), printed
    assert re.search(EVENT_LOG, printed), printed
    assert "[[load_profiles]]" not in printed


async def test_a_profile_that_it_writes_reads_them_too(tmp_path):
    file = tmp_path / "profiles" / "hall.toml"
    file.parent.mkdir()
    await probed(tmp_path, "--profile-out", file)
    entries = load_profile("hall", file.parent).load_profiles
    assert [(entry.obis, entry.kind) for entry in entries] == [("1-0:99.1.0", "intervals"), ("0-0:99.98.0", "events")]


async def test_a_profile_of_one_s_own_that_lacks_them_gets_the_lines(tmp_path):
    read = [one for one in load_profile("microstar").registers if one.key != "active_energy"]
    own = [f'[[registers]]\nkey = "{one.key}"\nobis = "{one.obis}"' for one in read]
    own += ['[[registers]]\nkey = "demand"\nobis = "1-1:1.6.0"\nclass = 4']
    own += ['[[registers]]\nkey = "mean"\nobis = "1-1:1.4.0"\nclass = 5']
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "hall.toml").write_text("\n".join(own))
    printed = await probed(tmp_path, PROFILES_DIR=str(folder))
    assert "hall: the meter has 6 of its 6 registers" in printed
    assert '[[load_profiles]]\nobis = "1-0:99.1.0"\nkeys = { "1-1:1.8.0" = "active_energy" }\n' in printed
    assert '[[load_profiles]]\nobis = "0-0:99.98.0"\nkind = "events"\n' in printed


@pytest.mark.parametrize("how", ["refuse", "silent-object", "unreadable-object", "closes-on-object"])
async def test_one_that_cannot_be_examined_costs_no_other(tmp_path, how):
    printed = await probed(tmp_path, faults=f"{how}=1-0:99.1.0")
    assert re.search(EVENT_LOG, printed), printed
    assert not re.search(LOAD_PROFILE, printed)
    assert "METERS__" in printed


CLOCK, STATUS = ProfileColumn(8, "0.0.1.0.0.255", 2), ProfileColumn(1, "0.0.96.10.1.255", 2)
ENERGY, OTHER = ProfileColumn(3, "1.0.1.8.0.255", 2), ProfileColumn(3, "1.1.1.8.0.255", 2)


def layout(name, *columns, period_s=900, clock=0):
    return HistoryLayout(name, columns, period_s, clock, None)


def test_a_billing_period_s_values_and_what_has_no_clock_are_neither():
    assert history_of(layout("0.0.98.1.0.255", CLOCK, ENERGY, period_s=0)) is None
    assert history_of(layout("1.0.99.1.0.255", STATUS, ENERGY, clock=None)) is None
    assert history_of(layout("0.0.99.98.1.255", CLOCK)) is None


def test_columns_that_the_profile_does_not_read_get_keys_that_differ():
    found = history_of(layout("1.0.99.2.0.255", CLOCK, STATUS, ENERGY, OTHER))
    assert load_profile_lines(found, {"1.0.1.8.0.255"})[2:] == ['keys = { "1-1:1.8.0" = "active_energy" }']
    assert load_profile_lines(found, ())[2:] == [
        'keys = { "1-0:1.8.0" = "active_energy", "1-1:1.8.0" = "active_energy_1_1_1_8_0" }'
    ]
