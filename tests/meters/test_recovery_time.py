"""How soon a meter is read again, and how long a refused password is left alone: hours of it, on a clock that jumps."""

import asyncio
import json
import threading
from functools import partial
from itertools import pairwise
from random import Random

import pytest

from bridge.demo import Faults, Memory, MeterServer
from bridge.errors import AuthError
from bridge.meters.refusals import FOLDER, Refusals
from bridge.meters.uptime import Uptime
from tests.meters.plant import HEALTHY, Plant, fixed_load, values_of

LOOPS = ("warp",)


def now_s():
    return asyncio.get_running_loop().time()


class Attempts:
    """A place where a meter may be: notes every connection, and serves it only while the meter is there."""

    def __init__(self):
        self.at_s = []
        self.server = None
        self.port = 0
        self.kind = MeterServer

    async def start(self, answering=True, **arguments):
        """Let the meter be there; ``answering`` False: only its converter is."""

        def make():
            self.at_s.append(now_s())
            return self.kind(load=fixed_load, **arguments)

        plant = Plant()
        if answering:
            self.port = await plant.meter(port=self.port, make=make)
            self.server = plant.servers[0]
        else:

            async def silent(reader, writer):
                self.at_s.append(now_s())
                await reader.read()
                writer.close()

            self.server = await asyncio.start_server(silent, "127.0.0.1", self.port)
            self.port = self.server.sockets[0].getsockname()[1]

    def stop(self):
        self.server.close()


@pytest.fixture
async def place():
    place = Attempts()
    yield place
    place.stop()


async def silence(plant, port):
    """The meter goes away, and its connection with it."""
    plant.links[port]._stream._transport.abort()


@pytest.mark.parametrize("gone_s", [1, 5, 20, 100, 1000, 10_000])
async def test_a_meter_that_returns_is_read_within_a_backoff_step_and_a_cycle(plant, place, gone_s):
    worst_s = 0.0
    for seed in range(5):
        await place.start()
        plant.read("main", place.port, interval=5, poller={"rng": Random(seed)})
        await plant.sample()
        place.stop()
        await silence(plant, place.port)
        await asyncio.sleep(gone_s)
        await place.start()
        back_s = now_s()
        assert values_of(await plant.sample(patience_s=100)) == HEALTHY
        worst_s = max(worst_s, now_s() - back_s)
        await plant.stop()
        plant.links.clear()
        place.stop()
    # Gone for t: the step that is being waited for is no longer than what the steps before it add up to, or the cap.
    step_s = 1.1 * min(max(2.0, gone_s + 2.0), 60.0)
    print(f"\ngone for {gone_s} s, 5 times: read again after at most {worst_s:.1f} s (bound {step_s:.1f} + 5 s)")
    assert worst_s <= step_s + 5


async def test_a_meter_that_never_answers_is_tried_for_ever_at_most_every_sixty_six_seconds(plant, place):
    await place.start(answering=False)
    plant.read("main", place.port, interval=5, poller={"rng": Random(1)})
    await asyncio.sleep(24 * 3600)
    gaps_s = [later - earlier for earlier, later in pairwise(place.at_s)]
    print(f"\n24 h of silence: {len(place.at_s)} attempts, {min(gaps_s):.1f} to {max(gaps_s):.1f} s apart")
    assert len(place.at_s) > 24 * 3600 / 67
    assert max(gaps_s) <= 66 + 0.5 + 0.1  # the longest step and the timeout of the attempt
    place.stop()
    await place.start()
    assert values_of(await plant.sample(patience_s=100)) == HEALTHY


async def test_attempts_after_a_failure_are_two_four_six_and_doubling_seconds_apart(plant, place):
    await place.start(answering=False)
    plant.read("main", place.port, interval=5, poller={"rng": Random(3)}, timeout=1)
    await asyncio.sleep(400)
    gaps_s = [later - earlier - 1 for earlier, later in pairwise(place.at_s)]  # an attempt takes the timeout
    for gap_s, step_s in zip(gaps_s, (2, 4, 6, 12, 24, 48, 60, 60), strict=False):
        assert 0.9 * step_s <= gap_s <= 1.1 * step_s + 0.1


