"""Meters and converters with manners of their own, as people reported them: a row each, and what comes of it.

The manners are the demo meter's, see ``bridge/demo/faults.py``: real pollers read it over real sockets.
"""

import asyncio
import re
from functools import partial
from pathlib import Path

import pytest

from bridge.demo import PUBLIC_CLIENT, Client, Faults, MeterMemory, MeterServer
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from bridge.demo.fault_table import TABLE
from tests.meters.plant import HEALTHY, fixed_load, values_of

LOOPS = ("uvloop",)

LIST = {"profile_changes": {"list_items": 64, "conformance": ""}}
SINGLE = {"profile_changes": {"list_items": 0, "conformance": ""}}
SHORT = {"referencing": "sn"}
FREQUENCY = "1.1.14.7.0.255"
KEYS = {"encryption_key": DEMO_ENCRYPTION_KEY.hex(), "authentication_key": DEMO_AUTHENTICATION_KEY.hex()}
BOTH = "authenticated-encryption"
CLIENTS = {"clients": (PUBLIC_CLIENT, Client(1, "gmac", b"", security=BOTH))}
GMAC = KEYS | {"authentication": "gmac", "password": None, "counter_obis": "0-0:43.1.0"}
ONE_BY_ONE = "offers GET-WITH-LIST and fails at it"

# Manner, framing, the meter, the reader, what the log says.
READ_IN_FULL = [
    *(
        (f"lies-list={how}", framing, {}, LIST, ONE_BY_ONE)
        for how in ("choice", "refused", "closes", "dm", "silent", "count")
        for framing in ("hdlc", "wrapper")
        if (how, framing) != ("dm", "wrapper")
    ),
    *(
        (f"lies-value-list={how}", framing, {}, LIST, ONE_BY_ONE)
        for how in ("choice", "count", "exception", "error", "refused", "garbage", "silent", "closes")
        for framing in ("hdlc", "wrapper")
    ),
    ("lies-value-list=choice", "hdlc", SHORT, LIST | SHORT, ONE_BY_ONE),
    ("closes-on-list", "hdlc", {}, LIST, ONE_BY_ONE),
    ("closes-on-list", "wrapper", {}, LIST, ONE_BY_ONE),
    ("release-closes", "hdlc", CLIENTS, GMAC, ""),
    ("release-closes", "wrapper", CLIENTS, GMAC, ""),
    ("", "hdlc-mode-e", CLIENTS, GMAC, ""),
    ("aare-zero-for-hls", "hdlc", {"authentication": "high"}, {"authentication": "high"}, ""),
    ("aare-zero-for-hls", "wrapper", {"authentication": "sha256"}, {"authentication": "sha256"}, ""),
    ("talks", "hdlc", {}, {}, ""),
    ("telnet", "hdlc", {}, {}, ""),
    ("telnet", "wrapper", {}, {}, ""),
    ("short-address", "hdlc", {"server": 0x81}, {"server": 0x81, "server_address_bytes": 2}, ""),
    ("short-address", "hdlc", {"server": 17}, {"server": 17, "server_address_bytes": 4}, ""),
]
# The same, and the quality of the frequency; all other values are right.
READ_BUT_ONE = [
    *(
        (f"silent-object={FREQUENCY}", framing, more, settings | more, r"1-1:14\.7\.0 is left out", "no answer")
        for framing in ("hdlc", "wrapper")
        for settings in (SINGLE, LIST)
        for more in ({}, SHORT)
    ),
    *(
        (f"closes-on-object={FREQUENCY}", framing, {}, settings, r"1-1:14\.7\.0 is left out", "no answer")
        for framing in ("hdlc", "wrapper")
        for settings in (SINGLE, LIST)
    ),
    *(
        (f"unreadable-object={FREQUENCY}", framing, {}, settings, r"1-1:14\.7\.0 is left out", "unreadable answer")
        for framing in ("hdlc", "wrapper")
        for settings in (SINGLE, LIST)
    ),
    *(
        (f"short-answer={FREQUENCY}", framing, {}, SINGLE, said, "damaged answer")
        for framing, said in (("hdlc", "their check sequence is wrong"), ("wrapper", "a frame announces"))
    ),
]
# Manner, framing, the meter, the reader, and as what it is named: stage and words.
NAMED = [
    ("xon-xoff", "hdlc", {}, SINGLE, r"framing \| .*check sequence is wrong.*XON/XOFF"),
    ("pushes=0.01", "hdlc", {}, {}, r"timeout \| .*the port pushes by itself"),
    ("silent,echo", "hdlc", {}, {}, r"framing \| .*the request itself came back"),
    ("frmr", "hdlc", {}, {}, r"association \| answers FRMR: it rejects the frame"),
    ("text", "hdlc", {}, {}, r'decode \| sent text in a frame: "login:"'),
    ("text", "wrapper", {}, {}, r'decode \| answers the association with text: "login:"'),
    ("mode-c", "hdlc-mode-e", {}, {}, r"association \| answers the acknowledgement of mode E with P0"),
    ("no-proof", "hdlc", {"authentication": "high"}, {"authentication": "high"}, r"auth \| does not prove"),
    ("", "hdlc", SHORT, {}, r"association \| uses short names.*REFERENCING=sn"),
    ("silent", "hdlc", {}, {}, r"timeout \| .*: no answer within"),
]


def named(row):
    return (
        "-".join(str(part) for part in row[:2])
        + ("-sn" if SHORT.items() <= row[3].items() else "")
        + ("-list" if LIST.items() <= row[3].items() else "")
    )


