"""One meter's life: connect, associate, read every interval, recover, for ever. One named task a meter.

Drives the session's conversations over the link, makes samples of what comes back and hands them on. Never raises
for anything a meter does; never waits for another meter, but for its turn on a shared link.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from bridge.errors import AuthError, DecodeError, LinkError, MeterError, ReplyTimeout
from bridge.meters.account import Account
from bridge.meters.ramp import Ramp
from bridge.meters.recovery import Recovery
from bridge.meters.refusals import Refusals
from bridge.meters.restraint import HeldBackError, Restraint
from bridge.meters.session import Session
from bridge.sample import Layout, Presence

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from bridge.health.metrics import Metrics
    from bridge.meters.conversation import Conversation
    from bridge.meters.keys import Counters
    from bridge.meters.link import Link, Watch
    from bridge.meters.meter import Meter
    from bridge.meters.plan import Reading
    from bridge.sample import Sample

T = TypeVar("T")
_RELEASE_TIMEOUT_S, _RELEASE_PATIENCE_S, _LAST_TURN_PATIENCE_S = 1.5, 3.0, 8.0
"""For one answer when the meter is released, for all of it, and for the turn at the end; Docker waits for 30 s."""
_UNFORESEEN_S = 60.0
_COMPLETE_AFTER_S, _COMPLETE_CAP_S = 30.0, 3600.0
_GONE_AFTER = 3
"""So many failed attempts in a row, and the meter counts as gone."""


class Poller:
    """Reads one meter.

    Args:
        meter: whom to read and how.
        link: the connection to it, perhaps shared with others.
        sink: takes each sample; must not block.
        notice: takes what is known of the meter at each association, and whether it is there.
        metrics: where events are counted.
        rng: for the jitter of the backoff.
        start_delay_s: when to begin, so that a fleet does not connect in one instant.
        clock_s: wall clock, Unix seconds.
        watch: sees every frame: a trace in the log, the time that requests take; None for nobody.
        counters: where invocation counters come from.
        ramp: spaces associations out; shared by all pollers.
        refusals: which passwords and keys went out without success; None keeps that in memory.
    """

    def __init__(
        self,
        meter: Meter,
        link: Link,
        *,
        sink: Callable[[Sample], None],
        notice: Callable[[Presence], None] = lambda _: None,
        metrics: Metrics,
        rng: Random,
        start_delay_s: float = 0.0,
        clock_s: Callable[[], float] = time.time,
        watch: Watch | None = None,
        counters: Counters | None = None,
        ramp: Ramp | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        self._meter = meter
        self._watch = watch
        self._link = link
        self._sink = sink
        self._notice = notice
        self._metrics = metrics
        self._start_delay_s = start_delay_s
        self._clock_s = clock_s
        self._ramp = ramp or Ramp(0.0)
        self._session = Session(meter, counters)
        self._recovery = Recovery(rng, least_s=meter.reconnect_gap_s)
        self._connected_with = 0  # the link's generation that the data link, perhaps half of it, lives on; 0 for none
        self._associated_with = 0  # the same for the association
        self._interval_s = meter.interval_s
        self._due_s = 0.0
        self._not_before_s = 0.0  # no attempt before that, whoever asks: a refused password is not tried in a hurry
        self._sleeper: asyncio.Future[None] | None = None
        self._woken = False
        self._anew = False
        self._layout: Layout | None = None  # what this association's samples have in common
        self._complete_at_s = self._complete_after_s = 0.0
        self._asked: list[asyncio.Future[Sample]] = []
        self._is_gone = True
        self._was_associated = False
        self._lost_at = ""  # the stage of the error that ended the last association
        self._account = Account(meter.name, metrics, clock_s)
        self._restraint = Restraint(meter, refusals or Refusals(None), self._account)
        self._is_there = self._was_away = False  # what knocking at a meter that is left alone has shown
        self.state = self._account.state

    async def run(self) -> None:
        """Read the meter until cancelled; then release it."""
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(self._start_delay_s)
            self._due_s = loop.time()
            while True:
                try:
                    wait_s = await self._cycle_or_recovery()
                except Exception as error:  # noqa: BLE001 - not even a bug in dealing with errors stops a meter's life
                    self._account.unforeseen(error)
                    wait_s = _UNFORESEEN_S
                now_s = loop.time()
                self._due_s = now_s + wait_s if wait_s else self._next_due(self._due_s, now_s)
                await self._sleep_until(self._due_s)
                self._due_s = min(self._due_s, loop.time())  # earlier when woken: the grid begins anew
        finally:
            try:
                await self._release()
            finally:
                self._link.leave()
                self._answer(LinkError(f"{self._link}: no longer read, the bridge is stopping"))

    async def read_now(self) -> Sample:
        """Read the meter outside its interval and return the sample, which goes the way of every other.

        Raises:
            MeterError: the cycle failed, or the meter is left alone because it refused its password or key.
        """
        self._refuse_haste()
        asked: asyncio.Future[Sample] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._wake()
        return await asked

    def reconnect(self) -> None:
        """Give up the association and make a new one at once.

        Raises:
            AuthError: the meter is left alone because it refused its password or key.
        """
        self._refuse_haste()
        self._anew = True
        self._wake()

    def set_interval(self, interval_s: float) -> None:
        """Read every ``interval_s`` seconds from now on, until the process ends; bounds are the caller's."""
        self._interval_s = interval_s
        self._metrics.meter_interval.labels(self._meter.name).set(interval_s)
        self._wake()

    @property
    def interval_s(self) -> float:
        """Seconds from one cycle to the next."""
        return self._interval_s

    @property
    def _is_associated(self) -> bool:
        return self._associated_with == self._link.generation and self._link.is_open

    def _refuse_haste(self) -> None:
        if asyncio.get_running_loop().time() < self._not_before_s:
            raise AuthError(
                "is left alone, it did not let its password or key in", hint="correct it, then restart the bridge"
            )

    async def _sleep_until(self, due_s: float) -> None:
        loop = asyncio.get_running_loop()
        if self._woken:
            self._woken = False
            due_s = self._not_before_s
        if due_s <= loop.time():
            await asyncio.sleep(0)
            return
        self._sleeper = loop.create_future()
        timer = loop.call_at(due_s, self._end_sleep)
        try:
            await self._sleeper
        finally:
            timer.cancel()
            self._sleeper = None

    def _wake(self) -> None:
        """End the sleep, or the next one before it begins; not when the meter must be left alone."""
        if self._sleeper is None:
            self._woken = True
        elif asyncio.get_running_loop().time() >= self._not_before_s:
            self._end_sleep()

    def _end_sleep(self) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)

    def _next_due(self, due_s: float, now_s: float) -> float:
        """Return when the next cycle is due on the meter's own grid; one that is overrun is skipped and counted."""
        due_s += self._interval_s
        if due_s < now_s:
            missed = int((now_s - due_s) // self._interval_s) + 1
            self._account.overrun(missed)
            due_s += missed * self._interval_s
        return due_s

    async def _cycle_or_recovery(self) -> float:
        """Run one cycle and return the least seconds to wait before the next: 0, or the backoff."""
        try:
            if not self._is_associated:  # asked before the turn is taken: neighbours that read do not wait for the ramp
                await self._permit()
                await self._ramp.turn()
            async with self._link.turn():
                try:
                    await self._cycle()
                except MeterError as error:
                    self._connected_with = self._associated_with = 0
                    self._link.failed(error)
                    raise
                except Exception:
                    self._connected_with = self._associated_with = 0
                    self._link.close()
                    raise
        except MeterError as error:
            return await self._failed(error)
        except Exception as error:  # noqa: BLE001 - a bug in one meter's path must not stop the other meters
            self._account.unforeseen(error)
            return await self._failed(DecodeError(f"{type(error).__name__}: {error}"))
        finally:
            self._account.stale(self._link.take_stale_bytes())
        return 0.0

    async def _permit(self) -> None:
        """See to it that the secret may be sent.

        Behind the wrapper it goes out before it is known whether anybody is there. So a meter to which two went
        unanswered is knocked at without a secret: if nobody is there now and somebody is later, they were not heard.

        Raises:
            HeldBackError: it may not.
            ReplyTimeout: perhaps nobody is there.
        """
        try:
            await self._restraint.permit()
        except HeldBackError as held:
            if not self._may_be_away(held):
                raise
            self._is_there = await self._knock()
            if not self._is_there:
                self._was_away = True
                raise ReplyTimeout(
                    f"{self._link}: no answer, not even to a question without password or key",
                    hint="check addresses and FRAMING; is the meter behind its converter powered?",
                ) from held
            if not self._was_away:
                raise
            await self._restraint.unheard()
            self._is_there = self._was_away = False

    def _may_be_away(self, held: HeldBackError) -> bool:
        """Return whether perhaps nobody was there to hear the secrets that went unanswered."""
        return self._meter.framing == "wrapper" and not held.spoken and not self._is_there

    async def _knock(self) -> bool:
        async with self._link.turn():
            try:
                await self._link.open(self._watch)
                return await self._converse(self._session.knock())
            except MeterError:
                return False
            finally:
                if not self._link.is_shared:
                    self._link.close()

    async def _cycle(self) -> None:
        if self._anew:
            await self._begin_anew()
        if not self._is_associated:
            await self._associate()
        elif not self._recovery.failures:
            self._account.began(asyncio.get_running_loop().time() - self._due_s)
        if self._session.plan.is_incomplete:
            await self._complete()
        await self._reserve_counters()
        began_s, read_at_ms = time.perf_counter(), round(self._clock_s() * 1000)
        readings = await self._converse(self._session.read())
        took_s = time.perf_counter() - began_s
        self._link.answered()
        plan = self._session.plan
        if plan.is_spent:
            self._start_over()
        sample = self._sample(readings, read_at_ms)
        self._sink(sample)
        self._account.read(sample, readings, took_s)
        self._account.succeeded(sample, self._recovery.succeeded())
        for asked in self._taken():
            asked.set_result(sample)
        if plan.has_news:
            plan.has_news = False
            self._introduce()

    def _start_over(self) -> None:
        """Take note that the association ended behind the readings: at an object that is left out else."""
        self._connected_with = self._associated_with = 0
        self._lost_at = "timeout"
        self._session.agreed = None
        if not self._link.is_shared:
            self._link.close()

    async def _begin_anew(self) -> None:
        """Leave the meter in order before a reconnect that was asked for."""
        self._anew = False
        if self._is_associated:
            await self._release_now()
            self._lost_at = "asked"
            if not self._link.is_shared:
                self._link.close()
        self._connected_with = self._associated_with = 0

    async def _associate(self) -> None:
        if self._recovery.failures:
            self._account.asked_again("connection")
        self._associated_with = 0
        await self._link.open(self._watch)
        await self._reserve_counters()
        self._connected_with = self._link.generation
        await self._restraint.claim()
        try:
            await self._converse(self._session.associate())
        except MeterError as error:
            await self._restraint.settle(self._session, error)
            raise
        except asyncio.CancelledError:
            self._restraint.break_off(self._session)
            raise
        await self._restraint.settle(self._session)
        self._account.associated(self._lost_at if self._was_associated else None)
        self._associated_with, self._was_associated, self._lost_at = self._link.generation, True, ""
        self._layout = None  # another plan may ask in another order
        self._complete_after_s = _COMPLETE_AFTER_S
        self._complete_at_s = asyncio.get_running_loop().time() + _COMPLETE_AFTER_S
        self._introduce()

    async def _complete(self) -> None:
        """Ask anew, now and then, for scalers that the meter did not give: values without them are of no use."""
        now_s = asyncio.get_running_loop().time()
        if now_s < self._complete_at_s:
            return
        self._complete_after_s = min(2 * self._complete_after_s, _COMPLETE_CAP_S)
        self._complete_at_s = now_s + self._complete_after_s
        await self._converse(self._session.compile())
        if not self._session.plan.is_incomplete:
            self._introduce()

    async def _reserve_counters(self) -> None:
        """Draw invocation counters before they run out, off the loop: the disk may take its time."""
        counter = self._session.counter
        if counter is not None and counter.is_low:
            await asyncio.to_thread(counter.reserve)

    async def _converse(self, conversation: Conversation[T], timeout_s: float = 0.0) -> T:
        """Carry a conversation over the link.

        On a shared one, silence to the first request ends it: others wait for their turn.
        """
        link = self._link
        try:
            return await link.converse(
                conversation, timeout_s or self._meter.timeout_s, self._watch, patient=not link.is_shared
            )
        except BaseException:
            self._session.agreed = None  # cut off in the middle, nothing stands that could be released
            raise
        finally:
            if self._connected_with:
                self._connected_with = link.generation  # it may have asked for another connection
            self._account.dropped(link.take_repeats(), self._session)

    def _sample(self, readings: list[Reading], read_at_ms: int) -> Sample:
        registers, scalars, units, _, qualities = zip(*readings, strict=True)
        layout = self._layout
        if layout is None or layout.units != units:
            keys, obis = (tuple(getattr(one, name) for one in registers) for name in ("key", "obis"))
            layout = self._layout = Layout(self._meter.name, keys, obis, units)
        return layout.sample(read_at_ms, scalars, qualities if any(qualities) else ())

    async def _failed(self, error: MeterError) -> float:
        self._lost_at = error.stage
        wait_s = self._recovery.failed(error)
        held = error if isinstance(error, HeldBackError) else await self._restraint.held_back()
        if held is not None and not self._may_be_away(held):  # who may be away is looked for in the backoff's steps
            wait_s = max(held.wait_s, wait_s)
        if held is not None or isinstance(error, AuthError):
            self._not_before_s = asyncio.get_running_loop().time() + wait_s
        self._account.failed(error, self._recovery, wait_s, left_alone=held is not None)
        if self._recovery.failures >= _GONE_AFTER and not self._is_gone:
            self._is_gone = True
            self._notice(Presence(self._meter.name, present=False))
        self._answer(error)
        return wait_s

    def _answer(self, error: MeterError) -> None:
        """Tell who asked for a reading that there is none."""
        for asked in self._taken():
            asked.set_exception(error)

    def _taken(self) -> list[asyncio.Future[Sample]]:
        """Return who asked for a reading and still waits for it."""
        asked, self._asked = self._asked, []
        return [future for future in asked if not future.done()]

    def _introduce(self) -> None:
        """Tell what is known of the meter, at each association."""
        attributes = {
            **self._session.attributes,
            "host": str(self._link),
            "profile": self._meter.profile,
            "units": self._session.units,
        }
        if isinstance(device := attributes.get("logical_device_name"), str):
            attributes["manufacturer"] = device[:3]  # its first three letters are the FLAG id (IEC 62056-6-2, 4.1.8.2)
        self._is_gone = False
        self._notice(Presence(self._meter.name, present=True, attributes=attributes))

    async def _release(self) -> None:
        """Leave the meter free for the next client; best effort, for a moment only."""
        if self._connected_with and self._connected_with == self._link.generation and self._link.is_open:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_TURN_PATIENCE_S), self._link.turn():
                    await self._release_now()

    async def _release_now(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_RELEASE_PATIENCE_S):
                # When the release of the association fails, the data link is closed alone.
                for _ in range(2 if self._session.agreed else 1):
                    with suppress(MeterError):
                        await self._converse(self._session.release(), _RELEASE_TIMEOUT_S)
                        return
