"""What is asked of a meter between two live cycles gets its answer; no cycle waits for more than one question."""

import asyncio
import time
from datetime import UTC
from functools import partial

import pytest

from bridge.demo import Faults, MeterServer
from bridge.dlms.history import HistoryWays, examine, read_slice
from bridge.dlms.selective_access import by_number
from bridge.errors import AccessError, NotNow, ReplyTimeout
from bridge.ledger.reader import ErrandReader, HistorySource
from tests.meters.plant import fixed_load

PROFILE, UNKNOWN = "1.0.99.1.0.255", "1.0.99.77.0.255"
_ENOUGH_S = 0.01


def examined(session):
    return examine(session, PROFILE)


async def associated(plant, name="m"):
    await plant.sample(name)
    return plant.pollers[name].errands


async def carried(errands, make):
    """Carry an errand as soon as there is room for it, which is soon."""
    for kind in errands._took_s:
        errands._took_s[kind] = min(errands._took_s[kind], _ENOUGH_S)
    async with asyncio.timeout(20):
        while True:
            try:
                return await errands.carry(make)
            except NotNow as later:
                await asyncio.sleep(min(later.after_s, 0.05))


async def test_each_question_of_the_ledger_is_counted_and_none_that_did_not_go_out(plant):
    plant.read("m", await plant.meter("wrapper", faults=Faults({"profile-range": "short"})), "wrapper", interval=0.2)
    errands = await associated(plant)
    reader, source = ErrandReader(errands, lambda: None, UTC), HistorySource(PROFILE, "intervals", {})

    async def soon(ask):
        return await carried(Carrying(ask), None)

    class Carrying:
        _took_s = errands._took_s

        def __init__(self, ask):
            self.carry = lambda _: ask()

    for kind in errands._took_s:
        errands._took_s[kind] = 1e6
    with pytest.raises(NotNow):
        await reader.examine(source, None, round(time.time() * 1000))
    assert reader.asked == 0
    layout = await soon(lambda: reader.examine(source, None, round(time.time() * 1000)))
    examined_by = reader.asked
    assert examined_by > 3
    end_ms = round(time.time()) * 1000
    read = await soon(lambda: reader.read(layout, end_ms - 12 * 3_600_000, end_ms, HistoryWays()))
    assert reader.asked - examined_by >= read.requests > 3


@pytest.mark.parametrize("framing", ["hdlc", "wrapper"])
async def test_a_slice_of_the_history_comes_between_cycles_and_every_cycle_is_there(plant, framing):
    plant.read("m", await plant.meter(framing), framing, interval=0.2)
    errands = await associated(plant)
    layout = await carried(errands, examined)
    now_ms = round(time.time()) * 1000
    read = partial(
        read_slice,
        layout=layout,
        start_ms=now_ms - 6 * 3_600_000,
        end_ms=now_ms,
        ways=HistoryWays(),
        here=UTC,
    )
    found = await carried(errands, read)
    assert len(found.rows) == 24
    await plant.sample("m")
    assert plant.figure("dlms_meter_connects_total", meter="m") == 1
    assert plant.figure("dlms_meter_cycles_total", meter="m", result="failed") == 0


async def test_before_the_association_there_is_no_errand(plant):
    plant.read("m", await plant.meter(), interval=0.2)
    with pytest.raises(NotNow, match="not associated"):
        await plant.pollers["m"].errands.carry(examined)
    assert plant.pollers["m"].errands.free_s == 0


async def test_a_refusal_ends_the_errand_and_leaves_the_association(plant):
    plant.read("m", await plant.meter(), interval=0.2)
    errands = await associated(plant)
    with pytest.raises(AccessError, match="refuses attribute 3"):
        await carried(errands, lambda session: examine(session, UNKNOWN))
    await carried(errands, examined)
    await plant.sample("m")
    assert plant.figure("dlms_meter_connects_total", meter="m") == 1


