"""The profile that fits a meter, and the one that is made of it."""

import tomllib

from bridge.cli.probe.profile_match import best_profile
from bridge.cli.profile_text import ProfileRegister, profile_text
from bridge.configuration.profile import Profile, load_profile


def objects_of(name):
    return {(register.class_id, register.logical_name) for register in load_profile(name).registers}


def test_the_profile_with_the_largest_share_of_its_registers_there_is_found():
    found = best_profile(objects_of("microstar"), None)
    assert (found.name, found.there, found.of, found.share) == ("microstar", 5, 5, 1.0)


def test_a_three_phase_meter_is_not_taken_for_a_single_phase_one():
    found = best_profile(objects_of("three_phase") | objects_of("single_phase"), None)
    assert found.name == "three_phase"


def test_the_share_says_how_much_is_missing():
    there = sorted(objects_of("single_phase"))[:3]
    found = best_profile(there, None)
    assert (found.name, found.there, found.share) == ("single_phase", 3, 0.6)


def test_a_register_under_another_class_is_not_there():
    assert best_profile({(1, name) for _, name in objects_of("microstar")}, None) is None


def test_a_meter_without_any_register_of_a_profile_fits_none():
    assert best_profile({(8, "0.0.1.0.0.255")}, None) is None


def test_a_user_s_own_profile_is_found_and_a_broken_one_is_passed_over(tmp_path):
    (tmp_path / "mine.toml").write_text('[[registers]]\nkey = "q"\nobis = "1-0:99.99.9"\n')
    (tmp_path / "broken.toml").write_text("registers = 3")
    assert best_profile({(3, "1.0.99.99.9.255")}, tmp_path).name == "mine"


def written(registers, data_objects=(), **defaults):
    text = profile_text("a meter", defaults, registers, data_objects)
    return Profile.model_validate(tomllib.loads(text)), text


def test_a_written_profile_is_one_that_the_bridge_takes():
    profile, text = written(
        [
            ProfileRegister(3, "1.0.32.7.0.255", "V"),
            ProfileRegister(3, "1.0.1.8.0.255", "Wh"),
            ProfileRegister(4, "1.0.1.6.0.255", "W"),
        ],
        ["0.0.96.1.0.255", "0.0.42.0.0.255"],
        framing="wrapper",
        client=1,
        server=1,
        authentication="low",
    )
    assert [(one.key, one.obis, one.class_id) for one in profile.registers] == [
        ("voltage_l1", "1-0:32.7.0", 3),
        ("active_energy", "1-0:1.8.0", 3),
    ]
    assert [one.key for one in profile.attributes] == ["serial_number", "logical_device_name"]
    assert (profile.framing, profile.client, profile.authentication) == ("wrapper", 1, "low")
    assert 'obis = "1-0:32.7.0"   # V' in text


def test_registers_that_differ_in_their_channel_alone_get_keys_of_their_own():
    profile, _ = written([ProfileRegister(3, "1.0.1.8.0.255"), ProfileRegister(3, "1.1.1.8.0.255")])
    assert [one.key for one in profile.registers] == ["active_energy", "active_energy_1_1_1_8_0"]


def test_a_meter_with_unusual_registers_alone_gets_those():
    profile, _ = written([ProfileRegister(4, "1.0.1.6.0.255"), ProfileRegister(5, "0.1.24.2.1.255")])
    assert [(one.key, one.class_id) for one in profile.registers] == [("active_power_max", 4), ("obis_0_1_24_2_1", 5)]


def test_what_a_meter_says_of_itself_cannot_break_the_profile():
    text = profile_text('evil"\n[[registers]]\nkey = "x\\', {}, [ProfileRegister(3, "1.0.1.8.0.255")], [])
    profile = Profile.model_validate(tomllib.loads(text))
    assert [one.key for one in profile.registers] == ["active_energy"]
