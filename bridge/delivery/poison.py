"""Poison: which row is it that ThingsBoard cannot take? Pure.

On MQTT 3.1.1 ThingsBoard closes the session on a message that it cannot read, and everything behind it waits. But
sessions end for many reasons, and a row that is set aside is lost to ThingsBoard. Rules:

* A row that was on the way when :data:`STRIKES` sessions ended is suspect. Suspects are held back, so that the others
  go on.
* An end that a rate limit explains counts for nothing, once for each row.
* A group of suspects is tried alone, later and later. If the session ends on it, it is divided; accepted, it is free,
  and the next one is tried. What never failed alone goes first.
* A row is condemned when the session ended on it alone :data:`ALONE` times in a row, and other rows *of its own device*
  were stored between each two of them. Whatever closes one message in five, or refuses a device, cannot do that.
* Where ThingsBoard says that it cannot read a message (MQTT 5), its rows are suspect at once, and :data:`SAID` times
  alone are enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.outbox.row import Row

STRIKES = 3
ALONE = 6
SAID = 2
_PARTS = 16  # a trial that arrives takes a moment, one that fails a session: better many small ones than halves
_PAUSE_S, _PAUSE_CAP_S = 4.0, 30.0


@dataclass(slots=True)
class _Group:
    rows: list[Row]
    next_s: float = -math.inf
    pause_s: float = _PAUSE_S
    failed_alone: int = 0


class Poison:
    """The rows under suspicion, in groups that are tried one at a time. Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self._strikes: dict[int, int] = {}
        self._groups: list[_Group] = []
        self._held: set[int] = set()
        self._passed: set[str] = set()  # devices of which something was stored since the last trial that failed
        self._trying: _Group | None = None
        self.others_first = False
        """Whether a trial ended the last session: others go before the next one, if there are any."""
        self._struck: list[int] = []  # by the last failure
        self._excused: set[int] = set()

    def __contains__(self, row_id: int) -> bool:
        return row_id in self._held

    @property
    def devices(self) -> list[str]:
        """Whose rows are suspect."""
        return list(dict.fromkeys(row.device for group in self._groups for row in group.rows))

    def next_trial_s(self) -> float | None:
        """When the next group may be tried; None when nothing is suspect."""
        return min((group.next_s for group in self._groups), default=None)

    def may_try(self, now_s: float, is_open: Callable[[str], bool] = lambda _: True) -> bool:
        """Whether a group waits for its trial, and may have it now."""
        return self._trying is None and any(_is_due(group, now_s, is_open) for group in self._groups)

    def trial(self, now_s: float, is_open: Callable[[str], bool] = lambda _: True) -> list[Row]:
        """The group to be tried now, with nothing else on the way; empty when none may, or one is being tried.

        Args:
            now_s: the time.
            is_open: whether a device's rows may go: a group is tried when all of its devices' may.
        """
        if self._trying is not None:
            return []
        ready = [group for group in self._groups if _is_due(group, now_s, is_open)]
        self._trying = min(ready, key=lambda group: group.failed_alone, default=None)
        return [] if self._trying is None else list(self._trying.rows)

    def given_up(self) -> None:
        """What was on the way is sent again: a trial that was has not been one."""
        self._trying = None

    def accepted(self, ids: Iterable[int]) -> None:
        """ThingsBoard has taken these over: they are not what ends sessions."""
        free = self._held.intersection(ids)
        if free:
            self._held -= free
            for group in self._groups:
                group.rows = [row for row in group.rows if row.id not in free]
            self._groups = [group for group in self._groups if group.rows]
            self._trying = None

    def stored(self, ids: Iterable[int], devices: Iterable[str]) -> None:
        """These arrived."""
        ids = list(ids)
        for row_id in ids:
            self._strikes.pop(row_id, None)
            self._excused.discard(row_id)
        self.accepted(ids)
        self.others_first = False
        self._passed.update(devices)

    def failed(self, rows: list[Row], now_s: float) -> Row | None:
        """The session ended while these were on the way. Returns the row that is condemned by it, if any."""
        group, self._trying = self._trying, None
        self._struck = []
        tried = {row.id for row in rows}
        if group is not None and rows and tried <= {row.id for row in group.rows}:
            return self._trial_failed(self._less(group, rows), now_s)
        struck = []
        for row in rows:
            if row.id in self._held:
                continue
            self._struck.append(row.id)
            self._strikes[row.id] = self._strikes.get(row.id, 0) + 1
            if self._strikes[row.id] >= STRIKES:
                del self._strikes[row.id]
                struck.append(row)
        if struck:
            self._groups.append(_Group(struck))
            self._held.update(row.id for row in struck)
        return None

    def unreadable(self, rows: list[Row], now_s: float) -> Row | None:
        """ThingsBoard said that it cannot read a message with these. Returns the row that is condemned, if any."""
        group, self._trying = self._trying, None
        if group is not None and rows and {row.id for row in rows} <= {row.id for row in group.rows}:
            return self._trial_failed(self._less(group, rows), now_s, enough=SAID)
        suspects = [row for row in rows if row.id not in self._held]
        for row in suspects:
            self._strikes.pop(row.id, None)
        if suspects:
            self._groups.append(_Group(suspects))
            self._held.update(row.id for row in suspects)
        return None

    def excuse(self) -> None:
        """The last failure, if it was no trial's, had another reason."""
        struck, self._struck = set(self._struck) - self._excused, []
        self._excused |= struck
        for row_id in struck:
            if row_id in self._held:
                self._strikes[row_id] = STRIKES - 1
            elif self._strikes.get(row_id):
                self._strikes[row_id] -= 1
        self._held -= struck
        for group in self._groups:
            group.rows = [row for row in group.rows if row.id not in struck]
        self._groups = [group for group in self._groups if group.rows]

    def _less(self, group: _Group, tried: list[Row]) -> _Group:
        """The group with what was tried alone: a message has no room for all of it, perhaps."""
        ids = {row.id for row in tried}
        if rest := [row for row in group.rows if row.id not in ids]:
            self._groups.append(_Group(rest))
            group.rows = [row for row in group.rows if row.id in ids]
        return group

    def _trial_failed(self, group: _Group, now_s: float, *, enough: int | None = None) -> Row | None:
        self.others_first = True
        self._groups.remove(group)
        if len(group.rows) > 1:
            part = -(-len(group.rows) // _PARTS)
            parts = [group.rows[start : start + part] for start in range(0, len(group.rows), part)]
            self._groups += [_Group(rows) for rows in parts]
            return None
        (row,) = group.rows
        if not group.failed_alone or row.device in self._passed:
            group.failed_alone += 1
        self._passed.discard(row.device)
        if group.failed_alone >= (ALONE if enough is None else enough):
            self._held.discard(row.id)
            return row
        group.next_s = now_s + group.pause_s
        group.pause_s = min(group.pause_s * 2, _PAUSE_CAP_S)
        self._groups.append(group)
        return None


def _is_due(group: _Group, now_s: float, is_open: Callable[[str], bool]) -> bool:
    return group.next_s <= now_s and all(is_open(row.device) for row in group.rows)
