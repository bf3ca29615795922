"""The driver: the publisher's loop. Asks the confirmation what to do, does it, and lets what is due be sent.

Decides nothing that a part decides; keeps the time: what is saved when, who is looked at how often, how long to sleep.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge.delivery.confirmation.actions import Ask, PutBack, Renew, Stored, Wait, WriteMark
from bridge.delivery.drain import Drain
from bridge.delivery.sending import ROUND_TRIPS
from bridge.log_lines import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.delivery.confirmation.actions import Action
    from bridge.delivery.memory import Memory
    from bridge.delivery.messages import Message
    from bridge.delivery.parts import Parts
    from bridge.delivery.turns import Turns
    from bridge.delivery.upstream_session import UpstreamSession
    from bridge.outbox.outbox import Outbox

_IDLE_S = 5.0  # the outbox wakes the publisher; this is for a disk that could not be read
_TICK_S = 0.001  # a wait that rounding makes nothing must not become a loop that never ends
_LOOK_EVERY_S = 0.25
_SAVE_EVERY_S = 60.0
_MARKS_SHARE_S = 10.0  # a mark for every so many messages that a tight limit allows
_MARK_EVERY_CAP_S = 10.0


class Driver:
    """Times are one monotonic clock's seconds.

    Args:
        parts: what delivery is made of.
        session: the one with ThingsBoard.
        turns: what is sent next.
        outbox: where the samples are.
        memory: what was learnt of this ThingsBoard.
        wake: set when there may be something to do.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        parts: Parts,
        session: UpstreamSession,
        turns: Turns,
        *,
        outbox: Outbox,
        memory: Memory,
        wake: asyncio.Event,
        clock: Callable[[], float],
    ) -> None:
        self._parts = parts
        self._session = session
        self._turns = turns
        self._outbox = outbox
        self._memory = memory
        self._remembered: dict[str, Any] = {}
        self._wake = wake
        self._clock = clock
        self._saved_s = clock()
        self._looked_s = -math.inf
        self._drain = Drain()
        self._stored_s: float | None = None

    @property
    def stored_ago_s(self) -> float | None:
        """Since samples were last known to be stored; None when none were since the start."""
        return None if self._stored_s is None else self._clock() - self._stored_s

    @property
    def drain_s(self) -> float | None:
        """Until nothing waits, at the pace of the last minute; None while it is not getting less."""
        return self._drain.left_s()

    async def run(self) -> None:
        """Publish until cancelled."""
        try:
            await self._drive()
        finally:
            self._memory.save(self._learnt())

    async def _drive(self) -> None:
        sending, confirmation = self._parts.sending, self._parts.confirmation
        while True:
            self._wake.clear()
            now_s = self._clock()
            await self._look(now_s)
            may_speak = self._turns.may_speak(now_s)
            action = confirmation.next(now_s, owing=sending.owes_long(now_s), may_speak=may_speak)
            if isinstance(action, Wait):
                if await self._turns.send(now_s):
                    continue
                owing = sending.owes(now_s, introducing=self._parts.introductions.pending)
                action = confirmation.next(now_s, owing=owing, may_speak=may_speak)
            if isinstance(action, Wait):
                await self._sleep(self._until_s(now_s, action.until_s))
            else:
                await self._do(action, now_s)

    async def _do(self, action: Action, now_s: float) -> None:
        match action:
            case WriteMark(value):
                self._parts.sending.give(self._parts.questions.mark(value), now_s)
            case Ask(number):
                self._parts.sending.give(self._parts.questions.ask_mark(number, now_s), now_s)
            case Stored(stored):
                await self._let_go(stored)
            case PutBack():
                await self._put_back(action, now_s)
            case Renew(why):
                self._session.renew(why)
            case _:
                pass

    async def _let_go(self, stored: Sequence[Message]) -> None:
        ids = [row_id for message in stored for row_id in message.ids]
        for message in stored:
            self._parts.queue.stored(message)
            self._parts.reports.stored(message, self._clock())
        self._parts.sending.caution.stored()
        if ids:
            self._stored_s = self._clock()
            self._session.was_fruitful = True
            await self._outbox.confirm(ids)

    async def _put_back(self, action: PutBack, now_s: float) -> None:
        count = sum(len(message.ids) for message in action.messages)
        logger.debug("publisher | {} sent again: {}", counted(count, "sample is", "samples are"), action.why)
        self._parts.metrics.delivery_replayed.inc(count)
        blamed = [message for message in action.blamed if message.ids]
        if blamed:
            await self._parts.queue.failed(blamed, now_s)
        if unreadable := [message for message in action.unreadable if message.ids]:
            await self._parts.queue.unreadable(unreadable, now_s)
        self._parts.reports.put_back()
        self._session.must_rewind = True

    async def _look(self, now_s: float) -> None:
        parts = self._parts
        round_trip_s = parts.sending.round_trip_s
        late = parts.introductions.overdue(now_s, round_trip_s)
        parts.watch.parked(late, parts.introductions.parked, now_s)
        self._session.look(now_s)
        least_s = max(2.0, _MARKS_SHARE_S / parts.limits.marks_per_s, ROUND_TRIPS * round_trip_s)
        parts.confirmation.mark_every_s = min(least_s, _MARK_EVERY_CAP_S)
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = now_s
        parts.limits.expect(parts.introductions.all_cost)
        self._drain.note(now_s, self._outbox.depth)
        parts.watch.look(
            now_s,
            marks=parts.confirmation.marks,
            no_gateway=parts.introductions.no_gateway,
            unstored=parts.confirmation.unstored,
        )
        self._parts.metrics.delivery_devices_parked.set(len(parts.introductions.parked))
        drain_s = self._drain.left_s()
        self._parts.metrics.delivery_drain.set(math.inf if drain_s is None else drain_s)
        if now_s - self._saved_s >= _SAVE_EVERY_S:
            self._saved_s = now_s
            learnt = self._learnt()
            if learnt != self._remembered:
                self._remembered = learnt
                await asyncio.get_running_loop().run_in_executor(None, self._memory.save, learnt)

    def _learnt(self) -> dict[str, Any]:
        return {"rates": self._parts.limits.learnt, "marks_seen": self._parts.confirmation.seen}

    def _until_s(self, now_s: float, until_s: float | None) -> float | None:
        parts = self._parts
        times = [self._turns.again_s, math.inf if until_s is None else until_s, *parts.sending.owing_s(now_s)]
        if parts.watch.is_up:
            soon = parts.introductions.next_s(now_s, parts.sending.round_trip_s), parts.queue.next_trial_s()
            times += [time_s for time_s in soon if time_s is not None and time_s > now_s]
        soonest = min(times)
        return None if math.isinf(soonest) else soonest

    async def _sleep(self, until_s: float | None) -> None:
        seconds = _IDLE_S if until_s is None else min(_IDLE_S, max(_TICK_S, until_s - self._clock()))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
