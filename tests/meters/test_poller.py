"""One meter's life against a real TCP server with the demo meter behind it."""

import asyncio
from functools import partial

import pytest
from prometheus_client import generate_latest

from bridge.demo import DEMO_PASSWORD, MeterServer
from bridge.errors import MeterError
from tests.meters.plant import HEALTHY, fixed_load, values_of

LOOPS = ("asyncio", "uvloop")


class Watched(MeterServer):
    """A meter that notes the control field of every HDLC frame that comes."""

    seen: list

    def frames(self, frame):
        self.seen.append(frame[5])
        return super().frames(frame)


def watched():
    """Return a list, and a maker of meters that note in it."""
    seen = []
    return seen, partial(type("Watched", (Watched,), {"seen": seen}), load=fixed_load)


SNRM, DISC = 0x93, 0x53  # with the poll bit (IEC 62056-46, 6.4.3)


@pytest.mark.parametrize("framing", ["hdlc", "wrapper", "hdlc-mode-e"])
async def test_a_meter_is_read_every_interval_and_its_samples_are_handed_on(plant, framing):
    plant.read("main", await plant.meter(framing), framing)
    first, second = await plant.sample(), await plant.sample()
    assert values_of(first) == HEALTHY
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
    seen, make = watched()
    port = await plant.meter(make=make)
    plant.read("main", port)
    await plant.sample()
    plant.links[port]._stream._transport.abort()
    await plant.until("dlms_meter_connects_total", 2, meter="main")
    await plant.sample()
    assert seen.count(SNRM) == 2
    assert plant.figure("dlms_meter_reconnects_total", meter="main", reason="tcp") >= 1


async def test_a_refused_password_is_named_and_the_meter_left_alone(plant):
    plant.read("main", await plant.meter(make=partial(MeterServer, password="another")))
    await plant.until("dlms_meter_errors_total", 1, meter="main", stage="auth")
    assert any("main | auth | " in line and "PASSWORD" in line for line in plant.lines)
    assert DEMO_PASSWORD not in "".join(plant.lines) + generate_latest(plant.metrics.registry).decode()


async def test_a_cycle_that_overruns_its_interval_skips_and_never_piles_up(plant):
    port = await plant.meter()
    plant.read("main", port, interval=0.0005)
    await plant.until("dlms_meter_overruns_total", 3, meter="main")
    assert plant.figure("dlms_meter_errors_total", meter="main", stage="timeout") == 0


async def test_stopping_releases_the_association_and_disconnects(plant):
    seen, make = watched()
    plant.read("main", await plant.meter(make=make), interval=60)
    await plant.sample()
    before = len(seen)
    await plant.stop()
    assert len(seen[before:]) == 2  # RLRQ in an information frame, then DISC
    assert seen[-2] & 1 == 0
    assert seen[-1] == DISC


async def test_a_reconnect_that_is_asked_for_releases_and_disconnects_before_it_connects_again(plant):
    seen, make = watched()
    plant.read("main", await plant.meter(make=make), interval=60)
    await plant.sample()
    before = len(seen)
    await plant.pollers["main"].reconnect()
    await plant.sample()
    assert seen[before] & 1 == 0
    assert seen[before + 1 : before + 3] == [DISC, SNRM]


async def test_stopping_in_the_middle_of_a_request_still_disconnects(plant):
    seen, make = watched()

    class Deaf(make.func):
        deaf = False

        def frames(self, frame):
            frames = super().frames(frame)
            return [] if Deaf.deaf and frame[5] & 1 == 0 else frames

    plant.read("main", await plant.meter(make=partial(Deaf, load=fixed_load)), timeout=30)
    await plant.sample()
    Deaf.deaf = True
    before = len(seen)
    async with asyncio.timeout(5):
        while len(seen) == before:
            await asyncio.sleep(0.01)
        await plant.stop()
    assert seen[before:][1:] == [DISC]


async def test_a_meter_that_does_not_answer_the_release_is_disconnected_from_all_the_same(plant, monkeypatch):
    monkeypatch.setattr("bridge.meters.meter_connection._RELEASE_TIMEOUT_S", 0.05)
    seen, make = watched()

    class Deaf(make.func):
        deaf = False

        def frames(self, frame):
            frames = super().frames(frame)
            return [] if Deaf.deaf else frames

    plant.read("main", await plant.meter(make=partial(Deaf, load=fixed_load)), interval=60)
    await plant.sample()
    Deaf.deaf = True
    before = len(seen)
    await plant.stop()
    assert seen[before] & 1 == 0
    assert seen[-1] == DISC


async def test_an_error_that_nobody_foresaw_is_logged_and_survived(plant):
    task = plant.read("main", await plant.meter())
    await plant.sample()
    session = plant.pollers["main"]._session
    session.read = None  # as a bug would
    await plant.until("dlms_meter_errors_total", 1, meter="main", stage="decode")
    del session.read
    await plant.sample()
    assert not task.done()
    assert any("please report it" in line for line in plant.lines)


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


async def test_who_asked_for_a_reading_is_answered_when_the_meter_is_no_longer_read(plant):
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    dead = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    plant.read("dead", dead.sockets[0].getsockname()[1], timeout=30)
    asked = asyncio.create_task(plant.pollers["dead"].read_now())
    await asyncio.sleep(0.05)
    await plant.stop()
    with pytest.raises(MeterError, match="no longer read"):
        await asked
    dead.close()


async def test_a_meter_that_never_began_leaves_its_link_as_well(plant):
    port = await plant.meter()
    plant.read("early", port)
    plant.read("late", port, server=2, poller={"start_delay_s": 60})
    await plant.sample("early")
    await plant.stop()
    assert plant.links[port]._members == 0
    assert not plant.links[port].is_open


async def test_counters_are_drawn_before_they_run_out_and_off_the_loop(plant):
    class Counter:
        is_low = True
        remaining_ratio = 1.0
        drawn = 0

        def reserve(self):
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            self.drawn += 1
            self.is_low = False

    plant.read("main", await plant.meter())
    await plant.sample()
    counter = plant.pollers["main"]._session.counter = Counter()
    await plant.sample()
    await plant.sample()
    assert counter.drawn == 1
