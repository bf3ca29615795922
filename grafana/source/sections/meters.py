"""Which meters are read, how well, and what goes wrong with the others."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Column, Query, lines, table
from grafana.source.queries import ANSWERS, LAST_ERROR, METER_PAGE, MOST_LINES, WHOLE, a_minute, of, time_up, within
from grafana.source.style import ANSWERING, PATIENCE, SHARE, STAGES

_UP = of("dlms_meter_up")
_READ_AT = of("dlms_meter_last_success_timestamp_seconds")
_POWER = of("dlms_meter_value", 'key="active_power"')
_SLOWEST = within(
    0.95,
    of("dlms_meter_cycle_duration_seconds_bucket"),
    0.01,
    by="meter, le",
    window="increase(%s[$__range])",
)

METERS = Section(
    "Meters",
    (
        table(
            "Every meter",
            "One line per meter, the failing ones first. Time up, slowest cycles and reconnects are of the page's time "
            "range. Time up counts time, not attempts: of a meter that was silent for half of it, it says 50 %.",
            Query(f"max by (meter) ({_UP})"),
            Query(f"sum by (meter) ({_POWER}) and {ANSWERS}"),
            Query(f"{time_up('[$__range]')} and on (meter) dlms_meter_up"),
            Query(f"time() - max by (meter) ({_READ_AT} > 0)"),
            Query(f"topk by (meter) (1, max by (meter, stage) ({of(LAST_ERROR)})) and on (meter) dlms_meter_up == 0"),
            Query(f"max by (meter) ({of('dlms_meter_interval_seconds')})"),
            Query(f"{_SLOWEST} and on (meter) dlms_meter_up"),
            Query(
                f"round(sum by (meter) (increase({of('dlms_meter_reconnects_total')}[$__range]))) "
                f"or 0 * max by (meter) ({_UP})"
            ),
            columns=(
                Column("meter", "Meter", link=METER_PAGE),
                Column("Value #A", "State", words=ANSWERING, empty="not scraped", width=110),
                Column("Value #B", "Power", unit="watt", width=110),
                Column("Value #C", "Time up", unit="percentunit", levels=SHARE, width=110, decimals=1),
                Column("Value #D", "Last sample", unit="s", levels=PATIENCE, empty="none yet", width=120, decimals=0),
                Column("stage", "Why", words=STAGES, width=210),
                Column("Value #F", "Read every", unit="s", width=110),
                Column("Value #G", "95 % within", unit="s", width=110),
                Column("Value #H", "Reconnects", unit="short", width=120),
            ),
            empty="not scraped, or no such meter",
            sort=("State", "Time up"),
        ),
        lines(
            "Time up by meter, 5 min",
            "Share of the time that a meter answered, over the five minutes before each point. "
            f"With more than {MOST_LINES} meters, the worst are drawn.",
            Query(f"{time_up('[5m]')} and on (meter) bottomk({MOST_LINES}, {time_up(WHOLE)})", "{{meter}}"),
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
            unit="suffix:/min",
            empty="no reconnect",
            stacked=True,
            width=24,
            height=5,
        ),
    ),
)