async def test_silence_costs_the_association_and_the_next_cycle_makes_another(plant):
    faults = Faults({"silent-object": PROFILE})
    plant.read("m", await plant.meter("wrapper", faults=faults), "wrapper", interval=0.2, timeout=0.15)
    errands = await associated(plant)
    with pytest.raises(ReplyTimeout):
        await carried(errands, examined)
    await plant.until("dlms_meter_connects_total", 2, meter="m")
    await plant.until("dlms_meter_reconnects_total", 1, meter="m", reason="timeout")


async def test_silence_of_a_meter_whose_data_link_stands_costs_the_question_alone(plant):
    port = await plant.meter(faults=Faults({"silent-object": PROFILE}))
    plant.read("m", port, interval=0.2, timeout=0.15, retries=2)
    errands = await associated(plant)
    with pytest.raises(ReplyTimeout):
        await carried(errands, examined)
    await plant.sample("m")
    assert plant.figure("dlms_meter_connects_total", meter="m") == 1


async def test_there_is_no_room_for_what_takes_longer_than_until_the_next_cycle(plant):
    plant.read("m", await plant.meter(), interval=0.2)
    errands = await associated(plant)
    with pytest.raises(NotNow, match=r"no room for a question of 5\.0 s") as caught:
        await errands.carry(lambda session: session.get(7, PROFILE, 2), needs_s=5.0)
    assert caught.value.after_s <= 0.2
    assert errands.free_s <= 0.2


async def test_what_is_said_to_take_no_time_at_all_does_not_queue_before_a_cycle_that_runs(plant):
    plant.read("m", await plant.meter(), interval=3)
    errands = await associated(plant)
    async with errands._link.turn():
        with pytest.raises(NotNow, match="no room"):
            await asyncio.wait_for(errands.carry(lambda session: session.get(7, PROFILE, 2), needs_s=0.0), 2)


async def test_what_a_question_for_rows_takes_says_nothing_of_others(plant):
    """Else a short question lets a long one begin where it has no room, and a long one keeps short ones out."""
    plant.read("m", await plant.meter(faults=Faults({"delay": "0.01"})), interval=3, timeout=2)
    errands = await associated(plant)
    errands._took_s.update(dict.fromkeys((False, True), _ENOUGH_S))
    await errands.carry(lambda session: session.get(7, PROFILE, 2, by_number(1, 60, last_column=0)))
    await errands.carry(lambda session: session.get(7, PROFILE, 4))
    assert errands._took_s[True] > 3 * errands._took_s[False]


async def test_one_question_that_took_too_long_does_not_keep_the_others_out(plant):
    plant.read("m", await plant.meter(), interval=0.2)
    errands = await associated(plant)

    def two(session):
        yield from session.get(7, PROFILE, 4)
        errands._took_s[False] = 0.3  # longer than from one cycle to the next
        return (yield from session.get(7, PROFILE, 7)).value

    assert await carried(errands, two) == 60 * 96


async def test_a_cycle_of_any_meter_on_the_line_goes_between_two_questions(plant):
    slowly = Faults({"delay": "0.03"})
    makers = [partial(MeterServer, server=address, load=fixed_load, faults=slowly) for address in (1, 2)]
    port = await plant.meter(make=makers)
    for number, name in enumerate(("one", "two"), 1):
        plant.read(name, port, interval=0.3, server=number)
    errands = await associated(plant, "one")
    asked = []

    def slow(session):
        for _ in range(12):
            asked.append(plant.figure("dlms_meter_cycles_total", meter="two", result="ok"))
            yield from session.get(7, PROFILE, 4)
        return "done"

    async with asyncio.timeout(20):
        while True:
            try:
                done = await errands.carry(slow)
                break
            except NotNow:
                await asyncio.sleep(0.01)
    assert done == "done"
    assert asked[-1] > asked[0], "the other meter was read meanwhile"


async def test_cancelled_the_question_under_way_is_answered_and_the_association_stands(plant):
    faults = Faults({"delay": "0.1"})
    plant.read("m", await plant.meter(faults=faults), interval=1.5, timeout=2)
    errands = await associated(plant)
    task = asyncio.create_task(carried(errands, examined))
    async with asyncio.timeout(10):
        while errands._asking is None:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await plant.sample("m")
    assert plant.figure("dlms_meter_connects_total", meter="m") == 1
