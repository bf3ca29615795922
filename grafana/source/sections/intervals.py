"""The load profiles: which intervals are had, which are missing, and until when they can still be read."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Column, Query, calendar, lines, table
from grafana.source.queries import METER_PAGE, of
from grafana.source.style import BAD, GOOD, WARN, Levels

_DAY = "dlms_intervals_day_completeness_ratio"
_SHARE = Levels(BAD, ((0.5, WARN), (0.995, GOOD)))
_ROOM = Levels(BAD, ((86_400, WARN), (3 * 86_400, GOOD)))
_MOST_ROWS = 50


def _complete(window: str) -> Query:
    matcher = f'window="{window}"'
    return Query(f"max by (meter) ({of('dlms_intervals_completeness_ratio', matcher)})")


INTERVALS = Section(
    "Load profiles",
    (
        calendar(
            "Complete, by day",
            "Share of each day's intervals that are had, by meter. With more than "
            f"{_MOST_ROWS} meters, those that have fewest.",
            Query(
                f"max by (meter, day) ({of(_DAY)}) and on (meter) bottomk({_MOST_ROWS}, avg by (meter) ({of(_DAY)}))"
            ),
            rows="meter",
            columns="day",
            levels=_SHARE,
            empty="no load profiles",
        ),
        table(
            "Intervals by meter",
            "How many intervals each meter still owes, since when, and how long until it overwrites the first. "
            "`bridge gaps` says why.",
            *(_complete(window) for window in ("day", "week", "month")),
            Query(f"max by (meter) ({of('dlms_intervals_missing')})"),
            Query(f"1000 * max by (meter) ({of('dlms_intervals_oldest_missing_timestamp_seconds')} > 0)"),
            Query(f"max by (meter) ({of('dlms_intervals_first_overwritten_timestamp_seconds')} > 0) - time()"),
            columns=(
                Column("meter", "Meter", link=METER_PAGE),
                Column("Value #D", "Missing", unit="none", levels=Levels(GOOD, ((1, WARN),))),
                Column("Value #A", "Day", unit="percentunit", levels=_SHARE),
                Column("Value #B", "Week", unit="percentunit", levels=_SHARE),
                Column("Value #C", "Month", unit="percentunit", levels=_SHARE),
                Column("Value #E", "Missing since", unit="dateTimeFromNow"),
                Column("Value #F", "Overwritten in", unit="s", levels=_ROOM, decimals=0),
            ),
            empty="no load profiles",
            sort=("-Missing",),
            width=14,
            height=8,
        ),
        lines(
            "Rows read back",
            "Rows of load profiles and event logs that were read from meters, per minute, by what became of them.",
            Query(
                f"60 * sum by (result) (rate({of('dlms_intervals_backfill_rows_total')}[$__rate_interval]))",
                "{{result}}",
            ),
            unit="suffix:/min",
            empty="no load profiles",
            width=10,
        ),
    ),
    is_open=False,
)
