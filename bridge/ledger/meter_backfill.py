"""One meter's back-fill: asks for what is wanted of its histories, between its live cycles, for ever. One task a meter.

Never raises for anything that a meter does. Does nothing before a live sample of the meter was stored in this run: an
old value must not be the first that ThingsBoard has of a device.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from loguru import logger

from bridge.dlms.obis_names import short_obis
from bridge.errors import AccessError, MeterError, NotNow, ValueUnreadableError
from bridge.ledger.examination import HistoryExamination
from bridge.ledger.profile_course import DAY_MS, ProfileCourse
from bridge.ledger.request_budget import RequestBudget, backoff_s
from bridge.ledger.slice_reading import SliceReading
from bridge.ledger.state import BackfillState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from bridge.ledger.admission import Admission
    from bridge.ledger.disk import LedgerDisk
    from bridge.ledger.profile_course import Slice
    from bridge.ledger.reader import HistoryReader, HistorySource
    from bridge.ledger.slice_spacing import SliceSpacing
    from bridge.ledger.store_changes import StoreChanges

_SETTLE_S = 5.0
"""After a period's end a meter needs a moment to write its row."""
_SPREAD = 0.1
"""A fleet's intervals end in one instant: they are asked for over so much of the period."""
_MOST_SPREAD_S = 60.0
_EXAMINE_EVERY_S, _WITHOUT_S, _LOOK_EVERY_S = 6 * 3600.0, 24 * 3600.0, 24 * 3600.0
_EVENTS_EVERY_S, _SILENT_CAP_S = 900.0, 3600.0
_SOON_S, _NOT_NOW_CAP_S, _FAILED_S, _FAILED_CAP_S, _IDLE_S = 1.0, 15.0, 30.0, 900.0, 60.0
_REFUSED_AFTER, _REFUSALS = 3, (AccessError, ValueUnreadableError)
_PATIENT_FOR, _LEAST_S = 8, 0.05
_FORGET_FREE, _LONGEST_S, _MOST_OF_IT = 0.98, 10.0, 0.9


