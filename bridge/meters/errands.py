"""Errands: what else is asked of a meter, question by question, in the room between two live cycles.

Rules
    Live readings go first. The line is given back after every question, and the next one waits until no meter behind
    the link is due before it can be over. So an errand delays a cycle by the rest of one question at the most.
    An errand needs the association that stands and never makes one. When that is lost the errand ends.
    A refusal, or an answer that makes no sense, ends the errand and leaves the association standing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from bridge.dlms.cosem_classes import PROFILE_GENERIC
from bridge.dlms.load_profile import BUFFER
from bridge.errors import (
    AccessError,
    MeterError,
    NotAtTheMomentError,
    NotNow,
    ReplyTimeout,
    ServiceError,
    ValueUnreadableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.dlms.association import MeterSession
    from bridge.dlms.conversation import Conversation
    from bridge.dlms.xdlms import Result
    from bridge.meters.cycle_schedule import CycleSchedule
    from bridge.meters.link import Link
    from bridge.meters.meter_connection import MeterConnection

T = TypeVar("T")

_PAUSE = b"\x00a pause"
"""Yielded before each question; recognised by identity, never sent."""
_FIRST_GUESS_S, _LEAST_GUESS_S, _EASED = 0.5, 0.05, 0.9
_PATIENCE_S = 120.0
"""So long an errand that has begun waits for room before its next question."""
_LEAST_WAIT_S, _AFTER_S = 0.05, 5.0


class Errands:
    """Carries errands to one meter.

    Args:
        link: the connection to it, perhaps shared with others.
        connection: the association on it.
        session: its conversations.
        schedule: when its cycles are due.
    """

    __slots__ = ("_asking", "_connection", "_ease_at_s", "_link", "_lost_at", "_schedule", "_session", "_took_s")

    def __init__(self, link: Link, connection: MeterConnection, session: MeterSession, schedule: CycleSchedule) -> None:
        self._link, self._connection = link, connection
        self._session, self._schedule = session, schedule
        self._took_s = dict.fromkeys((False, True), _FIRST_GUESS_S)  # a question, as it was of late
        self._ease_at_s = 0.0
        self._lost_at = ""
        self._asking: asyncio.Task[None] | None = None
        link.schedules.append(schedule)

    @property
    def free_s(self) -> float:
        """Seconds before the next live cycle of any meter on the link; 0 while one runs, or is not associated."""
        if not self._connection.is_associated or self._link.turn().locked():
            return 0.0
        return min(schedule.free_s for schedule in self._link.schedules)

    def take_lost_at(self) -> str:
        """Return the stage of the error by which an errand lost the association, once; empty when none did."""
        lost_at, self._lost_at = self._lost_at, ""
        return lost_at

    async def carry(self, make: Callable[[MeterSession], Conversation[T]], *, needs_s: float | None = None) -> T:
        """Carry a conversation between live cycles and return its result.

        Cancelled, it ends with the question that is under way: its answer must not meet the next one.

        Args:
            make: makes it, of a session that has :meth:`~bridge.dlms.association.MeterSession.get` alone.
            needs_s: how long its longest question for rows takes, as far as the caller knows; else as before.

        Raises:
            NotNow: the meter is not associated, or there is no room; nothing was lost, ask again later.
            AccessError, NotAtTheMomentError, ValueUnreadableError, ServiceError: it refuses, or makes no sense; the
                association stands.
            MeterError: the association is gone; the next cycle makes another.
        """
        if not self._connection.is_associated:
            raise NotNow("is not associated", after_s=_AFTER_S)
        generation = self._link.generation
        session = _PausingSession(self._session)
        steps = _Steps(make(cast("MeterSession", session)), session)
        steps.begin()
        try:
            while not steps.is_over:
                turn = await self._turn(generation, steps, needs_s)
                self._asking = asyncio.create_task(self._ask(steps, turn))
                await asyncio.shield(self._asking)
        except asyncio.CancelledError:
            if self._asking is not None and not self._asking.done():
                self._asking.add_done_callback(steps.abandoned)
                raise
            steps.close()
            raise
        except BaseException:
            steps.close()
            raise
        return steps.outcome()

    async def _turn(self, generation: int, steps: _Steps[Any], needs_s: float | None) -> asyncio.Lock:
        """Wait for room and return the link's lock, taken."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + (_PATIENCE_S if steps.has_begun else 0.0)
        took_s, asks_rows = self._took_s, steps.asks_rows
        while True:
            if not self._connection.is_associated or self._link.generation != generation:
                raise NotNow("its association ended", after_s=_AFTER_S)
            free_s, needed_s = self.free_s, took_s[asks_rows] if needs_s is None or not asks_rows else needs_s
            if free_s and free_s >= needed_s:
                turn = self._link.turn()
                await turn.acquire()  # it is free: nothing happens between the look and the taking
                return turn
            if loop.time() >= self._ease_at_s:  # what never finds room is tried with a little less, now and then
                self._ease_at_s = loop.time() + self._schedule.interval_s
                took_s[asks_rows] = max(_EASED * took_s[asks_rows], _LEAST_GUESS_S)
            if loop.time() >= until_s:
                raise NotNow(
                    f"no room for a question of {needed_s:.1f} s before the next reading on {self._link}",
                    after_s=max(free_s, _LEAST_WAIT_S),
                )
            await asyncio.sleep(max(free_s, _LEAST_WAIT_S))

    async def _ask(self, steps: _Steps[Any], turn: asyncio.Lock) -> None:
        """Take the conversation to its next question's end, and give the line back."""
        loop = asyncio.get_running_loop()
        began_s, asked_rows = loop.time(), steps.asks_rows
        try:
            await self._connection.reserve_counters()
            await self._connection.converse(steps.until_the_next())
        except MeterError as error:
            self._lost_at = error.stage
            self._connection.lost()
            self._link.failed(error)
            raise
        except BaseException:  # cut off: whatever answer is still to come must not meet the next question
            self._connection.lost()
            self._link.close()
            raise
        else:
            # Quick to rise, slow to fall: a live cycle pays for what is guessed too low.
            self._took_s[asked_rows] = max(loop.time() - began_s, _EASED * self._took_s[asked_rows])
        finally:
            turn.release()


