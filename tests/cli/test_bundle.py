"""The support bundle: what somebody far away needs, and no secret of the settings in any file in any writing."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import stat
import subprocess
import sys
import zipfile

import pytest

from bridge.cli.doctor.doctor import doctor
from bridge.health.metrics import Metrics
from bridge.health.server import HealthServer
from tests.cli.clinic import ROOT, Clinic
from tests.cli.test_redaction import raw_of, writings

pytestmark = pytest.mark.broker

PASSWORD = "a-wrong-pässword"
KEY = "00112233445566778899AABBCCDDEEFF"
TOKEN = "T0KEN-of-the-gateway"
BROKER_PASSWORD = "only-the-broker-knows"
SECRETS = (PASSWORD, KEY, TOKEN, BROKER_PASSWORD)


@pytest.fixture(autouse=True)
def briefly(monkeypatch):
    monkeypatch.setattr("bridge.cli.doctor.upstream._WATCH_S", 0.1)
    monkeypatch.setattr("bridge.cli.doctor.upstream._FENCE_S", 0.5)


def contents(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name.removeprefix("dlms-bridge/"): archive.read(name) for name in archive.namelist()}


def leaked(files):
    """Every secret that can be found in a file, with the way in which it is written there."""
    found = []
    for name, content in files.items():
        text = content.decode()
        for secret in SECRETS:
            for raw in raw_of(secret):
                found += [(name, secret, writing) for writing in writings(raw) if writing.lower() in text.lower()]
                for wide in ("utf-16-le", "utf-16-be"):
                    found += [(name, secret, wide)] if raw.decode("latin-1").encode(wide) in content else []
                for before in range(3):
                    middle = base64.b64encode(b"\0" * before + raw)[4:-4].decode()
                    found += [(name, secret, "base64")] if middle in text else []
    return found


def secret_settings(tmp_path):
    (tmp_path / "credentials").write_text(f"bridge\n{BROKER_PASSWORD}\n")
    return {
        "METERS__MAIN__PASSWORD": PASSWORD,
        "METERS__MAIN__ENCRYPTION_KEY": KEY,
        "METERS__MAIN__AUTHENTICATION_KEY": KEY,
        "METERS__MAIN__SECURITY": "none",
        "THINGSBOARD__TOKEN": TOKEN,
        "BROKER__CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


async def test_without_a_bridge_it_has_findings_configuration_and_the_failing_meters_frames(tmp_path):
    async with Clinic(tmp_path) as clinic:
        changes = secret_settings(tmp_path)
        found = await clinic.examine(bundle=tmp_path / "bundle.zip", **changes)
    files = contents(tmp_path / "bundle.zip")
    assert set(files) == {
        "README.txt", "doctor.txt", "doctor.json", "configuration.txt", "versions.txt", "frames.txt",
    }  # fmt: skip
    assert leaked(files) == []
    assert json.loads(files["doctor.json"])["findings"] == found.findings
    assert b"THINGSBOARD__TOKEN" in files["configuration.txt"]
    frames = files["frames.txt"].decode()
    assert "main | " in frames
    assert "  -> 7E A0" in frames
    assert "  <- 7E A0" in frames
    assert stat.S_IMODE((tmp_path / "bundle.zip").stat().st_mode) == 0o600


async def test_the_password_in_the_association_is_masked_and_the_rest_of_the_frame_stays(tmp_path):
    async with Clinic(tmp_path) as clinic:
        found = await clinic.examine(bundle=tmp_path / "bundle.zip", METERS__MAIN__PASSWORD=PASSWORD)
    assert found.bad == ["meter.auth"]
    frames = contents(tmp_path / "bundle.zip")["frames.txt"].decode()
    (association,) = [line for line in frames.splitlines() if "E6 E6 00 60" in line]
    assert f"{'** ' * len(PASSWORD.encode())}" in association
    assert association.endswith("7E")


async def test_whatever_the_running_bridge_says_is_masked_too(tmp_path):
    metrics = Metrics()
    everything = [writing for secret in SECRETS for raw in raw_of(secret) for writing in writings(raw)]
    row = {
        "name": "main", "state": "failing", "interval_s": 5.0, "last_value_ago_s": None, "success_5min": 0.0,
        "success_1h": 0.0, "reconnects": 0, "failing_for_s": 1.0, "last_error_stage": "auth",
        "last_error": f"refuses {PASSWORD!r}", "last_error_ago_s": 1.0, "next_attempt_in_s": 1.0, "clock_drift_s": None,
    }  # fmt: skip
    delivery = {
        "broker": "up", "upstream": "up", "token_shared": False, "last_confirmed_ago_s": 1.0, "waiting_samples": 0,
        "in_memory_samples": 0, "oldest_waiting_s": 0.0, "bytes": 0, "limit_bytes": 1, "lost_samples": 0,
        "lost_last_hour": 0, "set_aside_samples": 0, "drain_s": None, "unwritable_for_s": None, "disk_free_bytes": 1,
    }  # fmt: skip
    wrong = {"what": "upstream", "said": TOKEN, "meter": ""}
    report = {"version": "0", "time_s": 0.0, "uptime_s": 9.0, "wrong": [wrong], "delivery": delivery, "meters": [row]}
    async with Clinic(tmp_path) as clinic:
        server = HealthServer(
            "127.0.0.1",
            clinic.health_port,
            page=metrics.page.text,
            healthy=lambda: (True, "ok"),
            ready=lambda: (True, "ok"),
            status=lambda: report,
            log=lambda: "".join(f"log | {writing} | end\n" for writing in everything),
            frames=lambda name: "".join(f"-> {name} {writing}\n" for writing in everything),
        )
        try:
            found = await clinic.examine(bundle=tmp_path / "bundle.zip", **secret_settings(tmp_path))
        finally:
            await asyncio.to_thread(server.close)
    files = contents(tmp_path / "bundle.zip")
    assert {"status.json", "metrics.txt", "log.txt"} <= set(files)
    assert "meter.auth" in found.bad
    assert leaked(files) == []
    log = files["log.txt"].decode().splitlines()
    assert len(log) == len(everything)
    assert all(line.startswith("log | ") and line.endswith(" | end") for line in log)
    assert files["frames.txt"].decode().splitlines()[1].startswith("  -> main ")
    assert b"dlms_bridge_build_info{" in files["metrics.txt"]


async def test_a_secret_that_cannot_be_used_is_a_secret_all_the_same(tmp_path):
    async with Clinic(tmp_path) as clinic:
        found = await clinic.examine(
            bundle=tmp_path / "bundle.zip", **secret_settings(tmp_path) | {"THINGSBOARD__TOKEN": f"{TOKEN} ñ"}
        )
    assert found.code == 2
    assert leaked(contents(tmp_path / "bundle.zip")) == []


async def test_it_can_go_to_standard_output_and_the_report_to_the_other(tmp_path):
    async with Clinic(tmp_path, broker=False) as clinic:
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "LANG": "es_MX.UTF-8",
        }
        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "bridge", "doctor", "--bundle", "-"],
            env=environ | clinic.environ,
            capture_output=True,
            check=False,
            timeout=60,
        )
    (tmp_path / "bundle.zip").write_bytes(ended.stdout)
    assert "doctor.json" in contents(tmp_path / "bundle.zip")
    assert ended.returncode == 1
    said = ended.stderr.decode()
    assert "nada escucha ahí" in said
    assert "paquete para soporte: -, archivos: 6" in said
    assert "Traceback" not in said


def test_where_it_cannot_be_written_that_is_said_with_the_way_out(tmp_path, capsys):
    environ = {"DATA_DIR": str(tmp_path), "BROKER__HOST": "127.0.0.1", "BROKER__PORT": "1", "HEALTH__PORT": "1"}
    out = io.StringIO()
    assert doctor(environ, out, bundle=tmp_path / "no" / "folder.zip", secrets_dir=tmp_path) == 1
    assert "No such file or directory; in a container, --bundle - > FILE" in capsys.readouterr().err
