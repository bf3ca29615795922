"""What the bridge exposes, and what scrapes it, as a real promtool judges them."""

import subprocess
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from bridge.health.metrics import Metrics
from tests.fakes.programs import find_program

ROOT = Path(__file__).parents[2]


def judge(*arguments, given=b""):
    done = subprocess.run(
        [find_program("promtool"), *arguments], input=given, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


@pytest.mark.promtool
def test_promtool_finds_no_fault_in_the_metrics():
    metrics = Metrics()
    metrics.meters.expect("main", interval_s=5.0)
    metrics.meters.meter_errors.labels("main", "tcp").inc()
    metrics.meters.meter_reconnects.labels("main", "tcp").inc()
    metrics.meters.meter_value.labels("main", "voltage_l1", "V").set(127.4)
    judge("check", "metrics", given=generate_latest(metrics.registry))


@pytest.mark.promtool
def test_promtool_finds_no_fault_in_the_configuration():
    judge("check", "config", "--lint-fatal", str(ROOT / "prometheus/prometheus.yml"))


def test_a_meter_that_is_expected_is_not_up_and_counts_from_zero():
    metrics = Metrics()
    metrics.meters.expect("main", interval_s=5.0)

    def figure(name, **labels):
        return metrics.registry.get_sample_value(name, {"meter": "main", **labels})

    assert figure("dlms_meter_up") == 0
    assert figure("dlms_meter_interval_seconds") == 5
    assert figure("dlms_meter_cycles_total", result="ok") == 0
    assert figure("dlms_meter_cycles_total", result="failed") == 0
    assert figure("dlms_meter_last_success_timestamp_seconds") is None, "it never had one"