async def read(plant, row, **more):
    manner, framing, meter, settings, *_ = row
    faults = Faults.parse([manner])
    make = partial(MeterServer, framing=framing, load=fixed_load, memory=MeterMemory(), faults=faults, **meter)
    plant.read("main", await plant.meter(framing, make=make), framing, timeout=0.1, retries=2, **settings, **more)


def was_said(plant, said):
    return any(re.search(said, line) for line in plant.lines)


@pytest.mark.parametrize("row", READ_IN_FULL, ids=named)
async def test_it_is_read_in_full(plant, row):
    await read(plant, row)
    sample = await plant.sample()
    assert values_of(sample) == HEALTHY
    assert not any(value.quality for value in sample.values)
    assert was_said(plant, row[4])


@pytest.mark.parametrize("row", READ_BUT_ONE, ids=named)
async def test_all_but_one_object_is_read_and_that_one_is_named(plant, row):
    await read(plant, row)
    async with asyncio.timeout(20):
        while not was_said(plant, row[4]):
            await plant.sample()
    sample = await plant.sample()
    assert values_of(sample) == HEALTHY | {"frequency": None}
    assert {value.key: value.quality for value in sample.values if value.quality} == {"frequency": row[5]}
    state = plant.pollers["main"].state
    assert list(state.left_out) == ["1-1:14.7.0"]
    assert plant.figure("dlms_meter_left_out_objects", meter="main") == 1
    assert plant.figure("dlms_meter_doubtful_values_total", meter="main") > 0


async def test_what_was_left_out_is_read_again_once_it_answers(plant):
    for framing in ("hdlc", "wrapper"):
        faults = Faults({"silent-object": FREQUENCY})
        make = partial(MeterServer, framing=framing, load=fixed_load, memory=MeterMemory(), faults=faults)
        plant.read(framing, await plant.meter(framing, make=make), framing, timeout=0.1, **SINGLE)
        async with asyncio.timeout(20):
            while not plant.pollers[framing].state.left_out:
                await plant.sample(framing)
            faults._arguments.clear()
            while values_of(await plant.sample(framing)) != HEALTHY:
                pass
        assert not plant.pollers[framing].state.left_out
        assert any(f"{framing} | 1-1:14.7.0 answers again" in line for line in plant.lines)


@pytest.mark.parametrize("row", NAMED, ids=named)
async def test_it_is_named(plant, row):
    await read(plant, row)
    async with asyncio.timeout(20):
        while not was_said(plant, row[4]):
            await asyncio.sleep(0.01)
    assert plant.samples.empty() or row[0] == "xon-xoff"  # it spares some registers


@pytest.mark.parametrize("how", ["exception", "service-error", "dm", "close", "silence"])
@pytest.mark.parametrize("authentication", ["low", "high"])
@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_a_wrong_secret_that_is_refused_without_a_word_goes_out_twice_and_no_more(
    plant, framing, authentication, how
):
    memory, sent = MeterMemory(lock_after=3), []

    class Counted(MeterServer):
        def frames(self, frame):
            sent.extend([frame] * ((b"invented" if authentication == "low" else b"\xc3\x01") in frame))
            return super().frames(frame)

    faults = Faults({"refuses-by": how})
    make = partial(
        Counted, framing=framing, load=fixed_load, memory=memory, faults=faults, authentication=authentication
    )
    port = await plant.meter(framing, make=make)
    plant.read("main", port, framing, timeout=0.05, retries=2, password="invented", authentication=authentication)
    state = plant.pollers["main"].state
    async with asyncio.timeout(20):
        while state.condition != "left alone":
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)  # thirty steps of the backoff
    assert len(sent) == 2
    assert memory.locks == 0


async def test_a_ciphered_meter_that_closes_on_a_low_counter_is_asked_for_its_counter_and_read(plant):
    """Somebody else used the key: the meter has seen higher numbers than ours, and hangs up."""

    class Closing(MeterServer):
        def frames(self, frame):
            answer = super().frames(frame)
            if not answer and b"\x60" in frame:
                self.faults.end("close")
            return answer

    memory = MeterMemory()
    make = partial(Closing, framing="wrapper", load=fixed_load, memory=memory, silent_on_low_counter=True, **CLIENTS)
    plant.read("main", await plant.meter("wrapper", make=make), "wrapper", timeout=0.2, **GMAC)
    await plant.sample()
    memory.received[1] = memory.received.get(1, 0) + 50_000
    plant.links[next(iter(plant.links))]._stream._transport.abort()
    while not plant.samples.empty():
        plant.samples.get_nowait()
    await plant.until("dlms_meter_connects_total", 2, meter="main")
    assert values_of(await plant.sample()) == HEALTHY


def test_no_manner_of_the_table_is_forgotten():
    shown = {part.partition("=")[0] for row in READ_IN_FULL + READ_BUT_ONE + NAMED for part in row[0].split(",")}
    from tests.meters.test_faults import LINE, METER  # noqa: PLC0415 - the faults by chance are there

    elsewhere = {"one-session", "refuse", "counter", "clock-jump", "refuses-by"}
    slices = (Path(__file__).parents[1] / "dlms" / "history" / "test_slices.py").read_text(encoding="utf-8")
    of_its_past = {fault for fault in TABLE if re.search(rf"\b{fault}\b", slices)}
    assert shown | {fault for fault, *_ in LINE + METER} | elsewhere | of_its_past | {""} == {*TABLE, ""}
