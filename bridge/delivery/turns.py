"""Turns: what is sent next. A device's introduction, samples of the devices that are proven already, a report.

They take turns: the first samples go when the first device is there, and none waits for the last. What each of them
would send its own part says; here is only whose turn it is, and whether limits and line have room for it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bridge.delivery.messages import MAX_BYTES, Room
from bridge.delivery.sending import OWING_S, ROUND_TRIPS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bridge.delivery.parts import Parts
    from bridge.delivery.upstream_session import UpstreamSession

_LONG_S, _WORTHWHILE_ROWS = 0.15, 100
_TRIAL_EVERY_S = 10.0
_TELL_EVERY, _TELL_EVERY_S = 20, 10.0  # a report goes when nothing else does, and now and then all the same


class Turns:
    """Times are one monotonic clock's seconds.

    Args:
        parts: who has something to send, and who says whether it may go.
        session: the one that it goes into.
        clock: monotonic seconds.
    """

    def __init__(self, parts: Parts, session: UpstreamSession, *, clock: Callable[[], float]) -> None:
        self._parts = parts
        self._session = session
        self._clock = clock
        self._turn = 0
        self._row_points = 6.0
        self._samples_s = -math.inf  # when samples were last sent
        self._are_samples_held = False  # by limits: whatever else takes a telemetry message then holds them longer
        self._told_s = -math.inf
        self._trial_s = -math.inf  # from when on others wait for rows under suspicion
        self.again_s = math.inf
        """When what was held up may go."""
        self.is_over = False
        """Whether nothing more is to be sent: the bridge is stopping."""

    def may_speak(self, now_s: float) -> bool:
        """Whether a mark or a question may go now: not in a session that is to be left alone, and within the limits.

        Ask this first: what is held up from now on is noted in :attr:`again_s`.
        """
        self.again_s = math.inf
        still_until_s = self._parts.watch.takeover.still_until_s(now_s)
        wait_s = self._parts.limits.own_wait_s(now_s) if still_until_s is None else still_until_s - now_s
        if wait_s > 0:
            self.again_s = now_s + wait_s
        return wait_s <= 0

    async def send(self, now_s: float) -> bool:
        """Send one thing, if anything may go now; say whether it did, or whether there is more to be looked at."""
        parts, session = self._parts, self._session
        self._reply(now_s)
        if session.must_rewind:
            session.must_rewind = False
            parts.queue.rewind(keep=parts.confirmation.sent_ids())
        if self.is_over or not parts.watch.is_up or not parts.confirmation.answers or not parts.sending.has_room:
            return False
        if self._ask(now_s):
            return True
        number = session.number
        await parts.queue.look()
        if session.number != number:  # it ended while the disk was being read
            return True
        self._want(now_s)
        self._turn += 1
        turns: list[Callable[[float], Awaitable[bool]]] = [self._introduce, self._send_samples]
        if self._turn % 2:
            turns.reverse()
        turns.insert(0 if self._turn % _TELL_EVERY == 0 else len(turns), self._tell)
        for send in turns:
            if await send(now_s):
                return True
        return parts.queue.is_searching and not parts.introductions.is_busy(now_s)

    def _want(self, now_s: float) -> None:
        parts = self._parts
        held = parts.renames.held
        for devices, have_samples in ((parts.queue.new_devices(), True), (parts.reports.new_devices(), False)):
            if devices:
                wanted = (device for device in devices if device not in held)
                parts.introductions.want(wanted, have_samples=have_samples)
        if parts.knows_devices and not parts.introductions.is_busy(now_s):  # one at a time: those with samples go first
            if (silent := parts.sending.kept_open.due(now_s)) is not None:
                parts.reports.repeat(silent)
            parked = parts.introductions.parked
            closed = parts.reports.next_closed(
                lambda one: parts.introductions.is_proven(one) or one in parked or one in held
            )
            if closed is not None:
                parts.introductions.want([closed])

    def _reply(self, now_s: float) -> None:
        parts = self._parts
        if not parts.watch.is_up:
            return
        for message in parts.replies.due(self._session.number, now_s):
            wait_s = parts.limits.own_wait_s(now_s) if message.is_own else parts.limits.regular_wait_s(now_s, 1)
            if wait_s > 0:
                self._hold(now_s + wait_s)
                break
            parts.sending.give(message, now_s)

    def _ask(self, now_s: float) -> bool:
        """Ask for the limits, and in device mode for what is set of the meter; behind a gateway its proof asks that."""
        parts = self._parts
        if not parts.has_thingsboard:
            return False
        if parts.questions.are_limits_due(now_s):
            parts.sending.give(parts.questions.ask_limits(now_s), now_s)
            return True
        if parts.knows_devices or not parts.questions.is_shared_due:
            return False
        parts.shared.asking("")
        parts.sending.give(parts.questions.ask_shared(), now_s)
        return True

    async def _introduce(self, now_s: float) -> bool:
        parts = self._parts
        if not parts.knows_devices:
            return False
        device = parts.introductions.due(now_s)
        if device is None or self._waits_for_a_trial(now_s):  # with many to come there would be no moment of rest
            return False
        burst = parts.limits.regular_burst
        wait_s = parts.limits.regular_wait_s(now_s, parts.introductions.cost(device, burst))
        if parts.introductions.opens_by_row(device):
            wait_s = max(wait_s, parts.limits.telemetry_wait_s(now_s, points=0))
        if wait_s > 0:
            self._hold(now_s + wait_s)
            return False
        parts.shared.asking(device)
        for message in parts.introductions.introduce(device, burst):
            parts.sending.give(message, now_s)
        return True

    async def _send_samples(self, now_s: float) -> bool:
        parts = self._parts
        if not parts.queue.has_next(now_s) or not parts.sending.may_doubt_more:
            return False
        if self._waits_for_a_trial(now_s) or not self._is_worth_a_round_trip(now_s):
            return False
        entries = parts.limits.worthwhile_entries(parts.queue.ready_devices)
        wait_s = parts.limits.telemetry_wait_s(now_s, entries=entries, points=self._row_points)
        self._are_samples_held = wait_s > 0
        if wait_s > 0:
            self._hold(now_s + wait_s)
            return False
        rows = parts.confirmation.room(now_s)  # asked last: where it is 0 a mark is written for what is to be sent
        return rows > 0 and await self._take_and_send(rows, now_s)

    async def _take_and_send(self, rows: int, now_s: float) -> bool:
        parts, session = self._parts, self._session
        limits, line = parts.limits, parts.sending.way.line
        told_bytes = limits.told.max_payload_bytes or MAX_BYTES
        room = Room(
            max_bytes=min(MAX_BYTES, told_bytes - 1_000, line.message_bytes),
            entries=limits.entries(now_s),
            points=max(self._row_points, limits.points(now_s)),
            device_points=limits.device_points(now_s),
        )
        number = session.number
        message = await parts.queue.take(
            room,
            now_s,
            rows=rows,
            may=lambda device: limits.device_wait_s(device, now_s) == 0,
            is_idle=parts.sending.is_settled,
        )
        if session.number != number:  # it ended while the rows were being read
            session.must_rewind = True
            return True
        if message is None:
            if parts.queue.has_next(now_s):
                self._hold(now_s + OWING_S)
            return False
        self._samples_s = now_s
        if message.is_alone:
            self._trial_s = now_s + max(_TRIAL_EVERY_S, ROUND_TRIPS * line.round_trip_s)
        self._row_points = max(1.0, 0.9 * self._row_points + 0.1 * message.points / len(message.ids))
        parts.sending.hand(message, self._clock())
        return True

    def _waits_for_a_trial(self, now_s: float) -> bool:
        """Rows under suspicion go when all else is stored: now and then the others wait for that."""
        return now_s >= self._trial_s and self._parts.queue.has_trial(now_s) and not self._parts.sending.is_settled

    def _is_worth_a_round_trip(self, now_s: float) -> bool:
        """On a long line each message costs a round trip: few rows wait for others, and for devices' introductions."""
        round_trip_s = self._parts.sending.each_costs_s
        if round_trip_s <= _LONG_S or self._parts.queue.ready_rows >= _WORTHWHILE_ROWS:
            return True
        if self._parts.introductions.is_busy(now_s):
            again_s = self._samples_s + ROUND_TRIPS * round_trip_s
            if again_s > now_s:
                self._hold(again_s)
            return again_s <= now_s
        return not any(message.ids for message in self._parts.sending.way.messages)

    async def _tell(self, now_s: float) -> bool:
        parts = self._parts
        if not parts.has_thingsboard or not parts.reports.has_any:
            return False
        if parts.limits.telemetry_wait_s(now_s) > 0 or not parts.sending.may_doubt_more:
            return False
        if self._waits_for_a_trial(now_s):  # on a long line there is always a state to be told
            return False
        is_tight = self._are_samples_held or parts.sending.caution.is_cautious
        if is_tight and parts.queue.has_next(now_s) and now_s < self._told_s + _TELL_EVERY_S:
            return False
        hurried = parts.introductions.is_busy(now_s)
        message = parts.reports.take(self._may_be_told, most=parts.limits.entries(now_s), states=not hurried)
        if message is None:
            return False
        self._told_s = now_s
        if message.is_own and not message.devices.keys() - {""}:
            parts.sending.give(message, now_s)
        else:
            parts.sending.hand(message, now_s)
        return True

    def _may_be_told(self, device: str) -> bool:
        return self._parts.introductions.is_proven(device) and device not in self._parts.renames.held

    def _hold(self, until_s: float) -> None:
        self.again_s = min(self.again_s, until_s)
