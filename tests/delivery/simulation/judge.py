"""The judge: what must hold in every run, checked all along, and the time that the wing may take.

Invariants
    An accepted sample is at ThingsBoard under its device and time, or on our disk, or set aside with a reason; a
    receipt that says *stored* or *set aside* says what is so. (``book.py``)
    Nothing is at ThingsBoard that its meter did not give.
    While nothing is broken, something is confirmed within :func:`stall_s`, as long as a sample waits that could go.
    Once all is mended, everything is home within :func:`drain_s`.
    With nothing on its way the wing is quiet: a mark, a question and the limits now and then, no storm of them.
    The relay holds few messages and drops none; what goes up twice is bounded.
    Nothing raises, and nothing goes round without time passing.

The bounds are generous on purpose: they tell *stands still* from *goes on*. How fast it goes is the scenarios' matter.
"""

from __future__ import annotations

import asyncio
import math
import traceback
from typing import TYPE_CHECKING

from tests.delivery.simulation.book import Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.delivery.simulation.plan import Plan
    from tests.delivery.simulation.world import World

_LOOK_EVERY_S = 10.0
_SOON_S = 60.0
"""For so long whether all is home is looked at each second; what takes longer is looked at more seldom."""
_REFUSAL_MEMORY_S = 300.0
_PARKED_S = 900.0
"""A device that was refused is tried again within this."""
_MOST_IN_RELAY = 130
_MOST_UNMARKED = 2600
_TRICKLE = 600
"""Rows that are sent again until it is certain that marks never come back."""
_LESSONS = 10
_QUIET_MESSAGES = 120
_ENTRY_BYTES = 70
_KEY_BYTES = 14
_QUESTION_BYTES = 150
"""About a device, with the headers; about as much as its answer and the acknowledgement."""
_MESSAGE_S = 2.0
"""A message may take a slow line so long: so it holds few rows there."""
_HALVINGS = 10
"""A message of hundreds of samples is halved so often until the one that cannot be read is alone."""


def per_s(*texts: str) -> float:
    """What a limit lets through a second in the long run."""
    rates = [
        int(count) / float(seconds)
        for text in texts
        for count, seconds in (part.split(":") for part in text.split(",") if part)
    ]
    return min(rates, default=math.inf)


def _row_bytes(plan: Plan) -> int:
    return _ENTRY_BYTES + _KEY_BYTES * plan.keys


def _introduction_s(plan: Plan) -> float:
    """Seconds for one device. Before its samples go it is asked for, one message in flight, in every session anew."""
    seconds = 2 * (plan.delay_s + plan.jitter_s)
    for bytes_s in (plan.up_bytes_s, plan.down_bytes_s):
        if bytes_s:
            seconds += 2 * _QUESTION_BYTES / bytes_s  # as much again for acknowledgements and the marks between
    return seconds


def stall_s(plan: Plan) -> float:
    """Seconds within which something is confirmed while nothing is broken and something waits."""
    regular, telemetry, points = (per_s(plan.tenant[which], plan.gateway[which]) / _edited(plan) for which in range(3))
    rtt_s = 2 * (plan.delay_s + plan.jitter_s)
    seconds = 200.0 + 40 * rtt_s + 40 / regular + 40 / telemetry + 20 * plan.keys / points
    seconds += plan.meters * _introduction_s(plan)
    if plan.up_bytes_s:
        seconds += 5 * (2000 + _row_bytes(plan)) / plan.up_bytes_s
    if plan.drop_every:
        seconds += 600 / plan.drop_every
    if plan.room >= 0:
        seconds += 30 * min(10, plan.meters - plan.room)
    if plan.bad_names:
        seconds += 120
    if plan.poison:
        seconds += 1200
    if not plan.answers_mark:
        seconds += 400
    return seconds


