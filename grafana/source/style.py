"""How our panels look: Grafana's version, colours, what values mean. No panel and no metric in here.

Colours are Grafana's names, never codes, so that light and dark both read well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

GRAFANA = "13.2.3"
DATASOURCE: Json = {"type": "prometheus", "uid": "prometheus"}

GONE = "not scraped"
"""Shown in place of a figure that Prometheus does not have."""

GOOD, WARN, BAD, CALM = "green", "orange", "red", "blue"


@dataclass(frozen=True, slots=True)
class Levels:
    """Colours by value: ``base`` from below, then each colour from its value on."""

    base: str
    steps: tuple[tuple[float, str], ...] = ()

    def json(self) -> Json:
        """Return Grafana's thresholds."""
        steps: list[Json] = [{"color": self.base, "value": None}]
        return {
            "mode": "absolute",
            "steps": steps + [{"color": colour, "value": value} for value, colour in self.steps],
        }


PLAIN = Levels("text")
NONE_IS_GOOD = Levels(GOOD, ((1, BAD),))
PATIENCE = Levels(GOOD, ((60, WARN), (600, BAD)))
SHARE = Levels(BAD, ((0.9, WARN), (0.99, GOOD)))


@dataclass(frozen=True, slots=True)
class Words:
    """What whole numbers mean: ``{0: ("down", "red")}``."""

    meaning: dict[int, tuple[str, str]] = field(default_factory=dict)

    def json(self) -> list[Json]:
        """Return Grafana's value mappings."""
        options = {
            str(value): {"text": text, "color": colour, "index": index}
            for index, (value, (text, colour)) in enumerate(self.meaning.items())
        }
        return [{"type": "value", "options": options}] if options else []


NO_WORDS = Words()
STATE = Words({0: ("not configured", CALM), 1: ("down", BAD), 2: ("up", GOOD)})
ANSWERING = Words({0: ("failing", BAD), 1: ("up", GOOD)})
LISTS = Words({0: ("in lists", GOOD), 1: ("one by one", WARN)})


def override(name: str, properties: Json) -> Json:
    """Return the field override that gives the field ``name`` its ``properties``."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }
