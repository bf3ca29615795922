"""The chosen meters at this moment: state, last sample, why, and when they answered."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Query, stat, timeline
from grafana.source.queries import LAST_ERROR, MOST_LINES, WHOLE, of, time_up, while_scraped
from grafana.source.style import (
    ANSWERING,
    BAD,
    GONE,
    GOOD,
    PATIENCE,
    SHARE,
    STAGES_NOW,
    UNKNOWN,
    WARN,
    Levels,
)

_UP = of("dlms_meter_up")
_READ_AT = of("dlms_meter_last_success_timestamp_seconds")
_FAILED = 'result="failed"'


def _share_of(window: str) -> str:
    return of("dlms_intervals_completeness_ratio", f'window="{window}"')


NOW = Section(
    "",
    (
        stat(
            "State",
            "Whether the last cycle gave a sample; of several meters, the worst.",
            Query(f"min({_UP})"),
            unit="none",
            empty=GONE,
            words=ANSWERING,
        ),
        stat(
            "Why",
            "Where the last attempt failed; of several meters, that of the one that failed last.",
            Query(
                f"topk(1, max by (stage) ({of(LAST_ERROR)} and on (meter) {_UP} == 0)) "
                f'or on () label_replace(min({_UP}) == 1, "stage", "-", "", "")'
            ),
            unit="none",
            empty="not known",
            levels=Levels(UNKNOWN),
            words=STAGES_NOW,
            label="stage",
            width=5,
        ),
        stat(
            "Last sample",
            "How long ago; of several meters, the stalest.",
            Query(f"max(time() - ({_READ_AT} > 0))"),
            unit="s",
            empty="none yet",
            levels=PATIENCE,
            decimals=0,
            width=3,
        ),
        stat(
            "Time up",
            "Share of the page's time range that it answered, by time and not by attempts; of several, the average.",
            Query(while_scraped(f"avg({time_up('[$__range]')})")),
            unit="percentunit",
            empty=GONE,
            levels=SHARE,
            decimals=1,
            width=3,
        ),
        stat(
            "Failed cycles",
            "In this time range. *Errors by stage* below says where.",
            Query(while_scraped(f"round(sum(increase({of('dlms_meter_cycles_total', _FAILED)}[$__range])))")),
            unit="short",
            empty=GONE,
            width=3,
        ),
        stat(
            "Read every",
            "How often it is to be read; of several, the longest.",
            Query(f"max({of('dlms_meter_interval_seconds')})"),
            unit="s",
            empty=GONE,
            width=3,
        ),
        stat(
            "Its week",
            "Share of the last week's intervals that are had; of several meters, the least. In fleet mode the last "
            "day's.",
            Query(f"min({_share_of('week')}) or min({_share_of('day')})"),
            unit="percentunit",
            empty="no load profile",
            levels=Levels(BAD, ((0.9, WARN), (0.995, GOOD))),
            width=3,
        ),
        timeline(
            "When it answered",
            f"The chosen meters; of more than {MOST_LINES}, those that answered least.",
            Query(
                f"max by (meter) ({_UP}) and on (meter) bottomk({MOST_LINES}, avg_over_time({_UP}{WHOLE}))",
                "{{meter}}",
            ),
            Query(f"3 * absent({_UP})", "nothing"),
            words=ANSWERING,
            empty=GONE,
            height=4,
        ),
    ),
)
