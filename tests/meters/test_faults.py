"""Every fault that a meter or its line may have, over real sockets: healthy values or none, and read again by itself.

What the fault is called is said in ``bridge/demo/faults.py``. The values of the plant never change, so that any other
value is a wrong one.
"""

import asyncio
import time
from functools import partial

import pytest

from bridge.demo import DEMO_PASSWORD, PUBLIC_CLIENT, Client, Faults, MeterMemory, MeterServer
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from tests.meters.plant import HEALTHY, RAW, fixed_load, values_of

LOOPS = ("uvloop",)

LISTS = {"list_items": 64, "conformance": ""}
KEYS = {"encryption_key": DEMO_ENCRYPTION_KEY.hex(), "authentication_key": DEMO_AUTHENTICATION_KEY.hex()}
CIPHERED = {"security": "authenticated-encryption"}
SHORT = {"referencing": "sn", "profile_changes": {"conformance": "", "list_items": 2}}
"""By short names: there is no invoke-id that would tell a late answer."""

# Fault, its argument, framing, what else the reader is told. A wrapper has no check sequence of its own: what is bent
# on its way shows only where the answer is authenticated.
LINE = [
    ("drop", 0.2, "hdlc", {}),
    ("drop", 0.2, "wrapper", {}),
    ("drop", 0.2, "hdlc", KEYS),
    ("drop", 0.2, "wrapper", KEYS),
    ("delay", 0.05, "hdlc", {}),
    ("delay", 0.05, "wrapper", {}),
    ("half-frames", 0.2, "hdlc", {}),
    ("half-frames", 0.2, "wrapper", {}),
    ("corrupt", 0.2, "hdlc", {}),
    ("corrupt", 0.2, "wrapper", KEYS),
    ("missing-last-byte", 0.3, "hdlc", {}),
    ("missing-last-byte", 0.2, "wrapper", {}),
    ("echo", "", "hdlc", {}),
    ("echo", "", "wrapper", {}),
    ("echo", "", "hdlc-mode-e", {}),
    ("late", 0.2, "hdlc", {}),
    ("late", 0.2, "wrapper", {}),
    ("late", 0.2, "wrapper", KEYS),
    ("reset", 0.1, "hdlc", {}),
    ("reset", 0.1, "wrapper", {}),
    ("slow", 5000, "hdlc", {"timeout": 2}),
    ("slow", 5000, "wrapper", {"timeout": 2}),
    ("garbage", 0.3, "hdlc", {}),
    ("garbage", 0.3, "wrapper", {}),
    ("shared-flag", "", "hdlc", {"profile_changes": {"window": 4}}),
    ("split", "", "hdlc", {"timeout": 2}),
    ("split", "", "wrapper", {"timeout": 2}),
    ("late", 0.2, "hdlc", SHORT),
    ("late", 0.2, "wrapper", SHORT),
    ("drop", 0.2, "hdlc", SHORT),
    ("drop", 0.2, "wrapper", SHORT),
    ("notify", 0.3, "wrapper", SHORT),
]
METER = [
    ("lies-list", "exception", "hdlc", {"profile_changes": LISTS}),
    ("lies-list", "exception", "wrapper", {"profile_changes": LISTS}),
    ("lies-list", "garbage", "hdlc", {"profile_changes": LISTS}),
    ("lies-list", "garbage", "wrapper", {"profile_changes": LISTS}),
    ("lies-list", "count", "hdlc", {"profile_changes": LISTS}),
    ("lies-list", "error", "wrapper", {"profile_changes": LISTS}),
    ("lies-list", "silent", "hdlc", {"profile_changes": LISTS}),
    ("lies-list", "silent", "wrapper", {"profile_changes": LISTS}),
    ("tiny-blocks", 16, "hdlc", {"profile_changes": LISTS}),
    ("tiny-blocks", 16, "wrapper", {"profile_changes": LISTS}),
    ("notify", 0.3, "hdlc", {}),
    ("notify", 0.3, "wrapper", {}),
    ("notify", 0.3, "wrapper", {"profile_changes": LISTS}),
    ("forgets", 0.1, "hdlc", {}),
    ("forgets", 0.1, "wrapper", {}),
    ("exception", 0.1, "hdlc", {}),
    ("exception", 0.1, "wrapper", {}),
    ("nonsense", 0.2, "hdlc", {}),
]