async def test_the_grid_of_a_meter_is_kept_for_hours(plant, place):
    await place.start()
    plant.read("main", place.port, interval=900)
    stamps_s = []
    for _ in range(20):
        await plant.sample(patience_s=1000)
        stamps_s.append(now_s())
    assert max(abs(at_s - stamps_s[0] - 900 * n) for n, at_s in enumerate(stamps_s)) < 0.5


async def test_a_connection_closed_between_two_cycles_costs_no_sample(plant, place):
    await place.start()
    plant.read("main", place.port, interval=60, reconnect_gap_s=10)
    await plant.sample()
    due_s = now_s() + 60
    await asyncio.sleep(30)
    await silence(plant, place.port)
    await plant.sample(patience_s=100)
    assert now_s() - due_s < 1  # the gap was over long ago
    assert plant.figure("dlms_meter_cycles_total", meter="main", result="failed") == 0


async def test_the_gap_that_a_meter_needs_between_connections_is_kept_when_it_breaks_at_once(plant, place):
    await place.start()
    plant.read("main", place.port, interval=5, reconnect_gap_s=15)
    for _ in range(4):
        await plant.sample(patience_s=100)
        await silence(plant, place.port)
    gaps_s = [later - earlier for earlier, later in pairwise(place.at_s)]
    print(f"\nreconnect gap 15 s: connections {', '.join(f'{gap_s:.1f}' for gap_s in gaps_s)} s apart")
    assert min(gaps_s) >= 15


def wall_clock():
    """A wall clock that jumps with the loop's; it is read on threads as well."""
    loop = asyncio.get_running_loop()
    return lambda: loop.time() + 1.7e9


def remembered(data_dir):
    """Return the memory of secrets on the loop's time."""
    loop = asyncio.get_running_loop()
    return Refusals(data_dir, clock_s=wall_clock(), uptime=lambda: Uptime("this start", loop.time()), forgiving=True)


@pytest.fixture
def locking(tmp_path):
    """A meter with another password that locks at the third wrong one, and its memory."""
    memory = Memory(lock_after=3, lock_minutes=600)
    return memory, {"password": "another", "memory": memory}


async def test_a_password_that_was_refused_in_words_is_sent_once_and_no_more(plant, place, tmp_path):
    await place.start(password="another")
    plant.read("main", place.port, interval=5, poller={"rng": Random(1), "refusals": remembered(tmp_path)})
    await asyncio.sleep(3 * 24 * 3600)
    assert len(place.at_s) == 1
    assert plant.pollers["main"].state.condition == "left alone"
    assert 60 <= len(plant.lines) <= 90  # told every hour


async def test_a_password_that_was_right_and_is_refused_now_is_sent_twice_a_day(plant, place, tmp_path):
    await place.start()
    plant.read("main", place.port, interval=5, poller={"rng": Random(1), "refusals": remembered(tmp_path)})
    await plant.sample()
    place.stop()
    await silence(plant, place.port)
    place.at_s.clear()
    await place.start(password="another")
    await asyncio.sleep(3 * 24 * 3600)
    gaps_s = [later - earlier for earlier, later in pairwise(place.at_s)]
    print(f"\na password that was right: attempts {', '.join(f'{gap_s:.0f}' for gap_s in gaps_s)} s apart")
    assert len(place.at_s) <= 6
    assert all(60 <= gap_s <= 67 or gap_s >= 24 * 3600 for gap_s in gaps_s)
    place.stop()
    await place.start()
    while not plant.samples.empty():
        plant.samples.get_nowait()
    assert values_of(await plant.sample(patience_s=2 * 24 * 3600)) == HEALTHY


