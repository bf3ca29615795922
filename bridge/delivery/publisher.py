"""The publisher: from the outbox to the broker, as the confirmation says.

Does what the confirmation asks for (``actions.py``) with the outbox, the order and the broker's connection, and tells
it what they answered. Decides nothing about when a sample has arrived, and keeps no sample: what is not confirmed is
on disk.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from loguru import logger

from bridge import __version__
from bridge.delivery import messages
from bridge.delivery.actions import Ask, Confirm, FallBack, Hand, PutBack, Reconnect, Unanswered, Wait
from bridge.delivery.broker import Broker
from bridge.delivery.calls import Calls, no_commands
from bridge.delivery.confirmation import confirmation
from bridge.delivery.drain import Drain
from bridge.delivery.fence import ASK_EXPIRY_S, EXPIRY_S
from bridge.delivery.gateway import Gateway
from bridge.delivery.messages import Message
from bridge.delivery.order import Order
from bridge.delivery.pace import Limits, Pace
from bridge.delivery.relay import TOPICS, Relay
from bridge.delivery.retained import Retained
from bridge.delivery.upstream import Upstream

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from bridge.delivery.calls import Commands
    from bridge.delivery.outbox import Outbox
    from bridge.health.metrics import Metrics
    from bridge.sample import Presence, Sample
    from bridge.settings import BrokerSettings, ThingsBoardSettings

UPSTREAM_STATE = "$SYS/broker/connection/dlms-bridge/state"
FENCE_REQUEST = "v1/devices/me/rpc/request/"
FENCE_ANSWER = "upstream/v1/devices/me/rpc/response/"
_FENCE = json.dumps({"method": "getSessionLimits", "params": {}}).encode()
_IDLE_S = 5.0  # the outbox wakes the publisher; this is for a disk that could not be read


class Publisher:
    """Publishes what the outbox has, for ever.

    Args:
        settings: the local broker.
        outbox: where the samples are.
        thingsboard: whether there is an upstream, and how its receipt is told.
        device_names: a meter's device name in ThingsBoard, where it is not the meter's own.
        commands: carries out a remote call: device, method, parameters; its answer goes back to ThingsBoard.
        metrics: the broker's and upstream's figures.
        rng: jitter, and the fence's first number.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        *,
        outbox: Outbox,
        thingsboard: ThingsBoardSettings,
        device_names: Mapping[str, str],
        commands: Commands = no_commands,
        metrics: Metrics,
        rng: random.Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        as_device = thingsboard.mode == "device"
        self._gateway = Gateway(
            device_names, device_type=thingsboard.device_type, version=__version__, as_device=as_device
        )
        self._asked: tuple[int, float] | None = None  # the last fence: its number, and when
        self._metrics = metrics
        self._clock = clock
        self._pace = Pace()
        self._order = Order(outbox, self._pace, device_names, as_device=as_device)
        self._confirmation = confirmation(thingsboard, self._pace, rng)
        self._upstream = Upstream(metrics, configured=thingsboard.host is not None)
        topics = (UPSTREAM_STATE, "upstream/#", *TOPICS) if self._upstream.configured else ()
        self._broker = Broker(settings, topics=topics, metrics=metrics, rng=rng)
        # In device mode there is one name.
        self._calls = Calls(commands, publish=self._broker.publish, own=next(iter(device_names.values()), ""))
        self._flying: dict[int, Message] = {}  # by the broker's number
        self._wake = asyncio.Event()
        self._drain = Drain()
        self._relay = Relay()
        outbox.listen(self._wake.set)

    @property
    def connected(self) -> bool:
        """Whether the local broker is connected."""
        return self._broker.connected

    @property
    def drain_s(self) -> float | None:
        """Seconds until the outbox has emptied at the pace of the last minute; None while it is not getting less."""
        return self._drain.left_s()

    def live(self, sample: Sample) -> None:
        """Publish the retained copy for local subscribers; dropped while there is no connection."""
        topic, payload = messages.live(sample)
        self._broker.publish(topic, payload, qos=0, retain=True)

    def notice(self, presence: Presence) -> None:
        """Have ThingsBoard told that a meter is there, or gone, and what is known of it."""
        self._gateway.notice(presence)
        self._wake.set()

    def report(self, figures: Mapping[str, float]) -> None:
        """Have the gateway device's own telemetry told: backlog, read success, uptime."""
        self._gateway.report(figures)
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled. The outbox must be open."""
        self._order.rewind()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._broker.run(self), name="broker connection")
            tasks.create_task(self._drive(), name="publishing")
            tasks.create_task(self._calls.run(), name="remote calls")

    async def close(self) -> None:
        """Nothing waits here: cancelling :meth:`run` disconnects, and what was in flight is on disk."""

    async def _drive(self) -> None:
        while True:
            self._wake.clear()
            now_s = self._clock()
            self._note_depth(now_s)
            match self._confirmation.next(now_s):
                case Hand(count):
                    await self._hand(count, now_s)
                case Ask(request_id):
                    self._broker.publish(f"{FENCE_REQUEST}{request_id}", _FENCE, expiry_s=ASK_EXPIRY_S)
                    self._asked = request_id, now_s
                case Confirm(ids):
                    self._order.confirmed(ids)
                    await self._outbox.confirm(ids)
                    self._upstream.answers()
                case PutBack(ids, reason, blamed):
                    logger.debug("publisher | {} samples are sent again: {}", len(ids), reason)
                    self._metrics.delivery_replayed.inc(len(ids))
                    await self._order.put_back(ids, blamed=blamed)
                case Reconnect(reason):
                    self._broker.drop(reason)
                case Unanswered(times):
                    self._gateway.new_session()
                    self._upstream.silent(times)
                case FallBack():
                    self._fall_back(now_s)
                case Wait(until_s):
                    await self._sleep(None if until_s is None else until_s - now_s)

    async def _hand(self, count: int, now_s: float) -> None:
        window = self._introductions(count, now_s) or await self._order.take(count, now_s)
        if not window:
            await self._sleep(self._order.wait_s or _IDLE_S)
            return
        for message in window:
            number = self._broker.publish(message.topic, message.payload, expiry_s=EXPIRY_S)
            if number is not None:
                self._flying[number] = message
        self._confirmation.handed(window, self._clock())
        if not self.connected:  # it went while the window was being read; the news of it has been told already
            self._confirmation.broker(up=False, now_s=self._clock())

    def _introductions(self, count: int, now_s: float) -> list[Message]:
        """What is due to be said of the devices, within the limits: before any of their samples."""
        if not self._upstream.configured or not self._gateway.has_news or self._pace.wait_s(now_s) > 0:
            return []
        window = [Message(topic, payload, (), 0) for topic, payload in self._gateway.take(count)]
        for _ in window:
            self._pace.spend(now_s)
        return window

    def _fall_back(self, now_s: float) -> None:
        logger.bind(stage="upstream").warning(
            "upstream | the server takes messages and does not answer getSessionLimits: from now on the broker's "
            "acknowledgement confirms, which is weaker (THINGSBOARD__CONFIRM=puback says the same)"
        )
        self._confirmation = Retained(self._pace)
        self._confirmation.broker(up=self.connected, now_s=now_s)
        self._confirmation.upstream(up=self._upstream.up, now_s=now_s)

    def _note_depth(self, now_s: float) -> None:
        self._upstream.note(now_s)
        self._drain.note(now_s, self._outbox.depth)
        self._metrics.delivery_drain.set(math.inf if self.drain_s is None else self.drain_s)

    async def _sleep(self, seconds: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    # What the broker tells; on the event loop.

    def broker_up(self) -> None:
        """Connected and subscribed."""
        self._flying.clear()
        self._relay = Relay()
        self._order.rewind()  # what waits by now is backlog
        self._confirmation.broker(up=True, now_s=self._clock())
        self._wake.set()

    def broker_down(self) -> None:
        """Disconnected: nothing in flight will be acknowledged, and the upstream's state is unknown."""
        self._flying.clear()
        self._upstream.unknown()
        self._confirmation.broker(up=False, now_s=self._clock())
        self._wake.set()

    def puback(self, message_id: int) -> None:
        """The broker has a message."""
        message = self._flying.pop(message_id, None)
        if message is not None:
            self._metrics.broker_messages.inc()
            self._confirmation.acknowledged(message, self._clock())
            self._wake.set()

    def message(self, topic: str, payload: bytes) -> None:
        """The upstream's state, ThingsBoard's answer to a fence, a call for a meter, what the relay says of itself."""
        if topic == UPSTREAM_STATE:
            self._upstream_is(up=payload == b"1")
        elif topic.startswith(FENCE_ANSWER):
            with suppress(ValueError):
                self._answered(int(topic.removeprefix(FENCE_ANSWER)), payload)
        elif topic.startswith("upstream/"):
            self._calls.hear(topic, payload)
        elif topic in TOPICS:
            dropped = self._relay.hear(topic, payload)
            self._confirmation.relay(queued=self._relay.queued, dropped=dropped, now_s=self._clock())
        self._wake.set()

    def _answered(self, request_id: int, answer: bytes) -> None:
        now_s = self._clock()
        with suppress(ValueError):  # an answer without limits is still an answer
            self._pace.obey(Limits.read(json.loads(answer)))
            self._metrics.delivery_rate_limit.set(self._pace.limits.messages_per_s)
        if self._asked is not None and self._asked[0] == request_id:
            self._metrics.fence_seconds.observe(now_s - self._asked[1])
            self._asked = None
        self._confirmation.answered(request_id, now_s)

    def _upstream_is(self, *, up: bool) -> None:
        now_s = self._clock()
        self._upstream.told(up=up, now_s=now_s)
        if up:
            self._order.rewind()
            self._gateway.new_session()
        self._confirmation.upstream(up=up, now_s=now_s)