class _PausingSession:
    """A session whose every question can be put off."""

    __slots__ = ("_session", "asks_rows")

    def __init__(self, session: MeterSession) -> None:
        self._session = session
        self.asks_rows = False
        """Whether the next question is for rows, whose answer may be long."""

    def get(self, class_id: int, logical_name: str, attribute: int, selection: bytes = b"") -> Conversation[Result]:
        """As the session's, after a pause."""
        self.asks_rows = class_id == PROFILE_GENERIC and attribute == BUFFER
        yield _PAUSE
        return (yield from self._session.get(class_id, logical_name, attribute, selection))


class _Steps(Generic[T]):
    """A conversation cut at its pauses."""

    def __init__(self, conversation: Conversation[T], session: _PausingSession) -> None:
        self._conversation, self._session = conversation, session
        self._result: T | None = None
        self._refused: MeterError | None = None
        self.is_over = self.has_begun = False

    @property
    def asks_rows(self) -> bool:
        """Whether the next question is for rows."""
        return self._session.asks_rows

    def begin(self) -> None:
        """Go to the first pause; nothing is asked on the way."""
        for _ in self._to_the_pause():
            raise RuntimeError("an errand asks by the session's get alone")

    def until_the_next(self) -> Conversation[None]:
        """Ask the question behind this pause and go on to the next pause, or to the end; see :attr:`is_over`."""
        self.has_begun = True
        return self._to_the_pause()

    def _to_the_pause(self) -> Conversation[None]:
        try:
            request = next(self._conversation)
            while request is not _PAUSE:
                try:
                    frame = yield request
                except ReplyTimeout as silence:
                    request = self._conversation.throw(silence)
                else:
                    request = self._conversation.send(frame)
        except StopIteration as done:
            self.is_over, self._result = True, done.value
        except MeterError as error:
            if not _leaves_it_standing(error):
                raise
            self.is_over, self._refused = True, error

    def outcome(self) -> T:
        """Return the result, or raise why there is none."""
        if self._refused is not None:
            raise self._refused
        return cast("T", self._result)

    def close(self) -> None:
        """Leave it where it is."""
        self._conversation.close()

    def abandoned(self, asking: asyncio.Task[None]) -> None:
        """Nobody waits any more for what ``asking`` brought."""
        if not asking.cancelled():
            asking.exception()  # it is told with the next cycle's
        self.close()


def _leaves_it_standing(error: MeterError) -> bool:
    if isinstance(error, ServiceError):
        return not error.not_allowed
    if isinstance(error, ReplyTimeout):
        return error.stands and not error.final
    return isinstance(error, AccessError | NotAtTheMomentError | ValueUnreadableError)