def drain_s(plan: Plan, rows: int) -> float:
    """Seconds within which so many rows are home once nothing is broken any more."""
    regular, telemetry, points = (per_s(plan.tenant[which], plan.gateway[which]) / _edited(plan) for which in range(3))
    rtt_s = 2 * (plan.delay_s + plan.jitter_s)
    entries = max(plan.meters, rows / 20)
    seconds = 2 * stall_s(plan)
    seconds += 4 * (4 * plan.meters / regular + entries / telemetry + rows * plan.keys / points)
    # One message is in flight: opening and proving a device take a round trip each, and so do its attributes.
    seconds += 4 * rows / plan.store_rate_per_s + (rows / 50 + 3 * plan.meters) * rtt_s * 1.5
    if plan.up_bytes_s:
        seconds += 4 * (rows * _row_bytes(plan) + plan.meters * 600) / plan.up_bytes_s
    if any(plan.tenant) or plan.untold:
        # What is not told is learnt from sessions that end, and each opens all devices anew.
        seconds += _LESSONS * (10 + 3 * plan.meters / regular + 2 * plan.meters * rtt_s)
    if plan.drop_every:
        # So many sessions are needed, and each opens all devices anew.
        slow = _MESSAGE_S * plan.up_bytes_s / _row_bytes(plan)
        sessions = (plan.meters + rows / min(20.0, max(1.0, slow or math.inf))) / max(1, plan.drop_every - 1)
        seconds += 2 * sessions * (15 + plan.meters * (rtt_s + _introduction_s(plan)))
    if plan.poison:
        # Each half that holds it ends a session, and the next one introduces all devices anew.
        seconds += _HALVINGS * math.ceil(rows / plan.poison) * (15 + plan.meters * _introduction_s(plan))
    if plan.room >= 0 or any(fault.kind in ("thingsboard_kill", "database_away") for fault in plan.faults):
        seconds += _REFUSAL_MEMORY_S + _PARKED_S
    return seconds


def _edited(plan: Plan) -> float:
    """How much smaller the limits may have become meanwhile."""
    return 2.0 ** sum(fault.kind == "limits_change" for fault in plan.faults)


