"""How our panels look: Grafana's version, colours, what values mean. No panel and no metric in here.

Colours are Grafana's names, never codes, so that light and dark both read well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

GRAFANA = "13.2.3"
DATASOURCE: Json = {"type": "prometheus", "uid": "prometheus"}

GONE = "not scraped"
"""Shown in place of a figure that Prometheus does not have."""

GOOD, WARN, BAD, CALM = "green", "orange", "red", "blue"
UNKNOWN = "dimgray"
"""Of what nobody knows: the lowest level's colour would say that all is well, or that nothing is."""


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
    """What whole numbers or a label's values mean: ``{0: ("down", "red")}``."""

    meaning: Mapping[Any, tuple[str, str]] = field(default_factory=dict)

    def json(self) -> list[Json]:
        """Return Grafana's value mappings."""
        options = {
            str(value): {"text": text, "color": colour, "index": index}
            for index, (value, (text, colour)) in enumerate(self.meaning.items())
        }
        return [{"type": "value", "options": options}] if options else []


NO_WORDS = Words()
STATE = Words({0: ("not configured", CALM), 1: ("down", BAD), 2: ("up", GOOD), 3: (GONE, UNKNOWN)})
ANSWERING = Words({0: ("failing", BAD), 1: ("up", GOOD), 3: (GONE, UNKNOWN)})
LISTS = Words({0: ("in lists", GOOD), 1: ("one by one", WARN), 3: ("none is known", UNKNOWN)})
_VERDICTS = {
    GOOD: ("all is well",),
    WARN: (
        "ThingsBoard is away",
        "the clock is not set",
        "a meter fails",
        "intervals are missing",
        "something needs a look",
        "no meter is read yet",
    ),
    BAD: (
        "the bridge is down",
        "the bridge hangs",
        "waiting for its lease",
        "the disk takes nothing",
        "no meter answers",
        "the broker is away",
        "ThingsBoard stores nothing",
    ),
}
VERDICT = Words({said: (said, colour) for colour, words in _VERDICTS.items() for said in words})
"""Colours for the verdicts of bridge/health/verdict.py, and of the one that only Prometheus can know."""

STAGES = Words(
    {
        "config": ("a setting cannot be used", "text"),
        "dns": ("its name has no address", "text"),
        "tcp": ("no connection", "text"),
        "timeout": ("no answer", "text"),
        "framing": ("bytes that make no frame", "text"),
        "association": ("refuses the association", "text"),
        "auth": ("password or key refused", BAD),
        "access": ("refuses every register", "text"),
        "decode": ("an answer without sense", "text"),
        "-": ("it answers", GOOD),
    }
)
STAGES_NOW = Words({stage: (said, GOOD if stage == "-" else BAD) for stage, (said, _) in STAGES.meaning.items()})
"""The same on a coloured ground."""

SEVERITY = Words({"critical": ("critical", BAD), "warning": ("warning", WARN)})
TIME = Words(
    {
        "trusted": ("trusted", GOOD),
        "kept": ("kept", WARN),
        "estimated": ("estimated", WARN),
        "waiting": ("waiting", BAD),
    }
)


def unknown(said: str) -> Json:
    """Return the mapping of no value at all to ``said``, in grey."""
    return {
        "type": "special",
        "options": {"match": "null+nan", "result": {"text": said, "color": UNKNOWN, "index": 99}},
    }


def override(name: str, properties: Json) -> Json:
    """Return the field override that gives the field ``name`` its ``properties``."""
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }
