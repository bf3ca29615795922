"""Settings that are right alone and wrong together."""

from __future__ import annotations

import pytest

from bridge.configuration.load import load
from tests.configuration.loading import NOWHERE, TB, problems


def test_low_authentication_needs_a_password():
    assert problems(METERS__MAIN__HOST="a", METERS__MAIN__AUTHENTICATION="low") == [
        "METERS__MAIN__PASSWORD: missing; authentication low needs one (METERS__MAIN__AUTHENTICATION=low)"
    ]
    assert problems(METERS__MAIN__HOST="a", METERS__MAIN__PROFILE="microstar") == [
        (
            "METERS__MAIN__PASSWORD: missing; authentication low needs one "
            "(METERS__MAIN__AUTHENTICATION: low, from profile microstar)"
        )
    ]


def test_a_misspelt_password_is_not_called_missing_as_well():
    assert problems(METERS__MAIN__HOST="a", METERS__MAIN__AUTHENTICATION="low", METERS__MAIN__PASSWROD="x") == [
        "METERS__MAIN__PASSWROD: unknown setting; did you mean METERS__MAIN__PASSWORD?"
    ]


@pytest.mark.parametrize("mechanism", ["high", "md5", "sha1", "sha256"])
def test_high_level_security_needs_its_secret(mechanism):
    assert problems(METERS__MAIN__HOST="a", METERS__MAIN__AUTHENTICATION=mechanism) == [
        (
            f"METERS__MAIN__PASSWORD: missing; authentication {mechanism} needs one "
            f"(METERS__MAIN__AUTHENTICATION={mechanism})"
        )
    ]


def test_gmac_and_ecdsa_need_keys():
    assert problems(METERS__MAIN__HOST="a", METERS__MAIN__AUTHENTICATION="gmac") == [
        "METERS__MAIN__ENCRYPTION_KEY: missing; authentication gmac needs one (METERS__MAIN__AUTHENTICATION=gmac)"
    ]
    [missing] = problems(
        METERS__MAIN__HOST="a",
        METERS__MAIN__AUTHENTICATION="ecdsa",
        METERS__MAIN__ENCRYPTION_KEY="00" * 16,
        METERS__MAIN__SECURITY="none",
    )
    assert missing.startswith("METERS__MAIN__SIGNING_KEY: missing; authentication ecdsa needs it, and METER_PUBLIC_KEY")


def test_security_needs_keys_of_its_suites_size_and_no_key_is_shown():
    key = "C0FFEE" + "00" * 13
    main = {"METERS__MAIN__HOST": "a"}
    assert problems(**main, METERS__MAIN__SECURITY="encryption") == [
        "METERS__MAIN__ENCRYPTION_KEY: missing; METERS__MAIN__SECURITY=encryption needs one"
    ]
    assert problems(**main, METERS__MAIN__ENCRYPTION_KEY=key) == [
        "METERS__MAIN__AUTHENTICATION_KEY: missing; what is authenticated needs one beside METERS__MAIN__ENCRYPTION_KEY"
    ]
    main |= {"METERS__MAIN__ENCRYPTION_KEY": key, "METERS__MAIN__AUTHENTICATION_KEY": key}
    assert problems(**main, METERS__MAIN__SUITE="2") == [
        "METERS__MAIN__ENCRYPTION_KEY: has 32 digits; suite 2 wants 64",
        "METERS__MAIN__AUTHENTICATION_KEY: has 32 digits; suite 2 wants 64",
    ]
    main["METERS__MAIN__ENCRYPTION_KEY"] = key[:-2]
    [short] = problems(**main)
    assert short == ("METERS__MAIN__ENCRYPTION_KEY=<secret>: must be 32 hexadecimal digits, or 64 in security suite 2")


def test_a_secret_in_hex_must_be_hex_and_is_not_shown():
    assert problems(METERS__MAIN__HOST="a", METERS__MAIN__PASSWORD="hex:00zz") == [
        "METERS__MAIN__PASSWORD=<secret>: after hex: there must be pairs of the digits 0-9 and A-F"
    ]


