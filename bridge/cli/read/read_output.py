"""What ``bridge read`` shows: a reading or a load profile, as a table for people or as one JSON document."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.dlms.obis_names import key_of, short_obis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.register_reading import RegisterReading
    from bridge.cli.terminal import Part, Terminal
    from bridge.dlms.history import HistoryLayout
    from bridge.dlms.load_profile import ProfileRow


class ReadOutput:
    """Writes about one meter.

    Args:
        name: the meter's.
        say: the catalogue.
        terminal: where to write.
        as_json: one JSON document instead of a table.
    """

    def __init__(self, name: str, say: Catalogue, terminal: Terminal, *, as_json: bool) -> None:
        self._name = name
        self._say = say
        self._terminal = terminal
        self.as_json = as_json

    def reading(self, reads: Sequence[tuple[str, RegisterReading]], at_s: float, took_s: float, how: str) -> None:
        """Write registers with value, unit and time.

        Args:
            reads: name and what was read.
            at_s: when, Unix seconds.
            took_s: seconds for all of it.
            how: key of the sentence below.
        """
        terminal, say = self._terminal, self._say
        stamp = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")
        if self.as_json:
            readings = [
                {
                    "obis": short_obis(one.logical_name),
                    "key": key,
                    "value": one.value,
                    "unit": one.unit,
                    "ms": round(one.took_s * 1000, 1),
                    "note": one.note,
                }
                for key, one in reads
            ]
            self._print({"meter": self._name, "time": stamp, "ms": round(took_s * 1000), "readings": readings})
            return
        header = ("OBIS", say("read.column.name"), say("read.column.value"), say("read.column.unit"), "ms", "")
        rows: list[list[Part]] = [
            [
                short_obis(one.logical_name),
                key,
                "" if one.value is None else str(one.value),
                one.unit,
                f"{one.took_s * 1000:.1f}" if one.took_s else "",
                (one.note, "warn"),
            ]
            for key, one in reads
        ]
        terminal.table(header, rows, title=f"{self._name}  {stamp}")
        terminal.say("  ", (say(how, ms=round(took_s * 1000)), "dim"))

    def rows(self, of: HistoryLayout, rows: Sequence[ProfileRow]) -> None:
        """Write a load profile, a line each row."""
        time = "time" if self.as_json else self._say("read.column.time")
        names = [
            time if n == of.clock else key_of(column.logical_name).removeprefix("obis_")
            for n, column in enumerate(of.columns)
        ]
        if self.as_json:
            columns = [
                {"obis": short_obis(column.logical_name), "key": name, "unit": column.unit}
                for name, column in zip(names, of.columns, strict=True)
            ]
            cells = [[cell.value for cell in row] for row in rows]
            notes = [[cell.quality for cell in row] for row in rows]
            profile = short_obis(of.logical_name)
            self._print({"meter": self._name, "profile": profile, "columns": columns, "rows": cells, "notes": notes})
            return
        header = [f"{name} {column.unit}".strip() for name, column in zip(names, of.columns, strict=True)]
        shown: list[list[Part]] = [
            ["" if cell.value is None else str(cell.value) for cell in row]
            + [(", ".join(dict.fromkeys(cell.quality for cell in row if cell.quality)), "warn")]
            for row in rows
        ]
        title = self._say("read.profile.title", name=self._name, code=short_obis(of.logical_name), count=len(rows))
        self._terminal.table((*header, ""), shown, title=title)

    def failure(self, said: str) -> None:
        """Say why there is nothing to show."""
        if self.as_json:
            self._print({"meter": self._name, "error": said})
        else:
            self._terminal.say(self._terminal.sign("bad"), " ", said)

    def recorded(self, file: str) -> None:
        """Say where the conversation was written."""
        if not self.as_json:
            self._terminal.say(self._terminal.sign("good"), " ", self._say("read.recorded", file=file))

    def _print(self, document: dict[str, Any]) -> None:
        for line in json.dumps(document, indent=1, ensure_ascii=True).splitlines():
            self._terminal.say(line)
