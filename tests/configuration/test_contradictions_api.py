"""Settings of ThingsBoard's REST API that are right by themselves and wrong together."""

from __future__ import annotations

import sys

import pytest

from bridge.cli.check.check import check
from tests.configuration.loading import NOWHERE, TB, load_with, problems

METER = {"METERS__MAIN__HOST": "m", **TB}
URL = {"THINGSBOARD__API_URL": "https://tb.example.com"}


@pytest.mark.parametrize(
    "given", [{"THINGSBOARD__API_KEY": "k"}, {"THINGSBOARD__API_USER": "u@x", "THINGSBOARD__API_PASSWORD": "p"}]
)
def test_an_address_and_one_login_are_enough(given):
    assert load_with(**METER, **URL, **given).thingsboard.api_url == "https://tb.example.com"


def test_an_address_needs_a_login_and_a_login_an_address():
    [no_login] = problems(**METER, **URL)
    assert no_login.startswith("THINGSBOARD__API_KEY: missing; THINGSBOARD__API_URL is given")
    [no_address] = problems(**METER, THINGSBOARD__API_KEY="k")
    assert no_address.startswith("THINGSBOARD__API_URL: missing; THINGSBOARD__API_KEY is given")


def test_a_user_needs_a_password_and_a_password_a_user():
    [no_password] = problems(**METER, **URL, THINGSBOARD__API_USER="u")
    assert no_password.startswith("THINGSBOARD__API_PASSWORD: missing; THINGSBOARD__API_USER is given")
    [no_user] = problems(**METER, **URL, THINGSBOARD__API_PASSWORD="p")
    assert no_user.startswith("THINGSBOARD__API_USER: missing; THINGSBOARD__API_PASSWORD is given")


def test_two_logins_are_one_too_many():
    [two] = problems(**METER, **URL, THINGSBOARD__API_KEY="k", THINGSBOARD__API_USER="u", THINGSBOARD__API_PASSWORD="p")
    assert two == (
        "THINGSBOARD__API_USER: THINGSBOARD__API_KEY is given as well, and one login is enough; remove one of them"
    )


@pytest.mark.parametrize(
    "address",
    [
        "tb.example.com", "ftp://tb", "https://", "https://u:p@tb", "https://tb/?a=b", "https://[tb", "https://tb:99999",
        "https://tb:https", "https://tb:0", "https://t b", "https://a..b",
    ],
)  # fmt: skip
def test_what_is_no_address_is_named(address):
    [wrong] = problems(**METER, THINGSBOARD__API_URL=address, THINGSBOARD__API_KEY="k")
    assert wrong.startswith(f"THINGSBOARD__API_URL={address}: must be an address")


@pytest.mark.parametrize("written", ["https://tb/", "https://tb/api", "https://tb/api/"])
def test_an_address_may_end_as_people_write_it(written):
    given = load_with(**METER, THINGSBOARD__API_URL=written, THINGSBOARD__API_KEY="k")
    assert given.thingsboard.api_url == "https://tb"


def test_a_password_over_there_is_taken_as_it_stands():
    given = {"THINGSBOARD__API_USER": "u", "THINGSBOARD__API_PASSWORD": "hex:no digits"}
    assert load_with(**METER, **URL, **given).thingsboard.api_password.get_secret_value() == "hex:no digits"


def test_an_audit_needs_somebody_to_ask():
    [nobody] = problems(**METER, AUDIT__EVERY="3600")
    assert nobody.startswith("AUDIT__EVERY: an audit asks ThingsBoard over its REST API; set THINGSBOARD__API_URL")
    assert load_with(**METER, AUDIT__EVERY="0").audit.every_s == 0


def test_an_authoritys_certificate_may_be_for_the_api_alone(tmp_path):
    certificate = tmp_path / "ca.pem"
    certificate.write_text("x")
    given = METER | {"THINGSBOARD__CA_FILE": str(certificate), "THINGSBOARD__API_KEY": "k"}
    assert load_with(**given, **URL).thingsboard.ca_file == certificate
    [unused] = problems(**given, THINGSBOARD__API_URL="http://tb.example.com")
    assert "is for TLS, which is off" in unused


def test_samples_are_kept_for_two_days_where_an_audit_can_ask_and_else_not_at_all():
    with_api = {**METER, **URL, "THINGSBOARD__API_KEY": "k"}
    for given, hours in ((METER, 0), (with_api, 48), ({**with_api, "OUTBOX__KEEP_HOURS": "0"}, 0)):
        settings = load_with(**given)
        assert settings.outbox.keep_s(settings.thingsboard) == hours * 3600
    settings = load_with(**METER, OUTBOX__KEEP_HOURS="1,5")
    assert settings.outbox.keep_s(settings.thingsboard) == 5400


def test_check_shows_neither_key_nor_password(capsys):
    given = METER | URL | {"THINGSBOARD__API_USER": "u", "THINGSBOARD__API_PASSWORD": "open-sesame"}
    assert check(given, sys.stdout, NOWHERE) == 0
    shown = capsys.readouterr().out
    assert "open-sesame" not in shown
    assert "THINGSBOARD__API_PASSWORD" in shown
