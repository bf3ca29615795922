"""The real bridge against demo meters with a history, and a ThingsBoard that comes and goes: every interval, once."""

from __future__ import annotations

import asyncio
import random
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bridge.demo import Faults, MeterMemory, MeterServer, household, serve
from bridge.demo.past import Past
from bridge.ledger.store import LedgerStore
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.ports import free_port
from tests.fakes.thingsboard import ThingsBoard

if TYPE_CHECKING:
    from bridge.ledger.history import History

QUARTER_S, QUARTER_MS, DAY_S = 900, 900_000, 86_400
DAYS = 3
PITFALLS = {
    "plain": {},
    "cuts": {"power-cuts": "2"},
    "setback": {"clock-set-back": "1800", "profile-days": "16"},
    "entries": {"profile-range": "refused", "profile-null-data": "answer"},
    "whole": {"profile-range": "refused", "profile-entries": "refused", "profile-order": "unsorted"},
    "unix": {"profile-clock": "unix", "profile-order": "newest-first"},
    "few": {"profile-rows": "20", "profile-range": "excludes-start"},
}
"""A meter each; see ``bridge demo-meter --help``."""


def faults_of(name: str) -> Faults:
    return Faults({"profile-days": str(DAYS), **PITFALLS[name]})


def truth(name: str, until_s: float) -> dict[int, int]:
    """What the meter's register was at each stamp; a stamp that came again is a millisecond later."""
    faults = faults_of(name)
    capacity = int(float(faults.text("profile-days")) * 96)
    rows = list(Past(faults).captures(until_s - 2 * capacity * QUARTER_S, until_s, QUARTER_S))[-capacity:]
    found: dict[int, int] = {}
    for at_s, stamp_s in rows:
        stamp_ms = stamp_s * 1000
        while stamp_ms in found:
            stamp_ms += 1
        found[stamp_ms] = household(at_s)["1.1.1.8.0.255"]
    return found


class Site:
    """Meters, ThingsBoard, a bridge."""

    def __init__(self, bridge: BridgeProcess, server: ThingsBoard) -> None:
        self.bridge, self.server = bridge, server

    def start(self) -> None:
        """Start the bridge; its port of before may be another's by now."""
        self.bridge.port = free_port()
        self.bridge.start(HEALTH__PORT=str(self.bridge.port))

    def histories(self) -> dict[str, History]:
        if not (self.bridge.data / "ledger.db").exists():
            return {}
        store = LedgerStore(self.bridge.data / "ledger.db", read_only=True)
        found = {one.meter: one for one in store.histories() if one.kind == "intervals"}
        store.close()
        return found

    def open_intervals(self) -> dict[str, int]:
        """How many are still to come, by meter; those of the last hour do not count."""
        store = LedgerStore(self.bridge.data / "ledger.db", read_only=True)
        until_ms = int((time.time() - 3600) * 1000)
        found = {}
        for one in store.histories():
            if one.kind == "intervals":
                states = store.ranges(one.id, 0, until_ms)
                count = sum(one.intervals_in(part.start_ms, part.end_ms) for part in states
                            if part.state in ("wanted", "on its way"))  # fmt: skip
                found[one.meter] = count if states else 1
        store.close()
        return found

    def stored(self, meter: str, key: str) -> dict[int, object]:
        return {
            ts_ms: values[key] for (device, ts_ms), values in self.server.telemetry.items()
            if device == meter and key in values
        }  # fmt: skip

    async def until(self, condition, what: str, timeout_s: float = 100) -> None:
        until_s = time.monotonic() + timeout_s
        while not condition():
            assert self.bridge.process.poll() is None, self.bridge.lines()[-5000:]
            assert time.monotonic() < until_s, (
                f"{what} {self.histories() and self.open_intervals()}\n{self.bridge.lines()[-5000:]}"
            )
            await asyncio.sleep(0.1)


@pytest.fixture
async def site(tmp_path):
    servers, environ = [], {}
    for name in PITFALLS:
        faults, memory = faults_of(name), MeterMemory()
        server = await serve(
            framing="wrapper", meter=partial(MeterServer, framing="wrapper", faults=faults, memory=memory)
        )
        servers.append(server)
        environ |= {
            f"METERS__{name.upper()}__HOST": "127.0.0.1",
            f"METERS__{name.upper()}__PORT": str(server.sockets[0].getsockname()[1]),
            f"METERS__{name.upper()}__PROFILE": "microstar",
            f"METERS__{name.upper()}__FRAMING": "wrapper",
            f"METERS__{name.upper()}__PASSWORD": "12345678",
            f"METERS__{name.upper()}__DEVICE": name,
        }
    async with ThingsBoard() as upstream:
        bridge = BridgeProcess(
            tmp_path,
            None,
            THINGSBOARD__HOST="127.0.0.1",
            THINGSBOARD__PORT=str(upstream.port),
            THINGSBOARD__TOKEN="TOKEN",
            THINGSBOARD__VIA="direct",
            POLL__INTERVAL="1",
            LOG__LEVEL="WARNING",
            LEDGER__REQUESTS_PER_HOUR="100000",
            **environ,
        )
        yield Site(bridge, upstream)
        bridge.kill()
    for server in servers:
        server.close()


@pytest.mark.timeout(300)
async def test_every_interval_arrives_at_its_time_whoever_is_killed_meanwhile(site):
    rng, bridge, server = random.Random(5), site.bridge, site.server
    for life in range(5):
        site.start()
        rows = len(server.telemetry)
        await site.until(lambda rows=rows: len(server.telemetry) > rows + 60, "history comes")
        await asyncio.sleep(rng.uniform(0, 2))
        if life == 2:
            await server.kill()
            await asyncio.sleep(2)
            await server.start()
            await site.until(lambda rows=rows: len(server.telemetry) > rows + 200, "ThingsBoard is back")
        bridge.kill()
    site.start()
    await site.until(lambda: site.histories().keys() == PITFALLS.keys(), "each meter's history is known")
    await site.until(lambda: not any(site.open_intervals().values()), "all is there", 200)
    assert bridge.stop() == 0
    await server.settled()
    histories, until_s = site.histories(), time.time() - 3600
    store = LedgerStore(bridge.data / "ledger.db", read_only=True)
    for name in PITFALLS:
        came = {ts: value for ts, value in site.stored(name, "lp_active_energy").items() if ts <= until_s * 1000}
        true = {ts: value for ts, value in truth(name, until_s).items() if ts in came or ts > min(came)}
        assert came == true, name
        assert len(true) > (DAYS - 1) * 60, name
        days = {ts - ts % (DAY_S * 1000) for ts in came}
        had = set().union(*(store.had(histories[name].id, "lp_active_energy", day) for day in days))
        assert came.keys() <= had, name
        first = next(ts_ms for device, ts_ms in server.order if device == name)
        assert "lp_active_energy" not in server.telemetry[name, first], "the first value of a device is a live one"
    store.close()