class MeterBackfill:
    """See the module.

    Args:
        meter: its name.
        sources: what its profile says of its histories.
        reader: asks it.
        disk: the ledger's.
        admission: lets samples into the outbox; shared by all meters.
        reading: bounds how many slices are in memory; what the meter overwrites soon need not wait for it.
        spacing: spaces slices out; shared by all meters.
        now_ms: the time; None while nobody knows it.
        per_hour: requests that the meter may be asked in an hour.
        depth_days: how far a first import reaches back.
        rng: jitter.
    """

    def __init__(
        self,
        meter: str,
        sources: Sequence[HistorySource],
        reader: HistoryReader,
        *,
        disk: LedgerDisk,
        admission: Admission,
        reading: asyncio.Semaphore,
        spacing: SliceSpacing,
        now_ms: Callable[[], int | None],
        per_hour: float,
        depth_days: float,
        rng: Random,
    ) -> None:
        self._meter = meter
        self._sources = sources
        self._reader = reader
        self._disk = disk
        self._admission = admission
        self._reading = reading
        self._spacing = spacing
        self._now_ms = now_ms
        self._rng = rng
        self._loop_s = asyncio.get_running_loop().time
        self._budget = RequestBudget(per_hour, self._loop_s())
        self._examination = HistoryExamination(
            meter, reader, disk, depth_ms=int(depth_days * DAY_MS), clock_s=self._loop_s
        )
        self.state = BackfillState()
        self._slices = SliceReading(reader, disk, admission, self.state, clock_s=self._loop_s)
        self._woken = asyncio.Event()
        self._is_live = asyncio.Event()
        self._late_s = _SETTLE_S + rng.random() * _MOST_SPREAD_S
        self._events_due_s = 0.0
        self._failures = self._refusals = 0
        self._most_free_s = 0.0  # of late, between two cycles
        self.profiles = [ProfileCourse(source) for source in sources]

    def live(self) -> None:
        """A live sample of the meter was stored."""
        self._is_live.set()

    def wake(self) -> None:
        """There may be something to do."""
        self._woken.set()

    def begin_anew(self) -> None:
        """The ledger was lost: nothing is known any more."""
        self.profiles = [ProfileCourse(source) for source in self._sources]
        self.wake()

    def want(self, logical_name: str | None, start_ms: int, end_ms: int) -> None:
        """Want a time again, whatever the ledger says of it; what is to come is left out.

        What is before the ledger's beginning is wanted as far as the meter still has it, and all since then with it.
        """
        for profile in self.profiles:
            if logical_name in (None, profile.source.logical_name):
                for course in profile.courses:
                    course.reach_back(course.history.end_at_or_before(start_ms))
                    start, end = course.history.end_at_or_before(start_ms), course.history.end_at_or_before(end_ms)
                    start, end = max(start, course.history.begin_ms), min(end, course.end_ms)
                    course.paint(start, end, "wanted")
                    course.change(_events_again(course.history.id, start, end))
                profile.tries.clear()
        self.wake()

    @property
    def is_known(self) -> bool:
        """Whether each of its histories was examined, or is known not to be there."""
        return all(profile.course or profile.source.logical_name in self.state.without for profile in self.profiles)

    async def run(self) -> None:
        """Fill back until cancelled."""
        await self._is_live.wait()
        while True:
            self._woken.clear()
            try:
                wait_s = await self._turn()
            except Exception as error:  # noqa: BLE001 - a bug in one meter's history must not stop its live samples
                logger.opt(exception=error).bind(meter=self._meter).error(
                    "ledger | {} | unexpected error; please report it", self._meter
                )
                wait_s = _FAILED_CAP_S
            if wait_s:
                with suppress(TimeoutError):  # wait_for may swallow a cancellation
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()

    async def _turn(self) -> float:
        """Do one thing, whatever comes of it; return for how many seconds to wait."""
        asked_before = self._reader.asked
        try:
            return await self._step()
        except NotNow as not_now:
            self._refusals += 1
            wait_s = backoff_s(not_now.after_s + _LEAST_S, self._refusals // _PATIENT_FOR, _NOT_NOW_CAP_S)
            return wait_s * (1.0 + self._rng.random() / 4)
        except MeterError as error:
            return self._failed(error)
        finally:
            self._budget.spend(self._reader.asked - asked_before)

    async def _step(self) -> float:
        """Do one thing; return for how many seconds there is nothing to do."""
        now_ms, now_s = self._now_ms(), self._loop_s()
        if now_ms is None or self._disk.is_failing:
            await self._disk.flush()
            return _FAILED_S
        if wait_s := self._budget.wait_s(now_s):
            return wait_s
        for profile in self.profiles:
            if profile.examine_due_s <= now_s:
                await self._examine(profile, now_ms, now_s)
                return 0.0
        for profile in self._known():
            self._extend(profile, now_ms, now_s)
            free_s = self._reader.free_s
            self._most_free_s = max(free_s, _FORGET_FREE * self._most_free_s)
            self._slices.most_s = _MOST_OF_IT * self._most_free_s
            rows = self._slices.size.rows(min(self._most_free_s, _LONGEST_S))
            chosen = profile.next_slice(now_ms, rows)
            if chosen is not None and (self._admission.is_open or chosen.is_urgent):
                await self._read(profile, chosen, now_ms, now_s)
                return 0.0
        return min(self._idle_s(now_ms, now_s), _IDLE_S)

    def _known(self) -> Iterator[ProfileCourse]:
        """Yield the histories that can be read: event logs first, they explain gaps."""
        known = [profile for profile in self.profiles if profile.course is not None and profile.layout is not None]
        return iter(sorted(known, key=lambda profile: profile.source.kind != "events"))

    async def _examine(self, profile: ProfileCourse, now_ms: int, now_s: float) -> None:
        name = profile.source.logical_name
        try:
            await self._spacing.turn()
            is_done = await self._examination.examine(profile, now_ms)
        except _REFUSALS as error:
            profile.examine_due_s = now_s + _WITHOUT_S
            if name not in self.state.without:
                said = "ledger | {} | no history from {}: {}; asked again tomorrow{}"
                hint = f" | {error.hint}" if error.hint else ""
                logger.bind(meter=self._meter).info(said, self._meter, short_obis(name), error, hint)
            self.state.without[name] = str(error)
            profile.layout = None
            return
        except MeterError as error:  # perhaps it falls silent at this question alone: its other histories go first
            profile.silences += 1
            profile.examine_due_s = now_s + backoff_s(_IDLE_S, profile.silences, _SILENT_CAP_S)
            if profile.course is None and profile.silences >= _REFUSED_AFTER:
                self.state.without[name] = str(error)
            raise
        if is_done:
            profile.silences = 0
            self.state.without.pop(name, None)
            profile.examine_due_s = now_s + _EXAMINE_EVERY_S
            self._refusals = 0
            self._look_again(profile, now_ms, now_s)

    def _look_again(self, profile: ProfileCourse, now_ms: int, now_s: float) -> None:
        """Once a day the last day is looked at again: a clock that was set back may have given it more rows."""
        course = profile.course
        if course is None or not course.history.period_s or profile.look_due_s > now_s:
            return
        end_ms = course.history.end_at_or_before(now_ms)
        if profile.look_due_s and not profile.again:
            profile.again.append((max(end_ms - DAY_MS, course.history.begin_ms), end_ms))
        profile.look_due_s = now_s + _LOOK_EVERY_S

    def _extend(self, profile: ProfileCourse, now_ms: int, now_s: float) -> None:
        course = profile.course
        if course is None:
            return
        if course.history.period_s:
            course.extend(now_ms - int(1000 * self._lateness_s(course.history.period_s)))
        elif self._events_due_s <= now_s:
            self._events_due_s = now_s + _EVENTS_EVERY_S
            for one in self.profiles:
                if one.course is not None and not one.course.history.period_s:
                    one.course.extend(now_ms)

    def _lateness_s(self, period_s: float) -> float:
        return min(self._late_s, _SETTLE_S + _SPREAD * period_s)

    async def _read(self, profile: ProfileCourse, chosen: Slice, now_ms: int, now_s: float) -> None:
        async with nullcontext() if chosen.is_urgent else self._reading:
            await self._spacing.turn()
            self.state.requests += 1
            try:
                await self._slices.carry_out(profile, chosen, now_ms, now_s)
            except MeterError as error:
                self._slice_failed(profile, chosen, error)
                raise
        self._failures = self._refusals = 0

    def _slice_failed(self, profile: ProfileCourse, chosen: Slice, error: MeterError) -> None:
        """Ask for less; what is refused again and again, just after others were given, is refused."""
        was_least = self._slices.size.failed()
        tries = profile.tried(chosen.start_ms)
        if chosen.is_again:
            profile.looked_again(chosen.end_ms)
        elif was_least and tries >= _REFUSED_AFTER and isinstance(error, _REFUSALS) and not self._failures:
            chosen.course.paint(chosen.start_ms, chosen.end_ms, "refused", str(error))
        else:
            chosen.course.postpone(chosen.start_ms, chosen.end_ms, backoff_s(2 * _SOON_S, tries, _FAILED_CAP_S))

    def _failed(self, error: MeterError) -> float:
        self._failures += 1
        self.state.failures += 1
        if self._failures == 1 or str(error) != self.state.last_error:
            logger.bind(meter=self._meter, stage=error.stage).warning(
                "ledger | {} | its history could not be read: {}", self._meter, error
            )
        self.state.last_error = str(error)
        if isinstance(error, _REFUSALS):
            return _SOON_S  # the association holds; less is asked for at once
        return backoff_s(_FAILED_S, self._failures, _FAILED_CAP_S) * (0.5 + self._rng.random())

    def _idle_s(self, now_ms: int, now_s: float) -> float:
        """Return the seconds until something is due: a period's end, an examination, what was postponed."""
        due_s = [profile.examine_due_s for profile in self.profiles] + [self._events_due_s or now_s + _IDLE_S]
        for profile in self._known():
            due_s += [next_s for course in profile.courses if (next_s := course.next_s()) is not None]
            history = profile.course.history if profile.course else None
            if history is not None and history.period_s:
                ends_ms = history.end_at_or_before(now_ms) + history.period_ms
                since_s = (now_ms - history.end_at_or_before(now_ms)) / 1000
                late_s = self._lateness_s(history.period_s)
                due_s.append(now_s + (ends_ms - now_ms) / 1000 + late_s)
                if since_s < late_s:
                    due_s.append(now_s + late_s - since_s)
        return max(min(due_s) - now_s, _SOON_S)


def _events_again(history_id: int, start_ms: int, end_ms: int) -> Callable[[StoreChanges], None]:
    return lambda changes: changes.want_events(history_id, start_ms, end_ms)
