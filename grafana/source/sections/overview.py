"""The top that answers "is everything fine?" in ten seconds. This moment only, all meters together."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Column, Query, lines, stat, table
from grafana.source.queries import FRESH, JOB, METER_PAGE, OLDEST, SLO, UPSTREAM
from grafana.source.style import BAD, GONE, GOOD, NONE_IS_GOOD, PATIENCE, SHARE, STATE, WARN, Levels, Words

IS_ALL_FINE = Section(
    "",
    (
        stat(
            "Wrong now",
            "How many things the bridge itself says are wrong; `docker compose exec bridge bridge status` names them. "
            "`/readyz`, `bridge doctor` and the log say the same.",
            Query("sum(dlms_bridge_wrong)"),
            unit="none",
            empty=GONE,
            levels=NONE_IS_GOOD,
            words=Words({0: ("all well", GOOD)}),
        ),
        stat(
            "Bridge",
            "Whether Prometheus reaches the bridge. Down: see `docker compose ps` and `docker compose logs bridge`.",
            Query(f"1 + up{{{JOB}}}"),
            unit="none",
            empty=GONE,
            words=STATE,
        ),
        stat(
            "Meters failing",
            "Meters whose last cycle gave no sample, or that have not been read since the bridge started. "
            "The table below names them.",
            Query("count(dlms_meter_up) - sum(dlms_meter_up)"),
            unit="none",
            empty=GONE,
            levels=NONE_IS_GOOD,
        ),
        stat(
            "Stalest meter",
            "How long ago the meter that has been silent longest gave its last sample. One that has never answered "
            "counts under 'Meters failing' only.",
            Query("max(time() - (dlms_meter_last_success_timestamp_seconds > 0))"),
            unit="s",
            empty="no sample yet",
            levels=PATIENCE,
        ),
        stat(
            "Broker",
            "Whether the bridge is connected to the local Mosquitto. Down: samples wait on disk, none is lost.",
            Query("1 + dlms_broker_connected"),
            unit="none",
            empty=GONE,
            words=STATE,
        ),
        stat(
            "ThingsBoard",
            "Whether Mosquitto has its connection to ThingsBoard. Not configured: THINGSBOARD__HOST is not set and "
            "samples are confirmed by the local broker. Down: samples wait on disk, none is lost.",
            Query(UPSTREAM),
            unit="none",
            empty=GONE,
            words=STATE,
        ),
        stat(
            "Last confirmation",
            "How long ago samples were last confirmed, by ThingsBoard or by the local broker if there is no "
            "ThingsBoard. This figure proves the whole chain.",
            Query("time() - (dlms_delivery_last_confirmed_timestamp_seconds > 0)"),
            unit="s",
            empty="none yet",
            levels=PATIENCE,
        ),
        stat(
            "Meters up",
            "Meters whose last cycle gave a sample, and how many are configured.",
            Query("sum(dlms_meter_up)", "up"),
            Query("count(dlms_meter_up)", "of"),
            unit="none",
            empty=GONE,
        ),
        stat(
            "Cycles read, 5 min",
            "Share of the reading cycles of the last five minutes that gave a sample, all meters together.",
            Query(
                'sum(increase(dlms_meter_cycles_total{result="ok"}[5m])) / sum(increase(dlms_meter_cycles_total[5m]))'
            ),
            unit="percentunit",
            empty="no cycle yet",
            levels=SHARE,
        ),
        stat(
            "Samples waiting",
            "Samples on disk that are not confirmed yet. A few are normal; a steady rise means that the way to "
            "ThingsBoard is blocked or too slow.",
            Query("dlms_outbox_samples"),
            unit="short",
            empty=GONE,
        ),
        stat(
            "Oldest waiting",
            "Age of the oldest sample on disk that is not confirmed yet.",
            Query(OLDEST),
            unit="s",
            empty=GONE,
            levels=PATIENCE,
        ),
        stat(
            "Uptime",
            "How long the bridge's process has been running. Orange: it started less than five minutes ago.",
            Query(f"time() - process_start_time_seconds{{{JOB}}}"),
            unit="s",
            empty=GONE,
            levels=Levels(WARN, ((300, GOOD),)),
        ),
        table(
            "Alerts",
            "Alerts that are firing now, and since when. What each means, and what to do about it, is in "
            "prometheus/runbook.md.",
            Query(
                "1000 * max by (alertname, severity, meter, link) "
                '(ALERTS_FOR_STATE and ignoring (alertstate) ALERTS{alertstate="firing"})'
            ),
            columns=(
                Column("alertname", "Alert"),
                Column("severity", "Severity"),
                Column("meter", "Meter", link=METER_PAGE),
                Column("link", "Connection"),
                Column("Value", "Since", unit="dateTimeFromNow"),
            ),
            empty="nothing to complain about",
            smallest_first="Severity",
            height=6,
        ),
        table(
            "Meters down",
            "Meters that do not answer now: when each last gave a sample, and how most of its attempts in the last "
            "ten minutes ended. The alert's entry in prometheus/runbook.md says what to look at.",
            Query(
                "max by (meter, link) (dlms_meter_interval_seconds * on (meter) group_left (link) dlms_meter_info "
                "and on (meter) dlms_meter_up == 0)"
            ),
            Query(
                "1000 * max by (meter) (dlms_meter_last_success_timestamp_seconds and on (meter) dlms_meter_up == 0)"
            ),
            Query(
                "topk by (meter) (1, round(sum by (meter, stage) (increase(dlms_meter_errors_total[10m]))) > 0 "
                "and on (meter) dlms_meter_up == 0)"
            ),
            columns=(
                Column("meter", "Meter", link=METER_PAGE),
                Column("Value #B", "Last sample", unit="dateTimeFromNow", empty="none since the start"),
                Column("stage", "Why"),
                Column("Value #C", "Such errors, 10 min", unit="short"),
                Column("link", "Connection"),
                Column("Value #A", "Read every", unit="s"),
            ),
            empty="every meter answers",
            smallest_first="Last sample",
            height=6,
        ),
        stat(
            "Fresh now",
            "Share of the meters whose last sample is no older than three of its intervals and ten seconds.",
            Query(FRESH),
            unit="percentunit",
            empty="no meter yet",
            levels=SHARE,
            width=6,
        ),
        stat(
            "Fresh, time range",
            f"The same, on average over the time range of the page. The objective is {SLO:.0%}.",
            Query(f"avg_over_time({FRESH}[$__range])"),
            unit="percentunit",
            empty="no meter yet",
            levels=SHARE,
            width=6,
        ),
        stat(
            "Error budget left",
            f"Of the {1 - SLO:.0%} of meter time that may be without a fresh sample: what is left in the time range of "
            "the page. Below zero the objective is missed. Choose 30 days for the whole of it.",
            Query(f"1 - (1 - avg_over_time({FRESH}[$__range])) / {1 - SLO:.2f}"),
            unit="percentunit",
            empty="no meter yet",
            levels=Levels(BAD, ((0, WARN), (0.25, GOOD))),
            width=6,
        ),
        stat(
            "Disk free",
            "Free space on the disk that the outbox is on.",
            Query("dlms_data_disk_free_bytes / (dlms_data_disk_size_bytes > 0)"),
            unit="percentunit",
            empty=GONE,
            levels=Levels(BAD, ((0.1, WARN), (0.2, GOOD))),
            width=6,
        ),
        lines(
            "Freshness",
            f"Share of the meters whose last sample is fresh. The dashed line is the objective, {SLO:.0%}.",
            Query(FRESH, "fresh"),
            unit="percentunit",
            levels=Levels(BAD, ((SLO, GOOD),)),
            bounds=(0, 1),
            width=24,
        ),
    ),
)
