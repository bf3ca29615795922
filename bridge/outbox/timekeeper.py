"""The timekeeper: gives samples their time, or has them wait for it; takes back what had a wrong one.

Looks at the clock once a second and does what follows from it: the ledger of boots goes to the disk, samples with a
wrong time are recalled, samples without one are dated. Says in the log what was stepped, what waits, and what had been
sent by then. The clock decides; nothing here does.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

from loguru import logger

from bridge.clock.boots import Time
from bridge.clock.earlier_boots import AHEAD_MS
from bridge.clock.moment import Moment
from bridge.log_lines import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.clock.clock import BridgeClock
    from bridge.clock.ledger_file import LedgerFile
    from bridge.clock.state import Change, ClockState, Condition
    from bridge.outbox.outbox import Outbox
    from bridge.outbox.receipt import Receipt
    from bridge.sample import Sample

_LOOK_EVERY_S = 1.0
_WORDS: dict[Condition, tuple[str, str]] = {
    "trusted": ("WARNING", "this machine's clock is trusted: {why}"),
    "waiting": ("WARNING", "this machine's clock is not trusted: {why} | samples wait on disk for the time"),
    "kept": (
        "WARNING",
        "this machine's clock is off by {off_s:+.0f} s: {why} | the bridge goes by its own time | set it (timedatectl)",
    ),
    "estimated": (
        "WARNING",
        "this machine's clock is not trusted: {why} | times come from the meters' clocks | set it (timedatectl)",
    ),
}
_AGAIN_S = 30.0
"""What could not be dated, because it seems to be ahead, is tried again that often."""


class Timekeeper:
    """Keeps time.

    Args:
        clock: tells it.
        file: where the ledger of boots is kept.
        outbox: where samples go.
        heard: is told of each sample's meter and receipt.
    """

    def __init__(
        self,
        clock: BridgeClock,
        file: LedgerFile,
        outbox: Outbox,
        heard: Callable[[str, Receipt], None] = lambda _meter, _receipt: None,
    ) -> None:
        self._heard = heard
        self._clock = clock
        self._file = file
        self._outbox = outbox
        self._to_recall: set[int] = set()
        ends_ms = [(boot.end_ns or 0) // 1_000_000 for boot in clock.ledger.boots.values()]
        # Without a ledger the samples here are an earlier version's. The file may be large: no look without a reason.
        self._known_ms = max(clock.ledger.presumed_ms, *ends_ms) if clock.ledger.eras else inf
        self._given = 0  # by the present anchor, and not taken back
        self._said: ClockState | None = None
        self._date_at_s = 0.0
        self._has_met = False  # samples of a boot that the ledger had lost: it is settled by the next look
        self.sent_wrong = 0
        """Samples that had gone out when their time turned out to have been wrong, since the start."""

    def take(self, sample: Sample) -> bool:
        """Take a sample; return whether its time is known."""
        receipt, is_dated = self.put(sample)
        self._heard(sample.meter, receipt)
        return is_dated

    def put(self, sample: Sample) -> tuple[Receipt, bool]:
        """Take a sample; return its receipt, and whether its time is known."""
        if not sample.boot:
            return self._outbox.put(sample), True
        time = self._clock.time_of(Moment(sample.boot, sample.up_ns))
        if time is None:
            return self._outbox.put(sample, is_undated=True), False
        self._given += 1
        return self._outbox.put(sample, time), True

    async def run(self) -> None:
        """Look once a second until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - samples wait for it: it must not stop, whatever it met
                logger.opt(exception=error).error("clock | unexpected error; please report it")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def close(self) -> None:
        """Leave the ledger on the disk."""
        await asyncio.to_thread(self._file.save, self._clock.ledger.plain())

    async def look(self) -> None:
        """Look at the clock, and do what follows."""
        change = self._clock.look()
        self._say(change)
        if self._clock.is_news:
            self._clock.is_news = False
            await asyncio.to_thread(self._file.save, self._clock.ledger.plain())
        if change.recall or change.moved_s:
            self._to_recall.update(change.recall)
            self._known_ms = inf if change.moved_s < 0 else self._known_ms
        now_ms = self._clock.now_ms()
        if now_ms is None:
            return
        if self._to_recall or self._known_ms > now_ms + AHEAD_MS:
            await self._recall(now_ms + AHEAD_MS, change)
        if self._outbox.undated.count and self._clock.steady_s() >= self._date_at_s:
            await self._date()

    async def _recall(self, after_ms: int, change: Change) -> None:
        boots = sorted(self._to_recall)
        count = await self._outbox.undated.recall(boots, after_ms=after_ms)
        if count is None:
            return  # the disk refuses: the next look tries again
        self._to_recall.clear()
        self._known_ms = 0
        self._date_at_s = 0.0
        sent = 0
        if self._clock.boot in boots:
            sent, self._given = max(0, self._given - count), 0
            self.sent_wrong += sent
        if boots or count:
            logger.bind(stage="clock").warning(
                "clock | samples were dated wrongly{}: {} that are still here get another time, {} had been sent",
                f", by {-change.moved_s:+.0f} s" if change.moved_s else "", count, sent,
            )  # fmt: skip

    async def _date(self) -> None:
        count = await self._outbox.undated.date(self._time_of)
        self._given += count
        if count or self._has_met:
            self._has_met = False
            logger.bind(stage="clock").info(
                "clock | {} now, and go", counted(count, "sample has its time", "samples have their time")
            )
        else:
            self._date_at_s = self._clock.steady_s() + _AGAIN_S

    def _time_of(self, moment: Moment, shown_ms: int) -> Time | None:
        if moment.boot:
            self._has_met |= self._clock.met(moment, shown_ms)
            return self._clock.time_of(moment)
        now_ms = self._clock.now_ms()  # of an earlier version: what it was dated is all that is known
        return Time(shown_ms, is_estimated=False) if now_ms is not None and shown_ms <= now_ms + AHEAD_MS else None

    def _say(self, change: Change) -> None:
        state, said = self._clock.state, self._said
        said_by = logger.bind(stage="clock")
        if change.stepped_s:
            said_by.warning("clock | this machine's clock was stepped by {:+.0f} s", change.stepped_s)
        if said is None or (said.condition, said.grade) != (state.condition, state.grade):
            self._said = state
            self._date_at_s = 0.0
            level, line = _WORDS[state.condition]
            level = "INFO" if said is None and state.condition == "trusted" else level
            said_by.log(level, f"clock | {line}", why=state.why, off_s=state.wall_off_s)
