"""The pieces of a ThingsBoard dashboard: keys, sources, time windows, and a page that places widgets. Pure.

Widgets merge what they are given with their defaults, so only what differs is written down; and in the very form in
which ThingsBoard's editor leaves it when somebody opens and saves the dashboard without a change.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]

BLUE: Final = "#1971c2"
DAY_MS: Final = 86_400_000
COLUMNS: Final = 24
_DARK: Final = "rgba(0,0,0,.87)"


def guid(name: str) -> str:
    """Return an id for an alias or a filter: the same each time, and one that the editor does not replace."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"meters/{name}"))


def key(name: str, label: str = "", kind: str = "timeseries", *, color: str = BLUE, **more: Any) -> Json:
    """What a widget shows of an entity: a telemetry key, an attribute, a field."""
    return {"name": name, "type": kind, "label": label or name, "color": color, "settings": {}, **more}


def attribute(name: str, label: str = "", **more: Any) -> Json:
    """An attribute of a device."""
    return key(name, label, "attribute", **more)


def bars(wanted: Json) -> Json:
    """A key drawn as bars."""
    return {**wanted, "settings": {"type": "bar"}}


def source(alias: str, keys: Iterable[Json], **more: Any) -> Json:
    """Where a widget's data come from."""
    return {"type": "entity", "entityAliasId": guid(alias), "dataKeys": list(keys), **more}


def last(window_ms: int, aggregation: str, interval_ms: int) -> Json:
    """The time window that ends now."""
    realtime = {"realtimeType": 0, "timewindowMs": window_ms, "interval": interval_ms}
    return {"selectedTab": 0, "realtime": realtime, "aggregation": {"type": aggregation, "limit": 25000}}


def calendar(quick: str, aggregation: str, interval: int | str) -> Json:
    """The present month, or year, in intervals."""
    realtime = {"realtimeType": 1, "quickInterval": quick, "interval": interval}
    return {"selectedTab": 0, "realtime": realtime, "aggregation": {"type": aggregation, "limit": 25000}}


def span(quick: str) -> Json:
    """The present day, or month, as a whole."""
    return {"selectedTab": 0, "realtime": {"realtimeType": 1, "quickInterval": quick}}


def font(size: int, weight: str, line: str) -> Json:
    """A font as ThingsBoard writes it."""
    return {
        "family": "Roboto",
        "size": size,
        "sizeUnit": "px",
        "weight": weight,
        "style": "normal",
        "lineHeight": line,
    }


OWN_WINDOW: Final[Json] = {
    "useDashboardTimewindow": False,
    "displayTimewindow": True,
    "timewindowStyle": {
        "showIcon": True,
        "icon": "query_builder",
        "iconSize": "16px",
        "iconPosition": "left",
        "displayTypePrefix": False,
        "font": font(12, "400", "16px"),
        "color": "rgba(0,0,0,.54)",
    },
}
"""Of a chart: its own time window, with the means to change it."""
FIXED_WINDOW: Final[Json] = {"useDashboardTimewindow": False, "displayTimewindow": False}
"""The same without the means."""


class DashboardPage:
    """One state of the dashboard: widgets and their places.

    Args:
        widgets: all widgets of the dashboard, by id; added to.
    """

    def __init__(self, widgets: dict[str, Json]) -> None:
        self._widgets = widgets
        self._places: dict[str, Json] = {}

    def add(
        self,
        widget: str,
        kind: tuple[str, str],
        place: tuple[int, int, int, int],
        *,
        mobile: int,
        title: str = "",
        sources: Iterable[Json] = (),
        settings: Json | None = None,
        **config: Any,
    ) -> None:
        """Place a widget.

        Args:
            widget: its id.
            kind: ThingsBoard's type of widget, and of its data.
            place: column, row, width and height; 24 columns are the page.
            mobile: its height on a phone; 0 leaves it out there.
            title: above it.
            sources: of its data.
            settings: of this type of widget.
            config: what else differs from the defaults.
        """
        fqn, data = kind
        column, row, width, height = place
        self._widgets[widget] = {
            "typeFullFqn": f"system.{fqn}",
            "type": data,
            "sizeX": width,
            "sizeY": height,
            "row": 0,
            "col": 0,
            "id": widget,
            "config": {
                "title": title or None,
                "showTitle": bool(title),
                "dropShadow": True,
                "enableFullscreen": False,
                "backgroundColor": "#fff",
                "color": _DARK,
                "padding": "0px",
                "titleStyle": {"fontSize": "16px", "fontWeight": 500, "padding": "8px 12px 4px 12px"},
                "datasources": list(sources),
                "settings": settings or {},
                "actions": {},
                **config,
            },
        }
        self._places[widget] = {
            "sizeX": width,
            "sizeY": height,
            "row": row,
            "col": column,
            "mobileOrder": len(self._places) + 1,
            **({"mobileHeight": mobile} if mobile else {"mobileHide": True}),
        }

    def state(self, name: str, *, is_root: bool) -> Json:
        """Return the page as a state of the dashboard."""
        grid = {
            "layoutType": "default",
            "backgroundColor": "#eceff1",
            "columns": COLUMNS,
            "margin": 8,
            "outerMargin": True,
            "mobileRowHeight": 60,
        }
        return {
            "name": name,
            "root": is_root,
            "layouts": {"main": {"widgets": self._places, "gridSettings": grid}},
        }
