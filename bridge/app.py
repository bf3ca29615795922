"""Composition root: settings become objects, objects become tasks in one TaskGroup, the end becomes an exit code.

Wires and nothing else. The way of a sample is drawn here once: pollers → outbox → publisher.
"""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge import __version__, demo
from bridge.clock.assembly import open_clock
from bridge.configuration.meter import DEMO_NAME, Meter, demo_meter, resolve_all
from bridge.delivery.assembly import provision, publisher
from bridge.delivery.home_assistant.assembly import home_assistant
from bridge.delivery.names import Names, names_file
from bridge.health.assembly import health_server, shard_row
from bridge.health.disk_room import DiskWatch
from bridge.health.gateway_calls import GatewayCalls
from bridge.health.heard_meters import HeardMeters
from bridge.health.meter_states import MeterStates
from bridge.health.metrics import Metrics
from bridge.health.outbox_metrics import OutboxFigures
from bridge.health.restart_count import count_start
from bridge.health.status import Status
from bridge.health.watchdog import Watchdog
from bridge.health.watched_meter import WatchedMeter
from bridge.health.wellness import Wellness
from bridge.lease.assembly import shard_lease, shard_turn
from bridge.ledger.assembly import backfill, bookkeeper, histories
from bridge.listen.assembly import listener
from bridge.log_lines import counted
from bridge.meters.commands import Commands
from bridge.meters.fleet import Fleet
from bridge.meters.send_fence import SendFence
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
    from bridge.sample import Presence, Sample

_REPORT_EVERY_S = 60.0
_FAREWELL_S = 3.0


