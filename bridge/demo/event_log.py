"""The standard event log of the demo meter: clock and code of the last events, captured when they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gurux_dlms.enums import DataType

from bridge.demo.cosem import typed
from bridge.demo.recorded_profile import Captured, Column, RecordedProfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.demo.faults import Faults
    from bridge.demo.meter_time import MeterTime
    from bridge.demo.past import Past

EVENT_LOG, EVENT_CODE = "0.0.99.98.0.255", "0.0.96.11.0.255"
_MOST, _DAYS_S = 100, 200 * 86400


class EventLog(RecordedProfile):
    """A profile with columns clock and code.

    Args:
        now: the true time, Unix seconds.
        past: what happened to the meter.
        faults: what goes wrong.
        time: how its clock is written.
    """

    def __init__(self, now: Callable[[], float], *, past: Past, faults: Faults, time: MeterTime) -> None:
        super().__init__(EVENT_LOG, faults, time)
        self._now, self._past = now, past

    def last_code(self) -> int:
        """Return the code of the newest event; 0 where there is none."""
        rows = self._rows()
        return rows[-1].word if rows else 0

    def _rows(self) -> list[Captured]:
        now_s, past = self._now(), self._past
        events = past.events(now_s - _DAYS_S, now_s)
        return [Captured(at_s, round(at_s + past.ahead_s(at_s)), code) for at_s, code in events[-_MOST:]]

    def _own_columns(self) -> list[Column]:
        return [Column(1, EVENT_CODE, 2, lambda row: typed(DataType.UINT8, row.word))]

    def _period_s(self) -> int:
        return 0

    def _capacity(self) -> int:
        return _MOST