async def test_a_meter_that_is_left_alone_is_not_woken_by_anybody(plant, place):
    await place.start(password="another")
    plant.read("main", place.port, interval=5)
    poller = plant.pollers["main"]
    await asyncio.sleep(1)
    assert len(place.at_s) == 1
    with pytest.raises(AuthError):
        await poller.read_now()
    with pytest.raises(AuthError):
        poller.reconnect()
    for interval_s in (1, 2, 3):
        poller.set_interval(interval_s)
        await asyncio.sleep(5)
    assert len(place.at_s) == 1


async def test_starting_again_and_again_does_not_lock_a_meter(place, tmp_path, locking):
    memory, arguments = locking
    await place.start(**arguments)
    for _ in range(30):  # Docker, `restart: always`, and something that ends the process every ten seconds
        plant = Plant()
        plant.read("main", place.port, interval=5, poller={"refusals": remembered(tmp_path)})
        await asyncio.sleep(10)
        condition = plant.pollers["main"].state.condition
        await plant.stop()
    assert len(place.at_s) == 1
    assert memory.locks == 0
    assert condition == "left alone"


async def test_a_corrected_password_is_tried_at_the_next_start_and_forgets_the_refusal(plant, place, tmp_path):
    await place.start()
    poller = {"refusals": remembered(tmp_path)}
    plant.read("main", place.port, interval=5, password="wrong", poller=poller)
    await asyncio.sleep(1)
    assert plant.figure("dlms_meter_errors_total", meter="main", stage="auth") == 1
    await plant.stop()
    plant.read("main", place.port, interval=5, poller=poller)
    assert values_of(await plant.sample()) == HEALTHY
    assert not Refusals(tmp_path).remembers(Refusals.where("127.0.0.1", place.port, 1, 1))


async def test_after_two_wrong_ones_even_a_corrected_password_waits_for_a_day(place, tmp_path):
    await place.start()
    for password in ("wrong", "wrong as well", None):
        plant = Plant()
        settings = {} if password is None else {"password": password}
        started_s = now_s()
        plant.read("main", place.port, interval=5, poller={"refusals": remembered(tmp_path)}, **settings)
        if password is None:
            assert values_of(await plant.sample(patience_s=100_000)) == HEALTHY
            assert 86_000 <= now_s() - started_s <= 86_500
        await asyncio.sleep(1)
        await plant.stop()


async def test_a_bridge_that_is_stopped_before_the_password_went_out_or_after_it_was_let_in_holds_nothing_against_it(
    place, tmp_path
):
    """Stopped again and again at each step of its first association."""
    await place.start()
    refusals = remembered(tmp_path)
    where = Refusals.where("127.0.0.1", place.port, 1, 1)
    for steps in range(0, 60, 2):
        plant = Plant()
        plant.read("main", place.port, interval=5, poller={"refusals": refusals})
        for _ in range(steps):
            await asyncio.sleep(0)
        await plant.stop()
        session = plant.pollers["main"]._session
        if session.secret_sent and not session.let_in:  # in between, which counts, and rightly
            refusals.unheard(where)
        assert not refusals.remembers(where)
        await asyncio.sleep(0.05)
    plant = Plant()
    plant.read("main", place.port, interval=5, poller={"refusals": refusals})
    assert values_of(await plant.sample()) == HEALTHY
    await plant.stop()


async def test_a_bridge_that_is_stopped_while_the_password_is_counted_holds_nothing_against_it(place, tmp_path):
    await place.start()
    refusals = remembered(tmp_path)
    where = Refusals.where("127.0.0.1", place.port, 1, 1)
    counting, go_on = threading.Event(), threading.Event()
    claim = refusals.claim

    def slow_disk(*asked):
        counting.set()
        assert go_on.wait(20)
        return claim(*asked)

    refusals.claim = slow_disk
    plant = Plant()
    task = plant.read("main", place.port, interval=5, poller={"refusals": refusals})
    assert await asyncio.to_thread(counting.wait, 20)
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait([task])
    await plant.stop()
    assert not refusals.remembers(where)


async def test_a_data_volume_that_cannot_be_written_keeps_no_meter_from_being_read(plant, place, tmp_path):
    await place.start()
    (tmp_path / "file").write_text("no folder")
    plant.read("main", place.port, poller={"refusals": Refusals(tmp_path / "file", forgiving=True)})
    assert values_of(await plant.sample()) == HEALTHY


