"""The publisher: from the outbox to ThingsBoard, as the confirmation says.

Brings the parts of delivery together and decides nothing that one of them decides: what is stored says the
``confirmation/``, which samples go next the ``send_queue.py``, which devices ThingsBoard has the ``introductions.py``,
how much passes the ``rate_limits.py`` and the ``line.py``, how it gets there the upstream. Keeps no sample: what is not
confirmed is on disk.

What is sent takes turns: a device's introduction, samples of the devices that are proven already, a report. So the
first samples go when the first device is there, and none waits for the last.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge import __version__
from bridge.delivery import messages
from bridge.delivery.calls import Calls, no_commands
from bridge.delivery.confirmation.actions import Ask, PutBack, Renew, Stored, Wait, WriteMark
from bridge.delivery.confirmation.marks import ID_SPAN
from bridge.delivery.drain import Drain
from bridge.delivery.introductions import PROOF_ANSWER, Introductions
from bridge.delivery.memory import NoMemory
from bridge.delivery.messages import MAX_BYTES, Message, Room
from bridge.delivery.on_the_way import OnTheWay
from bridge.delivery.rate_limits import RateLimits, Told
from bridge.delivery.reports import Reports
from bridge.delivery.send_queue import SendQueue
from bridge.delivery.state import DeliveryState, ParkedDevice
from bridge.delivery.upstream_watch import UpstreamWatch

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bridge.delivery.calls import Commands
    from bridge.delivery.confirmation.actions import Action
    from bridge.delivery.confirmation.protocol import Confirmation
    from bridge.delivery.memory import Memory
    from bridge.delivery.upstream import Upstream
    from bridge.health.metrics import Metrics
    from bridge.outbox.outbox import Outbox
    from bridge.sample import Presence, Sample

MARK = "bridge_mark"
_MARK_TOPIC = "v1/devices/me/attributes"
_ASK_TOPIC = "v1/devices/me/attributes/request/"
_ASK_ANSWER = "v1/devices/me/attributes/response/"
_LIMITS_TOPIC = "v1/devices/me/rpc/request/"
_LIMITS_ANSWER = "v1/devices/me/rpc/response/"
_LIMITS_QUESTION = json.dumps({"method": "getSessionLimits", "params": {}}).encode()
_LIMITS_EVERY_S = 600.0
_IDLE_S = 5.0  # the outbox wakes the publisher; this is for a disk that could not be read
_TICK_S = 0.001  # a wait that rounding makes nothing must not become a loop that never ends
_OWING_S = 1.0  # how long what is on the way waits for a question behind it while more may come
_LONG_S, _WORTHWHILE_ROWS, _ROUND_TRIPS = 0.15, 100, 8
_TRIAL_EVERY_S = 10.0
_TELL_EVERY = 20  # a report goes when nothing else does, and now and then all the same
_LOOK_EVERY_S = 0.25
_SAVE_EVERY_S = 60.0
_MARKS_SHARE_S = 5.0  # a mark for every so many telemetry messages that a tight limit allows
_MARK_EVERY_CAP_S = 10.0


class Publisher:
    """Publishes what the outbox has, for ever.

    Args:
        upstream: the way to ThingsBoard, or to the local broker where there is none.
        outbox: where the samples are.
        confirmation: when a sample counts as stored.
        device_names: a meter's device name in ThingsBoard, where it is not the meter's own.
        device_type: the device profile that new devices get.
        as_device: whether the session is the one meter's own and no gateway's.
        has_thingsboard: whether there is an upstream beyond the local broker.
        commands: carries out a remote call: device, method, parameters; its answer goes back to ThingsBoard.
        memory: what was learnt of this ThingsBoard.
        metrics: the upstream's figures.
        rng: the numbers that questions begin with.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        upstream: Upstream,
        outbox: Outbox,
        confirmation: Confirmation,
        device_names: Mapping[str, str],
        device_type: str = "meter",
        as_device: bool = False,
        has_thingsboard: bool = True,
        commands: Commands = no_commands,
        memory: Memory | None = None,
        metrics: Metrics,
        rng: random.Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upstream = upstream
        self._outbox = outbox
        self._confirmation = confirmation
        self._metrics = metrics
        self._clock = clock
        self._memory = memory if memory is not None else NoMemory()
        self._as_device = as_device
        self._knows_devices = has_thingsboard and not as_device
        learnt = self._memory.load()
        self._remembered: dict[str, Any] = learnt
        self._saved_s = clock()
        self._looked_s = -math.inf
        self._limits = RateLimits(learnt.get("rates"), now_s=clock())
        self._queue = SendQueue(outbox, as_device=as_device, all_open=not self._knows_devices)
        self._introductions = Introductions(device_type=device_type, first_id=rng.randrange(ID_SPAN))
        self._reports = Reports(device_names, version=__version__, as_device=as_device)
        self._has_thingsboard = has_thingsboard
        self._watch = UpstreamWatch(metrics, configured=has_thingsboard)
        # In device mode there is one name.
        own = next(iter(device_names.values()), "") if as_device else ""
        self._calls = Calls(commands, publish=self._answer_call, own=own)
        self._way = OnTheWay()
        self._session = 0  # counts, so that what was begun in one is not ended in another
        self._must_rewind = True
        self._renewing = False
        self._was_fruitful = False  # whether anything was stored in this session
        self._limits_number = rng.randrange(ID_SPAN)
        self._limits_due_s = -math.inf
        self._asked_s: dict[int, float] = {}
        self._turn = 0
        self._again_s = math.inf  # when what was held up may go
        self._stored_s: float | None = None
        self._row_points = 6.0
        self._samples_s = -math.inf  # when samples were last sent
        self._trial_s = -math.inf  # from when on others wait for rows under suspicion
        self._wake = asyncio.Event()
        self._drain = Drain()
        outbox.listen(self._wake.set)

    @property
    def connected(self) -> bool:
        """Whether the local broker is connected."""
        return self._upstream.connected

    @property
    def state(self) -> DeliveryState:
        """How it is doing now. May be asked on any thread."""
        now_s = self._clock()
        parked = {
            device: ParkedDevice(entry.reason, now_s - entry.since_s, max(0.0, entry.next_try_s - now_s))
            for device, entry in self._introductions.parked.copy().items()
        }
        return DeliveryState(
            broker_connected=self._upstream.connected,
            upstream_configured=self._has_thingsboard,
            upstream_connected=self._has_thingsboard and self._watch.is_up,
            upstream_why=self._watch.why,
            token_shared=self._watch.takeover.token_is_shared(now_s),
            no_gateway=self._introductions.no_gateway,
            marks=self._confirmation.marks,
            confirm=self._confirmation.how if self._has_thingsboard else "local",
            unstored_samples=self._confirmation.unstored,
            parked=parked,
            last_stored_ago_s=None if self._stored_s is None else now_s - self._stored_s,
            entries_per_s=self._limits.entries_per_s,
            drain_s=self._drain.left_s(),
        )

    def live(self, sample: Sample) -> None:
        """Publish the retained copy for local subscribers; dropped while there is no connection."""
        self._upstream.show(*messages.live(sample))

    def notice(self, presence: Presence) -> None:
        """Have ThingsBoard told what is known of a meter."""
        self._reports.notice(presence)
        self._wake.set()

    def report(self, figures: Mapping[str, float]) -> None:
        """Have the gateway device's own telemetry told: backlog, read success, uptime."""
        self._reports.report(figures)
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled. The outbox must be open."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._upstream.run(self), name="upstream")
                tasks.create_task(self._drive(), name="publishing")
                tasks.create_task(self._calls.run(), name="remote calls")
        finally:
            self._memory.save(self._learnt())

    async def close(self) -> None:
        """Nothing waits here: cancelling :meth:`run` disconnects, and what was on the way is on disk."""

    # The loop.

    async def _drive(self) -> None:
        while True:
            self._wake.clear()
            now_s = self._clock()
            await self._look(now_s)
            may_speak = self._may_speak(now_s)
            action = self._confirmation.next(now_s, owing=self._owes_long(now_s), may_speak=may_speak)
            if isinstance(action, Wait):
                if await self._send(now_s):
                    continue
                owing = self._owes(now_s)
                action = self._confirmation.next(now_s, owing=owing, may_speak=may_speak)
            if isinstance(action, Wait):
                await self._sleep(self._until_s(now_s, action.until_s))
            else:
                await self._do(action, now_s)

    async def _do(self, action: Action, now_s: float) -> None:
        match action:
            case WriteMark(value):
                payload = json.dumps({MARK: value}).encode()
                self._give(Message(_MARK_TOPIC, payload, devices={"": 1}, is_own=True), now_s)
            case Ask(number):
                payload = json.dumps({"clientKeys": MARK}).encode()
                topic, answer = f"{_ASK_TOPIC}{number}", f"{_ASK_ANSWER}{number}"
                self._asked_s[number] = now_s
                self._give(Message(topic, payload, regular=1, is_own=True, answer=answer), now_s)
            case Stored(stored):
                await self._let_go(stored)
            case PutBack():
                await self._put_back(action, now_s)
            case Renew(why):
                logger.bind(stage="upstream").warning("upstream | {}: a new session is made", why)
                self._renewing = True
                self._upstream.renew(why)
                self._renewing = False
            case _:
                pass

    async def _let_go(self, stored: Sequence[Message]) -> None:
        ids = [row_id for message in stored for row_id in message.ids]
        for message in stored:
            self._queue.stored(message)
            self._reports.stored(message)
        if ids:
            self._stored_s = self._clock()
            self._was_fruitful = True
            await self._outbox.confirm(ids)

    async def _put_back(self, action: PutBack, now_s: float) -> None:
        count = sum(len(message.ids) for message in action.messages)
        logger.debug("publisher | {} samples are sent again: {}", count, action.why)
        self._metrics.delivery_replayed.inc(count)
        blamed = [message for message in action.blamed if message.ids]
        if blamed:
            await self._queue.failed(blamed, now_s)
        self._reports.put_back()
        self._must_rewind = True

    # What is sent.

    def _may_speak(self, now_s: float) -> bool:
        """Whether a mark or a question may go now: not in a session that is to be left alone, and within the limits."""
        self._again_s = math.inf
        still_until_s = self._watch.takeover.still_until_s(now_s)
        wait_s = self._limits.own_wait_s(now_s) if still_until_s is None else still_until_s - now_s
        if wait_s > 0:
            self._again_s = now_s + wait_s
        return wait_s <= 0

    async def _send(self, now_s: float) -> bool:
        """Send one thing, if anything may go now; say whether it did, or whether there is more to be looked at."""
        if self._must_rewind:
            self._must_rewind = False
            self._queue.rewind(keep=self._confirmation.sent_ids())
        if not self._watch.is_up or not self._confirmation.answers:
            return False
        if self._way.is_full or self._upstream.room <= 0 or any(message.is_alone for message in self._way.messages):
            return False
        if self._has_thingsboard and now_s >= self._limits_due_s:
            self._ask_limits(now_s)
            return True
        session = self._session
        await self._queue.look()
        if self._session != session:  # it ended while the disk was being read
            return True
        self._introductions.want(self._queue.new_devices())
        self._introductions.want(self._reports.devices)
        self._turn += 1
        turns: list[Callable[[float], Awaitable[bool]]] = [self._introduce, self._send_samples]
        if self._turn % 2:
            turns.reverse()
        turns.insert(0 if self._turn % _TELL_EVERY == 0 else len(turns), self._tell)
        for send in turns:
            if await send(now_s):
                return True
        return self._queue.is_searching and not self._introductions.is_busy(now_s)

    def _ask_limits(self, now_s: float) -> None:
        self._limits_due_s = now_s + _LIMITS_EVERY_S
        self._limits_number = (self._limits_number + 1) % ID_SPAN
        topic, answer = (f"{name}{self._limits_number}" for name in (_LIMITS_TOPIC, _LIMITS_ANSWER))
        self._give(Message(topic, _LIMITS_QUESTION, is_own=True, answer=answer), now_s)

    async def _introduce(self, now_s: float) -> bool:
        if not self._knows_devices:
            return False
        device = self._introductions.due(now_s)
        if device is None:
            return False
        burst = self._limits.regular_burst
        wait_s = self._limits.regular_wait_s(now_s, self._introductions.cost(device, burst))
        if self._introductions.opens_by_row(device):
            wait_s = max(wait_s, self._limits.telemetry_wait_s(now_s, points=0))
        if wait_s > 0:
            self._again_s = min(self._again_s, now_s + wait_s)
            return False
        for message in self._introductions.introduce(device, burst):
            self._give(message, now_s)
        return True

    async def _send_samples(self, now_s: float) -> bool:
        if not self._queue.has_next(now_s):
            return False
        if self._waits_for_a_trial(now_s) or not self._is_worth_a_round_trip(now_s):
            return False
        entries = self._limits.worthwhile_entries(self._queue.ready_devices)
        wait_s = self._limits.telemetry_wait_s(now_s, entries=entries, points=self._row_points)
        if wait_s > 0:
            self._again_s = min(self._again_s, now_s + wait_s)
            return False
        rows = self._confirmation.room(now_s)  # asked last: where it is 0 a mark is written for what is to be sent
        return rows > 0 and await self._take_and_send(rows, now_s)

    async def _take_and_send(self, rows: int, now_s: float) -> bool:
        told_bytes = self._limits.told.max_payload_bytes or MAX_BYTES
        room = Room(
            max_bytes=min(MAX_BYTES, told_bytes - 1_000, self._way.line.message_bytes),
            entries=self._limits.entries(now_s),
            points=max(self._row_points, self._limits.points(now_s)),
            device_points=self._limits.device_points(now_s),
        )
        session = self._session
        message = await self._queue.take(
            room,
            now_s,
            rows=rows,
            may=lambda device: self._limits.device_wait_s(device, now_s) == 0,
            is_idle=self._is_settled,
        )
        if self._session != session:  # it ended while the rows were being read
            self._must_rewind = True
            return True
        if message is None:
            self._again_s = min(self._again_s, now_s + _OWING_S) if self._queue.has_next(now_s) else self._again_s
            return False
        self._samples_s = now_s
        if message.is_alone:
            self._trial_s = now_s + max(_TRIAL_EVERY_S, _ROUND_TRIPS * self._way.line.round_trip_s)
        self._row_points = max(1.0, 0.9 * self._row_points + 0.1 * message.points / len(message.ids))
        self._hand(message, self._clock())
        return True

    def _waits_for_a_trial(self, now_s: float) -> bool:
        """Rows under suspicion go when all else is stored: now and then the others wait for that."""
        return now_s >= self._trial_s and self._queue.has_trial(now_s) and not self._is_settled

    @property
    def _is_settled(self) -> bool:
        """Whether nothing is on the way, or accepted and not known to be stored: what ends the session costs nobody."""
        return not self._way.messages and self._confirmation.is_settled

    def _is_worth_a_round_trip(self, now_s: float) -> bool:
        """On a long line each message costs a round trip: few rows wait for others, and for devices' introductions."""
        round_trip_s = self._way.line.round_trip_s
        if round_trip_s <= _LONG_S or self._queue.ready_rows >= _WORTHWHILE_ROWS:
            return True
        if self._introductions.is_busy(now_s):
            again_s = self._samples_s + _ROUND_TRIPS * round_trip_s
            self._again_s = min(self._again_s, again_s) if again_s > now_s else self._again_s
            return again_s <= now_s
        return not any(message.ids for message in self._way.messages)

    async def _tell(self, now_s: float) -> bool:
        if not self._has_thingsboard or self._limits.telemetry_wait_s(now_s) > 0:
            return False
        message = self._reports.take(self._introductions.is_proven, most=self._limits.entries(now_s))
        if message is None:
            return False
        if message.is_own and not message.devices.keys() - {""}:
            self._give(message, now_s)
        else:
            self._hand(message, now_s)
        return True

    def _hand(self, message: Message, now_s: float) -> None:
        """Send what must be known to be stored."""
        self._confirmation.handed(message, now_s)
        self._give(message, now_s)

    def _give(self, message: Message, now_s: float) -> None:
        self._way.sent(message, now_s)
        self._limits.sent(message, now_s, round_trip_s=self._way.line.round_trip_s)
        self._confirmation.patience_s = self._way.line.patience_s(self._way.bytes, len(self._way.messages))
        self._upstream.send(message)

    def _answer_call(self, topic: str, payload: bytes) -> None:
        if self._watch.is_up:
            self._give(Message(topic, payload), self._clock())

    # What time brings.

    def _owes(self, now_s: float) -> bool:
        """Whether a question should be asked behind what is on the way."""
        first_s = self._way.first_sent_s
        if first_s is None or now_s < self._question_due_s():
            return False
        return self._way.is_full or self._introductions.pending > 0 or now_s - first_s >= _OWING_S

    def _owes_long(self, now_s: float) -> bool:
        """Whether it should be asked before more is sent: under a tight limit samples would take each turn there is."""
        first_s = self._way.first_sent_s
        patience_s = 2 * _OWING_S + _ROUND_TRIPS * self._way.line.round_trip_s
        return first_s is not None and now_s - first_s >= patience_s and now_s >= self._question_due_s()

    def _question_due_s(self) -> float:
        """When another question is worth its round trip: the last one on the way may be answered any moment."""
        last_s = self._way.last_question_s
        return -math.inf if last_s is None else last_s + max(_OWING_S, 3 * self._way.line.round_trip_s)

    def _until_s(self, now_s: float, until_s: float | None) -> float | None:
        times = [self._again_s, math.inf if until_s is None else until_s]
        if (first_s := self._way.first_sent_s) is not None:
            times += [due_s for due_s in (first_s + _OWING_S, self._question_due_s()) if due_s > now_s]
        if self._watch.is_up:
            soon = self._introductions.next_s(now_s, self._way.line.round_trip_s), self._queue.next_trial_s()
            times += [time_s for time_s in soon if time_s is not None and time_s > now_s]
        soonest = min(times)
        return None if math.isinf(soonest) else soonest

    async def _look(self, now_s: float) -> None:
        late = self._introductions.overdue(now_s, self._way.line.round_trip_s)
        self._watch.parked(late, self._introductions.parked, now_s)
        rate = self._limits.entries_per_s
        round_trips_s = _ROUND_TRIPS * self._way.line.round_trip_s
        self._confirmation.mark_every_s = min(max(2.0, _MARKS_SHARE_S / rate, round_trips_s), _MARK_EVERY_CAP_S)
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = now_s
        self._drain.note(now_s, self._outbox.depth)
        self._watch.look(
            now_s,
            marks=self._confirmation.marks,
            no_gateway=self._introductions.no_gateway,
            unstored=self._confirmation.unstored,
        )
        self._metrics.delivery_devices_parked.set(len(self._introductions.parked))
        drain_s = self._drain.left_s()
        self._metrics.delivery_drain.set(math.inf if drain_s is None else drain_s)
        if now_s - self._saved_s >= _SAVE_EVERY_S:
            self._saved_s = now_s
            learnt = self._learnt()
            if learnt != self._remembered:
                self._remembered = learnt
                await asyncio.get_running_loop().run_in_executor(None, self._memory.save, learnt)

    def _learnt(self) -> dict[str, Any]:
        return {"rates": self._limits.learnt, "marks_seen": self._confirmation.seen}

    async def _sleep(self, until_s: float | None) -> None:
        seconds = _IDLE_S if until_s is None else min(_IDLE_S, max(_TICK_S, until_s - self._clock()))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    # What the upstream tells; on the event loop.

    def up(self) -> None:
        """A session began."""
        now_s = self._clock()
        if self._watch.is_up:
            self.down("the session was another one")
        self._session += 1
        self._way.lost()  # what was sent into no session
        self._watch.up(now_s)
        if self._limits.session_began(now_s):
            self._introductions.excuse()
            self._queue.excuse()
        self._introductions.began()
        self._confirmation.up(now_s)
        self._limits_due_s = -math.inf
        self._must_rewind = True
        self._wake.set()

    def down(self, why: str) -> None:
        """It ended: nothing that is on the way will be accepted."""
        now_s = self._clock()
        if self._watch.is_up or not self._has_thingsboard:
            lost = self._way.lost()
            if lost and self._renewing:
                self._way.line.failed()
            # A limit that is passed closes the session; one that we end ourselves was silent.
            self._limits.session_ended(now_s, by_us=self._renewing, was_fruitful=self._was_fruitful)
            self._was_fruitful = False
            parked = self._introductions.ended(now_s, silent=self._renewing)
            self._watch.parked(parked, self._introductions.parked, now_s)
        self._session += 1
        self._asked_s.clear()
        self._watch.down(now_s, why, by_us=self._renewing)
        self._confirmation.down(now_s, why)
        self._queue.close_all()
        self._must_rewind = True
        self._wake.set()

    def accepted(self, messages: Sequence[Message]) -> None:
        """ThingsBoard has taken these over."""
        now_s = self._clock()
        self._way.accepted(messages, now_s)
        self._limits.accepted(messages, now_s)
        self._introductions.accepted(messages, now_s)
        for message in messages:
            self._queue.accepted(message)
        self._confirmation.accepted(messages, now_s)
        self._confirmation.patience_s = self._way.line.patience_s(self._way.bytes, len(self._way.messages))
        self._metrics.broker_messages.inc(sum(bool(message.ids) for message in messages))
        self._wake.set()

    def refused(self, message: Message, why: str) -> None:
        """ThingsBoard does not take this one."""
        logger.bind(stage="upstream").warning("upstream | a message on {} is refused: {}", message.topic, why)

    def received(self, topic: str, payload: bytes) -> None:
        """An answer, or a call for a meter."""
        if topic.startswith(_ASK_ANSWER):
            self._mark_answered(topic.removeprefix(_ASK_ANSWER), payload)
        elif topic == PROOF_ANSWER:
            known = self._introductions.parked.copy()
            device = self._introductions.answered(payload)
            if device is not None:
                self._watch.proven(device, was_parked=device in known)
                self._queue.open(device)
        elif topic.startswith(_LIMITS_ANSWER):
            with suppress(ValueError):  # an answer without limits is still an answer
                self._limits.tell(Told.read(json.loads(payload)), self._clock())
                self._metrics.delivery_rate_limit.set(self._limits.told.entries_per_s)
        else:
            self._calls.hear(topic, payload)
        self._wake.set()

    def _mark_answered(self, number: str, payload: bytes) -> None:
        now_s = self._clock()
        try:
            answer = json.loads(payload)
            asked = int(number)
        except ValueError:
            return
        client = answer.get("client") if isinstance(answer, dict) else None
        value = client.get(MARK) if isinstance(client, dict) else None
        if (asked_s := self._asked_s.pop(asked, None)) is not None:
            self._metrics.fence_seconds.observe(now_s - asked_s)
        self._confirmation.answered(asked, value, now_s)
