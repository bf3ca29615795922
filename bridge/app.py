"""Composition root: settings become objects, objects become tasks in one TaskGroup, the end becomes an exit code.

Wires and nothing else. The way of a sample is drawn here once: pollers → outbox → publisher.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from concurrent.futures import CancelledError
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from loguru import logger
from prometheus_client import disable_created_metrics

from bridge import __version__, demo
from bridge.clock.assembly import open_clock
from bridge.configuration.meter import DEMO_NAME, Meter, demo_meter, resolve_all
from bridge.delivery.assembly import publisher
from bridge.delivery.kept_file import KeptFile
from bridge.delivery.names import Names
from bridge.delivery.provisioning import Provisioning, is_wanted
from bridge.errors import ConfigError
from bridge.health.disk_room import DiskWatch
from bridge.health.gateway_calls import GatewayCalls
from bridge.health.meter_states import MeterStates
from bridge.health.metrics import Metrics
from bridge.health.outbox_metrics import OutboxFigures
from bridge.health.page import HomePage
from bridge.health.restart_count import count_start
from bridge.health.server import Check, HealthServer
from bridge.health.status import Status
from bridge.health.watchdog import Watchdog
from bridge.health.watched_meter import WatchedMeter
from bridge.health.wellness import Wellness
from bridge.ledger.assembly import backfill, bookkeeper, histories
from bridge.log_lines import counted
from bridge.meters.commands import Commands
from bridge.meters.fleet import Fleet
from bridge.outbox.assembly import open_outbox
from bridge.outbox.desk import Desk
from bridge.outbox.destination import destination_of
from bridge.outbox.timekeeper import Timekeeper
from bridge.thingsboard.audit_rounds import AuditRounds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.configuration.meter import Meter
    from bridge.configuration.settings import Settings
    from bridge.meters.poller import Poller
    from bridge.sample import Sample

_LOOP_SILENCE_S = 10.0
_REPORT_EVERY_S = 60.0
_READ_PATIENCE_S = 10.0
_FAREWELL_S = 3.0
_GC_THRESHOLDS = (50_000, 20, 20)
"""Samples that wait a second for their group commit look like lasting growth to Python's collector; with its defaults
it went through all that a fleet holds every few seconds: 4,000 meters stood still for a quarter of a second."""


def run(settings: Settings, *, log: Callable[[], str] = lambda: "") -> int:
    """Run the bridge until SIGTERM or SIGINT and return the exit code: 0.

    Args:
        settings: what to do.
        log: the recent lines of the log, for ``/log``.

    Raises:
        ConfigError: a profile cannot be read, or the health server's port cannot be listened on.
        Exception: anything unexpected; let it end the process, Docker starts it again.
    """
    # They would be a second series per counter that nobody looks at.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    gc.set_threshold(*_GC_THRESHOLDS)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_App(settings, log).run())
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's, where there is one: Windows has none."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - as above

    return uvloop.new_event_loop


class _App:
    def __init__(self, settings: Settings, log: Callable[[], str]) -> None:
        self._settings = settings
        self._log = log
        self._rng = SystemRandom()
        self._metrics = Metrics(fleet=settings.health.fleet, register_values=settings.health.register_values)
        self._watchdog = Watchdog(self._metrics.process)
        self._disk = DiskWatch(settings.data_dir, self._metrics.process)
        self._meters = resolve_all(settings)
        clock, ledger_file = open_clock(settings.data_dir, patience_s=settings.clock.patience_s)
        self._clock = clock
        self._commands = self._commands_to({})
        configured = {name: meter.device or name for name, meter in settings.meters.items()}
        destination = destination_of(settings.thingsboard, next(iter(configured.values()), ""))
        self._devices = Names(configured, KeptFile(settings.data_dir / "names.json", destination))
        self._outbox = open_outbox(settings, destination, devices=self._devices, clock_s=self._clock.shown_s)
        self._backfill = backfill(settings, self._outbox, clock, self._rng)
        self._books = bookkeeper(self._backfill, self._outbox, clock, self._metrics.ledger)
        self._timekeeper = Timekeeper(self._clock, ledger_file, self._outbox, self._backfill.live)
        one_device = settings.thingsboard.mode == "device" and settings.thingsboard.host is not None
        self._desk = Desk(
            settings.data_dir, self._outbox, next(iter(self._devices.values()), None) if one_device else None
        )
        self._publisher = publisher(
            settings.broker,
            settings.thingsboard,
            outbox=self._outbox,
            device_names=self._devices,
            memory_path=settings.data_dir / "upstream.json",
            commands=self._carry_out,
            apply=self._configure,
            metrics=self._metrics.delivery,
            rng=self._rng,
        )
        self._fleet = Fleet(
            settings,
            sink=self._take,
            notice=self._publisher.notice,
            metrics=self._metrics.meters,
            rng=self._rng,
            clock=self._clock,
        )
        outbox, delivery = self._outbox, self._publisher
        states = (lambda: outbox.state), (lambda: delivery.state)
        judged = partial(Wellness, *states, clock_s=clock.steady_s, clock=lambda: clock.state, stuck=self._books.stuck)
        self._wellness = judged(silence_s=lambda: self._watchdog.silence_s)
        told = partial(Status, clock_s=clock.steady_s, wall_s=clock.shown_s, clock=lambda: clock.state)
        room, books = (lambda: self._disk.room), (lambda: self._books.books)
        self._audit = AuditRounds(
            settings, destination, self._devices, metrics=self._metrics.audit, wall_s=clock.shown_s
        )
        self._status = told(self._wellness, *states, room=room, books=books, audit=lambda: self._audit.state)
        self._states = MeterStates(self._wellness, self._publisher.tell_state, clock_s=self._clock.steady_s)
        self._calls = GatewayCalls(lambda: self._commands, report=self._status.report, meter_of=self._devices.meter_of)

    async def run(self) -> None:
        settings = self._settings
        logger.info(
            "dlms-bridge {} | {} | upstream: {} | outbox: {}",
            __version__, counted(len(self._meters), "meter"),
            settings.thingsboard.host or "none, samples are confirmed locally",
            settings.data_dir / "outbox.db",
        )  # fmt: skip
        await self._outbox.open()
        await self._timekeeper.look()
        health, figures = self._health_server(), OutboxFigures(self._outbox, self._metrics.outbox)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        try:
            async with asyncio.TaskGroup() as delivery:
                lasting = [
                    delivery.create_task(self._watchdog.run(), name="watchdog"),
                    delivery.create_task(self._disk.run(), name="disk"),
                    delivery.create_task(self._status.run(), name="status report"),
                    delivery.create_task(self._report_self(), name="gateway report"),
                    delivery.create_task(self._provision(), name="provisioning"),
                    delivery.create_task(self._outbox.run(), name="outbox"),
                    delivery.create_task(self._timekeeper.run(), name="timekeeper"),
                    delivery.create_task(self._desk.run(), name="outbox desk"),
                    delivery.create_task(figures.run(), name="outbox figures"),
                    delivery.create_task(self._publisher.run(), name="publisher"),
                    delivery.create_task(self._audit.run(), name="audit"),
                ]
                try:
                    await self._read_meters(stop)
                    await self._publisher.leave(_FAREWELL_S)
                finally:
                    for task in lasting:
                        task.cancel()
        finally:
            await self._publisher.close()
            await self._outbox.close()
            await self._timekeeper.close()
            health.close()
            logger.info("dlms-bridge | stopped; what is not confirmed yet waits on disk")

    def _health_server(self) -> HealthServer:
        host, port = self._settings.health.host, self._settings.health.port
        try:
            return HealthServer(
                host,
                port,
                page=self._page,
                healthy=self._healthy,
                ready=self._wellness.ready,
                status=lambda: self._status.report().plain(),
                log=self._log,
                home=HomePage(self._status.report, self._status.samples, self._log).html,
                frames=self._fleet.frames,
                read=partial(self._read_for_doctor, asyncio.get_running_loop()),
            )
        except OSError as error:
            where = f"HEALTH__HOST={host} HEALTH__PORT={port}"
            why = f"cannot listen there: {error.strerror}; every address is 0.0.0.0, or :: where there is IPv6"
            raise ConfigError([f"{where}: {why}"]) from error

    def _read_for_doctor(self, loop: asyncio.AbstractEventLoop, name: str) -> dict[str, Any]:
        """Read a meter now, for a request from this machine; called on the health server's thread."""
        asked = asyncio.run_coroutine_threadsafe(self._commands.carry_out(name, "read", None), loop)
        try:
            return asked.result(_READ_PATIENCE_S)
        except (TimeoutError, CancelledError):
            return {"error": "the event loop does not answer"}

    async def _provision(self) -> None:
        thingsboard, data_dir = self._settings.thingsboard, self._settings.data_dir
        if is_wanted(thingsboard):
            await Provisioning(
                thingsboard,
                data_dir,
                is_up=lambda: self._publisher.state.upstream_connected,
                is_refused=lambda: self._publisher.state.token_refused,
                rng=self._rng,
            ).run()

    async def _report_self(self) -> None:
        """Tell ThingsBoard how the gateway itself is doing, once a minute."""
        restarts = count_start(self._settings.data_dir)
        while True:
            await asyncio.sleep(_REPORT_EVERY_S)
            report = await asyncio.to_thread(self._status.report)
            self._publisher.report({**report.figures(), "restarts": restarts})

    async def _read_meters(self, stop: asyncio.Event) -> None:
        if not self._meters and self._outbox.foreign and self._settings.thingsboard.host is None:
            # There was a .env before: taking it away was no request for invented values.
            logger.bind(stage="config").error(
                "no meters are configured, and samples of other settings wait in the outbox: nothing is read until "
                ".env is back (docker compose up -d). `bridge outbox list` shows what waits"
            )
        elif not self._meters:
            self._meters = [await self._demo_meter()]
        pollers = await self._fleet.pollers(self._meters)
        watched = tuple(WatchedMeter(name, poller) for name, poller in pollers.items())
        self._status.watch(watched)
        self._commands = self._commands_to(pollers)
        for name in pollers:
            self._devices.add(name)
        self._publisher.restore_shared()
        async with asyncio.TaskGroup() as reading:
            tasks = [reading.create_task(poller.run(), name=f"meter {name}") for name, poller in pollers.items()]
            tasks.append(reading.create_task(self._states.run(watched), name="meter states"))
            history = histories(self._settings, self._meters, pollers)
            tasks.append(reading.create_task(self._backfill.run(history), name="ledger"))
            tasks.append(reading.create_task(self._books.run(history), name="books"))
            await stop.wait()
            logger.info("dlms-bridge | stopping: releasing the meters")
            for task in tasks:
                task.cancel()

    async def _demo_meter(self) -> Meter:
        server = await demo.serve()
        port = server.sockets[0].getsockname()[1]
        logger.warning(
            "no meters configured (METERS__<NAME>__HOST or METERS_FILE) | reading the built-in demo meter as {!r}: "
            "its values are invented",
            DEMO_NAME,
        )
        return demo_meter(port, demo.DEMO_PASSWORD, self._settings.poll)

    async def _carry_out(self, meter: str, method: str, params: Any) -> dict[str, Any]:
        return await self._calls.carry_out(meter, method, params)

    def _configure(self, meter: str, values: Mapping[str, Any]) -> str:
        return self._commands.configure(meter, values)

    def _commands_to(self, pollers: dict[str, Poller]) -> Commands:
        return Commands(pollers, clock_s=self._clock.steady_s, wall_s=self._clock.shown_s)

    def _take(self, sample: Sample) -> None:
        self._books.live(sample)
        if self._timekeeper.take(sample):
            self._publisher.live(sample)

    def _healthy(self) -> Check:
        silence_s = self._watchdog.silence_s
        if silence_s > _LOOP_SILENCE_S:
            return False, f"the event loop has not run for {silence_s:.0f} s"
        return True, "ok"

    def _page(self) -> bytes:
        self._wellness.show(self._metrics.process)
        self._metrics.clock.show(self._clock.state, self._timekeeper.sent_wrong)
        return self._metrics.page.text()
