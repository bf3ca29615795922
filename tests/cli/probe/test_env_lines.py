"""The lines that are pasted into ``.env``."""

import pytest

from bridge.cli.probe.env_lines import ProposedMeter, env_lines, meter_name
from bridge.cli.probe.likely_addresses import ServerAddress, hdlc_address
from bridge.configuration.load import load


def found(**changes):
    given = {
        "name": "M1",
        "host": "192.0.2.7",
        "port": 4059,
        "framing": "hdlc",
        "referencing": "ln",
        "address": hdlc_address(1, 16, 2),
        "client": 1,
        "authentication": "low",
        "profile": "microstar",
        "secrets": ("PASSWORD",),
    }
    return ProposedMeter(**(given | changes))


def loaded(lines, **more):
    environ = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    [meter] = load({name: value.strip("'") for name, value in (environ | more).items()}).meters.values()
    return meter


def test_the_bridge_understands_the_lines():
    meter = loaded(env_lines(found(), "fill in"), METERS__M1__PASSWORD="12345678")
    assert (meter.host, meter.port, meter.profile, meter.framing) == ("192.0.2.7", 4059, "microstar", "hdlc")
    assert (meter.client, meter.server, meter.server_address_bytes, meter.authentication) == (1, 144, 2, "low")


def test_a_secret_is_left_to_fill_in():
    lines = env_lines(found(), "fill in")
    assert lines[-2:] == ["# fill in", "METERS__M1__PASSWORD="]


def test_on_the_wrapper_there_is_no_address_length():
    lines = env_lines(found(framing="wrapper", address=ServerAddress(1), authentication="none", secrets=()), "")
    assert not any("ADDRESS_BYTES" in line for line in lines)
    assert loaded(lines).framing == "wrapper"


def test_without_a_fitting_profile_none_is_named():
    assert not any("PROFILE" in line for line in env_lines(found(profile=""), ""))


@pytest.mark.parametrize(
    ("candidates", "name"),
    [
        (("KFM 12-34",), "KFM_12_34"),
        (("", "\x00\x01", "00123"), "M00123"),
        (("__a__b__",), "A_B"),
        (("x" * 80,), "X" * 32),
        ((), "METER1"),
        (("ñ",), "METER1"),
    ],
)
def test_a_name_is_made_of_what_the_meter_says_of_itself(candidates, name):
    assert meter_name(*candidates) == name
