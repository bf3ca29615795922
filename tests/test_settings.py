"""Loading the settings: from environment, secrets and fleet file to values, or to every mistake at once."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from pydantic import ValidationError

from bridge.configuration.variables import FIELDS, KEYS
from bridge.errors import ConfigError
from bridge.settings import MeterSettings, OutboxSettings, PollSettings, Settings, load

NOWHERE = Path("/nonexistent/secrets")


def load_with(secrets_dir: Path = NOWHERE, **environ: str) -> Settings:
    return load(environ, secrets_dir)


def problems(secrets_dir: Path = NOWHERE, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(environ, secrets_dir)
    return caught.value.problems


def test_nothing_given_is_every_default():
    assert load({}, NOWHERE) == Settings()
    assert load({}, NOWHERE).meters == {}


def test_everything_given_arrives():
    given = load_with(
        METERS__MAIN__HOST="192.168.1.127",
        METERS__MAIN__PORT="3333",
        METERS__MAIN__PROFILE="microstar",
        METERS__MAIN__FRAMING="HDLC",
        METERS__MAIN__SERVER_ADDRESS_BYTES="1",
        METERS__MAIN__PASSWORD=" 12345678",
        METERS__MAIN__INTERVAL="0.5",
        THINGSBOARD__HOST="tb.example.com",
        THINGSBOARD__TLS="yes",
        THINGSBOARD__TOKEN="opensesame",
        OUTBOX__MAX_MB="64",
        LOG__LEVEL="debug",
        LOG__JSON="true",
        DATA_DIR="/data",
    )
    meter = given.meters["main"]
    assert (meter.host, meter.port, meter.profile) == ("192.168.1.127", 3333, "microstar")
    assert (meter.framing, meter.server_address_bytes, meter.interval_s) == ("hdlc", 1, 0.5)
    assert meter.password is not None
    assert meter.password.get_secret_value() == " 12345678"  # its spaces may be meant
    assert given.thingsboard.tls
    assert (given.outbox.max_mb, given.log.level, given.log.json_lines) == (64, "DEBUG", True)
    assert given.data_dir == Path("/data")


def test_names_count_in_any_case():
    given = load({"meters__Main__host": "a", "Poll__Interval": "7"}, NOWHERE)
    assert list(given.meters) == ["main"]
    assert given.poll.interval_s == 7


def test_empty_and_blank_values_count_as_unset():
    given = load_with(METERS__MAIN__HOST="a", METERS__MAIN__PASSWORD="", METERS__MAIN__PORT=" ", POLL__INTERVAL="")
    assert given.meters["main"] == MeterSettings(host="a")
    assert given.poll == PollSettings()
    assert load_with(METERS__MAIN__HOST="", METERS__MAIN__PASSWORD="").meters == {}


def test_the_settings_do_not_read_the_environment_on_their_own(monkeypatch):
    monkeypatch.setenv("DATA_DIR", "/elsewhere")
    monkeypatch.setenv("POLL__INTERVAL", "77")
    assert Settings().data_dir == Path("data")
    assert load({}, NOWHERE).poll.interval_s == 5


def test_variables_of_other_programs_are_left_alone():
    names = """PATH HOME LANG TZ HOSTNAME PWD TERM PYTHONPATH GPG_KEY SSL_CERT_FILE XDG_CONFIG_HOME DOCKER_HOST PORT
        BIND_ADDRESS GRAFANA_PORT GRAFANA_ADMIN_PASSWORD PROMETHEUS_PORT COMPOSE_PROJECT_NAME LOG LINK HEALTH POLL
        GF_SECURITY_ADMIN_PASSWORD__FILE __CF_USER_TEXT_ENCODING HTTP_PROXY no_proxy LC_ALL _ MAIL LOGNAME USER
        VIRTUAL_ENV PYTHON_VERSION PYTHON_SHA256 METERING"""
    assert load(dict.fromkeys(names.split(), "tcp://10.0.0.1:99"), NOWHERE) == Settings()


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


@pytest.fixture
def secrets_dir(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def test_secrets_come_from_files_named_like_the_variable_in_any_case(secrets_dir):
    (secrets_dir / "METERS__MAIN__PASSWORD").write_bytes(b"12345678\n")
    (secrets_dir / "thingsboard__token").write_bytes(b"opensesame\r\n")
    (secrets_dir / "another_programs_key").write_bytes(b"\xff\xfe")
    (secrets_dir / "..data").mkdir()
    given = load_with(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb")
    password, token = given.meters["main"].password, given.thingsboard.token
    assert password is not None
    assert token is not None
    assert (password.get_secret_value(), token.get_secret_value()) == ("12345678", "opensesame")


def test_secret_and_environment_that_differ_are_named_and_neither_is_shown(secrets_dir):
    file = secrets_dir / "thingsboard__token"
    file.write_text("opensesame\n")
    assert load_with(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb", THINGSBOARD__TOKEN="opensesame")
    [problem] = problems(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb", THINGSBOARD__TOKEN="hunter2")
    assert problem == (
        f"thingsboard__token ({file}): also given as THINGSBOARD__TOKEN (environment), and they differ; remove one"
    )


def test_a_secrets_misspelt_name_is_named(secrets_dir):
    (secrets_dir / "THINGSBOARD__TOKNE").write_text("opensesame")
    assert problems(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb") == [
        "THINGSBOARD__TOKNE: unknown setting; did you mean THINGSBOARD__TOKEN?"
    ]


def test_a_secret_that_is_not_text_is_named(secrets_dir):
    file = secrets_dir / "THINGSBOARD__TOKEN"
    file.write_bytes(b"\xff\xfe\x00")
    assert problems(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb") == [f"{file}: must be UTF-8 text"]


def test_a_secret_that_cannot_be_read_is_named(secrets_dir, monkeypatch):
    file = secrets_dir / "THINGSBOARD__TOKEN"
    file.touch()

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert problems(secrets_dir, METERS__MAIN__HOST="a", THINGSBOARD__HOST="tb") == [
        f"{file}: cannot be read: Permission denied; the bridge's user needs the right to"
    ]


def test_a_secret_for_a_meter_that_there_is_not_is_named(secrets_dir):
    file = secrets_dir / "METERS__MIAN__PASSWORD"
    file.write_text("12345678")
    assert problems(secrets_dir, METERS__MAIN__HOST="a") == [
        f"METERS__MIAN__HOST: missing; every meter needs one (METERS__MIAN__PASSWORD comes from {file})"
    ]


SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(
    "environ",
    [
        {"METERS__MAIN__PASSWORD": SECRET},
        {"METERS__MAIN__HOST": "a", "METERS__MAIN__PASSWORD": SECRET + "\x00"},
        {"METERS__MAIN__HOST": "a", "METERS__MAIN__PASSWROD": SECRET},
        {"THINGSBOARD__TOKEN": SECRET},
        {"THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": f"{SECRET} with spaces"},
        {"THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": SECRET, "thingsboard__token": SECRET + "2"},
        {"THINGSBOARD_TOKEN": SECRET},
    ],
)
def test_no_secret_is_in_any_mistake(environ):
    found = problems(**environ)
    assert found
    assert SECRET not in "\n".join(found)


def test_no_secret_is_in_the_settings_representation():
    given = load_with(
        METERS__MAIN__HOST="a", METERS__MAIN__PASSWORD=SECRET, THINGSBOARD__HOST="tb", THINGSBOARD__TOKEN=SECRET
    )
    assert SECRET not in repr(given) + str(given) + given.model_dump_json()
    assert pickle.loads(pickle.dumps(given)) == given  # noqa: S301 - our own; it shows that the value is still there


def test_no_secret_is_in_the_models_own_errors():
    with pytest.raises(ValidationError) as caught:
        MeterSettings.model_validate({"host": "a", "password": SECRET, "passwrod": SECRET})
    assert SECRET not in str(caught.value)


def test_the_models_take_the_names_of_the_code_too():
    assert OutboxSettings(max_mb=1, commit_interval_s=0.02).commit_interval_s == 0.02


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


@pytest.mark.parametrize("setting", ["METERS__MAIN__DEVICE", "THINGSBOARD__DEVICE_TYPE", "THINGSBOARD__PROVISION_NAME"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x" * 256, "must be 1 to 255 characters"),
        ("a\0b", "without control characters"),
        ("<script>", "holds <script, which looks like markup"),
        ("Hall </b>", "holds </b, which looks like markup"),
    ],
)
def test_a_name_that_thingsboard_would_never_acknowledge_is_refused(setting, name, said):
    (problem,) = problems(**{"METERS__MAIN__HOST": "10.0.0.1", setting: name})
    assert problem.startswith(setting)
    assert said in problem


def test_a_blank_name_is_none():
    given = load_with(METERS__MAIN__HOST="10.0.0.1", METERS__MAIN__DEVICE=" ", THINGSBOARD__DEVICE_TYPE="")
    assert given.meters["main"].device is None
    assert given.thingsboard.device_type == "meter"


@pytest.mark.parametrize("name", ["x" * 255, "Nave 3/+#\"'", "Peña 数", "a < b", "3<4", " x "])
def test_a_name_that_it_takes_is_taken(name):
    given = load_with(METERS__MAIN__HOST="10.0.0.1", METERS__MAIN__DEVICE=name, THINGSBOARD__DEVICE_TYPE=name)
    assert given.meters["main"].device == name.strip()
