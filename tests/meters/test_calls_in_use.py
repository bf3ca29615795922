"""What else comes over a meter's call: what it pushes amid its answers, and the meters behind the same modem."""

from __future__ import annotations

import asyncio
from functools import partial
from random import Random

import pytest

from bridge.clock.assembly import open_clock
from bridge.configuration.load import load
from bridge.configuration.meter import resolve_all
from bridge.demo import DEMO_PASSWORD, PUBLIC_CLIENT, Client, MeterServer
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from bridge.meters.fleet import Fleet
from bridge.meters.incoming_calls import IncomingCalls
from tests.configuration.loading import NOWHERE
from tests.dlms.push.gurux_pushes import notifier, pushed
from tests.meters.calling_meters import CALL, WRAPPED, Answering, a_meter_calls, link_on
from tests.meters.link_peer import ask
from tests.meters.plant import HEALTHY, fixed_load, plant, values_of  # noqa: F401 - a fixture

LOOPS = ("asyncio", "uvloop")


class Pushes:
    """What gurux's notifier makes of one push after the other."""

    def __init__(self, *, every=1, **arguments):
        self.arguments, self.every, self.asked, self.sent = arguments, every, 0, []

    def __call__(self):
        self.asked += 1
        if self.asked % self.every:
            return b""
        frames = pushed(notifier(counter=len(self.sent) + 1, pdu_bytes=1024, **self.arguments))
        self.sent.append(b"".join(frames))
        return self.sent[-1]


KEYS = {
    "encryption_key": DEMO_ENCRYPTION_KEY.hex(), "authentication_key": DEMO_AUTHENTICATION_KEY.hex(),
    "security": "authenticated-encryption",
}  # fmt: skip
GENERAL = {"general_ciphering": True}


@pytest.mark.parametrize("to", [(1, 1), (2, 3)], ids=["us", "another client, now and then"])
@pytest.mark.parametrize("pushes_with", [0, 0x30], ids=["plain", "ciphered"])
@pytest.mark.parametrize("reads_with", [{}, KEYS, KEYS | GENERAL], ids=["read plain", "ciphered", "general ciphering"])
@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_what_the_meter_pushes_amid_a_conversation_is_passed_on(plant, framing, reads_with, pushes_with, to):  # noqa: F811
    us = Client(1, "low", DEMO_PASSWORD.encode(), reads_with.get("security", "none"))
    meter_port = await plant.meter(
        framing, clients=(us, PUBLIC_CLIENT), general_ciphering=GENERAL.items() <= reads_with.items()
    )
    calls = IncomingCalls("main", asyncio.get_running_loop().time)
    plant.links[CALL] = link_on(calls, framing)
    pushes = Pushes(framing=framing, security=pushes_with, client=to[0], every=to[1])
    async with Answering(calls) as bridge:
        plant.read("main", CALL, framing, interval=0.05, timeout=10, **reads_with)
        _, ways = await a_meter_calls(bridge, meter_port, pushes)
        while len(pushes.sent) < 8:
            assert values_of(await plant.sample("main")) == HEALTHY
        assert plant.figure("dlms_meter_cycles_total", meter="main", result="failed") == 0
        assert plant.figure("dlms_meter_connects_total", meter="main") == 1, "no association was lost"
        assert plant.links[CALL].generation == 1, "nobody but the meter could open another connection"
        assert plant.figure("dlms_meter_retries_total", meter="main", level="request") == 0
        passed_on = b"".join(bridge.unasked)
        assert b"".join(pushes.sent).startswith(passed_on)
        assert len(passed_on) >= len(b"".join(pushes.sent[:-1])), "all but what is on its way"
        await plant.stop()
        await asyncio.gather(*ways, return_exceptions=True)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_several_meters_behind_one_modem_are_read_over_its_one_call(plant, tmp_path, framing):  # noqa: F811
    named = {
        "METERS__MAIN__CALLER_ID": "imei 351",
        "METERS__HALL__VIA_CALLER": "Main",
        "METERS__ROOF__VIA_CALLER": "main",
    }
    each = {"DIAL_IN": "true", "PROFILE": "microstar", "PASSWORD": DEMO_PASSWORD, "FRAMING": framing, "TIMEOUT": "10"}
    for number, name in enumerate(("HALL", "MAIN", "ROOF"), 1):  # the one that is called after need not be the first
        named |= {f"METERS__{name}__{field}": value for field, value in each.items()}
        named[f"METERS__{name}__SERVER"] = str(number)
    settings = load({"LISTEN__PORT": "4059", "DATA_DIR": str(tmp_path), "POLL__INTERVAL": "0.2", **named}, NOWHERE)
    meter_port = await plant.meter(
        framing, make=[partial(MeterServer, framing=framing, server=n, load=fixed_load) for n in (1, 2, 3)]
    )
    clock, _ = open_clock(tmp_path, patience_s=0)
    fleet = Fleet(
        settings, sink=plant.samples.put_nowait, notice=plant.notices.append, metrics=plant.metrics, rng=Random(1),
        clock=clock,
    )  # fmt: skip
    pollers = await fleet.pollers(resolve_all(settings))
    assert len({poller._link for poller in pollers.values()}) == 1
    async with Answering(fleet.calls["roof"]) as bridge:
        plant.tasks += [asyncio.create_task(poller.run()) for poller in pollers.values()]
        _, ways = await a_meter_calls(bridge, meter_port)
        for name in ("hall", "main", "roof", "hall", "main", "roof"):
            assert values_of(await plant.sample(name)) == HEALTHY
        for name in ("hall", "main", "roof"):
            assert plant.figure("dlms_meter_cycles_total", meter=name, result="failed") == 0
        assert not bridge.gone
        await plant.stop()
        await asyncio.gather(*ways, return_exceptions=True)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_a_message_that_has_begun_is_let_come_to_its_end_before_anything_is_asked(framing):
    calls = IncomingCalls("main", asyncio.get_running_loop().time)
    link = link_on(calls, framing)
    message = b"".join(pushed(notifier(framing, client=1, pdu_bytes=1024)))
    async with Answering(calls) as bridge:
        reader, writer = await bridge.called()
        await link.open()
        writer.write(message[:30])
        while b"".join(bridge.unasked) != message[:30]:
            await asyncio.sleep(0)
        asked = asyncio.create_task(link.converse(ask(b"?"), 5))
        await asyncio.sleep(0.05)
        assert not asked.done()
        writer.write(message[30:])
        assert await reader.readexactly(1) == b"?"
        assert b"".join(bridge.unasked) == message
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        link.close()


async def test_the_rest_of_a_message_is_not_waited_for_without_end():
    calls = IncomingCalls("main", asyncio.get_running_loop().time)
    link = link_on(calls, "wrapper")
    async with Answering(calls) as bridge:
        reader, writer = await bridge.called()
        await link.open()
        writer.write(WRAPPED[:-1])
        while not bridge.unasked:
            await asyncio.sleep(0)
        asked = asyncio.create_task(link.converse(ask(WRAPPED), 5))
        assert await reader.readexactly(len(WRAPPED)) == WRAPPED
        writer.write(WRAPPED)
        assert await asked == [WRAPPED]
        link.close()
