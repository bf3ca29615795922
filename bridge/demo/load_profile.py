"""The load profile of the demo meter: clock, status, energy and power every 15 minutes for 60 days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gurux_dlms.enums import DataType, Unit

from bridge.demo.cosem import typed
from bridge.demo.recorded_profile import Captured, Column, RecordedProfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.demo.faults import Faults
    from bridge.demo.load import Kind, Load
    from bridge.demo.meter_time import MeterTime
    from bridge.demo.past import Past

PROFILE, STATUS = "1.0.99.1.0.255", "0.0.96.10.1.255"
DAYS, PERIOD_S = 60, 900
_DAY_S = 86400
_SUMMER, _ADJUSTED, _POWER_DOWN = 0x08, 0x20, 0x80


class LoadProfile(RecordedProfile):
    """A profile with columns clock, status, active energy and active power.

    Args:
        kind: the kind of meter, whose first registers of energy and power are recorded.
        load: what the meter measures.
        now: the true time, Unix seconds.
        past: what happened to the meter.
        faults: what goes wrong.
        time: how its clock is written.
    """

    def __init__(
        self,
        kind: Kind,
        load: Load,
        now: Callable[[], float],
        *,
        past: Past,
        faults: Faults,
        time: MeterTime,
    ) -> None:
        super().__init__(PROFILE, faults, time)
        self._load, self._now, self._past = load, now, past
        self._energy, self._power = kind.first(Unit.ACTIVE_ENERGY), kind.first(Unit.ACTIVE_POWER)
        self._kept: tuple[tuple[int, float, int], list[Captured]] = ((-1, 0.0, 0), [])

    def _rows(self) -> list[Captured]:
        now_s, period_s = self._now(), self._period_s()
        ahead_s = self._past.ahead_s(now_s)
        # Until its clock comes to another period, or is set, nothing is captured.
        which = int((now_s + ahead_s) // period_s), ahead_s, period_s
        if self._kept[0] != which:
            self._kept = which, self._captured(now_s)
        return self._kept[1]

    def _captured(self, now_s: float) -> list[Captured]:
        period_s, capacity = self._period_s(), self._capacity()
        # Twice as far back as rows alone would reach: power cuts make none.
        start_s = now_s - 2 * capacity * period_s
        if (changed_s := self._changed_s()) is not None:  # that cleared the buffer
            start_s = max(start_s, changed_s)
        past, time = self._past, self._time
        ends = [end_s for _, end_s in past.cuts(start_s, now_s)]
        settings = past.settings(start_s, now_s)
        rows = []
        for at_s, stamp_s in past.captures(start_s, now_s, period_s):
            status = _POWER_DOWN if any(at_s - period_s < end_s <= at_s for end_s in ends) else 0
            status |= _ADJUSTED if any(at_s - period_s < set_s <= at_s for set_s in settings) else 0
            status |= _SUMMER if time.tells_in_profile and time.is_summer(stamp_s) else 0
            rows.append(Captured(at_s, stamp_s, status))
        return rows[-capacity:]

    def _own_columns(self) -> list[Column]:
        columns = [
            Column(1, STATUS, 2, lambda row: typed(DataType.UINT8, row.word)),
            Column(3, self._energy, 2, lambda row: typed(DataType.UINT32, self._of(row, self._energy))),
            Column(3, self._power, 2, lambda row: typed(DataType.INT32, self._of(row, self._power))),
        ]
        if self._changed_s() is not None:
            columns.append(columns[1])
        return columns

    def _of(self, row: Captured, obis: str) -> int:
        return self._load(row.at_s).get(obis, 0)

    def _period_s(self) -> int:
        return PERIOD_S if self._changed_s() is None else PERIOD_S // 3

    def _capacity(self) -> int:
        days = float(self._faults.text("profile-days")) if self._faults.has("profile-days") else DAYS
        return int(days * _DAY_S) // self._period_s()

    def _changed_s(self) -> float | None:
        """Return when somebody changed its columns and its period; None before that."""
        if not self._faults.has("profile-changes"):
            return None
        changed_s = self._faults.first_asked(self._now()) + float(self._faults.text("profile-changes"))
        return changed_s if self._now() >= changed_s else None
