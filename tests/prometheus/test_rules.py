"""The alert rules, run by a real promtool: each trouble fires its own alert, and none of the others."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.fakes.programs import find_program
from tests.prometheus.series import (
    ALL_WELL,
    ANSWERING,
    BACKLOG,
    BEHIND_ONE,
    BRIDGE_GONE,
    CELLAR_FAILS,
    CELLAR_READ_AT,
    EVERY_MINUTE,
    HALL_READS,
    HEAD_MAX,
    HELD,
    ITSELF_UP,
    LAG,
    MAIN_AUTH,
    MAIN_COUNTER,
    MAIN_DRIFT,
    MAIN_FAILED,
    MAIN_FAILS,
    MAIN_MISSING,
    MAIN_OVERWRITTEN,
    MAIN_READ_AT,
    MAIN_RECONNECTS,
    MAIN_UP,
    NOT_SENT,
    OUT_OF_ORDER,
    PUSHER,
    PUSHER_HEARD_AT,
    PUSHER_UP,
    RULES_FAILED,
    STARTED,
    STORED,
    TIME,
    TWICE,
)

pytestmark = pytest.mark.promtool

ROOT = Path(__file__).parents[2]
RULES_FILE = ROOT / "prometheus/rules/bridge.yml"
GROUPS = yaml.safe_load(RULES_FILE.read_text(encoding="utf-8"))["groups"]
ALERTS = {rule["alert"] for group in GROUPS for rule in group["rules"] if "alert" in rule}

SILENT = {
    "an audit failed twice": {"dlms_audit_failed_attempts": "0x80 1x40 2x120"},
    "all is well": {},
    "a bridge needs no witness": {"dlms_shard_witnesses": "0x240", ANSWERING: "0x240"},
    "witnesses were updated": {ANSWERING: "3x170 2x8 3x80"},
    "a shard changed hands": {HELD: "1x170 0x6 1x80"},
    "another bridge of the shard stands by": {
        'dlms_shard_held{instance="b"}': "0x240",
        'dlms_shard_info{instance="b", shard="1", shards="1"}': "1x240",
    },
    "somebody scans the port for pushes": {'dlms_listen_refused_total{reason="stray"}': "0x80 1+1x160"},
    "a meter that only pushes does so": PUSHER | {PUSHER_HEARD_AT: "0+15x240", PUSHER_UP: "1x240"},
    "a meter that only pushes is given time after a start": PUSHER | {STARTED: "2600x240"},
    "a meter was away for four minutes": {MAIN_UP: "1x150 0x16 1x80", MAIN_FAILED: "0x150 1+1x16 17x80"},
    "the broker was away for a minute": {"dlms_broker_connected": "1x170 0x4 1x80"},
    "ThingsBoard was away for four minutes": {"dlms_upstream_connected": "1x150 0x16 1x80"},
    "there is no ThingsBoard": {"dlms_upstream_configured": "0x240", "dlms_upstream_connected": "0x240"},
    "nothing waits": {"dlms_outbox_samples": "0x240", "dlms_outbox_oldest_timestamp_seconds": "0x240"},
    "a slow meter waits for its first cycle": {MAIN_UP: "0x240", MAIN_READ_AT: "_x240"},
    "a meter is read once an hour": {MAIN_READ_AT: "1x240", 'dlms_meter_interval_seconds{meter="main"}': "3600x240"},
    "one read of the outbox failed": {"dlms_outbox_read_errors_total": "0x150 1x90"},
    "samples waited for two minutes": {STORED: "0x150 1x8 0x82"},
    "a backlog drains": {
        "dlms_outbox_samples": "9000-15x240",
        "dlms_outbox_oldest_timestamp_seconds": "1x240",
    },
    "a key has lasted for years": {MAIN_COUNTER: "0.4x240"},
    "a meter's clock is half a minute off": {MAIN_DRIFT: "-30x240"},
    "a meter's clock jumped and was set": {MAIN_DRIFT: "0x100 3600x20 0x120"},
    "one of two meters behind a converter is down for a moment": BEHIND_ONE
    | {
        MAIN_UP: "1x150 0x16 1x80",
        MAIN_FAILED: "0x150 1+1x16 17x80",
    },
    "the bridge was updated": {STARTED: "1x150 2250x90"},
    "an interval is late now and then": {MAIN_MISSING: "0x20 1x8 0x40 2x8 0x20 1x8 0x130"},
    "a month of intervals is filled in": {MAIN_MISSING: "2880-12x240", MAIN_OVERWRITTEN: "2592000+900x240"},
    "what was nearly overwritten was read at once": {MAIN_OVERWRITTEN: "_x20 90000x100 _x120"},
    "intervals wait for ThingsBoard": {MAIN_MISSING: "0x40 1+1x200", STORED: "0x150 1x8 0x82"}
    | {"dlms_upstream_connected": "1x150 0x16 1x80"},
    "Prometheus refused a few figures once": {OUT_OF_ORDER: "0x150 9x90"},
    "a refused password was corrected": {MAIN_AUTH: "_x80 1+1x40 40x120"},
}

TROUBLE = {
    "the bridge is down, and with it every series": (BRIDGE_GONE, {("BridgeDown", "")}),
    "the bridge was never there": (dict.fromkeys(ALL_WELL, "_x240") | {ITSELF_UP: "1x240"}, {("BridgeDown", "")}),
    "nothing is stored any more": (
        {series: f"{values.split('x')[0]}x80" for series, values in ALL_WELL.items()},
        {("PrometheusStoresNothing", "")},
    ),
    "the clock ran ahead and was set right": ({HEAD_MAX: "0+15x80 172800x160"}, {("PrometheusAhead", "")}),
    "an alert rule cannot be evaluated": ({RULES_FAILED: "0x80 1+1x160"}, {("PrometheusRulesFail", "")}),
    "Prometheus refuses what it scrapes": ({OUT_OF_ORDER: "0x80 9+9x160"}, {("PrometheusRefusesFigures", "")}),
    "Prometheus is scraped twice": ({TWICE: "0x80 9+9x160"}, {("PrometheusRefusesFigures", "")}),
    "alerts do not reach the Alertmanager": ({NOT_SENT: "0x80 1+1x160"}, {("AlertsNotSent", "")}),
    "the clock is not trusted": ({TIME: "0x80 1x160"}, {("ClockNotTrusted", "")}),
    "the bridge restarts often": ({STARTED: "1x120 1800x15 2100x15 2400x90"}, {("BridgeRestartsOften", "")}),
    "the shard is read by no bridge": (
        {HELD: "1x80 0x160", ANSWERING: "3x80 1x160", "dlms_broker_connected": "1x80 0x160"},
        {("ShardNotRead", "")},
    ),
    "a witness is lost": ({ANSWERING: "3x80 2x160"}, {("WitnessLost", "")}),
    "the bridge hangs": (
        {LAG: "0x80 10+15x160", MAIN_READ_AT: "0+15x80 1200x160", CELLAR_READ_AT: "0+15x80 1200x160"},
        {("BridgeHangs", "")},
    ),
    "one meter is down": (MAIN_FAILS, {("MeterDown", "main")}),
    "all meters are down": (MAIN_FAILS | CELLAR_FAILS, {("AllMetersDown", "")}),
    "both meters behind a converter are down, a third is not": (
        MAIN_FAILS | CELLAR_FAILS | HALL_READS | BEHIND_ONE,
        {("LinkDown", "")},
    ),
    "one of two meters behind a converter is down": (MAIN_FAILS | HALL_READS | BEHIND_ONE, {("MeterDown", "main")}),
    "a key is nearly used up": ({MAIN_COUNTER: "0.11x80 0.09x160"}, {("MeterKeyNearlyUsedUp", "main")}),
    "a meter's clock is an hour off": ({MAIN_DRIFT: "-3600x240"}, {("MeterClockDrift", "main")}),
    "a meter is read far less often than asked": ({MAIN_READ_AT: EVERY_MINUTE}, {("FreshnessBudgetBurns", "")}),
    "the disk fills": ({"dlms_data_disk_free_bytes": "500x40 50x200"}, {("DiskFilling", "")}),
    "the disk is full and the outbox cannot be written": (
        {"dlms_data_disk_free_bytes": "500x40 0x200", "dlms_outbox_errors_total": "0x40 1+1x200"},
        {("OutboxNotWritable", "")},
    ),
    "something else uses the token": (
        {"dlms_upstream_token_shared": "0x40 1x200"} | BACKLOG,
        {("TokenUsedTwice", "")},
    ),
    "a meter refuses the password": (
        MAIN_FAILS | {MAIN_AUTH: "_x80 1+1x2 3x158"},
        {("MeterAuthenticationRefused", "main")},
    ),
    "a poller hangs": ({MAIN_READ_AT: "0+15x80 1200x160"}, {("MeterStale", "main")}),
    "a meter that only pushes has stopped": (
        PUSHER | {PUSHER_HEARD_AT: "0+15x80 1200x160", PUSHER_UP: "1x240"},
        {("MeterStale", "pusher")},
    ),
    "a meter that only pushes has not, since the start": (PUSHER, {("MeterStale", "pusher")}),
    "a meter loses the association again and again": (
        {MAIN_RECONNECTS: "_x80 1+1x160"},
        {("MeterReconnectStorm", "main")},
    ),
    "a meter that nobody knows pushes": (
        {'dlms_listen_refused_total{reason="unknown-title"}': "_x80 1x160"},
        {("PushesNotTaken", "")},
    ),
    "a meter pushes under a wrong key": (
        {'dlms_listen_refused_total{reason="wrong-key"}': "4x80 4+1x160"},
        {("PushesNotTaken", "")},
    ),
    "intervals stay missing": ({MAIN_MISSING: "0x20 5x220"}, {("IntervalsMissing", "main")}),
    "more and more intervals are missing": ({MAIN_MISSING: "0x20 1+1x220"}, {("IntervalsMissing", "main")}),
    "missing intervals are about to be overwritten": (
        {MAIN_MISSING: "0x20 5x220", MAIN_OVERWRITTEN: "_x20 90000x220"},
        {("IntervalsOverwrittenSoon", "main")},
    ),
    "a meter is down, and what it has is about to be overwritten": (
        MAIN_FAILS | {MAIN_MISSING: "0x20 5x220", MAIN_OVERWRITTEN: "_x20 90000x220"},
        {("MeterDown", "main"), ("IntervalsOverwrittenSoon", "main")},
    ),
    "intervals are missing because ThingsBoard is down": (
        {MAIN_MISSING: "0x20 5x220", "dlms_upstream_connected": "1x80 0x160"} | BACKLOG,
        {("UpstreamDown", "")},
    ),
    "the broker is down": ({"dlms_broker_connected": "1x80 0x160"} | BACKLOG, {("BrokerDown", "")}),
    "broker and ThingsBoard are down": (
        {"dlms_broker_connected": "1x80 0x160", "dlms_upstream_connected": "1x80 0x160"},
        {("BrokerDown", "")},
    ),
    "ThingsBoard is down": ({"dlms_upstream_connected": "1x80 0x160"} | BACKLOG, {("UpstreamDown", "")}),
    "ThingsBoard is too slow": (BACKLOG, {("OutboxGrowing", "")}),
    "ThingsBoard confirms nothing": ({STORED: "0x40 1x200"} | BACKLOG, {("NothingStored", "")}),
    "ThingsBoard does not take a device": ({"dlms_delivery_devices_parked": "0x80 1x160"}, {("DeviceNotTaken", "")}),
    "the outbox cannot be read": (
        {"dlms_outbox_read_errors_total": "0x80 1+1x160", STORED: "0x90 1x150"},
        {("OutboxNotReadable", ""), ("NothingStored", "")},
    ),
    "the local broker is too slow": (
        {"dlms_upstream_configured": "0x240", "dlms_upstream_connected": "0x240"} | BACKLOG,
        {("OutboxGrowing", "")},
    ),
    "the outbox is nearly full": ({"dlms_outbox_bytes": "100x80 900x160"}, {("OutboxNearlyFull", "")}),
    "the disk is full": ({"dlms_outbox_errors_total": "0x80 1+1x160"}, {("OutboxNotWritable", "")}),
    "samples were evicted": ({"dlms_outbox_evicted_samples_total": "0x160 500x80"}, {("SamplesLost", "")}),
    "samples were dropped": ({"dlms_outbox_dropped_samples_total": "0x160 20x80"}, {("SamplesLost", "")}),
    "ThingsBoard refuses some samples": (
        {"dlms_outbox_quarantined_samples_total": "0x160 2x80"},
        {("SamplesSetAside", "")},
    ),
    "ThingsBoard lost some values": ({"dlms_audit_missing_values": "0x80 3x160"}, {("ValuesMissing", "")}),
    "ThingsBoard cannot be audited": ({"dlms_audit_failed_attempts": "0x80 1x40 2x40 3x80"}, {("AuditNotMade", "")}),
}


def run(*arguments, folder):
    """Run promtool and fail with what it says."""
    done = subprocess.run(
        [find_program("promtool"), *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def fires(folder, series, firing, *, at="45m"):
    """Check that exactly ``firing``, pairs of alert and meter, fires at ``at``, and the one that always does."""
    samples = [
        {"labels": "{" + f'alertname="{alert}"' + (f', meter="{meter}"' if meter else "") + "}", "value": 1}
        for alert, meter in sorted(firing | {("Watchdog", "")})
    ]
    test = {
        "rule_files": [str(RULES_FILE)],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname, meter) (ALERTS{alertstate="firing"})',
                        "eval_time": at,
                        "exp_samples": samples,
                    }
                ],
            }
        ],
    }
    (folder / "test.yml").write_text(json.dumps(test))
    run("test", "rules", "test.yml", folder=folder)


@pytest.mark.parametrize("case", SILENT)
def test_what_the_bridge_heals_by_itself_calls_nobody(case, tmp_path):
    fires(tmp_path, ALL_WELL | SILENT[case], set())


@pytest.mark.parametrize("case", TROUBLE)
def test_a_trouble_fires_its_own_alert_and_no_other(case, tmp_path):
    series, firing = TROUBLE[case]
    fires(tmp_path, ALL_WELL | series, firing)


def test_a_refusal_of_long_ago_is_not_blamed_for_todays_failure(tmp_path):
    long_ago = {name: values.replace("x240", "x2400") for name, values in ALL_WELL.items()}
    fails = {MAIN_UP: "1x2200 0x200", MAIN_FAILED: "0x2200 1+1x200", MAIN_AUTH: "_x80 1+1x2 3x2318"}
    fires(tmp_path, long_ago | fails, {("MeterDown", "main")}, at="9h40m")


def test_a_message_that_was_not_taken_yesterday_calls_nobody_today(tmp_path):
    long_ago = {name: values.replace("x240", "x2400") for name, values in ALL_WELL.items()}
    refused = 'dlms_listen_refused_total{reason="unknown-title"}'
    fires(tmp_path, long_ago | {refused: "_x80 7x700"}, set(), at="2h")
    fires(tmp_path, long_ago | {refused: "_x80 7x300 8x400"}, {("PushesNotTaken", "")}, at="2h")


def test_every_alert_is_fired_by_some_trouble():
    fired = {alert for _, firing in TROUBLE.values() for alert, _ in firing} | {"Watchdog"}
    assert fired == ALERTS


def test_promtool_finds_no_fault_in_the_rules(tmp_path):
    run("check", "rules", "--lint-fatal", str(RULES_FILE), folder=tmp_path)
