"""The page /metrics is the client's own, byte for byte, and made fast enough for a fleet."""

import re

from prometheus_client import generate_latest

from bridge.health.metrics import Metrics


def lines(text):
    """The page without the process's own figures, which move between two pages, and what the bridge switches off."""
    return [line for line in text.decode().splitlines() if not re.search(r"^(# \w+ )?(process_|\w+_created\b)", line)]


def test_the_page_is_the_clients_byte_for_byte():
    metrics = Metrics()
    for meter in ("main", 'Hall "2", west\\east', "línea\nnueva"):
        metrics.meters.expect(meter, interval_s=5.0, link="10.0.0.1:4059", profile="microstar")
        metrics.meters.meter_errors.labels(meter, "tcp").inc(3)
        for seconds in (0.001, 0.42, 7, 1e9):
            metrics.meters.cycle_took(meter, seconds)
        for value in (127.4, -156, 0, 56348, 1e6, 123456789, 1e21, 1e-7, 0.1 + 0.2, float("inf"), float("nan")):
            metrics.meters.meter_value.labels(meter, f"key_{value}", "V").set(value)
    page = metrics.page.text()
    assert lines(page) == lines(generate_latest(metrics.registry))
    assert lines(metrics.page.text()) == lines(page), "and again, from labels that are known by now"


def test_a_fleet_has_durations_of_all_meters_together_and_none_of_each():
    metrics = Metrics(fleet=True)
    metrics.meters.expect("main", interval_s=5.0)
    metrics.meters.cycle_took("main", 0.42)
    metrics.meters.request_took("main", 0.1)
    metrics.meters.cycle_late(0.003)
    page = metrics.page.text().decode()
    assert "dlms_cycle_duration_seconds_count 1.0" in page
    assert 'dlms_cycle_lateness_seconds_bucket{le="0.005"} 1.0' in page
    assert "dlms_meter_cycle_duration_seconds_bucket" not in page
    assert "dlms_meter_request_duration_seconds_bucket" not in page


def test_a_fleets_meter_has_no_series_of_what_has_not_happened():
    metrics = Metrics(fleet=True)
    metrics.meters.expect("main", interval_s=5.0)
    made = {line.partition("{")[0] for line in metrics.page.text().decode().splitlines() if 'meter="main"' in line}
    assert made == {
        "dlms_meter_info", "dlms_meter_up", "dlms_meter_interval_seconds", "dlms_meter_connects_total",
        "dlms_meter_cycles_total",
    }  # fmt: skip


def test_a_meter_that_is_no_longer_configured_has_no_series_after_the_restart():
    before, after = Metrics(), Metrics()
    for metrics, meters in ((before, ("main", "cellar")), (after, ("main",))):
        for meter in meters:
            metrics.meters.expect(meter, interval_s=5.0)
    assert b"cellar" in before.page.text()
    assert b"cellar" not in after.page.text()


def test_texts_of_days_that_have_passed_are_not_kept_for_ever():
    metrics = Metrics()
    gauge = metrics.ledger.intervals_day_completeness
    for number in range(1000):
        gauge.labels("main", f"day {number}").set(1)
        if number >= 14:
            gauge.remove("main", f"day {number - 14}")
        page = metrics.page.text()
    assert page.count(b"dlms_intervals_day_completeness_ratio{") == 14
    assert len(metrics.page._texts["meter", "day"]) < 150
    assert lines(page) == lines(generate_latest(metrics.registry))
