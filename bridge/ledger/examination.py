"""Before anything is read of a history: how it is made, and whether that is still the same. Begins epochs.

A meter whose columns were changed has cleared its buffer (IEC 62056-6-2, 4.3.6): what was still wanted of the epoch
before is gone. One whose period was changed may have kept it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from loguru import logger

from bridge.dlms.history import HistoryWays
from bridge.dlms.obis_names import short_obis
from bridge.errors import MeterError, NotNow, ValueUnreadableError
from bridge.ledger.history import History
from bridge.ledger.open_history import OpenHistory
from bridge.ledger.telemetry import columns_sent

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.history import HistoryLayout
    from bridge.ledger.disk import LedgerDisk
    from bridge.ledger.profile_course import ProfileCourse
    from bridge.ledger.reader import HistoryReader

_GRID_ROWS = 5
_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
CHANGED = "the meter's load profile was changed before it was read"


class HistoryExamination:
    """Examines the histories of one meter.

    Args:
        meter: its name.
        reader: asks it.
        disk: the ledger's.
        depth_ms: how far a first import reaches back.
        clock_s: the loop's time.
    """

    def __init__(
        self, meter: str, reader: HistoryReader, disk: LedgerDisk, *, depth_ms: int, clock_s: Callable[[], float]
    ) -> None:
        self._meter = meter
        self._reader = reader
        self._disk = disk
        self._depth_ms = depth_ms
        self._clock_s = clock_s
        self._zone_doubt = ""

    async def examine(self, profile: ProfileCourse, now_ms: int) -> bool:
        """Learn how the profile is made, and go on with its epoch or begin one; return whether the disk let us.

        What was learnt is not asked again where only the room for the next question was wanting.

        Raises:
            ValueUnreadableError: there is nothing in it that could be sent.
            NotNow, MeterError: as the reader.
        """
        try:
            is_done = await self._examine(profile, now_ms)
        except NotNow:
            raise
        except MeterError:
            profile.learnt = None
            raise
        profile.learnt = None
        return is_done

    async def _examine(self, profile: ProfileCourse, now_ms: int) -> bool:
        source = profile.source
        layout = profile.learnt or await self._reader.examine(source, profile.layout, now_ms)
        profile.learnt = layout
        if source.kind == "intervals" and not columns_sent(layout, source.keys):
            has = ", ".join(short_obis(one.logical_name) for one in layout.columns) or "nothing"
            raise ValueUnreadableError(
                f"captures {has}, and the profile has a key for none of it",
                hint="name them under keys of its [[load_profiles]]",
            )
        self._say_zone(layout)
        period_s = 0 if source.kind == "events" else layout.period_s
        columns = "; ".join(
            f"{one.class_id}/{one.logical_name}/{one.attribute}/{one.data_index}" for one in layout.columns
        )
        if profile.course is None and not await self._remember(profile):
            return False
        course = profile.course
        if course is not None and (course.history.columns, course.history.period_s) == (columns, period_s):
            profile.settle_on(course, layout)
            return True
        begun = await self._begin(profile, layout, columns, period_s, now_ms)
        if begun is None:
            return False
        if course is not None:
            self._end(profile, course, begun.history)
        profile.settle_on(begun, layout)
        return True

    def _say_zone(self, layout: HistoryLayout) -> None:
        doubt, before = self._reader.zone_doubt(layout), self._zone_doubt
        if doubt and not before:
            logger.bind(meter=self._meter).info(
                "ledger | {} | {}: rows are dated so all year | where it changes to daylight saving, name its time "
                "zone in TZ", self._meter, doubt,
            )  # fmt: skip
            self._zone_doubt = doubt

    async def _remember(self, profile: ProfileCourse) -> bool:
        """Take up what is on disk; return whether it could be read."""
        name = profile.source.logical_name
        known = await self._disk.read(
            lambda store: [(one, store.ranges(one.id)) for one in store.epochs(self._meter, name)]
        )
        if known is None:
            return False
        courses = [OpenHistory(history, ranges, self._disk, self._clock_s) for history, ranges in known]
        if courses:
            profile.course = courses[-1]
            same = [one for one in courses[:-1] if one.history.columns == courses[-1].history.columns]
            profile.earlier = same
        return True

    async def _begin(
        self, profile: ProfileCourse, layout: HistoryLayout, columns: str, period_s: int, now_ms: int
    ) -> OpenHistory | None:
        before = profile.course.history if profile.course else None
        ways = HistoryWays.from_text(before.ways if before else "")
        new = History(
            0, self._meter, profile.source.logical_name, profile.source.kind, before.epoch + 1 if before else 1,
            period_s, (), (), columns=columns, capacity=layout.capacity or 0,
        )  # fmt: skip
        if period_s:
            phase_ms, ways = await self._grid(layout, period_s * 1000, now_ms, ways)
            new = new._replace(phase_ms=phase_ms)
        oldest_ms = await self._reader.oldest(layout, ways, now_ms)
        begin_ms = now_ms - self._depth_ms
        if oldest_ms is not None:
            begin_ms = max(begin_ms, oldest_ms - (period_s * 1000 or 1))
        if profile.course is not None:
            begin_ms = max(begin_ms, profile.course.end_ms)
        new = new._replace(
            ways=ways.to_text(), oldest_ms=oldest_ms, begin_ms=min(new.end_at_or_before(begin_ms), now_ms)
        )
        number = await self._disk.write(lambda changes: changes.begin(new))
        return None if number is None else OpenHistory(new._replace(id=number), (), self._disk, self._clock_s)

    async def _grid(
        self, layout: HistoryLayout, period_ms: int, now_ms: int, ways: HistoryWays
    ) -> tuple[int, HistoryWays]:
        """Learn where the periods end: of whole quarters of an hour that is known, others the newest rows tell."""
        if _HOUR_MS // 4 % period_ms == 0 and ways.by:
            return 0, ways
        read = await self._reader.read(layout, now_ms - _GRID_ROWS * period_ms, now_ms, ways)
        phases = Counter(row.end_ms % period_ms for row in read.rows)
        is_known = _HOUR_MS // 4 % period_ms == 0 or not phases
        return 0 if is_known else phases.most_common(1)[0][0], read.ways

    def _end(self, profile: ProfileCourse, old: OpenHistory, new: History) -> None:
        """The epoch before is over."""
        is_same = old.history.columns == new.columns
        said = "ledger | {} | {} is made another way than before ({}): epoch {} begins"
        what = (
            f"a row every {new.period_s} s instead of {old.history.period_s} s" if is_same else "it has other columns"
        )
        logger.bind(meter=self._meter).warning(said, self._meter, short_obis(new.logical_name), what, new.epoch)
        if is_same:
            profile.earlier.append(old)
            return
        profile.earlier.clear()
        for one in old.ranges:
            if one.state == "wanted":
                old.paint(one.start_ms, one.end_ms, "overwritten", CHANGED)
