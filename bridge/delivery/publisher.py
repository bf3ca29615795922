"""The publisher: from the outbox to ThingsBoard, as the confirmation says.

Puts the parts of delivery together, drives them and says how they are. It decides nothing that one of them decides:
what is stored says the ``confirmation/``, what is sent next the ``turns.py``, which samples that are the
``send_queue.py``, which devices ThingsBoard has the ``introductions.py``, how much passes the ``rate_limits.py`` and
the ``line.py``, how it gets there the upstream; what the upstream tells goes through ``upstream_session.py``. Keeps no
sample: what is not confirmed is on disk.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from bridge import __version__
from bridge.delivery import messages
from bridge.delivery.answers import Answers
from bridge.delivery.calls import no_commands
from bridge.delivery.downlink import Downlink
from bridge.delivery.driver import Driver
from bridge.delivery.farewell import say_farewell
from bridge.delivery.incoming import Incoming
from bridge.delivery.introductions import Introductions
from bridge.delivery.memory import NoMemory
from bridge.delivery.names import Names
from bridge.delivery.opening import ID_SPAN
from bridge.delivery.parts import Parts
from bridge.delivery.questions import Questions
from bridge.delivery.rate_limits import RateLimits
from bridge.delivery.reports import Reports
from bridge.delivery.send_queue import SendQueue
from bridge.delivery.sending import Sending
from bridge.delivery.state import DeliveryState, ParkedDevice
from bridge.delivery.turns import Turns
from bridge.delivery.upstream_session import UpstreamSession
from bridge.delivery.upstream_watch import UpstreamWatch

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from bridge.delivery.calls import Commands
    from bridge.delivery.confirmation.protocol import Confirmation
    from bridge.delivery.kept_file import KeptFile
    from bridge.delivery.memory import Memory
    from bridge.delivery.metrics import DeliveryMetrics
    from bridge.delivery.shared_attributes import Apply
    from bridge.delivery.upstream import Upstream
    from bridge.outbox.outbox import Outbox
    from bridge.sample import Presence, Sample


class Publisher:
    """Publishes what the outbox has, for ever.

    Args:
        upstream: the way to ThingsBoard, or to the local broker where there is none.
        outbox: where the samples are.
        confirmation: when a sample counts as stored.
        device_names: a meter's device name in ThingsBoard; renames are followed in it.
        device_type: the device profile that new devices get.
        as_device: whether the session is the one meter's own and no gateway's.
        has_thingsboard: whether there is an upstream beyond the local broker.
        commands: carries out a remote call; its answer goes back to ThingsBoard.
        apply: has a meter go by the shared attributes that ThingsBoard sets of it.
        shared_file: where those are kept; None keeps them in memory.
        memory: what was learnt of this ThingsBoard.
        metrics: the upstream's figures.
        rng: the numbers that questions begin with.
        beside: a word of its own for one that shares the session of another, which answers ThingsBoard's calls.
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
        apply: Apply = lambda _meter, _values: "",
        shared_file: KeptFile | None = None,
        memory: Memory | None = None,
        metrics: DeliveryMetrics,
        rng: random.Random,
        beside: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        memory = memory if memory is not None else NoMemory()
        self._wake = asyncio.Event()
        knows_devices = has_thingsboard and not as_device
        names = device_names if isinstance(device_names, Names) else Names(device_names)
        self._names = names
        self._downlink = Downlink(
            outbox=outbox,
            names=names,
            commands=commands,
            apply=apply,
            shared_file=shared_file,
            own=next(iter(names.values()), "") if as_device else "",  # in device mode there is one
            session=lambda: self._session.number,
            pause=self._pause,
            renew=self._renew,
            forget=self._forget,
            drop=self._drop,
            wake=self._wake.set,
            clock=clock,
        )
        rates = memory.load().get("rates")
        learnt = rates if isinstance(rates, dict) else None  # a damaged file
        limits = RateLimits(learnt, now_s=clock(), is_exact=upstream.acknowledges)
        self._parts = Parts(
            upstream=upstream,
            confirmation=confirmation,
            limits=limits,
            queue=SendQueue(outbox, as_device=as_device, all_open=not knows_devices),
            introductions=Introductions(
                device_type=device_type, first_id=rng.randrange(ID_SPAN), is_stepwise=upstream.acknowledges
            ),
            reports=Reports(names, version=__version__, as_device=as_device),
            replies=self._downlink.replies,
            renames=self._downlink.renames,
            shared=self._downlink.shared,
            questions=Questions(rng, beside),
            sending=Sending(upstream, confirmation, limits),
            watch=UpstreamWatch(metrics, configured=has_thingsboard),
            metrics=metrics,
            has_thingsboard=has_thingsboard,
            knows_devices=knows_devices,
        )
        answers = Answers(self._parts, clock=clock)
        incoming = Incoming(
            exact=answers.exact if beside else {**answers.exact, **self._downlink.exact},
            prefixes=answers.prefixes,
            others=_not_ours if beside else self._downlink.hear,
        )
        self._session = UpstreamSession(self._parts, incoming, wake=self._wake.set, clock=clock)
        self._turns = Turns(self._parts, self._session, clock=clock)
        self._driver = Driver(
            self._parts, self._session, self._turns, outbox=outbox, memory=memory, wake=self._wake, clock=clock
        )
        outbox.listen(self._wake.set)

    @property
    def connected(self) -> bool:
        """Whether the local broker is connected."""
        return self._parts.upstream.broker_connected is True

    @property
    def state(self) -> DeliveryState:
        """How it is doing now. May be asked on any thread."""
        now_s = self._clock()
        parts = self._parts
        parked = {
            device: ParkedDevice(entry.reason, now_s - entry.since_s, max(0.0, entry.next_try_s - now_s))
            for device, entry in parts.introductions.parked.copy().items()
        }
        return DeliveryState(
            way=parts.upstream.way,
            needs_broker=parts.upstream.needs_broker,
            broker_connected=parts.upstream.broker_connected,
            upstream_configured=parts.has_thingsboard,
            upstream_connected=parts.has_thingsboard and parts.watch.is_up,
            upstream_why=parts.watch.why,
            token_refused=parts.has_thingsboard and parts.upstream.token_refused,
            token_shared=parts.watch.takeover.token_is_shared(now_s),
            no_gateway=parts.introductions.no_gateway,
            marks=parts.confirmation.marks,
            confirm=parts.confirmation.how if parts.has_thingsboard else "local",
            unstored_samples=parts.confirmation.unstored,
            parked=parked,
            last_stored_ago_s=self._driver.stored_ago_s,
            entries_per_s=parts.limits.entries_per_s,
            drain_s=self._driver.drain_s,
            renamed=self._names.renamed,
            shared=parts.shared.values,
        )

    def live(self, sample: Sample) -> None:
        """Publish the retained copy for local subscribers; dropped while there is no connection."""
        self._parts.upstream.show(*messages.live(sample))

    def notice(self, presence: Presence) -> None:
        """Have ThingsBoard told what is known of a meter."""
        self._parts.reports.notice(presence)
        self._wake.set()

    def tell_state(self, meter: str, state: str) -> None:
        """Have ThingsBoard told how a meter is, where that is news: the attribute ``state`` of its device."""
        self._parts.reports.tell_state(meter, state)
        self._wake.set()

    def restore_shared(self) -> None:
        """Have the meters go by what ThingsBoard set of them in earlier runs; once they are there."""
        self._parts.shared.restore()

    def report(self, figures: Mapping[str, float]) -> None:
        """Have the gateway device's own telemetry told: backlog, read success, uptime."""
        self._parts.reports.report(figures)
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled. The outbox must be open."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._parts.upstream.run(self._session), name="upstream")
            tasks.create_task(self._driver.run(), name="publishing")
            tasks.create_task(self._downlink.run(), name="downlink")

    async def leave(self, within_s: float) -> None:
        """Send nothing more but that the meters are off; before :meth:`run` is cancelled in order.

        Args:
            within_s: how long that may take.
        """
        self._turns.is_over = True
        await say_farewell(self._parts, clock=self._clock, within_s=within_s)

    async def close(self) -> None:
        """Nothing waits here: cancelling :meth:`run` disconnects, and what was on the way is on disk."""

    def _pause(self, device: str) -> None:
        self._parts.queue.close(device)

    def _renew(self, why: str) -> None:
        self._session.renew_for_news(why)

    def _drop(self, device: str) -> None:
        self._parts.introductions.drop(device)

    def _forget(self, device: str) -> None:
        """ThingsBoard has the device no more."""
        self._parts.introductions.forget(device)
        self._parts.queue.close(device)
        self._parts.reports.forget(device)
        self._wake.set()


def _not_ours(_topic: str, _payload: bytes) -> None:
    """It is for the one whose session this is."""
