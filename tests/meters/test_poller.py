"""One meter's life against a real TCP server with gurux's server side behind it."""

import asyncio
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from loguru import logger
from prometheus_client import generate_latest

from bridge.demo import DEMO_PASSWORD, MeterServer, serve
from bridge.health.metrics import Metrics
from bridge.meters.link import Link
from bridge.meters.meter import resolve
from bridge.meters.poller import Poller
from bridge.meters.profile import load_profile
from bridge.settings import MeterSettings, PollSettings
from tests.meters.test_session import fixed_load


class Plant:
    """Meters on loopback, their pollers, and what came of it."""

    def __init__(self):
        self.metrics = Metrics()
        self.samples = asyncio.Queue()
        self.tasks = []
        self.servers = []
        self.links = {}
        self.pollers = {}
        self.notices = []
        self.lines = []

    async def meter(self, framing="hdlc", *, port=0, make=None):
        make = make or partial(MeterServer, framing=framing, load=fixed_load)
        server = await serve(port=port, framing=framing, meter=make)
        self.servers.append(server)
        return server.sockets[0].getsockname()[1]

    def read(self, name, port, framing="hdlc", **settings):
        given = {"host": "127.0.0.1", "port": port, "profile": "microstar", "password": DEMO_PASSWORD}
        interval_s = settings.pop("interval", 0.05)  # shorter than a technician may set
        given |= {"framing": framing, "timeout": 0.5} | settings
        settings = MeterSettings.model_validate(given)
        profile = load_profile("microstar").model_copy(update={"frame_gap_s": 0.0, "reconnect_gap_s": 0.0})
        meter = replace(resolve(name, settings, profile, PollSettings(retries=0)), interval_s=interval_s)
        link = self.links.get(port)
        if link is None:
            link = Link("127.0.0.1", port, framing, connect_timeout_s=1, connecting=asyncio.Semaphore(10))
            self.links[port] = link
        link.join()
        poller = self.pollers[name] = Poller(
            meter, link, sink=self.samples.put_nowait, notice=self.notices.append, metrics=self.metrics, rng=Quick()
        )
        task = asyncio.create_task(poller.run(), name=f"meter {name}")
        self.tasks.append(task)
        return task

    async def sample(self, meter=None):
        while True:
            sample = await asyncio.wait_for(self.samples.get(), 10)
            if meter in (None, sample.meter):
                return sample

    def figure(self, name, **labels):
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    async def until(self, name, figure, **labels):
        async with asyncio.timeout(10):
            while self.figure(name, **labels) < figure:
                await asyncio.sleep(0.01)

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for server in self.servers:
            server.close()


class Quick(Random):
    """Backoffs of 2 s become 20 ms: the steps are recovery's own test."""

    def uniform(self, a, b):
        return 0.01


@pytest.fixture
async def plant():
    plant = Plant()
    handler = logger.add(plant.lines.append, format="{level} {message}", level="DEBUG")
    yield plant
    await plant.stop()
    logger.remove(handler)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_a_meter_is_read_every_interval_and_its_samples_are_handed_on(plant, framing):
    plant.read("main", await plant.meter(framing), framing)
    first, second = await plant.sample(), await plant.sample()
    assert {value.key: value.value for value in first.values}["voltage_l1"] == 135.19
    assert second.ts_ms > first.ts_ms
    assert plant.figure("dlms_meter_up", meter="main") == 1
    assert plant.figure("dlms_meter_connects_total", meter="main") == 1
    assert plant.figure("dlms_meter_value", meter="main", key="active_energy", unit="Wh") == 56348


async def test_a_cycle_is_one_line_that_a_person_can_read(plant):
    plant.read("main", await plant.meter())
    await plant.sample()
    line = plant.lines[-1].strip()
    assert line.startswith("INFO main | V: 135.19 V | A: 1.23 A | Hz: 59.98 Hz | W: -156 W | Wh: 56348 Wh | 0.")


async def test_a_first_connection_that_fails_is_tried_like_any_other(plant):
    with_port = await plant.meter()
    plant.servers.pop().close()
    plant.read("main", with_port)
    await plant.until("dlms_meter_errors_total", 2, meter="main", stage="tcp")
    await plant.meter(port=with_port)
    assert (await plant.sample()).meter == "main"
    failures = [line for line in plant.lines if line.startswith("WARNING")]
    assert len(failures) == 1
    assert "main | tcp | 127.0.0.1" in failures[0]
    await plant.until("dlms_meter_up", 1, meter="main")
    assert any("main | back after" in line for line in plant.lines)


async def test_a_dead_meter_never_delays_another(plant):
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    dead = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    plant.read("dead", dead.sockets[0].getsockname()[1], timeout=30)
    plant.read("alive", await plant.meter())
    for _ in range(5):
        await plant.sample("alive")
    assert plant.figure("dlms_meter_cycles_total", meter="dead", result="ok") == 0
    dead.close()


