"""Whatever ThingsBoard asks for, no meter is ever written to or switched: the meter itself counts what it was asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

from bridge.demo import MeterMemory, MeterServer, serve
from bridge.demo.services import ServerServices
from tests.app.seen import one_meter
from tests.fakes.bridge_process import BridgeProcess
from tests.fakes.thingsboard import ThingsBoard

KNOWN = {"read": None, "getStats": None, "setInterval": 1}
UNKNOWN = {
    "setValue": {"obis": "0-0:96.3.10", "value": 0},
    "set": 1,
    "write": [0, 0, 96, 3, 10, 255],
    "disconnect": None,
    "remote_disconnect": {"class": 70, "method": 1},
    "setClock": "2020-01-01T00:00:00Z",
    "action": {"class": 70, "method": 2},
    "firmwareUpdate": {"url": "http://127.0.0.1/"},
}
"""What somebody may try who knows what meters can do."""


async def test_every_call_that_there_is_and_those_that_one_may_think_of_write_nothing(tmp_path, monkeypatch):
    asked = Counter()
    plain = ServerServices.answer
    monkeypatch.setattr(ServerServices, "answer", lambda self, apdu: asked.update([apdu[0]]) or plain(self, apdu))
    meter = await serve(meter=partial(MeterServer, memory=MeterMemory()))
    async with ThingsBoard() as upstream:
        settings = one_meter(meter.sockets[0].getsockname()[1])
        settings |= {"THINGSBOARD__HOST": "127.0.0.1", "THINGSBOARD__PORT": str(upstream.port)}
        bridge = BridgeProcess(tmp_path, None, THINGSBOARD__TOKEN="TOKEN", **settings)
        bridge.start()
        try:
            await upstream.until(3)
            calls = {name: upstream.rpc("main", name, params) for name, params in {**KNOWN, **UNKNOWN}.items()}
            upstream.share("main", interval=0.5, relay="off", clock="2020-01-01T00:00:00Z", obis={"1.0.1.8.0.255": 0})
            await answered(upstream, calls)
            again = {"reconnect": upstream.rpc("main", "reconnect", None)}  # the meter wants a rest of ten seconds then
            await answered(upstream, again)
            answers = {name: upstream.results[number] for name, number in calls.items()}
            assert all("error" in answers[name][1] for name in UNKNOWN), answers
            assert answers["read"][1]["values"], answers
        finally:
            bridge.kill()
            meter.close()
    assert set(asked) == {0xC0}, "GET and nothing else: no SET (C1), no ACTION (C3), no WRITE (06)"


async def answered(upstream, calls):
    async with asyncio.timeout(40):
        while not set(calls.values()) <= set(upstream.results):
            await asyncio.sleep(0.05)
