"""Suspects: which sample is it that ThingsBoard cannot take? Pure.

On MQTT 3.1.1 ThingsBoard closes the session on a message that it cannot read, and everything behind it waits. Rules:

* A row whose window failed :data:`STRIKES` times is suspect. Suspects are held back, so that the others go on.
* A group of suspects is tried alone, after something else has arrived. Fails it, it is divided; arrives it, it is free.
* One that is alone and fails :data:`STRIKES` times is condemned. A failure counts only when something else arrived
  since the last one: a server that takes nothing proves nothing about a sample.
* If other rows fail as often while nothing arrives, the fault is not in the data: all suspects go free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.delivery.row import Row

STRIKES = 3
_PARTS = 16  # a trial that arrives takes a moment, one that fails a minute: better many small ones than halves


class Suspects:
    """The rows under suspicion, in groups that are tried one at a time."""

    def __init__(self) -> None:
        self._strikes: dict[int, int] = {}
        self._groups: list[list[Row]] = []  # the next to be tried is last
        self._held: set[int] = set()
        self._arrived = False  # anything, since the last failure that counted
        self._others_first = False

    def __contains__(self, row_id: int) -> bool:
        return row_id in self._held

    def __len__(self) -> int:
        return len(self._held)

    def trial(self, *, alone: bool = False) -> list[Row]:
        """The group to be tried now; empty when none is, or when others should go first.

        Args:
            alone: there are no others.
        """
        if self._groups and (alone or not self._others_first):
            return list(self._groups[-1])
        return []

    def something_arrived(self) -> None:
        """A window was confirmed: the way is free, so a failure after it says something."""
        self._arrived = True
        self._others_first = False

    def acquit(self, row_id: int) -> None:
        """The row has arrived."""
        self._strikes.pop(row_id, None)
        if row_id in self._held:
            self._held.discard(row_id)
            self._groups = [left for group in self._groups if (left := [row for row in group if row.id != row_id])]

    def failed(self, rows: list[Row]) -> Row | None:
        """A window of these rows failed. Returns the row that is condemned by it, if any."""
        if not rows:
            return None
        self._others_first = True
        if all(row.id in self._held for row in rows):
            return self._trial_failed()
        for row in rows:
            self._strikes[row.id] = self._strikes.get(row.id, 0) + 1
        struck = [row for row in rows if self._strikes[row.id] >= STRIKES]
        if struck and self._groups and not self._arrived:
            self._free_all()
        elif struck:
            if not self._groups:
                self._arrived = False
            self._groups.append(struck)
            self._held.update(row.id for row in struck)
            for row in struck:
                self._strikes[row.id] = 0
        return None

    def _trial_failed(self) -> Row | None:
        group = self._groups.pop()
        if len(group) > 1:
            part = -(-len(group) // _PARTS)
            self._groups += [group[start : start + part] for start in reversed(range(0, len(group), part))]
            return None
        (row,) = group
        if self._arrived:
            self._strikes[row.id] = self._strikes.get(row.id, 0) + 1
            self._arrived = False
        if self._strikes.get(row.id, 0) >= STRIKES:
            self._held.discard(row.id)
            del self._strikes[row.id]
            return row
        self._groups.append(group)
        return None

    def _free_all(self) -> None:
        self._groups.clear()
        self._held.clear()
        self._strikes.clear()
