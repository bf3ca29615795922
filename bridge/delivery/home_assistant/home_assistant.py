"""Home Assistant is told the meters: again whenever it or the broker may have forgotten, and no longer than they last.

Rules

* Told are the meters of the settings, as soon as what they have is known; that is kept on disk, so after a restart a
  meter that is away is told as well. All of them are told at every connection to the broker, which keeps nothing, and
  when Home Assistant says that it is back: after a random while, and not more often than every :data:`_AGAIN_S`,
  whoever says so how often.
* The bridge's own availability is told last, and taken back by the broker itself when the connection is gone (the
  last will): until every meter's is told anew, an old one counts for nothing.
* A meter that is in the settings no more, or all of them when discovery is switched off, is taken back by an empty
  message: also when that happened while the bridge was off. It is said until Home Assistant was there to hear it.
* Nothing is waited for, and nothing here stops a sample. What the disk does not take is known until the end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from loguru import logger

from bridge.delivery.home_assistant import discovery

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from bridge.delivery.broker import Broker
    from bridge.delivery.home_assistant.known_meter import KnownMeter
    from bridge.delivery.home_assistant.told_meters import ToldMeters
    from bridge.sample import Layout, Presence, Sample

_JITTER_S = 0.5, 5.0
_AGAIN_S = 30.0
_SETTLE_S = 0.5  # what changes together is told together
_AT_ONCE, _PAUSE_S = 10, 0.05  # ten thousand meters take a minute, and no subscriber's queue overflows


class HasInterval(Protocol):
    """A poller, as far as it matters here."""

    @property
    def interval_s(self) -> float:
        """Seconds from one reading to the next, at present."""


class _Followed:
    """One meter that is told."""

    __slots__ = ("interval_s", "known", "layout", "name", "poller", "present")

    def __init__(self, name: str, known: KnownMeter, poller: HasInterval) -> None:
        self.name, self.known, self.poller = name, known, poller
        self.interval_s = poller.interval_s
        self.layout: Layout | None = None  # of the last sample that was looked at
        self.present = False


class HomeAssistant:
    """See the module's rules. Implements :class:`~bridge.delivery.broker.BrokerListener`.

    Args:
        broker: a connection of its own, whose last will takes the bridge's availability back; None where nothing is
            told and nothing has to be taken back.
        prefix: of the topics that Home Assistant looks at.
        bridge_topic: where the bridge's own availability is told.
        names: what people call each meter; its own name where it has no other.
        told: what was told, on disk.
        is_on: whether meters are told at all; else they are taken back.
        rng: for the random while.
    """

    def __init__(
        self,
        broker: Broker | None,
        *,
        prefix: str,
        bridge_topic: str,
        names: Mapping[str, str],
        told: ToldMeters,
        is_on: bool,
        rng: random.Random,
    ) -> None:
        self._broker, self._prefix, self._names = broker, prefix, names
        self._bridge_topic = bridge_topic
        self._told, self._is_on, self._rng = told, is_on, rng
        self._followed: dict[str, _Followed] = {}
        self._due: dict[str, None] = {}  # meters to tell, in order
        self._begun = asyncio.Event()
        self._wake = asyncio.Event()
        self._again: asyncio.TimerHandle | None = None
        self._told_all_s = float("-inf")
        self._owes_all = self._owes_removals = self._is_heard = False

    def follow(self, pollers: Mapping[str, HasInterval]) -> None:
        """Begin: these are the meters that there are, by their names."""
        if self._broker is None:
            return
        if self._is_on:
            for meter, poller in pollers.items():
                topic = discovery.config_topic(self._prefix, meter)
                known = self._told.begin(meter, topic, discovery.availability_topic(meter))
                self._followed[meter] = _Followed(self._names.get(meter, meter), known, poller)
        self._told.drop_others(self._followed)
        self._begun.set()

    def take(self, sample: Sample) -> None:
        """See what a meter has; called with every sample."""
        one = self._followed.get(sample.layout.meter)
        if one is None:
            return
        interval_s = one.poller.interval_s
        if one.layout is sample.layout and one.interval_s == interval_s and one.known.is_settled:
            return
        has_news = one.known.learn(sample) or one.interval_s != interval_s
        one.layout, one.interval_s = sample.layout, interval_s
        if has_news:
            self._tell_soon(sample.layout.meter)

    def notice(self, presence: Presence) -> None:
        """Take whether a meter is there, and what it states of itself."""
        one = self._followed.get(presence.meter)
        if one is None:
            return
        if one.known.hear(presence.attributes):
            self._tell_soon(presence.meter)
        if one.present != presence.present:
            one.present = presence.present
            self._tell_availability(presence.meter, one)

    async def run(self) -> None:
        """Tell until cancelled; the broker's last will ends it."""
        if self._broker is None:
            return
        await self._begun.wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._broker.run(self), name="Home Assistant's broker")
            tasks.create_task(self._tell(self._broker), name="Home Assistant")

    # What the broker tells.

    def broker_up(self) -> None:
        """It may have been another one until now, and keeps nothing: tell everything."""
        self._tell_all()

    def broker_down(self) -> None:
        """What was being told is told again."""
        self._due.clear()
        if self._again is not None:
            self._again.cancel()
        self._again = None

    def puback(self, message_id: int) -> None:
        """It has a message; what it has not is told again with everything."""

    def message(self, topic: str, payload: bytes) -> None:
        """Home Assistant says that it is back, or somebody says something else there."""
        if topic != status_topic(self._prefix) or payload != discovery.ONLINE or self._again is not None:
            return
        loop = asyncio.get_running_loop()
        soon_s = loop.time() + self._rng.uniform(*_JITTER_S)
        self._again = loop.call_at(max(soon_s, self._told_all_s + _AGAIN_S), self._it_is_back)

    def _it_is_back(self) -> None:
        self._again = None
        self._is_heard = True
        self._tell_all()

    # What is told.

    def _tell_all(self) -> None:
        self._told_all_s = asyncio.get_running_loop().time()
        self._owes_all = self._owes_removals = True
        self._due.update(dict.fromkeys(self._followed))
        self._wake.set()

    def _tell_soon(self, meter: str) -> None:
        self._due[meter] = None
        self._told.has_news = True
        self._wake.set()

    async def _tell(self, broker: Broker) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(_SETTLE_S)
            self._wake.clear()
            await self._tell_due(broker)
            if broker.connected:
                self._take_back(broker)
                if self._owes_all and self._is_on and not self._due:
                    self._owes_all = False
                    broker.publish(self._bridge_topic, discovery.ONLINE, retain=True)
            await self._told.save()

    async def _tell_due(self, broker: Broker) -> None:
        count = 0
        while self._due and broker.connected:
            meter = next(iter(self._due))
            del self._due[meter]
            one = self._followed[meter]
            self._tell_availability(meter, one)
            if one.known.sensors:
                message = discovery.config(
                    meter, one.known, name=one.name, interval_s=one.interval_s, bridge=self._bridge_topic
                )
                broker.publish(discovery.config_topic(self._prefix, meter), message, retain=True)
            count += 1
            if count % _AT_ONCE == 0:
                await asyncio.sleep(_PAUSE_S)

    def _take_back(self, broker: Broker) -> None:
        if not self._owes_removals:
            return
        self._owes_removals = False
        for topic in self._told.gone:
            broker.publish(topic, b"", retain=True)
        if self._told.gone:
            logger.debug("home assistant | taken back: {}", ", ".join(sorted(self._told.gone)))
        if self._is_heard:
            self._is_heard = False
            self._told.forget_gone()

    def _tell_availability(self, meter: str, one: _Followed) -> None:
        if self._broker is not None and self._broker.connected:
            word = discovery.ONLINE if one.present else discovery.OFFLINE
            self._broker.publish(discovery.availability_topic(meter), word, retain=True)


def status_topic(prefix: str) -> str:
    """Where Home Assistant says that it is back: its birth message."""
    return f"{prefix}/status"
