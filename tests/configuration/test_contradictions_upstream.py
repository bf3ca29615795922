"""Settings of the way to ThingsBoard that are right by themselves and wrong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.configuration.load import load
from tests.configuration.loading import NOWHERE, TB, problems


def test_a_thingsboard_needs_a_host_and_a_token():
    assert problems(METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb") == [
        "THINGSBOARD__TOKEN: missing; THINGSBOARD__HOST is given, and ThingsBoard asks for an access token"
    ]
    assert problems(THINGSBOARD__TOKEN="x") == [
        "THINGSBOARD__HOST: missing; THINGSBOARD__TOKEN is given, but no server to use it with"
    ]


def test_the_token_may_be_missing_where_apply_fetches_it():
    api = {"THINGSBOARD__HOST": "tb", "THINGSBOARD__API_URL": "https://tb", "THINGSBOARD__API_KEY": "K"}
    settings = load({"METERS__MAIN__HOST": "a", **api}, NOWHERE)
    assert settings.thingsboard.uses_kept_token
    given = load({"METERS__MAIN__HOST": "a", **api, "THINGSBOARD__TOKEN": "T"}, NOWHERE)
    assert not given.thingsboard.uses_kept_token
    (device_mode,) = problems(METERS__MAIN__HOST="a", **api, THINGSBOARD__MODE="device")
    assert device_mode.startswith("THINGSBOARD__TOKEN: missing")


TO_THINGSBOARD = {"THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": "T", "METERS__MAIN__HOST": "m"}


def test_a_way_to_thingsboard_must_lead_there():
    (no_broker,) = problems(**TO_THINGSBOARD, THINGSBOARD__VIA="mosquitto")
    assert "BROKER__HOST names no broker" in no_broker
    (no_server,) = problems(METERS__MAIN__HOST="m", THINGSBOARD__VIA="direct")
    assert "THINGSBOARD__HOST names none" in no_server
    (neither,) = problems(**TO_THINGSBOARD, THINGSBOARD__VIA="pigeon")
    assert "THINGSBOARD__VIA" in neither


@pytest.mark.parametrize(
    ("given", "via"),
    [
        ({}, "direct"),
        ({"THINGSBOARD__VIA": "direct"}, "direct"),
        ({"BROKER__HOST": "mosquitto"}, "mosquitto"),
        ({"BROKER__HOST": "mosquitto", "THINGSBOARD__VIA": "Direct"}, "direct"),
        ({"BROKER__HOST": "mosquitto", "THINGSBOARD__VIA": "mosquitto"}, "mosquitto"),
    ],
)
def test_the_way_is_the_local_broker_where_there_is_one_and_direct_where_there_is_none(given, via):
    assert load(TO_THINGSBOARD | given, NOWHERE).via == via


def test_without_a_meter_nothing_invented_goes_to_a_thingsboard():
    [problem] = problems(**TB)
    assert problem.startswith("METERS__<NAME>__HOST: missing; THINGSBOARD__HOST is given")
    assert "POLL__DEMO_METER=true" in problem
    assert load({**TB, "POLL__DEMO_METER": "true"}, NOWHERE).meters == {}


def test_an_authoritys_certificate_must_be_there_and_in_use(tmp_path):
    upstream = {"METERS__MAIN__HOST": "a", "THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": "x"}
    certificate = tmp_path / "ca.pem"
    assert problems(**upstream, THINGSBOARD__TLS="true", THINGSBOARD__CA_FILE=str(certificate)) == [
        f"THINGSBOARD__CA_FILE={certificate}: there is no such file"
    ]
    certificate.touch()
    assert problems(**upstream, THINGSBOARD__CA_FILE=str(certificate)) == [
        "THINGSBOARD__CA_FILE: is for TLS, which is off; set THINGSBOARD__TLS=true or remove it"
    ]


def test_a_clients_certificate_is_two_files_needs_tls_and_stands_for_the_token(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    certificate, key = Path("client.pem"), Path("client.key")
    certificate.touch()
    upstream = {"METERS__MAIN__HOST": "a", "THINGSBOARD__HOST": "tb", "THINGSBOARD__CERT_FILE": str(certificate)}
    assert problems(**upstream, THINGSBOARD__TLS="true") == [
        "THINGSBOARD__KEY_FILE: missing; a client certificate is two files, and THINGSBOARD__CERT_FILE is one of them"
    ]
    upstream["THINGSBOARD__KEY_FILE"] = str(key)
    assert problems(**upstream, THINGSBOARD__TLS="true") == [f"THINGSBOARD__KEY_FILE={key}: there is no such file"]
    key.touch()
    assert problems(**upstream) == [
        f"THINGSBOARD__{name}_FILE: is for TLS, which is off; set THINGSBOARD__TLS=true or remove it"
        for name in ("CERT", "KEY")
    ]
    assert load({**upstream, "THINGSBOARD__TLS": "true"}, NOWHERE).thingsboard.key_file == key
