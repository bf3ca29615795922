"""A profile's ``[[load_profiles]]``: what it may say, and what is told of a row's status."""

import pytest
from pydantic import ValidationError

from bridge.configuration.load_profile_entry import LoadProfileEntry
from bridge.configuration.profile import load_profile
from bridge.errors import ConfigError

REGISTER = '[[registers]]\nkey = "v"\nobis = "1-0:32.7.0"\n'


@pytest.mark.parametrize("name", ["microstar", "single_phase", "three_phase"])
def test_each_built_in_profile_reads_the_usual_load_profile_and_the_standard_event_log(name):
    entries = load_profile(name).load_profiles
    assert [(one.logical_name, one.kind) for one in entries] == [
        ("1.0.99.1.0.255", "intervals"),
        ("0.0.99.98.0.255", "events"),
    ]


def test_all_that_an_entry_may_say(tmp_path):
    (tmp_path / "mine.toml").write_text(
        REGISTER
        + '[[load_profiles]]\nobis = "1-0:99.1.0"\nkeys = { "1-0:1.8.0" = "import", "1-0:2.8.0*255" = "export" }\n'
        'period_s = 900\nstatus = { 6 = "recovered", 7 = "power down" }\n'
        '[[load_profiles]]\nobis = "0-0:99.98.1"\nkind = "events"\ncodes = { 201 = "magnet" }\n'
    )
    intervals, events = load_profile("mine", tmp_path).load_profiles
    assert (intervals.key_of("1.0.1.8.0.255"), intervals.key_of("1.0.2.8.0.255")) == ("import", "export")
    assert intervals.key_of("1.0.3.8.0.255") is None
    assert (intervals.period_s, events.kind, events.codes) == (900, "events", {201: "magnet"})


@pytest.mark.parametrize(
    "entry",
    [
        {"obis": "99.1.0"},
        {"obis": "1-0:99.1.0", "kind": "values"},
        {"obis": "1-0:99.1.0", "keys": {"1.8.0": "import"}},
        {"obis": "1-0:99.1.0", "keys": {"1-0:1.8.0": "a b"}},
        {"obis": "1-0:99.1.0", "keys": {"1-0:1.8.0": "same", "1-0:2.8.0": "same"}},
        {"obis": "1-0:99.1.0", "status": {"seven": "power down"}},
        {"obis": "1-0:99.1.0", "period_s": -1},
        {"obis": "1-0:99.1.0", "depth": 60},
    ],
)
def test_what_makes_no_sense_is_refused(entry):
    with pytest.raises(ValidationError):
        LoadProfileEntry.model_validate(entry)


def test_a_load_profile_that_is_named_twice_is_refused_by_name(tmp_path):
    (tmp_path / "mine.toml").write_text(
        REGISTER + '[[load_profiles]]\nobis = "1-0:99.1.0"\n[[load_profiles]]\nobis = "1-0:99.1.0*255"\n'
    )
    with pytest.raises(ConfigError, match=r"load_profiles: each load profile may appear once; twice: 1-0:99\.1\.0"):
        load_profile("mine", tmp_path)