@pytest.mark.parametrize("content", ["name,host\n", "name;host\n# main;192.168.1.127\n;\n"])
def test_a_fleet_of_no_meters_is_no_wish_for_the_demo_meter(tmp_path, content):
    file = tmp_path / "meters.csv"
    file.write_text(content)
    [problem] = problems(**TB, METERS_FILE=str(file))
    assert problem.startswith("METERS_FILE=")
    assert ": names no meter; THINGSBOARD__HOST is given" in problem


def test_two_meters_are_two_devices():
    main = {"METERS__MAIN__HOST": "a", "METERS__SECOND__HOST": "b"}
    [problem] = problems(**main, METERS__MAIN__DEVICE="Building 1", METERS__SECOND__DEVICE="Building 1")
    assert problem.startswith(
        "METERS__SECOND__DEVICE: meter second would be device 'Building 1' in ThingsBoard, which meter main is "
        "(METERS__MAIN__DEVICE)"
    )
    [problem] = problems(**main, METERS__MAIN__DEVICE="second")
    assert problem.startswith("METERS__MAIN__DEVICE: meter main would be device 'second'")  # the line that is there
    assert load({**main, "METERS__MAIN__DEVICE": "Second"}, NOWHERE)  # ThingsBoard tells case apart


def test_in_whatever_order_docker_hands_the_settings_over_the_same_is_said():
    environ = {
        "METERS__MAIN__HOST": "a",
        "METERS__SECOND__HOST": "b",
        "METERS__SECOND__DEVICE": "main",
        "METERS__THIRD__PORT": "x",
        "THINGSBOARD__PORT": "99999",
    }
    backwards = dict(reversed(environ.items()))
    assert problems(**environ) == problems(**backwards)
    given = {name: environ[name] for name in ("METERS__SECOND__HOST", "METERS__MAIN__HOST")}
    assert list(load(given, NOWHERE).meters) == ["main", "second"]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"CLIENT": "128"}, "CLIENT=128: must be a whole number from 1 to 127 with framing hdlc"),
        (
            {"SERVER": "200", "SERVER_ADDRESS_BYTES": "1"},
            "SERVER=200: does not fit; an HDLC server address of 1 byte goes from 1 to 127",
        ),
        (
            {"SERVER": "16384", "SERVER_ADDRESS_BYTES": "2"},
            "SERVER=16384: does not fit; an HDLC server address of 2 bytes goes from 1 to 16383",
        ),
        (
            {"SERVER": "65536", "FRAMING": "wrapper"},
            "SERVER=65536: does not fit; a wrapper port goes from 1 to 65535",
        ),
    ],
)
def test_addresses_must_fit_the_framing(settings, problem):
    given = {f"METERS__MAIN__{name}": value for name, value in settings.items()}
    assert problems(METERS__MAIN__HOST="a", **given) == [f"METERS__MAIN__{problem}"]


def test_addresses_that_fit_are_taken():
    given = load(
        {
            "METERS__A__HOST": "a",
            "METERS__A__CLIENT": "127",
            "METERS__A__SERVER": "16383",
            "METERS__A__SERVER_ADDRESS_BYTES": "2",
            "METERS__B__HOST": "b",
            "METERS__B__FRAMING": "wrapper",
            "METERS__B__CLIENT": "65535",
            "METERS__B__SERVER": "65535",
        },
        NOWHERE,
    )
    assert len(given.meters) == 2


def test_an_address_of_the_profile_that_does_not_fit_is_named_with_the_profile(tmp_path):
    (tmp_path / "wide.toml").write_text(
        'framing = "wrapper"\nclient = 300\n[[registers]]\nkey = "v"\nobis = "1-0:1.8.0"'
    )
    given = {"METERS__MAIN__HOST": "a", "METERS__MAIN__PROFILE": "wide", "PROFILES_DIR": str(tmp_path)}
    assert load(given, NOWHERE).meters
    assert problems(**given, METERS__MAIN__FRAMING="hdlc") == [
        "METERS__MAIN__CLIENT: 300, from profile wide, must be a whole number from 1 to 127 with framing hdlc"
    ]


