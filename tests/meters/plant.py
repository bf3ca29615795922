"""Demo meters on loopback, real pollers reading them, and what came of it."""

import asyncio
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from loguru import logger

from bridge.configuration.meter import resolve
from bridge.configuration.profile import load_profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.demo import DEMO_PASSWORD, MeterServer, serve
from bridge.meters.link import Link
from bridge.meters.metrics import MeterMetrics
from bridge.meters.poller import Poller
from bridge.meters.refused_secrets import RefusedSecrets

RAW = {
    "1.1.32.7.0.255": 13519,
    "1.1.31.7.0.255": 1230,
    "1.1.14.7.0.255": 5998,
    "1.1.1.7.0.255": -156,
    "1.1.1.8.0.255": 56348,
}
HEALTHY = {"voltage_l1": 135.19, "current_l1": 1.23, "frequency": 59.98, "active_power": -156, "active_energy": 56348}
"""What the meters of this plant measure, as profile ``microstar`` shows it: any other value is a wrong one."""


def fixed_load(now_s):
    return RAW


class Quick(Random):
    """Backoffs of 2 s become 20 ms: the steps are recovery's own test."""

    def uniform(self, a, b):
        return 0.01


class Plant:
    """Meters and their pollers; ends with the test."""

    def __init__(self):
        self.metrics = MeterMetrics()
        self.samples = asyncio.Queue()
        self.tasks = []
        self.servers = []
        self.links = {}
        self.pollers = {}
        self.notices = []
        self.lines = []
        self.connecting = asyncio.Semaphore(50)

    async def meter(self, framing="hdlc", *, port=0, make=None, **arguments):
        """Start a meter, or with several makers several behind one port, and return the port."""
        make = make or partial(MeterServer, framing=framing, load=fixed_load, **arguments)
        server = await serve(port=port, framing=framing, meter=make)
        self.servers.append(server)
        return server.sockets[0].getsockname()[1]

    def read(self, name, port, framing="hdlc", **settings):
        """Start a poller. Settings are those of a meter, and the interval, gaps and retries in short.

        ``known``: whether the meter took the password or key before.
        """
        known = settings.pop("known", False)
        given = {"host": "127.0.0.1", "port": port, "profile": "microstar", "password": DEMO_PASSWORD}
        interval_s = settings.pop("interval", 0.05)  # shorter than a technician may set
        poll = PollSettings(retries=settings.pop("retries", 0))
        gaps = {name: settings.pop(name, 0.0) for name in ("frame_gap_s", "reconnect_gap_s")}
        changed = gaps | settings.pop("profile_changes", {})
        poller_arguments = {"rng": Quick(), "notice": self.notices.append} | settings.pop("poller", {})
        given |= {"framing": framing, "timeout": 0.5} | settings
        settings = MeterSettings.model_validate(given)
        profile = load_profile(settings.profile).model_copy(update=changed)
        meter = replace(resolve(name, settings, profile, poll), interval_s=interval_s)
        if known:
            refusals = poller_arguments.setdefault("refusals", RefusedSecrets(None))
            refusals.accepted(RefusedSecrets.where(meter.host, port, meter.server, meter.client), meter.secret)
        link = self.links.get(port)
        if link is None:
            link = Link("127.0.0.1", port, framing, connect_timeout_s=1, connecting=self.connecting)
            self.links[port] = link
        link.join(frame_gap_s=meter.frame_gap_s, reconnect_gap_s=meter.reconnect_gap_s)
        self.metrics.expect(name, interval_s=interval_s)
        poller = self.pollers[name] = Poller(
            meter,
            link,
            sink=self.samples.put_nowait,
            metrics=self.metrics,
            **poller_arguments,
        )
        task = asyncio.create_task(poller.run(), name=f"meter {name}")
        self.tasks.append(task)
        return task

    async def sample(self, meter=None, patience_s=20):
        """Return the next sample, of ``meter`` if it matters."""
        async with asyncio.timeout(patience_s):
            while True:
                sample = await self.samples.get()
                if meter in (None, sample.meter):
                    return sample

    def figure(self, name, **labels):
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    async def until(self, name, figure, **labels):
        """Wait until a metric has come to ``figure``."""
        async with asyncio.timeout(20):
            while self.figure(name, **labels) < figure:
                await asyncio.sleep(0.01)

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.01)  # the meters' side takes note


def values_of(sample):
    return {value.key: value.value for value in sample.values}


@pytest.fixture
async def plant():
    plant = Plant()
    handler = logger.add(lambda line: plant.lines.append(line.strip()), format="{level} {message}", level="DEBUG")
    yield plant
    await plant.stop()
    logger.remove(handler)
