"""``.env.example`` against the settings it describes: nothing missing, nothing invented, nothing usable as a secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bridge.configuration.load import load
from bridge.configuration.settings import Settings
from bridge.configuration.variables import FIELDS, KEYS, METERS, understand

ROOT = Path(__file__).parent.parent
LINES = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
EXAMPLES = [line.lstrip("#").partition("=") for line in LINES if re.match(r"#?[A-Z][A-Z_0-9]*=", line)]
COMPOSE_ONLY = {
    "ALERTS_HEARTBEAT_URL", "ALERTS_MAIL_FROM", "ALERTS_MAIL_SERVER", "ALERTS_MAIL_TO", "ALERTS_MAIL_USER",
    "ALERTS_WEBHOOK_URL", "BIND_ADDRESS", "BRIDGE_PORT", "BROKER_CERT_FILE", "BROKER_KEY_FILE",
    "BROKER_READERS",
    "COMPOSE_PROFILES", "GRAFANA_PORT", "GRAFANA_ADMIN_PASSWORD",
    "LANG", "PROMETHEUS_PORT", "SECRETS_DIR", "TZ",
}  # fmt: skip


def default_of(variable):
    key = KEYS[variable]
    section = Settings() if len(key) == 1 else getattr(Settings(), key[0])
    return getattr(section, FIELDS[key[0]][key[-1]] if len(key) > 1 else key[-1])


def test_every_setting_stands_there_once_and_nothing_else():
    names = [name for name, _, _ in EXAMPLES]
    meters = [name for name in names if name.startswith("METERS__")]
    assert sorted(set(names) - set(meters)) == sorted({*KEYS, *COMPOSE_ONLY})
    assert len(names) == len(set(names))
    fields = [understand(name)[2] for name in meters]
    assert set(fields) == set(FIELDS[METERS])


@pytest.mark.parametrize("variable", sorted(KEYS))
def test_every_default_is_the_models(variable):
    [value] = [value for name, _, value in EXAMPLES if name == variable]
    default = default_of(variable)
    if default is not None:
        section = variable.rpartition("__")[0]
        upstream = {"METERS__MAIN__HOST": "a", "THINGSBOARD__HOST": "tb", "THINGSBOARD__TOKEN": "x"}
        api = {"THINGSBOARD__API_URL": "https://tb", "THINGSBOARD__API_KEY": "x"}
        extra = {"THINGSBOARD": upstream, "AUDIT": api}.get(section, {})
        given = load({**extra, variable: value}, Path("/nonexistent"))
        key = KEYS[variable]
        holder = given if len(key) == 1 else getattr(given, key[0])
        assert getattr(holder, FIELDS[key[0]][key[-1]] if len(key) > 1 else key[-1]) == default


def test_everything_is_commented_out():
    assert all(not line or line.startswith("#") for line in LINES)


def test_taking_the_hash_away_gives_a_configuration_that_works_once_the_secrets_are_filled_in(tmp_path):
    given = {name: value.strip("'") for name, _, value in EXAMPLES if value}
    for file in ("METERS_FILE", *(f"THINGSBOARD__{name}_FILE" for name in ("CA", "CERT", "KEY"))):
        given[file] = str(tmp_path / Path(given[file]).name)
        Path(given[file]).write_text("name,host\n")
    given |= {"METERS__MAIN__PASSWORD": "x", "METERS__SECOND__PASSWORD": "x", "THINGSBOARD__TOKEN": "x"}
    given |= {"THINGSBOARD__TLS": "true", "THINGSBOARD__API_KEY": "x"}
    meters = load(given, tmp_path).meters
    assert [(meter.host, meter.profile) for meter in meters.values()] == [
        ("192.168.1.127", "microstar"),
        ("192.168.1.128", "three_phase"),
    ]
    assert meters["second"].device == "Main building"


def test_it_holds_no_secret():
    assert all(not value for name, _, value in EXAMPLES if name.endswith(("PASSWORD", "TOKEN", "API_KEY")))


def test_a_docker_env_file_takes_every_value_as_it_stands():
    """Docker keeps or interprets quotes, ``$`` and comments after a value, depending on who reads the file."""
    for name, _, value in EXAMPLES:
        assert re.fullmatch(r"[\w./:-]*|'[\w ]+'", value), name


def test_the_names_of_the_stack_alone_are_in_the_compose_file():
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in COMPOSE_ONLY:
        assert name in compose


def test_the_language_in_the_env_file_is_not_overruled_by_the_shells():
    """Compose takes a variable that the file names without a value from the shell first, and most shells have LANG."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert "LANG" not in compose["services"]["bridge"]["environment"]
