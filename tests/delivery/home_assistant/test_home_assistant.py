"""Home Assistant is told: at every connection, when it is back, on every change; and what is gone is taken back.

On a real mosquitto with the container's own script; Home Assistant is a subscriber with its user.
"""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import asynccontextmanager

import pytest

from bridge.configuration.settings import Settings
from bridge.delivery.home_assistant import home_assistant as module
from bridge.delivery.home_assistant.assembly import home_assistant
from bridge.sample import Layout, Presence
from tests.fakes.mosquitto_container import MosquittoContainer
from tests.fakes.neighbour import Neighbour

pytestmark = pytest.mark.broker
CONFIG, AVAILABILITY = "homeassistant/device/dlms_bridge_main/config", "availability/meters/main"
BRIDGE = "availability/bridge"
LAYOUT = Layout("main", ("e",), ("1-0:1.8.0",), ("Wh",))


class Poller:
    interval_s = 5.0


@pytest.fixture
def container(tmp_path):
    with MosquittoContainer(tmp_path) as container:
        container.start()
        container.until(container.serves)
        yield container


@pytest.fixture
def heard(container):
    password = container.password_of("home-assistant")
    with Neighbour(container.neighbours_port, "home-assistant", password, "homeassistant/#", "availability/#") as one:
        yield one


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "_JITTER_S", (0.0, 0.0))
    monkeypatch.setattr(module, "_AGAIN_S", 0.0)


@asynccontextmanager
async def told(tmp_path, container, *, meters=("main",), discovery=True, samples=True):
    """The part as the app wires it, with these meters, of which each gave a sample."""
    settings = Settings(
        data_dir=tmp_path,
        broker={"host": "127.0.0.1", "port": container.port, "credentials_file": container.credentials_file},
        home_assistant={"discovery": discovery},
    )
    part = home_assistant(settings, random.Random(1))
    pollers = {name: Poller() for name in meters}
    part.pollers = pollers
    running = asyncio.create_task(part.run())
    part.follow(pollers)
    for name in meters if samples else ():
        part.take(Layout(name, LAYOUT.keys, LAYOUT.obis, LAYOUT.units).sample(1, (5,)))
        part.notice(Presence(name, present=True))
    try:
        yield part
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(heard, holds):
    await asyncio.to_thread(heard.until, holds)


def is_told(heard):
    return heard.of(BRIDGE)[-1:] == [b"online"]


def nothing_is_owed(folder):
    return json.loads((folder / "home_assistant.json").read_text())["gone"] == []


async def test_a_meter_is_told_with_its_availability_and_the_bridges_comes_last(tmp_path, container, heard):
    async with told(tmp_path, container):
        await until(heard, lambda: is_told(heard))
        assert [topic for topic, *_ in heard.heard][-1] == BRIDGE
        assert json.loads(heard.of(CONFIG)[-1])["cmps"]["e"]["dev_cla"] == "energy"
        assert heard.of(AVAILABILITY)[-1] == b"online"
    await until(heard, lambda: heard.of(BRIDGE)[-1] == b"offline")  # an end in order, too


async def test_it_is_kept_by_the_broker_and_told_again_to_one_that_lost_it(tmp_path, container, heard):
    async with told(tmp_path, container):
        await until(heard, lambda: is_told(heard))
        password = container.password_of("home-assistant")
        later = Neighbour(container.neighbours_port, "home-assistant", password, "homeassistant/#")
        with later:
            await until(later, lambda: len(later.of(CONFIG)) == 1)
            assert later.heard[0][2], "retained"
        before = len(heard.of(CONFIG))
        container.stop()
        container.start()
        await until(heard, lambda: len(heard.of(CONFIG)) > before)


async def test_a_meter_that_is_away_is_told_as_it_was_and_is_not_available(tmp_path, container, heard):
    async with told(tmp_path, container):
        await until(heard, lambda: is_told(heard))
    first = heard.of(CONFIG)[-1]
    container.stop()
    container.start()
    container.until(container.serves)
    heard.heard.clear()
    async with told(tmp_path, container, samples=False):
        await until(heard, lambda: is_told(heard))
        assert heard.of(CONFIG) == [first]
        assert heard.of(AVAILABILITY) == [b"offline"]


async def test_home_assistant_that_is_back_is_told_again_and_nobody_else(tmp_path, container, heard, quick):
    async with told(tmp_path, container):
        await until(heard, lambda: is_told(heard))
        for wrong in (b"offline", b"", b"ONLINE", b"online " * 10_000, b"\xff\x00"):
            await asyncio.to_thread(heard.says, "homeassistant/status", wrong)
        await asyncio.sleep(1)
        assert len(heard.of(CONFIG)) == 1
        await asyncio.to_thread(heard.says, "homeassistant/status", b"online")
        await until(heard, lambda: len(heard.of(CONFIG)) == 2)


