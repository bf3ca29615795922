"""The dashboard's charts and tables that both pages have. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.thingsboard.dashboard import scripts
from bridge.thingsboard.dashboard.widgets import (
    DAY_MS,
    FIXED_WINDOW,
    OWN_WINDOW,
    DashboardPage,
    Json,
    key,
    last,
    source,
)

if TYPE_CHECKING:
    from bridge.thingsboard.dashboard.words import DashboardWords


def line_chart(
    page: DashboardPage, widget: str, column: int, title: str, keys: list[Json], *, unit: tuple[str, int]
) -> None:
    """Lines of the last day."""
    units, decimals = unit
    settings = {
        "showLegend": len(keys) > 1,
        "dataZoom": False,
        "legendConfig": {"position": "top", "showAvg": False, "direction": "row"},
        "yAxes": {"default": {"units": units, "decimals": decimals}},
    }
    page.add(
        widget, ("time_series_chart", "timeseries"), (column, 4, 8, 6), mobile=4, title=title,
        sources=[source("meter", keys)], settings=settings, timewindow=last(DAY_MS, "AVG", 300_000), units=units,
        decimals=decimals, **OWN_WINDOW,
    )  # fmt: skip


def bar_chart(
    page: DashboardPage, widget: str, column: int, title: str, of: Json, *, window: Json, legend: bool = False
) -> None:
    """Energy as bars; with a legend they are stacked by meter."""
    settings = {
        "showLegend": legend,
        "stack": legend,
        "dataZoom": False,
        "legendConfig": {"position": "bottom", "showAvg": False, "direction": "row"},
        "yAxes": {"default": {"units": "kWh", "decimals": 0, "min": "0"}},
    }
    page.add(
        widget, ("time_series_chart", "timeseries"), (column, 10, 12, 6), mobile=4, title=title, sources=[of],
        settings=settings, timewindow=window, units="kWh", decimals=1, **OWN_WINDOW,
    )  # fmt: skip


def alarm_table(page: DashboardPage, words: DashboardWords, alias: str, fields: list[str], status: list[str]) -> None:
    """The alarms of all meters, or of one."""
    columns = {
        "startTime": ("since", {"columnWidth": "90px", **_content(scripts.SINCE_CELL)}),
        "originator": ("meter", {"columnWidth": "34%"}),
        "type": ("alarm", {}),
        "severity": ("severity", {}),
        "status": ("status", _content(scripts.status_cell(words))),
    }
    keys = [key(field, words[columns[field][0]], "alarm", settings=columns[field][1]) for field in fields]
    settings = {
        "alarmsTitle": words["alarms"],
        "enableSelection": False,
        "enableSelectColumnDisplay": False,
        "displayDetails": False,
        "allowAssign": False,
        "displayActivity": False,
        "enableSearch": False,
        "defaultPageSize": 5,
        "defaultSortOrder": "-startTime",
    }
    row = 10 if alias == "meters" else 16
    page.add(
        f"{alias}_alarms", ("alarm_widgets.alarms_table", "alarm"), (12, row, 12, 6), mobile=6, title=words["alarms"],
        settings=settings, alarmSource=source(alias, keys), alarmFilterConfig={"statusList": status},
        **FIXED_WINDOW, timewindow=last(30 * DAY_MS, "NONE", 1000), widgetCss=scripts.CSS_ROWS,
    )  # fmt: skip


def _content(script: str) -> Json:
    return {"useCellContentFunction": True, "cellContentFunction": script}
