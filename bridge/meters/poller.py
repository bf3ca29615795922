"""One meter's life: connect, associate, read every interval, recover, for ever. One named task per meter.

Drives the session's conversations over the link, makes samples of what comes back and hands them on. Never raises
for anything a meter does; waits for another meter only where it shares a link with it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from bridge.clock.machine import wall_s
from bridge.dlms.association import MeterSession
from bridge.errors import AuthError, DecodeError, LinkError, MeterError
from bridge.meters.association_spacing import AssociationSpacing
from bridge.meters.clock_offset import is_clock
from bridge.meters.clock_question import ClockQuestion
from bridge.meters.counter_store import CounterStore
from bridge.meters.cycle_grid import CycleGrid
from bridge.meters.cycle_schedule import CycleSchedule
from bridge.meters.errands import Errands
from bridge.meters.lockout_guard import HeldBackError, LockoutGuard
from bridge.meters.meter_connection import MeterConnection
from bridge.meters.observer import MeterObserver
from bridge.meters.presence import MeterPresence
from bridge.meters.reading_time import ReadingTime
from bridge.meters.recovery import Recovery
from bridge.meters.refused_secrets import RefusedSecrets
from bridge.meters.waiting_callers import WaitingCallers
from bridge.sample import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from bridge.clock.clock import BridgeClock
    from bridge.clock.moment import Moment
    from bridge.configuration.meter import Meter
    from bridge.dlms.reading_plan import Reading
    from bridge.log_lines import Level
    from bridge.meters.frame_watch import FrameWatch
    from bridge.meters.link import Link
    from bridge.meters.metrics import MeterMetrics
    from bridge.sample import Presence, Sample

_UNFORESEEN_S = 60.0
_COMPLETE_AFTER_S, _COMPLETE_CAP_S = 30.0, 3600.0


class Poller:
    """Reads one meter.

    Args:
        meter: which meter to read, and how.
        link: the connection to it, perhaps shared with others.
        sink: takes each sample; must not block.
        notice: takes what is known of the meter at each association, and whether it is there.
        metrics: where events are counted.
        rng: for the jitter of the backoff.
        start_delay_s: when to begin, so that a fleet does not connect all at once.
        clock_s, clock: for ages, seconds that are never set; and what dates readings, None where ``clock_s`` does.
        watch: sees every frame: a trace in the log, the time that requests take; None for nobody.
        counters: where invocation counters come from; None keeps them in memory.
        spacing, grid: space associations out, and let cycles begin together; shared by all pollers.
        refusals: which passwords and keys went out without success; None keeps that in memory.
        cycle_level: at which the line of a good cycle is logged.
    """

    def __init__(
        self,
        meter: Meter,
        link: Link,
        *,
        sink: Callable[[Sample], None],
        notice: Callable[[Presence], None] = lambda _: None,
        metrics: MeterMetrics,
        rng: Random,
        start_delay_s: float = 0.0,
        clock_s: Callable[[], float] = wall_s,
        clock: BridgeClock | None = None,
        watch: FrameWatch | None = None,
        counters: CounterStore | None = None,
        spacing: AssociationSpacing | None = None,
        grid: CycleGrid | None = None,
        refusals: RefusedSecrets | None = None,
        cycle_level: Level = "INFO",
    ) -> None:
        self._meter, self._link = meter, link
        self._sink, self._metrics = sink, metrics
        self._start_delay_s = start_delay_s
        self._spacing = spacing or AssociationSpacing(0.0)
        self._session = MeterSession(meter, counters or CounterStore(None))
        self._reading_time = ReadingTime(clock, clock_s)
        self._recovery = Recovery(rng, least_s=meter.reconnect_gap_s)
        self._schedule = CycleSchedule(meter.interval_s, grid or CycleGrid())
        self._callers = WaitingCallers()
        self._layout: Layout | None = None  # what this association's samples have in common
        self._complete_at_s = self._complete_after_s = 0.0
        self._was_associated, self._lost_at = False, ""  # the stage of the error that ended the last association
        self._observer = MeterObserver(meter.name, metrics, clock_s, cycle_level, clock)
        self._connection = MeterConnection(meter, link, self._session, watch, self._observer)
        self.errands = Errands(link, self._connection, self._session, self._schedule)
        self._presence = MeterPresence(meter, link, notice, self._observer.state)
        self._guard = LockoutGuard(meter, refusals or RefusedSecrets(None), self._observer)
        asks_clock = clock is not None and not any(is_clock(register) for register in meter.registers)
        self._clock_question = (
            ClockQuestion(self.errands, self._reading_time, self._observer.note_clock) if asks_clock else None
        )
        self.state, self.reconnect_gap_s = self._observer.state, meter.reconnect_gap_s

    async def run(self) -> None:
        """Read the meter until cancelled; then release it."""
        try:
            await asyncio.sleep(self._start_delay_s)
            self._schedule.begin()
            while True:
                try:
                    wait_s = await self._cycle_or_recovery()
                except Exception as error:  # noqa: BLE001 - not even a bug in dealing with errors stops a meter's life
                    self._observer.unforeseen(error)
                    wait_s = _UNFORESEEN_S
                await self._schedule.sleep(wait_s, self._observer.overrun)
        finally:
            if self._clock_question is not None:
                self._clock_question.stop()
            try:
                await self._connection.release()
            finally:
                self._link.leave()
                self._callers.leave(LinkError(f"{self._link}: no longer read, the bridge is stopping"))

    async def read_now(self) -> Sample:
        """Read the meter outside its interval and return the sample, which is published like every other.

        Raises:
            MeterError: the cycle failed, or the meter is left alone because it refused its password or key.
        """
        self._refuse_haste()
        asked = self._callers.for_reading()
        self._schedule.wake()
        return await asked

    async def reconnect(self) -> None:
        """Give up the association and make a new one at once; return when it stands.

        Raises:
            MeterError: it could not be made, or the meter is left alone because it refused its password or key.
        """
        self._refuse_haste()
        asked = self._callers.for_association()
        self._schedule.wake()
        await asked

    def set_interval(self, interval_s: float) -> None:
        """Read every ``interval_s`` seconds from now on, until the process ends; bounds are the caller's."""
        self._schedule.interval_s = interval_s
        self._metrics.meter_interval.labels(self._meter.name).set(interval_s)
        self._schedule.wake()

    @property
    def interval_s(self) -> float:
        """Seconds from one cycle to the next."""
        return self._schedule.interval_s

    @property
    def scalers(self) -> Mapping[str, tuple[int, str]]:
        """Scaler and unit by logical name, as the meter stated them; nothing before its first association."""
        return self._session.plan.scalers

    def _refuse_haste(self) -> None:
        if self._schedule.must_wait:
            raise AuthError(
                "is left alone: it did not accept its password or key", hint="correct it, then restart the bridge"
            )

    async def _cycle_or_recovery(self) -> float:
        """Run one cycle and return the least seconds to wait before the next: 0, or the backoff."""
        self._callers.attempt()
        try:
            if not self._connection.is_associated:
                # Before the turn is taken: neighbours that only read need not wait for it.
                await self._guard.permit(self._connection.is_anyone_there)
                await self._spacing.turn()
            async with self._link.turn():
                try:
                    await self._cycle()
                except MeterError as error:
                    self._connection.lost()
                    self._link.failed(error)
                    raise
                except Exception:
                    self._connection.lost()
                    self._link.close()
                    raise
        except MeterError as error:
            return await self._failed(error)
        except Exception as error:  # noqa: BLE001 - a bug in one meter's path must not stop the other meters
            self._observer.unforeseen(error)
            return await self._failed(DecodeError(f"{type(error).__name__}: {error}"))
        finally:
            self._observer.stale(self._link.take_stale_bytes())
        return 0.0

    async def _cycle(self) -> None:
        if self._callers.want_association:
            await self._leave_in_order()
        if not self._connection.is_associated:
            await self._associate()
        elif not self._recovery.failures:
            self._observer.began(self._schedule.late_s)
        if self._session.plan.is_incomplete:
            await self._complete()
        await self._connection.reserve_counters()
        began_s, (moment, read_at_ms) = time.perf_counter(), self._reading_time.take()
        readings = await self._connection.converse(self._session.read())
        took_s = time.perf_counter() - began_s
        self._link.answered()
        plan = self._session.plan
        if plan.is_spent:
            self._lost_at = "timeout"
            self._connection.start_over()
        self._sink(sample := self._sample(readings, read_at_ms, moment))
        self._observer.read(sample, readings, took_s)
        self._observer.succeeded(sample, self._recovery.succeeded())
        self._callers.read(sample)
        if self._clock_question is not None:
            self._clock_question.ask_when_due()
        if plan.has_news or self._presence.has_news:
            plan.has_news = False
            self._presence.introduce(self._session)

    async def _leave_in_order(self) -> None:
        """Release the meter before a reconnect that was asked for."""
        if self._connection.is_associated:
            await self._connection.release_now()
            self._lost_at = "asked"
            self._connection.close_unless_shared()
        self._connection.lost()

    async def _associate(self) -> None:
        if self._recovery.failures:
            self._observer.asked_again("connection")
        await self._connection.open()
        await self._guard.claim()
        try:
            await self._connection.converse(self._session.associate())
        except MeterError as error:
            await self._guard.settle(self._session, error)
            raise
        except asyncio.CancelledError:
            self._guard.break_off(self._session)
            raise
        await self._guard.settle(self._session)
        self._observer.associated((self.errands.take_lost_at() or self._lost_at) if self._was_associated else None)
        self._connection.associated()
        self._was_associated, self._lost_at = True, ""
        self._layout = None  # another plan may ask in another order
        self._complete_after_s = _COMPLETE_AFTER_S
        self._complete_at_s = asyncio.get_running_loop().time() + _COMPLETE_AFTER_S
        self._callers.associated()
        self._presence.introduce(self._session)

    async def _complete(self) -> None:
        """Ask again, now and then, for scalers that the meter did not give: values are useless without them."""
        now_s = asyncio.get_running_loop().time()
        if now_s < self._complete_at_s:
            return
        self._complete_after_s = min(2 * self._complete_after_s, _COMPLETE_CAP_S)
        self._complete_at_s = now_s + self._complete_after_s
        await self._connection.converse(self._session.compile())
        if not self._session.plan.is_incomplete:
            self._presence.introduce(self._session)

    def _sample(self, readings: list[Reading], read_at_ms: int, moment: Moment) -> Sample:
        registers, scalars, units, _, qualities = zip(*readings, strict=True)
        layout = self._layout
        if layout is None or layout.units != units:
            keys, obis = (tuple(getattr(one, name) for one in registers) for name in ("key", "obis"))
            layout = self._layout = Layout(self._meter.name, keys, obis, units)
        return layout.sample(read_at_ms, scalars, qualities if any(qualities) else (), moment)

    async def _failed(self, error: MeterError) -> float:
        self._lost_at = error.stage
        wait_s = self._recovery.failed(error)
        held = error if isinstance(error, HeldBackError) else await self._guard.held_back()
        if held is not None and not self._guard.may_be_away(held):  # a meter that may be away is looked for as usual
            wait_s = max(held.wait_s, wait_s)
        if held is not None or isinstance(error, AuthError):
            self._schedule.leave_alone(wait_s)
        self._observer.failed(error, self._recovery, wait_s, left_alone=held is not None)
        self._presence.failed(self._recovery.failures)
        self._callers.failed(error)
        return wait_s
