"""``bridge gaps``, ``backfill`` and ``events`` on a bridge that runs, and reads its demo meter's history."""

from __future__ import annotations

import json
import time

import pytest

from bridge.ledger.completeness import DAY_MS
from tests.app.seen import until, wait_for

pytestmark = pytest.mark.broker


@pytest.fixture
def running(bridge):
    """A bridge that has read two days of history."""
    started = bridge(LEDGER__DEPTH_DAYS="2", LEDGER__REQUESTS_PER_HOUR="100000", POLL__INTERVAL="2")
    until(lambda: started.command("gaps", "demo").returncode == 0, timeout_s=60)
    return started


def test_completeness_of_a_day_that_is_over_is_told_under_its_start(running, messages):
    """Not before a live sample was stored, and once."""

    def days(payload):
        return [entry for entry in json.loads(payload).get("demo", ()) if "completeness_day" in entry["values"]]

    _, payload, _ = wait_for(messages, lambda topic, text, _: topic == "v1/gateway/telemetry" and days(text), 60)
    today_ms = int(time.time() * 1000) // DAY_MS * DAY_MS
    for entry in days(payload):
        assert entry["values"] == {"completeness_day": 1.0}
        assert (today_ms - entry["ts"]) % DAY_MS == 0
        assert entry["ts"] < today_ms


def test_history_is_whole_after_a_moment_and_said_to_be(running):
    text = running.command("gaps", "demo").stdout
    assert "demo   1-0:99.1.0    15 min  100.0 %  100.0 %  100.0 %  0        0" in text
    assert "every interval that is due is stored" in text
    (meter,) = json.loads(running.command("gaps", "--json").stdout)["meters"]
    yesterday = [one for one in meter["sum_check"] if one["verdict"] != "unknown"]
    assert yesterday, "at least one whole day was added up"
    assert {one["verdict"] for one in yesterday} == {"equal"}
    until(lambda: 'dlms_intervals_completeness_ratio{meter="demo",window="day"} 1.0' in running.get("/metrics"))
    assert 'dlms_intervals_missing{meter="demo"} 0.0' in running.get("/metrics")
    (row,) = json.loads(running.get("/status"))["meters"]
    assert (row["completeness_day"], row["intervals_missing"]) == (1.0, 0)


def test_a_time_is_read_again_at_once_and_the_meters_own_events_are_shown(running):
    ended = running.command("backfill", "demo", "--from", "12h", "--to", "6h", "--json")
    assert ended.returncode == 0, ended.stdout
    told = json.loads(ended.stdout)
    assert told["done"]
    assert told["intervals"] == {"had": 24, "off": 0, "missing": 0, "overwritten": 0, "refused": 0}
    until(lambda: "read again for backfill" in running.lines())
    ended = running.command("events", "demo", "--since", "60d")
    assert ended.returncode == 0
    spanish = running.command("events", "demo", "--since", "60d", LANG="es").stdout
    assert ("power down" in ended.stdout) == ("corte de energía" in spanish)
    assert "not sent yet" not in ended.stdout


def test_an_order_waits_for_the_bridge_to_start(running):
    running.stop()
    ended = running.command("backfill", "demo", "--from", "12h", "--no-wait")
    assert ended.returncode == 0
    assert "ordered" in ended.stdout
    running.start()
    until(lambda: "read again for backfill" in running.lines(), timeout_s=60)
    until(lambda: running.command("gaps", "demo").returncode == 0, timeout_s=60)
