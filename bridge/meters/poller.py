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
from bridge.meters.recovery import Recovery
from bridge.meters.session import Session
from bridge.sample import Presence, Sample, Value

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from bridge.health.metrics import Metrics
    from bridge.meters.link import Link
    from bridge.meters.meter import Meter
    from bridge.meters.session import Conversation, Reading
    from bridge.meters.trace import Trace

T = TypeVar("T")
_RELEASE_PATIENCE_S = 1.0
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
        trace: says every frame in the log; None for silence.
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
        trace: Trace | None = None,
    ) -> None:
        self._meter = meter
        self._trace = trace
        self._link = link
        self._sink = sink
        self._notice = notice
        self._metrics = metrics
        self._start_delay_s = start_delay_s
        self._clock_s = clock_s
        self._session = Session(meter)
        self._recovery = Recovery(rng, least_s=meter.reconnect_gap_s)
        self._associated_with = 0  # the link's generation that the association lives on; 0 for none
        self._interval_s = meter.interval_s
        self._wake = asyncio.Event()
        self._asked: list[asyncio.Future[Sample]] = []
        self._is_gone = True
        self._was_associated = False
        self._lost_at = ""  # the stage of the error that ended the last association
        self._account = Account(meter.name, metrics, clock_s)
        self.state = self._account.state

    async def run(self) -> None:
        """Read the meter until cancelled; then release it."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._start_delay_s)
        due_s = loop.time()
        try:
            while True:
                wait_s = await self._cycle_or_recovery()
                due_s = max(self._next_due(due_s, loop.time()), loop.time() + wait_s)
                await self._sleep_until(due_s)
                due_s = min(due_s, loop.time())  # earlier when woken: the grid begins anew
        finally:
            await self._release()

    async def read_now(self) -> Sample:
        """Read the meter outside its interval and return the sample, which goes the way of every other.

        Raises:
            MeterError: the cycle failed, or the meter is left alone because it refused its password or key.
        """
        if self._recovery.is_locked_out:
            raise AuthError("is left alone, it refused its password or key", hint="correct it, then restart the bridge")
        asked: asyncio.Future[Sample] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._wake.set()
        return await asked

    def reconnect(self) -> None:
        """Give up the association and make a new one at once.

        Raises:
            AuthError: the meter is left alone because it refused its password or key.
        """
        if self._recovery.is_locked_out:
            raise AuthError("is left alone, it refused its password or key", hint="correct it, then restart the bridge")
        self._associated_with = 0
        self._lost_at = "asked"
        self._wake.set()

    def set_interval(self, interval_s: float) -> None:
        """Read every ``interval_s`` seconds from now on, until the process ends; bounds are the caller's."""
        self._interval_s = interval_s
        self._metrics.meter_interval.labels(self._meter.name).set(interval_s)
        self._wake.set()

    @property
    def interval_s(self) -> float:
        """Seconds from one cycle to the next."""
        return self._interval_s

    async def _sleep_until(self, due_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due_s):
                await self._wake.wait()
        self._wake.clear()

    def _next_due(self, due_s: float, now_s: float) -> float:
        """Return when the next cycle is due on the meter's own grid; one that is overrun is skipped and counted."""
        due_s += self._interval_s
        if due_s < now_s:
            missed = int((now_s - due_s) // self._interval_s) + 1
            if not self._recovery.failures:
                self._account.overrun(missed)
            due_s += missed * self._interval_s
        return due_s

    async def _cycle_or_recovery(self) -> float:
        """Run one cycle and return the least seconds to wait before the next: 0, or the backoff."""
        try:
            async with self._link.turn():
                try:
                    await self._cycle()
                except MeterError as error:
                    self._associated_with = 0
                    self._link.failed(error)
                    raise
        except MeterError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 - a bug in one meter's path must not stop the other meters
            self._associated_with = 0
            self._link.close()
            self._account.unforeseen(error)
            return self._failed(DecodeError(f"{type(error).__name__}: {error}"))
        finally:
            self._account.stale(self._link.take_stale_bytes())
        return 0.0

    async def _cycle(self) -> None:
        if not self._link.is_open or self._associated_with != self._link.generation:
            await self._associate()
        began_s, read_at_ms = time.perf_counter(), round(self._clock_s() * 1000)
        readings = await self._drive(self._session.read())
        took_s = time.perf_counter() - began_s
        self._link.answered()
        sample = self._sample(readings, read_at_ms)
        self._sink(sample)
        self._account.read(sample, readings, took_s)
        self._account.succeeded(sample, self._recovery.succeeded())
        for asked in self._taken():
            asked.set_result(sample)

    async def _associate(self) -> None:
        if self._associated_with and not self._link.is_open and self._meter.reconnect_gap_s:
            raise LinkError(f"{self._link}: the connection was closed between two cycles")  # and wait out the gap
        if self._recovery.failures:
            self._account.asked_again("connection")
        await self._link.open()
        await self._drive(self._session.associate())
        self._account.associated(self._lost_at if self._was_associated else None)
        self._associated_with, self._was_associated, self._lost_at = self._link.generation, True, ""
        self._introduce()

    async def _drive(self, conversation: Conversation[T]) -> T:
        """Carry a conversation over the link; see ``session.py`` for its rules."""
        asked_s = 0.0
        try:
            request = next(conversation)
            while True:
                try:
                    if request:
                        await self._link.send(request)
                        asked_s = time.perf_counter()
                        if self._trace:
                            self._trace.sent(request)
                    frame = await self._link.receive(self._meter.timeout_s)
                except ReplyTimeout as timeout:
                    request = conversation.throw(timeout)
                    self._account.asked_again("request")
                else:
                    if self._trace:
                        self._trace.came(frame)
                    if request:
                        self._metrics.request_took(self._meter.name, time.perf_counter() - asked_s)
                    request = conversation.send(frame)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            conversation.close()

    def _sample(self, readings: list[Reading], read_at_ms: int) -> Sample:
        values = (
            Value(reading.register.key, reading.register.obis, reading.value, reading.unit)
            for reading in readings
            if reading.value is not None
        )
        return Sample(self._meter.name, read_at_ms, tuple(values))

    def _failed(self, error: MeterError) -> float:
        self._lost_at = error.stage
        wait_s = self._recovery.failed(error)
        self._account.failed(error, self._recovery, wait_s)
        if self._recovery.failures >= _GONE_AFTER and not self._is_gone:
            self._is_gone = True
            self._notice(Presence(self._meter.name, present=False))
        for asked in self._taken():
            asked.set_exception(error)
        return wait_s

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
        if self._associated_with == self._link.generation and self._link.is_open:
            with suppress(MeterError, TimeoutError):
                async with asyncio.timeout(_RELEASE_PATIENCE_S), self._link.turn():
                    await self._drive(self._session.release())
        self._link.leave()
