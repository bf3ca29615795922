"""Loading the settings: from environment, secrets and fleet file to values, or to every mistake at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.configuration.load import load
from bridge.configuration.settings import MeterSettings, OutboxSettings, PollSettings, Settings
from tests.configuration.loading import NOWHERE, load_with, problems


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


def test_the_models_take_the_names_of_the_code_too():
    assert OutboxSettings(max_mb=1, commit_interval_s=0.02).commit_interval_s == 0.02


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