async def test_a_meter_that_drops_the_connection_is_associated_with_again(plant):
    sides = []

    def make():
        sides.append(MeterServer(load=fixed_load))
        return sides[-1]

    port = await plant.meter(make=make)
    plant.read("main", port)
    await plant.sample()
    plant.links[port]._stream._transport.abort()
    await plant.until("dlms_meter_connects_total", 2, meter="main")
    await plant.sample()
    assert len(sides) == 2
    assert plant.figure("dlms_meter_reconnects_total", meter="main", reason="tcp") >= 1


async def test_a_meter_that_forgot_the_association_is_associated_with_again(plant):
    sides = []

    def make():
        sides.append(MeterServer(load=fixed_load))
        return sides[-1]

    plant.read("main", await plant.meter(make=make))
    await plant.sample()
    sides[-1].reset()
    await plant.until("dlms_meter_connects_total", 2, meter="main")


async def test_a_refused_password_is_named_and_the_meter_left_alone(plant):
    plant.read("main", await plant.meter(make=partial(MeterServer, password="another")))
    await plant.until("dlms_meter_errors_total", 1, meter="main", stage="auth")
    assert any("main | auth | " in line and "PASSWORD" in line for line in plant.lines)
    assert DEMO_PASSWORD not in "".join(plant.lines) + generate_latest(plant.metrics.registry).decode()


async def test_two_meters_behind_one_converter_share_the_connection_and_take_turns(plant):
    class Bus:
        """Two meters on one line: each answers what is addressed to it."""

        def __init__(self):
            self.meters = [MeterServer(server=1, load=fixed_load), MeterServer(server=2, load=fixed_load)]

        def answer(self, frame):
            return b"".join(meter.answer(frame) for meter in self.meters if frame[3] == meter._addresses[0] << 1 | 1)

    made = []

    def make():
        made.append(Bus())
        return made[-1]

    port = await plant.meter(make=make)
    plant.read("one", port, server=1)
    plant.read("two", port, server=2)
    for name in ("one", "two", "one", "two"):
        await plant.sample(name)
    assert len(made) == 1


async def test_a_cycle_that_overruns_its_interval_skips_and_never_piles_up(plant):
    class Slow(MeterServer):
        def answer(self, frame):
            plant.asked += 1
            return super().answer(frame)

    plant.asked = 0
    port = await plant.meter(make=partial(Slow, load=fixed_load))
    plant.read("main", port, interval=0.0005)
    await plant.until("dlms_meter_overruns_total", 3, meter="main")
    assert plant.figure("dlms_meter_errors_total", meter="main", stage="timeout") == 0


async def test_stopping_releases_the_meter(plant):
    seen = []

    class Watched(MeterServer):
        def answer(self, frame):
            seen.append(frame[5])
            return super().answer(frame)

    plant.read("main", await plant.meter(make=partial(Watched, load=fixed_load)))
    await plant.sample()
    await plant.stop()
    assert seen[-1] == 0x53  # DISC (IEC 62056-46, 6.4.3)


async def test_an_error_that_nobody_foresaw_is_logged_and_survived(plant):
    calls = []

    class Odd(MeterServer):
        def answer(self, frame):
            calls.append(frame)
            return super().answer(frame)

    port = await plant.meter(make=partial(Odd, load=fixed_load))
    task = plant.read("main", port)
    await plant.sample()
    plant.links[port].send = None  # as a bug would
    await plant.until("dlms_meter_errors_total", 1, meter="main", stage="decode")
    del plant.links[port].send
    await plant.sample()
    assert not task.done()


async def test_a_meter_is_introduced_at_its_association_with_what_is_known_of_it(plant):
    port = await plant.meter()
    plant.read("main", port)
    await plant.sample()
    introduced = plant.notices[0]
    assert (introduced.meter, introduced.present) == ("main", True)
    assert introduced.attributes["host"] == f"127.0.0.1:{port}"
    assert introduced.attributes["profile"] == "microstar"
    assert introduced.attributes["units"]["active_energy"] == "Wh"


async def test_a_meter_counts_as_gone_after_three_failures_in_a_row_and_is_introduced_again(plant):
    port = await plant.meter()
    plant.read("main", port)
    await plant.sample()
    plant.servers.pop().close()
    plant.links[port]._stream._transport.abort()
    async with asyncio.timeout(10):
        while len(plant.notices) < 2:
            await asyncio.sleep(0.01)
    assert not plant.notices[1].present
    assert plant.pollers["main"].state.cycles_failed >= 3
    assert plant.pollers["main"].state.condition == "failing"
    await plant.meter(port=port)
    await plant.until("dlms_meter_up", 1, meter="main")
    assert plant.notices[-1].present
