"""What there is: the panels of the dashboards' files, the metrics of the bridge with their labels."""

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, Info
from prometheus_client.metrics import MetricWrapperBase

from bridge.health.metrics import Metrics

ROOT = Path(__file__).parents[2]
DASHBOARDS: dict[str, dict[str, Any]] = {
    file.name: json.loads(file.read_text(encoding="utf-8")) for file in (ROOT / "grafana/dashboards").glob("*.json")
}
HEALTH = DASHBOARDS["bridge.json"]


def panels_of(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the panels of ``dashboard``, those in closed rows too, without the rows."""
    placed = [panel for outer in dashboard["panels"] for panel in (outer, *outer.get("panels", []))]
    return [panel for panel in placed if panel["type"] != "row"]


PANELS: list[dict[str, Any]] = [panel for dashboard in DASHBOARDS.values() for panel in panels_of(dashboard)]

SCRAPE_LABELS = {"job", "instance"}
NOT_OURS = {
    "ALERTS": {"alertname", "alertstate", "severity", "meter", "link"},
    "ALERTS_FOR_STATE": {"alertname", "severity", "meter", "link"},
    "dlms:meters_fresh:ratio": set(),
    "up": set(),
    "scrape_duration_seconds": set(),
    "prometheus_notifications_alertmanagers_discovered": set(),
    "prometheus_notifications_dropped_total": set(),
    "prometheus_rule_evaluation_failures_total": {"rule_group"},
    "prometheus_target_scrapes_sample_duplicate_timestamp_total": set(),
    "prometheus_target_scrapes_sample_out_of_bounds_total": set(),
    "prometheus_target_scrapes_sample_out_of_order_total": set(),
    "prometheus_tsdb_head_max_time_seconds": set(),
    "prometheus_tsdb_head_series": set(),
    "process_cpu_seconds_total": set(),
    "process_max_fds": set(),
    "process_open_fds": set(),
    "process_resident_memory_bytes": set(),
    "process_start_time_seconds": set(),
}
"""Series of Prometheus itself, of its rules and of the Python client."""


def instruments() -> dict[str, MetricWrapperBase]:
    """Return every instrument of ``Metrics`` by its attribute."""
    return Metrics().instruments


def series_names(instrument: MetricWrapperBase) -> set[str]:
    """Return the names under which the instrument's figures appear in Prometheus."""
    name = instrument._name
    match instrument:
        case Counter():
            return {f"{name}_total"}
        case Histogram():
            return {f"{name}_bucket", f"{name}_sum", f"{name}_count"}
        case Info():
            return {f"{name}_info"}
        case Gauge():
            return {name}
    raise AssertionError(f"{name}: a kind of instrument that this test does not know")


def labels_of_series() -> dict[str, set[str]]:
    """Return the labels of every series that a query may name."""
    known = {name: set(labels) for name, labels in NOT_OURS.items()}
    for instrument in instruments().values():
        labels = set(instrument._labelnames)
        if isinstance(instrument, Info):
            labels |= instrument._value.keys()
        for name in series_names(instrument):
            known[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return known


def queries(panels: list[dict[str, Any]]) -> list[str]:
    """Return every query of ``panels`` as Grafana holds it."""
    return [target["expr"] for panel in panels for target in panel["targets"]]


def names_in(query: str) -> set[str]:
    """Return the metric names in ``query``."""
    return set(
        re.findall(r"\b(?:dlms[_:]|process_|scrape_|prometheus_|ALERTS)[\w:]*|\bup\b", re.sub(r'"[^"]*"', '""', query))
    )


def as_grafana_asks(query: str, *, meter: str = ".*", rate_interval: str = "4s", range_s: int = 60) -> str:
    """Return ``query`` with the variables filled in as Grafana fills them."""
    filled = (
        query.replace("$meter", meter).replace("$__rate_interval", rate_interval).replace("$__range", f"{range_s}s")
    )
    assert "$" not in filled, f"a variable that this test does not know: {query}"
    return filled
