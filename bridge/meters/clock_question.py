"""Asks a meter for its clock now and then, where its profile does not: once at the first reading, then each day.

The answer is a witness when this machine's clock is not to be trusted, and shows a meter whose intervals end at wrong
times. It goes as an errand, so that no reading waits for it. A meter that has no clock, or falls silent when asked, is
not asked again until the bridge is restarted.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bridge.dlms.selective_access import CLOCK_TIME
from bridge.dlms.values import interpret
from bridge.errors import LinkError, MeterError, NotNow

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.clock.moment import Moment
    from bridge.dlms.association import MeterSession
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.xdlms import Result
    from bridge.meters.errands import Errands
    from bridge.meters.reading_time import ReadingTime
    from bridge.sample import Scalar

_EVERY_S = 86_400.0
_AGAIN_S = 3_600.0
"""After a try that came to nothing, and while its clock is off."""
_TRIES, _PAUSE_S = 30, 2.0


class ClockQuestion:
    """The question to one meter.

    Args:
        errands: carries it.
        reading_time: gives the moment at which it goes out.
        heard: takes what the clock stated, any doubt about it, and the moment with its time in milliseconds; returns
            whether it is off, and so to be asked again before long.
    """

    __slots__ = ("_asking", "_due_s", "_errands", "_heard", "_reading_time")

    def __init__(
        self,
        errands: Errands,
        reading_time: ReadingTime,
        heard: Callable[[Scalar | None, str, Moment, int], bool],
    ) -> None:
        self._errands, self._reading_time, self._heard = errands, reading_time, heard
        self._due_s: float | None = 0.0  # the loop's time; None for never again
        self._asking: asyncio.Task[None] | None = None

    def ask_when_due(self) -> None:
        """Ask if it is time to; call it after each good cycle."""
        if self._due_s is None or (now_s := asyncio.get_running_loop().time()) < self._due_s:
            return
        self._due_s = now_s + _AGAIN_S
        self._asking = asyncio.create_task(self._ask(), name="clock question")

    def stop(self) -> None:
        """Ask no more."""
        self._due_s = None
        if self._asking is not None:
            self._asking.cancel()

    async def _ask(self) -> None:
        for _ in range(_TRIES):
            try:
                (moment, at_ms), result = await self._errands.carry(self._question)
            except NotNow as later:
                await asyncio.sleep(max(later.after_s, _PAUSE_S))
                continue
            except LinkError:
                return  # says nothing of the question
            except MeterError:
                self._due_s = None
                return
            if result.refusal:
                self._due_s = None
                return
            stated, quality = interpret(result.value, class_id=CLOCK_TIME[0], attribute=CLOCK_TIME[2])
            is_off = self._heard(stated, quality, moment, at_ms)
            self._due_s = asyncio.get_running_loop().time() + (_AGAIN_S if is_off else _EVERY_S)
            return

    def _question(self, session: MeterSession) -> Conversation[tuple[tuple[Moment, int], Result]]:
        taken = self._reading_time.take()  # an errand's first question goes out at once
        return taken, (yield from session.get(*CLOCK_TIME))
