"""Which meters are read, how well, and what goes wrong with the others."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Column, Query, lines, table, timeline
from grafana.source.queries import METER_PAGE, MOST_LINES, WHOLE, a_minute, of, share_read
from grafana.source.style import ANSWERING, PATIENCE, SHARE

_UP = of("dlms_meter_up")
_READ_AT = of("dlms_meter_last_success_timestamp_seconds")
_STALE = of("dlms_meter_stale_bytes_total")
_BUCKETS = of("dlms_meter_cycle_duration_seconds_bucket")


def _slowest(share: float) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({_BUCKETS}[5m])))"


METERS = Section(
    "Meters",
    (
        table(
            "Meters",
            "One line per meter, the worst first. Share read, slowest cycles, reconnects and the most common error "
            "are of the page's time range.",
            Query(f"max by (meter) ({_UP})"),
            Query(f"time() - max by (meter) ({_READ_AT} > 0)"),
            Query(f"max by (meter) ({of('dlms_meter_interval_seconds')})"),
            Query(share_read("[$__range]")),
            Query(f"histogram_quantile(0.95, sum by (meter, le) (increase({_BUCKETS}[$__range])))"),
            Query(
                f"round(sum by (meter) (increase({of('dlms_meter_reconnects_total')}[$__range]))) "
                f"or 0 * max by (meter) ({_UP})"
            ),
            Query(
                "topk by (meter) (1, round(sum by (meter, stage) "
                f"(increase({of('dlms_meter_errors_total')}[$__range]))) > 0)"
            ),
            columns=(
                Column("meter", "Meter", link=METER_PAGE),
                Column("Value #A", "State", words=ANSWERING),
                Column("Value #B", "Last sample", unit="s", levels=PATIENCE, empty="none yet"),
                Column("Value #C", "Read every", unit="s"),
                Column("Value #D", "Share read", unit="percentunit", levels=SHARE),
                Column("Value #E", "95 % of cycles within", unit="s"),
                Column("Value #F", "Reconnects", unit="short"),
                Column("stage", "Commonest error"),
                Column("Value #G", "Such errors", unit="short"),
            ),
            empty="not scraped, or no such meter",
            smallest_first="Share read",
        ),
        timeline(
            "Meters that failed",
            f"When they failed and when they answered: the {MOST_LINES} that answered least in this time range.",
            Query(
                f"{_UP} and on (meter) bottomk({MOST_LINES}, avg_over_time({_UP}{WHOLE}) < 1)",
                "{{meter}}",
            ),
            words=ANSWERING,
            empty="every chosen meter answered all the time",
        ),
        lines(
            "Read success by meter, 5 min",
            "Share of a meter's reading cycles that gave a sample, over the five minutes before each point. "
            f"With more than {MOST_LINES} meters, the worst are drawn.",
            Query(
                f"{share_read('[5m]')} and on (meter) bottomk({MOST_LINES}, {share_read(WHOLE)})",
                "{{meter}}",
            ),
            unit="percentunit",
            bounds=(0, 1),
        ),
        lines(
            "Age of the last sample by meter",
            "Seconds since the meter last gave a sample: a sawtooth between zero and its interval when all is well, a "
            f"ramp while it is silent. With more than {MOST_LINES} meters, the stalest are drawn.",
            Query(
                f"time() - max by (meter) ({_READ_AT} > 0) and on (meter) "
                f"bottomk({MOST_LINES}, max by (meter) (max_over_time({_READ_AT}{WHOLE})))",
                "{{meter}}",
            ),
            unit="s",
        ),
        lines(
            "Reconnects by reason",
            "Associations opened again after one was lost, per minute, by the stage of the error that ended it.",
            Query(a_minute("dlms_meter_reconnects_total", "reason"), "{{reason}}"),
            unit="cpm",
            empty="no reconnect",
            stacked=True,
            width=8,
        ),
    ),
)
