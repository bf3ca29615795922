"""The doctor beside a bridge that runs: it asks the bridge, and disturbs neither meters nor the session upstream."""

from __future__ import annotations

import asyncio
import time

import pytest

from bridge.demo.faults import Faults
from tests.cli.clinic import Clinic

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def briefly(monkeypatch):
    monkeypatch.setattr("bridge.cli.doctor.upstream._WATCH_S", 0.3)


def meter(clinic, name="main"):
    return next(row for row in clinic.status()["meters"] if row["name"] == name)


async def test_a_meter_with_one_session_and_the_only_token_go_on_undisturbed(tmp_path):
    async with Clinic(tmp_path, meters={"main": {"faults": Faults({"one-session": "refuse"})}}) as clinic:
        await clinic.run_bridge()
        await clinic.until(lambda: clinic.status()["delivery"]["last_confirmed_ago_s"] is not None)
        found = await clinic.examine()
        row = await asyncio.to_thread(meter, clinic)
    assert (found.code, found.bad) == (0, [])
    assert {"bridge.up", "meter.reading", "file.held", "upstream.fence", "samples.fresh"} <= set(found.signed("good"))
    assert (row["state"], row["reconnects"], row["success_5min"]) == ("reading", 0, 1.0)
    assert clinic.memories["main"].associations == 1
    assert (clinic.thingsboard.counts["sessions"], clinic.thingsboard.counts["thrown out"]) == (1, 0)


async def test_a_meter_that_refuses_its_password_is_named_and_never_asked_for_the_doctors_sake(tmp_path):
    async with Clinic(tmp_path) as clinic:
        await clinic.run_bridge(METERS__MAIN__PASSWORD="wrong-one")
        await clinic.until(lambda: meter(clinic)["last_error_stage"] == "auth")
        tried = clinic.memories["main"].wrong_secrets
        for _ in range(4):
            found = await clinic.examine(METERS__MAIN__PASSWORD="wrong-one")
            assert [name for name in found.bad if name.startswith("meter.")] in (["meter.auth"], ["meter.left_alone"])
        assert clinic.memories["main"].wrong_secrets == tried
    assert clinic.memories["main"].locks == 0


async def test_a_meter_in_its_backoff_is_asked_anew_and_found_well_again(tmp_path):
    faults = Faults({"silent": "1"})
    async with Clinic(tmp_path, meters={"main": {"faults": faults}}) as clinic:
        await clinic.run_bridge()
        await clinic.until(lambda: meter(clinic)["state"] == "failing")
        broken = await clinic.examine()
        faults._arguments.clear()
        mended = await clinic.examine()
    assert "meter.timeout" in broken.bad
    assert not [one for one in mended.findings if one["group"] == "meters" and one["sign"] == "bad"]


async def test_samples_that_wait_because_thingsboard_is_gone_are_counted_and_its_absence_is_what_is_wrong(tmp_path):
    async with Clinic(tmp_path) as clinic:
        await clinic.run_bridge()
        await clinic.until(lambda: clinic.status()["delivery"]["last_confirmed_ago_s"] is not None)
        await clinic.thingsboard.stop()
        await clinic.until(lambda: clinic.status()["delivery"]["upstream"] == "down")
        await clinic.until(lambda: clinic.status()["delivery"]["waiting_samples"] > 0)
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["upstream.tcp"])
    assert found.one("samples.waiting")["values"]["waiting"] > 0


async def test_settings_that_changed_since_the_start_are_noticed(tmp_path):
    async with Clinic(tmp_path) as clinic:
        await clinic.run_bridge()
        await clinic.until(lambda: meter(clinic)["state"] == "reading")
        found = await clinic.examine(METERS__NEW__HOST="127.0.0.1", METERS__NEW__PORT="1")
    assert found.bad == ["meter.unknown"]


async def test_a_bridge_that_does_not_answer_but_holds_the_outbox_keeps_its_meters_to_itself(tmp_path):
    async with Clinic(tmp_path) as clinic:
        await clinic.run_bridge()
        await clinic.until(lambda: meter(clinic)["state"] == "reading")
        began_s = time.monotonic()
        found = await clinic.examine(HEALTH__PORT="1")
    assert time.monotonic() - began_s < 20
    assert found.bad == ["bridge.mute", "file.held_unknown"]
    assert "meter.taken" in found.signed("none")
    assert clinic.memories["main"].associations == 1
