"""The kinds of panel that our dashboards use, each a function from what it says to Grafana's JSON.

Owns Grafana's field names. Must not know a metric: what is shown is said in ``sections/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase

from grafana.source.style import DATASOURCE, GRAFANA, NO_WORDS, PLAIN, Json, Levels, Words, override, unknown

_SOFT_MAX = {"s": 0.01, "percentunit": 0.01}
"""By unit: how far the axis goes at least, so that zero is no line on an axis of 0 to 100; 1 for others."""

_NARROW, _NARROW_PX = 3, 22
"""Two words fit a tile of so many columns, on two lines; Grafana itself would write the first larger than that."""


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
        width: pixels; 0 for a share of what is left.
        decimals: of numbers; None for as many as fit.
    """

    field: str
    title: str
    unit: str = ""
    levels: Levels = PLAIN
    words: Words = NO_WORDS
    empty: str = "-"
    link: str = ""
    width: int = 0
    decimals: int | None = None

    def override(self) -> Json:
        """Return the field override that formats the column."""
        looks: Json = {"noValue": self.empty}
        looks |= {"unit": self.unit} if self.unit else {}
        looks |= {"custom.width": self.width} if self.width else {}
        looks |= {} if self.decimals is None else {"decimals": self.decimals}
        looks |= {"links": [{"title": "Show this one", "url": self.link}]} if self.link else {}
        if self.levels != PLAIN or self.words.meaning:
            looks |= {
                "mappings": [*self.words.json(), unknown(self.empty)],
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
    label: str = "",
    decimals: int | None = None,
    text_px: int = 0,
    width: int = 4,
    height: int = 3,
) -> Panel:
    """Return a big figure of this moment, or the value of the series' ``label``.

    Asks for the present only: the last value of a bridge that is gone would be a lie. What is not known is grey and
    says ``empty``: without a word for no value, Grafana gives it the lowest level's colour.
    """
    options = {
        "colorMode": "none" if levels == PLAIN and not words.meaning else "background",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": f"/^{label}$/" if label else "", "values": False},
        "showPercentChange": False,
        "textMode": "value_and_name" if len(queries) > 1 else "value",
        "wideLayout": True,
    }
    if text_px or width <= _NARROW:
        options["text"] = {"valueSize": text_px or _NARROW_PX}
    fields = _fields(unit, empty, levels, words)
    fields["mappings"] += [unknown(empty)]
    fields |= {} if decimals is None else {"decimals": decimals}
    targets = _targets(queries, now=True, form="table" if label else "time_series")
    return Panel(width, height, _panel("stat", title, description, targets, options, fields))


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
    height: int = 8,
) -> Panel:
    """Return lines over time; ``levels`` are drawn as dashed limits, ``stacked`` adds the series up as bars."""
    fields = _fields(unit, empty, levels, NO_WORDS)
    fields |= {name: bound for name, bound in zip(("min", "max"), bounds, strict=True) if bound is not None}
    fields |= {} if decimals is None else {"decimals": decimals}
    fields["color"] = {"mode": "palette-classic"}
    fields["custom"] = {
        "drawStyle": "bars" if stacked else "line",
        "axisSoftMax": _SOFT_MAX.get(unit, 1) if bounds[0] == 0 else None,
        "fillOpacity": 60 if stacked else 0,
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "showPoints": "auto",
        "spanNulls": False,  # a gap is news
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
        "thresholdsStyle": {"mode": "dashed" if levels.steps else "off"},
    }
    legend = {"calcs": ["lastNotNull"], "displayMode": "table", "placement": "right", "showLegend": True}
    if width < 12 or len(queries) > 1:
        legend |= {"calcs": [], "displayMode": "list", "placement": "bottom"}
    options = {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    return Panel(width, height, _panel("timeseries", title, description, _targets(queries), options, fields))


def timeline(
    title: str, description: str, *queries: Query, words: Words, empty: str, width: int = 24, height: int = 5
) -> Panel:
    """Return one coloured band per series: which state, from when to when.

    Give it a series that always exists: Grafana says "Data does not have a time field" of none, whatever ``empty`` is.
    """
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
    return Panel(width, height, _panel("state-timeline", title, description, _targets(queries), options, fields))


def table(
    title: str,
    description: str,
    *queries: Query,
    columns: tuple[Column, ...],
    empty: str,
    sort: tuple[str, ...],
    width: int = 24,
    height: int = 9,
) -> Panel:
    """Return a table of this moment, one row for each set of labels that the queries share.

    Args:
        title: the panel's title.
        description: what a technician reads on hover.
        queries: joined on the labels that they have in common.
        columns: in their order; whatever is not named here is left out.
        empty: what stands there when no query returns anything.
        sort: titles of the columns to sort by, upwards; downwards with a ``-`` before.
        width: of the dashboard's 24 columns.
        height: in Grafana's grid units.
    """
    panel = _table(title, description, queries, empty, sort, filterable=width == 24)
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
    return Panel(width, height, panel)


def calendar(
    title: str, description: str, query: Query, *, rows: str, columns: str, levels: Levels, empty: str, height: int = 8
) -> Panel:
    """Return a matrix of coloured shares: a row per value of the label ``rows``, a column per value of ``columns``."""
    panel = _table(title, description, (query,), empty, (), filterable=False)
    defaults = panel["fieldConfig"]["defaults"]
    defaults |= {"unit": "percentunit", "decimals": 0, "thresholds": levels.json(), "mappings": [unknown("")]}
    defaults["custom"] |= {"align": "center", "cellOptions": {"type": "color-background", "mode": "basic"}}
    corner = f"{rows}\\{columns}"
    looks = {"custom.cellOptions": {"type": "auto"}, "custom.align": "left", "custom.width": 150, "displayName": ""}
    panel["fieldConfig"]["overrides"] = [override(corner, looks | {"displayName": rows.capitalize()})]
    panel["transformations"] = [
        {"id": "groupingToMatrix", "options": {"columnField": columns, "rowField": rows, "valueField": "Value"}}
    ]
    return Panel(24, height, panel)


def _table(
    title: str, description: str, queries: tuple[Query, ...], empty: str, sort: tuple[str, ...], *, filterable: bool
) -> Json:
    fields = _fields("none", empty, PLAIN, NO_WORDS)
    fields["custom"] = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": filterable, "minWidth": 60}
    options = {
        "cellHeight": "sm",
        "frameIndex": 0,
        "showHeader": True,
        "sortBy": [{"displayName": by.removeprefix("-"), "desc": by.startswith("-")} for by in sort],
    }
    return _panel("table", title, description, _targets(queries, now=True, form="table"), options, fields)


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