async def test_a_meter_without_any_secret_is_none_of_the_refusals_business(plant, tmp_path):
    class Never(Refusals):
        def _read(self, meter):
            raise AssertionError

    port = await plant.meter(make=partial(MeterServer, password=b"", load=fixed_load))
    changes = {"authentication": "none"}
    plant.read("main", port, password=None, profile_changes=changes, poller={"refusals": Never(tmp_path)})
    assert values_of(await plant.sample()) == HEALTHY


async def test_what_a_technician_sends_beside_a_running_bridge_counts_as_well(plant, place, tmp_path):
    await place.start()
    refusals = remembered(tmp_path)
    where = Refusals.where("127.0.0.1", place.port, 1, 1)
    for _ in range(2):
        refusals.claim(where, b"a guess")  # by `bridge probe`
    plant.read("main", place.port, interval=5, poller={"refusals": refusals, "rng": Random(1)})
    await asyncio.sleep(80_000)
    assert not place.at_s


async def test_a_file_of_refusals_that_makes_no_sense_keeps_no_meter_from_being_read(plant, place, tmp_path):
    await place.start()
    refusals = Refusals(tmp_path)
    refusals.refused(Refusals.where("127.0.0.1", place.port, 1, 1), b"12345678")
    for file in (tmp_path / FOLDER).glob("*.json"):
        file.write_text(json.dumps({"salt": "ab", "right": {}, "sent": 5}))
    plant.read("main", place.port, poller={"refusals": Refusals(tmp_path)})
    assert values_of(await plant.sample()) == HEALTHY
    assert not plant.tasks[0].done()


async def test_not_even_a_fault_in_dealing_with_errors_ends_a_meters_life(plant, place):
    await place.start()
    notices = []

    def notice(presence):
        if not presence.present:
            raise ZeroDivisionError
        notices.append(presence)

    plant.read("main", place.port, interval=5, poller={"notice": notice, "rng": Random(1)})
    await plant.sample()
    place.stop()
    await silence(plant, place.port)
    await asyncio.sleep(300)
    assert any("please report it" in line for line in plant.lines)
    await place.start()
    assert values_of(await plant.sample(patience_s=100)) == HEALTHY
    assert len(notices) == 2


@pytest.mark.parametrize("fault", [{"refuse": ["1.1.32.7.0.255"]}, {"exception": 1}])
async def test_scalers_that_could_not_be_read_at_the_association_are_asked_for_again(plant, place, fault):
    faults = Faults(fault)
    await place.start(faults=faults)
    plant.read("main", place.port, interval=5, poller={"rng": Random(1)})
    await asyncio.sleep(3)
    faults._arguments.clear()
    loop = asyncio.get_running_loop()
    healed_s = loop.time()
    while (sample := await plant.sample()).qualities or values_of(sample) != HEALTHY:
        assert all(value.quality or value.value == HEALTHY[value.key] for value in sample.values)
    print(f"\n{fault} at the association: all values right {loop.time() - healed_s:.0f} s after it ended")
    assert loop.time() - healed_s <= 66 + 30 + 5
    assert plant.notices[-1].attributes["units"]["voltage_l1"] == "V"


async def test_a_meter_that_never_gives_a_scaler_is_asked_less_and_less(plant, place):
    asked = []

    class Counted(MeterServer):
        def frames(self, frame):
            asked.append(frame)
            return super().frames(frame)

    place.kind = Counted
    await place.start(faults=Faults({"refuse": ["1.1.32.7.0.255"]}))
    plant.read("main", place.port, interval=5)
    await asyncio.sleep(100)
    for hours in (1, 1):
        before = len(asked)
        await asyncio.sleep(hours * 3600)
        cycles = hours * 720
        extra = len(asked) - before - cycles
        print(f"\n{extra} requests beside {cycles} cycles in {hours} h for a scaler that is refused for good")
    assert extra <= 10
    assert len(place.at_s) == 1
