"""Rows of a load profile for ``bridge read --profile-generic``, read as the back-fill reads them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bridge.dlms.history import HistoryWays, examine, ms_of, read_slice
from bridge.dlms.load_profile import ProfileLayout, by_range, newest
from bridge.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from bridge.cli.read.read_request import ReadRequest
    from bridge.cli.visit import Visit
    from bridge.dlms.history import HistoryLayout
    from bridge.dlms.load_profile import ProfileRow

_PERIOD_S = 3600
"""Between rows that come by no period, as far as one may guess."""


class HistoryReading:
    """Reads one profile of one meter.

    Args:
        talk: the association.
        now_s: Unix seconds.
        here: the time zone to take where the meter states none.
    """

    def __init__(self, talk: Visit, now_s: float, here: tzinfo) -> None:
        self._talk, self._now_s, self._here = talk, now_s, here

    async def layout(self, logical_name: str) -> HistoryLayout:
        """Return how the profile is made; raises as :func:`bridge.dlms.history.examine`."""
        now_ms = round(self._now_s * 1000)
        return await self._talk.carry(examine(self._talk.session, logical_name, now_ms=now_ms))

    async def rows(self, of: HistoryLayout, wanted: ReadRequest) -> Sequence[ProfileRow]:
        """Return the rows that are wanted, oldest first; raises as :func:`bridge.dlms.history.read_slice`."""
        if wanted.last is not None:
            return await self._newest(of, wanted.last)
        start, end = self._ends(wanted)
        if of.clock is None:  # nobody can date them: the meter's own choice is shown as it comes
            plain = ProfileLayout(of.logical_name, of.columns, of.period_s)
            return await self._talk.carry(by_range(self._talk.session, plain, start, end, here=self._here))
        return await self._slice(of, ms_of(start, of.zone, self._here) - 1, ms_of(end, of.zone, self._here))

    def _ends(self, wanted: ReadRequest) -> tuple[datetime, datetime]:
        now = datetime.fromtimestamp(self._now_s, self._here)
        is_local = wanted.start is not None and wanted.start.tzinfo is None
        end = wanted.end or (now.replace(tzinfo=None) if is_local else now)
        return wanted.start or end - timedelta(days=1), end

    async def _newest(self, of: HistoryLayout, count: int) -> Sequence[ProfileRow]:
        plain = ProfileLayout(of.logical_name, of.columns, of.period_s)
        try:
            return await self._talk.carry(newest(self._talk.session, plain, count))
        except AccessError:
            if of.clock is None or count <= 0:
                raise
        # It takes no numbers: so many periods back, and a day more.
        end_ms = round(self._now_s * 1000)
        start_ms = end_ms - 1000 * ((count + 1) * (of.period_s or _PERIOD_S) + 86400)
        return (await self._slice(of, start_ms, end_ms))[-count:]

    async def _slice(self, of: HistoryLayout, start_ms: int, end_ms: int) -> Sequence[ProfileRow]:
        read = await self._talk.carry(read_slice(self._talk.session, of, start_ms, end_ms, HistoryWays(), self._here))
        return [row.cells for row in read.rows]
