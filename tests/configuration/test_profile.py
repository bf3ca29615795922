"""Profiles: the built-in ones are right, a user's own are found first, and what is wrong is named."""

import pytest

from bridge.configuration.meter import resolve
from bridge.configuration.profile import load_profile, profile_names
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.errors import ConfigError

MINIMAL = '[[registers]]\nkey = "voltage_l1"\nobis = "1-0:32.7.0"\n'


def problems_of(tmp_path, text):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_profile("mine", tmp_path)
    return caught.value.problems


@pytest.mark.parametrize("name", ["microstar", "single_phase", "three_phase"])
def test_the_built_in_profiles_can_be_read(name):
    assert load_profile(name).registers


def test_the_microstar_profile_is_the_meter_that_this_began_with():
    profile = load_profile("microstar")
    assert (profile.framing, profile.client, profile.server, profile.server_address_bytes) == ("hdlc", 1, 1, 1)
    assert profile.authentication == "low"
    assert [(r.key, r.logical_name) for r in profile.registers] == [
        ("voltage_l1", "1.1.32.7.0.255"),
        ("current_l1", "1.1.31.7.0.255"),
        ("frequency", "1.1.14.7.0.255"),
        ("active_power", "1.1.1.7.0.255"),
        ("active_energy", "1.1.1.8.0.255"),
    ]


def test_a_users_own_profile_is_found_before_a_built_in_one(tmp_path):
    (tmp_path / "microstar.toml").write_text(MINIMAL)
    assert len(load_profile("microstar", tmp_path).registers) == 1
    (tmp_path / "mine.toml").write_text(MINIMAL)
    assert profile_names(tmp_path) == ["microstar", "mine", "single_phase", "three_phase"]


def test_a_missing_profile_names_those_that_exist(tmp_path):
    with pytest.raises(ConfigError, match="there is none; known: microstar, single_phase, three_phase"):
        load_profile("micro", tmp_path / "not-there")


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a/b", "microstar.toml"])
def test_a_profile_name_is_never_a_path(name):
    with pytest.raises(ConfigError, match="there is none"):
        load_profile(name)


def test_every_mistake_of_a_profile_is_named_with_file_and_field(tmp_path):
    problems = problems_of(tmp_path, 'framing = "hldc"\nclent = 1\n[[registers]]\nkey = "a b"\nobis = "1-0:300.7.0"\n')
    assert len(problems) == 4
    assert any("mine.toml: framing: " in problem for problem in problems)
    assert any("mine.toml: clent: " in problem for problem in problems)
    assert any("registers.1.obis: must look like 1-0:1.8.0" in problem for problem in problems)


def test_a_key_may_stand_once(tmp_path):
    assert "each key may appear once; twice: voltage_l1" in problems_of(tmp_path, MINIMAL * 2)[0]


def test_what_is_no_toml_is_named(tmp_path):
    assert "not a readable TOML file" in problems_of(tmp_path, "registers = [")[0]


def test_a_profile_without_registers_is_a_mistake(tmp_path):
    assert "registers" in problems_of(tmp_path, 'framing = "hdlc"\n')[0]


def test_the_settings_of_a_meter_come_before_its_profile_and_that_before_the_poll_settings():
    profile = load_profile("microstar")
    plain = resolve("main", MeterSettings(host="meter"), profile, PollSettings(interval_s=7, timeout_s=9))
    assert (plain.client, plain.framing, plain.interval_s, plain.timeout_s) == (1, "hdlc", 7, 5)
    own = MeterSettings(host="meter", client=17, framing="wrapper", server=2, interval_s=60, timeout_s=1)
    meter = resolve("main", own, profile, PollSettings())
    assert (meter.client, meter.framing, meter.server, meter.interval_s, meter.timeout_s) == (17, "wrapper", 2, 60, 1)


def test_a_password_alone_asks_for_low_level_security():
    settings = MeterSettings.model_validate({"host": "meter", "password": "secret"})
    assert resolve("main", settings, load_profile("single_phase"), PollSettings()).authentication == "low"