class App:
    """The bridge, from its settings to its tasks.

    Args:
        settings: what to do.
        log: the recent lines of the log, for ``/log``.
        stop: set when it is to stop.

    Raises:
        ConfigError: a profile cannot be read.
    """

    def __init__(self, settings: Settings, log: Callable[[], str], stop: asyncio.Event) -> None:
        self._settings = settings
        self._log = log
        self._stop = stop
        self._rng = SystemRandom()
        lease = shard_lease(settings, self._rng)
        self._turn = shard_turn(settings, lease, stop)
        self._metrics = Metrics(fleet=settings.health.fleet, register_values=settings.health.register_values)
        self._metrics.process.shard.labels(settings.shard.number, settings.shard.count).set(1)
        self._watchdog = Watchdog(self._metrics.process)
        self._disk = DiskWatch(settings.data_dir, self._metrics.process)
        self._meters = resolve_all(settings)
        clock, ledger_file = open_clock(settings.data_dir, patience_s=settings.clock.patience_s)
        self._clock = clock
        self._commands = self._commands_to({})
        configured = {name: meter.device or name for name, meter in settings.meters.items()}
        destination = destination_of(settings.thingsboard, next(iter(configured.values()), ""))
        self._devices = Names(configured, names_file(settings.data_dir, destination))
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
        self._home_assistant = home_assistant(settings, self._rng)
        self._fleet = Fleet(
            settings,
            sink=self._take,
            notice=self._notice,
            metrics=self._metrics.meters,
            rng=self._rng,
            clock=self._clock,
            fence=None if lease is None else SendFence(lease.permits, linger_s=lease.times.linger_s),
        )
        self._heard = HeardMeters(self._meters, self._metrics.meters, clock, live=self._publisher.live)
        to = self._timekeeper.put, self._heard.heard, self._fleet
        self._listener = listener(settings, self._meters, *to, clock=clock, metrics=self._metrics.listen)
        outbox, delivery = self._outbox, self._publisher
        states = (lambda: outbox.state), (lambda: delivery.state)
        judged = partial(Wellness, *states, clock_s=clock.steady_s, clock=lambda: clock.state, stuck=self._books.stuck)
        self._wellness = judged(silence_s=lambda: self._watchdog.silence_s, waits_for=lambda: self._turn.waits_for)
        told = partial(Status, clock_s=clock.steady_s, wall_s=clock.shown_s, clock=lambda: clock.state)
        room, books = (lambda: self._disk.room), (lambda: self._books.books)
        self._audit = AuditRounds(
            settings, destination, self._devices, metrics=self._metrics.audit, wall_s=clock.shown_s
        )
        audit, held, shard = (lambda: self._audit.state), (lambda: self._turn.lease), shard_row(settings.shard)
        self._status = told(self._wellness, *states, room=room, books=books, audit=audit, lease=held, shard=shard)
        self._states = MeterStates(self._wellness, self._publisher.tell_state, clock_s=self._clock.steady_s)
        self._calls = GatewayCalls(lambda: self._commands, report=self._status.report, meter_of=self._devices.meter_of)

    async def run(self) -> bool:
        """Work until stopped, or until the lease of the shard ends; return whether it is to begin anew.

        Raises:
            ConfigError: the health server's port cannot be listened on.
            Exception: anything unexpected; let it end the process.
        """
        settings = self._settings
        logger.info(
            "dlms-bridge {} | {}{} | upstream: {} | outbox: {}",
            __version__,
            f"shard {settings.shard.number} of {settings.shard.count} | " if settings.shard.several else "",
            counted(len(self._meters), "meter"),
            settings.thingsboard.host or "none, samples are confirmed locally",
            settings.data_dir / "outbox.db",
        )  # fmt: skip
        await self._listener.bind()
        health = health_server(
            settings.health,
            page=self._page,
            watchdog=self._watchdog,
            wellness=self._wellness,
            status=self._status,
            log=self._log,
            frames=self._fleet.frames,
            read=lambda meter: self._commands.carry_out(meter, "read", None),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        try:
            async with asyncio.TaskGroup() as watching:
                looking = [
                    watching.create_task(self._watchdog.run(), name="watchdog"),
                    watching.create_task(self._status.run(), name="status report"),
                ]
                try:
                    return await self._turn.begin() and await self._work()
                finally:
                    await self._turn.give_back()
                    for task in looking:
                        task.cancel()
        finally:
            health.close()
            logger.info("dlms-bridge | stopped; what is not confirmed yet waits on disk")

    async def _work(self) -> bool:
        thingsboard = self._settings.thingsboard
        try:
            await self._outbox.open()
            await self._timekeeper.look()
            figures = OutboxFigures(self._outbox, self._metrics.outbox)
            async with asyncio.TaskGroup() as delivery:
                lasting = [
                    delivery.create_task(self._disk.run(), name="disk"),
                    delivery.create_task(self._report_self(), name="gateway report"),
                    delivery.create_task(
                        provision(thingsboard, self._settings.data_dir, self._publisher, self._rng), name="provisioning"
                    ),
                    delivery.create_task(self._outbox.run(), name="outbox"),
                    delivery.create_task(self._timekeeper.run(), name="timekeeper"),
                    delivery.create_task(self._desk.run(), name="outbox desk"),
                    delivery.create_task(figures.run(), name="outbox figures"),
                    delivery.create_task(self._publisher.run(), name="publisher"),
                    delivery.create_task(self._audit.run(), name="audit"),
                    delivery.create_task(self._home_assistant.run(), name="Home Assistant"),
                ]
                try:
                    if not (is_lost := await self._read_meters()):
                        await self._publisher.leave(_FAREWELL_S)  # else they are another's, who says how they are
                finally:
                    for task in lasting:
                        task.cancel()
        finally:
            await self._publisher.close()
            await self._outbox.close()
            await self._timekeeper.close()
        return is_lost

    async def _report_self(self) -> None:
        """Tell ThingsBoard how the gateway itself is doing, once a minute."""
        restarts = count_start(self._settings.data_dir)
        while True:
            await asyncio.sleep(_REPORT_EVERY_S)
            report = await asyncio.to_thread(self._status.report)
            self._publisher.report({**report.figures(), "restarts": restarts})

    async def _read_meters(self) -> bool:
        """Read until stopped, or until the lease is about to end; return whether it is."""
        if not self._meters and self._outbox.foreign and self._settings.thingsboard.host is None:
            # There was a .env before: taking it away was no request for invented values.
            logger.bind(stage="config").error(
                "no meters are configured, and samples of other settings wait in the outbox: nothing is read until "
                ".env is back (docker compose up -d). `bridge outbox list` shows what waits"
            )
        elif not self._meters and not self._settings.shard.several:  # a shard may be left without a meter
            self._meters = [await self._demo_meter()]
        pollers = await self._fleet.pollers(self._meters)
        watched = tuple(WatchedMeter(name, poller) for name, poller in pollers.items()) + self._heard.watched
        self._status.watch(watched)
        self._commands = self._commands_to(pollers)
        for meter in self._meters:
            self._devices.add(meter.name)
        self._publisher.restore_shared()
        self._home_assistant.follow(pollers)
        async with asyncio.TaskGroup() as reading:
            tasks = [reading.create_task(poller.run(), name=f"meter {name}") for name, poller in pollers.items()]
            tasks.append(reading.create_task(self._states.run(watched), name="meter states"))
            tasks.append(reading.create_task(self._listener.run(), name="listener"))
            history = histories(self._settings, self._meters, pollers)
            tasks.append(reading.create_task(self._backfill.run(history), name="ledger"))
            tasks.append(reading.create_task(self._books.run(history), name="books"))
            is_lost = await self._turn.end()
            logger.info("dlms-bridge | stopping: releasing the meters")
            for task in tasks:
                task.cancel()
            hanging_up = asyncio.get_running_loop().call_later(self._turn.let_go_s, self._fleet.hang_up)
        hanging_up.cancel()
        return is_lost

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
            self._home_assistant.take(sample)

    def _notice(self, presence: Presence) -> None:
        self._publisher.notice(presence)
        self._home_assistant.notice(presence)

    def _page(self) -> bytes:
        self._wellness.show(self._metrics.process)
        self._metrics.clock.show(self._clock.state, self._timekeeper.sent_wrong)
        self._metrics.lease.show(self._turn.lease, obtained=self._turn.obtained)
        return self._metrics.page.text()