def named(case):
    fault, argument, framing, settings = case
    more = (
        "-ciphered"
        if settings is KEYS
        else "-sn"
        if settings is SHORT
        else "-list"
        if settings.get("profile_changes") == LISTS
        else ""
    )
    return f"{fault}-{argument}-{framing}{more}"


def meter_with(faults, framing, *, ciphered=False, **arguments):
    arguments = {"framing": framing, "load": fixed_load, "memory": MeterMemory(), "faults": faults} | arguments
    return partial(MeterServer, **(CIPHERED if ciphered else {}), **arguments)


def check(sample):
    """Whatever is said without a doubt is what the meter measures."""
    for value in sample.values:
        assert value.quality or value.value == HEALTHY[value.key], sample.values


def heal(faults):
    faults._arguments.clear()


async def healthy_again(plant, patience_s=20):
    """Wait for a sample with every value, as of a meter without a fault."""
    async with asyncio.timeout(patience_s):
        while True:
            sample = await plant.sample()
            check(sample)
            if values_of(sample) == HEALTHY and not any(value.quality for value in sample.values):
                return


@pytest.mark.parametrize("case", LINE + METER, ids=named)
@pytest.mark.parametrize("seed", [1, 2])
async def test_only_healthy_values_come_through_and_the_meter_is_read_on(plant, case, seed):
    fault, argument, framing, settings = case
    faults = Faults({fault: argument}, seed=seed)
    referencing = settings.get("referencing", "ln")
    make = meter_with(faults, framing, ciphered=settings is KEYS, referencing=referencing)
    port = await plant.meter(framing, make=make)
    plant.read("main", port, framing, known=True, **({"retries": 2, "timeout": 0.1, "interval": 0.02} | settings))
    for _ in range(8):
        check(await plant.sample())
    heal(faults)
    await healthy_again(plant)
    assert not plant.tasks[0].done()


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
@pytest.mark.parametrize("fault", [("silent", 1), ("slow", 1), ("drop", 1), ("half-frames", 1), ("corrupt", 1)])
async def test_a_meter_that_cannot_be_read_at_all_gives_nothing_and_is_read_once_it_can_be(plant, fault, framing):
    faults = Faults(dict([fault]))
    if (fault[0], framing) == ("corrupt", "wrapper"):
        port = await plant.meter(framing, make=meter_with(faults, framing, ciphered=True))
        plant.read("main", port, framing, timeout=0.05, known=True, **KEYS)
    else:
        port = await plant.meter(framing, make=meter_with(faults, framing))
        plant.read("main", port, framing, timeout=0.05)
    async with asyncio.timeout(20):
        while plant.pollers["main"].state.cycles_failed < 3:
            await asyncio.sleep(0.01)
    assert plant.samples.empty()
    heal(faults)
    await healthy_again(plant)


@pytest.mark.parametrize("manners", ["refuse", "ignore"])
async def test_a_meter_that_takes_one_session_at_a_time_is_read_once_the_other_client_is_gone(plant, manners):
    port = await plant.meter(make=meter_with(Faults({"one-session": manners}), "hdlc"))
    _, other = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(0.02)
    plant.read("main", port, timeout=0.05)
    async with asyncio.timeout(20):
        while plant.pollers["main"].state.cycles_failed < 2:
            await asyncio.sleep(0.01)
    assert plant.samples.empty()
    other.close()
    await healthy_again(plant)


@pytest.mark.parametrize("settings", [{}, {"profile_changes": LISTS}], ids=["single", "list"])
@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_a_register_that_is_refused_does_not_fail_the_others(plant, framing, settings):
    port = await plant.meter(framing, make=meter_with(Faults({"refuse": ["1.1.31.7.0.255"]}), framing))
    plant.read("main", port, framing, **settings)
    values = values_of(await plant.sample())
    assert values == {key: value for key, value in HEALTHY.items() if key != "current_l1"}
    assert plant.figure("dlms_meter_cycles_total", meter="main", result="ok") >= 1
    assert any("refuses 1-1:31.7.0" in line for line in plant.lines)


