"""A bridge's delivery in virtual time, with users at the other end: they call, rename, delete, set shared attributes.

What is real: outbox, SQLite, publisher, upstream, calls, commands. What is not: paho, Mosquitto and ThingsBoard (the
models that repeat what was recorded), the clock, and the meters, which die and come back when they are told to.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import random
from collections import Counter
from functools import wraps
from typing import TYPE_CHECKING, Any

from bridge.configuration.settings import OutboxSettings, ThingsBoardSettings
from bridge.delivery.confirmation.choice import confirmation
from bridge.delivery.kept_file import KeptFile
from bridge.delivery.memory import NoMemory
from bridge.delivery.metrics import DeliveryMetrics
from bridge.delivery.mosquitto import MosquittoUpstream
from bridge.delivery.names import Names
from bridge.delivery.publisher import Publisher
from bridge.errors import LinkError
from bridge.meters.commands import Commands
from bridge.meters.state import MeterState
from bridge.outbox.outbox import Outbox
from bridge.sample import Presence, Sample, Value
from tests.delivery.simulation.broker import SimulatedBroker
from tests.delivery.simulation.line import Line
from tests.delivery.simulation.loop import VirtualLoop
from tests.delivery.simulation.mosquitto import Mosquitto
from tests.delivery.simulation.run import _close
from tests.delivery.simulation.server import Server
from tests.thingsboard.behaviour import Behaviour
from tests.thingsboard.events import CallResult, Deliver
from tests.thingsboard.server import ThingsBoard

if TYPE_CHECKING:
    from pathlib import Path

DESTINATION = "tb:1883"
TWO = {"main": "Hall 1", "east": "Hall 2"}
WALL_S = 1_800_000_000.0


def in_virtual_time(test):
    """Run an async test on a loop whose clock is jumped; nothing of it waits."""

    @wraps(test)
    def run(*args, **more):
        loop = VirtualLoop()
        try:
            loop.run_until_complete(test(*args, **more))
        finally:
            _close(loop)

    del run.__wrapped__  # pytest would take it for a coroutine
    run.__signature__ = inspect.signature(test)
    return run


class Meter:
    """What a poller is to the commands, with a meter that may be dead.

    ``answer_s``: how long an attempt takes, whether the meter answers or is found dead by it.
    """

    def __init__(self, name: str, clock_s) -> None:
        self.name, self._clock_s = name, clock_s
        self.state = MeterState()
        self.interval_s = 60.0
        self.reconnect_gap_s = 0.0
        self.is_alive = True
        self.answer_s = 0.3
        self.read_at_s: list[float] = []

    def set_interval(self, interval_s: float) -> None:
        self.interval_s = interval_s

    async def read_now(self) -> Sample:
        await self._attempt()
        sample = Sample(self.name, round(self._clock_s() * 1000), [Value("energy", "1-1:1.8.0", 1.5, "Wh")])
        self.state.succeeded(sample, self._clock_s())
        self.read_at_s.append(self._clock_s())
        return sample

    async def reconnect(self) -> None:
        await self._attempt()

    async def _attempt(self) -> None:
        await asyncio.sleep(self.answer_s)
        if not self.is_alive:
            error = LinkError(f"{self.name}: connection refused")
            self.state.failed(error, self._clock_s(), wait_s=2.0, left_alone=False)
            raise error


class Bridge:
    """One life: what is on disk in ``folder`` is found by the next."""

    def __init__(self, world: Users, folder: Path, devices: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        rng = random.Random(f"{world.seed} bridge")
        self.names = Names(devices, KeptFile(folder / "names.json", DESTINATION))
        self.outbox = Outbox(
            folder / "outbox.db",
            settings=OutboxSettings(commit_interval=0.2),
            destination=DESTINATION,
            devices=self.names,
            clock=world.wall_s,
        )
        self.commands = Commands(world.meters, clock_s=world.wall_s)
        self.publisher = Publisher(
            upstream=MosquittoUpstream(SimulatedBroker(world.mosquitto, loop, rng)),
            outbox=self.outbox,
            confirmation=confirmation(ThingsBoardSettings(host="thingsboard", token="TOKEN"), NoMemory(), rng),
            device_names=self.names,
            commands=self.carry_out,
            apply=self.commands.configure,
            shared_file=KeptFile(folder / "shared.json", DESTINATION),
            metrics=DeliveryMetrics(),
            rng=rng,
            clock=loop.time,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def carry_out(self, meter: str, method: str, params: Any) -> dict[str, Any]:
        if meter:
            return await self.commands.carry_out(meter, method, params)
        return {"of": "the gateway", "method": method}

    async def begin(self) -> None:
        await self.outbox.open()
        self.publisher.restore_shared()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(one.run()) for one in (self.outbox, self.publisher)]

    async def end(self, *, orderly: bool = True) -> None:
        if orderly:
            await self.publisher.leave(3.0)
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.outbox.close()
        for end in ends:
            assert isinstance(end, asyncio.CancelledError), end


class Users:
    """ThingsBoard, Mosquitto, a bridge, and what users do over there."""

    def __init__(self, folder: Path, devices: dict[str, str], *, seed: int = 1, line: Line | None = None, **behaviour):
        loop = asyncio.get_running_loop()
        self.loop, self.seed = loop, seed
        self._folder, self._devices = folder, devices
        self.model = ThingsBoard(Behaviour(**behaviour), rng=random.Random(f"{seed} thingsboard"))
        self.results: dict[int, tuple[int, Any, float]] = {}
        self._called_s: dict[int, float] = {}
        self._watch()
        self.server = Server(loop, self.model, line or Line(0.01), random.Random(f"{seed} line"))
        self.mosquitto = Mosquitto(loop, random.Random(f"{seed} mosquitto"), self.server.dial)
        self.meters = {name: Meter(name, self.wall_s) for name in devices}
        self.asked: Counter[tuple[int, str, int]] = Counter()
        """Calls that went out to the bridge: session, device as the session calls it, number."""
        self.answered: Counter[tuple[int, str, int]] = Counter()
        """Answers that came from it."""
        self.bridge: Bridge | None = None

    def wall_s(self) -> float:
        return WALL_S + self.loop.time()

    async def begin(self, **devices: str) -> Bridge:
        """Start the bridge; other device names in its settings are given by meter."""
        if not self.mosquitto.runs:
            self.mosquitto.start()
        self.bridge = Bridge(self, self._folder, {**self._devices, **devices})
        await self.bridge.begin()
        return self.bridge

    def put(self, meter: str, *stamps: int) -> None:
        for ts_ms in stamps:
            self.bridge.outbox.put(Sample(meter, ts_ms, [Value("energy", "1-1:1.8.0", ts_ms, "Wh")]))

    def tell(self, meter: str, state: str = "ok") -> None:
        self.bridge.publisher.tell_state(meter, state)

    def notice(self, meter: str) -> None:
        self.bridge.publisher.notice(Presence(meter, present=True, attributes={"serial": f"S-{meter}"}))

    def call(self, device: str, method: str, params: Any = None, timeout_s: float = 10) -> int:
        number = self.model.rpc(device, method, params, self.loop.time(), timeout_s=timeout_s)
        self._called_s[number] = self.loop.time()
        self.server.pump()
        return number

    async def answer(self, device: str, method: str, params: Any = None) -> Any:
        """Call and return the answer; fails where ThingsBoard gives up."""
        number = self.call(device, method, params)
        await self.until(lambda: number in self.results, 30)
        status, body, _ = self.results[number]
        assert status == 200, f"{device} {method}: {status}"
        return body

    def rename(self, old: str, new: str) -> None:
        self.model.rename_device(old, new, self.loop.time())
        self.server.pump()

    def delete(self, device: str) -> None:
        self.model.delete_device(device, self.loop.time())
        self.server.pump()

    def share(self, device: str, **attributes: Any) -> None:
        self.model.share(device, self.loop.time(), **attributes)
        self.server.pump()

    def close_session(self) -> None:
        self.model.close_sessions(self.loop.time())
        self.server.pump()

    def stamps(self, device: str) -> set[int]:
        self.model.store_until(self.loop.time())
        return {ts_ms for ts_ms, values in self.model.rows(device).items() if "energy" in values}

    def state(self, device: str) -> Any:
        self.model.store_until(self.loop.time())
        return self.model.attributes(device).get("state") if device in self.model.devices else None

    async def until(self, condition, within_s: float = 60.0) -> None:
        """Wait in steps of virtual time."""
        end_s = self.loop.time() + within_s
        while not condition():
            assert self.loop.time() < end_s, f"not within {within_s} s"
            await asyncio.sleep(0.05)
            self.server.pump()

    def _watch(self) -> None:
        """Note every call and every answer as they pass the model."""
        advance, publish = self.model.advance, self.model.publish

        def advanced(now_s):
            events = advance(now_s)
            for event in events:
                match event:
                    case CallResult(number=number, status=status, body=body):
                        assert number not in self.results
                        self.results[number] = status, body, self.loop.time() - self._called_s[number]
                    case Deliver(session=session, topic=topic, payload=payload) if "rpc" in topic:
                        self._note(self.asked, session, topic, payload)
            return events

        def published(session, now_s, *, topic, payload, **more):
            if "rpc" in topic:
                self._note(self.answered, session, topic, payload)
            publish(session, now_s, topic=topic, payload=payload, **more)

        self.model.advance, self.model.publish = advanced, published

    @staticmethod
    def _note(where, session, topic, payload) -> None:
        content = json.loads(payload)
        if topic == "v1/gateway/rpc":
            where[id(session), content["device"], content.get("id", content.get("data", {}).get("id"))] += 1
        elif "getSessionLimits" not in str(content) and "RateLimits" not in str(content):
            where[id(session), "GW", int(topic.rpartition("/")[2])] += 1


def stored(path: Path) -> Any:
    """What a kept file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


async def begun(folder: Path, devices: dict[str, str] = TWO, **more: Any) -> Users:
    """A bridge whose meters are all well and told."""
    users = Users(folder, devices, **more)
    await users.begin()
    for meter in devices:
        users.notice(meter)
        users.tell(meter)
    await users.until(lambda: all(users.state(device) == "ok" for device in devices.values()))
    return users
