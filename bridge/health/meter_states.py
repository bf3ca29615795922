"""Meter states: how each meter is, in one word, reported to ThingsBoard whenever it changes.

=========== =======================================================================================================
word        what is so
=========== =======================================================================================================
``ok``      it is read
``gaps``    it is read, and a reading of the last quarter of an hour failed
``failing`` reading it fails, or it is left alone because it refused its password or key
``silent``  nothing fails, but nothing comes either, or nothing has come since the start
``off``     the bridge was stopped (the delivery says that)
=========== =======================================================================================================

``wellness.py`` decides what is wrong with a meter; this only has the word for it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from bridge.clock.machine import wall_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.health.watched_meter import WatchedMeter
    from bridge.health.wellness import Wellness

Word = Literal["ok", "gaps", "failing", "silent"]

_EVERY_S = 5.0
_GAPS_S = 900.0
_START_S = 60.0


class MeterStates:
    """Reports each change.

    Args:
        wellness: decides how a meter is.
        tell: takes a meter's name and the word; the taker drops what is not new.
        clock_s: the clock of the meters' states.
    """

    def __init__(
        self, wellness: Wellness, tell: Callable[[str, Word], None], *, clock_s: Callable[[], float] = wall_s
    ) -> None:
        self._wellness = wellness
        self._tell = tell
        self._clock_s = clock_s

    async def run(self, meters: Sequence[WatchedMeter]) -> None:
        """Look every few seconds until cancelled."""
        while True:
            self.look(meters)
            await asyncio.sleep(_EVERY_S)

    def look(self, meters: Sequence[WatchedMeter]) -> None:
        """Tell how each of them is now; nothing of one that has only just been started."""
        for meter in meters:
            word = self._word(meter)
            if word is not None:
                self._tell(meter.name, word)

    def _word(self, meter: WatchedMeter) -> Word | None:
        match self._wellness.state_of(meter):
            case "reading":
                failed_s = meter.poller.state.last_error_s
                return "gaps" if failed_s is not None and self._clock_s() - failed_s < _GAPS_S else "ok"
            case "failing" | "left alone":
                return "failing"
            case "starting" if self._wellness.uptime_s <= meter.poller.interval_s + _START_S:
                return None
            case _:
                return "silent"