@pytest.mark.parametrize("how", ["same", "low", "jump"])
@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_wrong_counters_of_the_meter_let_no_wrong_value_through(plant, framing, how):
    faults = Faults({"counter": how})
    port = await plant.meter(framing, make=meter_with(faults, framing, ciphered=True))
    plant.read("main", port, framing, **KEYS)
    await asyncio.sleep(0.3)
    while not plant.samples.empty():
        check(plant.samples.get_nowait())
    heal(faults)
    await healthy_again(plant)


@pytest.mark.parametrize("silent", [False, True], ids=["says-so", "silent"])
@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_a_counter_that_the_meter_finds_too_low_is_raised_above_what_it_has_seen(plant, framing, silent):
    memory = MeterMemory()
    memory.received[1] = 5_000_000  # by another program, with the same key
    clients = (PUBLIC_CLIENT, Client(1, "low", DEMO_PASSWORD.encode(), "authenticated-encryption"))
    make = meter_with(Faults(), framing, clients=clients, memory=memory, silent_on_low_counter=silent)
    plant.read("main", await plant.meter(framing, make=make), framing, timeout=0.1, **KEYS)
    await healthy_again(plant)
    assert memory.received[1] > 5_000_000
    memory.received[1] += 5_000_000  # and once more, in the middle of it
    await healthy_again(plant)
    await plant.until("dlms_meter_connects_total", 2, meter="main")
    await healthy_again(plant)
    assert memory.received[1] > 10_000_000


async def test_the_late_answer_to_one_request_is_never_taken_for_the_next(plant):
    """Each register has a value of its own, so that an answer in the wrong place shows."""
    faults = Faults({"late": 0.3}, seed=5)
    port = await plant.meter("wrapper", make=meter_with(faults, "wrapper"))
    plant.read("main", port, "wrapper", retries=2, timeout=0.05, interval=0.02)
    for _ in range(15):
        check(await plant.sample())
    assert faults.counts["late"] > 3
    assert plant.figure("dlms_meter_reconnects_total", meter="main", reason="timeout") > 3


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_flags_within_a_frame_end_nothing(plant, framing):
    raw = RAW | {"1.1.32.7.0.255": 0x7E7E, "1.1.1.8.0.255": 0x7E7E7E7E}
    port = await plant.meter(framing, make=partial(MeterServer, framing=framing, load=lambda _: raw))
    plant.read("main", port, framing, interval=0.005)
    for _ in range(50):
        values = values_of(await plant.sample())
        assert (values["voltage_l1"], values["active_energy"]) == (323.82, 0x7E7E7E7E)
    assert plant.figure("dlms_meter_stale_bytes_total", meter="main") == 0
    assert plant.figure("dlms_meter_connects_total", meter="main") == 1


async def test_sequence_numbers_hold_for_hundreds_of_requests(plant):
    port = await plant.meter()
    plant.read("main", port, interval=0.002)
    for _ in range(100):  # five requests each, and the numbers go up to seven
        assert values_of(await plant.sample()) == HEALTHY
    assert plant.figure("dlms_meter_connects_total", meter="main") == 1
    assert plant.figure("dlms_meter_retries_total", meter="main", level="request") == 0


async def test_scalers_are_read_at_the_association_and_never_again(plant):
    asked = []

    class Counted(MeterServer):
        def frames(self, frame):
            asked.append(frame)
            return super().frames(frame)

    port = await plant.meter(make=partial(Counted, load=fixed_load))
    plant.read("main", port, interval=60)
    await plant.sample()
    for _ in range(3):
        before = len(asked)
        await plant.pollers["main"].read_now()
        assert len(asked) - before == 1  # all of them in one list, and no scaler


async def test_a_sample_has_the_time_of_its_reading(plant):
    port = await plant.meter()
    before_ms = time.time() * 1000
    plant.read("main", port)
    sample = await plant.sample()
    assert before_ms - 1 <= sample.ts_ms <= time.time() * 1000
