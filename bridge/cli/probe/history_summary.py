"""What a probe shows of a meter's own history: a table, and the lines of a profile that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.cli.load_profile_text import load_profile_lines
from bridge.dlms.obis_names import key_of, short_obis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.load_profile_text import FoundHistory
    from bridge.cli.terminal import Part, Terminal
    from bridge.configuration.profile import Profile

_COLUMNS = ("probe.history.kind", "probe.history.every", "probe.history.back", "probe.history.columns")
_KINDS = {"intervals": "probe.history.intervals", "events": "probe.history.events"}
_DAY_S, _MINUTE_S = 86400, 60


class HistorySummary:
    """Writes to one terminal.

    Args:
        say: the catalogue.
        terminal: where to write.
    """

    def __init__(self, say: Catalogue, terminal: Terminal) -> None:
        self._say = say
        self._terminal = terminal

    def show(self, histories: Sequence[FoundHistory], profile: Profile | None, *, is_written: bool) -> None:
        """Write what was found, and the lines for what the profile does not read yet.

        Args:
            histories: what was found.
            profile: the profile that is proposed; None where none is.
            is_written: whether a profile is written with these lines in it.
        """
        if not histories:
            return
        say = self._say
        header = ("OBIS", *(say(column) for column in _COLUMNS))
        rows: list[list[Part]] = [
            [
                short_obis(one.layout.logical_name),
                say(_KINDS[one.kind]),
                self._every(one.layout.period_s),
                self._depth(one),
                ", ".join(key_of(name) for name in one.registers),
            ]
            for one in histories
        ]
        self._terminal.say()
        self._terminal.table(header, rows, title=say("probe.title.histories"))
        known = {entry.logical_name for entry in profile.load_profiles} if profile is not None else set()
        missing = [one for one in histories if one.layout.logical_name not in known]
        if is_written or not missing:
            return
        registers = {one.logical_name for one in profile.registers} if profile is not None else set()
        self._terminal.say("  ", say("probe.history.lines"))
        for one in missing:
            self._terminal.say()
            for line in load_profile_lines(one, registers):
                self._terminal.say(line)

    def _every(self, period_s: int) -> str:
        if not period_s:
            return ""
        if period_s % _MINUTE_S:
            return self._say("probe.history.seconds", count=period_s)
        return self._say("probe.history.minutes", count=period_s // _MINUTE_S)

    def _depth(self, one: FoundHistory) -> str:
        if one.depth_s is not None and one.depth_s >= _DAY_S:
            return self._say("probe.history.days", count=one.depth_s // _DAY_S)
        return self._say("probe.history.rows", count=one.layout.capacity) if one.layout.capacity else ""
