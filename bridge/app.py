"""Composition root: settings become objects, objects become tasks in one TaskGroup, the end becomes an exit code.

Wires and nothing else. The samples' way is drawn here once: pollers → outbox → publisher.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from loguru import logger
from prometheus_client import disable_created_metrics

from bridge import __version__, demo
from bridge.commands import Commands
from bridge.delivery.assembly import publisher
from bridge.delivery.provisioning import Provisioning, is_wanted
from bridge.errors import AssociationError, ConfigError
from bridge.health.disk import DiskWatch
from bridge.health.metrics import Metrics
from bridge.health.outbox_figures import OutboxFigures
from bridge.health.parts import Watched
from bridge.health.server import Check, HealthServer
from bridge.health.starts import count_start
from bridge.health.status import Status
from bridge.health.watchdog import Watchdog
from bridge.health.wellness import Wellness
from bridge.meters.keys import Counters, passing_title
from bridge.meters.link import Link
from bridge.meters.meter import Meter, resolve
from bridge.meters.poller import Poller
from bridge.meters.profile import load_profile
from bridge.meters.ramp import Ramp
from bridge.meters.recent_frames import RecentFrames
from bridge.meters.refusals import Refusals
from bridge.meters.stopwatch import Stopwatch
from bridge.meters.trace import Trace
from bridge.outbox.desk import Desk
from bridge.outbox.destination import destination_of
from bridge.outbox.outbox import Outbox
from bridge.settings import MeterSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.meters.link import Watch
    from bridge.sample import Sample
    from bridge.settings import Settings

_DEMO_NAME = "demo"
_LOOP_SILENCE_S = 10.0
_REPORT_EVERY_S = 60.0
_READ_PATIENCE_S = 10.0
_START_SPREAD_S = 10.0
"""However long the interval, every meter is read for the first time soon after the start."""
_ASSOCIATIONS_GAP_S = 0.003
"""An association takes 1 to 2 ms of CPU, a reading 0.1: half of a core is left to those that already read."""
_GC_THRESHOLDS = (50_000, 20, 20)
"""What waits a second for its group commit counts as growth that lasts, and had Python look through all that a fleet
holds every few seconds: a quarter of a second's stop at 4,000 meters."""


def run(settings: Settings, *, log: Callable[[], str] = lambda: "") -> int:
    """Run the bridge until SIGTERM or SIGINT and return the exit code: 0.

    Args:
        settings: what to do.
        log: the recent lines of the log, for ``/log``.

    Raises:
        ConfigError: a profile cannot be read, or the health server's port cannot be listened on.
        Exception: whatever nobody expected; let it end the process, Docker starts it again.
    """
    # A second series for every counter, which nobody looks at.
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


def resolve_meters(settings: Settings) -> list[Meter]:
    """Return the meters of ``settings`` with their profiles applied.

    Raises:
        ConfigError: a profile changed for the worse since the settings were read.
    """
    # One profile for all meters of a kind: ten thousand of them hold one, not ten thousand.
    profiles = {
        name: load_profile(name, settings.profiles_dir)
        for name in {meter.profile for meter in settings.meters.values()}
    }
    return [resolve(name, meter, profiles[meter.profile], settings.poll) for name, meter in settings.meters.items()]