def test_an_unknown_profile_is_named_with_those_there_are(tmp_path):
    assert problems(METERS__MAIN__HOST="a", METERS__MAIN__PROFILE="single_fase") == [
        "METERS__MAIN__PROFILE=single_fase: there is no such profile; did you mean single_phase?"
    ]
    (tmp_path / "kamstrup.toml").write_text("")
    assert problems(METERS__MAIN__HOST="a", METERS__MAIN__PROFILE="xyz", PROFILES_DIR=str(tmp_path)) == [
        "METERS__MAIN__PROFILE=xyz: there is no such profile; there are kamstrup, microstar, single_phase, three_phase"
    ]


def test_a_missing_folder_of_profiles_matters_only_when_a_profile_is_not_found():
    assert load({"PROFILES_DIR": "/nonexistent/profiles", "METERS__MAIN__HOST": "a"}, NOWHERE).meters
    [problem] = problems(PROFILES_DIR="/nonexistent/profiles", METERS__MAIN__HOST="a", METERS__MAIN__PROFILE="xyz")
    assert problem.endswith("(PROFILES_DIR=/nonexistent/profiles: there is no such folder)")


def test_a_folder_of_profiles_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("bridge.configuration.contradictions.profile_names", _names_refusing(tmp_path))
    assert problems(PROFILES_DIR=str(tmp_path), METERS__MAIN__HOST="a") == [
        "PROFILES_DIR: the folder cannot be read: Permission denied"
    ]


def _names_refusing(refused):
    def names(folder):
        if folder == refused:
            raise PermissionError(13, "Permission denied")
        return ["single_phase"]

    return names


def test_a_broken_profile_is_named_once_however_many_meters_use_it(tmp_path):
    (tmp_path / "mine.toml").write_text("registers = 3")
    found = problems(
        PROFILES_DIR=str(tmp_path),
        METERS__A__HOST="a",
        METERS__A__PROFILE="mine",
        METERS__B__HOST="b",
        METERS__B__PROFILE="mine",
    )
    assert len(found) == 1
    assert found[0].startswith(f"{tmp_path / 'mine.toml'}: registers: ")


def test_one_meter_under_two_names_is_named_with_both_places(tmp_path):
    file = tmp_path / "meters.csv"
    file.write_text("name,host,port\nM1,METER.example.com,3333\nM2,meter.example.com,3334\n")
    assert problems(METERS_FILE=str(file), METERS__MAIN__HOST="meter.example.com", METERS__MAIN__PORT="3333") == [
        (
            f"{file}:2: host: meter M1 is the same as meter main (METERS__MAIN__HOST): "
            "host METER.example.com, port 3333, server 1, client 16"
        )
    ]


def test_meters_behind_one_converter_differ_in_server_and_share_the_framing():
    shared = {"METERS__A__HOST": "a", "METERS__B__HOST": "a", "METERS__B__SERVER": "2"}
    assert len(load(shared, NOWHERE).meters) == 2
    assert problems(**shared, METERS__B__FRAMING="wrapper") == [
        "METERS__B__FRAMING: meter B speaks wrapper, but meter A behind the same a:4059 speaks hdlc "
        "(METERS__A__FRAMING); one connection has one framing".replace("meter B", "meter b").replace(
            "meter A", "meter a"
        )
    ]


def test_a_setting_that_is_wrong_alone_is_left_out_of_the_comparison():
    assert problems(
        METERS__A__HOST="a", METERS__B__HOST="a", METERS__B__SERVER="two", METERS__C__HOST="a", METERS__C__PORT="x"
    ) == [
        "METERS__B__SERVER=two: must be a whole number from 1 to 268435455",
        "METERS__C__PORT=x: must be a whole number from 1 to 65535",
    ]
