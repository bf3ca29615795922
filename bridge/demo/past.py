"""What happened to the demo meter before it was asked: power cuts, and its clock set. Functions of time alone.

A demo meter that is started again has the same past. Times are Unix seconds, true ones unless said otherwise.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.demo.faults import Faults

_DAY_S = 86400
_CUT_BEGINS_S, _CUT_ENDS_S = 4800, 30000  # 01:20 to 08:20 UTC
_SET_AT_S = 36600  # 10:10 UTC
_AHEAD_DAYS = (8, 9, 0, 1, 2)
"""Of every ten days: its clock is ahead on these, set forward at their beginning and back at their end."""


class Past:
    """The past of one meter.

    Args:
        faults: what goes wrong with it.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def cuts(self, start_s: float, end_s: float) -> list[tuple[float, float]]:
        """Return the power cuts that touch a span of time: beginning and end of each."""
        if not self._faults.has("power-cuts"):
            return []
        every = int(float(self._faults.text("power-cuts")))
        days = range(int(start_s // _DAY_S) - 1, int(end_s // _DAY_S) + 1)
        cuts = [(day * _DAY_S + _CUT_BEGINS_S, day * _DAY_S + _CUT_ENDS_S) for day in days if day % every == 1 % every]
        return [cut for cut in cuts if cut[1] > start_s and cut[0] < end_s]

    def ahead_s(self, at_s: float) -> float:
        """Return by how much its clock was ahead at ``at_s``."""
        ahead_s = self._faults.jumped_s(at_s)
        if self._faults.has("clock-set-back") and (at_s - _SET_AT_S) // _DAY_S % 10 in _AHEAD_DAYS:
            ahead_s += float(self._faults.text("clock-set-back"))
        return ahead_s

    def settings(self, start_s: float, end_s: float) -> list[float]:
        """Return when its clock was set between two times."""
        days = range(int((start_s - _SET_AT_S) // _DAY_S), int((end_s - _SET_AT_S) // _DAY_S) + 2)
        moments = [float(day * _DAY_S + _SET_AT_S) for day in days]
        if (jump_at_s := self._faults.jump_at_s) is not None:
            moments.append(jump_at_s)
        return sorted(at_s for at_s in moments if start_s < at_s <= end_s and self._is_set(at_s))

    def _is_set(self, at_s: float) -> bool:
        return self.ahead_s(at_s) != self.ahead_s(at_s - 0.001)

    def captures(self, start_s: float, end_s: float, period_s: int) -> Iterator[tuple[float, int]]:
        """Yield each capture of a load profile: when it was, and what its clock said then, in UTC.

        A clock that was set back comes by the same times again; none is made while the power is off.
        """
        cuts = self.cuts(start_s, end_s)
        for begin_s, until_s in pairwise([start_s, *self.settings(start_s, end_s), end_s + 0.001]):
            ahead_s = self.ahead_s(begin_s)
            stamp_s = int(-(-(begin_s + ahead_s) // period_s)) * period_s
            while (at_s := stamp_s - ahead_s) < until_s:
                while cuts and cuts[0][1] <= at_s:
                    cuts.pop(0)
                if not cuts or at_s < cuts[0][0]:
                    yield at_s, stamp_s
                stamp_s += period_s

    def events(self, start_s: float, end_s: float) -> list[tuple[float, int]]:
        """Return what stands in its event log: when, true time, and the standard's code; in order."""
        events = [(at_s, code) for cut in self.cuts(start_s, end_s) for at_s, code in zip(cut, (1, 2), strict=True)]
        events += [(at_s + late, 4 + late) for at_s in self.settings(start_s, end_s) for late in (0, 1)]
        for day in range(int(start_s // _DAY_S), int(end_s // _DAY_S) + 1):
            if day % 6 == 0:  # too short for any period to be lost
                events += [(day * _DAY_S + 10_920, 1), (day * _DAY_S + 11_010, 2)]
            if day % 30 == 2:  # somebody looked under the terminal cover
                events += [(day * _DAY_S + 32_400, 40), (day * _DAY_S + 32_700, 41)]
        return sorted(event for event in events if start_s < event[0] <= end_s)