class _App:
    def __init__(self, settings: Settings, log: Callable[[], str]) -> None:
        self._settings = settings
        self._log = log
        self._rng = SystemRandom()
        self._metrics = Metrics(fleet=settings.health.fleet, register_values=settings.health.register_values)
        self._watchdog = Watchdog(self._metrics)
        self._disk = DiskWatch(settings.data_dir, self._metrics)
        self._meters = resolve_meters(settings)
        self._recent: dict[str, RecentFrames] = {}
        self._counters = Counters(settings.data_dir / "counters.db", may_block=False)
        self._commands = Commands({}, clock_s=time.time)
        self._devices = {name: meter.device or name for name, meter in settings.meters.items()}
        self._outbox = Outbox(
            settings.data_dir / "outbox.db",
            settings=settings.outbox,
            destination=destination_of(settings.thingsboard, next(iter(self._devices.values()), "")),
            devices=self._devices,
        )
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
            metrics=self._metrics,
            rng=self._rng,
        )
        outbox, delivery = self._outbox, self._publisher
        self._wellness = Wellness(
            lambda: outbox.state, lambda: delivery.state, silence_s=lambda: self._watchdog.silence_s
        )
        self._status = Status(
            self._wellness, lambda: outbox.state, lambda: delivery.state, room=lambda: self._disk.room
        )

    async def run(self) -> None:
        settings = self._settings
        logger.info(
            "dlms-bridge {} | {} meters | upstream: {} | outbox: {}",
            __version__,
            len(self._meters),
            settings.thingsboard.host or "none, samples are confirmed locally",
            settings.data_dir / "outbox.db",
        )
        await self._outbox.open()
        health = self._health_server()
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
                    delivery.create_task(self._desk.run(), name="outbox desk"),
                    delivery.create_task(OutboxFigures(self._outbox, self._metrics).run(), name="outbox figures"),
                    delivery.create_task(self._publisher.run(), name="publisher"),
                ]
                try:
                    await self._read_meters(stop)
                finally:
                    for task in lasting:
                        task.cancel()
        finally:
            await self._publisher.close()
            await self._outbox.close()
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
                frames=self._frames,
                read=partial(self._read_for_doctor, asyncio.get_running_loop()),
            )
        except OSError as error:
            where = f"HEALTH__HOST={host} HEALTH__PORT={port}"
            why = f"cannot listen there: {error.strerror}; every address is 0.0.0.0, or :: where there is IPv6"
            raise ConfigError([f"{where}: {why}"]) from error

    def _read_for_doctor(self, loop: asyncio.AbstractEventLoop, name: str) -> dict[str, Any]:
        """Read a meter now for who asks on this machine; called on the health server's thread."""
        device = self._devices.get(name, name)
        asked = asyncio.run_coroutine_threadsafe(self._carry_out(device, "read", None), loop)
        try:
            return asked.result(_READ_PATIENCE_S)
        except (TimeoutError, CancelledError):
            return {"error": "the event loop does not answer"}

    async def _provision(self) -> None:
        thingsboard, data_dir = self._settings.thingsboard, self._settings.data_dir
        if is_wanted(thingsboard):
            await Provisioning(
                thingsboard, data_dir, is_up=lambda: self._publisher.state.upstream_connected, rng=self._rng
            ).run()

    async def _report_self(self) -> None:
        """Tell ThingsBoard how the gateway itself is doing, a message a minute."""
        restarts = count_start(self._settings.data_dir)
        while True:
            await asyncio.sleep(_REPORT_EVERY_S)
            report = await asyncio.to_thread(self._status.report)
            self._publisher.report({**report.figures(), "restarts": restarts})

    async def _read_meters(self, stop: asyncio.Event) -> None:
        if not self._meters and self._outbox.foreign and self._settings.thingsboard.host is None:
            # .env was here before: whoever took it away did not ask for invented values.
            logger.bind(stage="config").error(
                "no meters are configured, and samples of other settings wait in the outbox: nothing is read until "
                ".env is back (docker compose up -d). `bridge outbox list` shows what waits"
            )
        elif not self._meters:
            self._meters = [await self._demo_meter()]
        if any(meter.keys is not None for meter in self._meters):
            title = await self._system_title()
            self._meters = [meter.titled(title) for meter in self._meters]
        pollers = self._pollers()
        self._status.watch(tuple(Watched(name, poller) for name, poller in pollers.items()))
        self._commands = Commands(
            {self._devices.get(name, name): poller for name, poller in pollers.items()}, clock_s=time.time
        )
        async with asyncio.TaskGroup() as reading:
            tasks = [reading.create_task(poller.run(), name=f"meter {name}") for name, poller in pollers.items()]
            await stop.wait()
            logger.info("dlms-bridge | stopping: releasing the meters")
            for task in tasks:
                task.cancel()

    async def _system_title(self) -> bytes:
        """Return the title of the bridge, for meters that cipher; the others are read whatever the disk does."""
        try:
            return await asyncio.to_thread(self._counters.system_title)
        except AssociationError as error:
            logger.bind(stage="disk").warning(
                "counters | meters that cipher {} | {}; they wait until it can be written", error, error.hint
            )
            return passing_title()  # without a counter from the disk nothing is sent under it

    def _pollers(self) -> dict[str, Poller]:
        link_settings = self._settings.link
        connecting = asyncio.Semaphore(link_settings.max_connecting)
        doubtful = asyncio.Semaphore(max(link_settings.max_connecting // 2, 1))
        links: dict[tuple[str, int], Link] = {}
        pollers = {}
        traced = self._settings.log.traced
        ramp = Ramp(_ASSOCIATIONS_GAP_S)
        refusals = Refusals(self._settings.data_dir, forgiving=True)
        for number, meter in enumerate(self._meters):
            where = (meter.host.lower(), meter.port)
            if where not in links:
                links[where] = Link(
                    *where,
                    meter.framing,
                    connect_timeout_s=link_settings.connect_timeout_s,
                    connecting=connecting,
                    doubtful=doubtful,
                )
            links[where].join(frame_gap_s=meter.frame_gap_s, reconnect_gap_s=meter.reconnect_gap_s)
            self._metrics.expect(meter.name, interval_s=meter.interval_s, link=str(links[where]), profile=meter.profile)
            pollers[meter.name] = Poller(
                meter,
                links[where],
                sink=self._take,
                notice=self._publisher.notice,
                metrics=self._metrics,
                rng=self._rng,
                # The cycles of a fleet are spread, so that it does not connect in one instant; the ramp does the rest.
                start_delay_s=min(meter.interval_s, _START_SPREAD_S) * number / len(self._meters),
                watch=self._watch(meter, traced=meter.name.lower() in traced),
                counters=self._counters,
                ramp=ramp,
                refusals=refusals,
            )
        if unknown := traced - {name.lower() for name in pollers}:
            logger.warning("LOG__TRACE_METERS | there is no meter {}", ", ".join(sorted(unknown)))
        return pollers

    def _watch(self, meter: Meter, *, traced: bool) -> Watch | None:
        """Return who sees the meter's frames: the trace that was asked for, the last few, the clock of its requests."""
        trace = Trace(meter.name, meter.secrets) if traced else None
        took = self._metrics.request_duration(meter.name)
        if took is None:  # a fleet: what every frame costs is not spent
            return trace
        recent = self._recent[meter.name] = RecentFrames(meter.secrets, trace)
        return Stopwatch(took, recent)

    def _frames(self, name: str) -> str:
        recent = self._recent.get(name)
        return recent.text() if recent else ""

    async def _demo_meter(self) -> Meter:
        server = await demo.serve()
        port = server.sockets[0].getsockname()[1]
        logger.warning(
            "no meters configured (METERS__<NAME>__HOST or METERS_FILE) | reading the built-in demo meter as {!r}: "
            "its values are invented",
            _DEMO_NAME,
        )
        settings = MeterSettings.model_validate(
            {"host": "127.0.0.1", "port": port, "profile": "microstar", "password": demo.DEMO_PASSWORD}
        )
        return resolve(_DEMO_NAME, settings, load_profile(settings.profile), self._settings.poll)

    async def _carry_out(self, device: str, method: str, params: Any) -> dict[str, Any]:
        return await self._commands.carry_out(device, method, params)

    def _take(self, sample: Sample) -> None:
        self._outbox.put(sample)
        self._publisher.live(sample)

    def _healthy(self) -> Check:
        silence_s = self._watchdog.silence_s
        if silence_s > _LOOP_SILENCE_S:
            return False, f"the event loop has not run for {silence_s:.0f} s"
        return True, "ok"

    def _page(self) -> bytes:
        self._wellness.show(self._metrics)
        return self._metrics.page.text()


def complain(error: ConfigError) -> int:
    """Print every problem of ``error`` on standard error and return the exit code: 2."""
    with suppress(BrokenPipeError):
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        count = len(error.problems)
        sys.stderr.write(f"{count} {'mistake' if count == 1 else 'mistakes'} in the configuration; {error.hint}\n")
    return 2
