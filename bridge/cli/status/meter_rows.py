"""``bridge status`` on the meters: those with something wrong first, each with its reason.

The others stand in the table while they are few, and in one line when they are many. Judges nothing: what is wrong is
what the report says.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from bridge.cli.duration import duration_text, short_duration_text
from bridge.cli.terminal import aligned
from bridge.configuration.source_values import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.terminal import Part, Terminal

_WELL_SHOWN = 10
"""More meters that are well than these are said in one line."""
_AILING_SHOWN = 10
_NAME_CHARACTERS = 16
"""A column gives way for so much of a meter's name."""
_STATES: Final = {
    "starting": "status.state.starting",
    "reading": "status.state.reading",
    "late": "status.state.late",
    "failing": "status.state.failing",
    "left alone": "status.state.left_alone",
}
_GIVE_WAY: Final = ("status.last_error", "status.reconnects", "status.hour")
"""Columns, in the order in which they are left out where the width does not do."""


class MeterRows:
    """Shows the meters of a report.

    Args:
        report: as the bridge gives it.
        terminal: where to.
        say: in which language.
        every: each meter in a row of its own, however many there are.
    """

    def __init__(self, report: Mapping[str, Any], terminal: Terminal, say: Catalogue, *, every: bool) -> None:
        self._terminal = terminal
        self._say = say
        said = {wrong["meter"]: wrong["said"] for wrong in report["wrong"] if wrong["meter"]}
        self._ailing = [(meter, said[meter["name"]]) for meter in report["meters"] if meter["name"] in said]
        self._well = [meter for meter in report["meters"] if meter["name"] not in said]
        self._ailing_shown = len(self._ailing) if every else _AILING_SHOWN
        self._folds = not every and len(self._well) > _WELL_SHOWN

    def show(self) -> None:
        """Write them."""
        shown = [meter for meter, _ in self._ailing[: self._ailing_shown]]
        shown += [] if self._folds else self._well
        lines = self._lines(shown)
        if lines:
            self._terminal.say(*lines.pop(0))
        for line, (meter, said) in zip(lines, self._ailing, strict=False):
            self._terminal.say(*line)
            self._terminal.wrap(["    "], (self._reason(meter, said), "dim"))
        if len(self._ailing) > self._ailing_shown:
            self._say_the_rest([meter for meter, _ in self._ailing[self._ailing_shown :]])
        for line in lines[len(self._ailing) :]:
            self._terminal.say(*line)
        if self._folds:
            self._say_the_well()

    def _lines(self, meters: Sequence[Mapping[str, Any]]) -> list[list[Part]]:
        """The table: as many columns as leave room for the names, which are cut where even that does not do."""
        if not meters:
            return []
        columns = self._columns
        if not any(meter["last_error_stage"] for meter in self._well):
            del columns["status.last_error"]  # theirs stands below each row
        if not any(meter["completeness_day"] is not None for meter in meters):
            del columns["status.complete"]
        room, longest = self._terminal.columns, max(len(_name(meter)) for meter in meters)
        cells = {key: [(self._say(key), "dim"), *map(column, meters)] for key, column in columns.items()}
        others = {key: max(map(_width, column)) + 2 for key, column in cells.items() if key != "status.meter"}
        for leaving in _GIVE_WAY:
            if room - sum(others.values()) >= min(longest, _NAME_CHARACTERS):
                break
            others.pop(leaving, None)
        width = max(8, room - sum(others.values()))
        names = [_cut(cell, width) for cell in cells["status.meter"]]
        return list(aligned(list(zip(names, *(cells[key] for key in others), strict=True))))

    @property
    def _columns(self) -> dict[str, Callable[[Mapping[str, Any]], Part]]:
        """Name → what stands in it."""
        return {
            "status.meter": _name,
            "status.state": self._state,
            "status.last_value": self._last_value,
            "status.minutes": lambda meter: _share(meter["success_5min"]),
            "status.hour": lambda meter: _share(meter["success_1h"]),
            "status.complete": lambda meter: _share(meter["completeness_day"]),
            "status.reconnects": lambda meter: str(meter["reconnects"]),
            "status.last_error": self._last_error,
        }

    def _state(self, meter: Mapping[str, Any]) -> Part:
        state = self._say(_STATES[meter["state"]])
        if meter["failing_for_s"] is not None:
            state = self._say("status.state_for", state=state, span=short_duration_text(meter["failing_for_s"]))
        return state if meter["state"] in ("reading", "starting") else (state, "bad")

    def _last_value(self, meter: Mapping[str, Any]) -> str:
        ago_s = meter["last_value_ago_s"]
        return self._say("status.none_yet") if ago_s is None else self._ago(ago_s)

    def _last_error(self, meter: Mapping[str, Any]) -> str:
        stage = meter["last_error_stage"]
        return f"{stage}, {self._ago(meter['last_error_ago_s'])}" if stage else "-"

    def _ago(self, seconds: float) -> str:
        return self._say("status.ago", span=short_duration_text(seconds))

    def _reason(self, meter: Mapping[str, Any], said: str) -> str:
        """What is wrong with it, without what stands in its row."""
        if meter["state"] in ("failing", "left alone") and meter["last_error_stage"]:
            reason = f"{meter['last_error_stage']}: {meter['last_error']}"
        else:
            reason = said.removeprefix(f"{meter['name']}: ")
        again_s = meter["next_attempt_in_s"]
        return reason if again_s is None else reason + self._say("status.again", span=duration_text(again_s))

    def _say_the_rest(self, meters: Sequence[Mapping[str, Any]]) -> None:
        kinds = Counter(meter["last_error_stage"] or self._say(_STATES[meter["state"]]) for meter in meters)
        said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        self._terminal.wrap([], self._say("status.more_ailing", count=len(meters), kinds=said))

    def _say_the_well(self) -> None:
        say, states = self._say, Counter(meter["state"] for meter in self._well)
        reading, ages = states["reading"], [meter["last_value_ago_s"] or 0.0 for meter in self._well]
        parts = []
        if reading:
            shares = [meter["success_5min"] for meter in self._well if meter["success_5min"] is not None]
            share = _share(sum(shares) / len(shares)) if shares else "-"
            parts.append(say("status.well", count=reading, share=share, span=short_duration_text(max(ages))))
        if starting := states["starting"]:
            parts.append(say("status.well_starting", count=starting))
        self._terminal.wrap([], f"{'; '.join(parts)} {say('status.list_all')}")


def _name(meter: Mapping[str, Any]) -> str:
    return f"{meter['name']} ({meter['device']})" if meter["device"] else str(meter["name"])


def _width(cell: Part) -> int:
    return len(visible(cell if isinstance(cell, str) else cell[0]))


def _cut(cell: Part, width: int) -> Part:
    return cell if _width(cell) <= width or not isinstance(cell, str) else f"{visible(cell)[: width - 1]}…"


def _share(share: float | None) -> str:
    return "-" if share is None else "100 %" if share == 1 else f"{share * 100:.1f} %"
