"""Every mistake in the settings is found at once, named where it was written, with what is allowed."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from bridge.configuration.load import load
from bridge.configuration.settings import Settings
from bridge.configuration.variables import FIELDS, KEYS
from bridge.errors import ConfigError
from tests.configuration.loading import NOWHERE, load_with, problems


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("METERS__MAIN__PROT", "METERS__MAIN__PORT"),
        ("METERS__main__HSOT", "METERS__main__HOST"),
        ("METERS__MAIN__PASSWROD", "METERS__MAIN__PASSWORD"),
        ("METERS__MAIN__INTERVAL_S", "METERS__MAIN__INTERVAL"),
        ("METERS__MAIN_HOST", "METERS__MAIN__HOST"),
        ("METERS_MAIN_HOST", "METERS__MAIN__HOST"),
        ("METER_MAIN_PASSWORD", "METERS__MAIN__PASSWORD"),
        ("METER__MAIN__HOST", "METERS__MAIN__HOST"),
        ("METERS_FIEL", "METERS_FILE"),
        ("POLL_INTERVAL", "POLL__INTERVAL"),
        ("POLL__INTERVALL", "POLL__INTERVAL"),
        ("THINGBOARD__TOKEN", "THINGSBOARD__TOKEN"),
        ("THINGSBOARD_TOKEN", "THINGSBOARD__TOKEN"),
        ("OUTBOX__MAXMB", "OUTBOX__MAX_MB"),
        ("LOGLEVEL", "LOG__LEVEL"),
    ],
)
def test_a_misspelt_name_is_named_with_the_right_one(typed, meant):
    assert problems(**{typed: "hunter2"}) == [f"{typed}: unknown setting; did you mean {meant}?"]


def test_a_name_like_nothing_known_is_named_with_what_there_is():
    assert problems(POLL__COLOUR="red") == [
        "POLL__COLOUR: unknown setting; POLL__… has INTERVAL, TIMEOUT, RETRIES, DEMO_METER"
    ]
    assert problems(METERS__MAIN="x") == [
        "METERS__MAIN: unknown setting; a meter's settings look like METERS__<NAME>__HOST"
    ]


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("METERS__MAIN__PORT", "99999", "must be a whole number from 1 to 65535"),
        ("METERS__MAIN__PORT", "3333x", "must be a whole number from 1 to 65535"),
        ("METERS__MAIN__CLIENT", "0", "must be a whole number from 1 to 65535"),
        ("METERS__MAIN__SERVER_ADDRESS_BYTES", "3", "must be one of 1, 2, 4"),
        ("METERS__MAIN__SERVER_ADDRESS_BYTES", "9" * 50, "must be one of 1, 2, 4"),
        ("METERS__MAIN__FRAMING", "serial", "must be one of hdlc, wrapper, hdlc-mode-e"),
        (
            "METERS__MAIN__AUTHENTICATION",
            "secret",
            "must be one of none, low, high, md5, sha1, sha256, gmac, ecdsa",
        ),
        ("METERS__MAIN__REFERENCING", "obis", "must be one of ln, sn"),
        (
            "METERS__MAIN__SECURITY",
            "yes",
            "must be one of none, authentication, encryption, authenticated-encryption",
        ),
        ("METERS__MAIN__SUITE", "3", "must be one of 0, 1, 2"),
        ("METERS__MAIN__SYSTEM_TITLE", "DLB0000000000001", "must be 16 hexadecimal digits"),
        ("METERS__MAIN__COUNTER_OBIS", "0.0.43.1.0.255", "must look like 0-0:43.1.0, or be none"),
        ("METERS__MAIN__COUNTER_OBIS", "0-0:43.1.256", "must look like 0-0:43.1.0, or be none"),
        ("METERS__MAIN__INTERVAL", "0.05", "must be a number of seconds from 0.1 to 86400"),
        ("METERS__MAIN__INTERVAL", "5s", "must be a number of seconds from 0.1 to 86400"),
        ("POLL__INTERVAL", "nan", "must be a number of seconds from 0.1 to 86400"),
        ("POLL__TIMEOUT", "0", "must be a number of seconds above 0, up to 300"),
        ("OUTBOX__MAX_MB", "inf", "must be a number above 0, up to 1000000"),
        ("OUTBOX__MAX_MB", "big", "must be a number above 0, up to 1000000"),
        ("LOG__LEVEL", "chatty", "must be one of TRACE, DEBUG, INFO, WARNING, ERROR"),
        ("LOG__JSON", "perhaps", "must be true or false"),
        ("METERS__MAIN__DEVICE", "x" * 256, "must be 1 to 255 characters"),
        *(
            (
                "HEALTH__NAMES",
                names,
                "must be names such as bridge.example.com, separated by commas: no http://, no port",
            )
            for names in ("http://a", "a:9108", "a.example b.example", "*.example.com")
        ),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(variable, value, rule):
    shown = value if len(value) <= 80 else value[:80] + "…"
    assert problems(**{"METERS__MAIN__HOST": "a", variable: value}) == [f"{variable}={shown}: {rule}"]


@pytest.mark.parametrize(
    "host",
    ['"192.168.1.127"', "http://a", "a b", "192.168.1.127:3333", "10.0.0.256", "1.2.3", "a..b", "-a", "peña", "x" * 64],
)
def test_a_host_is_a_name_or_an_address_alone(host):
    [problem] = problems(METERS__MAIN__HOST=host)
    assert problem.startswith(f"METERS__MAIN__HOST={host}: must be a host name or an IP address alone")


@pytest.mark.parametrize("host", ["192.168.1.127", "meter-7.example.com.", "fe80::1", "host_1", "::ffff:10.0.0.1"])
def test_a_host_may_be(host):
    assert load_with(METERS__MAIN__HOST=host).meters["main"].host == host


def test_a_meter_without_a_host_is_named():
    assert problems(METERS__MAIN__PORT="3333") == ["METERS__MAIN__HOST: missing; every meter needs one"]


def test_a_misspelt_host_is_not_called_missing_as_well():
    assert problems(METERS__MAIN__HSOT="a", METERS__MAIN__PORT="1") == [
        "METERS__MAIN__HSOT: unknown setting; did you mean METERS__MAIN__HOST?"
    ]


@pytest.mark.parametrize("name", ["TORRE NORTE", "PEÑA", "a/b", "x" * 65, "", "a#"])
def test_a_meters_name_that_no_topic_could_hold_is_named_once(name):
    given = {f"METERS__{name}__HOST": "a", f"METERS__{name}__PORT": "1"}
    assert problems(**given) == [f"METERS__{name}__HOST: a meter's name is 1 to 64 of the characters A-Z a-z 0-9 . _ -"]


def test_every_mistake_is_found_at_once():
    found = problems(
        METERS__MAIN__PROT="3333",
        METERS__MAIN__HOST="a",
        METERS__MAIN__PORT="99999",
        METERS__MAIN__AUTHENTICATION="low",
        METERS__SECOND__PORT="1",
        METERS__SECOND__PROFILE="triphase",
        THINGSBOARD__HOST="tb",
        LOG__LEVEL="chatty",
        POLL_INTERVAL="5",
    )
    assert sorted(line.split(":")[0] for line in found) == [
        "LOG__LEVEL=chatty",
        "METERS__MAIN__PASSWORD",
        "METERS__MAIN__PORT=99999",
        "METERS__MAIN__PROT",
        "METERS__SECOND__HOST",
        "METERS__SECOND__PROFILE=triphase",
        "POLL_INTERVAL",
        "THINGSBOARD__TOKEN",
    ]


def test_a_value_that_a_terminal_would_act_on_is_refused_and_not_shown():
    [problem] = problems(METERS__MAIN__HOST="a\x1b[2Jb")
    assert problem == "METERS__MAIN__HOST: must be plain UTF-8 text without control characters"


def test_bytes_that_are_not_utf8_are_refused():
    [problem] = problems(METERS__MAIN__HOST="a", METERS__MAIN__PASSWORD="\udcff1234")
    assert problem == "METERS__MAIN__PASSWORD: must be plain UTF-8 text without control characters"


def test_one_setting_twice_in_different_case_is_named_unless_both_say_the_same():
    assert load({"POLL__INTERVAL": "7", "poll__interval": "7"}, NOWHERE).poll.interval_s == 7
    assert problems(POLL__INTERVAL="7", poll__interval="8") == [
        "poll__interval (environment): also given as POLL__INTERVAL (environment), and they differ; remove one"
    ]


NAMES = strategies.one_of(
    strategies.sampled_from(sorted(KEYS)),
    strategies.builds(
        "METERS__{}__{}".format,
        strategies.sampled_from(["MAIN", "b", "Ñ", "a__b", ""]),
        strategies.sampled_from(sorted(FIELDS["meters"])),
    ),
    strategies.text(max_size=12),
    strategies.lists(strategies.text("METRSHOP_ ab\u017fß", max_size=8), max_size=4).map("__".join),
)


VALUES = strategies.one_of(
    strategies.sampled_from(["", "1", "3333", "low", "wrapper", "true", "microstar", "/", "a", "0,5", "9" * 5000]),
    strategies.text(max_size=8),
    strategies.characters(categories=("Cs", "Cc")),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.dictionaries(NAMES, VALUES, max_size=8))
def test_any_environment_gives_settings_or_a_list_of_mistakes(environ):
    found = []
    try:
        assert isinstance(load(environ, NOWHERE), Settings)
    except ConfigError as error:
        found = error.problems
    assert all(problem.isprintable() for problem in found)
