"""One slice: read, judged, and on its way. What is not had of it is noted, or asked for again later.

A slice is read from one period before its start on: the difference of its first interval begins there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from loguru import logger

from bridge.dlms.history import SilentWayError
from bridge.dlms.obis_names import short_obis
from bridge.ledger.batch import Batch
from bridge.ledger.classification import CLOCK_ADJUSTED, POWER_DOWN, TOO_OLD, by_interval, classify
from bridge.ledger.day_bits import DAY_MS, day_of
from bridge.ledger.power_cuts import power_cuts
from bridge.ledger.request_budget import SliceSize, backoff_s
from bridge.ledger.states import Range
from bridge.ledger.telemetry import DELTA, Telling, stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bridge.dlms.history import HistoryRow
    from bridge.ledger.admission import Admission
    from bridge.ledger.classification import Findings
    from bridge.ledger.disk import LedgerDisk
    from bridge.ledger.history import EventState, HistoryEvent
    from bridge.ledger.open_history import OpenHistory
    from bridge.ledger.power_cuts import PowerCut
    from bridge.ledger.profile_course import ProfileCourse, Slice
    from bridge.ledger.reader import HistoryReader
    from bridge.ledger.state import BackfillState

_NOT_THERE_S, _DOUBT_S, _MOST_S = 60.0, 60.0, 3600.0
_OLDEST_EVERY_S = 3600.0
_SUSPICIOUS_S = 60.0
_EVENTS_OVERLAP_MS = DAY_MS


class SliceReading:
    """Reads the slices of one meter.

    Args:
        reader: asks it.
        disk: the ledger's.
        admission: lets samples into the outbox.
        state: counts.
        clock_s: the loop's time.
    """

    def __init__(
        self,
        reader: HistoryReader,
        disk: LedgerDisk,
        admission: Admission,
        state: BackfillState,
        *,
        clock_s: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._disk = disk
        self._admission = admission
        self._state = state
        self._clock_s = clock_s
        self.size = SliceSize()
        self.most_s = 0.0
        """Seconds that there are between two live cycles at most."""

    async def carry_out(self, profile: ProfileCourse, chosen: Slice, now_ms: int, now_s: float) -> None:
        """Read a slice and see it into the outbox.

        Raises:
            NotNow, MeterError: as the reader; then nothing is noted.
        """
        course, layout = chosen.course, profile.layout
        assert layout is not None  # noqa: S101 - for mypy: it was examined before
        period_ms = course.history.period_ms
        lead_ms = period_ms or (_EVENTS_OVERLAP_MS if profile.source.kind == "events" else 0)
        # Stamps may lie a little beside the ends of periods; what lies ahead of now is left alone.
        start_ms, end_ms = chosen.start_ms - lead_ms - period_ms // 2, chosen.end_ms + period_ms // 2
        if chosen.start_ms + period_ms in profile.doubted:  # what lies around a gap may explain it
            start_ms, end_ms = start_ms - DAY_MS, end_ms + DAY_MS
        end_ms = min(end_ms, now_ms)
        began_s = self._clock_s()
        needs_s = self.size.needs_s((end_ms - start_ms) // period_ms if period_ms else 0, self.most_s)
        try:
            read = await self._reader.read(layout, start_ms, end_ms, course.ways, needs_s=needs_s)
        except SilentWayError as silence:
            course.learn_ways(silence.ways)
            raise
        rows = read.rows
        self.size.took(len(rows), self._clock_s() - began_s, read.requests)
        course.learn_ways(read.ways)
        if not read.is_whole:  # no way to ask is proven: nothing follows from silence
            course.postpone(chosen.start_ms, chosen.end_ms, _DOUBT_S)
            return
        profile.newest_ms = max([profile.newest_ms, *(row.end_ms for row in rows)])
        if not course.history.period_ms:
            await self._loose(profile, chosen, rows, now_ms)
        elif chosen.is_again:
            await self._again(profile, chosen, rows, now_ms)
        else:
            await self._intervals(profile, chosen, rows, now_ms, now_s)

    async def _intervals(
        self, profile: ProfileCourse, chosen: Slice, rows: Sequence[HistoryRow], now_ms: int, now_s: float
    ) -> None:
        course, history = chosen.course, chosen.course.history
        found = by_interval(history, rows)
        first_end = history.end_at_or_before(chosen.start_ms) + history.period_ms
        lacks_first = next(iter(found), chosen.end_ms + 1) > first_end
        if lacks_first and now_s >= profile.oldest_due_s:
            await self._ask_for_the_oldest(profile, now_ms, now_s)
        if lacks_first and course.history.oldest_ms is None and chosen.start_ms <= course.history.begin_ms:
            # Nobody knows how far back the meter's rows go: they begin with the first that is found.
            begins_ms = min(next(iter(found), chosen.end_ms + history.period_ms) - history.period_ms, chosen.end_ms)
            if begins_ms < profile.newest_ms:
                course.begin_later(begins_ms)
        history = course.history
        count = history.intervals_in(chosen.start_ms, chosen.end_ms) + 1  # and the one before
        findings = classify(
            history,
            Range(max(chosen.start_ms, history.begin_ms), chosen.end_ms, "wanted"),
            rows,
            newest_ms=profile.newest_ms,
            oldest_ms=history.oldest_ms,
            kept_since_ms=now_ms - course.depth_ms if course.depth_ms else 0,
            cuts=await self._cuts(history.meter, chosen) if len(found) < count else (),
            power_down_bits=_bits(profile, POWER_DOWN),
            adjusted_bits=_bits(profile, CLOCK_ADJUSTED),
            doubted_before=profile.doubted,
        )
        self._note_absent(profile, course, findings)
        profile.answered(chosen.start_ms, chosen.end_ms, {gap.start_ms for gap in findings.pending})
        self._look_back(profile, course, findings.rows, now_ms)
        teller = profile.teller(course)
        tellings = teller.intervals(findings.rows, found, self._doubt(history.period_s, chosen, now_ms))
        await self._send(course, tellings, self._spans(course, findings.rows, tellings), is_urgent=chosen.is_urgent)

    async def _again(self, profile: ProfileCourse, chosen: Slice, rows: Sequence[HistoryRow], now_ms: int) -> None:
        """Send what was not there before: rows of a clock that was set back, rows of what was held for a gap."""
        course, history = chosen.course, chosen.course.history
        found = by_interval(history, rows)
        had = await self._had(course, chosen.start_ms, chosen.end_ms)
        if had is None:
            return
        news = {
            end: there
            for end, there in found.items()
            if chosen.start_ms < end <= chosen.end_ms
            and course.state_at(end) not in ("wanted", "on its way", "refused")
            and any(stamp not in had for stamp, _ in stamped(there))
        }
        if news:
            logger.bind(meter=history.meter).info(
                "ledger | {} | {}: {} intervals have rows that were not there before",
                history.meter, short_obis(history.logical_name), len(news),
            )  # fmt: skip
            tellings = profile.teller(course).intervals(news, found, self._doubt(history.period_s, chosen, now_ms))
            await self._send(course, tellings, self._spans(course, news, tellings), is_urgent=False)
        profile.looked_again(chosen.end_ms)

    async def _loose(self, profile: ProfileCourse, chosen: Slice, rows: Sequence[HistoryRow], now_ms: int) -> None:
        """Send rows that no period says the number of: events, and what is captured otherwise."""
        course, doubt = chosen.course, self._doubt(60, chosen, now_ms)
        profile.answered(chosen.start_ms, chosen.end_ms)
        teller = profile.teller(course)
        events: list[HistoryEvent] = []
        if profile.source.kind == "events":
            told = [one for stamp, row in stamped(rows) if (one := teller.event(stamp, row, doubt)) is not None]
            known = await self._known_events(course, chosen.start_ms - 2 * _EVENTS_OVERLAP_MS)
            if known is None:
                return
            told = [(sample, event) for sample, event in told if known.get(event.ts_ms, "wanted") == "wanted"]
            samples, events = [sample for sample, _ in told], [event for _, event in told]
            self._say([event for event in events if event.ts_ms not in known], course.history.meter)
            on_their_way = [event._replace(state="on its way") for event in events]
            course.change(lambda changes: changes.put_events(on_their_way))
        else:
            samples = teller.loose(stamped(rows), doubt)
        if not samples:
            course.paint(chosen.start_ms, chosen.end_ms, "confirmed")
            return
        spans = {0: (chosen.start_ms, chosen.end_ms)}
        tellings = [Telling(sample, (0,)) for sample in samples]
        await self._send(course, tellings, spans, is_urgent=chosen.is_urgent, events=events)

    async def _known_events(self, course: OpenHistory, since_ms: int) -> dict[int, EventState] | None:
        history = course.history
        known = await self._disk.read(lambda store: store.events(history.meter, since_ms, 100_000))
        if known is None:
            return None
        return {event.ts_ms: event.state for event in known if event.history_id == history.id}

    @staticmethod
    def _say(events: Sequence[HistoryEvent], meter: str) -> None:
        for event in events:
            at = datetime.fromtimestamp(event.ts_ms // 1000, UTC).isoformat(" ")
            logger.bind(meter=meter).info(
                "{} | event of {} in its log {}: {} ({})", meter, at, short_obis(event.log), event.words, event.code
            )

    async def _send(
        self,
        course: OpenHistory,
        tellings: Sequence[Telling],
        spans: Mapping[int, tuple[int, int]],
        *,
        is_urgent: bool,
        events: Sequence[HistoryEvent] = (),
    ) -> None:
        if not tellings:
            return
        batch = Batch(course, self._state, tellings, spans, events=events)
        batch.begin()
        samples = [telling.sample for telling in tellings]
        sent = await self._admission.send(samples, batch.settled, is_urgent=is_urgent)
        if sent < len(samples):
            batch.unsent(sent)

    @staticmethod
    def _spans(
        course: OpenHistory, rows: Mapping[int, object], tellings: Sequence[Telling]
    ) -> dict[int, tuple[int, int]]:
        told = {end for telling in tellings for end in telling.ends}
        for end in rows.keys() - told:  # not one value that could be sent
            course.paint(end - course.history.period_ms, end, "refused", "the row has no value that the profile names")
        return {end: (end - course.history.period_ms, end) for end in rows if end in told}

    def _note_absent(self, profile: ProfileCourse, course: OpenHistory, findings: Findings) -> None:
        for gap in findings.off:
            course.paint(gap.start_ms, gap.end_ms, "meter was off", gap.reason)
        for gap in findings.overwritten:
            course.paint(gap.start_ms, gap.end_ms, "overwritten", gap.reason)
        for gap in findings.pending:
            after_s = backoff_s(_NOT_THERE_S, profile.tried(gap.start_ms), _MOST_S)
            course.postpone(gap.start_ms, gap.end_ms, after_s)
        for gap in findings.doubted:
            profile.doubted.update(
                range(gap.start_ms + course.history.period_ms, gap.end_ms + 1, course.history.period_ms)
            )
            course.postpone(gap.start_ms, gap.end_ms, _DOUBT_S)
        profile.doubted.difference_update(findings.rows)

    async def _ask_for_the_oldest(self, profile: ProfileCourse, now_ms: int, now_s: float) -> None:
        course, layout = profile.course, profile.layout
        if course is None or layout is None:
            return
        profile.oldest_due_s = now_s + _OLDEST_EVERY_S
        oldest_ms = await self._reader.oldest(layout, course.ways, now_ms)
        if oldest_ms is None:
            return
        if course.history.oldest_ms is None and course.history.period_ms:
            begin_ms = course.history.end_at_or_before(oldest_ms) - course.history.period_ms
            course.begin_later(max(begin_ms, course.history.begin_ms))
        for one in profile.courses:
            one.learn(oldest_ms=oldest_ms)
            had_ms = one.history.end_at_or_before(oldest_ms) - one.history.period_ms
            gone = [part for part in one.ranges if part.state == "wanted" and part.start_ms < had_ms]
            for part in gone:
                one.paint(part.start_ms, min(part.end_ms, had_ms), "overwritten", TOO_OLD)

    async def _cuts(self, meter: str, chosen: Slice) -> list[PowerCut]:
        since_ms = chosen.start_ms - 30 * DAY_MS
        events = await self._disk.read(lambda store: store.events(meter, since_ms, 10_000))
        return power_cuts((event.ts_ms, event.code) for event in events or ())

    async def _had(self, course: OpenHistory, start_ms: int, end_ms: int) -> set[int] | None:
        """Return the time stamps of the rows that were confirmed; None when the disk refuses."""
        history = course.history
        days = range(day_of(start_ms), end_ms + DAY_MS, DAY_MS)
        keys = [key for key in history.keys if not key.endswith(DELTA)]
        found = await self._disk.read(lambda store: [store.had(history.id, key, day) for day in days for key in keys])
        return None if found is None else set().union(*found)

    def _look_back(
        self, profile: ProfileCourse, course: OpenHistory, rows: Mapping[int, Sequence[HistoryRow]], now_ms: int
    ) -> None:
        """A clock that was adjusted may have given rows to a time that was read already."""
        bits = _bits(profile, CLOCK_ADJUSTED)
        ends = [end for end, there in rows.items() if any((row.status or 0) & bits for row in there)]
        if ends and course is profile.course and not profile.again:
            start_ms = max(ends[0] - DAY_MS, course.history.begin_ms)
            profile.again.append((start_ms, min(ends[-1] + DAY_MS, course.history.end_at_or_before(now_ms))))

    def _doubt(self, period_s: int, chosen: Slice, now_ms: int) -> str:
        """Return what is to be said against the times of rows: the meter's clock is known to be off, now."""
        drift_s = self._reader.drift_s
        if drift_s is None or abs(drift_s) <= max(period_s, _SUSPICIOUS_S) or chosen.end_ms < now_ms - DAY_MS:
            return ""
        return f"the meter's clock is off by {drift_s:+.0f} s"


def _bits(profile: ProfileCourse, words: str) -> int:
    """Return the bits of the status that say this."""
    return sum(1 << bit for bit, said in profile.source.status.items() if said == words)
