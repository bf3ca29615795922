"""The kinds of panel that our dashboards use, each a function from what it says to Grafana's JSON.

Owns Grafana's field names. Must not know a metric: what is shown is said in ``sections/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase

from grafana.source.style import DATASOURCE, GRAFANA, NO_WORDS, PLAIN, Json, Levels, Words, override


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query.

    Args:
        expr: the query; may hold ``$meter``, ``$__rate_interval`` and ``$__range``.
        legend: the series' name, with ``{{label}}`` for a label's value.
    """

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel before it is placed.

    Args:
        width: of the dashboard's 24 columns.
        height: in Grafana's grid units of about 30 pixels.
        json: everything but ``id`` and ``gridPos``.
    """

    width: int
    height: int
    json: Json


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: a label that a query carries, or a query's value.

    Args:
        field: the label's name; or ``Value`` of the only query, ``Value #A`` of the first of several.
        title: the column's head.
        unit: Grafana's unit; empty for text.
        levels: colours of the text.
        words: meanings of whole numbers.
        empty: what stands there when there is no value.
        link: where a click leads; may hold ``${__value.raw}``.
    """

    field: str
    title: str
    unit: str = ""
    levels: Levels = PLAIN
    words: Words = NO_WORDS
    empty: str = "-"
    link: str = ""

    def override(self) -> Json:
        """Return the field override that formats the column."""
        looks: Json = {"noValue": self.empty}
        looks |= {"unit": self.unit} if self.unit else {}
        looks |= {"links": [{"title": "Show this one", "url": self.link}]} if self.link else {}
        if self.levels != PLAIN or self.words.meaning:
            looks |= {
                "mappings": self.words.json(),
                "thresholds": self.levels.json(),
                "color": {"mode": "thresholds"},
                "custom.cellOptions": {"type": "color-text"},
            }
        return override(self.title, looks)


def stat(
    title: str,
    description: str,
    *queries: Query,
    unit: str,
    empty: str,
    levels: Levels = PLAIN,
    words: Words = NO_WORDS,
    by_name: bool = False,
    width: int = 4,
) -> Panel:
    """Return a big figure, or word, of this moment; ``by_name`` shows the series' name instead.

    Asks for the present only: the last value of a bridge that is gone would be a lie.
    """
    options = {
        "colorMode": "none" if levels == PLAIN and not words.meaning else "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showPercentChange": False,
        "textMode": "name" if by_name else "value_and_name" if len(queries) > 1 else "value",
        "wideLayout": True,
    }
    fields = _fields(unit, empty, levels, words)
    return Panel(width, 4, _panel("stat", title, description, _targets(queries, now=True), options, fields))


def lines(
    title: str,
    description: str,
    *queries: Query,
    unit: str,
    empty: str = "nothing in this time range",
    levels: Levels = PLAIN,
    bounds: tuple[float | None, float | None] = (0, None),
    decimals: int | None = None,
    stacked: bool = False,
    width: int = 12,
) -> Panel:
    """Return lines over time; ``levels`` are drawn as dashed limits, ``stacked`` adds the series up as bars."""
    fields = _fields(unit, empty, levels, NO_WORDS)
    fields |= {name: bound for name, bound in zip(("min", "max"), bounds, strict=True) if bound is not None}
    fields |= {} if decimals is None else {"decimals": decimals}
    fields["color"] = {"mode": "palette-classic"}
    fields["custom"] = {
        "drawStyle": "bars" if stacked else "line",
        "fillOpacity": 60 if stacked else 5,
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "showPoints": "auto",
        "spanNulls": False,  # a gap is news
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if levels.steps else "off"},
    }
    legend = {"calcs": ["lastNotNull", "max"], "displayMode": "table", "placement": "right", "showLegend": True}
    if width < 12 or len(queries) > 1:
        legend |= {"calcs": [], "displayMode": "list", "placement": "bottom"}
    options = {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    return Panel(width, 8, _panel("timeseries", title, description, _targets(queries), options, fields))


def timeline(title: str, description: str, *queries: Query, words: Words, empty: str, width: int = 24) -> Panel:
    """Return one coloured band per series: which state, from when to when."""
    fields = _fields("none", empty, PLAIN, words)
    fields["custom"] = {"fillOpacity": 70, "lineWidth": 0}
    options = {
        "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "mergeValues": True,
        "rowHeight": 0.8,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return Panel(width, 7, _panel("state-timeline", title, description, _targets(queries), options, fields))


def table(
    title: str,
    description: str,
    *queries: Query,
    columns: tuple[Column, ...],
    empty: str,
    largest_first: str = "",
    smallest_first: str = "",
    height: int = 9,
) -> Panel:
    """Return a table of this moment, one row for each set of labels that the queries share.

    Args:
        title: the panel's title.
        description: what a technician reads on hover.
        queries: joined on the labels that they have in common.
        columns: in their order; whatever is not named here is left out.
        empty: what stands there when no query returns anything.
        largest_first: title of the column to sort by, downwards.
        smallest_first: title of the column to sort by, upwards.
        height: in Grafana's grid units.
    """
    fields = _fields("none", empty, PLAIN, NO_WORDS)
    fields["custom"] = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}
    options = {
        "cellHeight": "sm",
        "frameIndex": 0,
        "showHeader": True,
        "sortBy": [{"displayName": largest_first or smallest_first, "desc": bool(largest_first)}],
    }
    panel = _panel("table", title, description, _targets(queries, now=True, form="table"), options, fields)
    panel["fieldConfig"]["overrides"] = [column.override() for column in columns]
    names = [column.field for column in columns]
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {name: index for index, name in enumerate(names)},
                "renameByName": {column.field: column.title for column in columns},
            },
        },
    ]
    return Panel(24, height, panel)


def _fields(unit: str, empty: str, levels: Levels, words: Words) -> Json:
    return {
        "color": {"mode": "thresholds"},
        "mappings": words.json(),
        "noValue": empty,
        "thresholds": levels.json(),
        "unit": unit,
    }


def _targets(queries: tuple[Query, ...], *, now: bool = False, form: str = "time_series") -> list[Json]:
    return [
        {
            "datasource": DATASOURCE,
            "editorMode": "code",
            "expr": query.expr,
            "format": form,
            "instant": now,
            "legendFormat": query.legend or "__auto",
            "range": not now,
            "refId": ref_id,
        }
        for ref_id, query in zip(ascii_uppercase, queries, strict=False)
    ]


def _panel(kind: str, title: str, description: str, targets: list[Json], options: Json, fields: Json) -> Json:  # noqa: PLR0917 - the anatomy of every panel, in Grafana's order
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "pluginVersion": GRAFANA,
        "targets": targets,
        "options": options,
        "fieldConfig": {"defaults": fields, "overrides": []},
    }