async def test_one_that_says_it_without_end_is_told_once(tmp_path, container, heard, monkeypatch):
    monkeypatch.setattr(module, "_JITTER_S", (0.0, 0.0))
    async with told(tmp_path, container):
        await until(heard, lambda: is_told(heard))
        for _ in range(50):
            await asyncio.to_thread(heard.says, "homeassistant/status", b"online")
        await asyncio.sleep(2)
        assert len(heard.of(CONFIG)) == 1, "not before 30 s have passed"


async def test_changes_are_told(tmp_path, container, heard):
    async with told(tmp_path, container) as part:
        await until(heard, lambda: is_told(heard))
        more = Layout("main", ("e", "v"), ("1-0:1.8.0", "1-0:32.7.0"), ("Wh", "V"))
        part.take(more.sample(2, (5, 230.0)))
        await until(heard, lambda: len(heard.of(CONFIG)) == 2)
        assert list(json.loads(heard.of(CONFIG)[-1])["cmps"]) == ["e", "v"]

        part.pollers["main"].interval_s = 600.0
        part.take(more.sample(3, (5, 230.0)))
        await until(heard, lambda: len(heard.of(CONFIG)) == 3)
        assert json.loads(heard.of(CONFIG)[-1])["cmps"]["e"]["exp_aft"] == 1830

        part.notice(Presence("main", present=True, attributes={"serial_number": "0012"}))
        await until(heard, lambda: len(heard.of(CONFIG)) == 4)
        assert json.loads(heard.of(CONFIG)[-1])["dev"]["sn"] == "0012"

        part.take(Layout("main", more.keys, more.obis, more.units).sample(4, (6, 231.0)))
        part.notice(Presence("main", present=False))
        await until(heard, lambda: heard.of(AVAILABILITY)[-1] == b"offline")
        assert len(heard.of(CONFIG)) == 4, "the same again is no news"


async def test_what_left_the_settings_while_the_bridge_was_off_is_taken_back_until_it_was_heard(
    tmp_path, container, heard, quick
):
    async with told(tmp_path, container, meters=("main", "hall")):
        await until(heard, lambda: is_told(heard))
    heard.heard.clear()
    for _ in range(2):  # nobody said that it is there: a later start says it again
        async with told(tmp_path, container, meters=("hall",)):
            await until(heard, lambda: is_told(heard) and heard.of(CONFIG) and heard.of(AVAILABILITY))
        assert heard.of(CONFIG) == [b""]
        assert heard.of(AVAILABILITY) == [b""]
        heard.heard.clear()
    async with told(tmp_path, container, meters=("hall",)):
        await until(heard, lambda: is_told(heard))
        await asyncio.to_thread(heard.says, "homeassistant/status", b"online")
        await until(heard, lambda: len(heard.of(CONFIG)) == 2)
        await until(heard, lambda: nothing_is_owed(tmp_path))
    heard.heard.clear()
    async with told(tmp_path, container, meters=("hall",)):
        await until(heard, lambda: is_told(heard))
    assert heard.of(CONFIG) == []


async def test_switched_off_everything_is_taken_back_and_then_there_is_no_connection(tmp_path, container, heard, quick):
    async with told(tmp_path, container):
        await until(heard, lambda: is_told(heard))
    heard.heard.clear()
    async with told(tmp_path, container, discovery=False) as part:
        await until(heard, lambda: heard.of(CONFIG) == [b""])
        await asyncio.to_thread(heard.says, "homeassistant/status", b"online")
        await until(heard, lambda: len(heard.of(CONFIG)) == 2)
        await until(heard, lambda: nothing_is_owed(tmp_path))
        assert b"online" not in heard.of(BRIDGE)
    async with told(tmp_path, container, discovery=False) as part:
        await asyncio.wait_for(part.run(), 5)


def test_one_that_only_sends_what_waits_takes_nothing_back(tmp_path, container):
    """Its meters are another shard's by now."""
    (tmp_path / "home_assistant.json").write_text(
        json.dumps({"destination": "Home Assistant", "meters": {}, "gone": [CONFIG]})
    )
    broker = {"host": "127.0.0.1", "port": container.port, "credentials_file": container.credentials_file}
    draining = Settings(data_dir=tmp_path, broker=broker, shard={"drain_only": True})
    asyncio.run(asyncio.wait_for(home_assistant(draining, random.Random(1)).run(), 5))
    owing = home_assistant(Settings(data_dir=tmp_path, broker=broker), random.Random(1))
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(owing.run(), 1))


async def test_a_disk_that_takes_nothing_stops_nothing(tmp_path, container, heard):
    (tmp_path / "home_assistant.new").mkdir()  # where the new file would be written
    async with told(tmp_path, container) as part:
        await until(heard, lambda: is_told(heard))
        part.take(Layout("main", ("v",), ("1-0:32.7.0",), ("V",)).sample(2, (230.0,)))
        await until(heard, lambda: len(heard.of(CONFIG)) == 2)