class Judge:
    """Watches one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._calm_since_s = world.loop.time()
        self._last = "the start"
        self._failed: asyncio.Event = asyncio.Event()
        self.longest_stall = 0.0
        """The longest time without a confirmation that counted, as a share of the bound."""
        self.drained_after_s: float | None = None
        self._before = (0, 0, 0)
        self._quiet = (world.loop.time(), 0, 0)
        self.drain_share = 0.0

    def disturbed(self, what: str) -> None:
        """Something happened."""
        self._calm_since_s = self._world.loop.time()
        self._last = what

    def fail(self, problem: str, error: BaseException | None = None) -> None:
        """Something must not be."""
        if error is not None:
            problem += "\n" + "".join(traceback.format_exception(error))
        self._world.book.say(problem)
        self._failed.set()

    async def watch(self) -> None:
        """Look every now and then, until cancelled."""
        bound_s = stall_s(self._world.plan)
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            self._look(bound_s)
            self._look_for_chatter()
            if self._world.book.problems:
                self._failed.set()
            if self._world.loop.errors:
                context = self._world.loop.errors[0]
                self.fail(f"nobody caught: {context.get('message')}", context.get("exception"))
                self._world.loop.errors.clear()

    def _look_for_chatter(self) -> None:
        """Many messages in a minute in which no sample went and nothing happened."""
        world, (since_s, rows, messages) = self._world, self._quiet
        server, now_s = world.server, world.loop.time()
        if server.rows_sent != rows or self._calm_since_s > since_s:
            self._quiet = now_s, server.rows_sent, server.messages
        elif now_s - since_s >= 60:
            if server.messages - messages > _QUIET_MESSAGES + 8 * world.plan.meters:
                self.fail(f"{server.messages - messages} messages in {now_s - since_s:.0f} s, and no sample in them")
            self._quiet = now_s, server.rows_sent, server.messages

    def _look(self, bound_s: float) -> None:
        world, book, now_s = self._world, self._world.book, self._world.loop.time()
        if world.faults_going or world.life is None:
            self._calm_since_s = now_s
            return
        if not self._could_go():
            self._calm_since_s = max(self._calm_since_s, now_s)
            return
        since_s = max(self._calm_since_s, book.last_confirmed_s)
        self.longest_stall = max(self.longest_stall, (now_s - since_s) / bound_s)
        if now_s - since_s > bound_s:
            self.fail(
                f"stands still: nothing confirmed for {now_s - since_s:.0f} s (bound {bound_s:.0f} s), "
                f"{book.waiting} samples wait, last: {self._last} | {self.state()}"
            )
            self._calm_since_s = now_s

    def _could_go(self) -> int:
        """How many samples wait that ThingsBoard would take."""
        waiting = self._world.book.waiting_by_device
        return max(0, sum(waiting.values()) - self._refused(waiting) - self._world.book.poison_waiting)

    def _refused(self, waiting: Mapping[str, int]) -> int:
        """Samples of devices that it has not, and would not make now."""
        world = self._world
        plan = world.plan
        # Who came too late for the room there was is tried again after a while.
        is_full = plan.room >= 0 and world.loop.time() < (
            world.began_s + plan.room_from_s + _REFUSAL_MEMORY_S + _PARKED_S
        )
        known = set(world.model.devices) if is_full else set(waiting)
        return sum(count for name, count in waiting.items() if name.startswith("<") or name not in known)

    async def wait_for_the_end(self) -> None:
        """Until everything is home, or the time for it is over, or something failed."""
        world = self._world
        while (world.faults_going or world.life is None) and not self._failed.is_set():
            await asyncio.sleep(1)
        self.disturbed("all is mended")
        began_s = world.loop.time()
        waits = world.book.waiting + self._pending()
        self._before = world.server.rows_sent, waits, world.model.counts["sessions"]
        bound_s = drain_s(world.plan, waits)
        if world.plan.room >= 0:
            bound_s += max(0.0, world.began_s + world.plan.room_from_s - began_s)
        while not self._failed.is_set():
            if not self._left() and not self._pending():
                self.drained_after_s = world.loop.time() - began_s
                self.drain_share = self.drained_after_s / bound_s
                return
            if world.loop.time() - began_s > bound_s:
                self.fail(f"not home after {bound_s:.0f} s: {self._left()} samples wait | {self.state()}")
                return
            await asyncio.sleep(1 if world.loop.time() - began_s < _SOON_S else 5)

    def _left(self) -> int:
        book = self._world.book
        count = book.waiting - book.poison_waiting
        if self._world.plan.bad_names:
            count -= sum(count for name, count in book.waiting_by_device.items() if name.startswith("<"))
        return count

    def _pending(self) -> int:
        """Samples that are in memory alone, as while the disk refuses: they go from there."""
        life = self._world.life
        return 0 if life is None else life.outbox.state.pending

    def state(self) -> str:
        """What can be said of the wing now, for a person."""
        world = self._world
        said = [
            f"t={world.loop.time() - world.began_s:.0f} s",
            f"sessions {world.model.counts['sessions']}",
            f"relay {len(world.mosquitto.queue)}+{int(world.mosquitto.in_flight is not None)}",
        ]
        if world.life is not None:
            said.append(str(getattr(world.life.publisher, "state", "")))
        return " | ".join(said)

    def _judge_doubles(self) -> None:
        """What went up twice: nothing while nothing happened, and once all is mended little for each new session."""
        world = self._world
        sent, sessions = world.server.rows_sent, world.model.counts["sessions"]
        doubled = sent - len(world.book.given) - (0 if world.plan.answers_mark else _TRICKLE)
        refused = (
            world.plan.via == "direct" and world.plan.poison
        )  # a message that cannot be read ends no session there
        if sessions == 1 and not (world.plan.faults or world.book.waiting or refused) and doubled > 0:
            world.book.say(f"{sent} rows were sent for {len(world.book.given)} samples, and nothing had happened")
        sent_before, waited, sessions_before = self._before
        allowed = 2 * waited + (sessions - sessions_before + 2) * min(_MOST_UNMARKED, waited + 200)
        allowed += 0 if world.plan.answers_mark else _TRICKLE
        if self.drained_after_s is not None and sent - sent_before > allowed:
            world.book.say(
                f"{sent - sent_before} rows were sent for the last {waited} samples in "
                f"{sessions - sessions_before} sessions"
            )

    def end(self) -> None:
        """The run is over."""
        world = self._world
        self._judge_doubles()
        world.server.pump()
        world.model.store_until(world.loop.time())
        for device in world.model.devices:
            if device != world.model.behaviour.gateway_name or world.plan.as_device:
                world.book.found_stored(device, world.model.rows(device))
        world.book.end()
        if world.mosquitto.dropped:
            world.book.say(f"Mosquitto dropped {world.mosquitto.dropped} messages")
        if world.mosquitto.most_queued > _MOST_IN_RELAY:
            world.book.say(f"{world.mosquitto.most_queued} messages were piled up in the relay")
        if world.book.problems:
            raise Violation(world.book.problems[0])
