"""The first screen: what a stranger reads in ten seconds, on 1366 by 660 pixels. All meters together."""

from __future__ import annotations

from pathlib import Path

import yaml

from grafana.source.board import Section
from grafana.source.panels import Column, Query, stat, table, timeline
from grafana.source.queries import (
    JOB,
    LAST_ERROR,
    METER_PAGE,
    MOST_BANDS,
    STALEST,
    UPSTREAM,
    VERDICT,
    WAITING,
    WHOLE,
    or_gone,
)
from grafana.source.style import (
    BAD,
    GONE,
    GOOD,
    NONE_IS_GOOD,
    PATIENCE,
    SEVERITY,
    STAGES,
    STATE,
    UNKNOWN,
    WARN,
    Levels,
    Words,
)
from grafana.source.style import VERDICT as VERDICT_WORDS

_RULES = Path(__file__).parents[3] / "prometheus/rules/bridge.yml"
_UP = "dlms_meter_up"
_NEVER = Words({0: ("never", UNKNOWN)})


def _alerts_in_words() -> Words:
    """Return the title of every alert, as the rules say it."""
    groups = yaml.safe_load(_RULES.read_text(encoding="utf-8"))["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    return Words(
        {rule["alert"]: (rule["annotations"]["title"], "text") for rule in alerts}
        | {"nobody": ("nobody judges alerts", BAD)}
    )


FIRST_SCREEN = Section(
    "",
    (
        stat(
            "Is all well?",
            "What matters most of all that is wrong, as the bridge itself judges it; `bridge status` says the whole of "
            "it, and `/readyz`, `bridge doctor` and the log say the same. Grey: nothing is known.",
            Query(VERDICT),
            unit="none",
            empty="nothing is known",
            levels=Levels(UNKNOWN),
            words=VERDICT_WORDS,
            label="verdict",
            text_px=24,  # so that the longest stays on one line
            width=6,
        ),
        stat(
            "Meters failing",
            "Meters whose last cycle gave no sample, or that have not been read since the bridge started. "
            "The table below names them.",
            Query("count(dlms_meter_up) - sum(dlms_meter_up)"),
            unit="none",
            empty=GONE,
            levels=NONE_IS_GOOD,
            width=3,
        ),
        stat(
            "Stalest meter",
            "How long ago the meter that has been silent longest gave its last sample; since the bridge's start for "
            "one that has never answered.",
            Query(STALEST),
            unit="s",
            empty=GONE,
            levels=PATIENCE,
            decimals=0,
            width=3,
        ),
        stat(
            "ThingsBoard",
            "Whether Mosquitto has its connection to ThingsBoard. Not configured: THINGSBOARD__HOST is not set and "
            "samples are confirmed by the local broker. Down: samples wait on disk, none is lost.",
            Query(UPSTREAM),
            unit="none",
            empty=GONE,
            words=STATE,
            width=3,
        ),
        stat(
            "Confirmed",
            "How long ago samples were last confirmed, by ThingsBoard or by the local broker if there is no "
            "ThingsBoard. This figure proves the whole chain.",
            Query("time() - (dlms_delivery_last_confirmed_timestamp_seconds > 0)"),
            unit="s",
            empty="none yet",
            levels=PATIENCE,
            decimals=0,
            width=3,
        ),
        stat(
            "Oldest waiting",
            "Age of the oldest sample on disk that is not confirmed yet; while samples wait for the clock, since the "
            "last confirmation.",
            Query(WAITING),
            unit="s",
            empty=GONE,
            levels=PATIENCE,
            decimals=0,
            width=3,
        ),
        stat(
            "Complete",
            "Share of the last week's intervals that are had, of the meter that has fewest; of the last day's in fleet "
            "mode (HEALTH__FLEET). Grey: no meter has load profiles.",
            Query(
                " or ".join(f'min(dlms_intervals_completeness_ratio{{window="{span}"}})' for span in ("week", "day"))
            ),
            unit="percentunit",
            empty="no load profiles",
            levels=Levels(BAD, ((0.9, WARN), (0.995, GOOD))),
            width=3,
        ),
        table(
            "Alerts",
            "Alerts that are firing now, and since when. What each means, and what to do about it, is in "
            "prometheus/runbook.md.",
            Query(
                "1000 * max by (alertname, severity, meter) (ALERTS_FOR_STATE "
                'and ignoring (alertstate) ALERTS{alertstate="firing", alertname!="Watchdog"}) '
                'or label_replace(1000 * time() * absent(ALERTS{alertname="Watchdog"}), "alertname", "nobody", "", "")'
            ),
            columns=(
                Column("alertname", "Alert", words=_alerts_in_words()),
                Column("severity", "Severity", words=SEVERITY, width=90),
                Column("meter", "Meter", link=METER_PAGE, width=140),
                Column("Value", "Since", unit="dateTimeFromNow", width=135),
            ),
            empty="nothing to complain about",
            sort=("Severity", "Since"),
            width=12,
            height=6,
        ),
        table(
            "Meters down",
            "Meters that do not answer now: when each last gave a sample, and where its last attempt failed. The "
            "alert's entry in prometheus/runbook.md says what to look at.",
            Query(
                "max by (meter, link) (dlms_meter_up * on (meter) group_left (link) dlms_meter_info == 0) "
                'or label_replace(absent(dlms_meter_up), "meter", "not scraped", "", "")'
            ),
            Query(
                "1000 * max by (meter) (dlms_meter_last_success_timestamp_seconds and on (meter) dlms_meter_up == 0) "
                "or 0 * max by (meter) (dlms_meter_up == 0)"
            ),
            Query(
                f"topk by (meter) (1, max by (meter, stage) ({LAST_ERROR})) and on (meter) dlms_meter_up == 0",
            ),
            columns=(
                Column("meter", "Meter", link=METER_PAGE),
                Column("Value #B", "Last sample", unit="dateTimeFromNow", words=_NEVER, width=135),
                Column("stage", "Why", words=STAGES, width=190),
                Column("link", "Connection", width=160),
            ),
            empty="every meter answers",
            sort=("Last sample",),
            width=12,
            height=6,
        ),
        timeline(
            "When what was down",
            "The bridge, the broker, ThingsBoard and the meters (down while one fails), then the "
            f"{MOST_BANDS} meters that answered least.",
            Query(or_gone(f"max(1 + up{{{JOB}}})", f"up{{{JOB}}}"), "bridge"),
            Query(or_gone("max(1 + dlms_broker_connected)", "dlms_broker_connected"), "broker"),
            Query(or_gone(UPSTREAM, "dlms_upstream_configured"), "ThingsBoard"),
            Query(or_gone(f"1 + min({_UP})", _UP), "every meter"),
            Query(
                f"1 + max by (meter) ({_UP}) and on (meter) bottomk({MOST_BANDS}, avg_over_time({_UP}{WHOLE}) < 1)",
                "{{meter}}",
            ),
            words=STATE,
            empty=GONE,
        ),
    ),
)
