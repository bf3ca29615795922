"""A dashboard: its sections laid out on Grafana's grid of 24 columns, its variable, its annotations, its JSON text."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grafana.source.style import DATASOURCE

if TYPE_CHECKING:
    from grafana.source.panels import Panel
    from grafana.source.style import Json

SCHEMA_VERSION = 42  # the last of the classic model; Grafana 13 takes it over by itself
_COLUMNS = 24


def panel_id(title: str) -> int:
    """Return the number of the panel ``title``: the same wherever it is placed, so that links to it stay valid."""
    return zlib.crc32(title.encode()) % 1_000_000


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of the dashboard; panels stand left to right and wrap at 24 columns.

    Args:
        title: of the row that opens the section; empty for the part at the very top.
        panels: in reading order.
        is_open: whether it is drawn before somebody opens it; what is closed asks Prometheus nothing.
    """

    title: str
    panels: tuple[Panel, ...]
    is_open: bool = True

    def placed(self, y: int) -> tuple[list[Json], int]:
        """Return the panels placed from the grid's line ``y`` on, and the first line below them."""
        placed: list[Json] = []
        x = height = 0
        for panel in self.panels:
            if x + panel.width > _COLUMNS:
                x, y, height = 0, y + height, 0
            position = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            placed.append({"id": panel_id(panel.json["title"]), "gridPos": position, **panel.json})
            x, height = x + panel.width, max(height, panel.height)
        return placed, y + height


@dataclass(frozen=True, slots=True)
class Annotation:
    """Events drawn across every panel.

    Args:
        name: of the switch at the top of the dashboard.
        expr: PromQL whose value is the event's Unix time in milliseconds.
        title: what hovering says.
        is_on: whether they are drawn before somebody switches them on.
    """

    name: str
    expr: str
    title: str
    is_on: bool = True

    def json(self) -> Json:
        """Return Grafana's annotation query."""
        return {
            "datasource": DATASOURCE,
            "enable": self.is_on,
            "expr": self.expr,
            "iconColor": "purple",
            "name": self.name,
            "step": "60s",
            "tagKeys": "",
            "textFormat": "",
            "titleFormat": self.title,
            "useValueForTime": True,
        }


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything that one file in ``grafana/dashboards`` holds.

    Args:
        uid: part of the dashboard's address; never changes.
        title: its name in Grafana.
        description: what it is for.
        meters_from: the metric whose ``meter`` label fills the variable ``$meter``.
        takes_all: whether it opens on all meters; on the first one otherwise.
        sections: from top to bottom.
        annotations: events drawn across the panels.
        beside: uid and title of the other dashboards, for the links at the top.
    """

    uid: str
    title: str
    description: str
    meters_from: str
    takes_all: bool
    sections: tuple[Section, ...]
    annotations: tuple[Annotation, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """Return the file's text."""
        return json.dumps(self.json(), indent=2, ensure_ascii=False) + "\n"

    def json(self) -> Json:
        """Return Grafana's dashboard model, the classic one that file provisioning takes."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["dlms-bridge"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "10s",
            "time": {"from": "now-30m", "to": "now"},
            "timepicker": {},
            "timezone": "browser",
            "fiscalYearStartMonth": 0,
            "links": [self._link(uid, title) for uid, title in self.beside],
            "annotations": {"list": [annotation.json() for annotation in self.annotations]},
            "templating": {"list": [self._meter_variable()]},
            "panels": self._placed(),
        }

    @staticmethod
    def _link(uid: str, title: str) -> Json:
        return {
            "title": title,
            "type": "link",
            "url": f"/d/{uid}",
            "icon": "dashboard",
            "tooltip": "",
            "keepTime": True,
            "includeVars": False,
            "asDropdown": False,
            "targetBlank": False,
            "tags": [],
        }

    def _meter_variable(self) -> Json:
        query = f"label_values({self.meters_from}, meter)"
        return {
            "name": "meter",
            "label": "Meter",
            "description": "Which meters the panels below the top rows show",
            "type": "query",
            "datasource": DATASOURCE,
            "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
            "refresh": 2,  # when the time range changes, so that a new meter appears
            "sort": 7,  # natural order: meter 2 before meter 10
            "multi": True,
            "includeAll": self.takes_all,
            "allValue": ".*",  # a thousand names in one pattern would be slow
            "current": {"text": ["All"], "value": ["$__all"]} if self.takes_all else {},
            "options": [],
            "regex": "",
            "hide": 0,
            "skipUrlSync": False,
        }

    def _placed(self) -> list[Json]:
        placed: list[Json] = []
        y = 0
        for section in self.sections:
            panels, below = section.placed(y + bool(section.title))
            if section.title:
                closed = {"collapsed": not section.is_open, "panels": [] if section.is_open else panels}
                place = {"x": 0, "y": y, "w": _COLUMNS, "h": 1}
                row = {"type": "row", "title": section.title, **closed}
                placed.append({"id": panel_id(f"row {section.title}"), "gridPos": place, **row})
                y += 1
            if section.is_open:
                placed += panels
                y = below
        return placed
