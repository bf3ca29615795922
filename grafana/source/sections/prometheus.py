"""Prometheus itself: whether it takes in what it scrapes, and whether its alerts are judged and reach somebody."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Query, lines, stat
from grafana.source.queries import ITSELF, JOB
from grafana.source.style import BAD, GONE, GOOD, NONE_IS_GOOD, UNKNOWN, WARN, Levels, Words

_REFUSED = " + ".join(
    f"increase(prometheus_target_scrapes_sample_{why}_total{{{ITSELF}}}[$__range])"
    for why in ("out_of_order", "out_of_bounds", "duplicate_timestamp")
)

PROMETHEUS = Section(
    "Prometheus itself",
    (
        stat(
            "Alerts are judged",
            "Whether the alert *Watchdog*, which always fires, does. If not, an empty table of alerts means nothing.",
            Query('max(ALERTS{alertname="Watchdog", alertstate="firing"}) or 0 * absent(ALERTS{alertname="Watchdog"})'),
            unit="none",
            empty=GONE,
            levels=Levels(UNKNOWN),
            words=Words({0: ("no", BAD), 1: ("yes", GOOD)}),
        ),
        stat(
            "Rules failing",
            "Evaluations of alert rules that failed in this time range.",
            Query(f"round(sum(increase(prometheus_rule_evaluation_failures_total{{{ITSELF}}}[$__range])))"),
            unit="short",
            empty=GONE,
            levels=NONE_IS_GOOD,
        ),
        stat(
            "Figures refused",
            "Scraped figures that Prometheus did not take in, in this time range: they were older than what it holds, "
            "or there twice. A clock that was set back, or a second Prometheus on the same volume.",
            Query(f"round(sum({_REFUSED}))"),
            unit="short",
            empty=GONE,
            levels=NONE_IS_GOOD,
        ),
        stat(
            "Newest figure",
            "How far the newest figure that Prometheus holds is ahead of its clock. More than seconds: this machine's "
            "clock ran ahead and was set right.",
            Query(f"clamp_min(prometheus_tsdb_head_max_time_seconds{{{ITSELF}}} - time(), 0)"),
            unit="s",
            empty=GONE,
            levels=Levels(GOOD, ((60, WARN), (300, BAD))),
            decimals=0,
        ),
        stat(
            "Alertmanagers",
            "Where alerts are sent. None: they are seen here and on Prometheus's own page only; the profile "
            "`alertmanager` of docker-compose.yml sends mail or calls a webhook.",
            Query(f"prometheus_notifications_alertmanagers_discovered{{{ITSELF}}}"),
            unit="none",
            empty=GONE,
            words=Words({0: ("none", UNKNOWN), 1: ("one", GOOD)}),
        ),
        stat(
            "Alerts not sent",
            "Alerts that did not reach the Alertmanager in this time range.",
            Query(f"round(sum(increase(prometheus_notifications_dropped_total{{{ITSELF}}}[$__range])))"),
            unit="short",
            empty=GONE,
            levels=NONE_IS_GOOD,
        ),
        lines(
            "Duration of a scrape",
            "How long the bridge's page took. Near the scrape timeout of four seconds figures go missing.",
            Query(f"scrape_duration_seconds{{{JOB}}}", "scrape"),
            unit="s",
        ),
        lines(
            "Series held",
            "Series in Prometheus's memory. A rise that does not end is a label without bounds.",
            Query(f"prometheus_tsdb_head_series{{{ITSELF}}}", "series"),
            unit="short",
        ),
    ),
    is_open=False,
)
