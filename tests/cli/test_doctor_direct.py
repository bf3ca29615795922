"""The doctor, and status, where the bridge itself speaks to ThingsBoard and there is no local broker."""

from __future__ import annotations

import io

import pytest

from bridge.cli.status.status import status
from tests.cli.clinic import Clinic

DIRECT = {"BROKER__HOST": "", "BROKER__PORT": ""}


@pytest.fixture(autouse=True)
def briefly(monkeypatch):
    monkeypatch.setattr("bridge.cli.doctor.upstream._WATCH_S", 0.3)


async def test_beside_a_bridge_that_runs_no_broker_is_no_fault_and_its_session_is_left_alone(tmp_path):
    async with Clinic(tmp_path, upstream=False, broker=False) as clinic:
        await clinic.run_bridge(**DIRECT)
        await clinic.until(lambda: clinic.status()["delivery"]["last_confirmed_ago_s"] is not None)
        found = await clinic.examine(**DIRECT)
        out = io.StringIO()
        await clinic.until(lambda: status(clinic.health_port, out) == 0)
    assert (found.code, found.bad) == (0, [])
    assert "upstream.direct" in found.signed("good")
    assert (clinic.thingsboard.counts["sessions"], clinic.thingsboard.counts["thrown out"]) == (1, 0)
    assert "ThingsBoard  up, direct, MQTT 5" in out.getvalue()


async def test_without_a_bridge_the_token_is_tried(tmp_path):
    async with Clinic(tmp_path, upstream=False, broker=False) as clinic:
        found = await clinic.examine(**DIRECT)
        wrong = await clinic.examine(THINGSBOARD__TOKEN="ANOTHER", **DIRECT)
    assert "upstream.token" in found.signed("good")
    assert "broker.down" not in found.bad
    assert "upstream.refused" in wrong.bad


async def test_a_revoked_token_is_told_from_no_connection_by_status_and_doctor(tmp_path):
    async with Clinic(tmp_path, upstream=False, broker=False) as clinic:
        clinic.thingsboard.behaviour.token = "ANOTHER"
        await clinic.run_bridge(**DIRECT)
        await clinic.until(lambda: "access token" in clinic.status()["delivery"]["upstream_why"])
        found = await clinic.examine(**DIRECT)
        wrong = [one["said"] for one in clinic.status()["wrong"]]
    assert "upstream.refused" in found.bad
    assert any("does not know the access token" in said for said in wrong)
