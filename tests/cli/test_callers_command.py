"""``bridge callers`` as a technician types it, and what other commands say of meters that call."""

from __future__ import annotations

import io
import json

import pytest

from bridge.cli.callers.callers import CallersCommand, env_lines
from bridge.cli.catalogue import Catalogue
from bridge.cli.configured_meter import ConfiguredMeter
from bridge.cli.doctor.meters import DirectMeters
from bridge.configuration.load import load
from bridge.listen.unknown_callers import UnknownCaller, UnknownCallers
from bridge.meters.counter_store import CounterStore
from bridge.meters.refused_secrets import RefusedSecrets
from tests.configuration.loading import NOWHERE

CALLS = {"LISTEN__PORT": "4059", "METERS__MAIN__DIAL_IN": "true", "METERS__MAIN__CALLER_ID": "imei 1"}


def shown(environ, *, as_json=False):
    out = io.StringIO()
    assert CallersCommand(environ, out, as_json=as_json, secrets_dir=NOWHERE).run() == 0
    return out.getvalue()


@pytest.fixture
async def environ(tmp_path):
    unknown = UnknownCallers(tmp_path / "callers.json", lambda: 1_795_730_000.0)
    for caller in (
        UnknownCaller("10.0.0.1", title="4B464D6750000009", framing="m-bus", reason="unknown-title", said="a title"),
        UnknownCaller("10.0.0.2", name="KFM 1", framing="hdlc", reason="unknown-meter", said="names no meter"),
        UnknownCaller("10.0.0.3", text="IMEI 1\x1b[2J", reason="stray", said="text"),
        UnknownCaller("10.0.0.4", title="AA" * 8, reason="plain", said="hall: pushed a plain message"),
    ):
        unknown.note(caller)
    await unknown.save()
    return {**CALLS, "DATA_DIR": str(tmp_path)}


def test_each_caller_has_its_lines(environ):
    text = shown(environ)
    for line in (
        "METERS__NEW__METER_SYSTEM_TITLE=4B464D6750000009",
        "METERS__NEW__ENCRYPTION_KEY=…",
        "METERS__NEW__LOGICAL_DEVICE_NAME='KFM 1'",
        "METERS__NEW__DIAL_IN=true",
        "METERS__HALL__PUSH_PLAIN=true",
        "1 time, last 2026-11-26",
    ):
        assert line in text
    assert "\x1b[2J" not in text, "what a stranger sends moves no terminal"
    assert "el nombre que usted elija" in shown(environ | {"LANG": "es_CL.UTF-8"})


def test_as_json_it_is_one_document(environ):
    callers = json.loads(shown(environ, as_json=True))
    assert {one["reason"] for one in callers} == {"unknown-title", "unknown-meter", "stray", "plain"}
    assert callers[0]["env"]


def test_a_mistake_in_the_settings_hides_nobody(environ):
    assert len(json.loads(shown(environ | {"CLOCK__PATIENCE": "soon"}, as_json=True))) == 4


def test_nobody_is_said_and_a_port_that_is_shut_too(tmp_path):
    assert "nobody called" in shown({"DATA_DIR": str(tmp_path), "LISTEN__PORT": "4059"})
    assert "LISTEN__PORT is not set" in shown({"DATA_DIR": str(tmp_path)})


def test_the_lines_of_a_caller_that_said_nothing_of_itself_are_its_address():
    assert env_lines(UnknownCaller("10.0.0.9", reason="unknown-meter")) == [
        "METERS__NEW__PUSH_ONLY=true",
        "METERS__NEW__HOST=10.0.0.9",
    ]


async def test_a_meter_that_calls_is_not_connected_to(tmp_path):
    environ = {**CALLS, "DATA_DIR": str(tmp_path)}
    say = Catalogue("en")
    configured = ConfiguredMeter.named("main", environ, say)
    assert configured.objection(say).startswith("main calls by itself")
    settings = load(environ, NOWHERE)
    direct = DirectMeters(RefusedSecrets(settings.data_dir), CounterStore(None), connect_timeout_s=1)
    [finding] = await direct.check(configured.meter)
    assert finding.key == "doctor.meter.calls"
